// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! How long each step of a conversation may take.

use std::time::Duration;

/// What is being waited for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// The server's greeting.
    Greeting,
    /// A command to be written, or its reply.
    Command,
    /// The reply to DATA.
    Data,
    /// A piece of the mail to be written.
    Block,
    /// The reply to the dot that ends the mail.
    Dot,
    /// The reply to QUIT.
    Quit,
}

/// Time limits, each for one step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Finding the addresses of the host, and connecting to each of them.
    pub connect: Duration,
    /// Before another address is tried beside one that has not answered yet.
    pub stagger: Duration,
    /// The TLS handshake.
    pub handshake: Duration,
    /// [`Phase::Greeting`]
    pub greeting: Duration,
    /// Without a greeting, after this the server is asked whether it expects TLS.
    pub silence: Duration,
    /// [`Phase::Command`]
    pub command: Duration,
    /// [`Phase::Data`]
    pub data: Duration,
    /// [`Phase::Block`]
    pub block: Duration,
    /// [`Phase::Dot`]
    pub dot: Duration,
    /// [`Phase::Quit`]: the mail is delivered; nothing hangs on it.
    pub quit: Duration,
}

impl Default for Limits {
    /// Those of RFC 5321, section 4.5.3.2, and of RFC 8305.
    fn default() -> Self {
        let minutes = |minutes: u64| Duration::from_secs(60 * minutes);
        Self {
            connect: Duration::from_secs(30),
            stagger: Duration::from_millis(250),
            handshake: Duration::from_secs(60),
            greeting: minutes(5),
            // Longer than servers let clients wait on purpose, to see whether they speak too early.
            silence: Duration::from_secs(20),
            command: minutes(5),
            data: minutes(2),
            block: minutes(3),
            dot: minutes(10),
            quit: Duration::from_secs(2),
        }
    }
}

impl Limits {
    /// How long this phase may take.
    pub fn of(&self, phase: Phase) -> Duration {
        match phase {
            Phase::Greeting => self.greeting,
            Phase::Command => self.command,
            Phase::Data => self.data,
            Phase::Block => self.block,
            Phase::Dot => self.dot,
            Phase::Quit => self.quit,
        }
    }
}
