// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The grammar of calendar expressions, as systemd's `calendarspec.c` has it.

use std::str::FromStr;

use jiff::{Timestamp, tz::TimeZone};

use super::calendar::{Calendar, Component, Days, Range, Set};

/// Why an expression can't be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the schedule {text:?} can't be read: {reason}")]
pub struct Unreadable {
    text: String,
    reason: String,
}

/// What systemd's shorthands stand for (`systemd.time(7)`).
const SHORTHANDS: [(&str, &str); 13] = [
    ("minutely", "*-*-* *:*:00"),
    ("hourly", "*-*-* *:00:00"),
    ("daily", "*-*-* 00:00:00"),
    ("weekly", "Mon *-*-* 00:00:00"),
    ("monthly", "*-*-01 00:00:00"),
    ("quarterly", "*-01,04,07,10-01 00:00:00"),
    ("semiannually", "*-01,07-01 00:00:00"),
    ("semi-annually", "*-01,07-01 00:00:00"),
    ("biannually", "*-01,07-01 00:00:00"),
    ("bi-annually", "*-01,07-01 00:00:00"),
    ("yearly", "*-01-01 00:00:00"),
    ("annually", "*-01-01 00:00:00"),
    // A misspelling that systemd has kept for compatibility.
    ("anually", "*-01-01 00:00:00"),
];

const WEEKDAYS: [&str; 7] = ["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"];

type Parsed<T> = Result<T, String>;

impl FromStr for Calendar {
    type Err = Unreadable;
    fn from_str(text: &str) -> Result<Self, Unreadable> {
        parse(text.trim()).map_err(|reason| Unreadable { text: text.to_owned(), reason })
    }
}

fn parse(text: &str) -> Parsed<Calendar> {
    if text.is_empty() {
        return Err("it is empty".into());
    }
    let (expression, zone) = split_zone(text);
    let lower = expression.to_ascii_lowercase();
    let expanded = SHORTHANDS.iter().find(|(name, _)| *name == lower).map_or(expression, |(_, full)| full);
    if let Some(seconds) = expanded.strip_prefix('@') {
        return once(text, seconds);
    }

    let mut rest = expanded;
    let weekdays = take_weekdays(&mut rest)?;
    let (years, months, days) = take_date(&mut rest)?;
    let (hours, minutes, seconds) = take_time(&mut rest)?;
    if !rest.is_empty() {
        return Err(format!("{rest:?} is left over"));
    }
    Ok(Calendar { text: text.to_owned(), weekdays, years, months, days, hours, minutes, seconds, zone })
}

/// Takes a zone off the end: the last word, if a zone has that name.
fn split_zone(text: &str) -> (&str, Option<TimeZone>) {
    let Some((expression, word)) = text.rsplit_once(char::is_whitespace) else { return (text, None) };
    // "02:00" is no zone's name.
    if word.contains(':') || !word.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return (text, None);
    }
    match TimeZone::get(word) {
        Ok(zone) => (expression.trim_end(), Some(zone)),
        Err(_) => (text, None),
    }
}

/// `@<seconds since 1970>`: a single moment.
fn once(text: &str, seconds: &str) -> Parsed<Calendar> {
    let moment = seconds
        .parse()
        .ok()
        .and_then(|seconds| Timestamp::from_second(seconds).ok())
        .ok_or_else(|| format!("{seconds:?} is no number of seconds since 1970"))?;
    let moment = TimeZone::UTC.to_datetime(moment);
    let only = |number: i8| Set(1 << number);
    Ok(Calendar {
        text: text.to_owned(),
        weekdays: all(0, 6),
        years: Component::Ranges(vec![Range { start: moment.year(), stop: None, repeat: None }]),
        months: only(moment.month()),
        days: Days::FromStart(only(moment.day())),
        hours: only(moment.hour()),
        minutes: only(moment.minute()),
        seconds: only(moment.second()),
        zone: Some(TimeZone::UTC),
    })
}

/// Takes the days of the week, or nothing where the text does not start with one.
fn take_weekdays(rest: &mut &str) -> Parsed<Set> {
    let mut bits = 0;
    let mut range_start: Option<usize> = None;
    loop {
        let Some((day, after)) = weekday(rest) else {
            return match (bits, range_start) {
                (0, None) => Ok(all(0, 6)),
                _ => Err(format!("{rest:?} is no day of the week")),
            };
        };
        match range_start.take() {
            Some(start) if start > day => {
                return Err(format!("the days from {} to {} go backward", WEEKDAYS[start], WEEKDAYS[day]));
            }
            Some(start) => bits |= (start..=day).fold(0, |bits, day| bits | 1 << day),
            None => bits |= 1 << day,
        }
        *rest = after;
        if let Some(after) = rest.strip_prefix("..").or_else(|| rest.strip_prefix('-')) {
            range_start = Some(day);
            *rest = after;
        } else if let Some(after) = rest.strip_prefix(',') {
            // The list may end here: systemd allows a comma after its last day.
            *rest = after;
        }
        if rest.is_empty() || rest.starts_with(' ') {
            *rest = rest.trim_start();
            return match range_start {
                None => Ok(Set(bits)),
                Some(_) => Err("a range of days has no end".into()),
            };
        }
    }
}

/// Recognises a day's full or short name at the start of a text.
fn weekday(text: &str) -> Option<(usize, &str)> {
    let starts_with = |name: &str| {
        let head = text.get(..name.len())?;
        let after = &text[name.len()..];
        let ends = after.is_empty() || after.starts_with([' ', ',', '.', '-']);
        (head.eq_ignore_ascii_case(name) && ends).then_some(after)
    };
    WEEKDAYS.iter().enumerate().find_map(|(day, name)| {
        starts_with(name).or_else(|| starts_with(&name[..3])).map(|after| (day, after))
    })
}

/// Takes the date; where the text starts with a time instead, every day matches.
fn take_date(rest: &mut &str) -> Parsed<(Component, Set, Days)> {
    let every_day = (Component::All, all(1, 12), Days::FromStart(all(1, 31)));
    if rest.is_empty() {
        return Ok(every_day);
    }
    let mut text = *rest;
    let first = take_chain(&mut text)?;
    if text.is_empty() || text.starts_with(':') {
        return Ok(every_day);
    }
    let mut from_end = take_separator(&mut text)?;
    let second = take_chain(&mut text)?;
    let (year, month, day) = if text.is_empty() || text.starts_with(' ') {
        (Component::All, first, second)
    } else if from_end {
        return Err("after ~ comes only the day".into());
    } else {
        from_end = take_separator(&mut text)?;
        (years(first), second, take_chain(&mut text)?)
    };
    if !text.is_empty() && !text.starts_with(' ') {
        return Err(format!("{text:?} does not belong to a date"));
    }
    *rest = text.trim_start();
    let months = set("month", &month, 1, 12)?;
    let days = if from_end {
        // No further than every month has days.
        check("day from the month's end", &day, 1, 28)?;
        Days::FromEnd(day)
    } else {
        Days::FromStart(set("day", &day, 1, 31)?)
    };
    Ok((year, months, days))
}

/// Takes the `-` or `~` between the parts of a date; true for `~`.
fn take_separator(text: &mut &str) -> Parsed<bool> {
    for (separator, from_end) in [('-', false), ('~', true)] {
        if let Some(after) = text.strip_prefix(separator) {
            *text = after;
            return Ok(from_end);
        }
    }
    Err(format!("{text:?} does not belong to a date or time"))
}

/// Two digits mean the years 1970 to 2069, as everywhere in systemd.
fn years(component: Component) -> Component {
    let full = |year: i16| match year {
        0..=69 => year.saturating_add(2000),
        70..=99 => year.saturating_add(1900),
        _ => year,
    };
    match component {
        Component::All => Component::All,
        Component::Ranges(ranges) => Component::Ranges(
            ranges
                .into_iter()
                .map(|range| Range { start: full(range.start), stop: range.stop.map(full), ..range })
                .collect(),
        ),
    }
}

/// Takes the time; without one it is midnight, without seconds the minute's start.
fn take_time(rest: &mut &str) -> Parsed<(Set, Set, Set)> {
    let zero = Set(1);
    if rest.is_empty() {
        return Ok((zero, zero, zero));
    }
    let hours = set("hour", &take_chain(rest)?, 0, 23)?;
    *rest = rest.strip_prefix(':').ok_or("a time needs hours and minutes, such as 02:00")?;
    let minutes = set("minute", &take_chain(rest)?, 0, 59)?;
    let seconds = match rest.strip_prefix(':') {
        None => zero,
        Some(after) => {
            *rest = after;
            let seconds = take_chain(rest)?;
            if rest.starts_with('.') {
                return Err("fractions of a second are not supported".into());
            }
            set("second", &seconds, 0, 59)?
        }
    };
    Ok((hours, minutes, seconds))
}

/// Takes `*`, or a comma-separated list of `number[..number][/number]`.
fn take_chain(rest: &mut &str) -> Parsed<Component> {
    if let Some(after) = rest.strip_prefix('*') {
        *rest = after;
        return Ok(Component::All);
    }
    let mut ranges = Vec::new();
    loop {
        let start = take_number(rest)?;
        let mut range = Range { start, stop: None, repeat: None };
        if let Some(after) = rest.strip_prefix("..") {
            *rest = after;
            let stop = take_number(rest)?;
            if stop < start {
                return Err(format!("the range {start}..{stop} goes backward"));
            }
            range.stop = Some(stop);
            range.repeat = Some(1);
        }
        if let Some(after) = rest.strip_prefix('/') {
            *rest = after;
            let repeat = take_number(rest)?;
            if repeat == 0 {
                return Err("a repetition of 0 never ends".into());
            }
            range.repeat = Some(repeat);
        }
        ranges.push(range);
        match rest.strip_prefix(',') {
            Some(after) => *rest = after,
            None => return Ok(Component::Ranges(ranges)),
        }
    }
}

fn take_number(rest: &mut &str) -> Parsed<i16> {
    let digits = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
    let (number, after) = rest.split_at(digits);
    let value = number.parse().map_err(|_| match number {
        "" => format!("a number is expected at {rest:?}"),
        _ => format!("the number {number} is too large"),
    })?;
    *rest = after;
    Ok(value)
}

/// All numbers from `low` to `high`.
fn all(low: i8, high: i8) -> Set {
    Set((low..=high).fold(0, |bits, number| bits | 1 << number))
}

/// The numbers of a component, which must lie between `low` and `high`.
fn set(what: &str, component: &Component, low: i8, high: i8) -> Parsed<Set> {
    check(what, component, low.into(), high.into())?;
    let matching = (low..=high).filter(|number| component.contains((*number).into()));
    Ok(Set(matching.fold(0, |bits, number| bits | 1 << number)))
}

/// Checks that every number of a component lies between `low` and `high`.
///
/// As systemd does, this refuses a repetition that would not fit even once: whoever wrote `*:50/15` meant another thing.
fn check(what: &str, component: &Component, low: i16, high: i16) -> Parsed<()> {
    let Component::Ranges(ranges) = component else { return Ok(()) };
    for range in ranges {
        let last = match range.stop {
            Some(stop) => stop,
            None => range.start.saturating_add(range.repeat.unwrap_or(0)),
        };
        if range.start < low || last > high {
            return Err(format!("a {what} is a number from {low} to {high}"));
        }
    }
    Ok(())
}
