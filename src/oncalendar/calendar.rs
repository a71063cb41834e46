// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! An expression as a value, and its occurrences.

use std::fmt;

use jiff::{
    SignedDuration, Timestamp,
    civil::{Date, DateTime, Time},
    tz::{AmbiguousOffset, TimeZone},
};

/// How far an occurrence is looked for, in years, either way. 29 February can be eight years away (2096 to 2104).
const HORIZON_YEARS: i16 = 9;
/// More than any zone has ever moved its clocks at once, so that a search from this much aside misses nothing.
const LARGEST_CLOCK_CHANGE: SignedDuration = SignedDuration::from_hours(3);

/// A parsed calendar expression.
///
/// ```
/// use jiff::tz::TimeZone;
/// use ns8_backup_monitor::oncalendar::Calendar;
///
/// let nightly: Calendar = "Mon..Fri *-*-* 02:00:00".parse()?;
/// let rome = TimeZone::get("Europe/Rome")?;
/// let sunday = "2026-11-22T13:00:00Z".parse()?;
/// let friday = nightly.previous(sunday, &rome).unwrap();
/// assert_eq!(friday.to_string(), "2026-11-20T01:00:00Z");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Calendar {
    /// The expression as it was written.
    pub(super) text: String,
    /// Days of the week that match, Monday first; empty for all.
    pub(super) weekdays: Set,
    pub(super) years: Component,
    pub(super) months: Set,
    pub(super) days: Days,
    pub(super) hours: Set,
    pub(super) minutes: Set,
    pub(super) seconds: Set,
    /// The zone that the expression names itself; else the node's applies.
    pub(super) zone: Option<TimeZone>,
}

/// Small numbers (0 to 63) that match.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Set(pub(super) u64);

impl Set {
    pub(super) fn contains(self, number: i8) -> bool {
        self.0 >> number & 1 == 1
    }

    fn ascending(self) -> impl DoubleEndedIterator<Item = i8> {
        (0..64).filter(move |number| self.contains(*number))
    }
}

/// One field of an expression: a list of ranges, or everything.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Component {
    All,
    Ranges(Vec<Range>),
}

/// `start`, `start..stop` or `start..stop/repeat`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Range {
    pub(super) start: i16,
    /// None: the range ends where it starts, or with `repeat`, nowhere.
    pub(super) stop: Option<i16>,
    pub(super) repeat: Option<i16>,
}

impl Range {
    pub(super) fn contains(self, number: i16) -> bool {
        if number == self.start {
            return true;
        }
        let Some(repeat) = self.repeat else { return false };
        number > self.start
            && number.saturating_sub(self.start).checked_rem(repeat) == Some(0)
            && self.stop.is_none_or(|stop| number <= stop)
    }
}

impl Range {
    /// The same days counted from the month's start, in a month of `last` days.
    fn counted_back_from(self, last: i16) -> Self {
        let back = |day: i16| last.saturating_sub(day).saturating_add(1);
        match self.stop {
            // `~1..3` is the month's last three days: what is written last comes first.
            Some(stop) => Self { start: back(stop), stop: Some(back(self.start)), ..self },
            None => Self { start: back(self.start), ..self },
        }
    }
}

impl Component {
    pub(super) fn contains(&self, number: i16) -> bool {
        match self {
            Component::All => true,
            Component::Ranges(ranges) => ranges.iter().any(|range| range.contains(number)),
        }
    }
}

/// The days of a month, counted from its start or, after a `~`, from its end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Days {
    FromStart(Set),
    FromEnd(Component),
}

impl Days {
    pub(super) fn contains(&self, date: Date) -> bool {
        match self {
            Days::FromStart(days) => days.contains(date.day()),
            Days::FromEnd(Component::All) => true,
            Days::FromEnd(Component::Ranges(ranges)) => {
                let last = i16::from(date.days_in_month());
                ranges.iter().any(|range| range.counted_back_from(last).contains(i16::from(date.day())))
            }
        }
    }
}

impl fmt::Display for Calendar {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

impl Calendar {
    /// The last occurrence that is not after `at`, or None when there is none in the nine years before.
    /// `zone` applies unless the expression names its own.
    pub fn previous(&self, at: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(zone);
        let from = zone.to_datetime(at).saturating_add(LARGEST_CLOCK_CHANGE);
        let mut day = from.date();
        let horizon = day.year().saturating_sub(HORIZON_YEARS);
        loop {
            if self.occurs_on(day) {
                let until = if day == from.date() { from.time() } else { Time::MAX };
                let found = self
                    .times_backward()
                    .skip_while(|time| *time > until)
                    .filter_map(|time| instant(day.to_datetime(time), zone))
                    .find(|occurrence| *occurrence <= at);
                if found.is_some() {
                    return found;
                }
            }
            day = if self.years.contains(day.year()) && self.months.contains(day.month()) {
                day.yesterday().ok()?
            } else {
                day.first_of_month().yesterday().ok()?
            };
            if day.year() < horizon {
                return None;
            }
        }
    }

    /// The first occurrence after `after`, or None when there is none in the nine years to come.
    /// `zone` applies unless the expression names its own.
    pub fn next(&self, after: Timestamp, zone: &TimeZone) -> Option<Timestamp> {
        let zone = self.zone.as_ref().unwrap_or(zone);
        let from = zone.to_datetime(after).saturating_sub(LARGEST_CLOCK_CHANGE);
        let mut day = from.date();
        let horizon = day.year().saturating_add(HORIZON_YEARS);
        loop {
            if self.occurs_on(day) {
                let since = if day == from.date() { from.time() } else { Time::MIN };
                let found = self
                    .times_forward()
                    .skip_while(|time| *time < since)
                    .filter_map(|time| instant(day.to_datetime(time), zone))
                    .find(|occurrence| *occurrence > after);
                if found.is_some() {
                    return found;
                }
            }
            day = if self.years.contains(day.year()) && self.months.contains(day.month()) {
                day.tomorrow().ok()?
            } else {
                day.last_of_month().tomorrow().ok()?
            };
            if day.year() > horizon {
                return None;
            }
        }
    }

    /// The time between the last occurrence and the next one, as of `now`: a day for a nightly plan, three over the weekend for one that runs
    /// on working days. None where one of them is missing.
    pub fn period(&self, now: Timestamp, zone: &TimeZone) -> Option<SignedDuration> {
        Some(self.next(now, zone)?.duration_since(self.previous(now, zone)?))
    }

    fn occurs_on(&self, day: Date) -> bool {
        self.years.contains(day.year())
            && self.months.contains(day.month())
            && self.days.contains(day)
            && self.weekdays.contains(day.weekday().to_monday_zero_offset())
    }

    fn times_forward(&self) -> impl Iterator<Item = Time> {
        self.hours.ascending().flat_map(move |hour| {
            self.minutes.ascending().flat_map(move |minute| {
                self.seconds.ascending().map(move |second| Time::constant(hour, minute, second, 0))
            })
        })
    }

    fn times_backward(&self) -> impl Iterator<Item = Time> {
        self.hours.ascending().rev().flat_map(move |hour| {
            self.minutes.ascending().rev().flat_map(move |minute| {
                self.seconds.ascending().rev().map(move |second| Time::constant(hour, minute, second, 0))
            })
        })
    }
}

/// The instant of a local time: none where the clocks skip it, the first where they repeat it.
fn instant(local: DateTime, zone: &TimeZone) -> Option<Timestamp> {
    let ambiguous = zone.to_ambiguous_timestamp(local);
    match ambiguous.offset() {
        AmbiguousOffset::Gap { .. } => None,
        AmbiguousOffset::Unambiguous { .. } | AmbiguousOffset::Fold { .. } => ambiguous.earlier().ok(),
    }
}
