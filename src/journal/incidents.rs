// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Incidents, and what can be restored. Each function runs within one transaction.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::rows::{self, Database, to_json};
use crate::{
    ids::{DestinationId, JobId, ModuleId, PlanId},
    report::{
        Report,
        incident::{KnownFrom, Restorable, RestorePoint, course::Incident},
    },
};

/// How many incidents that are over are kept.
const KEEP_CLOSED: u32 = 500;

/// An incident as it is listed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IncidentRecord {
    /// Its number.
    pub id: i64,
    /// When it was closed. None while it is open.
    pub closed_at: Option<Timestamp>,
    /// What is known of it.
    pub incident: Incident,
}

/// The open incident of a plan.
pub(super) fn open(database: &Database, plan: &PlanId) -> rusqlite::Result<Option<Incident>> {
    let incident = database
        .prepare_cached("SELECT * FROM incidents WHERE plan = ? AND closed_at IS NULL")?
        .query_row([plan.as_str()], |row| record(database, row))
        .optional()?;
    Ok(incident.flatten().map(|record| record.incident))
}

/// Keeps a plan's open incident as it is now, or closes it.
pub(super) fn put(
    connection: &Connection,
    incident: &Incident,
    closed_at: Option<Timestamp>,
) -> rusqlite::Result<()> {
    let closed_at = closed_at.map(Timestamp::as_millisecond);
    let updated = connection
        .prepare_cached(
            "UPDATE incidents SET since = :since, closed_at = :closed, incident = :incident
             WHERE plan = :plan AND closed_at IS NULL",
        )?
        .execute(named_params! {
            ":plan": incident.plan.as_str(),
            ":since": incident.since.as_millisecond(),
            ":closed": closed_at,
            ":incident": to_json(incident),
        })?;
    if updated == 0 {
        connection
            .prepare_cached("INSERT INTO incidents (plan, since, closed_at, incident) VALUES (?, ?, ?, ?)")?
            .execute(params![
                incident.plan.as_str(),
                incident.since.as_millisecond(),
                closed_at,
                to_json(incident)
            ])?;
    }
    connection
        .prepare_cached(
            "DELETE FROM incidents WHERE id IN (
                SELECT id FROM incidents WHERE closed_at IS NOT NULL ORDER BY id DESC LIMIT -1 OFFSET ?)",
        )?
        .execute([KEEP_CLOSED])
        .map(drop)
}

/// Takes back what a report told of open incidents, which reached nobody.
pub(super) fn untell(database: &Database, report: JobId) -> rusqlite::Result<()> {
    let open: Vec<Option<IncidentRecord>> = database
        .prepare_cached("SELECT * FROM incidents WHERE closed_at IS NULL")?
        .query_map([], |row| record(database, row))?
        .collect::<rusqlite::Result<_>>()?;
    for IncidentRecord { mut incident, .. } in open.into_iter().flatten() {
        if incident.untell(report) {
            put(database, &incident, None)?;
        }
    }
    Ok(())
}

/// The open incidents, oldest first, and then those that are over, newest first, at most `limit` of them.
pub(super) fn list(database: &Database, limit: u32) -> rusqlite::Result<Vec<IncidentRecord>> {
    let records: Vec<Option<IncidentRecord>> = database
        .prepare_cached(
            "SELECT * FROM (SELECT * FROM incidents WHERE closed_at IS NULL ORDER BY since, id)
             UNION ALL
             SELECT * FROM (SELECT * FROM incidents WHERE closed_at IS NOT NULL ORDER BY id DESC LIMIT ?)",
        )?
        .query_map([limit], |row| record(database, row))?
        .collect::<rusqlite::Result<_>>()?;
    Ok(records.into_iter().flatten().collect())
}

/// An incident; none where its row can't be read. A plan whose open one can't be read begins another with its next run.
fn record(database: &Database, row: &Row) -> rusqlite::Result<Option<IncidentRecord>> {
    let id = rows::number(row, "id")?;
    match rows::json(row, "incident")? {
        Ok(incident) => {
            Ok(Some(IncidentRecord { id, closed_at: rows::optional_time(row, "closed_at")?, incident }))
        }
        Err(reason) => {
            database.unreadable.note("incidents", id, &reason);
            Ok(None)
        }
    }
}

/// Writes down what a report has found in the repositories. Where one could not be read, what was known of it stays, with how it is now.
/// That most snapshots are gone is found again with the next look, as long as its plan is not among those that `is_told` is true of.
pub(super) fn note_restore_points(
    connection: &Connection,
    report: &Report,
    is_told: impl Fn(&PlanId) -> bool,
) -> rusqlite::Result<()> {
    let Some(repos) = &report.repos else { return Ok(()) };
    let mut read = connection.prepare_cached(
        "INSERT OR REPLACE INTO restore_points (plan, module, destination, at, size, count, proved_at, health)
         VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
    )?;
    let mut unread = connection.prepare_cached(
        "UPDATE restore_points SET health = ? WHERE plan = ? AND module = ? AND destination = ?",
    )?;
    for plan in &report.correlation.plans {
        for application in &plan.applications {
            let Some(repository) = repos.repository(plan, application) else { continue };
            let Some(destination) = &repository.destination else { continue };
            let untold = report.changes.thinned.iter().find(|thinned| {
                thinned.plan == plan.id
                    && thinned.module == application.module
                    && thinned.destination == *destination
                    && !is_told(&plan.id)
            });
            let (plan, module, health) =
                (plan.id.as_str(), repository.module.as_str(), repository.health.as_str());
            match repository.snapshots {
                Some(snapshots) => read.execute(params![
                    plan,
                    module,
                    destination.as_str(),
                    snapshots.last.map(|last| last.time.as_millisecond()),
                    snapshots.last.and_then(|last| last.size).map(u64::cast_signed),
                    i64::try_from(untold.map_or(snapshots.count, |untold| untold.before)).unwrap_or(i64::MAX),
                    report.created_at.as_millisecond(),
                    health,
                ])?,
                None => unread.execute(params![health, plan, module, destination.as_str()])?,
            };
        }
    }
    Ok(())
}

/// What was in the repositories of a plan's applications when they were last read.
pub(super) fn restore_points(database: &Database, plan: &PlanId) -> rusqlite::Result<Vec<RestorePoint>> {
    let points: Vec<Option<RestorePoint>> = database
        .prepare_cached("SELECT * FROM restore_points WHERE plan = ?")?
        .query_map([plan.as_str()], |row| {
            let size = match rows::number(row, "size")? {
                0 => None,
                size => u64::try_from(size).ok(),
            };
            let proved_at = rows::time(row, "proved_at")?;
            let destination = DestinationId::new(rows::text(row, "destination")?).ok();
            let restorable = rows::optional_time(row, "at")?.map(|at| Restorable {
                at,
                as_of: proved_at,
                destination: destination.clone(),
                size,
                known_from: KnownFrom::Journal,
            });
            let module = ModuleId::new(rows::text(row, "module")?).ok();
            Ok(module.map(|module| RestorePoint { module, destination, proved_at, restorable }))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(points.into_iter().flatten().collect())
}

/// How many snapshots there were of a plan's applications when their repositories were last read; before most of them were gone, while that
/// was told to nobody.
pub(super) fn snapshot_counts(
    database: &Database,
    plan: &PlanId,
) -> rusqlite::Result<Vec<(ModuleId, DestinationId, usize)>> {
    let counts: Vec<Option<(ModuleId, DestinationId, usize)>> = database
        .prepare_cached("SELECT module, destination, count FROM restore_points WHERE plan = ?")?
        .query_map([plan.as_str()], |row| {
            let module = ModuleId::new(rows::text(row, "module")?).ok();
            let destination = DestinationId::new(rows::text(row, "destination")?).ok();
            let count = usize::try_from(rows::count(row, "count")?).unwrap_or(usize::MAX);
            Ok(module.zip(destination).map(|(module, destination)| (module, destination, count)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(counts.into_iter().flatten().collect())
}
