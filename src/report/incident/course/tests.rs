// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::{
    cause::Diagnosis,
    correlator::correlation::{Destination, MissingReason},
    ids::{DestinationId, NodeId},
    report::incident::KnownFrom,
    run::Run,
};

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_795_312_800 + hour * 3600).unwrap()
}

fn module(name: &str) -> ModuleId {
    ModuleId::new(name).unwrap()
}

fn application(name: &str, state: State, cause: Option<Cause>, hour: i64) -> Application {
    let run = Run {
        start: Some(at(hour)),
        end: at(hour),
        errors: u64::from(state != Well),
        size: None,
        files: None,
        error: None,
    };
    Application {
        module: module(name),
        label: None,
        node: NodeId::new("1").unwrap(),
        node_label: None,
        state,
        last_run: matches!(state, Well | Failed).then_some(run),
        missing_reason: (state == Missing).then_some(MissingReason::NotSince),
        repository_path: None,
        is_own_word: false,
        diagnosis: cause.map(|cause| Diagnosis { cause, evidence: vec![], lock: None }),
    }
}

fn plan(applications: Vec<Application>) -> Plan {
    let id = DestinationId::new("48ce000a-79b7-5fe6-8558-177fd70c27b4").unwrap();
    Plan {
        id: PlanId::new("1").unwrap(),
        name: Some("Nightly".into()),
        destination: Some(Destination { id, name: None, url: None }),
        schedule: None,
        due: None,
        next: None,
        outcome: Outcome::of_applications(applications.iter().map(|application| application.state)),
        applications,
        issues: vec![],
    }
}

/// A night of two applications.
fn night(hour: i64, mail: (State, Option<Cause>), web: State) -> (Plan, Timestamp) {
    (plan(vec![application("mail1", mail.0, mail.1, hour), application("web1", web, None, hour)]), at(hour))
}

/// An incident after these nights, each of which was mailed.
fn after(nights: &[(Plan, Timestamp)]) -> Option<Turn> {
    let mut last: Option<Turn> = None;
    for (number, (plan, began_at)) in nights.iter().enumerate() {
        let open = last.filter(|turn| !turn.is_over).map(|mut turn| {
            turn.incident.tell(JobId(i64::try_from(number).unwrap()), "subject", *began_at, |_| false);
            turn.incident
        });
        last = turn(open.as_ref(), plan, *began_at, false);
    }
    last
}

/// What is new in the last of these nights.
fn news(nights: &[(Plan, Timestamp)]) -> Vec<News> {
    after(nights).unwrap().incident.news(&nights.last().unwrap().0, |_| false)
}

use State::{Failed, Missing, Ok as Well, Pending};

#[test]
fn a_failure_opens_and_the_next_success_closes() {
    let failing = || vec![night(0, (Failed, None), Well), night(24, (Failed, None), Failed)];
    assert_eq!(after(&[night(0, (Well, None), Well)]), None);
    let Turn { incident, is_over } = after(&failing()).unwrap();
    assert_eq!((incident.since, incident.failing_runs, is_over), (at(0), 2, false));
    let runs: Vec<_> =
        incident.applications.iter().map(|kept| (kept.module.as_str(), kept.failing_runs)).collect();
    assert_eq!(runs, [("mail1", 2), ("web1", 1)]);
    let mut nights = failing();
    nights.push(night(48, (Well, None), Well));
    let Turn { incident, is_over } = after(&nights).unwrap();
    assert_eq!((incident.since, incident.failing_runs, is_over), (at(0), 2, true));
    nights.push(night(72, (Well, None), Well));
    assert_eq!(after(&nights), None);
}

#[test]
fn a_run_that_is_looked_at_twice_counts_once() {
    let nights = [
        night(0, (Failed, None), Pending),
        night(0, (Failed, None), Missing),
        night(0, (Failed, None), Failed),
    ];
    let incident = after(&nights).unwrap().incident;
    assert_eq!(incident.failing_runs, 1);
    assert!(incident.applications.iter().all(|kept| kept.failing_runs == 1));
}

#[test]
fn an_application_that_the_run_has_not_reached_yet_stays_in_it() {
    let nights = [
        night(0, (Failed, None), Well),
        night(24, (Pending, None), Failed),
        night(24, (Failed, None), Failed),
    ];
    assert_eq!(after(&nights[..2]).unwrap().incident.applications[0].failing_runs, 1);
    let incident = after(&nights).unwrap().incident;
    let runs: Vec<_> = incident.applications.iter().map(|kept| kept.failing_runs).collect();
    assert_eq!((incident.failing_runs, runs), (2, vec![2, 1]));
}

#[test]
fn an_occurrence_of_which_nothing_was_seen_is_the_run_that_answers_to_it() {
    let due = |mut plan: Plan| {
        plan.due = Some(at(0));
        plan
    };
    let (stuck, _) = night(0, (Pending, None), Pending);
    let (failed, _) = night(1, (Failed, None), Well);
    let incident = after(&[(due(stuck), at(0)), (due(failed), at(1))]).unwrap().incident;
    assert_eq!((incident.since, incident.failing_runs, incident.last_run), (at(0), 1, at(1)));
}

#[test]
fn a_run_that_began_before_an_occurrence_of_which_nothing_was_seen_may_answer_to_it() {
    let (mut stuck, due) = night(24, (Pending, None), Pending);
    stuck.due = Some(due);
    let open = turn(None, &stuck, due, false).unwrap().incident;
    // Seconds before and after it was due; was due before by so many hours.
    let table = [
        ("a slow clock, and a short run", -2, -1, 24, true),
        ("the same of an hourly plan", -2, -1, 1, true),
        ("by hand, and it still ran then", -7200, 60, 24, true),
        ("the run of the hour before", -3590, -3000, 1, false),
        ("a run in the evening", -7200, -7000, 24, false),
    ];
    for (case, began, ended, hours, is_it) in table {
        let moment = |seconds| due + jiff::SignedDuration::from_secs(seconds);
        let (mut well, _) = night(24, (Well, None), Well);
        well.due = Some(moment(-3600 * hours));
        for application in &mut well.applications {
            application.last_run.as_mut().unwrap().end = moment(ended);
        }
        assert_eq!(turn(Some(&open), &well, moment(began), false).unwrap().is_over, is_it, "{case}");
    }
}

#[test]
fn what_comes_late_of_an_earlier_run_changes_nothing() {
    let nights =
        [night(0, (Failed, None), Well), night(24, (Failed, None), Well), night(0, (Well, None), Well)];
    let turn = after(&nights).unwrap();
    assert_eq!((turn.incident.failing_runs, turn.is_over), (2, false));
    let (plan, began_at) = night(0, (Failed, None), Well);
    assert_eq!(super::turn(None, &plan, began_at, true), None, "a later run is known, and is well");
}

#[test]
fn a_plan_that_is_gone_has_no_incident_any_more() {
    let (mut gone, _) = night(24, (Failed, None), Well);
    gone.applications.clear();
    gone.outcome = Outcome::Unknown;
    gone.issues = vec![PlanIssue::PlanNotFound];
    assert!(after(&[night(0, (Failed, None), Well), (gone.clone(), at(24))]).unwrap().is_over);
    assert_eq!(turn(None, &gone, at(24), false), None);
}

#[test]
fn news_are_another_application_another_cause_and_what_is_well_again() {
    let full = (Failed, Some(Cause::StorageFull));
    let table = [
        ("the same", full, Well, vec![]),
        ("another application", full, Failed, vec![News::Application { module: module("web1") }]),
        (
            "another cause",
            (Failed, Some(Cause::AccessDenied)),
            Well,
            vec![News::Cause {
                module: module("mail1"),
                before: Cause::StorageFull,
                now: Cause::AccessDenied,
            }],
        ),
        ("the cause is not seen this time", (Failed, None), Well, vec![]),
        ("nor is it known", (Failed, Some(Cause::Unknown)), Well, vec![]),
        (
            "it does not even run",
            (Missing, None),
            Well,
            vec![News::State { module: module("mail1"), before: Failed, now: Missing }],
        ),
        (
            "another one instead",
            (Well, None),
            Failed,
            vec![News::Application { module: module("web1") }, News::Recovered { module: module("mail1") }],
        ),
        ("not known yet", (Pending, None), Well, vec![]),
    ];
    for (case, mail, web, expected) in table {
        assert_eq!(news(&[night(0, full, Well), night(24, mail, web)]), expected, "{case}");
    }
}

#[test]
fn a_cause_that_is_found_later_is_news_once() {
    let found = (Failed, Some(Cause::StorageFull));
    let nights = [night(0, (Failed, None), Well), night(24, found, Well), night(48, (Failed, None), Well)];
    let cause = News::Cause { module: module("mail1"), before: Cause::Unknown, now: Cause::StorageFull };
    assert_eq!(news(&nights[..2]), [cause]);
    assert_eq!(news(&nights), []);
}

#[test]
fn of_a_muted_application_nothing_is_new_until_it_is_not_any_more() {
    let (first, began_at) = night(0, (Failed, None), Failed);
    let mut incident = turn(None, &first, began_at, false).unwrap().incident;
    let is_muted = |module: &ModuleId| module.as_str() == "web1";
    incident.tell(JobId(1), "subject", began_at, is_muted);
    let (second, began_at) = night(24, (Failed, None), Failed);
    let incident = turn(Some(&incident), &second, began_at, false).unwrap().incident;
    assert_eq!(incident.news(&second, is_muted), []);
    assert_eq!(incident.news(&second, |_| false), [News::Application { module: module("web1") }]);
}

#[test]
fn what_reached_nobody_was_not_told() {
    let (first, began_at) = night(0, (Failed, None), Well);
    let mut incident = turn(None, &first, began_at, false).unwrap().incident;
    incident.tell(JobId(1), "subject", began_at, |_| false);
    assert!(!incident.untell(JobId(2)));
    incident.tell(JobId(2), "another subject", began_at, |_| false);
    assert!(incident.untell(JobId(2)));
    let told = incident.told.clone().unwrap();
    assert_eq!((told.first_report, told.first_subject.as_str()), (JobId(1), "subject"));
    assert_eq!(told.at, Timestamp::UNIX_EPOCH);
    incident.told = None;
    incident.tell(JobId(3), "subject", began_at, |_| false);
    assert!(incident.untell(JobId(3)));
    assert_eq!(incident.told, None);
}

#[test]
fn a_report_says_how_often_since_when_and_what_can_be_restored() {
    let mut turn = after(&[night(0, (Failed, None), Well), night(24, (Failed, None), Well)]).unwrap();
    let restorable = Restorable {
        at: at(-24),
        as_of: at(24),
        destination: None,
        size: Some(7),
        known_from: KnownFrom::Repository,
    };
    turn.incident.applications[0].restorable = Some(restorable.clone());
    let said = turn.incident.as_reported(false, vec![]);
    assert_eq!((said.since, said.failing_runs, said.first_report), (at(0), 2, Some(JobId(1))));
    assert_eq!(said.applications[0].restorable, Some(restorable));
    // It stays known when the repository can't be read.
    let (third, began_at) = night(48, (Failed, None), Well);
    let third = super::turn(Some(&turn.incident), &third, began_at, false).unwrap();
    assert!(third.incident.applications[0].restorable.is_some());
}
