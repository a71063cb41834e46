// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The SMTP client: one attempt to hand a mail to a mail server.
//!
//! What is said, and what follows from an answer, is a state machine over bytes ([`dialogue`]): no socket, no clock.
//! [`client`] carries its bytes, [`connect`] and [`tls`] make the connection. lettre builds the mail and holds addresses;
//! why it does not hold the conversation is told in docs/architecture.md.

pub mod auth;
pub mod capabilities;
pub mod client;
pub mod connect;
pub mod dialogue;
pub mod envelope;
pub mod hello;
pub mod limits;
pub mod outcome;
pub mod redact;
pub mod reply;
pub mod rounds;
pub mod settings;
pub mod tls;

pub use self::{
    client::MailServer,
    outcome::{Failure, RecipientResult},
    settings::{Encryption, SmtpSettings},
};
