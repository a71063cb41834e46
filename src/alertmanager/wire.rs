// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The JSON of an alert, read so that nothing unexpected loses a page.
//!
//! serde's derived structs refuse a field of another type. An alert receiver must not: what it does not use may change at any
//! time. Here a value of another kind than expected reads as absent.

use super::json::{member, text};

/// An alert as Alertmanager writes it, whatever it turns out to be.
#[derive(Clone, Copy)]
pub(super) struct Alert<'a>(pub &'a [u8]);

impl Alert<'_> {
    /// In a webhook `firing` or `resolved`; in the API the `state` of an object: `active`, `suppressed` or `unprocessed`.
    pub fn status(self) -> Option<String> {
        let status = member(self.0, "status")?;
        text(status).or_else(|| text(member(status, "state")?))
    }

    pub fn label(self, name: &str) -> Option<String> {
        text(member(member(self.0, "labels")?, name)?)
    }

    pub fn annotation(self, name: &str) -> Option<String> {
        text(member(member(self.0, "annotations")?, name)?)
    }

    pub fn starts_at(self) -> Option<String> {
        text(member(self.0, "startsAt")?)
    }

    pub fn fingerprint(self) -> Option<String> {
        text(member(self.0, "fingerprint")?)
    }
}
