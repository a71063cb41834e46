// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The cause that a report names as one for all.

use super::{Cause, Night};
use crate::{cause::Diagnosis, correlator::correlation::State, report::Report};

/// A report in which notes1 and wiki1 are in these states, for these causes.
fn report(applications: [(State, Option<Cause>); 2]) -> Report {
    let mut report = Night::recorded("timer-success", "1").report();
    let members = &mut report.correlation.plans[0].applications;
    for (member, (state, cause)) in members.iter_mut().zip(applications) {
        member.state = state;
        member.diagnosis = cause.map(|cause| Diagnosis { cause, evidence: Vec::new(), lock: None });
    }
    report
}

#[test]
fn recorded_nights_have_one_cause_where_it_is_one_for_all() {
    let expected = [
        ("timer-destination-dead", "2", Some(Cause::StorageUnreachable)),
        ("timer-wrong-password", "1", Some(Cause::WrongPassword)),
        // wiki1 is well in these.
        ("timer-dump-failed", "1", Some(Cause::DumpFailed)),
        ("manual-dump-failed", "1", Some(Cause::DumpFailed)),
        ("timer-locked", "1", Some(Cause::LockedLive)),
        ("timer-success", "1", None),
    ];
    for (name, plan, cause) in expected {
        assert_eq!(Night::recorded(name, plan).report().common_cause(), cause, "{name}");
    }
}

#[test]
fn each_cause_but_the_unknown_one_can_be_common() {
    for cause in Cause::ALL {
        let common = report([(State::Failed, Some(cause)), (State::Failed, Some(cause))]).common_cause();
        assert_eq!(common, Some(cause).filter(|cause| *cause != Cause::Unknown));
    }
}

#[test]
fn one_whose_cause_is_another_or_not_known_leaves_none_in_common() {
    let full = (State::Failed, Some(Cause::StorageFull));
    for other in [
        (State::Failed, Some(Cause::DumpFailed)),
        (State::Failed, Some(Cause::Unknown)),
        (State::Failed, None),
        (State::Missing, None),
        (State::Missing, Some(Cause::AlreadyRunning)),
    ] {
        assert_eq!(report([full, other]).common_cause(), None, "{other:?}");
        assert_eq!(report([other, full]).common_cause(), None, "{other:?}");
    }
}

#[test]
fn what_is_well_or_still_to_come_has_no_say() {
    let killed = Some(Cause::Interrupted);
    for other in [(State::Ok, None), (State::Pending, None), (State::Missing, killed)] {
        assert_eq!(report([(State::Failed, killed), other]).common_cause(), killed, "{other:?}");
    }
    assert_eq!(report([(State::Ok, None), (State::Pending, None)]).common_cause(), None);
}

/// Two plans of one report.
#[test]
fn the_cause_is_common_to_all_plans_or_to_none() {
    let mut night = report([(State::Failed, Some(Cause::StorageFull)), (State::Ok, None)]);
    let dump = report([(State::Failed, Some(Cause::DumpFailed)), (State::Ok, None)]);
    assert_eq!(night.common_cause(), Some(Cause::StorageFull));
    night.correlation.plans.extend(dump.correlation.plans);
    assert_eq!(night.common_cause(), None);
}
