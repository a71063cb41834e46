// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What alerts that others post may take of the service: how many jobs an hour, and how much of each. Pure.
//!
//! Nothing that is real is lost by it. What finds no place of its own joins the job that waits, as a wish to look at all plans; and a job
//! beyond the quota is made all the same, one settle time later, so that more alerts join it.

use jiff::{SignedDuration, Timestamp};

/// How many alerts one job takes. A cluster has some tens of plans; whatever posts more does not get between others and their mail.
pub(super) const MAX_ALERTS: u32 = 500;
/// How many of them may name plans of which no run is known: most of those, the cluster does not have.
pub(super) const MAX_STRANGERS: u32 = 50;
/// How many reports are kept that are about such plans alone. They go before any other does.
pub(super) const KEEP_STRANGE_REPORTS: u32 = 100;

/// How many jobs may come one right after the other.
const BURST: i32 = 30;
/// How often there is one more.
const EVERY: SignedDuration = SignedDuration::from_secs(60);

/// One job taken from the quota.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Taken {
    /// False when the quota is used up: then the job waits for one settle time more.
    pub is_within: bool,
    /// Until when the jobs that were made have used the quota up; to be kept for the next.
    pub used_until: Timestamp,
}

/// Takes a job at `now`, after jobs that have used the quota up until `used_until`.
pub(super) fn take(used_until: Option<Timestamp>, now: Timestamp) -> Taken {
    let full = now.saturating_add(EVERY * BURST).unwrap_or(Timestamp::MAX);
    // One job may be owed: who goes on posting is beyond the quota all the time, not every other time.
    let most = full.saturating_add(EVERY).unwrap_or(Timestamp::MAX);
    // What lies farther ahead was written before the clock was set back.
    let from = used_until.filter(|until| (now..=most).contains(until)).unwrap_or(now);
    let until = from.saturating_add(EVERY).unwrap_or(Timestamp::MAX);
    Taken { is_within: until <= full, used_until: until.min(most) }
}

/// What an alert takes of the job that it would join.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// A place of its own.
    Own,
    /// None: the job is to look at all plans instead.
    AllPlans,
}

/// The place of an alert in a job that has so many `alerts`, `strangers` among them.
pub(super) fn place(alerts: u32, strangers: u32, is_stranger: bool) -> Place {
    let is_full = alerts >= MAX_ALERTS || (is_stranger && strangers >= MAX_STRANGERS);
    if is_full { Place::AllPlans } else { Place::Own }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn noon() -> Timestamp {
        "2026-11-22T12:00:00Z".parse().unwrap()
    }

    /// How many jobs are made in `hours` by who posts all the time: each as soon as the one before no longer waits.
    fn flood(hours: i64) -> usize {
        let (mut now, mut used) = (noon(), None);
        let mut count = 0;
        while now < noon() + SignedDuration::from_hours(hours) {
            let taken = take(used, now);
            count += 1;
            used = Some(taken.used_until);
            now += SignedDuration::from_secs(if taken.is_within { 30 } else { 60 });
        }
        count
    }

    #[test]
    fn a_flood_makes_ninety_jobs_in_the_first_hour_and_sixty_in_each_after() {
        assert!((88..=92).contains(&flood(1)), "{}", flood(1));
        assert!((208..=212).contains(&flood(3)), "{}", flood(3));
    }

    #[test]
    fn a_job_each_minute_is_never_beyond_it() {
        let (mut now, mut used) = (noon(), None);
        for _ in 0..600 {
            let taken = take(used, now);
            assert!(taken.is_within);
            used = Some(taken.used_until);
            now += EVERY;
        }
    }

    #[test]
    fn a_clock_that_is_set_uses_nothing_up() {
        for used in ["1970-01-01T00:00:00Z", "2026-11-23T12:00:00Z", "2999-01-01T00:00:00Z"] {
            assert!(take(Some(used.parse().unwrap()), noon()).is_within, "{used}");
        }
        assert!(take(None, Timestamp::MAX).is_within);
        assert!(take(None, Timestamp::MIN).is_within);
    }

    #[test]
    fn who_is_unknown_has_few_places_and_who_is_known_has_many() {
        assert_eq!(place(60, MAX_STRANGERS, true), Place::AllPlans);
        assert_eq!(place(60, MAX_STRANGERS, false), Place::Own);
        assert_eq!(place(60, MAX_STRANGERS - 1, true), Place::Own);
        assert_eq!(place(MAX_ALERTS, 0, false), Place::AllPlans);
    }
}
