// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The queue of mails: each report's mail until it is delivered or given up. Each function runs within one transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};

use super::{
    incidents, notifications,
    rows::{self, Database, to_json},
};
use crate::{
    ids::JobId,
    notifier::{
        decision::{Decision, HoldReason, SendReason},
        delivery::{Delivery, DeliveryState},
        message::Message,
    },
    report::Report,
};

/// No attempt is farther off than this; see [`backoff`](crate::notifier::retry::backoff).
const FARTHEST_ATTEMPT: SignedDuration = SignedDuration::from_mins(60);

/// A mail that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The report.
    pub id: JobId,
    /// When it was queued: the mail's date, however late it is sent.
    pub queued_at: Timestamp,
    /// How often it was queued again, after somebody asked for that.
    pub resends: u32,
    /// What it says.
    pub message: Message,
    /// How it went so far.
    pub delivery: Delivery,
    /// Its Message-ID, once it was tried; not of one that was queued again.
    pub message_id: Option<String>,
    /// The mails that began the incidents that it is about, whose thread it goes on with.
    pub threads: Vec<ThreadStart>,
}

/// The first mail of an incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ThreadStart {
    /// Its report.
    pub report: JobId,
    /// Its Message-ID, if it was tried and is still kept.
    pub message_id: Option<String>,
}

/// The mails that are due, oldest first. One that is due later than any pause is long was put off before the clock was set back.
pub(super) fn due(database: &Database, now: Timestamp) -> rusqlite::Result<Vec<Outgoing>> {
    due_after_resends(database, now, 0)
}

/// Those of them that somebody asked for.
pub(super) fn asked_for(database: &Database, now: Timestamp) -> rusqlite::Result<Vec<Outgoing>> {
    due_after_resends(database, now, 1)
}

fn due_after_resends(database: &Database, now: Timestamp, resends: i64) -> rusqlite::Result<Vec<Outgoing>> {
    let farthest = now.saturating_add(FARTHEST_ATTEMPT).unwrap_or(Timestamp::MAX);
    database
        .prepare_cached(
            "SELECT * FROM reports WHERE delivery = 'queued' AND (next_attempt_at <= ? OR next_attempt_at > ?)
                AND resends >= ?
             ORDER BY id LIMIT 20",
        )?
        .query_map([now.as_millisecond(), farthest.as_millisecond(), resends], |row| {
            let id = JobId(row.get("id")?);
            Ok(Outgoing {
                id,
                queued_at: rows::time(row, "queued_at")?,
                resends: rows::count(row, "resends")?,
                message: message(row)?,
                delivery: Delivery { state: DeliveryState::Queued, ..lenient_delivery(database, id, row)? },
                message_id: rows::optional_text(row, "message_id")?,
                threads: thread_starts(database, id, row)?,
            })
        })?
        .collect()
}

/// The first mails of the incidents that a row is about.
fn thread_starts(database: &Database, id: JobId, row: &Row) -> rusqlite::Result<Vec<ThreadStart>> {
    let reports: Vec<JobId> = rows::json(row, "threads")?.unwrap_or_else(|reason| {
        database.unreadable.note("reports", id, &reason);
        Vec::new()
    });
    let start = |report: JobId| {
        let message_id: Option<Option<String>> = database
            .prepare_cached("SELECT message_id FROM reports WHERE id = ?")?
            .query_row([report.0], |row| rows::optional_text(row, "message_id"))
            .optional()?;
        Ok(ThreadStart { report, message_id: message_id.flatten() })
    };
    reports.into_iter().filter(|report| *report != id).map(start).collect()
}

/// Writes down the Message-ID under which a report's mail is sent: the others of its thread answer it.
pub(super) fn note_message_id(connection: &Connection, id: JobId, message_id: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE reports SET message_id = ? WHERE id = ? AND message_id IS NULL")?
        .execute(params![message_id, id.0])
        .map(drop)
}

/// How many mails wait to be sent.
pub(super) fn queued(connection: &Connection) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) AS queued FROM reports WHERE delivery = 'queued'")?
        .query_row([], |row| rows::count(row, "queued"))
}

/// True while there is a job or a mail.
pub(super) fn is_behind(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM jobs) OR EXISTS (SELECT 1 FROM reports WHERE delivery = 'queued')",
        )?
        .query_row([], |row| row.get(0))
}

/// What is known of mails that do not reach everybody: each that was tried and waits, and since `since` each that was given up or refused by
/// somebody. In words, the newest first, a few at most.
pub(super) fn undelivered(database: &Database, since: Timestamp) -> rusqlite::Result<Vec<String>> {
    let mut mails = database.prepare_cached(
        "SELECT * FROM reports
         WHERE (delivery = 'queued' AND attempts > 0)
            OR (created_at >= ? AND (delivery = 'failed' OR (delivery = 'sent' AND refused <> '[]')))
         ORDER BY id DESC LIMIT 3",
    )?;
    let mails = mails.query_map([since.as_millisecond()], |row| {
        let id = JobId(row.get("id")?);
        let delivery = lenient_delivery(database, id, row)?;
        let error = delivery.last_error.unwrap_or_else(|| "no reason is known".into());
        Ok(match delivery.state {
            DeliveryState::Failed => format!("the mail of report {id} could not be delivered: {error}"),
            DeliveryState::Sent => {
                let refused: Vec<String> = delivery
                    .refused
                    .iter()
                    .map(|refusal| format!("{}: {}", refusal.address, refusal.reason))
                    .collect();
                format!("the mail of report {id} was refused for {}", refused.join(", "))
            }
            DeliveryState::Queued | DeliveryState::Unchanged | DeliveryState::Suppressed => {
                format!("the mail of report {id} waits after {} attempts: {error}", delivery.attempts)
            }
        })
    })?;
    mails.collect()
}

/// When the next mail is due.
pub(super) fn next_due(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached("SELECT min(next_attempt_at) AS next FROM reports WHERE delivery = 'queued'")?
        .query_row([], |row| rows::optional_time(row, "next"))
}

/// Writes down how an attempt went, unless the mail was queued again meanwhile.
pub(super) fn record(
    database: &Database,
    id: JobId,
    resends: u32,
    delivery: &Delivery,
) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "UPDATE reports SET delivery = :state, attempts = :attempts, next_attempt_at = :next, sent_at = :sent,
                accepted = :accepted, refused = :refused, perhaps = :perhaps, last_error = :error,
                decision = iif(decision = :held, :released, decision)
             WHERE id = :id AND resends = :resends",
        )?
        .execute(named_params! {
            ":id": id.0,
            ":resends": resends,
            ":state": delivery.state.as_str(),
            ":attempts": delivery.attempts,
            ":next": delivery.next_attempt_at.as_millisecond(),
            ":sent": delivery.sent_at.map(Timestamp::as_millisecond),
            ":accepted": to_json(&delivery.accepted),
            ":refused": to_json(&delivery.refused),
            ":perhaps": to_json(&delivery.perhaps),
            ":error": delivery.last_error,
            // Now that it was tried, there is a recipient.
            ":held": to_json(&Decision::Hold(HoldReason::NoRecipients)),
            ":released": to_json(&Decision::Send(SendReason::New)),
        })?;
    if delivery.state == DeliveryState::Failed {
        notifications::forget(database, id)?;
        incidents::untell(database, id)?;
    }
    Ok(())
}

/// The mails that wait and that nobody asked for, due or not.
pub(super) fn kept_back(connection: &Connection) -> rusqlite::Result<Vec<JobId>> {
    connection
        .prepare_cached("SELECT id FROM reports WHERE delivery = 'queued' AND resends = 0")?
        .query_map([], |row| Ok(JobId(row.get("id")?)))?
        .collect()
}

/// Drops one of them, as another instance has sent its own.
pub(super) fn drop_kept_back(connection: &Connection, id: JobId, reason: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE reports SET delivery = ?, last_error = ? WHERE id = ? AND delivery = 'queued' AND resends = 0",
        )?
        .execute(params![DeliveryState::Unchanged.as_str(), reason, id.0])
        .map(drop)
}

/// Queues a report's mail once more, for everybody. One that waits is marked as asked for, unless its first attempt is under way.
/// False when there is no such report.
pub(super) fn resend(connection: &Connection, id: JobId, now: Timestamp) -> rusqlite::Result<bool> {
    let exists: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM reports WHERE id = ?)")?
        .query_row([id.0], |row| row.get(0))?;
    let is_new = connection
        .prepare_cached(
            "UPDATE reports SET delivery = 'queued', queued_at = :now, resends = resends + 1, attempts = 0,
                next_attempt_at = :now, sent_at = NULL, accepted = '[]', refused = '[]', perhaps = '[]', last_error = NULL,
                decision = :requested
             WHERE id = :id AND delivery <> 'queued'",
        )?
        .execute(named_params! {
            ":id": id.0,
            ":now": now.as_millisecond(),
            ":requested": to_json(&Decision::Send(SendReason::Requested)),
        })?
        == 1;
    if !is_new {
        // Whoever has it already does not get it twice.
        connection
            .prepare_cached(
                "UPDATE reports SET resends = 1, next_attempt_at = ?
                 WHERE id = ? AND delivery = 'queued' AND resends = 0 AND (attempts > 0 OR message_id IS NULL)",
            )?
            .execute([now.as_millisecond(), id.0])?;
    }
    Ok(exists)
}

/// The mail of a row, which can be sent whatever else of the row is damaged.
pub(super) fn message(row: &Row) -> rusqlite::Result<Message> {
    // The mail's own outcome: it may leave plans out, of which the column's is the worst.
    let outcome = match rows::json::<Report>(row, "report")? {
        Ok(report) => Some(report.for_mail().outcome),
        Err(_) => rows::word(row, "outcome")?.ok(),
    };
    Ok(Message {
        outcome,
        subject: rows::text(row, "subject")?,
        text: rows::text(row, "text")?,
        html: rows::text(row, "html")?,
    })
}

/// The state of a row's mail, or why it can't be read.
pub(super) fn delivery(row: &Row) -> rusqlite::Result<Result<Delivery, String>> {
    let state = rows::word(row, "delivery")?;
    let (accepted, refused) = (rows::json(row, "accepted")?, rows::json(row, "refused")?);
    let perhaps = rows::json(row, "perhaps")?;
    let attempts = rows::count(row, "attempts")?;
    let next_attempt_at = rows::time(row, "next_attempt_at")?;
    let sent_at = rows::optional_time(row, "sent_at")?;
    let last_error = rows::optional_text(row, "last_error")?;
    let assemble = || {
        Ok(Delivery {
            state: state?,
            attempts,
            next_attempt_at,
            sent_at,
            accepted: accepted?,
            refused: refused?,
            perhaps: perhaps?,
            last_error,
        })
    };
    Ok(assemble())
}

/// The state of a queued mail. Where it is damaged, nobody counts as having it: better twice than never.
fn lenient_delivery(database: &Database, id: JobId, row: &Row) -> rusqlite::Result<Delivery> {
    Ok(match delivery(row)? {
        Ok(delivery) => delivery,
        Err(reason) => {
            database.unreadable.note("reports", id, &reason);
            Delivery {
                state: DeliveryState::Queued,
                attempts: rows::count(row, "attempts")?,
                next_attempt_at: rows::time(row, "next_attempt_at")?,
                sent_at: None,
                accepted: rows::json(row, "accepted")?.unwrap_or_default(),
                refused: rows::json(row, "refused")?.unwrap_or_default(),
                perhaps: rows::json(row, "perhaps")?.unwrap_or_default(),
                last_error: rows::optional_text(row, "last_error")?,
            }
        }
    })
}

#[cfg(test)]
mod tests;
