// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The decision whether a report is mailed, and why. Pure, and all of the policy: whoever wants to know why a mail was or was not
//! sent finds the answer here.

use std::collections::BTreeSet;

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize, Serializer};

use super::notification::Notification;
use crate::{
    alert::{Alert, Source},
    audience::AudiencePlans,
    config::{NotifyOn, Settings},
    correlator::correlation::Outcome,
    ids::{ModuleId, PlanId},
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
    /// Fewer runs in a row have failed than `NOTIFY_AFTER_FAILURES` says.
    TooFew,
    /// What is not well is muted for now (`NOTIFY_MUTED`).
    Muted,
    /// There is something to report, and no recipient. It waits for one.
    NoRecipients,
}

impl Decision {
    /// What several audiences' decisions are to the report: it is mailed if it is to one of them, for the first reason that one has. None of none.
    pub fn joined(decisions: &[Decision]) -> Option<Decision> {
        let sends = SEND_ORDER.into_iter().map(Decision::Send);
        let holds = HOLD_ORDER.into_iter().map(Decision::Hold);
        let mut order = sends.chain([Decision::Hold(HoldReason::NoRecipients)]).chain(holds);
        order.find(|decision| decisions.contains(decision)).or_else(|| decisions.first().copied())
    }

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
    /// The plans that are well again of which a problem was reported.
    pub recovered: Vec<PlanId>,
    /// The applications, with their plans, whose backup holds far less than before, though it succeeded, or of which most snapshots are gone.
    pub shrunk: Vec<(PlanId, ModuleId)>,
}

impl Found {
    /// What the decision depends on of `report`.
    pub fn of(report: &Report) -> Self {
        let changes = &report.changes;
        let shrunk = changes.shrunk.iter().map(|shrunk| (shrunk.plan.clone(), shrunk.module.clone()));
        let thinned = changes.thinned.iter().map(|thinned| (thinned.plan.clone(), thinned.module.clone()));
        Self {
            notifications: super::notification::notifications(report),
            outcome: report.outcome,
            recovered: changes.recovered.clone(),
            shrunk: shrunk.chain(thinned).collect(),
        }
    }

    /// The part of it that an audience with these plans sees, with the part of `before` that belongs to it.
    pub fn seen_by(&self, before: &[Before], plans: &AudiencePlans) -> (Found, Vec<Before>) {
        let seen = self.notifications.iter().zip(before).filter(|(notification, _)| match plans {
            AudiencePlans::All => true,
            AudiencePlans::These(plans) => plans.iter().any(|plan| plan.as_str() == notification.plan),
        });
        let (notifications, before): (Vec<_>, Vec<_>) =
            seen.map(|(notification, before)| (notification.clone(), before.clone())).unzip();
        let found = Found {
            outcome: notifications
                .iter()
                .map(|notification| notification.outcome)
                .max()
                .unwrap_or(self.outcome),
            notifications,
            recovered: self.recovered.iter().filter(|plan| plans.sees(plan)).cloned().collect(),
            shrunk: self.shrunk.iter().filter(|(plan, _)| plans.sees(plan)).cloned().collect(),
        };
        (found, before)
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
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Policy {
    /// `NOTIFY_ON`
    pub on: NotifyOn,
    /// `NOTIFY_REPEAT_SECONDS`
    pub repeat: SignedDuration,
    /// `NOTIFY_AFTER_FAILURES`
    pub after_failures: u32,
    /// The plans and applications that are muted now.
    pub muted: BTreeSet<String>,
    /// Whether there is anybody to be told.
    pub has_recipients: bool,
}

impl Policy {
    /// What these settings say at `now`.
    pub fn of(settings: &Settings, now: Timestamp) -> Self {
        Self {
            // Of a run that somebody wants to hear of; who does not is asked one by one.
            on: settings
                .mail
                .audiences
                .iter()
                .map(|audience| audience.on)
                .max()
                .unwrap_or(settings.notify.on),
            repeat: SignedDuration::try_from(settings.notify.repeat).unwrap_or(SignedDuration::MAX),
            after_failures: settings.notify.after_failures,
            muted: settings.notify.muted.at(now, &settings.zone),
            has_recipients: !settings.mail.audiences.is_empty() || settings.webhook.is_some(),
        }
    }

    /// True when nothing is mailed of a plan.
    fn mutes_plan(&self, notification: &Notification) -> bool {
        self.muted.contains(&notification.plan)
    }

    /// True when nothing is mailed of any application that is not well, and there is one.
    fn mutes_all_unwell(&self, notification: &Notification) -> bool {
        let unwell = &notification.unwell;
        !unwell.is_empty() && unwell.iter().all(|module| self.mutes_application(module))
    }

    /// True when nothing is mailed of an application.
    pub fn mutes_application(&self, module: &ModuleId) -> bool {
        self.muted.contains(module.as_str())
    }
}

/// What was reported of one plan before.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Before {
    /// The last that was reported of it.
    pub last: Option<Reported>,
    /// The digest of what was reported of this very run, where the run watcher followed it: the next run may have been reported meanwhile.
    pub of_this_run: Option<String>,
    /// True when a report says the same of this very run, mailed or not.
    pub is_known_run: bool,
    /// True when the last that was told was that nothing could be read, so that another mail is expected.
    pub was_unread: bool,
    /// The plan's incident, this run included.
    pub incident: Option<Standing>,
}

/// How an incident stands, as far as the decision depends on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Standing {
    /// How many runs in a row were not SUCCESS.
    pub failing_runs: u32,
    /// When it was last mailed. None when it was not.
    pub told_at: Option<Timestamp>,
    /// True when something is new since.
    pub has_news: bool,
    /// True when this run closes it.
    pub is_over: bool,
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

/// What a report is to a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// It is mailed, for this reason.
    Send(SendReason),
    /// For this plan alone nothing would be mailed. `is_known` when what it says of the plan was reported before.
    Hold {
        /// Why.
        reason: HoldReason,
        /// Whether a report has said the same of the run.
        is_known: bool,
    },
}

impl Verdict {
    /// True when the plan is left out of a mail that others bring about. A run that is well and has not been reported is not: it says that
    /// the others are alone.
    pub const fn is_quiet(self) -> bool {
        match self {
            Verdict::Send(_) => false,
            Verdict::Hold { reason: HoldReason::AllWell, is_known } => is_known,
            Verdict::Hold { .. } => true,
        }
    }
}

/// The order of reasons where there are several: the first is the report's.
const SEND_ORDER: [SendReason; 6] = [
    SendReason::New,
    SendReason::Changed,
    SendReason::Recovered,
    SendReason::Reminder,
    SendReason::AllClear,
    SendReason::EveryRun,
];
const HOLD_ORDER: [HoldReason; 4] =
    [HoldReason::Unchanged, HoldReason::TooFew, HoldReason::Muted, HoldReason::AllWell];

/// Decides at `now` whether a report is mailed. `before` says of each plan, by its place in `found.notifications`, what was reported of it.
pub fn decide(found: &Found, before: &[Before], origin: Origin, policy: &Policy, now: Timestamp) -> Decision {
    let verdicts = verdicts(found, before, origin, policy, now);
    let sends = |reason: &SendReason| verdicts.contains(&Verdict::Send(*reason));
    let holds = |reason: &HoldReason| {
        verdicts.iter().any(|verdict| matches!(verdict, Verdict::Hold { reason: held, .. } if held == reason))
    };
    // A report without plans can't have been reported before.
    let reason = if verdicts.is_empty() { Some(SendReason::New) } else { SEND_ORDER.into_iter().find(sends) };
    match reason {
        Some(reason) if policy.has_recipients => Decision::Send(reason),
        Some(_) => Decision::Hold(HoldReason::NoRecipients),
        None => Decision::Hold(HOLD_ORDER.into_iter().find(holds).unwrap_or(HoldReason::NothingNew)),
    }
}

/// What a report is to each of its plans.
pub fn verdicts(
    found: &Found,
    before: &[Before],
    origin: Origin,
    policy: &Policy,
    now: Timestamp,
) -> Vec<Verdict> {
    let pairs = found.notifications.iter().zip(before);
    pairs
        .map(|(notification, before)| Case { found, notification, before, origin, policy, now }.verdict())
        .collect()
}

/// One plan in a report.
struct Case<'a> {
    found: &'a Found,
    notification: &'a Notification,
    before: &'a Before,
    origin: Origin,
    policy: &'a Policy,
    now: Timestamp,
}

impl Case<'_> {
    fn verdict(&self) -> Verdict {
        // That others are well again is told all the same: the news are of those that are not muted.
        let has_news = self.before.incident.is_some_and(|incident| incident.has_news);
        if self.policy.mutes_plan(self.notification)
            || (!has_news && !self.has_shrunk_anew() && self.policy.mutes_all_unwell(self.notification))
        {
            return self.hold(HoldReason::Muted);
        }
        match self.before.incident {
            Some(incident) if incident.is_over => match incident.told_at {
                Some(_) => Verdict::Send(SendReason::Recovered),
                None => self.without_incident(),
            },
            // What is gone does not come back with the next run.
            Some(incident)
                if incident.failing_runs < self.policy.after_failures && !self.has_shrunk_anew() =>
            {
                self.hold(HoldReason::TooFew)
            }
            Some(incident) => match incident.told_at {
                // What 0.1.0 reported was no incident.
                None => self.without_incident(),
                Some(_) if incident.has_news || self.before.was_unread || self.has_shrunk_anew() => {
                    Verdict::Send(SendReason::Changed)
                }
                Some(_) if self.is_told_of_this_run() => self.nothing_new(),
                Some(told_at) if self.is_recent(told_at) => self.nothing_new(),
                Some(_) => Verdict::Send(SendReason::Reminder),
            },
            None => self.without_incident(),
        }
    }

    /// The verdict by what was last reported of the plan.
    fn without_incident(&self) -> Verdict {
        let Self { found, notification, before, origin, policy, .. } = self;
        let is_well = notification.outcome == Outcome::Success;
        let last = before.last.as_ref();
        let had_problem = last.is_some_and(|last| last.outcome != Outcome::Success);
        let was_told = self.is_same() && last.is_some_and(|last| self.is_recent(last.at));
        let has_recovered = found.recovered.iter().any(|plan| plan.as_str() == notification.plan);
        if self.is_told_of_this_run() || was_told {
            self.nothing_new()
        } else if has_recovered {
            Verdict::Send(SendReason::Recovered)
        } else if self.is_same() && !is_well {
            Verdict::Send(SendReason::Reminder)
        } else if had_problem && !is_well {
            Verdict::Send(SendReason::Changed)
        } else if !is_well || self.has_shrunk() {
            Verdict::Send(SendReason::New)
        } else if origin.has_alarmed {
            Verdict::Send(SendReason::AllClear)
        } else {
            match policy.on {
                NotifyOn::Always => Verdict::Send(SendReason::EveryRun),
                NotifyOn::Failure => self.hold(HoldReason::AllWell),
            }
        }
    }

    /// Another run with the same result is kept, and so is what somebody asked about on purpose.
    fn nothing_new(&self) -> Verdict {
        let is_known = self.before.is_known_run || self.is_same() || self.is_told_of_this_run();
        self.hold(match self.origin.is_repeated_on_purpose || !is_known {
            true => HoldReason::Unchanged,
            false => HoldReason::NothingNew,
        })
    }

    /// A hold; of a run that was reported before there is nothing more to keep.
    fn hold(&self, reason: HoldReason) -> Verdict {
        Verdict::Hold { reason, is_known: self.before.is_known_run || self.is_same() }
    }

    /// True when the last that was reported of the plan is the same.
    fn is_same(&self) -> bool {
        self.before.last.as_ref().is_some_and(|last| last.digest == self.notification.digest)
    }

    /// True when the same was reported of this very run.
    fn is_told_of_this_run(&self) -> bool {
        !self.origin.is_repeated_on_purpose
            && self.before.of_this_run.as_deref() == Some(self.notification.digest.as_str())
    }

    /// True when that was reported within the repeat time. What was reported in the future was reported by a clock that was set back.
    fn is_recent(&self, at: Timestamp) -> bool {
        at > self.now.saturating_sub(self.policy.repeat).unwrap_or(Timestamp::MIN) && at <= self.now
    }

    /// True when an application that is not muted has lost most of its data or snapshots.
    fn has_shrunk(&self) -> bool {
        self.found.shrunk.iter().any(|(plan, module)| {
            plan.as_str() == self.notification.plan && !self.policy.mutes_application(module)
        })
    }

    /// True when that was not just reported.
    fn has_shrunk_anew(&self) -> bool {
        self.has_shrunk() && !self.is_same() && !self.is_told_of_this_run()
    }
}

#[cfg(test)]
mod tests;
