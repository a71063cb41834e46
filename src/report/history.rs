// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The past of plans: what is kept of each run, and what a new run looks like beside the ones before. Pure.

use std::collections::{BTreeMap, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    correlator::correlation::{Application, Destination, Outcome, Plan, State},
    ids::{DestinationId, JobId, ModuleId, NodeId, PlanId},
};

/// How many earlier runs are looked at for the last good backup of each application.
pub const DEPTH: u32 = 10;

/// What is kept of one run of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RunRecord {
    /// The plan.
    pub plan: PlanId,
    /// Its name.
    pub name: Option<String>,
    /// Where it wrote.
    pub destination: Option<Destination>,
    /// Its schedule.
    pub schedule: Option<String>,
    /// When it was to run next.
    pub next: Option<Timestamp>,
    /// True when the run watcher followed it, so that its beginning is known for sure.
    pub followed: bool,
    /// When its first application began; of a run that did not take place, when it was due.
    pub began_at: Timestamp,
    /// When its last application ended.
    pub ended_at: Timestamp,
    /// How it came out.
    pub outcome: Outcome,
    /// Its applications.
    pub applications: Vec<ApplicationRecord>,
}

/// What is kept of one application in a run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRecord {
    /// The module.
    pub module: ModuleId,
    /// Its label.
    pub label: Option<String>,
    /// Its node.
    pub node: NodeId,
    /// What became of it.
    pub state: State,
    /// When its last run ended.
    pub ended_at: Option<Timestamp>,
    /// Bytes in its latest snapshot.
    pub size: Option<u64>,
    /// Files in it.
    pub files: Option<u64>,
    /// How long it took, in seconds.
    pub duration_seconds: Option<u64>,
}

/// A run that was kept, and the report that told it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PastRun {
    /// The report, if there was one.
    pub report: Option<JobId>,
    /// The run.
    pub run: RunRecord,
}

impl RunRecord {
    /// What is to be kept of a plan's run. `followed` is when it began, if the run watcher knows. None when nothing is known
    /// of when it was: of a plan that is gone, or that never ran.
    pub fn new(plan: &Plan, followed: Option<Timestamp>) -> Option<Self> {
        let runs = || {
            let of_this_run = plan.applications.iter().filter(|application| {
                matches!(application.state, State::Ok | State::Failed) && !application.is_own_word
            });
            of_this_run.filter_map(|application| application.last_run.as_ref())
        };
        let first = runs().map(|run| run.start.unwrap_or(run.end)).min();
        let began_at = followed.or(first).or(plan.due)?;
        if plan.applications.is_empty() {
            return None;
        }
        Some(Self {
            plan: plan.id.clone(),
            name: plan.name.clone(),
            destination: plan.destination.clone(),
            schedule: plan.schedule.clone(),
            next: plan.next,
            followed: followed.is_some(),
            began_at,
            ended_at: runs().map(|run| run.end).max().unwrap_or(began_at).max(began_at),
            outcome: plan.outcome,
            applications: plan.applications.iter().map(ApplicationRecord::new).collect(),
        })
    }
}

impl ApplicationRecord {
    fn new(application: &Application) -> Self {
        let run = application.last_run.as_ref();
        Self {
            module: application.module.clone(),
            label: application.label.clone(),
            node: application.node.clone(),
            state: application.state,
            ended_at: run.map(|run| run.end),
            size: run.and_then(|run| run.size),
            files: run.and_then(|run| run.files),
            duration_seconds: run.and_then(crate::run::Run::duration).map(|duration| duration.as_secs()),
        }
    }
}

/// What a report knows of the past of its plans.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct History {
    /// The runs before this one, newest first.
    pub runs: HashMap<PlanId, Vec<PastRun>>,
    /// How the last thing that was told of a plan came out.
    pub told: HashMap<PlanId, Outcome>,
}

/// What has changed since the runs before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Changes {
    /// Plans that are well again, after something else was told of them.
    pub recovered: Vec<PlanId>,
    /// What the destinations hold.
    pub destinations: Vec<StorageUsage>,
    /// Backups that lost more than half of their size or files.
    pub shrunk: Vec<SizeDrop>,
}

/// What a destination holds of the plans in a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StorageUsage {
    /// The destination.
    pub destination: Destination,
    /// Bytes in the latest snapshots of its applications, as far as they are known.
    pub size: u64,
    /// How many applications that is the sum of.
    pub applications: usize,
    /// How many bytes more than at the run before; less when negative. None when there was no run before.
    pub growth: Option<i64>,
}

/// A backup that lost more than half of its size or files, though it succeeded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SizeDrop {
    /// The plan.
    pub plan: PlanId,
    /// The application.
    pub module: ModuleId,
    /// Bytes before and now.
    pub size: (u64, u64),
    /// Files before and now.
    pub files: Option<(u64, u64)>,
    /// When it was backed up before.
    pub before: Timestamp,
}

impl Changes {
    /// Compares plans with their past.
    pub fn new(plans: &[Plan], history: &History) -> Self {
        let recovered = plans.iter().filter(|plan| {
            let told = history.told.get(&plan.id);
            plan.outcome == Outcome::Success && told.is_some_and(|told| *told != Outcome::Success)
        });
        let mut changes =
            Self { recovered: recovered.map(|plan| plan.id.clone()).collect(), ..Self::default() };
        let mut usages: BTreeMap<DestinationId, StorageUsage> = BTreeMap::new();
        for plan in plans {
            let past = history.runs.get(&plan.id).map_or(&[][..], Vec::as_slice);
            let last: LastGood =
                good_backups(past).into_iter().map(|(module, good)| (module, good[0])).collect();
            if let Some(destination) = &plan.destination {
                let usage = usages.entry(destination.id.clone()).or_insert_with(|| StorageUsage {
                    destination: destination.clone(),
                    size: 0,
                    applications: 0,
                    growth: None,
                });
                usage.add(plan, &last, !past.is_empty());
            }
            let shrunk = plan.in_state(State::Ok).filter_map(|application| shrunk(plan, application, &last));
            changes.shrunk.extend(shrunk);
        }
        changes.destinations = usages.into_values().filter(|usage| usage.applications > 0).collect();
        changes
    }
}

/// The last good backup of each application.
type LastGood<'a> = HashMap<&'a ModuleId, &'a ApplicationRecord>;

/// The good backups of each application that has any, in the order of the runs.
pub fn good_backups(runs: &[PastRun]) -> HashMap<&ModuleId, Vec<&ApplicationRecord>> {
    let mut good: HashMap<&ModuleId, Vec<&ApplicationRecord>> = HashMap::new();
    for record in runs.iter().flat_map(|past| &past.run.applications) {
        if record.state == State::Ok {
            good.entry(&record.module).or_default().push(record);
        }
    }
    good
}

impl StorageUsage {
    fn add(&mut self, plan: &Plan, last: &LastGood, has_past: bool) {
        let mut growth = 0_i64;
        for application in &plan.applications {
            let before = last.get(&application.module).and_then(|record| record.size);
            // What did not succeed this time still has what it had: a failed run says zero where restic could not be asked.
            let now = match application.state {
                State::Ok => application.last_run.as_ref().and_then(|run| run.size),
                State::Failed | State::Pending | State::Missing => before,
            };
            let Some(now) = now else { continue };
            self.size = self.size.saturating_add(now);
            self.applications = self.applications.saturating_add(1);
            growth = growth.saturating_add(signed(now)).saturating_sub(before.map_or(0, signed));
        }
        if has_past {
            self.growth = Some(self.growth.unwrap_or_default().saturating_add(growth));
        }
    }
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn shrunk(plan: &Plan, application: &Application, last: &LastGood) -> Option<SizeDrop> {
    let before = last.get(&application.module)?;
    let now = application.last_run.as_ref()?;
    let size = before.size.zip(now.size)?;
    let files = before.files.zip(now.files);
    let lost_most = |(before, now): (u64, u64)| now.saturating_mul(2) < before;
    (lost_most(size) || files.is_some_and(lost_most)).then(|| SizeDrop {
        plan: plan.id.clone(),
        module: application.module.clone(),
        size,
        files,
        before: before.ended_at.unwrap_or(now.end),
    })
}

#[cfg(test)]
mod tests;
