// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The table of restore points as `/api/restore-points` lists it. Pure.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    coverage::gap::{Gap, GapKind, KnownGap},
    ids::{DestinationId, ModuleId, NodeId, PlanId},
    proof::cluster_backup::ClusterBackup,
    repo_check::findings::Health,
    restore_points::ListedRestorePoint,
};

/// What `/api/restore-points` answers.
#[derive(Debug, Serialize)]
pub(super) struct RestorePoints<'a> {
    /// Those with gaps first, the worst of them first; then the oldest.
    pub restore_points: Vec<RestorePoint<'a>>,
    pub cluster_backup: ClusterBackup,
}

/// What can be restored of an application from one plan's destination.
#[derive(Debug, Serialize)]
pub(super) struct RestorePoint<'a> {
    application: &'a ModuleId,
    application_label: Option<&'a str>,
    node: &'a NodeId,
    plan: &'a PlanId,
    plan_name: Option<&'a str>,
    destination: Option<&'a DestinationId>,
    destination_name: Option<&'a str>,
    /// None where there is none, or the repository was never read.
    newest_snapshot: Option<Timestamp>,
    age_seconds: Option<i64>,
    count: Option<usize>,
    /// Bytes in the newest one.
    size: Option<u64>,
    /// When the repository was last read.
    proved_at: Option<Timestamp>,
    health: Health,
    recovery_point: RecoveryPoint,
    gaps: Vec<GapKind>,
}

/// What would be lost.
#[derive(Debug, Serialize)]
struct RecoveryPoint {
    seconds: Option<i64>,
    words: String,
}

/// The table, with the gaps of each row.
pub(super) fn restore_points<'a>(
    listed: &'a [ListedRestorePoint],
    gaps: &[KnownGap],
    cluster_backup: ClusterBackup,
) -> RestorePoints<'a> {
    let mut rows: Vec<RestorePoint> = listed.iter().map(|row| restore_point(row, gaps)).collect();
    rows.sort_by_key(|row| (row.gaps.is_empty(), row.gaps.first().copied(), row.newest_snapshot));
    RestorePoints { restore_points: rows, cluster_backup }
}

fn restore_point<'a>(row: &'a ListedRestorePoint, known: &[KnownGap]) -> RestorePoint<'a> {
    let about = known.iter().map(|known| &known.gap).filter(|gap| is_about(gap, row));
    let mut gaps: Vec<GapKind> = about.map(|gap| gap.kind).collect();
    gaps.sort_unstable();
    gaps.dedup();
    RestorePoint {
        application: &row.module,
        application_label: row.label.as_deref(),
        node: &row.node,
        plan: &row.plan,
        plan_name: row.plan_name.as_deref(),
        destination: row.destination.as_ref(),
        destination_name: row.destination_name.as_deref(),
        newest_snapshot: row.newest,
        age_seconds: row.age.map(|age| age.as_secs()),
        count: row.count,
        size: row.size,
        proved_at: row.proved_at,
        health: row.health,
        recovery_point: RecoveryPoint { seconds: row.recovery.seconds(), words: row.recovery.words() },
        gaps,
    }
}

/// True for a gap of the application, or of its plan as a whole.
fn is_about(gap: &Gap, row: &ListedRestorePoint) -> bool {
    let names_it = match (&gap.application, &gap.plan) {
        (Some(application), _) => application.module == row.module,
        (None, Some(_)) => true,
        // It is about the cluster.
        (None, None) => false,
    };
    names_it
        && gap.plan.as_ref().is_none_or(|plan| plan.id == row.plan)
        && gap
            .destination
            .as_ref()
            .is_none_or(|destination| Some(&destination.id) == row.destination.as_ref())
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        coverage::gap::{ApplicationRef, DestinationRef, PlanRef},
        proof::cluster_backup::ClusterBackupState,
        restore_points::RecoveryPoint,
    };

    const HERE: &str = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8";

    fn row(plan: &str, module: &str, hours: Option<i64>) -> ListedRestorePoint {
        let now = Timestamp::from_second(1_795_600_000).unwrap();
        let age = hours.map(SignedDuration::from_hours);
        ListedRestorePoint {
            plan: PlanId::new(plan).unwrap(),
            plan_name: None,
            module: ModuleId::new(module).unwrap(),
            label: None,
            node: NodeId::new("1").unwrap(),
            destination: DestinationId::new(HERE).ok(),
            destination_name: None,
            newest: age.map(|age| now - age),
            age,
            size: None,
            count: None,
            proved_at: None,
            health: Health::Ok,
            recovery: age.map_or(RecoveryPoint::Everything, RecoveryPoint::UpTo),
        }
    }

    fn gap(kind: GapKind, plan: Option<&str>, module: Option<&str>, destination: Option<&str>) -> KnownGap {
        let plan = plan.map(|id| PlanRef { id: PlanId::new(id).unwrap(), name: None });
        let application = module.map(|module| ApplicationRef {
            module: ModuleId::new(module).unwrap(),
            label: None,
            node: NodeId::new("1").unwrap(),
        });
        let destination =
            destination.map(|id| DestinationRef { id: DestinationId::new(id).unwrap(), name: None });
        let gap = Gap { plan, application, destination, ..Gap::new(kind) };
        KnownGap { gap, since: Timestamp::UNIX_EPOCH, reported_at: None }
    }

    #[test]
    fn gaps_come_first_the_worst_of_them_first_and_then_the_oldest() {
        let listed = [
            row("1", "young1", Some(2)),
            row("1", "old1", Some(30)),
            row("1", "none1", None),
            row("1", "few1", Some(1)),
            row("1", "lost1", Some(1)),
        ];
        let gaps = [
            gap(GapKind::SnapshotsFew, Some("1"), Some("few1"), Some(HERE)),
            gap(GapKind::SuccessWithoutSnapshot, Some("1"), Some("lost1"), Some(HERE)),
            gap(GapKind::ClusterBackupFailed, None, None, None),
        ];
        let table = restore_points(&listed, &gaps, ClusterBackup::default());
        let order: Vec<&str> = table.restore_points.iter().map(|row| row.application.as_str()).collect();
        assert_eq!(order, ["lost1", "few1", "none1", "old1", "young1"]);
        assert_eq!(table.restore_points[0].gaps, [GapKind::SuccessWithoutSnapshot]);
        assert_eq!(table.restore_points[2].gaps, []);
    }

    #[test]
    fn a_row_has_the_gaps_of_its_application_and_of_its_plan_alone() {
        let elsewhere = "48ce000a-79b7-5fe6-8558-177fd70c27b4";
        let gaps = [
            gap(GapKind::SnapshotOld, Some("1"), Some("mail1"), Some(elsewhere)),
            gap(GapKind::SnapshotsFew, Some("2"), Some("mail1"), Some(HERE)),
            gap(GapKind::OwnNodeOnly, None, Some("mail1"), None),
            gap(GapKind::PlanDisabled, Some("1"), None, None),
            gap(GapKind::PlanEmpty, Some("2"), None, None),
        ];
        let listed = [row("1", "mail1", Some(1))];
        let table = restore_points(&listed, &gaps, ClusterBackup::default());
        assert_eq!(table.restore_points[0].gaps, [GapKind::PlanDisabled, GapKind::OwnNodeOnly]);
    }

    #[test]
    fn the_answer_has_the_documented_form() {
        let listed = [row("1", "mail1", Some(26))];
        let state = ClusterBackup { state: ClusterBackupState::NoPassword, at: Some(Timestamp::UNIX_EPOCH) };
        let json = serde_json::to_value(restore_points(&listed, &[], state)).unwrap();
        assert_eq!(
            json["cluster_backup"],
            serde_json::json!({"state": "no-password", "at": "1970-01-01T00:00:00Z"})
        );
        let row = &json["restore_points"][0];
        let words = "up to 26 h of data would be lost";
        assert_eq!(row["recovery_point"], serde_json::json!({"seconds": 93_600, "words": words}));
        assert_eq!((&row["health"], &row["age_seconds"]), (&"OK".into(), &93_600.into()));
    }
}
