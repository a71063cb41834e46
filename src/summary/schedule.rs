// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! When a summary is due: the first a day after the first start, then at seven in the morning, local time. Pure.
//!
//! What is remembered are the days for which one was sent, not moments: neither a change of clocks nor a service that was down, nor a clock that
//! was wrong for a while, makes two of one day, or loses one.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::collections::BTreeSet;

use jiff::{
    SignedDuration, Timestamp, ToSpan,
    civil::{Date, Weekday},
    tz::TimeZone,
};
use serde::{Deserialize, Serialize};

use crate::{
    config::Cadence,
    times::{earlier, later},
};

/// The hour of the day.
const HOUR: i8 = 7;
/// From the first start to the first summary.
const FIRST_AFTER: SignedDuration = SignedDuration::from_hours(24);
/// How many days are remembered one by one.
const REMEMBERED: usize = 100;

/// What was sent so far, as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Record {
    /// When the service was started first.
    pub first_start: Timestamp,
    /// When the last summary was sent. None while none was.
    pub last: Option<Timestamp>,
    /// The days for which one was sent.
    days: BTreeSet<Date>,
    /// All days up to here are done.
    done_until: Option<Date>,
}

/// A summary to be sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Occasion {
    /// The first of all.
    First,
    /// The one of this day.
    Regular(Date),
}

/// When the next summary is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// Never.
    Never,
    /// Then.
    At(Timestamp),
    /// Now.
    Now(Occasion),
}

impl Record {
    /// Nothing was sent yet.
    pub fn new(first_start: Timestamp) -> Self {
        Self { first_start, last: None, days: BTreeSet::new(), done_until: None }
    }

    /// The record as it is read at `now`: a first start that is still to come was noted with a wrong clock.
    #[must_use]
    pub fn as_of(mut self, now: Timestamp) -> Self {
        self.first_start = self.first_start.min(now);
        self
    }

    /// When the next summary is due.
    pub fn due(&self, cadence: Cadence, zone: &TimeZone, now: Timestamp) -> Due {
        if cadence == Cadence::Off {
            return Due::Never;
        }
        if self.last.is_none() {
            let at = later(self.first_start, FIRST_AFTER);
            return if now < at { Due::At(at) } else { Due::Now(Occasion::First) };
        }
        let Some(day) = last_day(cadence, zone, now) else { return Due::Never };
        if !self.is_done(day) && moment(day, zone).is_some_and(|at| at > self.first_start) {
            return Due::Now(Occasion::Regular(day));
        }
        // The first one may stand for the next day, and a clock that was ahead for some more.
        let mut next = day;
        loop {
            match step(cadence, next, 1).and_then(|day| Some((day, moment(day, zone)?))) {
                Some((day, at)) if at > now && !self.is_done(day) => return Due::At(at),
                Some((day, _)) => next = day,
                None => return Due::Never,
            }
        }
    }

    /// The record once the summary of this occasion is sent, at `now`.
    #[must_use]
    pub fn sent(mut self, occasion: Occasion, cadence: Cadence, zone: &TimeZone, now: Timestamp) -> Self {
        self.last = Some(now);
        match occasion {
            Occasion::Regular(day) => drop(self.days.insert(day)),
            // Who has just had the first wants no second within a day; of daily ones, within half a day.
            Occasion::First => {
                let soon = match cadence {
                    Cadence::Daily => SignedDuration::from_hours(12),
                    Cadence::Off | Cadence::Weekly => SignedDuration::from_hours(24),
                };
                self.days.extend(last_day(cadence, zone, now));
                self.days.extend(last_day(cadence, zone, later(now, soon)));
            }
        }
        while self.days.len() > REMEMBERED {
            self.done_until = self.done_until.max(self.days.pop_first());
        }
        self
    }

    /// From when on the summary of `now` tells: since the last one, but not much more than a day or a week.
    pub fn since(&self, cadence: Cadence, now: Timestamp) -> Timestamp {
        let (usual, most) = match cadence {
            Cadence::Daily => (24, 48),
            Cadence::Off | Cadence::Weekly => (7 * 24, 8 * 24),
        };
        let usual = earlier(now, SignedDuration::from_hours(usual));
        let most = earlier(now, SignedDuration::from_hours(most));
        match self.last {
            Some(last) if last < usual => last.max(most),
            _ => usual,
        }
    }

    fn is_done(&self, day: Date) -> bool {
        self.days.contains(&day) || self.done_until.is_some_and(|until| day <= until)
    }
}

/// Seven in the morning of a day. One that a change of clocks skips is the moment of the change.
fn moment(day: Date, zone: &TimeZone) -> Option<Timestamp> {
    day.at(HOUR, 0, 0, 0).to_zoned_datetime(zone.clone()).ok().map(|at| at.timestamp())
}

/// The last day whose summary was due at `now`.
fn last_day(cadence: Cadence, zone: &TimeZone, now: Timestamp) -> Option<Date> {
    let mut day = now.to_zoned_datetime(zone.clone()).date();
    if cadence == Cadence::Weekly {
        let back = day.weekday().since(Weekday::Monday);
        day = day.checked_sub(back.days()).ok()?;
    }
    while moment(day, zone)? > now {
        day = step(cadence, day, -1)?;
    }
    Some(day)
}

/// So many days or weeks later.
fn step(cadence: Cadence, day: Date, by: i64) -> Option<Date> {
    let days = match cadence {
        Cadence::Daily => by,
        Cadence::Off | Cadence::Weekly => by.saturating_mul(7),
    };
    day.checked_add(days.days()).ok()
}

#[cfg(test)]
mod tests;
