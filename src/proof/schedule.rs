// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Who is asked next. Pure.
//!
//! Each application has a moment of the day of its own, which follows from its name: so the questions are spread over the day, and nothing
//! has to be remembered but when each was last asked. An application whose moment has passed since is due, first of all one that was never
//! asked. What waited for a run to end is made up for, a bit at a time.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};

use crate::{
    ids::ModuleId,
    times::{CLOCK_SLACK, later},
};

/// How many applications are asked about at once: each occupies a restic on the leader.
pub const CONCURRENCY: usize = 2;

/// Seconds in a day, from one question about an application to the next.
const DAY: i64 = 86_400;
/// The pause between two questions, for each application that waits: few are through at once, many don't burden the leader.
const PAUSE_EACH: Duration = Duration::from_millis(40);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(20);
/// Within what time all are asked however many wait, as long as nothing runs.
const WITHIN: Duration = Duration::from_secs(8 * 3600);

/// An application, and when its repositories were last asked about; None when one of them never was.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Candidate<'a> {
    /// The application.
    pub module: &'a ModuleId,
    /// When it was last asked, the repository that waits longest counting.
    pub asked_at: Option<Timestamp>,
}

/// Those that are due at `now`, in the order in which they are asked.
pub fn due<'a>(candidates: &[Candidate<'a>], now: Timestamp) -> Vec<&'a ModuleId> {
    let mut due: Vec<&Candidate> = candidates.iter().filter(|candidate| is_due(candidate, now)).collect();
    due.sort_by_key(|candidate| candidate.asked_at);
    due.into_iter().map(|candidate| candidate.module).collect()
}

fn is_due(candidate: &Candidate, now: Timestamp) -> bool {
    match candidate.asked_at {
        None => true,
        // The clock was ahead then: nobody knows when it was.
        Some(asked_at) if asked_at > later(now, CLOCK_SLACK) => true,
        Some(asked_at) => last_moment(candidate.module, now) > asked_at,
    }
}

/// When the next one will be due. None without any.
pub fn next(candidates: &[Candidate], now: Timestamp) -> Option<Timestamp> {
    let next = |candidate: &Candidate| match is_due(candidate, now) {
        true => now,
        false => later(last_moment(candidate.module, now), SignedDuration::from_secs(DAY)),
    };
    candidates.iter().map(next).min()
}

/// How long it is waited between one question and the next while so many wait.
pub fn pause(waiting: usize) -> Duration {
    let waiting = u32::try_from(waiting).unwrap_or(u32::MAX);
    let share = WITHIN.checked_div(waiting).unwrap_or(WITHIN);
    PAUSE_EACH.saturating_mul(waiting).min(LONGEST_PAUSE).min(share)
}

/// An application's moment that was last, at `now`. In whole seconds, so that it is the same one whenever it is looked at.
fn last_moment(module: &ModuleId, now: Timestamp) -> Timestamp {
    let second = now.as_second();
    let since = second.saturating_sub(moment(module)).rem_euclid(DAY);
    Timestamp::from_second(second.saturating_sub(since)).unwrap_or(Timestamp::MIN)
}

/// An application's moment of the day, in seconds: FNV-1a of its name, whose bits are mixed once more, as names differ in their last digit
/// only. It is the same after each start.
fn moment(module: &ModuleId) -> i64 {
    let mut hash: u64 = 0xcbf2_9ce4_8422_2325;
    for byte in module.as_str().bytes() {
        hash = (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3);
    }
    hash = (hash ^ (hash >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    hash ^= hash >> 33;
    hash.checked_rem(DAY.unsigned_abs()).and_then(|second| i64::try_from(second).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests;
