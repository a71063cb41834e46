// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A gap: something that no backup protects, or that is only thought to be protected. Values, made by whoever looks.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::ids::{DestinationId, ModuleId, NodeId, PlanId};

/// What is not protected. Worst first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapKind {
    /// A run was called a success, and there is no snapshot of its time.
    SuccessWithoutSnapshot,
    /// An application that holds data is in no plan.
    NoPlan,
    /// A plan is disabled, and no other one protects some of its applications.
    PlanDisabled,
    /// A plan has no destination that the cluster knows.
    PlanNoDestination,
    /// A plan has not run for three of its periods.
    PlanNotRunning,
    /// The cluster's own configuration is not backed up, as no passphrase is set.
    ClusterBackupNoPassword,
    /// The newest snapshot is older than two periods of its plan.
    SnapshotOld,
    /// There are fewer snapshots than the plan's retention keeps, though the runs were well.
    SnapshotsFew,
    /// The backup of the cluster's own configuration failed.
    ClusterBackupFailed,
    /// A plan has no applications.
    PlanEmpty,
    /// All backups of an application are on its own cluster's node.
    OwnNodeOnly,
}

/// How bad a gap is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Data or the cluster's configuration are not protected.
    Unprotected,
    /// They may be, but not as they should.
    Doubtful,
    /// They are, and could be better.
    Advice,
}

/// Who looks for gaps. Each replaces what it found before.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum GapSource {
    /// Plans and applications, as Redis has them.
    Coverage,
    /// The repositories, asked once a day.
    Proof,
    /// The backup of the cluster's own configuration.
    ClusterBackup,
}

impl GapSource {
    /// The word in the journal.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Coverage => "coverage",
            Self::Proof => "proof",
            Self::ClusterBackup => "cluster-backup",
        }
    }
}

impl GapKind {
    /// All of them, worst first.
    pub const ALL: [Self; 11] = [
        Self::SuccessWithoutSnapshot,
        Self::NoPlan,
        Self::PlanDisabled,
        Self::PlanNoDestination,
        Self::PlanNotRunning,
        Self::ClusterBackupNoPassword,
        Self::SnapshotOld,
        Self::SnapshotsFew,
        Self::ClusterBackupFailed,
        Self::PlanEmpty,
        Self::OwnNodeOnly,
    ];

    /// The code in journal, API and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SuccessWithoutSnapshot => "success-without-snapshot",
            Self::NoPlan => "no-plan",
            Self::PlanDisabled => "plan-disabled",
            Self::PlanNoDestination => "plan-no-destination",
            Self::PlanNotRunning => "plan-not-running",
            Self::SnapshotOld => "snapshot-old",
            Self::SnapshotsFew => "snapshots-few",
            Self::ClusterBackupNoPassword => "cluster-backup-no-password",
            Self::ClusterBackupFailed => "cluster-backup-failed",
            Self::PlanEmpty => "plan-empty",
            Self::OwnNodeOnly => "own-node-only",
        }
    }

    /// How bad it is.
    pub const fn severity(self) -> Severity {
        match self {
            Self::SuccessWithoutSnapshot
            | Self::NoPlan
            | Self::PlanDisabled
            | Self::PlanNoDestination
            | Self::PlanNotRunning
            | Self::ClusterBackupNoPassword => Severity::Unprotected,
            Self::SnapshotOld | Self::SnapshotsFew | Self::ClusterBackupFailed | Self::PlanEmpty => {
                Severity::Doubtful
            }
            Self::OwnNodeOnly => Severity::Advice,
        }
    }

    /// Who finds it.
    pub const fn source(self) -> GapSource {
        match self {
            Self::SuccessWithoutSnapshot | Self::SnapshotOld | Self::SnapshotsFew => GapSource::Proof,
            Self::ClusterBackupNoPassword | Self::ClusterBackupFailed => GapSource::ClusterBackup,
            Self::NoPlan
            | Self::PlanDisabled
            | Self::PlanNoDestination
            | Self::PlanNotRunning
            | Self::PlanEmpty
            | Self::OwnNodeOnly => GapSource::Coverage,
        }
    }
}

impl fmt::Display for GapKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A plan that a gap is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRef {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: Option<String>,
}

/// An application that a gap is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationRef {
    /// The module.
    pub module: ModuleId,
    /// Its label.
    pub label: Option<String>,
    /// Its node.
    pub node: NodeId,
}

/// A destination that a gap is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct DestinationRef {
    /// Its UUID.
    pub id: DestinationId,
    /// Its name.
    pub name: Option<String>,
}

/// Figures of a gap. Those that its kind has no use for are None.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct GapFacts {
    /// When the plan last ran.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_run: Option<Timestamp>,
    /// The oldest time at which it was due, and did not run.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub due_since: Option<Timestamp>,
    /// How many snapshots the plan's retention keeps.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub expected_snapshots: Option<usize>,
    /// How many there are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub found_snapshots: Option<usize>,
    /// The newest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub newest_snapshot: Option<Timestamp>,
    /// When the run ended that was called a success.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run_at: Option<Timestamp>,
    /// The time between two of the plan's runs, in seconds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub period_seconds: Option<i64>,
}

/// Something that is not protected.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// What is wrong.
    pub kind: GapKind,
    /// The plan, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub plan: Option<PlanRef>,
    /// The application, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub application: Option<ApplicationRef>,
    /// The destination, where it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub destination: Option<DestinationRef>,
    /// The applications that a plan's gap leaves unprotected.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub applications: Vec<ApplicationRef>,
    /// Its figures.
    #[serde(default)]
    pub facts: GapFacts,
}

impl Gap {
    /// A gap that is about nothing in particular yet.
    pub fn new(kind: GapKind) -> Self {
        Self {
            kind,
            plan: None,
            application: None,
            destination: None,
            applications: Vec::new(),
            facts: GapFacts::default(),
        }
    }

    /// What tells it from other gaps: its kind, plan, application and destination. None of them can hold a slash.
    pub fn key(&self) -> String {
        let plan = self.plan.as_ref().map_or("", |plan| plan.id.as_str());
        let application = self.application.as_ref().map_or("", |application| application.module.as_str());
        let destination = self.destination.as_ref().map_or("", |destination| destination.id.as_str());
        format!("{}/{plan}/{application}/{destination}", self.kind)
    }

    /// True when it is about this application.
    pub fn is_about(&self, module: &ModuleId) -> bool {
        self.application.as_ref().is_some_and(|application| application.module == *module)
    }
}

/// A gap as the journal knows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct KnownGap {
    /// The gap.
    pub gap: Gap,
    /// When it was first found.
    pub since: Timestamp,
    /// When it was mailed. None: not yet.
    pub reported_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_the_ones_that_serde_writes_and_the_list_is_in_order() {
        for kind in GapKind::ALL {
            assert_eq!(serde_json::to_value(kind).unwrap(), kind.as_str());
        }
        assert!(GapKind::ALL.is_sorted());
    }

    #[test]
    fn a_gap_is_told_from_others_by_what_it_is_about_and_not_by_its_figures() {
        let mut gap = Gap::new(GapKind::SnapshotOld);
        assert_eq!(gap.key(), "snapshot-old///");
        gap.plan = Some(PlanRef { id: PlanId::new("1").unwrap(), name: None });
        let before = gap.key();
        gap.facts.found_snapshots = Some(3);
        assert_eq!((before.as_str(), gap.key()), ("snapshot-old/1//", before.clone()));
    }
}
