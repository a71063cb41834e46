// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Who is asked in which transaction, so that one recipient never keeps the others from the mail.

use std::collections::VecDeque;

use super::{
    envelope::Envelope,
    outcome::{Failure, RecipientResult},
};

/// How many connections one attempt makes. A server that hangs up more often than this has trouble of its own.
const MOST_CONNECTIONS: u32 = 10;

/// Recipients that share a transaction.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Round {
    /// Their places in the envelope.
    pub recipients: Vec<usize>,
    /// Whether the transaction needs SMTPUTF8.
    pub utf8: bool,
}

/// What is known, and what is still to be tried, over all the connections of an attempt.
#[derive(Debug)]
pub struct Rounds {
    fates: Vec<Option<RecipientResult>>,
    waiting: VecDeque<Round>,
    connections: u32,
}

impl Rounds {
    /// Everybody waits. Who needs SMTPUTF8 waits apart, so that nobody else depends on it.
    pub fn new(envelope: &Envelope) -> Self {
        let everybody = 0..envelope.recipients.len();
        let (utf8, ascii): (Vec<_>, Vec<_>) =
            everybody.partition(|&place| envelope.sender.needs_utf8 || envelope.recipients[place].needs_utf8);
        let rounds = [Round { recipients: ascii, utf8: false }, Round { recipients: utf8, utf8: true }];
        let waiting = rounds.into_iter().filter(|round| !round.recipients.is_empty()).collect();
        Self { fates: vec![None; envelope.recipients.len()], waiting, connections: 0 }
    }

    /// The next transaction.
    pub fn next_round(&mut self) -> Option<Round> {
        self.waiting.pop_front()
    }

    /// Whether another connection is to be made; it then counts as made.
    pub fn connect(&mut self) -> bool {
        let wanted = !self.waiting.is_empty() && self.connections < MOST_CONNECTIONS;
        self.connections += u32::from(wanted);
        wanted
    }

    /// Whether anybody waits.
    pub fn is_over(&self) -> bool {
        self.waiting.is_empty()
    }

    /// A recipient's fate is known.
    pub fn settle(&mut self, recipient: usize, fate: RecipientResult) {
        self.fates[recipient] = Some(fate);
    }

    /// The fate of several is known.
    pub fn settle_all(&mut self, recipients: &[usize], fate: &RecipientResult) {
        for &recipient in recipients {
            self.settle(recipient, fate.clone());
        }
    }

    /// These are tried again, together, before anybody else.
    pub fn again(&mut self, recipients: Vec<usize>, utf8: bool) {
        if !recipients.is_empty() {
            self.waiting.push_front(Round { recipients, utf8 });
        }
    }

    /// These are tried again, each alone.
    pub fn apart(&mut self, recipients: &[usize], utf8: bool) {
        for &recipient in recipients.iter().rev() {
            self.again(vec![recipient], utf8);
        }
    }

    /// What came of it, for each recipient. `failure` is what ended the last connection, where nobody in particular was
    /// to blame.
    ///
    /// # Errors
    /// The failure, where nothing is known of anybody.
    pub fn result(self, failure: Option<Failure>) -> Result<Vec<RecipientResult>, Failure> {
        match failure {
            Some(failure) if self.fates.iter().all(Option::is_none) => Err(failure),
            failure => {
                let reason = failure.map_or_else(
                    || "not tried any more: the server has hung up too often".to_owned(),
                    |failure| failure.to_string(),
                );
                let fate = |fate: Option<RecipientResult>| {
                    fate.unwrap_or_else(|| RecipientResult::Deferred(reason.clone()))
                };
                Ok(self.fates.into_iter().map(fate).collect())
            }
        }
    }
}
