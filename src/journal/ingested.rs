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
        .query_row([&fingerprint], |row| {
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
                .execute([&fingerprint])?;
            let is_the_same_event = ingested.at >= (now - WEBHOOK_LAG).as_millisecond();
            Ok(is_the_same_event.then_some(ingested.job))
        }
        Source::Webhook | Source::Run | Source::Schedule | Source::Stuck => Ok(None),
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
///
/// The fingerprint alone is what somebody says it is: with the name, the plan and the node that the alert is about, a forged one does not
/// stand in for a real one about another plan.
fn identity(alert: &Alert) -> Option<(String, i64)> {
    alert.fingerprint.as_ref()?;
    Some((format!("{}/{}", alert.name, alert.identity()), alert.starts_at?.as_millisecond()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn polled(plan: &str, starts_at: Timestamp) -> Alert {
        let alert = Alert::raised(Source::Poll, "BackupFailed", plan.parse().unwrap(), None, starts_at);
        Alert { fingerprint: Some("f1".into()), ..alert }
    }

    #[test]
    fn a_forged_alert_about_another_plan_does_not_stand_in_for_the_real_one() {
        let now: Timestamp = "2026-11-22T12:00:00Z".parse().unwrap();
        let (forged, real) = (polled("99", now), polled("1", now));
        assert_ne!(identity(&forged), identity(&real));
        assert_eq!(identity(&real), identity(&polled("1", now)));
        let other_name = Alert { name: "Other".into(), ..polled("1", now) };
        assert_ne!(identity(&other_name), identity(&real));
    }
}
