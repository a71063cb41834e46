// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The plans as the pages show them: those that the cluster has, each with its last runs and the past of its applications' backups. Pure.

use std::collections::HashMap;

use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::{
    correlator::correlation::{Destination, Outcome, State},
    ids::{JobId, ModuleId, NodeId, PlanId},
    oncalendar::Calendar,
    report::history::{ApplicationRecord, PastRun, good_backups},
    roster::{ApplicationEntry, PlanEntry, Roster},
    run::Run,
    telemetry::{ApplicationLabels, ApplicationMetrics, PlanLabels},
};

/// How many runs are shown of each plan.
pub(super) const RUNS: u32 = 30;

/// The plans, and as of when the cluster has them.
#[derive(Debug, Serialize)]
pub(super) struct Plans<'a> {
    /// When the cluster was last read. None when it never was: then these are the plans that the journal remembers.
    pub as_of: Option<Timestamp>,
    pub plans: Vec<Plan<'a>>,
}

/// One plan.
#[derive(Debug, Serialize)]
pub(super) struct Plan<'a> {
    pub id: &'a PlanId,
    pub name: Option<&'a str>,
    destination: Option<&'a str>,
    schedule: Option<&'a str>,
    /// False while its timer is off, as far as that is known.
    pub enabled: bool,
    pub next: Option<Timestamp>,
    /// Newest first; none of a plan that has not run yet.
    pub runs: Vec<PlanRun>,
    pub applications: Vec<Application<'a>>,
}

/// One run of a plan.
#[derive(Debug, Serialize)]
pub(super) struct PlanRun {
    began_at: Timestamp,
    pub ended_at: Timestamp,
    pub outcome: Outcome,
    report: Option<JobId>,
    ok: usize,
    failed: usize,
    missing: usize,
    pending: usize,
}

/// One application of a plan.
#[derive(Debug, Serialize)]
pub(super) struct Application<'a> {
    id: &'a ModuleId,
    label: Option<&'a str>,
    node: &'a NodeId,
    /// None while no run of the plan has been due for it.
    state: Option<State>,
    last_run: Option<Timestamp>,
    last_success: Option<Timestamp>,
    /// Bytes in its last good backup.
    size: Option<u64>,
    files: Option<u64>,
    duration_seconds: Option<u64>,
    /// Unix seconds and bytes of its good backups, oldest first.
    sizes: Vec<(i64, u64)>,
}

/// The plans that the cluster has, with their past: `runs` stand plan by plan, newest first. Without a roster, the plans of these runs.
pub(super) fn plans<'a>(
    runs: &'a [PastRun],
    roster: Option<&'a Roster>,
    now: Timestamp,
    zone: &TimeZone,
) -> Plans<'a> {
    let by_plan = || runs.chunk_by(|one, next| one.run.plan == next.run.plan);
    let mut plans: Vec<Plan> = match roster {
        Some(roster) => {
            let past: HashMap<&PlanId, &[PastRun]> =
                by_plan().map(|runs| (&runs[0].run.plan, runs)).collect();
            let past_of = |plan: &PlanEntry| past.get(&plan.id).copied().unwrap_or_default();
            roster.plans.iter().map(|plan| present(plan, past_of(plan), now, zone)).collect()
        }
        None => by_plan().map(remembered).collect(),
    };
    plans.sort_by(|left, right| left.id.cmp(right.id));
    Plans { as_of: roster.map(|roster| roster.at), plans }
}

/// A plan that the cluster has.
fn present<'a>(plan: &'a PlanEntry, runs: &'a [PastRun], now: Timestamp, zone: &TimeZone) -> Plan<'a> {
    let calendar = plan.schedule.as_deref().filter(|_| plan.enabled).and_then(|text| text.parse().ok());
    let last = runs.first().map_or(&[][..], |past| &past.run.applications);
    let records: HashMap<&ModuleId, &ApplicationRecord> =
        last.iter().map(|record| (&record.module, record)).collect();
    let good = good_backups(runs);
    let describe = |entry: &'a ApplicationEntry| {
        let past = Past::new(records.get(&entry.module).copied(), entry.last.as_ref());
        let good = good.get(&entry.module).map_or(&[][..], Vec::as_slice);
        past.describe(&entry.module, entry.label.as_deref(), &entry.node, good)
    };
    Plan {
        id: &plan.id,
        name: plan.name.as_deref(),
        destination: plan.destination.as_deref(),
        schedule: plan.schedule.as_deref(),
        enabled: plan.enabled,
        next: calendar.and_then(|calendar: Calendar| calendar.next(now, zone)),
        runs: runs.iter().map(run).collect(),
        applications: plan.applications.iter().map(describe).collect(),
    }
}

/// A plan as its last run in the journal has it.
fn remembered(runs: &[PastRun]) -> Plan<'_> {
    let last = &runs[0].run;
    let good = good_backups(runs);
    let applications = last.applications.iter().map(|record| {
        let good = good.get(&record.module).map_or(&[][..], Vec::as_slice);
        let past = Past::new(Some(record), None);
        past.describe(&record.module, record.label.as_deref(), &record.node, good)
    });
    Plan {
        id: &last.plan,
        name: last.name.as_deref(),
        destination: last.destination.as_ref().map(Destination::title),
        schedule: last.schedule.as_deref(),
        enabled: true,
        next: last.next,
        runs: runs.iter().map(run).collect(),
        applications: applications.collect(),
    }
}

/// What is known of an application's last run: the journal's record, or Redis' own result where that is newer.
#[derive(Debug, Default)]
struct Past {
    state: Option<State>,
    ended_at: Option<Timestamp>,
    duration_seconds: Option<u64>,
    /// Redis' result, where that is newer and good.
    newer_good: Option<(Timestamp, Option<u64>, Option<u64>)>,
}

impl Past {
    fn new(record: Option<&ApplicationRecord>, last: Option<&Run>) -> Self {
        let recorded = record.and_then(|record| record.ended_at);
        match (record, last.filter(|run| recorded.is_none_or(|ended| run.end > ended))) {
            (_, Some(run)) => Self {
                state: Some(if run.is_ok() { State::Ok } else { State::Failed }),
                ended_at: Some(run.end),
                duration_seconds: run.duration().map(|duration| duration.as_secs()),
                newer_good: run.is_ok().then_some((run.end, run.size, run.files)),
            },
            (Some(record), None) => Self {
                state: Some(record.state),
                ended_at: record.ended_at,
                duration_seconds: record.duration_seconds,
                newer_good: None,
            },
            (None, None) => Self::default(),
        }
    }

    /// `good` are its good backups that the journal has, newest first.
    fn describe<'a>(
        &self,
        id: &'a ModuleId,
        label: Option<&'a str>,
        node: &'a NodeId,
        good: &[&ApplicationRecord],
    ) -> Application<'a> {
        let last_good = good.first();
        let size = |record: &&ApplicationRecord| Some((record.ended_at?.as_second(), record.size?));
        let mut sizes: Vec<(i64, u64)> = good.iter().filter_map(size).collect();
        sizes.reverse();
        let newest = self.newer_good.and_then(|(end, size, _)| Some((end.as_second(), size?)));
        sizes.extend(newest);
        sizes.dedup_by_key(|(time, _)| *time);
        let (last_success, size, files) = match self.newer_good {
            Some((end, size, files)) => (Some(end), size, files),
            None => (
                last_good.and_then(|record| record.ended_at),
                last_good.and_then(|record| record.size),
                last_good.and_then(|record| record.files),
            ),
        };
        Application {
            id,
            label,
            node,
            state: self.state,
            last_run: self.ended_at,
            last_success,
            size,
            files,
            duration_seconds: self.duration_seconds,
            sizes,
        }
    }
}

/// Sets what Prometheus is told of plans and applications.
pub(super) fn measure(plans: &[Plan], metrics: &ApplicationMetrics) {
    let known = |number: Option<u64>| number.and_then(|number| i64::try_from(number).ok());
    metrics.clear();
    for plan in plans {
        let plan_name = || plan.name.unwrap_or(plan.id.as_str()).to_owned();
        let labels = PlanLabels { plan: plan.id.to_string(), plan_name: plan_name() };
        metrics.plan_enabled.get_or_create(&labels).set(plan.enabled.into());
        for application in &plan.applications {
            let labels = ApplicationLabels {
                plan: plan.id.to_string(),
                plan_name: plan_name(),
                application: application.id.to_string(),
                node: application.node.to_string(),
            };
            // What is still running has no result yet; the one before is no longer news.
            if let Some(state) = application.state.filter(|state| *state != State::Pending) {
                metrics.last_result.get_or_create(&labels).set((state == State::Ok).into());
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

fn run(past: &PastRun) -> PlanRun {
    let count = |state| past.run.applications.iter().filter(|application| application.state == state).count();
    PlanRun {
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
