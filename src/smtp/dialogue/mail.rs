// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The part of a conversation in which a mail is given: MAIL, RCPT, DATA, the dot.

use super::{
    Dialogue, State,
    transaction::{Step, Transaction},
};
use crate::smtp::{
    envelope::Envelope,
    limits::Phase,
    outcome::RecipientResult,
    reply::{Reply, Verdict},
    rounds::Round,
};

/// The reply to a RCPT after others were taken that says: enough of them, the rest in another transaction (RFC 5321,
/// section 4.5.3.1.10).
const TOO_MANY: u16 = 452;

impl Dialogue<'_> {
    /// Begins the next transaction, or says goodbye.
    pub(super) fn begin_transaction(&mut self) {
        let Some(envelope) = &self.task.envelope else { return self.quit() };
        while let Some(round) = self.rounds.next_round() {
            if round.utf8 && !self.capabilities.smtp_utf8 {
                let reason =
                    "the server does not take addresses with such letters before the @ (it has no SMTPUTF8)";
                if envelope.sender.needs_utf8 {
                    return self.leave(format!("sending as {}", envelope.sender.address), reason);
                }
                self.rounds.settle_all(&round.recipients, &RecipientResult::Refused(reason.into()));
                continue;
            }
            if let Some(largest) = self.capabilities.largest.filter(|largest| envelope.size > *largest) {
                let reason =
                    format!("it has {} bytes, and the server takes {largest} at most (SIZE)", envelope.size);
                self.rounds.again(round.recipients, round.utf8);
                return self.leave("sending the mail".into(), reason);
            }
            let command = mail(envelope, round.utf8, &self.capabilities);
            self.say(command);
            self.transactions += 1;
            self.state = State::Transaction(Transaction {
                round,
                step: Step::Mail,
                taken: vec![],
                left_over: vec![],
                has_refused: false,
            });
            return;
        }
        self.quit();
    }

    pub(super) fn take_transaction(&mut self, transaction: Transaction, reply: &Reply) {
        match transaction.step {
            Step::Mail => self.take_mail(transaction, reply),
            Step::Rcpt(place) => self.take_rcpt(transaction, place, reply),
            Step::Data if reply.verdict() == Verdict::GoOn => self.write_data(transaction),
            Step::Data | Step::Body => self.take_refusal(&transaction, reply),
            Step::Dot => self.take_dot(&transaction, reply),
            Step::Rset => match reply.verdict() {
                Verdict::Done => self.begin_transaction(),
                // Those that wait get a connection of their own.
                _ => self.quit(),
            },
        }
    }

    fn take_mail(&mut self, mut transaction: Transaction, reply: &Reply) {
        let Round { recipients, utf8 } = &transaction.round;
        let sender_is_utf8 = self.task.envelope.as_ref().is_some_and(|envelope| envelope.sender.needs_utf8);
        match reply.verdict() {
            Verdict::Done => {
                transaction.step = Step::Rcpt(0);
                self.ask_for(transaction, 0);
            }
            // So many mails on one connection, and no more: there are others.
            _ if self.transactions > 1 => {
                self.rounds.again(transaction.round.recipients, transaction.round.utf8);
                self.quit();
            }
            verdict if *utf8 && !sender_is_utf8 && !reply.is_goodbye() => {
                let words = self.words(reply);
                let fate = if verdict == Verdict::Never {
                    RecipientResult::Refused(words)
                } else {
                    RecipientResult::Deferred(words)
                };
                self.rounds.settle_all(recipients, &fate);
                self.reset();
            }
            _ => self.fail_mail(reply),
        }
    }

    fn fail_mail(&mut self, reply: &Reply) {
        let (what, words) = (self.sending_as(), self.words(reply));
        match reply.is_goodbye() {
            true => self.fail(what, words),
            false => self.leave(what, words),
        }
    }

    fn ask_for(&mut self, mut transaction: Transaction, place: usize) {
        let envelope = self.task.envelope.as_ref();
        let recipient = transaction.round.recipients.get(place);
        match (recipient, envelope) {
            (Some(&recipient), Some(envelope)) => {
                transaction.step = Step::Rcpt(place);
                self.say(format!("RCPT TO:<{}>", envelope.recipients[recipient].address));
                self.state = State::Transaction(transaction);
            }
            _ if transaction.taken.is_empty() => self.reset(),
            _ => {
                transaction.step = Step::Data;
                self.say("DATA".into());
                self.state = State::Transaction(transaction);
            }
        }
    }

    fn take_rcpt(&mut self, mut transaction: Transaction, place: usize, reply: &Reply) {
        let recipient = transaction.round.recipients[place];
        if reply.is_goodbye() {
            self.rounds.settle(recipient, RecipientResult::Deferred(self.words(reply)));
            self.rounds.again(transaction.all_but(place), transaction.round.utf8);
            return self.state = State::Over;
        }
        match reply.verdict() {
            Verdict::Done => transaction.taken.push(recipient),
            Verdict::NotNow if reply.code == Some(TOO_MANY) && !transaction.taken.is_empty() => {
                self.rounds.settle(recipient, RecipientResult::Deferred(self.words(reply)));
                transaction.left_over.push(recipient);
            }
            Verdict::Never => {
                transaction.has_refused = true;
                self.rounds.settle(recipient, RecipientResult::Refused(self.words(reply)));
            }
            Verdict::NotNow | Verdict::GoOn | Verdict::Unreadable => {
                transaction.has_refused = true;
                self.rounds.settle(recipient, RecipientResult::Deferred(self.words(reply)));
            }
        }
        self.ask_for(transaction, place + 1);
    }

    fn write_data(&mut self, mut transaction: Transaction) {
        let data = self.task.envelope.as_ref().map(|envelope| envelope.data.clone());
        self.out.push_back((data.unwrap_or_default(), Phase::Block));
        transaction.step = Step::Body;
        self.state = State::Transaction(transaction);
    }

    /// The mail is written. Its end is not, if the server has said in the meantime that it won't have it.
    pub(super) fn end_data(&mut self) {
        self.unasked = None;
        self.note_unasked();
        let State::Transaction(transaction) = &mut self.state else { return };
        match self.unasked.take() {
            Some(reply) if matches!(reply.verdict(), Verdict::NotNow | Verdict::Never) => {
                let State::Transaction(transaction) = std::mem::replace(&mut self.state, State::Over) else {
                    return;
                };
                self.take_refusal(&transaction, &reply);
                // The server is in the middle of a mail.
                self.out.clear();
                self.state = State::Over;
            }
            _ => {
                transaction.step = Step::Dot;
                self.out.push_back((b".\r\n".to_vec(), Phase::Block));
            }
        }
    }

    /// DATA, or the whole mail, is refused.
    fn take_refusal(&mut self, transaction: &Transaction, reply: &Reply) {
        let words = self.words(reply);
        let Transaction { round: Round { utf8, .. }, taken, .. } = transaction;
        let is_odd = !matches!(reply.verdict(), Verdict::NotNow | Verdict::Never);
        match reply.verdict() {
            // One of them may be why.
            Verdict::Never if taken.len() > 1 => self.rounds.apart(taken, *utf8),
            _ if reply.is_goodbye() && taken.len() > 1 => self.rounds.apart(taken, *utf8),
            Verdict::Never => self.rounds.settle_all(taken, &RecipientResult::Refused(words)),
            _ => self.rounds.settle_all(taken, &RecipientResult::Deferred(words)),
        }
        if reply.is_goodbye() || is_odd {
            self.state = State::Over;
        } else {
            self.reset();
        }
    }

    fn take_dot(&mut self, transaction: &Transaction, reply: &Reply) {
        let Transaction { round, taken, left_over, .. } = transaction;
        match reply.verdict() {
            Verdict::Done => {
                self.rounds.settle_all(taken, &RecipientResult::Accepted);
                self.rounds.again(left_over.clone(), round.utf8);
                self.begin_transaction();
            }
            Verdict::NotNow | Verdict::Never => self.take_refusal(transaction, reply),
            Verdict::GoOn | Verdict::Unreadable => {
                let words = format!("its answer can't be read: {}", self.words(reply));
                self.rounds.settle_all(taken, &RecipientResult::Perhaps(words));
                self.rounds.again(left_over.clone(), round.utf8);
                // Whether the next line belongs to this answer or to the next, nobody knows.
                self.state = State::Over;
            }
        }
    }

    /// Ends a transaction in which nothing was given.
    fn reset(&mut self) {
        if self.rounds.is_over() {
            return self.quit();
        }
        self.say("RSET".into());
        self.state = State::Transaction(Transaction {
            round: Round { recipients: vec![], utf8: false },
            step: Step::Rset,
            taken: vec![],
            left_over: vec![],
            has_refused: false,
        });
    }

    /// The server said no more. Whoever was asked about last is to blame, unless somebody was refused just before.
    pub(super) fn transaction_hung_up(&mut self, transaction: &Transaction, is_closed: bool, reason: &str) {
        let Transaction { round: Round { recipients, utf8 }, step, taken, left_over, has_refused } =
            &transaction;
        let others = || taken.iter().chain(left_over).copied();
        match *step {
            Step::Rset => {}
            Step::Mail if self.transactions > 1 => self.rounds.again(recipients.clone(), *utf8),
            Step::Mail => {
                let what = self.sending_as();
                self.fail(what, reason);
            }
            Step::Rcpt(place) if *has_refused => {
                let untouched = recipients.iter().skip(place).copied();
                self.rounds.again(others().chain(untouched).collect(), *utf8);
            }
            // Or the one before, which was taken, and then was too much.
            Step::Rcpt(place) if place > 0 && is_closed => {
                self.rounds.again(left_over.clone(), *utf8);
                let untouched = recipients.iter().skip(place);
                self.rounds.apart(&taken.iter().chain(untouched).copied().collect::<Vec<_>>(), *utf8);
            }
            Step::Rcpt(place) => {
                self.rounds.settle(recipients[place], RecipientResult::Deferred(reason.into()));
                self.rounds.again(transaction.all_but(place), *utf8);
            }
            Step::Data | Step::Body if *has_refused => self.rounds.again(others().collect(), *utf8),
            Step::Data | Step::Body if taken.len() > 1 => {
                self.rounds.again(left_over.clone(), *utf8);
                self.rounds.apart(taken, *utf8);
            }
            Step::Data | Step::Body => {
                self.rounds.settle_all(taken, &RecipientResult::Deferred(reason.into()));
            }
            Step::Dot => {
                self.rounds.settle_all(taken, &RecipientResult::Perhaps(reason.into()));
                self.rounds.again(left_over.clone(), *utf8);
            }
        }
    }

    fn sending_as(&self) -> String {
        let sender = self.task.envelope.as_ref().map_or("", |envelope| &envelope.sender.address);
        format!("sending as {sender}")
    }
}

/// The command that begins a transaction.
fn mail(envelope: &Envelope, utf8: bool, capabilities: &crate::smtp::capabilities::Capabilities) -> String {
    let mut command = format!("MAIL FROM:<{}>", envelope.sender.address);
    if capabilities.size {
        command += &format!(" SIZE={}", envelope.size);
    }
    if capabilities.eight_bit_mime && (utf8 || !envelope.data.is_ascii()) {
        command += " BODY=8BITMIME";
    }
    if utf8 {
        command += " SMTPUTF8";
    }
    command
}
