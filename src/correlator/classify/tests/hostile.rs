// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! No application speaks for another, whatever it writes about itself.

use super::*;
use crate::{
    alert::Alert,
    watch::{
        runs::{self, PlanRuns},
        schedule::{self, Patience, PlanSchedule},
    },
};

const MODULES: [&str; 4] = ["mail1", "webtop1", "samba1", "nextcloud1"];

/// A result that somebody wrote: how long before `NOON` it ended, how long it took, and how it came out.
type Result = (i64, i64, u64);

const NOON: &str = "2026-11-22T12:00:00Z";

fn run(result: Result) -> Status {
    let (age, minutes, errors) = result;
    let end = at(NOON).as_second().saturating_sub(age);
    let json = format!(
        r#"{{"start":{},"end":{end},"errors":{errors},"total_size":1}}"#,
        end.saturating_sub(minutes.saturating_mul(60))
    );
    from_node_hash(&json, at(NOON))
}

fn result() -> impl Strategy<Value = Result> {
    (-7200..200_000i64, -100..20_000i64, 0..2u64)
}

/// What a hostile member may write: anything.
fn lie() -> impl Strategy<Value = Result> {
    prop_oneof![result(), (any::<i64>(), any::<i64>(), any::<u64>())]
}

/// What is said of all but one member, and whatever does not depend on that one.
fn said_of_others(correlation: &Correlation, hostile: &str) -> Vec<String> {
    let others = |plan: &Plan| {
        let applications =
            plan.applications.iter().filter(|application| application.module.as_str() != hostile);
        let applications: Vec<_> = applications.collect();
        // A run is told from others by when it began.
        let record =
            crate::report::history::RunRecord::new(plan, None).map(|run| (run.began_at, run.ended_at));
        format!("{} {:?} {:?} {:?} {:?} {record:?}", plan.id, plan.due, plan.next, plan.issues, applications)
    };
    correlation.plans.iter().map(others).collect()
}

/// What the watchers raise about a plan that is looked at before and after its next run.
fn raised(facts: &ClusterFacts, plan: &str, grace: Duration) -> Vec<Alert> {
    let facts = facts.clone().vouched();
    let id = plan_id(plan);
    let plan = &facts.plans[&id];
    let installed = facts.members(&id).installed;
    let members: Vec<_> = installed
        .iter()
        .map(|member| (member, member.status.and_then(|status| status.as_ref().ok())))
        .collect();
    let snapshot = runs::PlanSnapshot {
        plan: &id,
        name: None,
        members: (members.iter())
            .map(|(member, run)| runs::Member { module: member.module, node: &member.facts.node, run: *run })
            .collect(),
        calendar: None,
    };
    let mut known = PlanRuns::default();
    let mut raised = known.look(&snapshot, at(NOON), Duration::from_secs(1800)).raised;
    raised.extend(known.look(&snapshot, at("2026-11-22T12:40:00Z"), Duration::from_secs(1800)).raised);
    let snapshot = schedule::PlanSnapshot {
        plan: &id,
        name: None,
        schedule: plan.schedule.as_deref(),
        members: members.iter().map(|(member, run)| (&member.facts.node, *run)).collect(),
        result: None,
    };
    // As long as it is known to be there.
    let patience = Patience { settle: grace, grace };
    let known = schedule::look(&snapshot, None, at("2026-11-20T12:00:00Z"), &TimeZone::UTC, patience).known;
    let known: Option<&PlanSchedule> = Some(&known);
    raised.extend(schedule::look(&snapshot, known, at(NOON), &TimeZone::UTC, patience).raised);
    raised
}

proptest! {
    #[test]
    fn one_hostile_member_changes_only_what_is_said_of_itself(
        written in prop::array::uniform4(prop::option::of(result())),
        lies in prop::array::uniform2(lie()),
        hostile in 0usize..4,
        is_in_both in any::<bool>(),
        asserts_missing in any::<bool>(),
        scope in 0u8..3,
    ) {
        let hostile = MODULES[hostile];
        let mut cluster = Cluster::new();
        cluster.add_plan("2", "*-*-* 06:00:00", if is_in_both { "mail1 webtop1 samba1 nextcloud1" } else { "samba1 mail1" });
        for (module, result) in MODULES.iter().zip(written) {
            // Of the hostile one, no node has a status: else its own word is not read.
            if let Some(result) = result.filter(|_| *module != hostile) {
                cluster.set_status(module, run(result));
                cluster.0.statuses.entry(plan_id("2")).or_default().insert(module_id(module), run(result));
            }
        }
        let honest = cluster.0.clone();
        for (plan, lie) in ["1", "2"].into_iter().zip(lies) {
            cluster.0.statuses.entry(plan_id(plan)).or_default().insert(module_id(hostile), run(lie));
            cluster.0.own_words.entry(plan_id(plan)).or_default().insert(module_id(hostile));
        }
        let mut scope = match scope {
            0 => Scope::about([]),
            1 => Scope::about([plan_id("1")]),
            _ => Scope::about([plan_id("1"), plan_id("2")]),
        };
        scope.any_asserted_missing = asserts_missing;
        let said = |facts: &ClusterFacts| said_of_others(&classify(facts, &scope, at(NOON), &TimeZone::UTC), hostile);
        prop_assert_eq!(said(&cluster.0), said(&honest));
        for plan in ["1", "2"] {
            let grace = Duration::from_secs(3600);
            prop_assert_eq!(raised(&cluster.0, plan, grace), raised(&honest, plan, grace));
        }
    }

    #[test]
    fn no_time_makes_anything_panic(
        times in prop::array::uniform4((any::<i64>(), any::<i64>())),
        now in any::<i64>(),
        sizes in prop::array::uniform4(any::<u64>()),
    ) {
        let span = Timestamp::MAX.as_second() - Timestamp::MIN.as_second();
        let any = |second: i64| Timestamp::from_second(Timestamp::MIN.as_second() + second.rem_euclid(span + 1)).unwrap();
        let now = [any(now), Timestamp::MIN, Timestamp::MAX, at(NOON)][usize::try_from(now.rem_euclid(4)).unwrap()];
        let mut cluster = Cluster::new();
        for ((module, (start, end)), size) in MODULES.iter().zip(times).zip(sizes) {
            // Not as it is read, but as a journal of an older version may hold it.
            let run = Run { start: Some(any(start)), end: any(end), errors: size % 3, size: Some(size), files: Some(size), error: None };
            cluster.set_status(module, Ok(run));
        }
        let correlation = classify(&cluster.0, &Scope::about([plan_id("1")]), now, &TimeZone::UTC);
        let record = crate::report::history::RunRecord::new(&correlation.plans[0], None);
        let past = record.map(|run| crate::report::history::PastRun { report: None, run });
        let runs = [(plan_id("1"), past.into_iter().collect())].into();
        let history = crate::report::history::History { runs, ..Default::default() };
        let zone = TimeZone::get("Pacific/Kiritimati").unwrap();
        for language in [crate::language::Language::English, crate::language::Language::Italian] {
            let format = crate::notifier::format::Format { language, zone: zone.clone(), links: Default::default() };
            let mut report = crate::report::Report::new(
                crate::ids::JobId(1), now, "Acme".into(), Vec::new(), correlation.clone(), None, None,
            );
            report.compare(&history);
            crate::notifier::compose(&report, &format);
        }
        for moment in [now, Timestamp::MIN, Timestamp::MAX] {
            let known = raised_at(&cluster.0, moment);
            prop_assert!(known.len() < 10);
        }
    }
}

/// What the watchers raise at a moment.
fn raised_at(facts: &ClusterFacts, now: Timestamp) -> Vec<Alert> {
    let id = plan_id("1");
    let calendar = facts.plans[&id].schedule.as_deref().unwrap().parse().unwrap();
    let zone = TimeZone::UTC;
    let installed = facts.members(&id).installed;
    let run = |status: Option<&'_ Status>| status.and_then(|status| status.as_ref().ok()).cloned();
    let results: Vec<Option<Run>> = installed.iter().map(|member| run(member.status)).collect();
    let members = installed.iter().zip(&results);
    let snapshot = runs::PlanSnapshot {
        plan: &id,
        name: None,
        members: (members.clone())
            .map(|(member, run)| runs::Member {
                module: member.module,
                node: &member.facts.node,
                run: run.as_ref(),
            })
            .collect(),
        calendar: Some((&calendar, &zone)),
    };
    let mut known = PlanRuns::default();
    let mut raised = known.look(&snapshot, now, Duration::MAX).raised;
    raised.extend(known.look(&snapshot, now, Duration::ZERO).raised);
    let snapshot = schedule::PlanSnapshot {
        plan: &id,
        name: None,
        schedule: facts.plans[&id].schedule.as_deref(),
        members: members.map(|(member, run)| (&member.facts.node, run.as_ref())).collect(),
        result: None,
    };
    for grace in [Duration::ZERO, Duration::MAX] {
        let patience = Patience { settle: grace, grace };
        let known = schedule::look(&snapshot, None, now, &zone, patience).known;
        raised.extend(schedule::look(&snapshot, Some(&known), now, &zone, patience).raised);
    }
    raised
}
