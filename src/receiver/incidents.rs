// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The incidents as `/api/incidents` lists them. Pure.

use jiff::Timestamp;
use serde::Serialize;

use crate::{
    cause::Cause,
    correlator::correlation::{Outcome, State},
    ids::{JobId, ModuleId, PlanId},
    journal::IncidentRecord,
    report::incident::Restorable,
};

/// How many incidents that are over are listed.
pub(super) const CLOSED: u32 = 100;

/// One incident.
#[derive(Debug, Serialize)]
pub(super) struct Incident<'a> {
    id: i64,
    plan: &'a PlanId,
    plan_name: Option<&'a str>,
    /// When its first run that was not SUCCESS began.
    since: Timestamp,
    /// When it was over. None while it is open.
    closed_at: Option<Timestamp>,
    /// How many runs in a row were not SUCCESS.
    failing_runs: u32,
    /// When the last of them began, and how it came out.
    last_run: Timestamp,
    outcome: Outcome,
    /// The reports that were mailed about it, the first and the last, and when that was. None while none was.
    first_report: Option<JobId>,
    last_report: Option<JobId>,
    reported_at: Option<Timestamp>,
    /// The applications that are not well; of an incident that is over, those that were not.
    applications: Vec<Application<'a>>,
}

/// An application in an incident.
#[derive(Debug, Serialize)]
struct Application<'a> {
    id: &'a ModuleId,
    state: State,
    cause: Option<Cause>,
    failing_runs: u32,
    restorable: Option<&'a Restorable>,
}

/// The incidents, in the order of the journal.
pub(super) fn incidents(records: &[IncidentRecord]) -> Vec<Incident<'_>> {
    records.iter().map(incident).collect()
}

fn incident(record: &IncidentRecord) -> Incident<'_> {
    let IncidentRecord { id, closed_at, incident } = record;
    let told = incident.told.as_ref();
    Incident {
        id: *id,
        plan: &incident.plan,
        plan_name: incident.name.as_deref(),
        since: incident.since,
        closed_at: *closed_at,
        failing_runs: incident.failing_runs,
        last_run: incident.last_run,
        outcome: incident.outcome,
        first_report: told.map(|told| told.first_report),
        last_report: told.map(|told| told.last_report),
        // What reached nobody was not reported.
        reported_at: told.map(|told| told.at).filter(|at| *at > Timestamp::UNIX_EPOCH),
        applications: incident
            .applications
            .iter()
            .map(|failing| Application {
                id: &failing.module,
                state: failing.state,
                cause: failing.cause,
                failing_runs: failing.failing_runs,
                restorable: failing.restorable.as_ref(),
            })
            .collect(),
    }
}
