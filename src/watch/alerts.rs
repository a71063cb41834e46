// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Fetches alerts from Alertmanager's API: on NS8 its receivers are written anew at every start, so that a webhook added by
//! hand does not stay, but the API serves the same alerts.

use std::sync::Arc;

use jiff::Timestamp;
use reqwest::Url;
use tokio_util::sync::CancellationToken;

use super::troubles::{Watcher, WatcherTroubles};
use crate::{alertmanager::client::Alertmanager, config::Settings, journal::Journal};

/// Fetches alerts, and has the journal take those that are new.
pub struct AlertWatcher {
    settings: Arc<Settings>,
    journal: Journal,
    troubles: Arc<WatcherTroubles>,
    alertmanager: Alertmanager,
}

impl AlertWatcher {
    /// A watcher of the Alertmanager at `url`.
    pub fn new(url: &Url, settings: Arc<Settings>, journal: Journal, troubles: Arc<WatcherTroubles>) -> Self {
        let alertmanager = Alertmanager::new(url, settings.receiver.alert_names.clone());
        Self { settings, journal, troubles, alertmanager }
    }

    /// Fetches until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                trouble = self.poll() => self.troubles.note(Watcher::Alertmanager, trouble),
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(self.settings.watch.poll) => {}
            }
        }
    }

    /// Fetches once. Says what is in the way.
    async fn poll(&self) -> Option<String> {
        let alerts = match self.alertmanager.alerts().await {
            Ok(alerts) => alerts,
            Err(error) => return Some(format!("Alertmanager can't be asked for its alerts: {error}")),
        };
        tracing::debug!(about_backups = alerts.len(), "alerts fetched");
        let now = Timestamp::now();
        match self.journal.accept(alerts, now, self.settings.correlator.wait).await {
            Ok(Some(job)) => tracing::info!(%job, "alerts ingested from Alertmanager"),
            Ok(None) => {}
            // The journal's trouble is the journal's to tell. The alerts are still there at the next poll.
            Err(error) => tracing::debug!(%error, "can't ingest alerts"),
        }
        None
    }
}
