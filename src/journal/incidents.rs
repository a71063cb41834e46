// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Incidents. Each function runs within one transaction.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::rows::{self, Database, to_json};
use crate::{
    ids::{JobId, PlanId},
    report::incident::course::Incident,
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
