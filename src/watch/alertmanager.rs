//! Fetches alerts from Alertmanager's API: on NS8 its receivers are written anew at every start, so that a webhook added by
//! hand does not stay, but the API serves the same alerts.

use std::{sync::Arc, time::Duration};

use jiff::Timestamp;
use reqwest::{Client, StatusCode, Url};
use tokio_util::sync::CancellationToken;

use super::health::{Health, Watcher};
use crate::{
    alert::{Alert, AlertNames, parse_api},
    config::Settings,
    http,
    journal::Journal,
};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes. A cluster has some tens of alerts of a kilobyte each.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Why there are no alerts.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer.
    #[error("{0}")]
    Silent(String),
    /// An answer that is no list of alerts.
    #[error("it answers with status {0}; is ALERTMANAGER_URL the address of an Alertmanager?")]
    Status(StatusCode),
    /// A list that can't be read.
    #[error("its answer is no list of alerts: {0}")]
    Unreadable(String),
}

/// An Alertmanager.
pub struct Alertmanager {
    client: Client,
    url: Url,
    names: AlertNames,
}

impl Alertmanager {
    /// The Alertmanager at `url`, of whose alerts those with these `names` count.
    pub fn new(url: &Url, names: AlertNames) -> Self {
        let mut url = url.clone();
        let path = format!("{}/api/v2/alerts", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(Some("active=true&silenced=false&inhibited=false&unprocessed=false"));
        Self { client: http::client(), url, names }
    }

    /// The alerts about backups that are firing.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn alerts(&self) -> Result<Vec<Alert>, FetchError> {
        let silent = |error: reqwest::Error| FetchError::Silent(http::reason(&error));
        let request = self.client.get(self.url.clone()).timeout(TIMEOUT);
        let mut answer = request.send().await.map_err(silent)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(silent)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(FetchError::Unreadable(format!("it has more than {MAX_BODY} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        parse_api(&body, &self.names).map_err(|error| FetchError::Unreadable(http::json_reason(&error)))
    }
}

/// Fetches alerts, and has the journal take those that are new.
pub struct AlertWatcher {
    settings: Arc<Settings>,
    journal: Journal,
    health: Arc<Health>,
    alertmanager: Alertmanager,
}

impl AlertWatcher {
    /// A watcher of the Alertmanager at `url`.
    pub fn new(url: &Url, settings: Arc<Settings>, journal: Journal, health: Arc<Health>) -> Self {
        let alertmanager = Alertmanager::new(url, settings.receiver.alert_names.clone());
        Self { settings, journal, health, alertmanager }
    }

    /// Fetches until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                trouble = self.poll() => self.health.note(Watcher::Alertmanager, trouble),
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
            Ok(Some(job)) => tracing::info!(%job, "alerts taken from Alertmanager"),
            Ok(None) => {}
            // The journal's trouble is the journal's to tell. The alerts are still there at the next poll.
            Err(error) => tracing::debug!(%error, "alerts can't be taken"),
        }
        None
    }
}
