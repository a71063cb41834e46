// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Whether the watchers can do their work.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
};

/// What can be in trouble.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Watcher {
    /// Fetching alerts from Alertmanager.
    Alertmanager,
    /// Hearing of runs through Redis.
    Events,
    /// Giving the heartbeat.
    Heartbeat,
}

/// The watchers' troubles. Whoever has one says so at each attempt; it is logged when it comes and when it goes.
#[derive(Debug, Default)]
pub struct WatcherTroubles(Mutex<BTreeMap<Watcher, String>>);

impl WatcherTroubles {
    /// Notes how an attempt went.
    pub fn note(&self, watcher: Watcher, trouble: Option<String>) {
        let mut troubles = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        match trouble {
            Some(trouble) => {
                if !troubles.contains_key(&watcher) {
                    tracing::warn!("{trouble}; retrying");
                }
                troubles.insert(watcher, trouble);
            }
            None => {
                if let Some(trouble) = troubles.remove(&watcher) {
                    tracing::info!("resolved: {trouble}");
                }
            }
        }
    }

    /// The trouble that a watcher has.
    pub fn trouble(&self, watcher: Watcher) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).get(&watcher).cloned()
    }
}
