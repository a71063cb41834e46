//! The SMTP client: one attempt to hand a mail to a mail server.
//!
//! What is said, and what follows from an answer, is a state machine over bytes ([`dialogue`]): no socket, no clock. [`client`] carries its
//! bytes, [`connect`] and [`tls`] make the connection. lettre builds the mail and holds addresses; why it does not hold the
//! conversation is told in docs/architecture.md.

pub mod auth;
pub mod capabilities;
pub mod client;
pub mod connect;
pub mod dialogue;
pub mod envelope;
pub mod hello;
pub mod limits;
pub mod redact;
pub mod reply;
pub mod rounds;
pub mod tls;

use std::fmt;

pub use client::MailServer;

/// What became of the mail for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientResult {
    /// The server has taken it over.
    Accepted,
    /// The whole mail was given, and the server's answer was lost or can't be read. Whoever tries again does so under the same
    /// Message-ID.
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
