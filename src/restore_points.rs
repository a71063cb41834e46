// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The table of restore points: what can be restored of every application, from each plan's destination. Pure.
//!
//! What the journal knows is brought together with what the cluster has now: what is gone is left out, and what was never read is there all
//! the same, as it is what somebody must know of first.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    ids::{DestinationId, ModuleId, NodeId, PlanId},
    journal::RestorePointRecord,
    oncalendar::Calendar,
    repo_check::findings::Health,
    roster::{PlanEntry, Roster},
};

/// What can be restored of an application from one plan's destination.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ListedRestorePoint {
    /// The plan.
    pub plan: PlanId,
    /// Its name.
    pub plan_name: Option<String>,
    /// The application.
    pub module: ModuleId,
    /// Its label.
    pub label: Option<String>,
    /// Its node.
    pub node: NodeId,
    /// The destination. None for a plan that has none.
    pub destination: Option<DestinationId>,
    /// What people call it: the name, else the UUID.
    pub destination_name: Option<String>,
    /// The newest snapshot. None when there was none, or it was never read.
    pub newest: Option<Timestamp>,
    /// How old that is; never negative.
    pub age: Option<SignedDuration>,
    /// Bytes in it, where known.
    pub size: Option<u64>,
    /// How many snapshots there are. None while that was never read.
    pub count: Option<usize>,
    /// When the repository was last read.
    pub proved_at: Option<Timestamp>,
    /// How it was when it was last asked.
    pub health: Health,
    /// What would be lost.
    pub recovery: RecoveryPoint,
}

/// How much would be lost if the application's data were lost at the worst moment until the plan's next run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RecoveryPoint {
    /// What was written in this time: the age of the newest snapshot, or the plan's period where that is longer. So the figure of a plan that
    /// is well is the same all day, and grows as soon as a run is missing.
    UpTo(SignedDuration),
    /// All: there is no snapshot.
    Everything,
    /// Nobody knows: the repository was never read.
    Unknown,
}

impl RecoveryPoint {
    /// The time of which the data would be lost.
    pub fn seconds(self) -> Option<i64> {
        match self {
            Self::UpTo(time) => Some(time.as_secs()),
            Self::Everything | Self::Unknown => None,
        }
    }

    /// In words.
    pub fn words(self) -> String {
        match self {
            Self::UpTo(time) => format!("up to {} of data would be lost", rounded_up(time)),
            Self::Everything => "all data would be lost: there is no snapshot".into(),
            Self::Unknown => "not known: the repository has not been read yet".into(),
        }
    }
}

/// A time as people say it, never shorter than it is: minutes below two hours, hours below four days, else days.
fn rounded_up(time: SignedDuration) -> String {
    let seconds = time.as_secs().max(0);
    let up = |unit: i64| seconds.saturating_add(unit.saturating_sub(1)).checked_div(unit).unwrap_or_default();
    if seconds <= 7200 {
        format!("{} min", up(60).max(1))
    } else if seconds <= 96 * 3600 {
        format!("{} h", up(3600))
    } else {
        format!("{} days", up(86_400))
    }
}

/// The restore points of what the cluster has, in the order of plans and of their runs, as of `now`. Schedules without a zone of their own
/// are read in `zone`.
pub fn listed(
    records: &[RestorePointRecord],
    roster: &Roster,
    now: Timestamp,
    zone: &TimeZone,
) -> Vec<ListedRestorePoint> {
    let known: HashMap<_, &RestorePointRecord> =
        records.iter().map(|record| ((&record.plan, &record.module, &record.destination), record)).collect();
    let of_plan = |plan: &'_ PlanEntry| {
        let period = period(plan, now, zone);
        let entry = |application: &crate::roster::ApplicationEntry| {
            let destination = plan.destination_id.as_ref();
            let record = destination
                .and_then(|destination| known.get(&(&plan.id, &application.module, destination)).copied());
            let newest = record.and_then(|record| record.newest);
            let age = newest.map(|newest| now.duration_since(newest).max(SignedDuration::ZERO));
            let recovery = match (age, record.and_then(|record| record.proved_at)) {
                (Some(age), _) => RecoveryPoint::UpTo(period.map_or(age, |period| age.max(period))),
                (None, Some(_)) => RecoveryPoint::Everything,
                (None, None) => RecoveryPoint::Unknown,
            };
            ListedRestorePoint {
                plan: plan.id.clone(),
                plan_name: plan.name.clone(),
                module: application.module.clone(),
                label: application.label.clone(),
                node: application.node.clone(),
                destination: destination.cloned(),
                destination_name: plan.destination.clone(),
                newest,
                age,
                size: record.and_then(|record| record.size),
                count: record.and_then(|record| record.count),
                proved_at: record.and_then(|record| record.proved_at),
                health: record.map_or(Health::Unknown, |record| record.health),
                recovery,
            }
        };
        plan.applications.iter().map(entry).collect::<Vec<_>>()
    };
    roster.plans.iter().flat_map(of_plan).collect()
}

/// How long it is between two runs of a plan around now. None for one that is not due at any time.
fn period(plan: &PlanEntry, now: Timestamp, zone: &TimeZone) -> Option<SignedDuration> {
    let calendar: Calendar = plan.schedule.as_deref().filter(|_| plan.enabled)?.parse().ok()?;
    calendar.period(now, zone)
}
