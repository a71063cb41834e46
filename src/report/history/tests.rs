// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::run::Run;

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
    };
    Changes::new(std::slice::from_ref(last), &history)
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
        application("new1", State::Ok, 24, 5 * MIB, 1),
    ]);
    let usage = &changes(&[first, second], None).destinations[0];
    assert_eq!((usage.size, usage.applications, usage.growth), (18 * MIB, 3, Some(7 * MIB.cast_signed())));
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
