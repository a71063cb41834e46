// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::{
    correlator::correlation::{Destination, Outcome},
    ids::{ModuleId, NodeId, PlanId},
    repo_check::findings::Health,
    report::history::{ApplicationRecord, RunRecord},
};

const HERE: &str = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8";
const ELSEWHERE: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";

/// A time in November 2026: `25 02:00`.
fn at(text: &str) -> Timestamp {
    let (day, time) = text.split_once(' ').unwrap();
    format!("2026-11-{day}T{time}:00Z").parse().unwrap()
}

/// A repository of a nightly plan, read at nine o'clock on the 25th.
struct Case {
    plan: PlanEntry,
    record: RestorePointRecord,
    runs: Vec<PastRun>,
    known_since: Option<Timestamp>,
    now: Timestamp,
}

impl Case {
    /// All is well: retention 3, three snapshots, the last of last night.
    fn new() -> Self {
        let module = ModuleId::new("mail1").unwrap();
        let application = ApplicationEntry {
            module: module.clone(),
            label: None,
            node: NodeId::new("1").unwrap(),
            last: None,
        };
        let plan = PlanEntry {
            id: PlanId::new("1").unwrap(),
            name: Some("Nightly".into()),
            destination: Some("BackBlaze".into()),
            destination_id: DestinationId::new(HERE).ok(),
            schedule: Some("*-*-* 02:00:00".into()),
            enabled: true,
            retention: Some(3),
            applications: vec![application],
        };
        let record = RestorePointRecord {
            plan: plan.id.clone(),
            module,
            destination: DestinationId::new(HERE).unwrap(),
            newest: Some(at("25 02:00")),
            size: None,
            count: Some(3),
            proved_at: Some(at("25 09:00")),
            health: Health::Ok,
            proof: ProofMemory {
                asked_at: Some(at("25 09:00")),
                since: Some(at("01 09:00")),
                retention: Some(3),
                kept_since: Some(at("01 09:00")),
                most: Some(3),
            },
        };
        let mut case = Self { plan, record, runs: Vec::new(), known_since: None, now: at("25 09:00") };
        case.last("25 02:00", "25 02:10", 0);
        case
    }

    fn last(&mut self, start: &str, end: &str, errors: u64) -> &mut Self {
        self.plan.applications[0].last =
            Some(Run { start: Some(at(start)), end: at(end), errors, size: None, files: None, error: None });
        self
    }

    fn found(&mut self, newest: Option<&str>, count: usize) -> &mut Self {
        (self.record.newest, self.record.count) = (newest.map(at), Some(count));
        self
    }

    /// Keeps a good run.
    fn ran(&mut self, start: &str, end: &str, destination: &str) -> &mut Self {
        let application = ApplicationRecord {
            module: ModuleId::new("mail1").unwrap(),
            label: None,
            node: NodeId::new("1").unwrap(),
            state: State::Ok,
            ended_at: Some(at(end)),
            size: None,
            files: None,
            duration_seconds: None,
        };
        let id = DestinationId::new(destination).unwrap();
        let run = RunRecord {
            plan: self.plan.id.clone(),
            name: None,
            destination: Some(Destination { id, name: None, url: None }),
            schedule: None,
            next: None,
            followed: true,
            began_at: at(start),
            ended_at: at(end),
            outcome: Outcome::Success,
            applications: vec![application],
        };
        self.runs.insert(0, PastRun { report: None, run });
        self
    }

    fn gaps(&self) -> Vec<Gap> {
        let evidence = Evidence {
            plan: &self.plan,
            application: &self.plan.applications[0],
            destination: &self.record.destination,
            record: &self.record,
            runs: &self.runs,
            known_since: self.known_since,
        };
        judge(&evidence, self.now, &TimeZone::UTC)
    }

    fn kinds(&self) -> Vec<&'static str> {
        self.gaps().iter().map(|gap| gap.kind.as_str()).collect()
    }
}

fn kinds(change: impl FnOnce(&mut Case)) -> Vec<&'static str> {
    let mut case = Case::new();
    change(&mut case);
    case.kinds()
}

/// What is different in a case.
type Change = fn(&mut Case);

const NONE: [&str; 0] = [];
const CONTRADICTED: [&str; 1] = ["success-without-snapshot"];
const OLD: [&str; 1] = ["snapshot-old"];
const FEW: [&str; 1] = ["snapshots-few"];

#[test]
fn a_repository_that_is_well_is_no_gap_and_of_one_never_read_nothing_is_said() {
    assert_eq!(kinds(|_| ()), NONE);
    let never_read = |case: &mut Case| {
        case.found(None, 0);
        (case.record.count, case.record.proved_at) = (None, None);
    };
    assert_eq!(kinds(never_read), NONE);
}

#[test]
fn a_success_without_a_snapshot_of_its_time_is_a_contradiction() {
    let mut case = Case::new();
    case.found(Some("24 02:00"), 3);
    let gaps = case.gaps();
    assert_eq!(gaps.len(), 1);
    let gap = &gaps[0];
    assert_eq!(gap.key(), format!("success-without-snapshot/1/mail1/{HERE}"));
    assert_eq!(gap.facts.run_at, Some(at("25 02:10")));
    assert_eq!(gap.facts.newest_snapshot, Some(at("24 02:00")));
    assert_eq!(gap.destination.as_ref().unwrap().name.as_deref(), Some("BackBlaze"));
    let found = kinds(|case| {
        case.found(None, 0);
    });
    assert_eq!(found, CONTRADICTED, "and nothing else is said");
}

#[test]
fn what_can_not_be_compared_is_no_contradiction() {
    let cases: [(&str, Change); 5] = [
        ("it failed", |case| {
            case.last("25 02:00", "25 02:10", 1);
        }),
        ("it ended after the repository was read", |case| {
            case.last("25 08:59", "25 09:01", 0);
        }),
        ("its beginning is not known", |case| {
            case.plan.applications[0].last.as_mut().unwrap().start = None;
        }),
        ("it wrote to another destination", |case| {
            case.ran("25 02:00", "25 02:10", ELSEWHERE);
        }),
        ("it never ran", |case| case.plan.applications[0].last = None),
    ];
    for (what, change) in cases {
        let found = kinds(|case| {
            case.found(Some("24 02:00"), 3);
            change(case);
        });
        assert_eq!(found, NONE, "{what}");
    }
    let here = |case: &mut Case| {
        case.found(Some("24 02:00"), 3).ran("25 02:00", "25 02:10", HERE);
    };
    assert_eq!(kinds(here), CONTRADICTED);
}

#[test]
fn a_snapshot_is_old_once_two_runs_should_have_made_one() {
    // now, newest: is it old?
    let nightly = [
        ("25 09:00", "24 02:05", false),
        ("25 09:00", "23 23:59", true),
        // The run of the 25th may still come to it.
        ("25 03:00", "23 02:05", false),
        ("25 04:01", "23 02:05", true),
    ];
    for (now, newest, expected) in nightly {
        let found = kinds(|case| {
            case.now = at(now);
            case.record.proved_at = Some(at(now));
            case.last("24 02:00", "24 02:10", 1).found(Some(newest), 3);
        });
        assert_eq!(found, if expected { &OLD[..] } else { &NONE[..] }, "{newest} at {now}");
    }
    // The 25th is a Wednesday: over a weekend, nothing is old.
    let workdays =
        [("23 01:00", "20 02:05", false), ("23 09:00", "20 02:05", false), ("24 09:00", "20 02:05", true)];
    for (now, newest, expected) in workdays {
        let found = kinds(|case| {
            case.plan.schedule = Some("Mon..Fri 02:00".into());
            case.now = at(now);
            case.record.proved_at = Some(at(now));
            case.last("20 02:00", "20 02:10", 1).found(Some(newest), 3);
        });
        assert_eq!(found, if expected { &OLD[..] } else { &NONE[..] }, "{newest} at {now}");
    }
}

#[test]
fn a_snapshot_is_not_old_where_none_was_due_or_a_newer_one_may_be_there() {
    let cases: [(&str, Change); 5] = [
        ("the plan is off", |case| case.plan.enabled = false),
        ("it was turned on yesterday", |case| case.known_since = Some(at("24 12:00"))),
        ("a later run is not proved yet", |case| {
            case.last("25 02:00", "25 02:10", 0).record.proved_at = Some(at("24 20:00"));
        }),
        ("the application was added yesterday", |case| {
            case.found(None, 0).record.proof.since = Some(at("24 12:00"));
            case.record.proof.most = Some(0);
        }),
        ("its schedule can't be read, and it is two days old", |case| {
            case.plan.schedule = Some("never".into());
            case.found(Some("23 08:00"), 3);
        }),
    ];
    for (what, change) in cases {
        let found = kinds(|case| {
            case.last("24 02:00", "24 02:10", 1).found(Some("20 02:00"), 3);
            change(case);
        });
        assert_eq!(found, NONE, "{what}");
    }
    let never = |case: &mut Case| {
        case.plan.applications[0].last = None;
        case.record.proof.most = Some(0);
        case.found(None, 0);
    };
    assert_eq!(kinds(never), OLD, "it has been in the plan since the first, and never had a snapshot");
}

#[test]
fn fewer_snapshots_than_the_retention_keeps_are_seen_whatever_the_last_run_did() {
    let found = kinds(|case| {
        case.found(Some("25 02:00"), 2);
    });
    assert_eq!(found, FEW);
    let mut case = Case::new();
    case.found(Some("25 02:00"), 1);
    let facts = case.gaps()[0].facts;
    assert_eq!((facts.expected_snapshots, facts.found_snapshots), (Some(3), Some(1)));
    // A young plan has as many as it has made.
    for (good_runs, count, expected) in
        [(1, 1, false), (2, 1, true), (2, 2, false), (9, 3, false), (9, 2, true)]
    {
        let found = kinds(|case| {
            case.record.proof.most = Some(1);
            case.found(Some("25 02:00"), count);
            for day in (25 - good_runs + 1)..=25 {
                case.ran(&format!("{day:02} 02:00"), &format!("{day:02} 02:10"), HERE);
            }
        });
        assert_eq!(found, if expected { &FEW[..] } else { &NONE[..] }, "{count} after {good_runs} good runs");
    }
    let elsewhere = |case: &mut Case| {
        case.record.proof.most = Some(1);
        case.found(Some("25 02:00"), 1)
            .ran("24 02:00", "24 02:10", ELSEWHERE)
            .ran("25 02:00", "25 02:10", HERE);
    };
    assert_eq!(kinds(elsewhere), NONE, "what was written elsewhere is not missed here");
    let unlimited = |case: &mut Case| {
        case.record.proof.retention = None;
        case.found(Some("25 02:00"), 1);
    };
    assert_eq!(kinds(unlimited), NONE);
}

#[test]
fn what_a_retention_keeps_counts_from_when_the_plan_says_so() {
    let first = remember(None, Some(3), Some(2), at("01 09:00"));
    assert_eq!(
        (first.since, first.kept_since, first.most),
        (Some(at("01 09:00")), Some(at("01 09:00")), Some(2))
    );
    let later = remember(Some(first), Some(3), Some(3), at("02 09:00"));
    let unread = remember(Some(later), Some(3), None, at("03 09:00"));
    assert_eq!(
        (unread.asked_at, unread.kept_since, unread.most),
        (Some(at("03 09:00")), Some(at("01 09:00")), Some(3))
    );
    // Raised: what is there is all that can be expected.
    let raised = remember(Some(unread), Some(30), Some(3), at("04 09:00"));
    assert_eq!(
        (raised.kept_since, raised.most, raised.since),
        (Some(at("04 09:00")), Some(3), Some(at("01 09:00")))
    );
    let found = kinds(|case| {
        case.record.proof = raised;
    });
    assert_eq!(found, NONE);
}
