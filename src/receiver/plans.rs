// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The plans as the pages show them: the last runs of each, and the past of its applications' backups. Pure.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    correlator::correlation::{Outcome, State},
    ids::{JobId, ModuleId, NodeId, PlanId},
    report::history::{ApplicationRecord, PastRun, good_backups},
    telemetry::{ApplicationLabels, ApplicationMetrics},
};

/// How many runs are shown of each plan.
pub(super) const RUNS: u32 = 30;

/// One plan.
#[derive(Debug, Serialize)]
pub(super) struct Plan<'a> {
    id: &'a PlanId,
    name: Option<&'a str>,
    destination: Option<&'a str>,
    schedule: Option<&'a str>,
    next: Option<Timestamp>,
    /// Newest first.
    runs: Vec<Run>,
    applications: Vec<Application<'a>>,
}

/// One run of a plan.
#[derive(Debug, Serialize)]
struct Run {
    began_at: Timestamp,
    ended_at: Timestamp,
    outcome: Outcome,
    report: Option<JobId>,
    ok: usize,
    failed: usize,
    missing: usize,
    pending: usize,
}

/// One application of a plan.
#[derive(Debug, Serialize)]
struct Application<'a> {
    id: &'a ModuleId,
    label: Option<&'a str>,
    node: &'a NodeId,
    state: State,
    last_run: Option<Timestamp>,
    last_success: Option<Timestamp>,
    /// Bytes in its last good backup.
    size: Option<u64>,
    files: Option<u64>,
    duration_seconds: Option<u64>,
    /// Unix seconds and bytes of its good backups, oldest first.
    sizes: Vec<(i64, u64)>,
}

/// The plans of these runs, which stand plan by plan, newest first.
pub(super) fn plans(runs: &[PastRun]) -> Vec<Plan<'_>> {
    let mut plans: Vec<Plan> = runs.chunk_by(|one, next| one.run.plan == next.run.plan).map(plan).collect();
    plans.sort_by(|left, right| left.id.cmp(right.id));
    plans
}

fn plan(runs: &[PastRun]) -> Plan<'_> {
    let last = &runs[0].run;
    let good = good_backups(runs);
    let good_of = |record: &ApplicationRecord| good.get(&record.module).map_or(&[][..], Vec::as_slice);
    Plan {
        id: &last.plan,
        name: last.name.as_deref(),
        destination: last.destination.as_ref().map(crate::correlator::correlation::Destination::title),
        schedule: last.schedule.as_deref(),
        next: last.next,
        runs: runs.iter().map(run).collect(),
        applications: last.applications.iter().map(|record| describe(record, good_of(record))).collect(),
    }
}

/// Sets what Prometheus is told of the applications.
pub(super) fn measure(plans: &[Plan], metrics: &ApplicationMetrics) {
    let known = |number: Option<u64>| number.and_then(|number| i64::try_from(number).ok());
    metrics.clear();
    for plan in plans {
        for application in &plan.applications {
            let labels = ApplicationLabels {
                plan: plan.id.to_string(),
                plan_name: plan.name.unwrap_or(plan.id.as_str()).to_owned(),
                application: application.id.to_string(),
                node: application.node.to_string(),
            };
            // What is still running has no result yet; the one before is no longer news.
            if application.state != State::Pending {
                metrics.last_result.get_or_create(&labels).set((application.state == State::Ok).into());
            }
            if let Some(time) = application.last_success {
                metrics.last_success.get_or_create(&labels).set(time.as_second());
            }
            if let Some(size) = known(application.size) {
                metrics.size.get_or_create(&labels).set(size);
            }
            if let Some(duration) = known(application.duration_seconds) {
                metrics.duration.get_or_create(&labels).set(duration);
            }
        }
    }
}

fn describe<'a>(record: &'a ApplicationRecord, good: &[&'a ApplicationRecord]) -> Application<'a> {
    let last_good = good.first();
    let size = |record: &&ApplicationRecord| Some((record.ended_at?.as_second(), record.size?));
    let mut sizes: Vec<(i64, u64)> = good.iter().filter_map(size).collect();
    sizes.reverse();
    sizes.dedup_by_key(|(time, _)| *time);
    Application {
        id: &record.module,
        label: record.label.as_deref(),
        node: &record.node,
        state: record.state,
        last_run: record.ended_at,
        last_success: last_good.and_then(|record| record.ended_at),
        size: last_good.and_then(|record| record.size),
        files: last_good.and_then(|record| record.files),
        duration_seconds: record.duration_seconds,
        sizes,
    }
}

fn run(past: &PastRun) -> Run {
    let count = |state| past.run.applications.iter().filter(|application| application.state == state).count();
    Run {
        began_at: past.run.began_at,
        ended_at: past.run.ended_at,
        outcome: past.run.outcome,
        report: past.report,
        ok: count(State::Ok),
        failed: count(State::Failed),
        missing: count(State::Missing),
        pending: count(State::Pending),
    }
}
