// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which alerts of Alertmanager were taken, and on which way they came: so that one that comes by webhook and by poll makes
//! one report. Each function runs within one transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, params};

use crate::alert::{Alert, Source};

/// For how long after the poll the webhook may bring the same alert: Alertmanager's `group_interval` on NS8 is 5 minutes.
const WEBHOOK_LAG: SignedDuration = SignedDuration::from_mins(15);
/// How often an alert counts as new that is still there at each poll: as often as Alertmanager repeats a webhook on NS8
/// (`repeat_interval`). It is one alert through all the nights that a plan keeps failing.
const POLL_REPEAT: SignedDuration = SignedDuration::from_hours(3);
/// How long an alert is remembered that does not come any more.
const KEEP: SignedDuration = SignedDuration::from_hours(7 * 24);

/// How many alerts are remembered.
const KEEP_COUNT: u32 = 10_000;

struct Ingested {
    job: i64,
    starts_at: i64,
    at: i64,
    by_webhook: bool,
}

/// The job that has taken this very alert on the other way, or on the same by an earlier poll. None for one that is to be
/// taken.
///
/// Alertmanager repeats a webhook on purpose, so that one never stands in for another.
pub(super) fn taken_by(
    connection: &Connection,
    alert: &Alert,
    now: Timestamp,
) -> rusqlite::Result<Option<i64>> {
    let Some((fingerprint, starts_at)) = identity(alert) else { return Ok(None) };
    let ingested = connection
        .prepare_cached(
            "SELECT job_id, starts_at, at, by_webhook FROM ingested_alerts WHERE fingerprint = ?",
        )?
        .query_row([fingerprint], |row| {
            Ok(Ingested {
                job: row.get(0)?,
                starts_at: row.get(1)?,
                at: row.get(2)?,
                by_webhook: row.get(3)?,
            })
        })
        .optional()?;
    let Some(ingested) = ingested.filter(|ingested| ingested.starts_at == starts_at) else { return Ok(None) };
    match alert.source {
        // A time in the future is one of a clock that was set back.
        Source::Poll => {
            let is_recent =
                (now - POLL_REPEAT).as_millisecond() < ingested.at && ingested.at <= now.as_millisecond();
            Ok(is_recent.then_some(ingested.job))
        }
        Source::Webhook if !ingested.by_webhook => {
            connection
                .prepare_cached("UPDATE ingested_alerts SET by_webhook = 1 WHERE fingerprint = ?")?
                .execute([fingerprint])?;
            let is_the_same_event = ingested.at >= (now - WEBHOOK_LAG).as_millisecond();
            Ok(is_the_same_event.then_some(ingested.job))
        }
        Source::Webhook | Source::Run | Source::Schedule => Ok(None),
    }
}

/// Writes down which job has taken an alert.
pub(super) fn take(connection: &Connection, alert: &Alert, now: Timestamp, job: i64) -> rusqlite::Result<()> {
    let Some((fingerprint, starts_at)) = identity(alert) else { return Ok(()) };
    let by_webhook = alert.source == Source::Webhook;
    connection
        .prepare_cached(
            "INSERT INTO ingested_alerts (fingerprint, starts_at, at, by_webhook, job_id) VALUES (?1, ?2, ?3, ?4, ?5)
             ON CONFLICT (fingerprint) DO UPDATE
                SET by_webhook = ?4 OR (by_webhook AND starts_at = ?2), starts_at = ?2, at = ?3, job_id = ?5",
        )?
        .execute(params![fingerprint, starts_at, now.as_millisecond(), by_webhook, job])
        .map(drop)
}

/// Forgets alerts that have not come for long, and the oldest where there are too many.
pub(super) fn forget_old(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached("DELETE FROM ingested_alerts WHERE at < ?")?
        .execute([(now - KEEP).as_millisecond()])?;
    connection
        .prepare_cached(
            "DELETE FROM ingested_alerts WHERE fingerprint IN (
                SELECT fingerprint FROM ingested_alerts ORDER BY job_id DESC LIMIT -1 OFFSET ?)",
        )?
        .execute([KEEP_COUNT])
        .map(drop)
}

/// What tells one firing of an alert from another. The API cuts times to milliseconds, the webhook does not.
fn identity(alert: &Alert) -> Option<(&str, i64)> {
    Some((alert.fingerprint.as_deref()?, alert.starts_at?.as_millisecond()))
}
