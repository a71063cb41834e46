// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The time for a whole check, and how the questions share it.

use std::{
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

/// Less than this is no time to ask anything.
const TOO_SHORT: Duration = Duration::from_millis(100);
/// What each question gets as long as the whole lasts, however many there are: a restic in a container needs a few seconds to start.
const ENOUGH_TO_ANSWER: Duration = Duration::from_secs(10);

/// The time that a number of questions share. None of them gets more than its fair share of what is left, so that those that hang leave
/// time for the others; those that are answered at once leave theirs to the rest.
pub(super) struct Budget {
    deadline: Instant,
    /// The longest for one question.
    longest: Duration,
    /// How many run at once.
    concurrency: u32,
    /// How many have not been asked yet.
    waiting: AtomicU32,
}

impl Budget {
    /// A budget of `total` from `now` for so many questions, of which `concurrency` run at once and none takes longer than `longest`.
    pub fn new(now: Instant, total: Duration, longest: Duration, concurrency: u32, questions: usize) -> Self {
        Self {
            deadline: now.checked_add(total).unwrap_or(now),
            longest,
            concurrency,
            waiting: AtomicU32::new(questions.try_into().unwrap_or(u32::MAX)),
        }
    }

    /// Takes one question from those that wait, to be asked `now`. How long it may take; None when the time is over.
    pub fn next(&self, now: Instant) -> Option<Duration> {
        let left = self.deadline.saturating_duration_since(now);
        let taken = self
            .waiting
            .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |waiting| Some(waiting.saturating_sub(1)));
        if left < TOO_SHORT {
            return None;
        }
        let waiting = taken.unwrap_or_default().max(1);
        let share = left.saturating_mul(self.concurrency).checked_div(waiting).unwrap_or(left);
        Some(share.max(ENOUGH_TO_ANSWER).min(self.longest).min(left))
    }

    /// Some questions are asked once more.
    pub fn again(&self, questions: usize) {
        self.waiting.store(questions.try_into().unwrap_or(u32::MAX), Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MINUTE: Duration = Duration::from_secs(60);

    /// How long a check of four at once lasts, and how many are not reached, when each question would take as long as `takes` says.
    fn run(questions: usize, takes: impl Fn(usize) -> Duration) -> (Duration, usize) {
        let began = Instant::now();
        let budget = Budget::new(began, Duration::from_secs(300), MINUTE, 4, questions);
        let mut places = [began; 4];
        let mut not_reached = 0;
        for index in 0..questions {
            let free = places.iter_mut().min().unwrap();
            match budget.next(*free) {
                Some(limit) => *free += limit.min(takes(index)),
                None => not_reached += 1,
            }
        }
        (*places.iter().max().unwrap() - began, not_reached)
    }

    #[test]
    fn a_check_is_bounded_however_many_repositories_hang() {
        for questions in [1, 5, 60, 1000] {
            let (took, not_reached) = run(questions, |_| Duration::from_secs(3600));
            assert!(took <= Duration::from_secs(300), "{questions}: {took:?}");
            // Ten seconds each is the least, four at once.
            assert_eq!(not_reached > 0, questions > 120, "{questions}: {not_reached} not reached");
        }
    }

    #[test]
    fn some_that_hang_leave_time_for_all_others() {
        let hangs = |index: usize| index.is_multiple_of(3);
        let takes = |index| if hangs(index) { Duration::from_secs(3600) } else { Duration::from_secs(2) };
        assert_eq!(run(60, takes).1, 0);
    }

    #[test]
    fn one_question_gets_its_whole_time() {
        assert_eq!(run(1, |_| Duration::from_secs(3600)), (MINUTE, 0));
    }
}
