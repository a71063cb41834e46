// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! English words for gaps.

use super::English;
use crate::{
    coverage::gap::{GapKind, Severity},
    notifier::phrases::{GapPhrases, GapWords},
};

impl GapPhrases for English {
    fn gap_status(&self) -> &'static str {
        "incomplete"
    }

    fn gap_title(&self, kind: GapKind) -> &'static str {
        match kind {
            GapKind::SuccessWithoutSnapshot => "Success without a snapshot",
            GapKind::NoPlan => "In no backup plan",
            GapKind::PlanDisabled => "Plan disabled",
            GapKind::PlanNoDestination => "Plan without a destination",
            GapKind::PlanNotRunning => "Plan not running",
            GapKind::SnapshotOld => "Newest snapshot too old",
            GapKind::SnapshotsFew => "Too few snapshots",
            GapKind::ClusterBackupNoPassword => "Cluster configuration not backed up",
            GapKind::ClusterBackupFailed => "Backup of the cluster configuration failed",
            GapKind::PlanEmpty => "Plan without applications",
            GapKind::OwnNodeOnly => "Only on the cluster's own nodes",
        }
    }

    fn gap(&self, kind: GapKind, words: &GapWords) -> String {
        let GapWords { plan, applications, count, destination, expected, found, .. } = words;
        let (is, has) = if *count == 1 { ("is", "has") } else { ("are", "have") };
        match kind {
            GapKind::SuccessWithoutSnapshot => {
                let run = words.run_at.map(|at| format!(" of {at}")).unwrap_or_default();
                format!(
                    "“{plan}” reported the backup of {applications}{run} as successful, but {destination} has no snapshot of \
                     it. {}",
                    newest(words)
                )
            }
            GapKind::NoPlan => format!("{applications} {is} in no backup plan."),
            GapKind::PlanDisabled => {
                format!("“{plan}” is disabled, and no other plan backs up {applications}.")
            }
            GapKind::PlanNoDestination if *count == 0 => {
                format!("“{plan}” has no destination known to the cluster.")
            }
            GapKind::PlanNoDestination => {
                format!("“{plan}” has no destination known to the cluster, so it can't back up {applications}.")
            }
            GapKind::PlanNotRunning => {
                let ran = match words.last_run {
                    Some(time) => format!("last ran on {time}"),
                    None => "has never run".into(),
                };
                let due = words.due_since.map(|due| format!(" It has not run when due since {due}.")).unwrap_or_default();
                format!("“{plan}” {ran}.{due}")
            }
            GapKind::SnapshotOld => {
                format!("{applications} in {destination}: {} “{plan}” should have made newer ones.", newest(words))
            }
            GapKind::SnapshotsFew => format!(
                "{applications} {has} {found} snapshots in {destination}. “{plan}” keeps {expected}, and its runs were \
                 successful."
            ),
            GapKind::ClusterBackupNoPassword => "No encryption password is set, so the cluster's configuration is in no \
                                                 backup. It holds the keys of all destinations: if the cluster is lost, \
                                                 its backups can't be read without it."
                .into(),
            GapKind::ClusterBackupFailed => {
                let run = words.run_at.map(|at| format!(" on {at}")).unwrap_or_default();
                format!(
                    "The cluster's configuration could not be saved{run}. The copy in the destination is an older one, if \
                     there is one."
                )
            }
            GapKind::PlanEmpty => format!("“{plan}” has no applications, so it backs up nothing."),
            GapKind::OwnNodeOnly => {
                format!("All backups of {applications} are in {destination}, on a node of this same cluster.")
            }
        }
    }

    fn gap_step(&self, kind: GapKind) -> &'static str {
        match kind {
            GapKind::SuccessWithoutSnapshot => {
                "Run the plan again in cluster-admin, and look whether a snapshot is there afterwards. If not, check the \
                 application's log and who else deletes files in the destination."
            }
            GapKind::NoPlan => {
                "Add what is worth keeping to a plan in cluster-admin. The rest needs nothing."
            }
            GapKind::PlanDisabled => "Enable the plan, or add its applications to another one.",
            GapKind::PlanNoDestination => "Edit the plan and choose a destination.",
            GapKind::PlanNotRunning => {
                "Run the plan now in cluster-admin. Then save it again without a change: that makes its timers anew on \
                 every node."
            }
            GapKind::SnapshotOld => "Run the plan now in cluster-admin, and check its schedule.",
            GapKind::SnapshotsFew => {
                "Find out who removed snapshots: another program with access to the destination, a lifecycle rule of the \
                 storage, or somebody by hand."
            }
            GapKind::ClusterBackupNoPassword => {
                "In cluster-admin, on the Backup page under “Cluster configuration”, set the encryption password, and keep it \
                 outside the cluster."
            }
            GapKind::ClusterBackupFailed => {
                "Check the destination, and run the plan again. Meanwhile, download the cluster backup from the Backup page."
            }
            GapKind::PlanEmpty => "Add applications to the plan, or delete it.",
            GapKind::OwnNodeOnly => {
                "A fire, a theft or ransomware takes data and backups together: add a plan with a destination elsewhere."
            }
        }
    }

    fn gap_headline(&self, kind: GapKind, words: &GapWords, more: usize) -> String {
        let GapWords { plan, applications, count, .. } = words;
        let is = if *count == 1 { "is" } else { "are" };
        let clause = match kind {
            GapKind::SuccessWithoutSnapshot => format!("{applications}: success reported, no snapshot"),
            GapKind::NoPlan => format!("{applications} {is} in no plan"),
            GapKind::PlanDisabled => format!("{applications} only in disabled plan {plan}"),
            GapKind::PlanNoDestination => format!("plan {plan} has no destination"),
            GapKind::PlanNotRunning => format!("plan {plan} does not run"),
            GapKind::SnapshotOld => format!("no recent snapshot of {applications}"),
            GapKind::SnapshotsFew => format!("snapshots of {applications} are missing"),
            GapKind::ClusterBackupNoPassword => "cluster configuration is not backed up".into(),
            GapKind::ClusterBackupFailed => "saving the cluster configuration failed".into(),
            GapKind::PlanEmpty => format!("plan {plan} has no applications"),
            GapKind::OwnNodeOnly => format!("{applications} only on the cluster's own nodes"),
        };
        match more {
            0 => clause,
            1 => format!("{clause}, and 1 more gap"),
            more => format!("{clause}, and {more} more gaps"),
        }
    }

    fn gap_intro(&self) -> &'static str {
        "No backup run failed: this is what no run covers, or what was not there when it was looked for."
    }

    fn gap_reported_once(&self) -> &'static str {
        "Each of these is mailed once. Those that stay are on the status page and in the summary."
    }

    fn gap_since(&self, time: &str) -> String {
        format!("Found {time}.")
    }

    fn gaps_more(&self, count: usize) -> String {
        format!("{count} more: see the status page.")
    }

    fn gap_severity(&self, severity: Severity) -> &'static str {
        match severity {
            Severity::Unprotected => "not protected",
            Severity::Doubtful => "to be checked",
            Severity::Advice => "advice",
        }
    }

    fn applications(&self, count: usize) -> String {
        if count == 1 { "1 application".into() } else { format!("{count} applications") }
    }
}

/// How old the newest snapshot is.
fn newest(words: &GapWords) -> String {
    match words.newest {
        Some((time, age)) => format!("The newest snapshot is of {time} ({age} ago)."),
        None => "There is no snapshot at all.".into(),
    }
}
