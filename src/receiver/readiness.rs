//! Is the service ready? That is: is the journal writable, does Redis answer, and is mail configured?

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::sync::Mutex;

use crate::{config::Settings, correlator::read::ClusterReader, journal::Journal};

/// How long an answer counts. Asking writes to the disk, and whoever asks often must not wear it out.
const FRESH: Duration = Duration::from_secs(2);
/// How long journal and Redis get to answer.
const TIMEOUT: Duration = Duration::from_secs(3);

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// True when nothing is in the way.
    pub ready: bool,
    /// What is in the way, in words for an administrator.
    pub reasons: Vec<String>,
}

/// Asks, and remembers the answer for a moment.
pub struct Readiness {
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
    last: Mutex<Option<(Instant, Ready)>>,
}

impl Readiness {
    /// Prepares to ask.
    pub fn new(settings: Arc<Settings>, journal: Journal, reader: ClusterReader) -> Self {
        Self { settings, journal, reader, last: Mutex::default() }
    }

    /// Whether the service is ready, as of at most two seconds ago.
    pub async fn get(&self) -> Ready {
        // Held while asking, so that many questions at once ask once.
        let mut last = self.last.lock().await;
        if let Some((when, ready)) = last.as_ref()
            && when.elapsed() < FRESH
        {
            return ready.clone();
        }
        let ready = self.ask().await;
        *last = Some((Instant::now(), ready.clone()));
        ready
    }

    async fn ask(&self) -> Ready {
        let silent = |what: &str| format!("{what} does not answer within {} seconds", TIMEOUT.as_secs());
        let journal = tokio::time::timeout(TIMEOUT, self.journal.probe(Timestamp::now()));
        let redis = tokio::time::timeout(TIMEOUT, self.reader.ping());
        let (journal, redis) = tokio::join!(journal, redis);
        let mut reasons = Vec::new();
        match journal {
            Ok(Ok(())) => {}
            Ok(Err(error)) => reasons.push(error.to_string()),
            Err(_) => reasons.push(silent("the journal")),
        }
        match redis {
            Ok(Ok(())) => {}
            Ok(Err(error)) => reasons.push(error.to_string()),
            Err(_) => reasons.push(silent("Redis")),
        }
        reasons.extend(self.settings.mail_gaps());
        Ready { ready: reasons.is_empty(), reasons }
    }
}
