// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Figures of what is protected: restore points, gaps, incidents, summaries.

use prometheus_client::{
    encoding::EncodeLabelSet,
    metrics::{family::Family, gauge::Gauge},
    registry::Registry,
};

/// The labels of a restore point.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct RestorePointLabels {
    /// The plan's id.
    pub plan: String,
    /// The plan's name, else its id.
    pub plan_name: String,
    /// The module. Not `module_id`, which Prometheus puts on all that it scrapes from this one.
    pub application: String,
    /// Its node.
    pub node: String,
    /// The destination's name, else its id; empty for a plan without one.
    pub destination: String,
}

/// The label of [`ProtectionMetrics::gaps`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct GapLabels {
    /// The kind's name.
    pub kind: String,
}

/// What is protected, as of the last reading and the last time that the repositories were asked.
#[derive(Debug, Default)]
pub struct ProtectionMetrics {
    /// The age of the newest snapshot, in seconds. Absent where there is none, or it is not known.
    pub age: Family<RestorePointLabels, Gauge>,
    /// How long ago the repository was last read, in seconds. Absent where it never was.
    pub proved_age: Family<RestorePointLabels, Gauge>,
    /// How many snapshots there are. Absent where that is not known.
    pub snapshots: Family<RestorePointLabels, Gauge>,
    /// How long the plan waits between two runs, in seconds. Absent for a plan that is disabled, or whose schedule can't be read.
    pub period: Family<RestorePointLabels, Gauge>,
    /// Gaps, by kind; 0 of a kind that there is none of.
    pub gaps: Family<GapLabels, Gauge>,
    /// Incidents that are open.
    pub incidents_open: Gauge,
    /// When a summary last went out, in Unix seconds. 0: none did.
    pub summary_sent: Gauge,
}

impl ProtectionMetrics {
    /// Makes them known to `registry`.
    pub fn register(&self, registry: &mut Registry) {
        let mut register = |name: &str, help: &str, family: &Family<RestorePointLabels, Gauge>| {
            registry.register(format!("restore_point_{name}"), help, family.clone());
        };
        register("age_seconds", "Age of the application's newest snapshot", &self.age);
        register(
            "proved_age_seconds",
            "How long ago the application's repository was last read",
            &self.proved_age,
        );
        register("snapshots", "Snapshots in the application's repository", &self.snapshots);
        register("period_seconds", "How long the backup plan waits between two runs", &self.period);
        registry.register("gaps", "What no backup protects, or perhaps none does", self.gaps.clone());
        registry.register(
            "incidents_open",
            "Backup plans from their first failed run to their next good one",
            self.incidents_open.clone(),
        );
        registry.register(
            "summary_sent_timestamp_seconds",
            "When a summary was last sent, 0 for never",
            self.summary_sent.clone(),
        );
    }

    /// Forgets all restore points, before those that there are now are set.
    pub fn clear_restore_points(&self) {
        for family in [&self.age, &self.proved_age, &self.snapshots, &self.period] {
            family.clear();
        }
    }
}
