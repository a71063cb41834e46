// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What was found in the log, as values.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{ModuleId, NodeId, PlanId};

/// What was found in the log about all that a report is concerned with.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogReport {
    /// The applications that failed, with their lines.
    pub applications: Vec<ApplicationLog>,
    /// What systemd says of the services that ran the plans: that one was killed concerns all that it had not come to.
    #[serde(default)]
    pub units: Vec<UnitLog>,
    /// What was said of the cluster's own configuration backup, which a run on the leader begins with. It fails no application.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub cluster_backup: Vec<ClusterBackupLog>,
    /// Why there are no lines, or not all. None when the log could be read.
    pub trouble: Option<LogTrouble>,
}

/// What a run said of the cluster's own configuration backup.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterBackupLog {
    /// The plan.
    pub plan: PlanId,
    /// Its lines, as of an application.
    pub lines: Vec<LogLine>,
}

/// The lines of one application's backup in one run.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationLog {
    /// The plan.
    pub plan: PlanId,
    /// The application.
    pub module: ModuleId,
    /// How the run was started, which says where its lines are. None when no line of it was found.
    pub started_by: Option<Starter>,
    /// Its lines in the order of time, noise left out, secrets struck out, as many as are worth keeping.
    pub lines: Vec<LogLine>,
}

/// What systemd (and nobody else: entries of init) says of the service that ran a plan on a node.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct UnitLog {
    /// The plan.
    pub plan: PlanId,
    /// The node.
    pub node: NodeId,
    /// Lines such as `backup1.service: Main process exited, code=killed, status=15/TERM`, in the order of time.
    pub lines: Vec<LogLine>,
}

/// Who started a run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Starter {
    /// The plan's timer: `backup<id>.service`.
    Timer,
    /// Somebody, through the agent: `agent@node.service`.
    Person,
}

/// One line.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LogLine {
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
}

/// Why the log could not be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum LogTrouble {
    /// No Loki is configured, or the cluster has none.
    NotConfigured,
    /// Loki does not answer, or not in time.
    Silent {
        /// What was tried, and how it failed.
        reason: String,
    },
    /// Loki refuses: wrong credentials, or a query it does not take. Also where `LOKI_*` are no address and credentials.
    Refused {
        /// Its answer.
        reason: String,
    },
    /// Loki had more lines than are read.
    TooMuch,
}

impl fmt::Display for LogTrouble {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            LogTrouble::NotConfigured => f.write_str("LOKI_URL is not set"),
            LogTrouble::Silent { reason } | LogTrouble::Refused { reason } => f.write_str(reason),
            LogTrouble::TooMuch => f.write_str("there are more lines than are read"),
        }
    }
}

impl LogReport {
    /// The log of an application in a plan's run.
    pub fn of(&self, plan: &PlanId, module: &ModuleId) -> Option<&ApplicationLog> {
        self.applications.iter().find(|log| log.plan == *plan && log.module == *module)
    }

    /// What systemd says of a plan's service on a node.
    pub fn of_unit(&self, plan: &PlanId, node: &NodeId) -> Option<&UnitLog> {
        self.units.iter().find(|log| log.plan == *plan && log.node == *node)
    }
}
