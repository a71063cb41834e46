//! The repository check: does each destination answer, and what do the repositories of failed applications hold?

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    correlator::correlation::{Application, Destination, Plan},
    ids::{DestinationId, ModuleId},
};

/// What is known of a destination or repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Health {
    /// It answers and can be read.
    Ok,
    /// It does not answer.
    Unreachable,
    /// Another restic process holds a lock on it.
    Locked,
    /// Its data are damaged.
    Corrupted,
    /// It was made with another password than the destination's.
    WrongPassword,
    /// There is no repository at its place.
    NotFound,
    /// The cluster does not say where it is.
    Unconfigured,
    /// It answers with another error.
    Error,
    /// Not asked, or no permission to ask.
    Unknown,
}

impl Health {
    /// The word that mails, pages and the API use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Health::Ok => "OK",
            Health::Unreachable => "UNREACHABLE",
            Health::Locked => "LOCKED",
            Health::Corrupted => "CORRUPTED",
            Health::WrongPassword => "WRONG_PASSWORD",
            Health::NotFound => "NOT_FOUND",
            Health::Unconfigured => "UNCONFIGURED",
            Health::Error => "ERROR",
            Health::Unknown => "UNKNOWN",
        }
    }

    /// True when something is known to be wrong with it; not knowing is not that.
    pub fn is_unhealthy(self) -> bool {
        !matches!(self, Health::Ok | Health::Unknown)
    }
}

impl fmt::Display for Health {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What was found out about all that a report is concerned with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepoReport {
    /// The destinations of the plans.
    pub destinations: Vec<DestinationReport>,
    /// The repositories of the applications that failed or are missing.
    pub repositories: Vec<RepositoryReport>,
}

/// One destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationReport {
    /// Which.
    pub destination: Destination,
    /// How it is.
    pub health: Health,
    /// What it answered, in words, when it is not well.
    pub detail: Option<String>,
}

/// One application's repository in one destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RepositoryReport {
    /// The destination. None when the plan does not have one.
    pub destination: Option<DestinationId>,
    /// The application.
    pub module: ModuleId,
    /// How it is.
    pub health: Health,
    /// What it answered, in words, when it is not well.
    pub detail: Option<String>,
    /// What can be restored from it. None when that is not known.
    pub snapshots: Option<Snapshots>,
}

/// The snapshots in a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshots {
    /// How many there are.
    pub count: usize,
    /// The last one. restic writes a snapshot only when its backup is complete, so that it is a good one.
    pub last: Option<Snapshot>,
}

/// One snapshot.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Snapshot {
    /// When its backup began.
    pub time: Timestamp,
    /// Bytes in it. Not known for those that a restic before 0.17 made.
    pub size: Option<u64>,
}

impl RepoReport {
    /// The repository of an application of a plan.
    pub fn repository(&self, plan: &Plan, application: &Application) -> Option<&RepositoryReport> {
        let destination = plan.destination.as_ref().map(|destination| &destination.id);
        self.repositories.iter().find(|repository| {
            repository.module == application.module && repository.destination.as_ref() == destination
        })
    }

    /// The health of an application's repository.
    pub fn health_of(&self, plan: &Plan, application: &Application) -> Option<Health> {
        self.repository(plan, application).map(|repository| repository.health)
    }

    /// The destination of a plan.
    pub fn destination(&self, plan: &Plan) -> Option<&DestinationReport> {
        let id = &plan.destination.as_ref()?.id;
        self.destinations.iter().find(|report| report.destination.id == *id)
    }
}
