// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What Prometheus is told of restore points and gaps.

use jiff::Timestamp;

use crate::{
    coverage::gap::{GapKind, KnownGap},
    restore_points::ListedRestorePoint,
    telemetry::protection::{GapLabels, ProtectionMetrics, RestorePointLabels},
};

/// Sets the figures of these restore points as of `now`, in place of those of before.
pub(super) fn measure_restore_points(
    listed: &[ListedRestorePoint],
    now: Timestamp,
    metrics: &ProtectionMetrics,
) {
    metrics.clear_restore_points();
    for row in listed {
        let destination = row.destination_name.clone();
        let labels = RestorePointLabels {
            plan: row.plan.to_string(),
            plan_name: row.plan_name.clone().unwrap_or_else(|| row.plan.to_string()),
            application: row.module.to_string(),
            node: row.node.to_string(),
            destination: destination
                .or_else(|| row.destination.as_ref().map(ToString::to_string))
                .unwrap_or_default(),
        };
        // A clock that was set back makes nothing younger than now.
        let proved_age = row.proved_at.map(|at| now.duration_since(at).as_secs().max(0));
        let figures = [
            (&metrics.age, row.age.map(|age| age.as_secs())),
            (&metrics.proved_age, proved_age),
            (&metrics.snapshots, row.count.and_then(|count| i64::try_from(count).ok())),
            (&metrics.period, row.period.map(|period| period.as_secs())),
        ];
        for (family, figure) in figures {
            if let Some(figure) = figure {
                family.get_or_create(&labels).set(figure);
            }
        }
    }
}

/// Sets the figures of these gaps: a kind that there is none of is 0, not absent.
pub(super) fn measure_gaps(known: &[KnownGap], metrics: &ProtectionMetrics) {
    for kind in GapKind::ALL {
        let count = known.iter().filter(|known| known.gap.kind == kind).count();
        let labels = GapLabels { kind: kind.as_str().to_owned() };
        metrics.gaps.get_or_create(&labels).set(i64::try_from(count).unwrap_or(i64::MAX));
    }
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;
    use crate::{
        coverage::gap::Gap,
        ids::{DestinationId, ModuleId, NodeId, PlanId},
        repo_check::findings::Health,
        restore_points::RecoveryPoint,
        telemetry::Metrics,
    };

    fn now() -> Timestamp {
        "2026-11-25T07:00:00Z".parse().unwrap()
    }

    fn row(module: &str) -> ListedRestorePoint {
        ListedRestorePoint {
            plan: PlanId::new("1").unwrap(),
            plan_name: Some("Nightly".into()),
            module: ModuleId::new(module).unwrap(),
            label: None,
            node: NodeId::new("2").unwrap(),
            destination: DestinationId::new("14030a59-a4e6-57cc-b8ea-cd5f97fe44c8").ok(),
            destination_name: Some("S3".into()),
            newest: Some(now() - SignedDuration::from_hours(5)),
            age: Some(SignedDuration::from_hours(5)),
            size: None,
            count: Some(7),
            // The clock was set back since.
            proved_at: Some(now() + SignedDuration::from_hours(1)),
            health: Health::Ok,
            period: Some(SignedDuration::from_hours(24)),
            recovery: RecoveryPoint::Unknown,
        }
    }

    fn figures(metrics: &Metrics) -> Vec<String> {
        let text = metrics.encode();
        let ours = text.lines().filter(|line| line.contains("_restore_point_") && !line.starts_with('#'));
        let mut figures: Vec<String> = ours
            .map(|line| line.trim_start_matches("ns8_backup_monitor_restore_point_").to_owned())
            .collect();
        figures.sort();
        figures
    }

    #[test]
    fn a_restore_point_is_measured_as_far_as_it_is_known_and_forgotten_with_its_application() {
        let metrics = Metrics::default();
        let unknown = ListedRestorePoint {
            destination_name: None,
            newest: None,
            age: None,
            count: Some(0),
            proved_at: None,
            period: None,
            ..row("samba1")
        };
        measure_restore_points(&[row("mail1"), unknown], now(), &metrics.protection);
        let mail = "{plan=\"1\",plan_name=\"Nightly\",application=\"mail1\",node=\"2\",destination=\"S3\"}";
        let samba = mail.replace("mail1", "samba1").replace("S3", "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8");
        let expected = [
            format!("age_seconds{mail} 18000"),
            format!("period_seconds{mail} 86400"),
            format!("proved_age_seconds{mail} 0"),
            format!("snapshots{mail} 7"),
            format!("snapshots{samba} 0"),
        ];
        assert_eq!(figures(&metrics), expected);
        measure_restore_points(&[], now(), &metrics.protection);
        assert_eq!(figures(&metrics), Vec::<String>::new());
    }

    #[test]
    fn gaps_are_counted_by_kind_and_those_closed_are_zero() {
        let metrics = Metrics::default();
        let gap = || KnownGap { gap: Gap::new(GapKind::NoPlan), since: now(), reported_at: None };
        let count = |kind: GapKind| {
            let labels = GapLabels { kind: kind.as_str().into() };
            metrics.protection.gaps.get_or_create(&labels).get()
        };
        measure_gaps(&[gap(), gap()], &metrics.protection);
        assert_eq!((count(GapKind::NoPlan), count(GapKind::SnapshotOld)), (2, 0));
        measure_gaps(&[], &metrics.protection);
        assert_eq!(count(GapKind::NoPlan), 0);
    }
}
