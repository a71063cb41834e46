// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! An incident: a plan from its first run that is not SUCCESS to its next SUCCESS. What a report says of it, as a value;
//! [`course`] knows how it goes on from run to run.

pub mod course;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    cause::Cause,
    correlator::correlation::State,
    ids::{DestinationId, JobId, ModuleId, PlanId},
};

/// The incident of one plan as of a report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanIncident {
    /// The plan.
    pub plan: PlanId,
    /// When its first run that was not SUCCESS began.
    pub since: Timestamp,
    /// How many runs in a row were not SUCCESS, this one included.
    pub failing_runs: u32,
    /// The first report that was mailed about it, whose Message-ID the others answer. None for the first.
    pub first_report: Option<JobId>,
    /// The subject of that mail, whose stem the others keep.
    #[serde(default)]
    pub first_subject: Option<String>,
    /// True when this report closes it.
    pub is_over: bool,
    /// The applications that are not well in it.
    pub applications: Vec<FailingApplication>,
    /// What is different from what was last mailed about it. Empty in the first report and when nothing is.
    #[serde(default)]
    pub news: Vec<News>,
}

/// An application that is not well.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct FailingApplication {
    /// The application.
    pub module: ModuleId,
    /// How many of the plan's runs in a row it has failed in or missed, this one included.
    pub failing_runs: u32,
    /// What can be restored of it, as far as anything is known.
    pub restorable: Option<Restorable>,
}

/// The newest that can be restored of an application from a plan's destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Restorable {
    /// The time of the snapshot, or of the last success.
    pub at: Timestamp,
    /// When that was known: now for a snapshot just read.
    pub as_of: Timestamp,
    /// Where.
    pub destination: Option<DestinationId>,
    /// Bytes in it.
    pub size: Option<u64>,
    /// How that is known.
    pub known_from: KnownFrom,
}

/// What was in an application's repository when it was last read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePoint {
    /// The application.
    pub module: ModuleId,
    /// Where the repository is. None where that can't be read any more.
    pub destination: Option<DestinationId>,
    /// When it was read.
    pub proved_at: Timestamp,
    /// The newest snapshot in it. None when there was none.
    pub restorable: Option<Restorable>,
}

impl RestorePoint {
    /// True when what was known of the application before says nothing any more: the repository was read since.
    pub fn outdates(&self, known: &Restorable) -> bool {
        let is_there = known.destination.is_none() || known.destination == self.destination;
        is_there && known.as_of <= self.proved_at
    }
}

/// How it is known what can be restored.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum KnownFrom {
    /// The repository was just read.
    Repository,
    /// A report or proof of earlier, when the repository was read.
    Journal,
    /// The last run of it that succeeded, whose snapshot was not looked at.
    Success,
}

/// What is new in a report on an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", tag = "kind")]
pub enum News {
    /// Another application is not well.
    Application {
        /// Which.
        module: ModuleId,
    },
    /// An application is not well in another way than before: it failed, and now it does not even run, or the reverse.
    State {
        /// Which.
        module: ModuleId,
        /// What became of it then.
        before: State,
        /// What became of it now.
        now: State,
    },
    /// An application fails for another cause than before.
    Cause {
        /// Which.
        module: ModuleId,
        /// What it was.
        before: Cause,
        /// What it is.
        now: Cause,
    },
    /// An application is well again while others are not.
    Recovered {
        /// Which.
        module: ModuleId,
    },
}
