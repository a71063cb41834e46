// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What follows when a job can't be driven for a reason of its own: a bug that shows with its data, or a row that can't be written. Pure.

use std::{collections::BTreeMap, time::Duration};

use crate::{alert::Alert, ids::PlanId, journal::Job};

/// After so many failures in a row a job about several plans becomes one job a plan, so that one plan does not take the others with it.
const SPLIT_AFTER: u32 = 2;
/// After so many failures in a row a job is given up.
const ABANDON_AFTER: u32 = 5;
/// The pause after the first failure; each further one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_secs(2);

/// What follows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum AfterFailure {
    /// It is tried again after this pause.
    Retry(Duration),
    /// Each group of its alerts becomes a job of its own.
    Split(Vec<Vec<Alert>>),
    /// It is given up, and a report says so.
    Abandon,
}

/// What follows when `job` could not be driven for so many times in a row.
pub(super) fn after(job: &Job, failures: u32) -> AfterFailure {
    if failures >= ABANDON_AFTER {
        return AfterFailure::Abandon;
    }
    if failures >= SPLIT_AFTER {
        let groups = by_plan(&job.alerts);
        if groups.len() > 1 {
            return AfterFailure::Split(groups);
        }
    }
    AfterFailure::Retry(pause(failures))
}

/// The longest pause that there is.
pub(super) fn longest_pause() -> Duration {
    pause(ABANDON_AFTER)
}

fn pause(failures: u32) -> Duration {
    FIRST_PAUSE.saturating_mul(1 << failures.saturating_sub(1).min(ABANDON_AFTER))
}

/// The alerts of each plan; those that name none are a group, too.
fn by_plan(alerts: &[Alert]) -> Vec<Vec<Alert>> {
    let mut groups: BTreeMap<Option<&PlanId>, Vec<Alert>> = BTreeMap::new();
    for alert in alerts {
        groups.entry(alert.plan.as_ref()).or_default().push(alert.clone());
    }
    groups.into_values().collect()
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;
    use crate::{alert::Source, ids::JobId, journal::Stage};

    fn job(plans: &[&str]) -> Job {
        let alert = |plan: &&str| {
            Alert::raised(Source::Run, "BackupRun", plan.parse().unwrap(), None, Timestamp::UNIX_EPOCH)
        };
        Job {
            id: JobId(1),
            created_at: Timestamp::UNIX_EPOCH,
            due_at: Timestamp::UNIX_EPOCH,
            stage: Stage::Waiting,
            follow_up: false,
            reads: 0,
            note: None,
            alerts: plans.iter().map(alert).collect(),
            alerts_kept: 0,
            failures: 0,
            failure: None,
        }
    }

    #[test]
    fn a_job_about_one_plan_is_tried_five_times() {
        let seconds = |failures| match after(&job(&["1", "1"]), failures) {
            AfterFailure::Retry(pause) => Some(pause.as_secs()),
            AfterFailure::Split(_) | AfterFailure::Abandon => None,
        };
        let pauses: Vec<Option<u64>> = (1..=6).map(seconds).collect();
        assert_eq!(pauses, [Some(2), Some(4), Some(8), Some(16), None, None]);
        assert_eq!(after(&job(&["1"]), 5), AfterFailure::Abandon);
    }

    #[test]
    fn a_job_about_several_plans_becomes_one_for_each() {
        let several = job(&["1", "2", "1"]);
        assert!(matches!(after(&several, 1), AfterFailure::Retry(_)));
        let AfterFailure::Split(groups) = after(&several, 2) else { panic!("not split") };
        assert_eq!(groups.iter().map(Vec::len).collect::<Vec<_>>(), [2, 1]);
    }
}
