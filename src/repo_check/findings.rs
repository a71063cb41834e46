// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What was found out about destinations and repositories, as values: each language has its own words for them.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    correlator::correlation::{Application, Destination, Plan, State},
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
    /// What was found, when it is not well.
    #[serde(rename = "cause")]
    pub detail: Option<Detail>,
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
    /// What was found, when it is not well.
    #[serde(rename = "cause")]
    pub detail: Option<Detail>,
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

    /// When the data of a failed run was saved nevertheless: the time of a snapshot that is not older than the run.
    pub fn saved_at(&self, plan: &Plan, application: &Application) -> Option<Timestamp> {
        let run = application.last_run.as_ref().filter(|_| application.state == State::Failed)?;
        let last = self.repository(plan, application)?.snapshots?.last?;
        (last.time >= run.start?).then_some(last.time)
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

/// What was found when a destination or repository was asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum Detail {
    /// restic said so.
    Restic {
        /// Its words.
        message: String,
    },
    /// The gateway answered with this status for the destination.
    GatewayStatus {
        /// HTTP's status code.
        status: u16,
    },
    /// The gateway itself does not answer.
    GatewaySilent {
        /// What was tried, and how it failed.
        reason: String,
    },
    /// No answer came in time.
    NoAnswer {
        /// The limit.
        seconds: u64,
    },
    /// It was not asked, as its destination does not answer.
    DestinationSilent,
    /// It was not asked, as no access to the cluster's API is configured.
    NotAsked,
    /// It was not asked, as the cluster's API does not answer or is not well.
    ApiSilent {
        /// What was tried, and how it failed.
        reason: String,
    },
    /// It was not asked, as the cluster's API does not let us.
    ApiRefused {
        /// What was tried, and the answer.
        reason: String,
    },
    /// It was not asked, as the time for the whole check was over.
    NotReached {
        /// The limit.
        seconds: u64,
    },
    /// It did not answer at first, and then did: a repository in it was read.
    AnsweredAgain {
        /// What was found first.
        before: Box<Detail>,
    },
    /// The plan has no destination.
    NoDestination,
    /// The application's image or UUID is not known, which make the path of its repository.
    NoPath,
}

/// In plain English, for logs and the API. The mail has words of its own.
impl fmt::Display for Detail {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Detail::Restic { message } => f.write_str(message),
            Detail::GatewayStatus { status } => write!(f, "the rclone gateway answers with status {status}"),
            Detail::GatewaySilent { reason } => write!(f, "the rclone gateway does not respond: {reason}"),
            Detail::NoAnswer { seconds } => write!(f, "no answer within {seconds} seconds"),
            Detail::DestinationSilent => f.write_str("not checked: the destination does not respond"),
            Detail::NotAsked => f.write_str("not checked: no cluster API is configured"),
            Detail::ApiSilent { reason } => write!(f, "not checked: the cluster API fails: {reason}"),
            Detail::ApiRefused { reason } => {
                write!(f, "not checked: the cluster API denies access: {reason}")
            }
            Detail::NotReached { seconds } => {
                write!(f, "not checked: the whole check was over after {seconds} seconds")
            }
            Detail::AnsweredAgain { before } => write!(f, "answered again; before that: {before}"),
            Detail::NoDestination => f.write_str("the plan has no destination"),
            Detail::NoPath => f.write_str("the application's image or UUID is not known"),
        }
    }
}
