// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;

const DAY: SignedDuration = SignedDuration::from_hours(24);

fn now() -> Timestamp {
    "2026-11-22T07:00:00Z".parse().unwrap()
}

fn hours_ago(hours: i64) -> Timestamp {
    now() - SignedDuration::from_hours(hours)
}

fn found(outcome: Outcome, digests: &[&str]) -> Found {
    let notification = |(index, digest): (usize, &&str)| Notification {
        plan: (index + 1).to_string(),
        digest: (*digest).to_owned(),
        outcome,
        unwell: Vec::new(),
    };
    let notifications = digests.iter().enumerate().map(notification).collect();
    Found { notifications, outcome, recovered: Vec::new(), shrunk: Vec::new() }
}

fn failed(digest: &str) -> Found {
    found(Outcome::Partial, &[digest])
}

fn well() -> Found {
    found(Outcome::Success, &["ok"])
}

fn reported(digest: &str, outcome: Outcome, at: Timestamp) -> Before {
    Before { last: Some(Reported { digest: digest.into(), outcome, at }), ..Before::default() }
}

fn plan() -> PlanId {
    PlanId::new("1").unwrap()
}

fn nothing() -> Before {
    Before::default()
}

const WEBHOOK: Origin = Origin { has_alarmed: true, is_repeated_on_purpose: true };
const POLL: Origin = Origin { has_alarmed: true, is_repeated_on_purpose: false };
const RUN: Origin = Origin { has_alarmed: false, is_repeated_on_purpose: false };
const ON_FAILURE: Policy = Policy {
    on: NotifyOn::Failure,
    repeat: DAY,
    after_failures: 1,
    muted: BTreeSet::new(),
    has_recipients: true,
};
const ALWAYS: Policy = Policy {
    on: NotifyOn::Always,
    repeat: DAY,
    after_failures: 1,
    muted: BTreeSet::new(),
    has_recipients: true,
};
const NOBODY: Policy = Policy {
    on: NotifyOn::Failure,
    repeat: DAY,
    after_failures: 1,
    muted: BTreeSet::new(),
    has_recipients: false,
};

#[test]
fn each_reason_has_its_case() {
    use Decision::{Hold, Send};
    use HoldReason::{AllWell, NoRecipients, NothingNew, Unchanged};
    use Outcome::{Partial, Success};
    use SendReason::{AllClear, Changed, EveryRun, New, Recovered, Reminder};
    let recovered = Found { recovered: vec![plan()], ..well() };
    let shrunk = Found { shrunk: vec![(plan(), ModuleId::new("web1").unwrap())], ..well() };
    let told_of_run = |digest: &str| Before {
        of_this_run: Some(digest.into()),
        ..reported("the next run", Partial, hours_ago(1))
    };
    let table = [
        ("a first failure", failed("a"), nothing(), RUN, ON_FAILURE, Send(New)),
        (
            "a failure after a success",
            failed("a"),
            reported("ok", Success, hours_ago(24)),
            RUN,
            ON_FAILURE,
            Send(New),
        ),
        (
            "another failure",
            failed("b"),
            reported("a", Partial, hours_ago(5)),
            RUN,
            ON_FAILURE,
            Send(Changed),
        ),
        (
            "the same after the repeat time",
            failed("a"),
            reported("a", Partial, hours_ago(24)),
            WEBHOOK,
            ON_FAILURE,
            Send(Reminder),
        ),
        (
            "the same, reported by a clock that was ahead",
            failed("a"),
            reported("a", Partial, hours_ago(-1)),
            WEBHOOK,
            ON_FAILURE,
            Send(Reminder),
        ),
        (
            "well again",
            recovered.clone(),
            reported("a", Partial, hours_ago(24)),
            RUN,
            ON_FAILURE,
            Send(Recovered),
        ),
        ("an alert, and all is well", well(), nothing(), POLL, ON_FAILURE, Send(AllClear)),
        ("a run that is well, all wanted", well(), nothing(), RUN, ALWAYS, Send(EveryRun)),
        ("a success that holds far less", shrunk, nothing(), RUN, ON_FAILURE, Send(New)),
        (
            "a webhook repeated",
            failed("a"),
            reported("a", Partial, hours_ago(3)),
            WEBHOOK,
            ON_FAILURE,
            Hold(Unchanged),
        ),
        (
            "a poll repeated",
            failed("a"),
            reported("a", Partial, hours_ago(3)),
            POLL,
            ON_FAILURE,
            Hold(NothingNew),
        ),
        (
            "a run looked at again after the next was reported",
            failed("a"),
            told_of_run("a"),
            RUN,
            ON_FAILURE,
            Hold(NothingNew),
        ),
        ("what came late of such a run", failed("b"), told_of_run("a"), RUN, ON_FAILURE, Send(Changed)),
        (
            "a webhook asks about the last run alone",
            failed("a"),
            told_of_run("a"),
            WEBHOOK,
            ON_FAILURE,
            Send(Changed),
        ),
        ("a run that is well", well(), nothing(), RUN, ON_FAILURE, Hold(AllWell)),
        ("nobody to mail", failed("a"), nothing(), RUN, NOBODY, Hold(NoRecipients)),
        ("nobody to mail, and nothing to say", well(), nothing(), RUN, NOBODY, Hold(AllWell)),
    ];
    for (case, found, before, origin, policy, expected) in table {
        assert_eq!(decide(&found, &[before], origin, &policy, now()), expected, "{case}");
    }
}

#[test]
fn one_plan_that_has_changed_is_enough() {
    let both = found(Outcome::Partial, &["a", "b"]);
    let old = reported("a", Outcome::Partial, hours_ago(1));
    let decision = |second: Before| decide(&both, &[old.clone(), second], WEBHOOK, &ON_FAILURE, now());
    assert_eq!(
        decision(reported("b", Outcome::Partial, hours_ago(1))),
        Decision::Hold(HoldReason::Unchanged)
    );
    assert_eq!(decision(reported("c", Outcome::Partial, hours_ago(1))), Decision::Send(SendReason::Changed));
    assert_eq!(decision(nothing()), Decision::Send(SendReason::New));
}

#[test]
fn a_report_without_plans_is_always_news() {
    let nothing_found = found(Outcome::Unknown, &[]);
    assert_eq!(decide(&nothing_found, &[], RUN, &ON_FAILURE, now()), Decision::Send(SendReason::New));
}

#[test]
fn a_decision_is_written_with_its_reason_and_read_again() {
    let decisions = [
        (Decision::Send(SendReason::AllClear), r#"{"send":true,"reason":"all-clear"}"#),
        (Decision::Hold(HoldReason::NoRecipients), r#"{"send":false,"reason":"no-recipients"}"#),
    ];
    for (decision, json) in decisions {
        assert_eq!(serde_json::to_string(&decision).unwrap(), json);
        assert_eq!(serde_json::from_str::<Decision>(json).unwrap(), decision);
    }
    for wrong in [r#"{"send":true,"reason":"all-well"}"#, r#"{"send":true,"reason":"other"}"#, "{}"] {
        assert!(serde_json::from_str::<Decision>(wrong).is_err(), "{wrong}");
    }
}
