// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The decision whether a report is mailed, and why. Pure, and all of the policy: whoever wants to know why a mail was or was not
//! sent finds the answer here.

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use super::notification::Notification;
use crate::{
    alert::{Alert, Source},
    config::{NotifyOn, Settings},
    correlator::correlation::Outcome,
    ids::PlanId,
    report::Report,
};

/// Whether a report is mailed, and why. In JSON `{"send": true, "reason": "new"}`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It is mailed.
    Send(SendReason),
    /// It is kept, and not mailed.
    Hold(HoldReason),
}

/// Why a report is mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SendReason {
    /// A problem that was not reported before.
    New,
    /// What was reported before has changed.
    Changed,
    /// Nothing has changed, but that was last reported `NOTIFY_REPEAT_SECONDS` ago.
    Reminder,
    /// What was reported as a problem is well again.
    Recovered,
    /// All is well, though an alert said otherwise.
    AllClear,
    /// All is well, and `NOTIFY_ON` is `always`.
    EveryRun,
    /// Somebody asked for it to be sent again.
    Requested,
}

/// Why a report is not mailed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum HoldReason {
    /// Nothing has changed since it was reported. Somebody asked all the same, so the report is kept.
    Unchanged,
    /// Nothing has changed since it was reported, and nobody asked: not even the report is kept.
    NothingNew,
    /// All is well, no alert said otherwise, and `NOTIFY_ON` is `failure`.
    AllWell,
    /// There is something to report, and no recipient. It waits for one.
    NoRecipients,
}

impl Decision {
    /// True when the mail is to be sent.
    pub const fn is_send(self) -> bool {
        matches!(self, Decision::Send(_))
    }

    /// True when the mail is to be queued: it is sent, or would be if there were a recipient.
    pub const fn is_queued(self) -> bool {
        matches!(self, Decision::Send(_) | Decision::Hold(HoldReason::NoRecipients))
    }

    /// True when the report is to be kept.
    pub const fn keeps_report(self) -> bool {
        !matches!(self, Decision::Hold(HoldReason::NothingNew))
    }
}

/// A decision as it is written in JSON.
#[derive(Serialize, Deserialize)]
struct Written<R> {
    send: bool,
    reason: R,
}

impl Serialize for Decision {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Decision::Send(reason) => Written { send: true, reason }.serialize(serializer),
            Decision::Hold(reason) => Written { send: false, reason }.serialize(serializer),
        }
    }
}

impl<'de> Deserialize<'de> for Decision {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        #[derive(Deserialize)]
        #[serde(untagged)]
        enum Reason {
            Send(SendReason),
            Hold(HoldReason),
        }
        let Written { send, reason } = Written::<Reason>::deserialize(deserializer)?;
        match (send, reason) {
            (true, Reason::Send(reason)) => Ok(Decision::Send(reason)),
            (false, Reason::Hold(reason)) => Ok(Decision::Hold(reason)),
            _ => Err(serde::de::Error::custom("a reason to send for what is held, or the reverse")),
        }
    }
}

/// What the decision depends on of the report itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Found {
    /// What it says of each plan.
    pub notifications: Vec<Notification>,
    /// Its outcome.
    pub outcome: Outcome,
    /// True when a plan is well again of which a problem was reported.
    pub has_recovered: bool,
    /// True when a backup that succeeded holds far less than before.
    pub has_shrunk: bool,
}

impl Found {
    /// What the decision depends on of `report`.
    pub fn of(report: &Report) -> Self {
        Self {
            notifications: super::notification::notifications(report),
            outcome: report.outcome,
            has_recovered: !report.changes.recovered.is_empty(),
            has_shrunk: !report.changes.shrunk.is_empty(),
        }
    }

    /// What it says of a plan.
    pub fn notification_of(&self, plan: &PlanId) -> Option<&Notification> {
        self.notifications.iter().find(|notification| notification.plan == plan.as_str())
    }
}

/// Where the report came from, as far as the decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Origin {
    /// True when an alert said that something is wrong, so that somebody may be alarmed.
    pub has_alarmed: bool,
    /// True when whoever started it repeats itself to be answered again.
    pub is_repeated_on_purpose: bool,
}

impl Origin {
    /// The origin of a report that these alerts started; `is_follow_up` for a second look at what was reported as unsettled.
    pub fn of(alerts: &[Alert], is_follow_up: bool) -> Self {
        let sources = || alerts.iter().map(|alert| alert.source);
        Self {
            has_alarmed: sources().any(Source::has_alarmed),
            is_repeated_on_purpose: !is_follow_up && sources().any(Source::repeats_on_purpose),
        }
    }
}

/// What the configuration says about it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Policy {
    /// `NOTIFY_ON`
    pub on: NotifyOn,
    /// `NOTIFY_REPEAT_SECONDS`
    pub repeat: SignedDuration,
    /// Whether `MAIL_TO` names anybody.
    pub has_recipients: bool,
}

impl Policy {
    /// What these settings say.
    pub fn of(settings: &Settings) -> Self {
        Self {
            on: settings.notify.on,
            repeat: SignedDuration::try_from(settings.notify.repeat).unwrap_or(SignedDuration::MAX),
            has_recipients: !settings.mail.to.is_empty(),
        }
    }
}

/// What was reported of one plan before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// The last that was reported of it.
    pub last: Option<Reported>,
    /// The digest of what was reported of this very run, where the run watcher followed it: the next run may have been reported meanwhile.
    pub of_this_run: Option<String>,
}

/// What was reported of a plan, and when.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reported {
    /// What was said of it.
    pub digest: String,
    /// How it came out.
    pub outcome: Outcome,
    /// When.
    pub at: Timestamp,
}

/// How what is found compares with what was reported before.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Comparison {
    /// All of it was reported within the repeat time.
    Recent,
    /// All of it was reported, but longer ago.
    Stale,
    /// A problem was reported, and this is another one.
    Different,
    /// No problem was reported of any of the plans.
    Unreported,
}

/// Decides at `now` whether a report is mailed. `before` says of each plan, by its place in `found.notifications`, what was reported of it.
pub fn decide(found: &Found, before: &[Before], origin: Origin, policy: &Policy, now: Timestamp) -> Decision {
    let comparison = compare(found, before, origin, policy, now);
    let reason = match comparison {
        Comparison::Recent if origin.is_repeated_on_purpose => return Decision::Hold(HoldReason::Unchanged),
        Comparison::Recent => return Decision::Hold(HoldReason::NothingNew),
        _ if found.has_recovered => SendReason::Recovered,
        Comparison::Stale if found.outcome != Outcome::Success => SendReason::Reminder,
        Comparison::Different if found.outcome != Outcome::Success => SendReason::Changed,
        _ if found.outcome != Outcome::Success || found.has_shrunk => SendReason::New,
        _ if origin.has_alarmed => SendReason::AllClear,
        _ => match policy.on {
            NotifyOn::Always => SendReason::EveryRun,
            NotifyOn::Failure => return Decision::Hold(HoldReason::AllWell),
        },
    };
    if policy.has_recipients { Decision::Send(reason) } else { Decision::Hold(HoldReason::NoRecipients) }
}

fn compare(found: &Found, before: &[Before], origin: Origin, policy: &Policy, now: Timestamp) -> Comparison {
    let since = now.saturating_sub(policy.repeat).unwrap_or(Timestamp::MIN);
    let pairs = || found.notifications.iter().zip(before);
    let is_same = |(notification, before): &(&Notification, &Before)| {
        before.last.as_ref().is_some_and(|last| last.digest == notification.digest)
    };
    let is_recent = |pair: (&Notification, &Before)| {
        let (notification, before) = pair;
        // What was reported in the future was reported by a clock that was set back.
        let reported = |last: &Reported| last.at > since && last.at <= now;
        let of_this_run = !origin.is_repeated_on_purpose
            && before.of_this_run.as_deref() == Some(notification.digest.as_str());
        of_this_run || (is_same(&pair) && before.last.as_ref().is_some_and(reported))
    };
    let had_problem = |(_, before): (&Notification, &Before)| {
        before.last.as_ref().is_some_and(|last| last.outcome != Outcome::Success)
    };
    if found.notifications.is_empty() {
        Comparison::Unreported
    } else if pairs().all(is_recent) {
        Comparison::Recent
    } else if pairs().all(|pair| is_same(&pair)) {
        Comparison::Stale
    } else if pairs().any(had_problem) {
        Comparison::Different
    } else {
        Comparison::Unreported
    }
}

#[cfg(test)]
mod tests {
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
        };
        let notifications = digests.iter().enumerate().map(notification).collect();
        Found { notifications, outcome, has_recovered: false, has_shrunk: false }
    }

    fn failed(digest: &str) -> Found {
        found(Outcome::Partial, &[digest])
    }

    fn well() -> Found {
        found(Outcome::Success, &["ok"])
    }

    fn reported(digest: &str, outcome: Outcome, at: Timestamp) -> Before {
        Before { last: Some(Reported { digest: digest.into(), outcome, at }), of_this_run: None }
    }

    fn nothing() -> Before {
        Before::default()
    }

    const WEBHOOK: Origin = Origin { has_alarmed: true, is_repeated_on_purpose: true };
    const POLL: Origin = Origin { has_alarmed: true, is_repeated_on_purpose: false };
    const RUN: Origin = Origin { has_alarmed: false, is_repeated_on_purpose: false };
    const ON_FAILURE: Policy = Policy { on: NotifyOn::Failure, repeat: DAY, has_recipients: true };
    const ALWAYS: Policy = Policy { on: NotifyOn::Always, ..ON_FAILURE };
    const NOBODY: Policy = Policy { has_recipients: false, ..ON_FAILURE };

    #[test]
    fn each_reason_has_its_case() {
        use Decision::{Hold, Send};
        use HoldReason::{AllWell, NoRecipients, NothingNew, Unchanged};
        use Outcome::{Partial, Success};
        use SendReason::{AllClear, Changed, EveryRun, New, Recovered, Reminder};
        let recovered = Found { has_recovered: true, ..well() };
        let shrunk = Found { has_shrunk: true, ..well() };
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
        assert_eq!(
            decision(reported("c", Outcome::Partial, hours_ago(1))),
            Decision::Send(SendReason::Changed)
        );
        assert_eq!(decision(nothing()), Decision::Send(SendReason::Changed));
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
}
