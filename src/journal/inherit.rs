// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What waits for an audience that there is no more, as recipients were changed. Each function runs within one transaction.

use rusqlite::{Connection, named_params, params};

use super::queue::DeliveryId;
use crate::{
    correlator::correlation::Outcome,
    notifier::{delivery::DeliveryState, message::Message},
};

/// Who gets what was queued for an audience that there is no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heir {
    /// The key of its audience.
    pub audience: String,
    /// What it gets, where it may not have the mail as it is.
    pub message: Option<Message>,
}

/// Gives a delivery that waits to others. Whoever has one of the same already gets no other. Without heirs it is dropped.
pub(super) fn inherit(connection: &Connection, id: DeliveryId, heirs: &[Heir]) -> rusqlite::Result<()> {
    let mut copy = connection.prepare_cached(
        "INSERT OR IGNORE INTO deliveries (report_id, notice_id, audience, channel, outcome, subject, text, html, state,
            queued_at, resends, next_attempt_at, threads)
         SELECT report_id, notice_id, :audience, channel, coalesce(:outcome, outcome), coalesce(:subject, subject),
            coalesce(:text, text), coalesce(:html, html), state, queued_at, resends, next_attempt_at, threads
         FROM deliveries WHERE id = :id AND state = 'queued'",
    )?;
    let (first, others) = match heirs {
        // It stays what it is, with who has it already.
        [first, others @ ..] if first.message.is_none() => (Some(first), others),
        all => (None, all),
    };
    for Heir { audience, message } in others {
        let message = message.as_ref();
        copy.execute(named_params! {
            ":id": id.0,
            ":audience": audience,
            ":outcome": message.and_then(|message| message.outcome).map(Outcome::as_str),
            ":subject": message.map(|message| &message.subject),
            ":text": message.map(|message| &message.text),
            ":html": message.map(|message| &message.html),
        })?;
    }
    let is_kept = match first {
        Some(first) => {
            connection
                .prepare_cached(
                    "UPDATE OR IGNORE deliveries SET audience = ? WHERE id = ? AND state = 'queued'",
                )?
                .execute(params![first.audience, id.0])?
                > 0
        }
        None => false,
    };
    if is_kept {
        return Ok(());
    }
    if heirs.is_empty() {
        return connection
            .prepare_cached(
                "UPDATE deliveries SET state = ?, last_error = ? WHERE id = ? AND state = 'queued'",
            )?
            .execute(params![
                DeliveryState::Suppressed.as_str(),
                "none of its recipients is configured any more",
                id.0
            ])
            .map(drop);
    }
    connection
        .prepare_cached("DELETE FROM deliveries WHERE id = ? AND state = 'queued'")?
        .execute([id.0])
        .map(drop)
}
