// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The delivery_worker: takes queued mails to the mail server until it accepts them.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use lettre::{Address, message::Mailbox};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::{
    config::Settings,
    duty::{Duty, watch::Standing},
    ids::JobId,
    journal::{Journal, JournalError, Outgoing},
    notifier::{
        delivery::{self, Delivery, DeliveryState},
        message,
    },
    smtp::{Failure, MailServer},
    telemetry::{MailResult, Metrics},
};

/// How often the queue is looked at without being told of a mail: the clock may have been set.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// How long after trouble with the journal it is tried again.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);

/// Delivers mails, one after the other.
pub struct DeliveryWorker {
    settings: Arc<Settings>,
    journal: Journal,
    metrics: Arc<Metrics>,
    server: MailServer,
    standing: watch::Receiver<Standing>,
    /// Since when mails are kept back for another instance.
    kept_since: HashMap<JobId, Instant>,
}

impl DeliveryWorker {
    /// A delivery_worker for the configured mail server.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        metrics: Arc<Metrics>,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        let server = MailServer::new(settings.smtp.clone(), &settings.mail.from.email);
        Self { settings, journal, metrics, server, standing, kept_since: HashMap::new() }
    }

    /// Delivers until `shutdown`. A mail that is being handed over then has a moment to be; if that is not enough, it stays
    /// queued.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let wake = match self.deliver_due(Timestamp::now(), &shutdown).await {
                Ok(next) => next.map_or(LOOK_INTERVAL, |next| {
                    let until = Duration::try_from(next.duration_since(Timestamp::now()));
                    until.unwrap_or(Duration::ZERO).min(LOOK_INTERVAL)
                }),
                Err(error) => {
                    tracing::debug!(%error, "can't read emails from the journal");
                    TROUBLE_PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.journal.mail_queued() => {}
                Ok(()) = self.standing.changed() => {}
                () = tokio::time::sleep(wake) => {}
            }
        }
    }

    /// Tries all mails that are due at `now`. Says when the next one is.
    ///
    /// # Errors
    /// [`JournalError`]; then a mail may have been sent and is sent again, with the same Message-ID.
    pub async fn deliver_due(
        &mut self,
        now: Timestamp,
        shutdown: &CancellationToken,
    ) -> Result<Option<Timestamp>, JournalError> {
        let has_gaps = !self.settings.mail_gaps().is_empty();
        let standing = self.standing.borrow_and_update().clone();
        let mails = standing.duty.mails();
        if mails {
            self.kept_since.clear();
        } else if !has_gaps {
            self.keep_back(&standing).await?;
        }
        // What somebody asks for on the pages is sent by whom they ask.
        let (due, next) = match mails {
            true => self.journal.outgoing(now).await?,
            false => (self.journal.asked_for(now).await?, None),
        };
        if due.is_empty() {
            return Ok(next);
        }
        if has_gaps {
            // They wait, however long, until the service is started with a mail server and a recipient.
            return Ok(None);
        }
        for outgoing in due {
            if shutdown.is_cancelled() {
                return Ok(None);
            }
            let after = self.attempt(&outgoing, now).await?;
            self.note(&outgoing, &after);
            self.journal.record_delivery(outgoing.id, outgoing.resends, after).await?;
        }
        if !mails {
            // What is kept back is due all the time.
            return Ok(None);
        }
        // More may be due than came at once.
        Ok(self.journal.outgoing(now).await?.1)
    }

    /// Keeps all mails back for another instance, and drops each when that one has been active for long enough to have sent its own, and
    /// has nothing left.
    async fn keep_back(&mut self, standing: &Standing) -> Result<(), JournalError> {
        let kept: HashSet<JobId> = self.journal.kept_back().await?.into_iter().collect();
        self.kept_since.retain(|id, _| kept.contains(id));
        let now = Instant::now();
        for id in kept {
            let since = *self.kept_since.entry(id).or_insert(now);
            let is_outlived =
                standing.peer_done_at.is_some_and(|at| at.saturating_duration_since(since) >= standing.keep);
            let (Duty::Standby(peer) | Duty::Copy(peer)) = &standing.duty else { continue };
            if is_outlived {
                tracing::info!(report = %id, "not sent: reports are sent by {peer}");
                self.journal.drop_kept_back(id, format!("reports are sent by {peer}")).await?;
                self.kept_since.remove(&id);
            }
        }
        Ok(())
    }

    /// Hands one mail over.
    async fn attempt(&self, outgoing: &Outgoing, now: Timestamp) -> Result<Delivery, JournalError> {
        let mail = &self.settings.mail;
        let everybody: Vec<Mailbox> =
            mail.audiences.iter().flat_map(|audience| audience.to.clone()).collect();
        let to: Vec<String> = everybody.iter().map(|mailbox| mailbox.email.to_string()).collect();
        let asked = delivery::pending(&outgoing.delivery, to.iter().map(String::as_str));
        let recipients: Vec<Address> = everybody
            .iter()
            .map(|mailbox| mailbox.email.clone())
            .filter(|address| asked.contains(&AsRef::<str>::as_ref(address)))
            .collect();
        let journal_id = self.journal.journal_id().await?;
        let began = Instant::now();
        let message_id = |report, resends| message::message_id(report, resends, &journal_id, &mail.from);
        let id = match &outgoing.message_id {
            // The sender may have been changed since it was tried.
            Some(id) if outgoing.resends == 0 => id.clone(),
            Some(_) => message_id(outgoing.id, outgoing.resends),
            None => {
                let id = message_id(outgoing.id, outgoing.resends);
                self.journal.note_message_id(outgoing.id, id.clone()).await?;
                id
            }
        };
        let threads = outgoing.threads.iter();
        let answered: Vec<String> = threads
            .map(|start| start.message_id.clone().unwrap_or_else(|| message_id(start.report, 0)))
            .collect();
        let result =
            match message::build(&outgoing.message, mail, &everybody, id, &answered, outgoing.queued_at) {
                Ok(message) => self.server.send_to(&mail.from.email, &recipients, &message.formatted()).await,
                Err(error) => Err(Failure { what: "writing the mail".into(), reason: error.to_string() }),
            };
        // A patient conversation takes many minutes, and the pause begins after it.
        let ended = now.saturating_add(began.elapsed()).unwrap_or(now);
        Ok(delivery::after_attempt(&outgoing.delivery, ended, &asked, result))
    }

    fn note(&self, outgoing: &Outgoing, after: &Delivery) {
        let report = outgoing.id;
        let error = after.last_error.as_deref().unwrap_or_default();
        match after.state {
            DeliveryState::Sent => {
                self.metrics.count_mail(MailResult::sent);
                tracing::info!(%report, recipients = after.accepted.len(), "email sent");
                for perhaps in &after.perhaps {
                    let (address, reason) = (&perhaps.address, &perhaps.reason);
                    tracing::warn!(%report, address, reason, "whether a recipient has the mail is not known");
                }
                for refusal in &after.refused {
                    let (address, reason) = (&refusal.address, &refusal.reason);
                    tracing::warn!(%report, address, reason, "recipient rejected");
                }
            }
            DeliveryState::Failed => {
                self.metrics.count_mail(MailResult::failed);
                tracing::error!(%report, error, "giving up on the email");
            }
            DeliveryState::Queued | DeliveryState::Unchanged | DeliveryState::Suppressed => {
                self.metrics.count_mail(MailResult::deferred);
                let next = after.next_attempt_at;
                tracing::warn!(%report, attempts = after.attempts, %next, error, "email not accepted yet");
            }
        }
    }
}
