// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The queue of what goes out: each report or notice, for each audience and each channel, until it is delivered or given up. Each function
//! runs within one transaction.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::Serialize;

use super::{
    incidents,
    notices::NoticeKind,
    notifications,
    rows::{self, Database, to_json},
};
use crate::{
    correlator::correlation::Outcome,
    ids::JobId,
    notifier::{
        decision::{Decision, HoldReason, SendReason},
        delivery::{Channel, Delivery, DeliveryState},
        message::Message,
    },
};

/// No attempt is farther off than this; see [`backoff`](crate::notifier::retry::backoff).
const FARTHEST_ATTEMPT: SignedDuration = SignedDuration::from_mins(60);

/// The number of a delivery.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct DeliveryId(pub i64);

impl fmt::Display for DeliveryId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What goes out. Displayed as in Message-IDs: `report-12`, `gaps-3`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// A report.
    Report(JobId),
    /// A notice, by its number.
    Notice(NoticeKind, i64),
}

impl fmt::Display for About {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            About::Report(id) => write!(f, "report-{id}"),
            About::Notice(kind, id) => write!(f, "{}-{id}", kind.as_str()),
        }
    }
}

/// Something that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The delivery.
    pub id: DeliveryId,
    /// What it is about.
    pub about: About,
    /// The [key](crate::audience::Audience::key) of its audience; empty where it was queued by 0.1.0.
    pub audience: String,
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

/// A delivery as it is listed with its report.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct DeliveryRecord {
    /// The key of its audience.
    pub audience: String,
    /// The way on which it goes out.
    pub channel: Channel,
    /// How it went.
    #[serde(flatten)]
    pub delivery: Delivery,
}

/// A delivery to be made of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct NewRow<'a> {
    pub audience: &'a str,
    pub channel: Channel,
    /// The mail, where it is not the report's own.
    pub message: Option<&'a Message>,
    pub state: DeliveryState,
    pub threads: &'a [JobId],
}

/// Adds a delivery of a report.
pub(super) fn insert(
    connection: &Connection,
    report: JobId,
    own: &Message,
    new: &NewRow,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let NewRow { audience, channel, message, state, threads } = new;
    let outcome = message.unwrap_or(own).outcome;
    connection
        .prepare_cached(
            "INSERT INTO deliveries (report_id, audience, channel, outcome, subject, text, html, state, queued_at,
                next_attempt_at, threads)
             VALUES (:report, :audience, :channel, :outcome, :subject, :text, :html, :state, :now, :now, :threads)",
        )?
        .execute(named_params! {
            ":report": report.0,
            ":audience": audience,
            ":channel": channel.as_str(),
            ":outcome": outcome.map(Outcome::as_str),
            ":subject": message.map(|message| &message.subject),
            ":text": message.map(|message| &message.text),
            ":html": message.map(|message| &message.html),
            ":state": state.as_str(),
            ":now": now.as_millisecond(),
            ":threads": to_json(threads),
        })
        .map(drop)
}

/// The deliveries that are due, oldest first. One whose channel can't be read goes by mail. One that is due later than any pause is long was put off before the clock was set back.
pub(super) fn due(database: &Database, channel: Channel, now: Timestamp) -> rusqlite::Result<Vec<Outgoing>> {
    due_after_resends(database, channel, now, 0)
}

/// Those of them that somebody asked for.
pub(super) fn asked_for(
    database: &Database,
    channel: Channel,
    now: Timestamp,
) -> rusqlite::Result<Vec<Outgoing>> {
    due_after_resends(database, channel, now, 1)
}

fn due_after_resends(
    database: &Database,
    channel: Channel,
    now: Timestamp,
    resends: i64,
) -> rusqlite::Result<Vec<Outgoing>> {
    let farthest = now.saturating_add(FARTHEST_ATTEMPT).unwrap_or(Timestamp::MAX);
    database
        .prepare_cached(
            "SELECT deliveries.id, report_id, notice_id, notices.kind AS kind, audience, deliveries.outcome AS outcome, state, queued_at, resends, attempts,
                next_attempt_at, sent_at, accepted, refused, perhaps, last_error, message_id, threads,
                coalesce(deliveries.subject, reports.subject) AS subject, coalesce(deliveries.text, reports.text) AS text,
                coalesce(deliveries.html, reports.html) AS html
             FROM deliveries LEFT JOIN reports ON reports.id = report_id LEFT JOIN notices ON notices.id = notice_id
             WHERE (channel = 'webhook') = ? AND state = 'queued' AND (next_attempt_at <= ? OR next_attempt_at > ?) AND resends >= ?
             ORDER BY deliveries.id LIMIT 20",
        )?
        .query_map(
            params![channel == Channel::Webhook, now.as_millisecond(), farthest.as_millisecond(), resends],
            |row| {
                let id = DeliveryId(row.get("id")?);
                let audience = rows::text(row, "audience")?;
                Ok(Outgoing {
                    id,
                    about: about(row)?,
                    queued_at: rows::time(row, "queued_at")?,
                    resends: rows::count(row, "resends")?,
                    message: message(row)?,
                    delivery: Delivery { state: DeliveryState::Queued, ..lenient_delivery(database, id, row)? },
                    message_id: rows::optional_text(row, "message_id")?,
                    threads: thread_starts(database, id, &audience, row)?,
                    audience,
                })
            },
        )?
        .collect()
}

fn about(row: &Row) -> rusqlite::Result<About> {
    // A notice whose kind can't be read is still sent.
    let kind = rows::word(row, "kind")?.unwrap_or(NoticeKind::Gaps);
    Ok(match row.get::<_, Option<i64>>("notice_id")? {
        Some(notice) => About::Notice(kind, notice),
        None => About::Report(JobId(rows::number(row, "report_id")?)),
    })
}

/// The first mails of the incidents that a row is about, as far as its audience got them.
fn thread_starts(
    database: &Database,
    id: DeliveryId,
    audience: &str,
    row: &Row,
) -> rusqlite::Result<Vec<ThreadStart>> {
    let reports: Vec<JobId> = rows::json(row, "threads")?.unwrap_or_else(|reason| {
        database.unreadable.note("deliveries", id, &reason);
        Vec::new()
    });
    let own = JobId(rows::number(row, "report_id")?);
    let start = |report: JobId| {
        let mut mails = database.prepare_cached(
            "SELECT audience IN (?, '') AS is_its, message_id FROM deliveries WHERE report_id = ? AND channel <> 'webhook'
             ORDER BY is_its DESC, audience DESC LIMIT 1",
        )?;
        let mail = mails
            .query_row(params![audience, report.0], |row| {
                Ok((rows::number(row, "is_its")? != 0, rows::optional_text(row, "message_id")?))
            })
            .optional()?;
        Ok(match mail {
            Some((false, _)) => None,
            // Of one that is not kept any more, the Message-ID can still be told.
            mail => Some(ThreadStart { report, message_id: mail.and_then(|(_, message_id)| message_id) }),
        })
    };
    let starts = reports.into_iter().filter(|report| *report != own).map(start);
    Ok(starts.collect::<rusqlite::Result<Vec<_>>>()?.into_iter().flatten().collect())
}

/// Writes down the Message-ID under which a mail is sent: the others of its thread answer it.
pub(super) fn note_message_id(
    connection: &Connection,
    id: DeliveryId,
    message_id: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE deliveries SET message_id = ? WHERE id = ? AND message_id IS NULL")?
        .execute(params![message_id, id.0])
        .map(drop)
}

/// How many deliveries wait.
pub(super) fn queued(connection: &Connection) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) AS queued FROM deliveries WHERE state = 'queued'")?
        .query_row([], |row| rows::count(row, "queued"))
}

/// True while there is a job or a delivery.
pub(super) fn is_behind(connection: &Connection) -> rusqlite::Result<bool> {
    connection
        .prepare_cached(
            "SELECT EXISTS (SELECT 1 FROM jobs) OR EXISTS (SELECT 1 FROM deliveries WHERE state = 'queued')",
        )?
        .query_row([], |row| row.get(0))
}

/// What is known of deliveries that do not reach everybody: each that was tried and waits, and since `since` each that was given up or refused
/// by somebody. In words, the newest first, a few at most.
pub(super) fn undelivered(
    database: &Database,
    channel: Channel,
    since: Timestamp,
) -> rusqlite::Result<Vec<String>> {
    let mut deliveries = database.prepare_cached(
        "SELECT deliveries.*, notices.kind AS kind
         FROM deliveries LEFT JOIN reports ON reports.id = report_id LEFT JOIN notices ON notices.id = notice_id
         WHERE (channel = 'webhook') = ?1 AND ((state = 'queued' AND attempts > 0)
            OR (coalesce(reports.created_at, notices.created_at) >= ?2
                AND (state = 'failed' OR (state = 'sent' AND refused <> '[]'))))
         ORDER BY deliveries.id DESC LIMIT 3",
    )?;
    let words =
        deliveries.query_map(params![channel == Channel::Webhook, since.as_millisecond()], |row| {
            let what = match (about(row)?, channel) {
                (About::Report(id), Channel::Mail) => format!("the mail of report {id}"),
                (About::Notice(kind, _), Channel::Mail) => format!("the mail about {}", kind.title()),
                (About::Report(id), Channel::Webhook) => format!("report {id} for the webhook"),
                (About::Notice(kind, _), Channel::Webhook) => format!("{} for the webhook", kind.title()),
            };
            let delivery = lenient_delivery(database, DeliveryId(row.get("id")?), row)?;
            let error = delivery.last_error.unwrap_or_else(|| "no reason is known".into());
            Ok(match delivery.state {
                DeliveryState::Failed => format!("{what} could not be delivered: {error}"),
                DeliveryState::Sent => {
                    let refused: Vec<String> = delivery
                        .refused
                        .iter()
                        .map(|refusal| format!("{}: {}", refusal.address, refusal.reason))
                        .collect();
                    format!("{what} was refused for {}", refused.join(", "))
                }
                DeliveryState::Queued | DeliveryState::Unchanged | DeliveryState::Suppressed => {
                    format!("{what} waits after {} attempts: {error}", delivery.attempts)
                }
            })
        })?;
    words.collect()
}

/// When the next delivery is due.
pub(super) fn next_due(connection: &Connection, channel: Channel) -> rusqlite::Result<Option<Timestamp>> {
    connection
        .prepare_cached(
            "SELECT min(next_attempt_at) AS next FROM deliveries WHERE (channel = 'webhook') = ? AND state = 'queued'",
        )?
        .query_row([channel == Channel::Webhook], |row| rows::optional_time(row, "next"))
}

/// Writes down how an attempt went, unless it was queued again meanwhile. What reached nobody at all was not told.
pub(super) fn record(
    database: &Database,
    id: DeliveryId,
    resends: u32,
    delivery: &Delivery,
) -> rusqlite::Result<()> {
    database
        .prepare_cached(
            "UPDATE deliveries SET state = :state, attempts = :attempts, next_attempt_at = :next, sent_at = :sent,
                accepted = :accepted, refused = :refused, perhaps = :perhaps, last_error = :error
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
        })?;
    // Now that it was tried, there is a recipient.
    database
        .prepare_cached(
            "UPDATE reports SET decision = :released
             WHERE id = (SELECT report_id FROM deliveries WHERE id = :id) AND decision = :held",
        )?
        .execute(named_params! {
            ":id": id.0,
            ":held": to_json(&Decision::Hold(HoldReason::NoRecipients)),
            ":released": to_json(&Decision::Send(SendReason::New)),
        })?;
    if delivery.state == DeliveryState::Failed {
        let lost = database
            .prepare_cached(
                "SELECT report_id FROM deliveries WHERE id = ? AND report_id IS NOT NULL AND NOT EXISTS (
                    SELECT 1 FROM deliveries AS other
                    WHERE other.report_id = deliveries.report_id AND other.state IN ('queued', 'sent'))",
            )?
            .query_row([id.0], |row| Ok(JobId(row.get("report_id")?)))
            .optional()?;
        if let Some(report) = lost {
            notifications::forget(database, report)?;
            incidents::untell(database, report)?;
        }
    }
    Ok(())
}

/// The deliveries that wait and that nobody asked for, due or not.
pub(super) fn kept_back(connection: &Connection, channel: Channel) -> rusqlite::Result<Vec<DeliveryId>> {
    connection
        .prepare_cached(
            "SELECT id FROM deliveries WHERE (channel = 'webhook') = ? AND state = 'queued' AND resends = 0",
        )?
        .query_map([channel == Channel::Webhook], |row| Ok(DeliveryId(row.get("id")?)))?
        .collect()
}

/// Drops one of them, as another instance has sent its own.
pub(super) fn drop_kept_back(connection: &Connection, id: DeliveryId, reason: &str) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE deliveries SET state = ?, last_error = ? WHERE id = ? AND state = 'queued' AND resends = 0",
        )?
        .execute(params![DeliveryState::Unchanged.as_str(), reason, id.0])
        .map(drop)
}

/// Queues a report's deliveries once more, for everybody. One that waits is marked as asked for, unless its first attempt is under way.
/// False when there is no such report.
pub(super) fn resend(connection: &Connection, id: JobId, now: Timestamp) -> rusqlite::Result<bool> {
    let exists: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM reports WHERE id = ?)")?
        .query_row([id.0], |row| row.get(0))?;
    // Whoever has it already does not get it twice.
    connection
        .prepare_cached(
            "UPDATE deliveries SET resends = 1, next_attempt_at = ?
             WHERE report_id = ? AND state = 'queued' AND resends = 0 AND (attempts > 0 OR message_id IS NULL)",
        )?
        .execute([now.as_millisecond(), id.0])?;
    let is_new = connection
        .prepare_cached(
            "UPDATE deliveries SET state = 'queued', queued_at = :now, resends = resends + 1, attempts = 0,
                next_attempt_at = :now, sent_at = NULL, accepted = '[]', refused = '[]', perhaps = '[]', last_error = NULL
             WHERE report_id = :id AND state <> 'queued'",
        )?
        .execute(named_params! {":id": id.0, ":now": now.as_millisecond()})?
        > 0;
    if is_new {
        connection
            .prepare_cached("UPDATE reports SET decision = ? WHERE id = ?")?
            .execute(params![to_json(&Decision::Send(SendReason::Requested)), id.0])?;
    }
    Ok(exists)
}

/// What the webhook gets of a delivery besides its words: the report or the notice, as JSON.
pub(super) fn payload(connection: &Connection, id: DeliveryId) -> rusqlite::Result<Option<String>> {
    let payload = connection
        .prepare_cached(
            "SELECT coalesce(reports.report, notices.payload) AS payload FROM deliveries
             LEFT JOIN reports ON reports.id = report_id LEFT JOIN notices ON notices.id = notice_id
             WHERE deliveries.id = ?",
        )?
        .query_row([id.0], |row| rows::optional_text(row, "payload"))
        .optional()?;
    Ok(payload.flatten())
}

/// The deliveries of a report, or why one can't be read.
pub(super) fn of_report(
    database: &Database,
    report: JobId,
) -> rusqlite::Result<Result<Vec<DeliveryRecord>, String>> {
    database
        .prepare_cached("SELECT * FROM deliveries WHERE report_id = ? ORDER BY id")?
        .query_map([report.0], |row| {
            // As whoever sends it takes it.
            let channel = rows::word(row, "channel")?.unwrap_or(Channel::Mail);
            let audience = rows::text(row, "audience")?;
            let delivery = delivery(row)?;
            let assemble = || Ok(DeliveryRecord { audience, channel, delivery: delivery? });
            Ok(assemble())
        })?
        .collect()
}

/// The words of a row, which can be sent whatever else of the row is damaged.
pub(super) fn message(row: &Row) -> rusqlite::Result<Message> {
    Ok(Message {
        outcome: rows::word(row, "outcome")?.ok(),
        subject: rows::text(row, "subject")?,
        text: rows::text(row, "text")?,
        html: rows::text(row, "html")?,
    })
}

/// The state of a row's delivery, or why it can't be read.
fn delivery(row: &Row) -> rusqlite::Result<Result<Delivery, String>> {
    let state = rows::word(row, "state")?;
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
fn lenient_delivery(database: &Database, id: DeliveryId, row: &Row) -> rusqlite::Result<Delivery> {
    Ok(match delivery(row)? {
        Ok(delivery) => delivery,
        Err(reason) => {
            database.unreadable.note("deliveries", id, &reason);
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
