// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

mod hostile;
mod watched;

use proptest::prelude::*;

use super::*;
use crate::correlator::{
    facts::DestinationFacts,
    status::{from_node_hash, from_result_hash},
};

const DESTINATION: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn plan_id(id: &str) -> PlanId {
    PlanId::new(id).unwrap()
}

fn module_id(id: &str) -> ModuleId {
    ModuleId::new(id).unwrap()
}

fn node_id(id: &str) -> NodeId {
    NodeId::new(id).unwrap()
}

/// A cluster of two nodes: mail1 and webtop1 on node 1, samba1 and nextcloud1 on node 2. Plan 1 backs up all four at 02:00.
#[derive(Debug)]
struct Cluster(ClusterFacts);

impl Cluster {
    fn new() -> Self {
        let mut facts = ClusterFacts { name: Some("Acme".into()), ..ClusterFacts::default() };
        for (module, node) in [("mail1", "1"), ("webtop1", "1"), ("samba1", "2"), ("nextcloud1", "2")] {
            let module_facts = ModuleFacts {
                node: node_id(node),
                uuid: Some(format!("uuid-of-{module}")),
                label: None,
                image_url: Some(format!("ghcr.io/nethserver/{}:1.0", module.trim_end_matches('1'))),
            };
            facts.modules.insert(module_id(module), module_facts);
        }
        facts.nodes = [(node_id("1"), Some("leader".into())), (node_id("2"), None)].into();
        let destination = DestinationFacts { name: Some("S3".into()), ..DestinationFacts::default() };
        facts.destinations = [(DestinationId::new(DESTINATION).unwrap(), destination)].into();
        let mut cluster = Self(facts);
        cluster.add_plan("1", "*-*-* 02:00:00", "mail1 webtop1 samba1 nextcloud1");
        cluster
    }

    fn add_plan(&mut self, id: &str, schedule: &str, instances: &str) {
        let plan = PlanFacts {
            name: Some(format!("Plan {id}")),
            repository: Some(DESTINATION.into()),
            schedule: Some(schedule.into()),
            enabled: true,
            retention: Some(3),
            instances: instances.split_whitespace().map(str::to_owned).collect(),
            result: None,
        };
        self.0.plans.insert(plan_id(id), plan);
    }

    fn plan(&mut self) -> &mut PlanFacts {
        self.0.plans.get_mut(&plan_id("1")).unwrap()
    }

    fn set_status(&mut self, module: &str, status: Status) {
        self.0.statuses.entry(plan_id("1")).or_default().insert(module_id(module), status);
    }

    /// A run that ended at `end` after `minutes`.
    fn ran_for(mut self, module: &str, end: &str, minutes: i64, errors: u64) -> Self {
        let end = at(end).as_second();
        let json = format!(
            r#"{{"start":{},"end":{end},"errors":{errors},"total_size":1048576,"total_file_count":10}}"#,
            end - minutes * 60
        );
        self.set_status(module, from_node_hash(&json, at(NOW)));
        self
    }

    fn ran(self, module: &str, end: &str, errors: u64) -> Self {
        self.ran_for(module, end, 5, errors)
    }

    fn ask(&self, scope: &Scope, now: &str) -> Correlation {
        classify(&self.0, scope, at(now), &TimeZone::UTC)
    }

    /// Plan 1, as of `now`.
    fn classify(&self, now: &str) -> Plan {
        self.ask(&Scope::about([plan_id("1")]), now).plans.remove(0)
    }
}

/// The states in the plan's order, as a line that reads well in a failed test.
fn states(plan: &Plan) -> String {
    let states = plan.applications.iter().map(|application| match application.state {
        State::Ok => "ok",
        State::Failed => "failed",
        State::Pending => "pending",
        State::Missing => "missing",
    });
    states.collect::<Vec<_>>().join(" ")
}

/// After all that the tests are about.
const NOW: &str = "2026-12-31T00:00:00Z";

const SEVEN: &str = "2026-11-22T07:00:00Z";

#[test]
fn a_night_in_which_all_went_well() {
    let plan = Cluster::new()
        .ran("mail1", "2026-11-22T02:10:00Z", 0)
        .ran("webtop1", "2026-11-22T02:15:00Z", 0)
        .ran("samba1", "2026-11-22T02:20:00Z", 0)
        .ran("nextcloud1", "2026-11-22T02:30:00Z", 0)
        .classify(SEVEN);
    assert_eq!(states(&plan), "ok ok ok ok");
    assert_eq!(plan.outcome, Outcome::Success);
    assert_eq!(plan.due, Some(at("2026-11-22T02:00:00Z")));
    assert_eq!(plan.next, Some(at("2026-11-23T02:00:00Z")));
    assert_eq!(plan.issues, []);
    let mail = &plan.applications[0];
    assert_eq!(mail.node_label.as_deref(), Some("leader"));
    assert_eq!(mail.last_run.as_ref().unwrap().size, Some(1_048_576));
    assert_eq!(mail.repository_path.as_deref(), Some("mail/uuid-of-mail1"));
    assert_eq!(plan.destination.as_ref().unwrap().title(), "S3");
}

#[test]
fn one_failure_among_others_is_partial_and_nothing_but_failures_is_failure() {
    let cluster = || {
        Cluster::new().ran("webtop1", "2026-11-22T02:15:00Z", 1).ran("samba1", "2026-11-22T02:20:00Z", 1).ran(
            "nextcloud1",
            "2026-11-22T02:30:00Z",
            2,
        )
    };
    let plan = cluster().ran("mail1", "2026-11-22T02:10:00Z", 0).classify(SEVEN);
    assert_eq!(states(&plan), "ok failed failed failed");
    assert_eq!(plan.outcome, Outcome::Partial);
    let plan = cluster().ran("mail1", "2026-11-22T02:10:00Z", 1).classify(SEVEN);
    assert_eq!(plan.outcome, Outcome::Failure);
}

#[test]
fn a_plan_still_running_is_pending_not_failed() {
    // Node 1 has done its first module a minute ago, node 2 is busy with its first.
    let plan = Cluster::new().ran("mail1", "2026-11-22T02:10:00Z", 1).classify("2026-11-22T02:11:00Z");
    assert_eq!(states(&plan), "failed pending pending pending");
    assert_eq!(plan.outcome, Outcome::Pending);
    assert_eq!(plan.applications[1].missing_reason, Some(MissingReason::NeverRan));
}

#[test]
fn the_night_before_does_not_count() {
    let plan = Cluster::new()
        .ran("mail1", "2026-11-22T02:10:00Z", 0)
        .ran("webtop1", "2026-11-21T02:15:00Z", 0)
        .ran("samba1", "2026-11-22T02:20:00Z", 0)
        .ran("nextcloud1", "2026-11-22T02:30:00Z", 0)
        .classify(SEVEN);
    assert_eq!(states(&plan), "ok missing ok ok");
    assert_eq!(plan.outcome, Outcome::Partial);
    let webtop = &plan.applications[1];
    assert_eq!(webtop.missing_reason, Some(MissingReason::NotSince));
    assert_eq!(webtop.last_run.as_ref().unwrap().end, at("2026-11-21T02:15:00Z"));
}

#[test]
fn a_status_counts_from_the_very_second_that_the_plan_was_due() {
    let ended = |end| Cluster::new().ran("mail1", end, 0).classify(SEVEN).applications[0].state;
    assert_eq!(ended("2026-11-22T02:00:00Z"), State::Ok);
    assert_eq!(ended("2026-11-22T01:59:59Z"), State::Missing);
}

#[test]
fn a_node_that_was_off_misses_its_modules_while_the_other_node_ran() {
    let cluster = Cluster::new()
        .ran("mail1", "2026-11-22T02:10:00Z", 0)
        .ran("webtop1", "2026-11-22T02:15:00Z", 0)
        .ran("samba1", "2026-11-21T02:20:00Z", 0);
    assert_eq!(states(&cluster.classify("2026-11-22T02:30:00Z")), "ok ok pending pending");
    assert_eq!(states(&cluster.classify("2026-11-22T03:05:00Z")), "ok ok pending pending");
    assert_eq!(states(&cluster.classify("2026-11-22T03:05:01Z")), "ok ok missing missing");
}

#[test]
fn what_took_long_the_last_time_is_waited_for_longer() {
    let cluster = Cluster::new()
        .ran("mail1", "2026-11-22T02:10:00Z", 0)
        .ran("samba1", "2026-11-22T02:10:00Z", 0)
        .ran("nextcloud1", "2026-11-22T02:10:00Z", 0)
        .ran_for("webtop1", "2026-11-21T06:00:00Z", 180, 0);
    // Three hours the night before: six hours from the node's last sign.
    assert_eq!(states(&cluster.classify("2026-11-22T08:10:00Z")), "ok pending ok ok");
    assert_eq!(states(&cluster.classify("2026-11-22T08:10:01Z")), "ok missing ok ok");
}

#[test]
fn nothing_ran_at_all() {
    let cluster = Cluster::new().ran("mail1", "2026-11-20T02:10:00Z", 0);
    let plan = cluster.classify(SEVEN);
    assert_eq!(states(&plan), "missing missing missing missing");
    assert_eq!(plan.outcome, Outcome::Missing);
}

#[test]
fn an_alert_that_says_missing_is_believed_while_nothing_has_run() {
    let mut scope = Scope::about([plan_id("1")]);
    scope.asserted_missing.insert(plan_id("1"));
    let ten_past_two = "2026-11-22T02:10:00Z";
    let plan = Cluster::new().ask(&scope, ten_past_two).plans.remove(0);
    assert_eq!(plan.outcome, Outcome::Missing);
    // But not against a sign of life.
    let plan =
        Cluster::new().ran("mail1", "2026-11-22T02:05:00Z", 0).ask(&scope, ten_past_two).plans.remove(0);
    assert_eq!(states(&plan), "ok pending pending pending");
}

#[test]
fn a_schedule_that_can_not_be_read_counts_a_day_and_says_so() {
    let mut cluster = Cluster::new()
        .ran("mail1", "2026-11-21T07:00:00Z", 0)
        .ran("webtop1", "2026-11-21T06:59:59Z", 0)
        .ran("samba1", "2026-11-22T02:00:00Z", 1);
    cluster.plan().schedule = Some("every night".into());
    let plan = cluster.classify(SEVEN);
    assert_eq!(plan.due, None);
    assert_eq!(states(&plan), "ok missing failed missing");
    let [PlanIssue::UnreadableSchedule { reason }] = &plan.issues[..] else { panic!("{:?}", plan.issues) };
    assert!(reason.contains("every night"), "{reason}");
}

#[test]
fn schedules_are_meant_in_the_clusters_zone() {
    let cluster = Cluster::new().ran("mail1", "2026-11-22T01:10:00Z", 0);
    let scope = Scope::about([plan_id("1")]);
    let rome = TimeZone::get("Europe/Rome").unwrap();
    let plan = classify(&cluster.0, &scope, at(SEVEN), &rome).plans.remove(0);
    assert_eq!(plan.due, Some(at("2026-11-22T01:00:00Z")));
    assert_eq!(plan.applications[0].state, State::Ok);
}

#[test]
fn a_status_that_is_not_json_is_named_and_the_rest_is_right() {
    let mut cluster = Cluster::new()
        .ran("webtop1", "2026-11-22T02:15:00Z", 0)
        .ran("samba1", "2026-11-22T02:20:00Z", 0)
        .ran("nextcloud1", "2026-11-22T02:30:00Z", 0);
    cluster.set_status("mail1", from_node_hash("<html>", at(NOW)));
    let plan = cluster.classify(SEVEN);
    assert_eq!(states(&plan), "missing ok ok ok");
    let unreadable = MissingReason::Unreadable { reason: "it is not a JSON object".into() };
    assert_eq!(plan.applications[0].missing_reason, Some(unreadable));
}

#[test]
fn a_plans_own_result_speaks_for_applications_that_have_none() {
    let result = |result: &str| {
        let fields = [("result", result), ("timestamp", "2026-11-22T02:40:00Z"), ("error", "disk full")];
        let fields = fields.iter().map(|(k, v)| (k.to_string(), v.to_string())).collect();
        Some(from_result_hash(&fields, at(NOW), &TimeZone::UTC))
    };
    let mut cluster = Cluster::new();
    cluster.plan().result = result("success");
    assert_eq!(states(&cluster.classify(SEVEN)), "ok ok ok ok");

    cluster.plan().result = result("error");
    let plan = cluster.classify(SEVEN);
    assert_eq!(states(&plan), "failed failed failed failed");
    assert!(matches!(&plan.issues[..], [PlanIssue::PlanError { error, .. }] if error == "disk full"));

    // Where applications have results of their own, a failed plan does not say which of the others failed.
    let cluster = Cluster(cluster.0).ran("mail1", "2026-11-22T02:10:00Z", 1);
    assert_eq!(states(&cluster.classify(SEVEN)), "failed missing missing missing");
}

#[test]
fn what_is_odd_about_a_plan_is_named() {
    let mut cluster = Cluster::new();
    cluster.plan().instances.push("dokuwiki7".into());
    cluster.plan().repository = None;
    let plan = cluster.classify(SEVEN);
    assert_eq!(plan.applications.len(), 4);
    assert_eq!(
        plan.issues,
        [PlanIssue::RemovedModule { module: "dokuwiki7".into() }, PlanIssue::NoDestination]
    );

    cluster.plan().repository = Some("gone".into());
    cluster.plan().instances.clear();
    cluster.plan().enabled = false;
    let plan = cluster.classify(SEVEN);
    assert_eq!(plan.outcome, Outcome::Unknown);
    assert_eq!(
        plan.issues,
        [
            PlanIssue::PlanDisabled,
            PlanIssue::NoApplications,
            PlanIssue::UnknownDestination { repository: "gone".into() }
        ]
    );
}

#[test]
fn a_plan_that_the_cluster_does_not_have_is_unknown_and_keeps_the_alerts_name() {
    let mut scope = Scope::about([plan_id("1")]);
    scope.plans.insert(plan_id("9"), Some("Old plan".into()));
    let correlation = Cluster::new().ask(&scope, SEVEN);
    assert_eq!(correlation.plans[1].issues, [PlanIssue::PlanNotFound]);
    assert_eq!(correlation.plans[1].title(), "Old plan");
    // What is certain leads.
    assert_eq!(correlation.outcome, Outcome::Missing);
}

#[test]
fn without_a_named_plan_the_enabled_ones_that_ran_recently_are_told() {
    let mut cluster = Cluster::new().ran("mail1", "2026-11-22T02:10:00Z", 0);
    cluster.add_plan("2", "Mon *-*-* 02:00:00", "mail1");
    cluster.add_plan("3", "*-*-* 03:00:00", "mail1");
    cluster.0.plans.get_mut(&plan_id("3")).unwrap().enabled = false;
    cluster.add_plan("4", "*-*-* 04:00:00", "samba1");
    let told = |cluster: &Cluster| {
        let correlation = cluster.ask(&Scope::about([]), SEVEN);
        correlation.plans.iter().map(|plan| plan.id.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(told(&cluster), ["1", "4"]);

    // A disabled plan is told only when an alert names it; without any recent one, all enabled are.
    for id in ["1", "4"] {
        cluster.0.plans.remove(&plan_id(id));
    }
    assert_eq!(told(&cluster), ["2"]);
    let named = cluster.ask(&Scope::about([plan_id("3")]), SEVEN);
    assert_eq!(named.plans[0].issues, [PlanIssue::PlanDisabled]);
}

#[test]
fn an_empty_cluster_is_unknown() {
    let correlation = classify(&ClusterFacts::default(), &Scope::about([]), at(SEVEN), &TimeZone::UTC);
    assert_eq!((correlation.outcome, correlation.plans.len()), (Outcome::Unknown, 0));
}

/// A cluster whose applications ended at some minutes around the night of the 22nd, or never ran.
fn any_cluster() -> impl Strategy<Value = Cluster> {
    let modules = ["mail1", "webtop1", "samba1", "nextcloud1"];
    let run = prop::option::of((-3000i64..3000, 0i64..300, 0u64..3));
    prop::collection::vec(run, modules.len()).prop_map(move |runs| {
        modules.iter().zip(runs).fold(Cluster::new(), |cluster, (module, run)| match run {
            None => cluster,
            Some((minute, minutes, errors)) => {
                let end = at("2026-11-22T02:00:00Z") + SignedDuration::from_mins(minute);
                cluster.ran_for(module, &end.to_string(), minutes, errors)
            }
        })
    })
}

proptest! {
    /// No application is lost, doubled, or said to be in a state that its status contradicts.
    #[test]
    fn every_application_is_told_once_and_as_its_status_says(cluster in any_cluster(), minute in 0i64..3000) {
        let now = at("2026-11-22T02:00:00Z") + SignedDuration::from_mins(minute);
        let plan = cluster.classify(&now.to_string());
        let due = at("2026-11-22T02:00:00Z") + SignedDuration::from_hours(24 * (minute / 1440));
        prop_assert!(plan.due.is_none_or(|shown| shown == due));
        let named: Vec<_> = plan.applications.iter().map(|application| application.module.as_str()).collect();
        prop_assert_eq!(named, ["mail1", "webtop1", "samba1", "nextcloud1"]);
        for application in &plan.applications {
            let current = application.last_run.as_ref().filter(|run| run.end >= due);
            match application.state {
                State::Ok => prop_assert!(current.unwrap().is_ok()),
                State::Failed => prop_assert!(!current.unwrap().is_ok()),
                State::Pending | State::Missing => {
                    prop_assert!(current.is_none());
                    prop_assert!(application.missing_reason.is_some());
                }
            }
        }
    }

    /// A plan that has settled stays settled until it is due again: what is missing does not become pending by waiting.
    #[test]
    fn waiting_only_settles(cluster in any_cluster(), minute in 0i64..1400, later in 0i64..30) {
        let due = at("2026-11-22T02:00:00Z");
        let at_minute = |minute| cluster.classify(&(due + SignedDuration::from_mins(minute)).to_string());
        let (before, after) = (at_minute(minute), at_minute(minute + later));
        for (before, after) in before.applications.iter().zip(&after.applications) {
            prop_assert!(
                before.state == after.state || (before.state, after.state) == (State::Pending, State::Missing),
                "{} became {:?} from {:?}", before.module, after.state, before.state
            );
        }
    }

    /// The outcome is a function of the states.
    #[test]
    fn the_outcome_says_what_the_states_say(cluster in any_cluster()) {
        let plan = cluster.classify(SEVEN);
        let count = |state| plan.count(state);
        let (ok, total) = (count(State::Ok), plan.applications.len());
        match plan.outcome {
            Outcome::Success => prop_assert_eq!(ok, total),
            Outcome::Pending => prop_assert!(count(State::Pending) > 0),
            Outcome::Partial => prop_assert!(ok > 0 && ok < total && count(State::Pending) == 0),
            Outcome::Missing => prop_assert_eq!(count(State::Missing), total),
            Outcome::Failure => prop_assert!(ok == 0 && count(State::Failed) > 0),
            other => prop_assert!(false, "{other} of a plan that was read"),
        }
    }
}
