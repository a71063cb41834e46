// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What the receiver has refused of late: logged without filling the log, and shown in readiness for a while, as an alert may have
//! been in it.

use std::{
    collections::BTreeMap,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

/// How long a refusal is shown.
const SHOWN: Duration = Duration::from_secs(300);
/// How often refusals of one kind are logged at most.
const LOG_INTERVAL: Duration = Duration::from_secs(10);

/// The refusals of late.
#[derive(Debug, Default)]
pub struct Refusals(Mutex<BTreeMap<u16, Kind>>);

/// Refusals that were answered with one HTTP status.
#[derive(Debug)]
struct Kind {
    /// Since it was last quiet for as long as refusals are shown.
    count: u64,
    reason: String,
    last: Instant,
    logged: Option<Instant>,
    not_logged: u64,
}

impl Refusals {
    /// Notes that a webhook was answered with `status`. The `reason` must not quote what was posted.
    pub fn note(&self, status: u16, reason: &str) {
        self.note_at(status, reason, Instant::now());
    }

    fn note_at(&self, status: u16, reason: &str, now: Instant) {
        let mut kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let new = || Kind { count: 0, reason: String::new(), last: now, logged: None, not_logged: 0 };
        let kind = kinds.entry(status).or_insert_with(new);
        if now.duration_since(kind.last) > SHOWN {
            kind.count = 0;
        }
        kind.count = kind.count.saturating_add(1);
        kind.last = now;
        reason.clone_into(&mut kind.reason);
        if kind.logged.is_some_and(|logged| now.duration_since(logged) < LOG_INTERVAL) {
            kind.not_logged = kind.not_logged.saturating_add(1);
            return;
        }
        let also = std::mem::take(&mut kind.not_logged);
        kind.logged = Some(now);
        tracing::warn!(status, reason, not_logged_before = also, "webhook rejected");
    }

    /// What was refused within the last five minutes, in words for an administrator.
    pub fn trouble(&self) -> Option<String> {
        self.trouble_at(Instant::now())
    }

    fn trouble_at(&self, now: Instant) -> Option<String> {
        let kinds = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let recent = kinds.iter().filter(|(_, kind)| now.duration_since(kind.last) <= SHOWN);
        let words: Vec<String> = recent
            .map(|(status, kind)| format!("{} with HTTP {status} ({})", kind.count, kind.reason))
            .collect();
        (!words.is_empty())
            .then(|| format!("webhooks rejected within the last minutes: {}", words.join("; ")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refusals_are_shown_for_a_while_and_counted_by_kind() {
        let refusals = Refusals::default();
        assert_eq!(refusals.trouble(), None);
        let now = Instant::now();
        refusals.note_at(413, "too large", now);
        refusals.note_at(413, "too large", now);
        refusals.note_at(401, "no token", now + SHOWN);
        let words = refusals.trouble_at(now + SHOWN).unwrap();
        assert!(
            words.contains("2 with HTTP 413 (too large)") && words.contains("1 with HTTP 401"),
            "{words}"
        );
        let words = refusals.trouble_at(now + SHOWN + Duration::from_secs(1)).unwrap();
        assert!(!words.contains("413"), "{words}");
        assert_eq!(refusals.trouble_at(now + 3 * SHOWN), None);
        refusals.note_at(413, "too large", now + 3 * SHOWN);
        assert!(refusals.trouble_at(now + 3 * SHOWN).unwrap().contains("1 with HTTP 413"));
    }
}
