// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What the journal is asked of what goes out, by whoever queues it and whoever delivers it.

use jiff::Timestamp;
use tokio::sync::Notify;

use super::{
    Checkpoint, DeliveryId, Heir, Journal, JournalError, NewNotice, Outgoing, checkpoints, inherit, notices,
    queue,
};
use crate::{
    ids::JobId,
    notifier::delivery::{Channel, Delivery},
};

impl Journal {
    /// Has a report's mail sent again, to everybody. One that still waits to be sent goes on waiting, but not for another instance. False
    /// when there is no such report.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn resend(&self, id: JobId, now: Timestamp) -> Result<bool, JournalError> {
        let found = self.writer.call(move |connection| queue::resend(connection, id, now)).await?;
        self.queued.iter().for_each(Notify::notify_one);
        Ok(found)
    }

    /// Queues notices, and keeps what says that they are: all of it or nothing.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing was taken.
    pub async fn queue_notices(
        &self,
        notices: Vec<NewNotice>,
        checkpoints: Vec<Checkpoint>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        self.writer
            .call(move |database| {
                notices.iter().try_for_each(|notice| notices::queue(database, notice, now))?;
                checkpoints.iter().try_for_each(|checkpoint| checkpoints::put(database, checkpoint))
            })
            .await?;
        self.queued.iter().for_each(Notify::notify_one);
        Ok(())
    }

    /// How many mails and posts to the webhook wait to be sent.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn mails_queued(&self) -> Result<u32, JournalError> {
        self.writer.call(|database| queue::queued(database)).await
    }

    /// True while there are jobs that are not done, or mails that wait to be sent.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn is_behind(&self) -> Result<bool, JournalError> {
        self.writer.call(|database| queue::is_behind(database)).await
    }

    /// What does not reach everybody on a channel, in words: what waits after an attempt, and what was given up or refused since `since`.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn undelivered(&self, channel: Channel, since: Timestamp) -> Result<Vec<String>, JournalError> {
        self.writer.call(move |database| queue::undelivered(database, channel, since)).await
    }

    /// What is due on a channel at `now`, and when the next is.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn outgoing(
        &self,
        channel: Channel,
        now: Timestamp,
    ) -> Result<(Vec<Outgoing>, Option<Timestamp>), JournalError> {
        self.writer
            .call(move |database| {
                Ok((queue::due(database, channel, now)?, queue::next_due(database, channel)?))
            })
            .await
    }

    /// What is due on a channel at `now` because somebody asked for it.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn asked_for(&self, channel: Channel, now: Timestamp) -> Result<Vec<Outgoing>, JournalError> {
        self.writer.call(move |database| queue::asked_for(database, channel, now)).await
    }

    /// All that waits on a channel, apart from what somebody asked for: what an instance that does not send keeps back.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn kept_back(&self, channel: Channel) -> Result<Vec<DeliveryId>, JournalError> {
        self.writer.call(move |database| queue::kept_back(database, channel)).await
    }

    /// Drops what is kept back, unless somebody asked for it meanwhile; `reason` says why.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn drop_kept_back(&self, id: DeliveryId, reason: String) -> Result<(), JournalError> {
        self.writer.call(move |database| queue::drop_kept_back(database, id, &reason)).await
    }

    /// Writes down how an attempt to deliver went, unless it was to be sent again meanwhile: `resends` is how often it had been when the attempt
    /// began.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn record_delivery(
        &self,
        id: DeliveryId,
        resends: u32,
        delivery: Delivery,
    ) -> Result<(), JournalError> {
        self.writer.call(move |connection| queue::record(connection, id, resends, &delivery)).await
    }

    /// Writes down the Message-ID under which a mail is sent first.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn note_message_id(&self, id: DeliveryId, message_id: String) -> Result<(), JournalError> {
        self.writer.call(move |database| queue::note_message_id(database, id, &message_id)).await
    }

    /// Gives what waits for an audience that there is no more to others; without `heirs` it is dropped.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn inherit(&self, id: DeliveryId, heirs: Vec<Heir>) -> Result<(), JournalError> {
        self.writer.call(move |database| inherit::inherit(database, id, &heirs)).await
    }

    /// The report or the notice of a delivery as it is kept, in JSON.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn payload(&self, id: DeliveryId) -> Result<Option<String>, JournalError> {
        self.writer.call(move |database| queue::payload(database, id)).await
    }

    /// Waits until something has been queued. One task for each channel may.
    pub async fn queued(&self, channel: Channel) {
        let [mail, webhook] = &*self.queued;
        match channel {
            Channel::Mail => mail.notified().await,
            Channel::Webhook => webhook.notified().await,
        }
    }
}
