// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! How an attempt came out.

use std::fmt;

/// What became of the mail for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientResult {
    /// The server has taken it over.
    Accepted,
    /// The whole mail was given, and the server's answer was lost or can't be read. Whoever tries again does so under the
    /// same Message-ID.
    Perhaps(String),
    /// Not now (4xx).
    Deferred(String),
    /// Never (5xx).
    Refused(String),
}

/// Why no recipient could even be asked about, in the server's words where it said any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct Failure {
    /// What was attempted.
    pub what: String,
    /// What came of it.
    pub reason: String,
}

impl Failure {
    /// A failure of `what`, because of `reason`.
    pub fn new(what: impl fmt::Display, reason: impl fmt::Display) -> Self {
        Self { what: what.to_string(), reason: reason.to_string() }
    }
}
