// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The last roster: from the watcher's readings, else read when somebody looks, at most once a minute. The journal keeps it, so that a
//! service that starts without Redis has something to show.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::{Mutex, watch};

use super::Roster;
use crate::{
    correlator::{
        facts::{ClusterFacts, Scope},
        read::ClusterReader,
    },
    journal::{Checkpoint, Journal, Observation},
};

/// How often the cluster is read for those who look, where no watcher reads it.
const FRESH: Duration = Duration::from_secs(60);
/// How soon it is tried again after Redis was away.
const RETRY: Duration = Duration::from_secs(5);
/// How long they wait for it.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How old the kept one may become while nothing changes.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(1);
/// The key of its checkpoint.
const ROSTER: &str = "roster";

/// Keeps the last roster.
pub struct RosterView {
    journal: Journal,
    reader: ClusterReader,
    /// True where a watcher reads the cluster all the time.
    is_watched: bool,
    state: Mutex<State>,
    /// Told of each new one.
    changes: watch::Sender<()>,
}

#[derive(Default)]
struct State {
    roster: Option<Arc<Roster>>,
    /// As the journal has it.
    kept: Option<Arc<Roster>>,
    /// True once the journal was asked for it.
    is_recalled: bool,
    /// From when on the cluster is read again for somebody who looks.
    ask_at: Option<Instant>,
}

impl RosterView {
    /// A view that knows nothing yet. `is_watched` where a watcher will call [`note`](Self::note).
    pub fn new(journal: Journal, reader: ClusterReader, is_watched: bool) -> Self {
        let changes = watch::Sender::new(());
        Self { journal, reader, is_watched, state: Mutex::default(), changes }
    }

    /// Tells of each reading of the cluster.
    pub fn changes(&self) -> watch::Receiver<()> {
        self.changes.subscribe()
    }

    /// The plans as last read. None when the cluster was never read.
    pub async fn get(&self) -> Option<Arc<Roster>> {
        // Held while asking, so that many who look at once ask once.
        let mut state = self.state.lock().await;
        self.recall(&mut state).await;
        if !self.is_watched && state.ask_at.is_none_or(|at| Instant::now() >= at) {
            let now = Timestamp::now();
            let scope = Scope::about([]);
            let read = tokio::time::timeout(TIMEOUT, self.reader.read(&scope, now)).await;
            let pause = match read {
                Ok(Ok(facts)) => {
                    self.take(&mut state, &facts.vouched(), now).await;
                    FRESH
                }
                Ok(Err(_)) | Err(_) => RETRY,
            };
            state.ask_at = Some(Instant::now() + pause);
        }
        state.roster.clone()
    }

    /// Notes a reading of all plans.
    pub async fn note(&self, facts: &ClusterFacts, now: Timestamp) {
        let mut state = self.state.lock().await;
        self.recall(&mut state).await;
        self.take(&mut state, facts, now).await;
    }

    async fn take(&self, state: &mut State, facts: &ClusterFacts, now: Timestamp) {
        let Some(roster) = Roster::of(facts, now).map(Arc::new) else { return };
        if !state.kept.as_ref().is_some_and(|kept| still_says(kept, &roster)) && self.keep(&roster).await {
            state.kept = Some(Arc::clone(&roster));
        }
        state.roster = Some(roster);
        self.changes.send_replace(());
    }

    /// What the journal has of an earlier start. Its trouble is its own to tell.
    async fn recall(&self, state: &mut State) {
        if state.is_recalled {
            return;
        }
        let Ok(found) = self.journal.checkpoints(ROSTER).await else { return };
        let value = found.into_iter().find(|(rest, _)| rest.is_empty()).map(|(_, value)| value);
        // One that can't be read is of another version.
        state.kept = value.and_then(|value| serde_json::from_str(&value).ok()).map(Arc::new);
        state.roster = state.roster.take().or_else(|| state.kept.clone());
        state.is_recalled = true;
    }

    async fn keep(&self, roster: &Roster) -> bool {
        let value = serde_json::to_string(roster).expect("our own values have text keys");
        let checkpoints = vec![Checkpoint { key: ROSTER.into(), value }];
        let observed = Observation { checkpoints, ..Observation::default() };
        self.journal.observe(observed, roster.at, Duration::ZERO).await.is_ok()
    }
}

/// True while what is kept need not be written anew: it says the same, and not of long ago. The clock may have been set back.
fn still_says(kept: &Roster, roster: &Roster) -> bool {
    let age = roster.at.duration_since(kept.at);
    age.abs() < KEPT_FOR && as_kept(kept) == as_kept(roster)
}

/// The plans without what is not kept.
fn as_kept(roster: &Roster) -> String {
    serde_json::to_string(&roster.plans).expect("our own values have text keys")
}
