// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What an instance that stands by keeps back: another one sends the same.

use std::{
    collections::{HashMap, HashSet},
    time::Instant,
};

use super::{Duty, watch::Standing};
use crate::{
    journal::{DeliveryId, Journal, JournalError},
    notifier::delivery::Channel,
};

/// The deliveries of one channel that are kept back.
#[derive(Debug)]
pub struct KeptBack {
    channel: Channel,
    /// Since when each is.
    since: HashMap<DeliveryId, Instant>,
}

impl KeptBack {
    /// Nothing is kept back yet.
    pub fn new(channel: Channel) -> Self {
        Self { channel, since: HashMap::new() }
    }

    /// This instance sends: nothing is kept back any more.
    pub fn release(&mut self) {
        self.since.clear();
    }

    /// Keeps everything back for another instance, and drops each when that one has been active for long enough to have sent its own, and
    /// has nothing left.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn look(&mut self, journal: &Journal, standing: &Standing) -> Result<(), JournalError> {
        let kept: HashSet<DeliveryId> = journal.kept_back(self.channel).await?.into_iter().collect();
        self.since.retain(|id, _| kept.contains(id));
        let now = Instant::now();
        for id in kept {
            let since = *self.since.entry(id).or_insert(now);
            let is_outlived =
                standing.peer_done_at.is_some_and(|at| at.saturating_duration_since(since) >= standing.keep);
            let (Duty::Standby(peer) | Duty::Copy(peer)) = &standing.duty else { continue };
            if is_outlived {
                tracing::info!(delivery = %id, channel = self.channel.as_str(), "not sent: reports are sent by {peer}");
                journal.drop_kept_back(id, format!("reports are sent by {peer}")).await?;
                self.since.remove(&id);
            }
        }
        Ok(())
    }
}
