// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What a summary says, from what the journal and the cluster's roster hold. Pure.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod days;
mod growth;
mod protection;
mod term;

use std::collections::{BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};

pub(super) use self::term::Term;
use self::term::{Member, calendar};
use crate::{
    audience::AudiencePlans,
    cause::Cause,
    correlator::correlation::State,
    coverage::gap::KnownGap,
    ids::PlanId,
    journal::{IncidentRecord, RestorePointRecord},
    report::history::PastRun,
    restore_points::{self, RecoveryPoint},
    roster::{PlanEntry, Roster},
    summary::{Application, Incident, OpenGap, PlanRuns, RestorePoint, Summary},
};

/// What is known of the cluster's backups.
#[derive(Debug, Clone)]
pub(super) struct Known<'a> {
    /// What the cluster is called.
    pub cluster: String,
    /// Its plans now.
    pub roster: &'a Roster,
    /// The last runs of each plan, newest first, plan by plan.
    pub runs: &'a [PastRun],
    /// The plans of which older runs are not kept.
    pub cut: &'a BTreeSet<PlanId>,
    /// Incidents, also those that are over.
    pub incidents: &'a [IncidentRecord],
    /// What is not protected.
    pub gaps: &'a [KnownGap],
    /// What the repositories hold.
    pub restore_points: &'a [RestorePointRecord],
}

/// What a summary says to those who see these plans.
pub(super) fn summary(known: &Known, term: Term, seen: &AudiencePlans) -> Summary {
    let roster = Roster {
        at: known.roster.at,
        plans: known.roster.plans.iter().filter(|plan| seen.sees(&plan.id)).cloned().collect(),
    };
    let gaps: Vec<&KnownGap> = known.gaps.iter().filter(|known| is_seen(known, seen)).collect();
    let mut runs: HashMap<&PlanId, Vec<&PastRun>> = HashMap::new();
    for past in known.runs.iter().filter(|past| seen.sees(&past.run.plan)) {
        runs.entry(&past.run.plan).or_default().push(past);
    }
    let points = points(known, &roster, &runs, term);
    let (all, unprotected) = protection::applications(&roster, &gaps, &points, term);
    let incidents = incidents(known, term, seen);
    let range = days::range(&roster, &runs, term);
    let mut plans: Vec<PlanRuns> = roster
        .plans
        .iter()
        .map(|plan| {
            let runs = runs.get(&plan.id).map_or(&[][..], Vec::as_slice);
            days::plan(plan, runs, &range, term, known.cut.contains(&plan.id))
        })
        .collect();
    plans.sort_by_key(|plan| (plan.runs == plan.successful, !plan.enabled));
    let next = roster.plans.iter().filter_map(|plan| calendar(plan)?.next(term.to, term.zone)).min();
    let mut gaps: Vec<OpenGap> =
        gaps.into_iter().map(|known| OpenGap { gap: known.gap.clone(), since: known.since }).collect();
    gaps.sort_by_key(|open| open.gap.kind);
    Summary {
        cluster: known.cluster.clone(),
        cadence: term.cadence,
        is_first: term.is_first,
        from: term.from,
        to: term.to,
        read_at: roster.at,
        applications: all,
        protected: all.saturating_sub(unprotected.len()),
        unprotected,
        next_run: next,
        plans,
        restore_points: points,
        growth: growth::growth(&roster, &runs, known.cut, term.from),
        gaps,
        incidents,
    }
}

/// What is about no plan is for those who see all.
fn is_seen(known: &KnownGap, seen: &AudiencePlans) -> bool {
    match &known.gap.plan {
        Some(plan) => seen.sees(&plan.id),
        None => *seen == AudiencePlans::All,
    }
}

/// What can be restored of the applications of enabled plans, nothing first, then the oldest.
fn points(
    known: &Known,
    roster: &Roster,
    runs: &HashMap<&PlanId, Vec<&PastRun>>,
    term: Term,
) -> Vec<RestorePoint> {
    let is_enabled = |id: &PlanId| roster.plan(id).is_some_and(|plan| plan.enabled);
    let mut succeeded: HashMap<Member, Timestamp> = HashMap::new();
    let mut note = |member, end: Option<Timestamp>| {
        if let Some(end) = end {
            let last = succeeded.entry(member).or_insert(end);
            *last = end.max(*last);
        }
    };
    for plan in &roster.plans {
        for entry in &plan.applications {
            let last = entry.last.as_ref().filter(|run| run.is_ok());
            note((&plan.id, &entry.module), last.map(|run| run.end));
        }
    }
    for run in runs.values().flatten().map(|past| &past.run) {
        for record in run.applications.iter().filter(|record| record.state == State::Ok) {
            note((&run.plan, &record.module), record.ended_at);
        }
    }
    let listed = restore_points::listed(known.restore_points, roster, term.to, term.zone);
    let mut points: Vec<RestorePoint> = listed
        .into_iter()
        .filter(|point| is_enabled(&point.plan))
        .map(|point| {
            // What was read counts; a run since then has brought a newer one, or so it says.
            let success = succeeded.get(&(&point.plan, &point.module)).copied();
            let success = success.filter(|end| point.proved_at.is_none_or(|proved| *end > proved));
            let newest = point.newest.max(success);
            let at_risk_seconds = match (newest == point.newest, point.recovery) {
                (true, RecoveryPoint::UpTo(time)) => Some(time.as_secs()),
                _ => newest.map(|newest| at_risk(roster.plan(&point.plan), newest, term).as_secs()),
            };
            RestorePoint {
                plan: point.plan,
                plan_name: point.plan_name,
                application: Application { module: point.module, label: point.label, node: point.node },
                destination: point.destination_name,
                newest,
                proved_at: point.proved_at,
                at_risk_seconds,
            }
        })
        .collect();
    points.sort_by(|left, right| (left.newest, &left.application).cmp(&(right.newest, &right.application)));
    points
}

/// The age, or the plan's period where that is longer.
fn at_risk(plan: Option<&PlanEntry>, newest: Timestamp, term: Term) -> SignedDuration {
    let age = term.to.duration_since(newest).max(SignedDuration::ZERO);
    let period = plan.and_then(calendar).and_then(|calendar| calendar.period(term.to, term.zone));
    period.map_or(age, |period| age.max(period))
}

/// The incidents that were open at some time since `from`.
fn incidents(known: &Known, term: Term, seen: &AudiencePlans) -> Vec<Incident> {
    let is_of_term = |record: &&IncidentRecord| {
        let is_recent = record.closed_at.is_none_or(|closed_at| closed_at >= term.from);
        // Of a plan that is gone, nobody will close it.
        let is_there = record.closed_at.is_some() || known.roster.plan(&record.incident.plan).is_some();
        is_recent && is_there && seen.sees(&record.incident.plan)
    };
    let incident = |record: &IncidentRecord| {
        let incident = &record.incident;
        let mut causes = incident.applications.iter().map(|failing| failing.cause);
        let first = causes.next().flatten().filter(|cause| *cause != Cause::Unknown);
        Incident {
            plan: incident.plan.clone(),
            plan_name: incident.name.clone(),
            since: incident.since,
            closed_at: record.closed_at,
            failing_runs: incident.failing_runs,
            outcome: incident.outcome,
            cause: first.filter(|first| causes.all(|cause| cause == Some(*first))),
            applications: incident.applications.iter().map(|failing| failing.module.clone()).collect(),
        }
    };
    let mut incidents: Vec<Incident> = known.incidents.iter().filter(is_of_term).map(incident).collect();
    incidents.sort_by_key(|incident| (incident.closed_at.is_some(), incident.since));
    incidents
}

#[cfg(test)]
mod tests;
