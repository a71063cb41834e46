// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! When notices went out.

use jiff::Timestamp;

use super::{Journal, JournalError, NoticeKind, reader, rows};

impl Journal {
    /// When a notice of this kind last went out, by whichever channel. None: none did in the last 90 days.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn notice_last_sent(&self, kind: NoticeKind) -> Result<Option<Timestamp>, JournalError> {
        reader::read(&self.writer, &self.dir, move |database| {
            database
                .prepare_cached(
                    "SELECT max(deliveries.sent_at) AS sent FROM deliveries
                     JOIN notices ON notices.id = deliveries.notice_id
                     WHERE notices.kind = ? AND deliveries.state = 'sent'",
                )?
                .query_row([kind.as_str()], |row| rows::optional_time(row, "sent"))
        })
        .await
    }
}
