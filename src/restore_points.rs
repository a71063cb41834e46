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
    roster::{ApplicationEntry, PlanEntry, Roster},
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
        let entry = |application: &ApplicationEntry| {
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
                size: record.and_then(|record| record.size).or_else(|| size_said(application, newest?)),
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

/// What the run that made the newest snapshot said of its size: that of a snapshot of a restic before 0.17 is not known from itself.
fn size_said(application: &ApplicationEntry, newest: Timestamp) -> Option<u64> {
    let run = application.last.as_ref().filter(|run| run.is_ok())?;
    run.size.filter(|_| run.start.is_some_and(|start| start <= newest))
}

/// How long it is between two runs of a plan around now. None for one that is not due at any time.
fn period(plan: &PlanEntry, now: Timestamp, zone: &TimeZone) -> Option<SignedDuration> {
    let calendar: Calendar = plan.schedule.as_deref().filter(|_| plan.enabled)?.parse().ok()?;
    calendar.period(now, zone)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::journal::ProofMemory;

    const HERE: &str = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8";

    /// A time in November 2026: `25 02:00`.
    fn at(text: &str) -> Timestamp {
        let (day, time) = text.split_once(' ').unwrap();
        format!("2026-11-{day}T{time}:00Z").parse().unwrap()
    }

    fn plan(id: &str, schedule: &str, modules: &[&str]) -> PlanEntry {
        let application = |module: &&str| ApplicationEntry {
            module: ModuleId::new(module).unwrap(),
            label: None,
            node: NodeId::new("1").unwrap(),
            last: None,
        };
        PlanEntry {
            id: PlanId::new(id).unwrap(),
            name: Some(format!("Plan {id}")),
            destination: Some("BackBlaze".into()),
            destination_id: DestinationId::new(HERE).ok(),
            schedule: Some(schedule.into()),
            enabled: true,
            retention: Some(3),
            applications: modules.iter().map(application).collect(),
        }
    }

    fn record(plan: &str, module: &str, newest: Option<&str>) -> RestorePointRecord {
        RestorePointRecord {
            plan: PlanId::new(plan).unwrap(),
            module: ModuleId::new(module).unwrap(),
            destination: DestinationId::new(HERE).unwrap(),
            newest: newest.map(at),
            size: Some(700),
            count: Some(3),
            proved_at: Some(at("25 09:00")),
            health: Health::Ok,
            proof: ProofMemory::default(),
        }
    }

    #[test]
    fn what_is_gone_is_left_out_and_what_was_never_read_is_listed() {
        let plans = vec![plan("1", "*-*-* 02:00:00", &["mail1", "new1"]), plan("2", "weekly", &["mail1"])];
        let roster = Roster { at: at("25 10:00"), plans };
        let records = [
            record("1", "mail1", Some("25 02:00")),
            record("1", "gone1", Some("25 02:00")),
            record("9", "mail1", Some("25 02:00")),
        ];
        let listed = listed(&records, &roster, at("25 10:00"), &TimeZone::UTC);
        let rows: Vec<_> =
            listed.iter().map(|row| (row.plan.as_str(), row.module.as_str(), row.newest)).collect();
        let newest = Some(at("25 02:00"));
        assert_eq!(rows, [("1", "mail1", newest), ("1", "new1", None), ("2", "mail1", None)]);
        assert_eq!((listed[1].count, listed[1].proved_at, listed[1].health), (None, None, Health::Unknown));
        assert_eq!(listed[1].recovery, RecoveryPoint::Unknown);
        assert_eq!(listed[0].destination_name.as_deref(), Some("BackBlaze"));
    }

    #[test]
    fn what_would_be_lost_is_the_age_or_the_period_of_the_plan_whichever_is_longer() {
        let hours = |hours| RecoveryPoint::UpTo(SignedDuration::from_hours(hours));
        let cases = [
            ("*-*-* 02:00:00", true, Some("25 02:00"), hours(24)),
            ("*-*-* 02:00:00", true, Some("24 08:00"), hours(26)),
            // A Wednesday; from Friday to Monday it would be three days.
            ("Mon..Fri 02:00", true, Some("25 02:00"), hours(24)),
            ("Sat 10:00", true, Some("21 10:00"), hours(7 * 24)),
            ("*:0/15", true, Some("25 09:45"), RecoveryPoint::UpTo(SignedDuration::from_mins(15))),
            // A plan that will not run has no period.
            ("*-*-* 02:00:00", false, Some("25 02:00"), hours(8)),
            ("never", true, Some("25 02:00"), hours(8)),
            ("*-*-* 02:00:00", true, None, RecoveryPoint::Everything),
            // The node's clock is ahead.
            ("never", true, Some("25 10:30"), hours(0)),
        ];
        for (schedule, enabled, newest, expected) in cases {
            let plan = PlanEntry { enabled, ..plan("1", schedule, &["mail1"]) };
            let roster = Roster { at: at("25 10:00"), plans: vec![plan] };
            let listed = listed(&[record("1", "mail1", newest)], &roster, at("25 10:00"), &TimeZone::UTC);
            assert_eq!(listed[0].recovery, expected, "{schedule}, {newest:?}");
        }
    }

    #[test]
    fn a_recovery_point_is_said_in_words_and_never_too_short() {
        for (seconds, expected) in [
            (0, "up to 1 min of data would be lost"),
            (901, "up to 16 min of data would be lost"),
            (7200, "up to 120 min of data would be lost"),
            (25 * 3600 + 1, "up to 26 h of data would be lost"),
            (72 * 3600, "up to 72 h of data would be lost"),
            (7 * 86_400, "up to 7 days of data would be lost"),
        ] {
            assert_eq!(RecoveryPoint::UpTo(SignedDuration::from_secs(seconds)).words(), expected);
        }
        assert_eq!(RecoveryPoint::Everything.seconds(), None);
    }
}
