// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What Alertmanager's API answers to `GET /api/v2/alerts`, read while it arrives.

use super::{
    keep::{Kept, about_all_plans},
    names::AlertNames,
    scan::{Found, Frame, Malformed, Scanner},
    wire,
};
use crate::alert::{Alert, Source};

/// A list of alerts that is being read. Of them, those are kept that the webhook would have brought: they have one of the names,
/// and are neither silenced nor inhibited.
pub struct List<'n> {
    names: &'n AlertNames,
    scanner: Scanner,
    active: Kept,
}

impl<'n> List<'n> {
    /// A list of which nothing has arrived.
    pub fn new(names: &'n AlertNames) -> Self {
        Self { names, scanner: Scanner::new(Frame::List), active: Kept::default() }
    }

    /// Takes the next bytes.
    ///
    /// # Errors
    /// [`Malformed`] once they can't be a list in JSON.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), Malformed> {
        let Self { names, scanner, active } = self;
        scanner.feed(bytes, &mut |found| {
            let Found::Alert { bytes, .. } = found else { return };
            let alert = wire::Alert(bytes);
            if alert.status().as_deref() == Some("active") {
                active.take(alert, names, Source::Poll);
            }
        })
    }

    /// Says that the list is complete. Where there are more alerts about backups than can be kept, the last one stands for the
    /// others and names no plan.
    ///
    /// # Errors
    /// [`Malformed`] when it is not complete.
    pub fn finish(self) -> Result<Vec<Alert>, Malformed> {
        self.scanner.finish()?;
        let Kept { mut alerts, beyond, .. } = self.active;
        if let Some(last) = alerts.last().filter(|_| beyond > 0) {
            // Known by the newest alert that is kept, so that each poll brings the same one.
            let mut others = about_all_plans(&last.name, Source::Poll);
            others.starts_at = last.starts_at;
            others.fingerprint = Some("others".into());
            alerts.push(others);
        }
        Ok(alerts)
    }
}
