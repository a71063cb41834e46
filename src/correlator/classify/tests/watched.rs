// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Runs that were followed, and occurrences that were missed: what is asked is how these came out, not what ran last.

use super::*;
use crate::alert::{Alert, ObservedRun, Source};

/// The scope that a followed run raises: it began at `began_at`, and brought these results until the next one began.
fn followed(began_at: &str, until: Option<&str>, results: &Cluster) -> Scope {
    let results = results.0.statuses.get(&plan_id("1")).into_iter().flatten();
    let run = ObservedRun {
        began_at: at(began_at),
        until: until.map(at),
        results: results.map(|(module, status)| (module.clone(), status.clone().unwrap())).collect(),
    };
    let alert = Alert::raised(Source::Run, "BackupRun", plan_id("1"), None, run.began_at);
    Scope::from_alerts(&[Alert { run: Some(run), ..alert }])
}

fn missed(due: &str) -> Scope {
    let alert = Alert::raised(Source::Schedule, "NsBackupMissing", plan_id("1"), None, at(due));
    Scope::from_alerts(&[alert])
}

#[test]
fn a_run_keeps_its_results_when_a_later_one_has_overwritten_them() {
    let monday =
        Cluster::new().ran("mail1", "2026-11-21T02:05:00Z", 1).ran("webtop1", "2026-11-21T02:10:00Z", 0);
    let scope = followed("2026-11-21T02:00:00Z", Some("2026-11-22T02:00:00Z"), &monday);
    let tuesday = Cluster::new()
        .ran("mail1", "2026-11-22T02:05:00Z", 0)
        .ran("webtop1", "2026-11-22T02:10:00Z", 0)
        .ran("samba1", "2026-11-22T02:05:00Z", 0);
    let plan = tuesday.ask(&scope, SEVEN).plans.remove(0);
    assert_eq!(states(&plan), "failed ok missing missing");
    assert_eq!(plan.due, Some(at("2026-11-21T02:00:00Z")));
    // That one has run since is said of it; the other never has.
    assert_eq!(plan.applications[2].missing_reason, Some(MissingReason::RanLater));
    assert_eq!(plan.applications[3].missing_reason, Some(MissingReason::NeverRan));
}

#[test]
fn a_run_by_hand_counts_from_its_own_beginning() {
    // The night was well, but by hand only one has been run so far.
    let night = || {
        Cluster::new()
            .ran("mail1", "2026-11-22T02:05:00Z", 0)
            .ran("webtop1", "2026-11-22T02:10:00Z", 0)
            .ran("samba1", "2026-11-22T02:05:00Z", 0)
            .ran("nextcloud1", "2026-11-22T02:10:00Z", 0)
    };
    let by_hand = Cluster::new().ran("mail1", "2026-11-22T06:55:00Z", 1);
    let scope = followed("2026-11-22T06:50:00Z", None, &by_hand);
    let cluster = night().ran("mail1", "2026-11-22T06:55:00Z", 1);
    let plan = cluster.ask(&scope, SEVEN).plans.remove(0);
    assert_eq!(states(&plan), "failed pending pending pending");
    assert_eq!(plan.due, None, "it does not answer to the night's occurrence");
    // One that began late, as its modules were busy, does.
    let late = Cluster::new().ran("mail1", "2026-11-22T02:55:00Z", 1);
    let plan = late.ask(&followed("2026-11-22T02:50:00Z", None, &late), SEVEN).plans.remove(0);
    assert_eq!(plan.due, Some(at("2026-11-22T02:00:00Z")));
}

#[test]
fn what_was_due_before_the_plan_was_first_seen_does_not_count() {
    let known_since = |since: &str| {
        let known_since = [(plan_id("1"), at(since))].into();
        Scope { known_since, ..Scope::about([plan_id("1")]) }
    };
    let due = |cluster: &Cluster, since: &str| cluster.ask(&known_since(since), SEVEN).plans.remove(0).due;
    let never_ran = Cluster::new();
    assert_eq!(due(&never_ran, "2026-11-21T12:00:00Z"), Some(at("2026-11-22T02:00:00Z")));
    assert_eq!(due(&never_ran, "2026-11-22T06:00:00Z"), None);
    // The service came while it ran: the plan was there before.
    let ran = Cluster::new().ran("mail1", "2026-11-22T02:05:00Z", 0);
    assert_eq!(due(&ran, "2026-11-22T02:05:00Z"), Some(at("2026-11-22T02:00:00Z")));
    // It came later, and was run by hand.
    let by_hand = Cluster::new().ran("mail1", "2026-11-22T06:30:00Z", 0);
    assert_eq!(due(&by_hand, "2026-11-22T06:00:00Z"), None);
}

#[test]
fn what_was_missed_is_missed_though_it_has_run_since() {
    let mut cluster = Cluster::new().ran("mail1", "2026-11-22T06:01:00Z", 0);
    cluster.add_plan("1", "*-*-* *:00:00", "mail1");
    let plan = cluster.ask(&missed("2026-11-22T05:00:00Z"), "2026-11-22T06:02:00Z").plans.remove(0);
    assert_eq!((states(&plan).as_str(), plan.outcome), ("missing", Outcome::Missing));
    assert_eq!(plan.due, Some(at("2026-11-22T05:00:00Z")));
    assert_eq!(plan.applications[0].missing_reason, Some(MissingReason::RanLater));
}

#[test]
fn a_run_that_came_late_but_before_the_next_was_due_is_not_missed() {
    let cluster = Cluster::new()
        .ran("mail1", "2026-11-22T06:01:00Z", 0)
        .ran("webtop1", "2026-11-22T06:02:00Z", 0)
        .ran("samba1", "2026-11-22T06:01:00Z", 0)
        .ran("nextcloud1", "2026-11-22T06:02:00Z", 0);
    let plan = cluster.ask(&missed("2026-11-22T02:00:00Z"), SEVEN).plans.remove(0);
    assert_eq!(states(&plan), "ok ok ok ok");
}

#[test]
fn an_unreadable_status_is_not_waited_for() {
    let mut cluster =
        Cluster::new().ran("mail1", "2026-11-22T02:05:00Z", 0).ran("samba1", "2026-11-22T02:05:00Z", 0);
    cluster.set_status("webtop1", from_node_hash("not JSON", at(NOW)));
    let plan = cluster.classify("2026-11-22T02:06:00Z");
    assert_eq!(states(&plan), "ok missing ok pending");
    assert!(matches!(plan.applications[1].missing_reason, Some(MissingReason::Unreadable { .. })));
}
