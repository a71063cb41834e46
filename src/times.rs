// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Times from outside: which can be true, and arithmetic on them that can't panic.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use jiff::{SignedDuration, Timestamp};

/// How far the clocks of the cluster's machines are believed to be apart. What is later than now by more than this is of the future.
pub const CLOCK_SLACK: SignedDuration = SignedDuration::from_hours(1);

/// 2000-01-01T00:00:00Z, in seconds since 1970: no backup of NS8's is older.
const EARLIEST_SECOND: i64 = 946_684_800;

/// Why a time can't be true.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Implausible {
    /// It is none at all.
    #[error("{0} is no time")]
    NoTime(i64),
    /// It is before the year 2000.
    #[error("{0} is too long ago")]
    LongAgo(Timestamp),
    /// It is later than now, by more than [`CLOCK_SLACK`].
    #[error("{0} is in the future")]
    Future(Timestamp),
}

/// A time in seconds since 1970 that something is said to have happened at, as of `now`.
///
/// # Errors
/// [`Implausible`]
pub fn past_second(second: i64, now: Timestamp) -> Result<Timestamp, Implausible> {
    past(Timestamp::from_second(second).map_err(|_| Implausible::NoTime(second))?, now)
}

/// A time that something is said to have happened at, as of `now`: not before the year 2000, and not in the future.
///
/// # Errors
/// [`Implausible`]
pub fn past(time: Timestamp, now: Timestamp) -> Result<Timestamp, Implausible> {
    if time > later(now, CLOCK_SLACK) {
        Err(Implausible::Future(time))
    } else if time.as_second() < EARLIEST_SECOND {
        Err(Implausible::LongAgo(time))
    } else {
        Ok(time)
    }
}

/// The time so much later; the last one there is, where that is none.
pub fn later(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}

/// The time so much earlier; the first one there is, where that is none.
pub fn earlier(time: Timestamp, by: SignedDuration) -> Timestamp {
    time.checked_sub(by).unwrap_or(if by.is_negative() { Timestamp::MAX } else { Timestamp::MIN })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_year_2000_and_now_has_happened() {
        let now: Timestamp = "2026-11-22T07:00:00Z".parse().unwrap();
        let said = |second| past_second(second, now).map_err(|error| error.to_string());
        let second = now.as_second();
        assert_eq!(said(second), Ok(now));
        assert!(said(second + 3600).is_ok(), "clocks are not all the same");
        assert_eq!(said(second + 3601), Err("2026-11-22T08:00:01Z is in the future".into()));
        assert!(said(EARLIEST_SECOND).is_ok());
        assert_eq!(said(EARLIEST_SECOND - 1), Err("1999-12-31T23:59:59Z is too long ago".into()));
        assert_eq!(said(i64::MAX), Err(format!("{} is no time", i64::MAX)));
    }

    #[test]
    fn arithmetic_ends_at_the_end_of_time() {
        assert_eq!(later(Timestamp::MAX, SignedDuration::MAX), Timestamp::MAX);
        assert_eq!(later(Timestamp::MIN, SignedDuration::MIN), Timestamp::MIN);
        assert_eq!(earlier(Timestamp::MIN, SignedDuration::MAX), Timestamp::MIN);
        assert_eq!(earlier(Timestamp::MAX, SignedDuration::MIN), Timestamp::MAX);
        assert_eq!(later(Timestamp::UNIX_EPOCH, SignedDuration::from_secs(1)).as_second(), 1);
        assert_eq!(earlier(Timestamp::UNIX_EPOCH, SignedDuration::from_secs(1)).as_second(), -1);
    }
}
