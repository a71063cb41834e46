// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Notices: mails that are about no run. Each function runs within one transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, named_params, params};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::rows::to_json;
use crate::notifier::{delivery::Channel, message::Message};

/// How long notices are kept whose delivery has ended.
const KEEP: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How many of them are kept.
const KEEP_COUNT: u32 = 500;

/// What a notice is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum NoticeKind {
    /// What is not protected.
    Gaps,
    /// The summary of a day or a week.
    Summary,
}

impl NoticeKind {
    /// The word in the journal, in Message-IDs and for the webhook.
    pub const fn as_str(self) -> &'static str {
        match self {
            NoticeKind::Gaps => "gaps",
            NoticeKind::Summary => "summary",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            NoticeKind::Gaps => "gaps",
            NoticeKind::Summary => "the summary",
        }
    }
}

/// A notice to be sent.
#[derive(Debug, Clone, PartialEq)]
pub struct NewNotice {
    /// What it is about.
    pub kind: NoticeKind,
    /// The audience that gets the mail, by its [key](crate::audience::Audience::key); empty where it is posted alone.
    pub audience: String,
    /// Whether it is posted to the webhook too.
    pub to_webhook: bool,
    /// The mail.
    pub message: Message,
    /// What the webhook gets of it, as the value of a key that is called like the kind.
    pub payload: Value,
}

/// Keeps a notice and queues its deliveries.
pub(super) fn queue(connection: &Connection, notice: &NewNotice, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT INTO notices (kind, created_at, payload) VALUES (?, ?, ?)")?
        .execute(params![notice.kind.as_str(), now.as_millisecond(), to_json(&notice.payload)])?;
    let id = connection.last_insert_rowid();
    let mut insert = connection.prepare_cached(
        "INSERT INTO deliveries (notice_id, audience, channel, subject, text, html, state, queued_at, next_attempt_at)
         VALUES (:notice, :audience, :channel, :subject, :text, :html, 'queued', :now, :now)",
    )?;
    for channel in [
        (!notice.audience.is_empty()).then_some(Channel::Mail),
        notice.to_webhook.then_some(Channel::Webhook),
    ]
    .into_iter()
    .flatten()
    {
        insert.execute(named_params! {
            ":notice": id,
            ":audience": notice.audience,
            ":channel": channel.as_str(),
            ":subject": notice.message.subject,
            ":text": notice.message.text,
            ":html": notice.message.html,
            ":now": now.as_millisecond(),
        })?;
    }
    prune(connection, now)
}

/// Forgets old notices, but none whose delivery is not over.
fn prune(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    let oldest = now.saturating_sub(KEEP).unwrap_or(Timestamp::MIN);
    connection
        .prepare_cached(
            "DELETE FROM notices
             WHERE id NOT IN (SELECT notice_id FROM deliveries WHERE state = 'queued' AND notice_id IS NOT NULL)
                AND (created_at < ? OR id <= (SELECT id FROM notices ORDER BY id DESC LIMIT 1 OFFSET ?))",
        )?
        .execute(params![oldest.as_millisecond(), KEEP_COUNT])
        .map(drop)
}
