// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What was last reported of each plan, to tell a change from a repetition. Each function runs within one transaction.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, params};

use super::rows::{self, Database};
use crate::{
    correlator::correlation::Outcome,
    ids::{JobId, PlanId},
    notifier::{
        decision::Reported,
        notification::{ANY_PLAN, Notification, UNREAD},
    },
    report::Report,
};

/// What was last reported of a plan.
pub(super) fn last(database: &Database, plan: &str) -> rusqlite::Result<Option<Reported>> {
    let last = database
        .prepare_cached("SELECT digest, outcome, at FROM notifications WHERE plan = ?")?
        .query_row([plan], |row| {
            let (digest, at) = (rows::text(row, "digest")?, rows::time(row, "at")?);
            Ok(rows::word(row, "outcome")?.map(|outcome| Reported { digest, outcome, at }))
        })
        .optional()?;
    Ok(last.and_then(|last| match last {
        Ok(reported) => Some(reported),
        Err(reason) => {
            // Reported once more at worst.
            database.unreadable.note("notifications", plan, &reason);
            None
        }
    }))
}

/// True when a report that could read says something of a plan of which the last that was told is that nothing could be read. `last` is that, unless
/// it was told of all plans, as where an alert names none.
pub(super) fn was_unread(
    database: &Database,
    report: &Report,
    last: Option<&Reported>,
) -> rusqlite::Result<bool> {
    if report.correlation.is_blank() {
        return Ok(false);
    }
    if last.is_some_and(|last| last.digest == UNREAD) {
        return Ok(true);
    }
    if report.alerts.iter().all(|alert| alert.plan.is_some()) {
        return Ok(false);
    }
    let of_all = self::last(database, ANY_PLAN)?.filter(|of_all| of_all.digest == UNREAD);
    Ok(of_all.is_some_and(|of_all| last.is_none_or(|last| last.at < of_all.at)))
}

/// How the last report of each of these plans came out.
pub(super) fn outcomes(database: &Database, plans: &[PlanId]) -> rusqlite::Result<Vec<(PlanId, Outcome)>> {
    let mut outcomes = Vec::new();
    for plan in plans {
        if let Some(reported) = last(database, plan.as_str())? {
            outcomes.push((plan.clone(), reported.outcome));
        }
    }
    Ok(outcomes)
}

/// How many plans are remembered of which no run is known.
const KEEP_STRANGE: u32 = 1000;

/// Forgets what was reported of plans of which no run is known, but for the newest.
pub(super) fn forget_strange(connection: &Connection) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM notifications WHERE plan IN (
                SELECT plan FROM notifications WHERE NOT EXISTS (SELECT 1 FROM runs WHERE runs.plan = notifications.plan)
                ORDER BY report_id DESC LIMIT -1 OFFSET ?)",
        )?
        .execute([KEEP_STRANGE])
        .map(drop)
}

/// Writes down what a report says of a plan.
pub(super) fn record(
    connection: &Connection,
    notification: &Notification,
    report: JobId,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let Notification { plan, digest, outcome, .. } = notification;
    connection
        .prepare_cached("INSERT OR REPLACE INTO notifications VALUES (?, ?, ?, ?, ?)")?
        .execute(params![plan, digest, outcome.as_str(), report.0, now.as_millisecond()])
        .map(drop)
}

/// Forgets what a report said, which reached nobody: the next report of the same is news.
pub(super) fn forget(connection: &Connection, report: JobId) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM notifications WHERE report_id = ?")?.execute([report.0]).map(drop)
}
