// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The summary: one mail a week, or a day, that says how well the cluster's data are protected. Values, which are also what the webhook
//! gets; [`schedule`] knows when it is due. The [`summary_worker`](crate::summary_worker) fills them in.

pub mod schedule;

use jiff::{Timestamp, civil::Date};
use serde::Serialize;

use crate::{
    cause::Cause,
    config::Cadence,
    correlator::correlation::Outcome,
    coverage::gap::Gap,
    ids::{DestinationId, ModuleId, NodeId, PlanId},
};

/// All that a summary says to one audience.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Summary {
    /// What the cluster is called.
    pub cluster: String,
    /// How often a summary comes.
    pub cadence: Cadence,
    /// True for the first of all.
    pub is_first: bool,
    /// The time it tells of.
    pub from: Timestamp,
    /// When it was made.
    pub to: Timestamp,
    /// When the cluster was last read.
    pub read_at: Timestamp,
    /// How many applications hold data.
    pub applications: usize,
    /// How many of them can be restored to a state that is no older than two periods of a plan that protects them.
    pub protected: usize,
    /// The others.
    pub unprotected: Vec<Application>,
    /// When the next run of any plan is due.
    pub next_run: Option<Timestamp>,
    /// The plans, those that were not well first.
    pub plans: Vec<PlanRuns>,
    /// What can be restored of each application from each plan's destination, nothing first, then the oldest.
    pub restore_points: Vec<RestorePoint>,
    /// What is not protected, worst first.
    pub gaps: Vec<OpenGap>,
    /// How much the destinations hold.
    pub growth: Vec<Growth>,
    /// Incidents of the time, open ones first.
    pub incidents: Vec<Incident>,
}

/// An application.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Application {
    /// The module.
    pub module: ModuleId,
    /// Its label.
    pub label: Option<String>,
    /// Its node.
    pub node: NodeId,
}

impl Application {
    /// `mail1 (Mail server)`
    pub fn title(&self) -> String {
        self.module.titled(self.label.as_deref())
    }
}

/// The runs of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct PlanRuns {
    /// The plan.
    pub id: PlanId,
    /// Its name.
    pub name: Option<String>,
    /// What people call its destination.
    pub destination: Option<String>,
    /// False while its timer is off.
    pub enabled: bool,
    /// How many runs there were, as far as they are kept.
    pub runs: usize,
    /// How many of them were SUCCESS.
    pub successful: usize,
    /// Day by day. All plans have the same days.
    pub days: Vec<Day>,
}

/// A day of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Day {
    /// The day, in the cluster's zone.
    pub date: Date,
    /// The worst outcome of its runs. None: there was none, or it is not kept.
    pub outcome: Option<Outcome>,
    /// True for a day whose runs are not kept any more.
    pub is_forgotten: bool,
}

/// What can be restored of an application from one plan's destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct RestorePoint {
    /// The plan.
    pub plan: PlanId,
    /// Its name.
    pub plan_name: Option<String>,
    /// The application.
    #[serde(flatten)]
    pub application: Application,
    /// What people call the destination.
    pub destination: Option<String>,
    /// The newest snapshot, else the end of the last run that succeeded. None: nothing is known that can be restored.
    pub newest: Option<Timestamp>,
    /// When the repository was last read. None: `newest` is what the run said.
    pub proved_at: Option<Timestamp>,
    /// How many seconds of data would be lost at worst.
    pub at_risk_seconds: Option<i64>,
}

/// Something that is not protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct OpenGap {
    /// What.
    #[serde(flatten)]
    pub gap: Gap,
    /// When it was first found.
    pub since: Timestamp,
}

/// How much a destination holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Growth {
    /// The destination.
    pub destination: DestinationId,
    /// What people call it.
    pub name: String,
    /// Bytes in the latest snapshots of its applications: before compression, and without the older ones.
    pub size: u64,
    /// How many applications that is the sum of.
    pub applications: usize,
    /// How many bytes more than at the beginning of the time; less when negative. None: it is not known what there was.
    pub growth: Option<i64>,
}

/// An incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Incident {
    /// The plan.
    pub plan: PlanId,
    /// Its name.
    pub plan_name: Option<String>,
    /// When its first run that was not SUCCESS began.
    pub since: Timestamp,
    /// When it was over. None while it is open.
    pub closed_at: Option<Timestamp>,
    /// How many runs in a row were not SUCCESS.
    pub failing_runs: u32,
    /// How the last of them came out.
    pub outcome: Outcome,
    /// Why, where that is one and the same for all.
    pub cause: Option<Cause>,
    /// The applications that were not well.
    pub applications: Vec<ModuleId>,
}

impl Summary {
    /// True once anything was ever backed up, or tried to be.
    pub fn has_run(&self) -> bool {
        let has_runs = self.plans.iter().any(|plan| plan.runs > 0);
        has_runs || self.restore_points.iter().any(|point| point.newest.is_some())
    }

    /// How many runs there were, and how many of them were SUCCESS.
    pub fn runs(&self) -> (usize, usize) {
        let plans = self.plans.iter();
        plans.fold((0, 0), |(all, good), plan| {
            (all.saturating_add(plan.runs), good.saturating_add(plan.successful))
        })
    }

    /// The incidents that are not over.
    pub fn open_incidents(&self) -> usize {
        self.incidents.iter().filter(|incident| incident.closed_at.is_none()).count()
    }
}
