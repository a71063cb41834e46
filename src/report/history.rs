// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The past of plans: what is kept of each run, and what a new run looks like beside the ones before. Pure.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    correlator::correlation::{Application, Destination, Outcome, Plan, State},
    ids::{DestinationId, JobId, ModuleId, NodeId, PlanId},
    repo_check::findings::RepoReport,
    report::incident::{KnownFrom, Restorable, RestorePoint, course::Incident},
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
        // Of a run that was due and of which nothing is seen yet, there is nothing to keep.
        let is_only_due = plan.outcome == Outcome::Pending && followed.is_none() && first.is_none();
        if plan.applications.is_empty() || is_only_due {
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
    /// The open incidents.
    pub incidents: HashMap<PlanId, Incident>,
    /// When the run of each plan that the report is about began, and whether a later run is known.
    pub looks: HashMap<PlanId, Look>,
    /// What could be restored of each plan's applications when their repositories were last read.
    pub restore_points: HashMap<PlanId, Vec<RestorePoint>>,
    /// The plans and applications that are muted: nothing is new of them.
    pub muted: BTreeSet<String>,
    /// How many snapshots there were then.
    pub snapshot_counts: HashMap<PlanId, Vec<(ModuleId, DestinationId, usize)>>,
}

/// Which run of a plan a report is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Look {
    /// When it began, as the journal keeps it.
    pub began_at: Timestamp,
    /// True when a later run is known.
    pub is_superseded: bool,
}

impl History {
    /// The newest that can be restored of an application: what was just read, else what is known from before.
    pub fn restorable(
        &self,
        plan: &Plan,
        application: &Application,
        repos: Option<&RepoReport>,
        now: Timestamp,
    ) -> Option<Restorable> {
        let repository = repos.and_then(|repos| repos.repository(plan, application));
        if let Some(snapshots) = repository.and_then(|repository| repository.snapshots) {
            // The repository has the last word: what is not in it can't be restored, whatever was known before.
            return snapshots.last.map(|last| Restorable {
                at: last.time,
                as_of: now,
                destination: repository.and_then(|repository| repository.destination.clone()),
                size: last.size,
                known_from: KnownFrom::Repository,
            });
        }
        let module = &application.module;
        let read = self.restore_points.get(&plan.id).into_iter().flatten();
        let read = read.filter(|point| point.module == *module);
        let incident = self.incidents.get(&plan.id);
        let kept =
            incident.and_then(|incident| incident.applications.iter().find(|kept| kept.module == *module));
        let kept = kept.and_then(|kept| kept.restorable.clone()).map(|kept| match kept.known_from {
            KnownFrom::Repository => Restorable { known_from: KnownFrom::Journal, ..kept },
            KnownFrom::Journal | KnownFrom::Success => kept,
        });
        let destination =
            |destination: Option<&Destination>| destination.map(|destination| destination.id.clone());
        let runs = self.runs.get(&plan.id).into_iter().flatten();
        let succeeded = runs.filter_map(|past| {
            let records = &past.run.applications;
            let good = records.iter().find(|good| good.module == *module && good.state == State::Ok)?;
            let at = good.ended_at?;
            let destination = destination(past.run.destination.as_ref());
            Some(Restorable { at, as_of: at, destination, size: good.size, known_from: KnownFrom::Success })
        });
        // Of an application that did not run, the last run is an earlier one.
        let earlier = application.last_run.as_ref().filter(|run| run.is_ok()).map(|run| Restorable {
            at: run.end,
            as_of: run.end,
            destination: destination(plan.destination.as_ref()),
            size: run.size,
            known_from: KnownFrom::Success,
        });
        // What was not in the repository when it was read is gone, also where it can't be read now.
        let is_current = |known: &Restorable| !read.clone().any(|point| point.outdates(known));
        let known = kept.into_iter().chain(succeeded).chain(earlier).filter(is_current);
        let read = read.clone().filter_map(|point| point.restorable.clone());
        read.chain(known).max_by_key(|restorable| restorable.at)
    }
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
    /// Applications of which far fewer snapshots are left than before.
    #[serde(default)]
    pub thinned: Vec<SnapshotDrop>,
}

/// An application that has lost most of its snapshots in a destination since they were last counted. A plan's retention takes them away one
/// by one, and never the last ones: most of them at once were removed by hand, or the repository was made anew.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SnapshotDrop {
    /// The plan.
    pub plan: PlanId,
    /// The application.
    pub module: ModuleId,
    /// The destination.
    pub destination: DestinationId,
    /// How many there were.
    pub before: usize,
    /// How many there are.
    pub now: usize,
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
    /// How many bytes more than at the run before; less when negative. None unless there was one of every application.
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

/// True where less than half of what there was before is left.
pub const fn lost_most((before, now): (u64, u64)) -> bool {
    now.saturating_mul(2) < before
}

impl Changes {
    /// Compares plans with their past.
    pub fn new(plans: &[Plan], repos: Option<&RepoReport>, history: &History) -> Self {
        let recovered = plans.iter().filter(|plan| {
            let told = history.told.get(&plan.id);
            plan.outcome == Outcome::Success && told.is_some_and(|told| *told != Outcome::Success)
        });
        let mut changes =
            Self { recovered: recovered.map(|plan| plan.id.clone()).collect(), ..Self::default() };
        let mut usages: BTreeMap<DestinationId, Sum> = BTreeMap::new();
        for plan in plans {
            let past = history.runs.get(&plan.id).map_or(&[][..], Vec::as_slice);
            let last: LastGood =
                good_backups(past).into_iter().map(|(module, good)| (module, good[0])).collect();
            if let Some(destination) = &plan.destination {
                usages.entry(destination.id.clone()).or_insert_with(|| Sum::of(destination)).add(plan, &last);
            }
            changes.thinned.extend(
                plan.applications
                    .iter()
                    .filter_map(|application| thinned(plan, application, repos?, history)),
            );
            let shrunk = plan.in_state(State::Ok).filter_map(|application| shrunk(plan, application, &last));
            changes.shrunk.extend(shrunk);
        }
        changes.destinations = usages.into_values().filter_map(Sum::total).collect();
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

/// What a destination holds, while it is added up.
struct Sum {
    usage: StorageUsage,
    growth: i64,
    /// False once there is an application without a before: what it has now is no growth.
    is_comparable: bool,
}

impl Sum {
    fn of(destination: &Destination) -> Self {
        let usage = StorageUsage { destination: destination.clone(), size: 0, applications: 0, growth: None };
        Self { usage, growth: 0, is_comparable: true }
    }

    fn add(&mut self, plan: &Plan, last: &LastGood) {
        for application in &plan.applications {
            let before = last.get(&application.module).and_then(|record| record.size);
            // What did not succeed this time still has what it had: a failed run says zero where restic could not be asked.
            let now = match application.state {
                State::Ok => application.last_run.as_ref().and_then(|run| run.size),
                State::Failed | State::Pending | State::Missing => before,
            };
            let Some(now) = now else { continue };
            self.usage.size = self.usage.size.saturating_add(now);
            self.usage.applications = self.usage.applications.saturating_add(1);
            self.growth = self.growth.saturating_add(signed(now)).saturating_sub(before.map_or(0, signed));
            self.is_comparable &= before.is_some();
        }
    }

    /// None where nothing is known of any application.
    fn total(self) -> Option<StorageUsage> {
        let growth = self.is_comparable.then_some(self.growth);
        (self.usage.applications > 0).then_some(StorageUsage { growth, ..self.usage })
    }
}

/// The fewest snapshots of which most can be missed.
const FEW: usize = 4;

/// Most of an application's snapshots that are gone.
fn thinned(
    plan: &Plan,
    application: &Application,
    repos: &RepoReport,
    history: &History,
) -> Option<SnapshotDrop> {
    let repository = repos.repository(plan, application)?;
    let now = repository.snapshots?.count;
    let destination = repository.destination.clone()?;
    let module = &application.module;
    let counts = history.snapshot_counts.get(&plan.id)?;
    let (.., before) = counts.iter().find(|(known, at, _)| known == module && *at == destination)?;
    let before = *before;
    let is_thinned = before >= FEW && now.saturating_mul(2) < before;
    is_thinned.then(|| SnapshotDrop {
        plan: plan.id.clone(),
        module: module.clone(),
        destination,
        before,
        now,
    })
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}

fn shrunk(plan: &Plan, application: &Application, last: &LastGood) -> Option<SizeDrop> {
    let before = last.get(&application.module)?;
    let now = application.last_run.as_ref()?;
    let size = before.size.zip(now.size)?;
    let files = before.files.zip(now.files);
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
