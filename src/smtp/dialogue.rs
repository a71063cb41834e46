// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! One conversation with a mail server (RFC 5321), as a state machine: bytes go in, what is to be done comes out. Pure.
//!
//! Nothing is said before the last reply is read (no pipelining), so that what comes unasked is known to be unasked, and
//! never taken for the answer to what is said next.

mod mail;
mod transaction;

use std::collections::VecDeque;

use super::{
    auth::{Credentials, Exchange, Mechanism},
    capabilities::Capabilities,
    envelope::Envelope,
    limits::Phase,
    outcome::Failure,
    redact,
    reply::{Reply, ReplyReader, Verdict},
    rounds::Rounds,
    settings::Encryption,
};
use transaction::Transaction;

/// Why a server that waits for TLS does not greet.
pub const EXPECTS_TLS: &str = "the server expects TLS from the first byte on this port; expected by SMTP_ENCRYPTION=tls, not starttls or none";

/// What every connection of an attempt has in common.
#[derive(Debug)]
pub struct Task {
    /// The server as logs and errors call it.
    pub server: String,
    /// How the connection is secured.
    pub encryption: Encryption,
    /// None: there is no login.
    pub credentials: Option<Credentials>,
    /// The mail. None: the server is only to be tried.
    pub envelope: Option<Envelope>,
}

/// What the carrier of the bytes has to do next.
#[derive(Debug, PartialEq, Eq)]
pub enum Action {
    /// Write these.
    Write(Vec<u8>, Phase),
    /// Read something, and [`Dialogue::feed`] it.
    Read(Phase),
    /// Make the connection a TLS connection, then [`Dialogue::secured`].
    StartTls,
    /// Nothing more: close the connection.
    Close,
}

/// How a connection was lost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Loss {
    /// The server has closed it.
    Closed,
    /// No bytes within the time limit.
    TimedOut,
    /// It is broken.
    Broken(String),
}

/// Where a conversation stands: whose reply is being read.
#[derive(Debug)]
enum State {
    Greeting,
    /// EHLO, or HELO where that is not known, with one of the names.
    Hello {
        name: usize,
        extended: bool,
    },
    StartTls,
    /// The reply to STARTTLS is read, TLS not made.
    Handshake,
    Auth {
        exchange: Exchange,
        left: VecDeque<Mechanism>,
    },
    Transaction(Transaction),
    Quit,
    Over,
}

/// How a conversation ended.
#[derive(Debug)]
pub struct Ended {
    /// Whether the server had greeted us.
    pub greeted: bool,
    /// Bytes that came in plain text between the reply to STARTTLS and TLS. They were thrown away.
    pub injected: bool,
    /// Why nothing could be sent, where no recipient was to blame.
    pub failure: Option<Failure>,
}

/// A conversation over one connection.
#[derive(Debug)]
pub struct Dialogue<'a> {
    task: &'a Task,
    rounds: &'a mut Rounds,
    names: Vec<String>,
    state: State,
    reader: ReplyReader,
    out: VecDeque<(Vec<u8>, Phase)>,
    capabilities: Capabilities,
    is_secure: bool,
    /// What the server has last said without being asked, such as that it is shutting down.
    unasked: Option<Reply>,
    transactions: u32,
    lost: Option<Loss>,
    ended: Ended,
}

impl<'a> Dialogue<'a> {
    /// A conversation over a connection that was just made, with TLS if it is to be there from the first byte. `names`
    /// are those to greet with, the best first.
    pub fn new(task: &'a Task, rounds: &'a mut Rounds, names: Vec<String>) -> Self {
        Self {
            task,
            rounds,
            names,
            state: State::Greeting,
            reader: ReplyReader::default(),
            out: VecDeque::new(),
            capabilities: Capabilities::default(),
            is_secure: task.encryption == Encryption::Tls,
            unasked: None,
            transactions: 0,
            lost: None,
            ended: Ended { greeted: false, injected: false, failure: None },
        }
    }

    /// What to do next.
    pub fn next_action(&mut self) -> Action {
        loop {
            if self.lost.is_some() {
                self.out.clear();
            }
            if let Some((bytes, phase)) = self.out.pop_front() {
                return Action::Write(bytes, phase);
            }
            match &self.state {
                State::Over => return Action::Close,
                State::Handshake if self.lost.is_none() => return Action::StartTls,
                State::Transaction(transaction) if self.lost.is_none() && transaction.has_data_to_end() => {
                    self.end_data();
                    continue;
                }
                _ => {}
            }
            match self.reader.next_reply() {
                Ok(Some(reply)) => self.take(&reply),
                Ok(None) => match self.lost.take() {
                    Some(loss) => {
                        let reason = self.describe(&loss);
                        self.hung_up(loss != Loss::TimedOut, reason);
                    }
                    None => return Action::Read(self.phase()),
                },
                Err(too_long) => self.hung_up(false, too_long.to_string()),
            }
        }
    }

    /// Bytes have come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.reader.feed(bytes);
    }

    /// The connection is lost, or took too long. What came before is still read.
    pub fn lose(&mut self, loss: Loss) {
        if loss != Loss::TimedOut {
            self.reader.end();
        }
        self.lost = Some(loss);
    }

    /// The connection is a TLS connection now. What was known of the server is forgotten: anybody may have said it (RFC
    /// 3207, section 4.2).
    pub fn secured(&mut self) {
        self.reader.clear();
        self.capabilities = Capabilities::default();
        self.unasked = None;
        self.is_secure = true;
        self.hello(0, true);
    }

    /// TLS could not be made.
    pub fn not_secured(&mut self, reason: &str) {
        self.fail(self.securing(), reason);
    }

    /// The server does not greet, and this is why.
    pub fn not_greeted(&mut self, reason: &str) {
        self.fail(self.connecting(), reason);
    }

    /// How it ended.
    pub fn finish(self) -> Ended {
        self.ended
    }

    fn phase(&self) -> Phase {
        match &self.state {
            State::Greeting => Phase::Greeting,
            State::Transaction(transaction) => transaction.phase(),
            State::Quit => Phase::Quit,
            _ => Phase::Command,
        }
    }

    /// Says a line. What has come before belongs to nothing that was asked.
    fn say(&mut self, line: String) {
        self.note_unasked();
        self.out.push_back(((line + "\r\n").into_bytes(), Phase::Command));
    }

    /// Takes what has come unasked out of the way of the next reply.
    fn note_unasked(&mut self) {
        while let Ok(Some(reply)) = self.reader.next_reply() {
            self.unasked = Some(reply);
        }
        self.reader.clear();
    }

    fn take(&mut self, reply: &Reply) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Greeting => match reply.verdict() {
                Verdict::Done => {
                    self.ended.greeted = true;
                    self.hello(0, true);
                }
                Verdict::Unreadable if is_tls(reply) => self.fail(self.connecting(), EXPECTS_TLS),
                _ => self.leave(self.connecting(), self.words(reply)),
            },
            State::Hello { name, extended } => self.take_hello(name, extended, reply),
            State::StartTls => match reply.verdict() {
                Verdict::Done => {
                    self.ended.injected = !self.reader.is_empty();
                    self.reader.clear();
                    self.state = State::Handshake;
                }
                _ => self.leave(self.securing(), self.words(reply)),
            },
            State::Auth { exchange, left } => self.take_auth(exchange, left, reply),
            State::Transaction(transaction) => self.take_transaction(transaction, reply),
            State::Handshake | State::Quit | State::Over => {}
        }
    }

    fn hello(&mut self, name: usize, extended: bool) {
        let command = if extended { "EHLO" } else { "HELO" };
        self.say(format!("{command} {}", self.names[name]));
        self.state = State::Hello { name, extended };
    }

    /// Where a name is refused, the next one is tried; where EHLO is not known, HELO.
    fn take_hello(&mut self, name: usize, extended: bool, reply: &Reply) {
        let is_known = !matches!(reply.code, Some(500 | 502) | None);
        match reply.verdict() {
            Verdict::Done => {
                self.capabilities = if extended { Capabilities::of(reply) } else { Capabilities::default() };
                self.introduced();
            }
            _ if reply.is_goodbye() => self.fail(self.connecting(), self.words(reply)),
            _ if is_known && name + 1 < self.names.len() => self.hello(name + 1, extended),
            _ if extended => self.hello(0, false),
            _ => self.leave(self.connecting(), self.words(reply)),
        }
    }

    fn introduced(&mut self) {
        if self.task.encryption == Encryption::StartTls && !self.is_secure {
            if !self.capabilities.starttls {
                let reason = "the server does not offer STARTTLS; expected by SMTP_ENCRYPTION=starttls";
                return self.leave(self.securing(), reason);
            }
            self.say("STARTTLS".into());
            self.state = State::StartTls;
        } else if self.task.credentials.is_some() {
            let Some(announced) = &self.capabilities.auth else {
                return self.leave(self.logging_in(), "the server does not offer a login (AUTH)");
            };
            let known = Mechanism::known(announced).into();
            let reason =
                format!("the server knows none of CRAM-MD5, PLAIN and LOGIN, but {}", announced.join(", "));
            self.try_mechanism(known, &crate::text::one_line(&reason, 200));
        } else {
            self.begin_transaction();
        }
    }

    /// Tries the next mechanism. Some servers announce what they can't do, so that a refusal only counts once it is the
    /// last: `reason`.
    fn try_mechanism(&mut self, mut left: VecDeque<Mechanism>, reason: &str) {
        let (Some(credentials), Some(mechanism)) = (&self.task.credentials, left.pop_front()) else {
            return self.leave(self.logging_in(), reason);
        };
        let (exchange, command) = Exchange::begin(mechanism, credentials);
        self.say(command);
        self.state = State::Auth { exchange, left };
    }

    fn take_auth(&mut self, mut exchange: Exchange, left: VecDeque<Mechanism>, reply: &Reply) {
        match (reply.verdict(), &self.task.credentials) {
            (Verdict::GoOn, Some(credentials)) => {
                let answer = exchange.answer(reply, credentials);
                self.say(answer);
                self.state = State::Auth { exchange, left };
            }
            // 503: logged in already.
            (Verdict::Done, _) => self.begin_transaction(),
            _ if reply.code == Some(503) => self.begin_transaction(),
            _ if reply.is_goodbye() => self.fail(self.logging_in(), self.words(reply)),
            _ => {
                let words = self.words(reply);
                self.try_mechanism(left, &words);
            }
        }
    }

    fn quit(&mut self) {
        self.say("QUIT".into());
        self.state = State::Quit;
    }

    /// The conversation ends here, after a last word, and nobody in particular is to blame.
    fn leave(&mut self, what: String, reason: impl Into<String>) {
        self.fail(what, reason);
        self.quit();
    }

    /// The conversation ends here, without a word.
    fn fail(&mut self, what: String, reason: impl Into<String>) {
        let reason = crate::text::one_line(&reason.into(), 600);
        self.ended.failure = Some(Failure { what, reason });
        self.out.clear();
        self.state = State::Over;
    }

    /// The server said no more.
    fn hung_up(&mut self, is_closed: bool, reason: String) {
        match std::mem::replace(&mut self.state, State::Over) {
            State::Greeting => {
                let hint = match self.is_secure {
                    true => "",
                    false => {
                        "; perhaps it expects TLS from the first byte on this port (SMTP_ENCRYPTION=tls)"
                    }
                };
                self.fail(self.connecting(), reason + hint);
            }
            State::Hello { .. } => self.fail(self.connecting(), reason),
            State::StartTls | State::Handshake => self.fail(self.securing(), reason),
            State::Auth { .. } => self.fail(self.logging_in(), reason),
            State::Transaction(transaction) => self.transaction_hung_up(&transaction, is_closed, &reason),
            State::Quit | State::Over => {}
        }
    }

    fn describe(&self, loss: &Loss) -> String {
        let mut text = match loss {
            Loss::Closed => "the server has closed the connection".to_owned(),
            Loss::TimedOut => "no answer within the time limit".to_owned(),
            Loss::Broken(reason) => format!("the connection is broken: {reason}"),
        };
        if let Some(reply) = &self.unasked {
            text.push_str(", having said: ");
            text.push_str(&self.words(reply));
        }
        text
    }

    /// A reply for people.
    fn words(&self, reply: &Reply) -> String {
        match &self.task.credentials {
            Some(credentials) => redact::without_password(&reply.words(), credentials),
            None => reply.words(),
        }
    }

    fn connecting(&self) -> String {
        format!("connecting to {} with {}", self.task.server, self.task.encryption)
    }

    fn securing(&self) -> String {
        format!("securing the connection to {} with {}", self.task.server, self.task.encryption)
    }

    fn logging_in(&self) -> String {
        let user = self.task.credentials.as_ref().map_or("", |credentials| &credentials.user);
        format!("logging in to {} as {user}", self.task.server)
    }
}

/// Whether it is no reply, but a record of TLS.
fn is_tls(reply: &Reply) -> bool {
    let first = reply.lines.first().map(Vec::as_slice).unwrap_or_default();
    matches!(first, [0x15 | 0x16, 0x03, ..])
}

#[cfg(test)]
mod tests;
