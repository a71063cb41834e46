// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use std::collections::BTreeSet;

use jiff::{Timestamp, ToSpan, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::{
    config::Cadence,
    correlator::correlation::{Destination, Outcome, State},
    coverage::gap::{ApplicationRef, Gap, GapKind, PlanRef},
    ids::{DestinationId, ModuleId, NodeId},
    report::{
        history::{ApplicationRecord, RunRecord},
        incident::course,
    },
    roster::ApplicationEntry,
};

const NAS: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";
const MIB: u64 = 1_048_576;

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Monday at seven in Rome.
fn monday() -> Timestamp {
    at("2026-11-23T06:00:00Z")
}

fn destination() -> Destination {
    Destination { id: DestinationId::new(NAS).unwrap(), name: Some("NAS".into()), url: None }
}

fn module(id: &str) -> ModuleId {
    ModuleId::new(id).unwrap()
}

fn node() -> NodeId {
    NodeId::new("1").unwrap()
}

fn plan(id: &str, schedule: &str, modules: &[&str]) -> PlanEntry {
    let entry = |id: &&str| ApplicationEntry { module: module(id), label: None, node: node(), last: None };
    PlanEntry {
        id: id.parse().unwrap(),
        name: Some(format!("Plan {id}")),
        destination: Some("NAS".into()),
        destination_id: Some(destination().id),
        schedule: Some(schedule.into()),
        enabled: true,
        retention: None,
        applications: modules.iter().map(entry).collect(),
    }
}

/// A run of an hour in which each application came out like this, with so many MiB.
fn run(plan: &str, began_at: &str, applications: &[(&str, State, u64)]) -> PastRun {
    let began_at = at(began_at);
    let ended_at = began_at + 1.hour();
    let outcome = Outcome::of_applications(applications.iter().map(|(_, state, _)| *state));
    let record = |(id, state, size): &(&str, State, u64)| ApplicationRecord {
        module: module(id),
        label: None,
        node: node(),
        state: *state,
        ended_at: Some(ended_at),
        size: Some(size * MIB),
        files: None,
        duration_seconds: Some(3600),
    };
    PastRun {
        report: None,
        run: RunRecord {
            plan: plan.parse().unwrap(),
            name: Some(format!("Plan {plan}")),
            destination: Some(destination()),
            schedule: None,
            next: None,
            followed: true,
            began_at,
            ended_at,
            outcome,
            applications: applications.iter().map(record).collect(),
        },
    }
}

/// A nightly plan's runs since the Sunday of a week ago, newest first; each grows by 1 MiB.
fn nights(plan: &str, id: &str) -> Vec<PastRun> {
    let days = (15..=23).rev();
    days.map(|day| run(plan, &format!("2026-11-{day}T01:00:00Z"), &[(id, State::Ok, 100 + day)])).collect()
}

fn gap(kind: GapKind, plan: Option<&str>, id: Option<&str>) -> KnownGap {
    let mut gap = Gap::new(kind);
    gap.plan = plan.map(|id| PlanRef { id: id.parse().unwrap(), name: None });
    gap.application = id.map(|id| ApplicationRef { module: module(id), label: None, node: node() });
    KnownGap { gap, since: at("2026-11-20T00:00:00Z"), reported_at: None }
}

#[derive(Default)]
struct Cluster {
    plans: Vec<PlanEntry>,
    runs: Vec<PastRun>,
    gaps: Vec<KnownGap>,
    incidents: Vec<IncidentRecord>,
    cut: BTreeSet<PlanId>,
}

impl Cluster {
    fn summary_for(&self, seen: &AudiencePlans) -> Summary {
        let roster = Roster { at: monday(), plans: self.plans.clone() };
        let known = Known {
            cluster: "Acme".into(),
            roster: &roster,
            runs: &self.runs,
            cut: &self.cut,
            incidents: &self.incidents,
            gaps: &self.gaps,
            restore_points: &[],
        };
        let zone = TimeZone::get("Europe/Rome").unwrap();
        let from = at("2026-11-16T06:00:00Z");
        let term = Term { cadence: Cadence::Weekly, is_first: false, from, to: monday(), zone: &zone };
        summary(&known, term, seen)
    }

    fn summary(&self) -> Summary {
        self.summary_for(&AudiencePlans::All)
    }
}

fn strip(summary: &Summary, plan: usize) -> String {
    let mark = |day: &crate::summary::Day| match (day.outcome, day.is_forgotten) {
        (Some(Outcome::Success), _) => '+',
        (Some(Outcome::Partial), _) => '/',
        (Some(_), _) => 'x',
        (None, true) => '?',
        (None, false) => '.',
    };
    summary.plans[plan].days.iter().map(mark).collect()
}

#[test]
fn a_week_of_good_nights_is_seven_days_and_all_is_protected() {
    let cluster = Cluster {
        plans: vec![plan("1", "*-*-* 02:00:00", &["mail1"])],
        runs: nights("1", "mail1"),
        ..Cluster::default()
    };
    let summary = cluster.summary();
    assert_eq!((summary.protected, summary.applications, summary.runs()), (1, 1, (7, 7)));
    assert_eq!(strip(&summary, 0), "+++++++");
    assert_eq!(summary.plans[0].days[0].date.to_string(), "2026-11-17");
    assert_eq!(summary.plans[0].days[6].date.to_string(), "2026-11-23");
    assert_eq!(summary.next_run, Some(at("2026-11-24T01:00:00Z")));
    assert_eq!(summary.restore_points[0].newest, Some(at("2026-11-23T02:00:00Z")));
    assert_eq!(summary.restore_points[0].at_risk_seconds, Some(86_400));
    let growth = &summary.growth[0];
    assert_eq!((growth.size, growth.growth), (123 * MIB, Some(7 * 1_048_576)));
}

#[test]
fn a_day_has_the_worst_of_its_runs_and_bad_plans_come_first() {
    let mut runs = nights("1", "mail1");
    runs.insert(0, run("1", "2026-11-23T03:00:00Z", &[("mail1", State::Failed, 0)]));
    let mut cluster = Cluster {
        plans: vec![plan("2", "*-*-* 02:00:00", &["wiki1"]), plan("1", "*-*-* 02:00:00", &["mail1"])],
        runs,
        ..Cluster::default()
    };
    cluster.runs.extend(nights("2", "wiki1"));
    let summary = cluster.summary();
    assert_eq!(summary.plans[0].id.as_str(), "1");
    assert_eq!((strip(&summary, 0).as_str(), strip(&summary, 1).as_str()), ("++++++x", "+++++++"));
    assert_eq!(summary.plans[0].runs, 8);
    assert_eq!(summary.protected, 2, "what was saved the same night is not too old");
}

#[test]
fn runs_that_are_not_kept_are_not_said_to_be_missing() {
    let runs: Vec<PastRun> = nights("1", "mail1").into_iter().take(3).collect();
    let mut cluster =
        Cluster { plans: vec![plan("1", "*-*-* 02:00:00", &["mail1"])], runs, ..Cluster::default() };
    assert_eq!(strip(&cluster.summary(), 0), "....+++");
    cluster.cut = cluster.plans.iter().map(|plan| plan.id.clone()).collect();
    let summary = cluster.summary();
    assert_eq!(strip(&summary, 0), "????+++");
    assert_eq!(summary.growth[0].growth, None);
}

#[test]
fn an_application_is_protected_by_any_plan_that_brought_something_lately() {
    let wanting = |plans: Vec<PlanEntry>, runs: Vec<PastRun>, gaps: Vec<KnownGap>| {
        let summary = Cluster { plans, runs, gaps, ..Cluster::default() }.summary();
        let unprotected: Vec<String> = summary.unprotected.iter().map(Application::title).collect();
        (summary.applications, unprotected.join(" "))
    };
    let nightly = || plan("1", "*-*-* 02:00:00", &["mail1"]);
    let old = || vec![run("1", "2026-11-20T01:00:00Z", &[("mail1", State::Ok, 1)])];
    assert_eq!(wanting(vec![nightly()], old(), vec![]), (1, "mail1".into()), "three nights ago");
    let weekly = plan("1", "Fri *-*-* 02:00:00", &["mail1"]);
    assert_eq!(wanting(vec![weekly], old(), vec![]), (1, String::new()), "of a weekly plan");
    let off = PlanEntry { enabled: false, ..nightly() };
    assert_eq!(wanting(vec![off.clone()], nights("1", "mail1"), vec![]), (1, "mail1".into()));
    let second = plan("2", "*-*-* 03:00:00", &["mail1"]);
    let both = wanting(vec![off, second], nights("2", "mail1"), vec![]);
    assert_eq!(both, (1, String::new()), "the other plan protects it");
    let no_plan = vec![gap(GapKind::NoPlan, None, Some("wiki1"))];
    assert_eq!(wanting(vec![nightly()], nights("1", "mail1"), no_plan), (2, "wiki1".into()));
    let untrue = vec![gap(GapKind::SuccessWithoutSnapshot, Some("1"), Some("mail1"))];
    assert_eq!(wanting(vec![nightly()], nights("1", "mail1"), untrue), (1, "mail1".into()));
    let near = vec![gap(GapKind::OwnNodeOnly, None, Some("mail1"))];
    assert_eq!(wanting(vec![nightly()], nights("1", "mail1"), near), (1, String::new()));
}

#[test]
fn incidents_of_the_time_are_told_and_older_ones_are_not() {
    let incident = |id: i64, plan: &str, closed_at: Option<&str>| IncidentRecord {
        id,
        closed_at: closed_at.map(at),
        incident: course::Incident {
            plan: plan.parse().unwrap(),
            name: None,
            since: at("2026-11-10T01:00:00Z"),
            last_run: at("2026-11-10T01:00:00Z"),
            is_only_due: false,
            failing_runs: 1,
            outcome: Outcome::Failure,
            applications: Vec::new(),
            told: None,
        },
    };
    let cluster = Cluster {
        plans: vec![plan("1", "*-*-* 02:00:00", &["mail1"])],
        incidents: vec![
            incident(1, "1", Some("2026-11-15T02:00:00Z")),
            incident(2, "1", Some("2026-11-17T02:00:00Z")),
            incident(3, "1", None),
            incident(4, "9", None),
        ],
        ..Cluster::default()
    };
    let told: Vec<Option<Timestamp>> =
        cluster.summary().incidents.iter().map(|incident| incident.closed_at).collect();
    assert_eq!(told, [None, Some(at("2026-11-17T02:00:00Z"))]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each plan has an application, a run, a gap and a name that no other has: a summary for some plans has not a word of the others.
    #[test]
    fn nobody_reads_a_word_of_plans_that_are_not_theirs(seen in prop::collection::btree_set(0u8..12, 0..12)) {
        let mut cluster = Cluster::default();
        for index in 0..12 {
            let (id, name) = (format!("{}", 100 + index), format!("app{}x1", 100 + index));
            cluster.plans.push(plan(&id, "*-*-* 02:00:00", &[&name]));
            cluster.runs.extend(nights(&id, &name));
            cluster.gaps.push(gap(GapKind::SnapshotsFew, Some(&id), Some(&name)));
        }
        cluster.gaps.push(gap(GapKind::NoPlan, None, Some("secret1")));
        cluster.gaps.push(gap(GapKind::ClusterBackupFailed, None, None));
        let plans = seen.iter().map(|index| format!("{}", 100 + index).parse().unwrap()).collect();
        let summary = cluster.summary_for(&AudiencePlans::These(plans));
        prop_assert_eq!((summary.applications, summary.plans.len()), (seen.len(), seen.len()));
        prop_assert_eq!(summary.protected, seen.len());
        prop_assert!(summary.growth.len() <= 1);
        prop_assert!(summary.growth.iter().all(|growth| growth.applications == seen.len()));
        let all = serde_json::to_string(&summary).unwrap();
        prop_assert!(!all.contains("secret1") && !all.contains("cluster-backup"));
        for index in 0..12u8 {
            let is_there = all.contains(&format!("app{}x1", 100 + index));
            prop_assert_eq!(is_there, seen.contains(&index), "{}", index);
        }
    }
}
