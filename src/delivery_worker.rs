// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The delivery workers: one takes queued mails to the mail server until it accepts them, one posts to the webhook. Neither waits for the
//! other.

mod carrier;
mod heirs;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use self::{carrier::Carrier, heirs::heirs};
use crate::{
    config::Settings,
    duty::{keep::KeptBack, watch::Standing},
    journal::{Journal, JournalError, Outgoing},
    notifier::delivery::{Channel, Delivery, DeliveryState},
    telemetry::{MailResult, Metrics},
};

/// How often the queue is looked at without being told of anything: the clock may have been set.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// How long after trouble with the journal it is tried again.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

/// Delivers what is queued for one channel, one after the other.
pub struct DeliveryWorker {
    settings: Arc<Settings>,
    journal: Journal,
    metrics: Arc<Metrics>,
    carrier: Carrier,
    standing: watch::Receiver<Standing>,
    kept_back: KeptBack,
}

impl DeliveryWorker {
    /// A worker for the configured mail server.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        metrics: Arc<Metrics>,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        let carrier = Carrier::mail(&settings);
        Self { settings, journal, metrics, carrier, standing, kept_back: KeptBack::new(Channel::Mail) }
    }

    /// A worker for the configured webhook. None where there is none.
    pub fn webhook(
        settings: Arc<Settings>,
        journal: Journal,
        metrics: Arc<Metrics>,
        standing: watch::Receiver<Standing>,
    ) -> Option<Self> {
        let carrier = Carrier::webhook(&settings)?;
        Some(Self {
            settings,
            journal,
            metrics,
            carrier,
            standing,
            kept_back: KeptBack::new(Channel::Webhook),
        })
    }

    fn channel(&self) -> Channel {
        self.carrier.channel()
    }

    /// Delivers until `shutdown`. What is being handed over then has a moment to be; if that is not enough, it stays queued.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let wake = match self.deliver_due(Timestamp::now(), &shutdown).await {
                Ok(next) => next.map_or(LOOK_INTERVAL, |next| {
                    let until = Duration::try_from(next.duration_since(Timestamp::now()));
                    until.unwrap_or(Duration::ZERO).min(LOOK_INTERVAL)
                }),
                Err(error) => {
                    tracing::debug!(%error, "can't read the queue from the journal");
                    TROUBLE_PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.journal.queued(self.channel()) => {}
                Ok(()) = self.standing.changed() => {}
                () = tokio::time::sleep(wake) => {}
            }
        }
    }

    /// Tries all that is due at `now`. Says when the next one is.
    ///
    /// # Errors
    /// [`JournalError`]; then a mail may have been sent and is sent again, with the same Message-ID.
    pub async fn deliver_due(
        &mut self,
        now: Timestamp,
        shutdown: &CancellationToken,
    ) -> Result<Option<Timestamp>, JournalError> {
        let channel = self.channel();
        let is_blocked = self.carrier.is_blocked(&self.settings);
        let standing = self.standing.borrow_and_update().clone();
        let mails = standing.duty.mails();
        if mails {
            self.kept_back.release();
        } else if !is_blocked {
            self.kept_back.look(&self.journal, &standing).await?;
        }
        // What somebody asks for on the pages is sent by whom they ask.
        let (due, next) = match mails {
            true => self.journal.outgoing(channel, now).await?,
            false => (self.journal.asked_for(channel, now).await?, None),
        };
        if due.is_empty() {
            return Ok(next);
        }
        if is_blocked {
            // They wait, however long, until the service is started with a mail server and a recipient.
            return Ok(None);
        }
        let mut is_inherited = false;
        for outgoing in due {
            if shutdown.is_cancelled() {
                return Ok(None);
            }
            let began = Instant::now();
            let Some(after) =
                self.carrier.carry(&outgoing, &self.settings, &self.journal, now, began).await?
            else {
                // Its audience is gone: the recipients were changed.
                let heirs = heirs(&outgoing, &self.settings, &self.journal).await?;
                self.journal.inherit(outgoing.id, heirs).await?;
                is_inherited = true;
                continue;
            };
            self.note(&outgoing, &after);
            self.journal.record_delivery(outgoing.id, outgoing.resends, after).await?;
        }
        if is_inherited {
            // Whoever has it now is looked at at once.
            return Ok(Some(now));
        }
        if !mails {
            // What is kept back is due all the time.
            return Ok(None);
        }
        // More may be due than came at once.
        Ok(self.journal.outgoing(channel, now).await?.1)
    }

    fn note(&self, outgoing: &Outgoing, after: &Delivery) {
        let (what, channel, audience) = (outgoing.about, self.channel().as_str(), &outgoing.audience);
        let error = after.last_error.as_deref().unwrap_or_default();
        let result = match after.state {
            DeliveryState::Sent => {
                tracing::info!(%what, channel, audience, recipients = after.accepted.len(), "sent");
                for perhaps in &after.perhaps {
                    let (address, reason) = (&perhaps.address, &perhaps.reason);
                    tracing::warn!(%what, address, reason, "whether a recipient has the mail is not known");
                }
                for refusal in &after.refused {
                    let (address, reason) = (&refusal.address, &refusal.reason);
                    tracing::warn!(%what, address, reason, "recipient rejected");
                }
                MailResult::sent
            }
            DeliveryState::Failed => {
                tracing::error!(%what, channel, audience, error, "given up");
                MailResult::failed
            }
            DeliveryState::Queued | DeliveryState::Unchanged | DeliveryState::Suppressed => {
                let next = after.next_attempt_at;
                tracing::warn!(%what, channel, audience, attempts = after.attempts, %next, error, "not accepted yet");
                MailResult::deferred
            }
        };
        if self.channel() == Channel::Mail {
            self.metrics.count_mail(result);
        }
    }
}
