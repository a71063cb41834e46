// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::{
    repo_check::findings::{Health, RepositoryReport, Snapshot, Snapshots},
    run::Run,
};

const MIB: u64 = 1024 * 1024;

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_795_312_800 + hour * 3600).unwrap()
}

fn application(module: &str, state: State, hour: i64, size: u64, files: u64) -> Application {
    let run = Run {
        start: Some(at(hour)),
        end: at(hour),
        errors: u64::from(state != State::Ok),
        size: Some(size),
        files: Some(files),
        error: None,
    };
    Application {
        module: ModuleId::new(module).unwrap(),
        label: None,
        node: NodeId::new("1").unwrap(),
        node_label: None,
        state,
        last_run: Some(run),
        missing_reason: None,
        repository_path: None,
        is_own_word: false,
        diagnosis: None,
    }
}

fn plan(applications: Vec<Application>) -> Plan {
    let id = DestinationId::new("48ce000a-79b7-5fe6-8558-177fd70c27b4").unwrap();
    Plan {
        id: PlanId::new("1").unwrap(),
        name: None,
        destination: Some(Destination { id, name: None, url: None }),
        schedule: None,
        due: None,
        next: None,
        outcome: Outcome::of_applications(applications.iter().map(|application| application.state)),
        applications,
        issues: vec![],
    }
}

/// What changed in the last of these runs, newest last.
fn changes(runs: &[Plan], told: Option<Outcome>) -> Changes {
    let (last, before) = runs.split_last().unwrap();
    let past = before
        .iter()
        .rev()
        .filter_map(|plan| Some(PastRun { report: None, run: RunRecord::new(plan, None)? }));
    let history = History {
        runs: HashMap::from([(last.id.clone(), past.collect())]),
        told: told.map(|outcome| (last.id.clone(), outcome)).into_iter().collect(),
        ..History::default()
    };
    Changes::new(std::slice::from_ref(last), None, &history)
}

fn mail(state: State, hour: i64, size: u64, files: u64) -> Plan {
    plan(vec![application("mail1", state, hour, size, files)])
}

#[test]
fn a_first_run_has_nothing_to_be_compared_with() {
    let changes = changes(&[mail(State::Ok, 0, 10 * MIB, 100)], None);
    assert_eq!(changes.destinations[0].size, 10 * MIB);
    assert_eq!(changes.destinations[0].growth, None);
    assert!(changes.shrunk.is_empty() && changes.recovered.is_empty());
}

#[test]
fn a_destination_grows_by_what_its_applications_grow() {
    let first = plan(vec![
        application("mail1", State::Ok, 0, 10 * MIB, 1),
        application("web1", State::Ok, 0, MIB, 1),
    ]);
    let second = plan(vec![
        application("mail1", State::Ok, 24, 12 * MIB, 1),
        application("web1", State::Ok, 24, MIB, 1),
    ]);
    let usage = &changes(&[first, second], None).destinations[0];
    assert_eq!((usage.size, usage.applications, usage.growth), (13 * MIB, 2, Some(2 * MIB.cast_signed())));
}

#[test]
fn what_has_no_before_is_no_growth() {
    let one = |hour| application("mail1", State::Ok, hour, 10 * MIB, 1);
    let two = |state, hour, size| application("nextcloud1", state, hour, size, 1);
    // A night after a failure that was the first night: 42 GiB more, and none of it has grown.
    let runs = [
        plan(vec![one(0), two(State::Failed, 0, 0)]),
        plan(vec![one(24), two(State::Ok, 24, 42 * 1024 * MIB)]),
    ];
    let usage = &changes(&runs, None).destinations[0];
    assert_eq!((usage.size, usage.applications, usage.growth), (10 * MIB + 42 * 1024 * MIB, 2, None));
    // Nor is an application that was added.
    let usage =
        &changes(&[plan(vec![one(0)]), plan(vec![one(24), two(State::Ok, 24, MIB)])], None).destinations[0];
    assert_eq!(usage.growth, None);
    // One of which nothing is known at all does not count on either side.
    let runs = [plan(vec![one(0)]), plan(vec![one(24), two(State::Failed, 24, 0)])];
    let usage = &changes(&runs, None).destinations[0];
    assert_eq!((usage.applications, usage.growth), (1, Some(0)));
}

/// What a repository was found to hold.
fn repos(count: usize, last: Option<Timestamp>) -> RepoReport {
    let snapshots = Snapshots { count, last: last.map(|time| Snapshot { time, size: Some(7 * MIB) }) };
    let repository = RepositoryReport {
        destination: plan(vec![]).destination.map(|destination| destination.id),
        module: ModuleId::new("mail1").unwrap(),
        health: Health::Ok,
        detail: None,
        snapshots: Some(snapshots),
    };
    RepoReport { destinations: vec![], repositories: vec![repository] }
}

#[test]
fn snapshots_that_are_gone_are_pointed_out_when_they_are_most() {
    let failed = mail(State::Failed, 24, 0, 0);
    let thinned = |before: usize, now: usize| {
        let count = (ModuleId::new("mail1").unwrap(), failed.destination.clone().unwrap().id, before);
        let snapshot_counts = HashMap::from([(failed.id.clone(), vec![count])]);
        let history = History { snapshot_counts, ..History::default() };
        let changes = Changes::new(std::slice::from_ref(&failed), Some(&repos(now, None)), &history);
        changes.thinned.first().map(|thinned| (thinned.before, thinned.now))
    };
    assert_eq!(thinned(30, 1), Some((30, 1)));
    assert_eq!(thinned(30, 0), Some((30, 0)));
    for (before, now) in [(30, 29), (30, 15), (3, 1), (30, 31), (0, 0)] {
        assert_eq!(thinned(before, now), None, "{before} → {now}");
    }
    let unread = Changes::new(std::slice::from_ref(&failed), None, &History::default());
    assert!(unread.thinned.is_empty());
}

#[test]
fn what_can_be_restored_is_what_was_just_read_else_the_newest_that_is_known() {
    let failed = mail(State::Failed, 48, 0, 0);
    let application = &failed.applications[0];
    let destination = failed.destination.clone().map(|destination| destination.id);
    let past = |run: &Plan| PastRun { report: None, run: RunRecord::new(run, None).unwrap() };
    let good = mail(State::Ok, 24, 10 * MIB, 1);
    let mut history = History::default();
    let known = |history: &History, repos: Option<&RepoReport>| {
        let restorable = history.restorable(&failed, application, repos, at(49))?;
        Some((restorable.at, restorable.as_of, restorable.size, restorable.known_from))
    };
    assert_eq!(known(&history, None), None);
    history.runs.insert(failed.id.clone(), vec![past(&mail(State::Failed, 36, 0, 0)), past(&good)]);
    assert_eq!(known(&history, None), Some((at(24), at(24), Some(10 * MIB), KnownFrom::Success)));
    let read = |hour: Option<i64>, proved: i64| {
        let restorable = hour.map(|hour| Restorable {
            at: at(hour),
            as_of: at(proved),
            destination: destination.clone(),
            size: Some(MIB),
            known_from: KnownFrom::Journal,
        });
        let (module, destination) = (application.module.clone(), destination.clone());
        vec![RestorePoint { module, destination, proved_at: at(proved), restorable }]
    };
    history.restore_points.insert(failed.id.clone(), read(Some(25), 30));
    assert_eq!(known(&history, None), Some((at(25), at(30), Some(MIB), KnownFrom::Journal)));
    // What succeeded since it was read.
    history.restore_points.insert(failed.id.clone(), read(Some(5), 20));
    assert_eq!(known(&history, None), Some((at(24), at(24), Some(10 * MIB), KnownFrom::Success)));
    // What succeeded before it was read, and was not in it.
    history.restore_points.insert(failed.id.clone(), read(Some(5), 30));
    assert_eq!(known(&history, None), Some((at(5), at(30), Some(MIB), KnownFrom::Journal)));
    history.restore_points.insert(failed.id.clone(), read(None, 30));
    assert_eq!(known(&history, None), None);
    // The repository has the last word, and nothing in it is nothing to restore.
    let just_read = repos(3, Some(at(20)));
    assert_eq!(
        known(&history, Some(&just_read)),
        Some((at(20), at(49), Some(7 * MIB), KnownFrom::Repository))
    );
    assert_eq!(known(&history, Some(&repos(0, None))), None);
}

#[test]
fn of_an_application_that_did_not_run_the_last_success_is_known() {
    let mut missing = mail(State::Ok, 24, 10 * MIB, 1);
    missing.applications[0].state = State::Missing;
    let restorable = History::default().restorable(&missing, &missing.applications[0], None, at(49)).unwrap();
    assert_eq!((restorable.at, restorable.size), (at(24), Some(10 * MIB)));
}

#[test]
fn a_run_of_which_nothing_is_seen_yet_is_not_kept() {
    let mut pending = mail(State::Ok, 0, 1, 1);
    pending.applications[0].state = State::Pending;
    pending.outcome = Outcome::Pending;
    pending.due = Some(at(24));
    assert_eq!(RunRecord::new(&pending, None), None);
    assert!(RunRecord::new(&pending, Some(at(24))).is_some());
}

#[test]
fn what_failed_still_has_what_it_had() {
    // A failed run says zero where restic could not be asked.
    let runs = [mail(State::Ok, 0, 10 * MIB, 100), mail(State::Failed, 24, 0, 0)];
    let usage = &changes(&runs, None).destinations[0];
    assert_eq!((usage.size, usage.growth), (10 * MIB, Some(0)));
    // And after it, the next good run is compared with the last good one.
    let runs = [
        mail(State::Ok, 0, 10 * MIB, 100),
        mail(State::Failed, 24, 0, 0),
        mail(State::Ok, 48, 11 * MIB, 100),
    ];
    let changes = changes(&runs, None);
    assert_eq!(changes.destinations[0].growth, Some(MIB.cast_signed()));
    assert!(changes.shrunk.is_empty());
}

#[test]
fn a_backup_that_lost_more_than_half_is_pointed_out() {
    let shrunk = |size, files| {
        !changes(&[mail(State::Ok, 0, 1000, 100), mail(State::Ok, 24, size, files)], None).shrunk.is_empty()
    };
    assert!(!shrunk(500, 50));
    assert!(shrunk(499, 100));
    assert!(shrunk(1000, 49));
    assert!(shrunk(0, 0));
    // A failed run says nothing of what was saved.
    let failed = changes(&[mail(State::Ok, 0, 1000, 100), mail(State::Failed, 24, 0, 0)], None);
    assert!(failed.shrunk.is_empty());
}

#[test]
fn a_plan_has_recovered_when_something_else_was_told_of_it() {
    let recovered = |told| !changes(&[mail(State::Ok, 0, 1, 1)], told).recovered.is_empty();
    assert!(!recovered(None));
    assert!(!recovered(Some(Outcome::Success)));
    assert!(recovered(Some(Outcome::Partial)));
    assert!(recovered(Some(Outcome::Unknown)));
    assert!(changes(&[mail(State::Failed, 0, 1, 1)], Some(Outcome::Failure)).recovered.is_empty());
}
