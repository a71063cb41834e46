// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Notices a plan that did not run when it was due. Pure.
//!
//! NS8's timers are transient and not `Persistent=`: a node that is off when a plan is due skips the run in silence.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::{
    collections::{BTreeMap, HashMap},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, Source},
    ids::{NodeId, PlanId},
    oncalendar::Calendar,
    run::{Run, SLOW_BACKUP},
    times::{CLOCK_SLACK, later},
};

/// The name of what is raised: the one that rules for it by hand have.
pub const MISSING: &str = "NsBackupMissing";
/// The name of what is raised for a run that is stuck.
pub const STUCK: &str = "BackupStuck";

/// What is known of a plan's schedule; kept in the journal.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanSchedule {
    /// The schedule.
    schedule: String,
    /// Since when the plan is known to be enabled with this schedule: what was due earlier was never planned, for all we know.
    since: Timestamp,
    /// The last time it was due and did not run, if that was reported.
    reported: Option<Timestamp>,
    /// The last time it was due and nothing had reported while its destination did not respond, if that was reported.
    #[serde(default)]
    stuck: Option<Timestamp>,
    /// The last result that was ever seen of it: an application may be taken out of the plan, and its result with it.
    #[serde(default)]
    last_run: Option<Timestamp>,
}

/// A plan as one look found it.
#[derive(Debug, Clone)]
pub struct PlanSnapshot<'a> {
    /// The plan.
    pub plan: &'a PlanId,
    /// Its name.
    pub name: Option<&'a str>,
    /// Its schedule, while it is enabled.
    pub schedule: Option<&'a str>,
    /// Its installed applications in the order of the run: the node of each, and its last result.
    pub members: Vec<(&'a NodeId, Option<&'a Run>)>,
    /// The plan's own result, in hand-made set-ups.
    pub result: Option<&'a Run>,
}

/// What follows from a look.
#[derive(Debug, PartialEq, Eq)]
pub struct Findings {
    /// What is to be kept of the plan.
    pub known: PlanSchedule,
    /// The run that is missing.
    pub raised: Option<Alert>,
    /// When the run was due of which nothing is seen after the settle time: it is stuck, if the destination does not respond.
    pub silent_since: Option<Timestamp>,
    /// When to look again.
    pub look_at: Option<Timestamp>,
}

/// How long is waited for a run that was due.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// After which it may be stuck.
    pub settle: Duration,
    /// After which it counts as missing.
    pub grace: Duration,
}

/// Takes a look at a plan, of which `known` was known before.
pub fn look(
    snapshot: &PlanSnapshot,
    known: Option<&PlanSchedule>,
    now: Timestamp,
    zone: &TimeZone,
    patience: Patience,
) -> Findings {
    // A plan that is not due at any time is kept without a schedule: once it has one, that is a new one.
    let schedule = snapshot.schedule.unwrap_or_default();
    let seen = snapshot.results().map(|run| run.end).max();
    // What ended in the future was seen while the clock was wrong.
    let known_before = known.and_then(|known| known.last_run).filter(|end| *end <= later(now, CLOCK_SLACK));
    let last_run = seen.max(known_before);
    let new =
        |since| PlanSchedule { schedule: schedule.to_owned(), since, reported: None, stuck: None, last_run };
    let mut known = match known {
        Some(known) if known.schedule == schedule => PlanSchedule { last_run, ..known.clone() },
        Some(_) => new(now),
        // It ran before we came; that it has had this schedule since then is not known, but likely.
        None => new(seen.unwrap_or(now)),
    };
    let Ok(calendar) = schedule.parse::<Calendar>() else {
        return Findings { known, raised: None, silent_since: None, look_at: None };
    };
    // The clock was set back.
    known.since = known.since.min(now);
    let grace = patience.grace.max(time_to_first_result(snapshot));
    let looks_at = [grace, patience.settle].into_iter().filter_map(|after| {
        let next = calendar.next(now.checked_sub(after).unwrap_or(Timestamp::MIN), zone)?;
        next.checked_add(after).ok()
    });
    let look_at = looks_at.min();
    let mut raised = None;
    // The time when it was last due, if that is so long ago and nothing has reported since.
    let unanswered = |after| {
        let due = calendar.previous(now.checked_sub(after).unwrap_or(Timestamp::MIN), zone)?;
        let is_unanswered =
            due > known.since && !snapshot.members.is_empty() && last_run.is_none_or(|end| end < due);
        (is_unanswered && known.reported != Some(due)).then_some(due)
    };
    let silent_since = unanswered(patience.settle).filter(|due| known.stuck != Some(*due));
    if let Some(due) = unanswered(grace) {
        known.reported = Some(due);
        let name = snapshot.name.map(str::to_owned);
        raised = Some(Alert::raised(Source::Schedule, MISSING, snapshot.plan.clone(), name, due));
    }
    // What is missing is reported as that.
    let silent_since = silent_since.filter(|due| known.reported != Some(*due));
    Findings { known, raised, silent_since, look_at }
}

/// Since when plans are known with their schedules, as the watcher has marked it. One that can't be read is not known.
pub fn known_since(checkpoints: Vec<(String, String)>) -> BTreeMap<PlanId, Timestamp> {
    let plan = |(plan, schedule): (String, String)| {
        let schedule: PlanSchedule = serde_json::from_str(&schedule).ok()?;
        Some((plan.parse().ok()?, schedule.since()))
    };
    checkpoints.into_iter().filter_map(plan).collect()
}

impl PlanSchedule {
    /// Since when the plan is known with its schedule. What was due earlier, no run answers to.
    pub fn since(&self) -> Timestamp {
        self.since
    }

    /// Writes down that the run that was due then was reported as stuck.
    pub fn report_stuck(&mut self, due: Timestamp) {
        self.stuck = Some(due);
    }
}

impl PlanSnapshot<'_> {
    fn results(&self) -> impl Iterator<Item = &Run> {
        self.members.iter().filter_map(|(_, run)| *run).chain(self.result)
    }
}

/// How long it may take until the first application of any node reports, where every node's first one takes [`SLOW_BACKUP`]: twice as long
/// as the last time.
fn time_to_first_result(snapshot: &PlanSnapshot) -> Duration {
    let mut first: HashMap<&NodeId, Duration> = HashMap::new();
    for (node, run) in &snapshot.members {
        first.entry(node).or_insert_with(|| run.and_then(Run::duration).unwrap_or_default());
    }
    first.into_values().min().filter(|shortest| *shortest > SLOW_BACKUP).unwrap_or_default().saturating_mul(2)
}

#[cfg(test)]
mod tests;
