// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! One transaction: who was asked, who was taken, and whose reply is being read.

use crate::smtp::{limits::Phase, rounds::Round};

/// Whose reply is being read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    Mail,
    /// The recipient at this place of the round.
    Rcpt(usize),
    Data,
    /// None yet: the mail is being written, its end is not.
    Body,
    Dot,
    Rset,
}

/// One transaction.
#[derive(Debug)]
pub(super) struct Transaction {
    pub round: Round,
    pub step: Step,
    /// Whom the server takes the mail for.
    pub taken: Vec<usize>,
    /// Those that were too many.
    pub left_over: Vec<usize>,
    /// Whether anybody was refused or deferred.
    pub has_refused: bool,
}

impl Transaction {
    pub fn phase(&self) -> Phase {
        match self.step {
            Step::Data => Phase::Data,
            Step::Dot => Phase::Dot,
            _ => Phase::Command,
        }
    }

    /// Whether the mail is written, all but its end.
    pub fn has_data_to_end(&self) -> bool {
        self.step == Step::Body
    }

    /// Those of the round that were not asked before this place, and those taken before it.
    pub fn all_but(&self, place: usize) -> Vec<usize> {
        let untouched = self.round.recipients.iter().skip(place + 1);
        self.taken.iter().chain(&self.left_over).chain(untouched).copied().collect()
    }
}
