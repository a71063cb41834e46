// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Times, durations and sizes for people to read.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::time::Duration;

use jiff::{SignedDuration, Timestamp, ZonedDateTime, tz::TimeZone};

use super::links::Links;
use crate::{audience::Audience, config::Settings, language::Language};

/// Formats values for the readers of an email or page: in their language, and in the cluster's time zone.
#[derive(Debug, Clone)]
pub struct Format {
    /// The language.
    pub language: Language,
    /// The zone of all times.
    pub zone: TimeZone,
    /// Where links lead.
    pub links: Links,
}

const MINUTE: u64 = 60;
const HOUR: u64 = 60 * MINUTE;
const DAY: u64 = 24 * HOUR;
const TWO_DAYS: u64 = 2 * DAY;

impl Format {
    /// How mails are written by these settings.
    pub fn of(settings: &Settings) -> Self {
        Self { language: settings.mail.language, zone: settings.zone.clone(), links: Links::of(settings) }
    }

    /// How an audience's mails are written.
    pub fn for_audience(audience: &Audience, settings: &Settings) -> Self {
        let mut format = Self { language: audience.language, ..Self::of(settings) };
        if !audience.sees_all() {
            // The page has the plans of everybody.
            format.links.module = None;
        }
        format
    }

    fn local(&self, time: Timestamp) -> ZonedDateTime {
        time.to_zoned_datetime(self.zone.clone())
    }

    fn date(&self, time: &ZonedDateTime) -> String {
        let texts = self.language.phrases().texts();
        let day = texts.weekdays[usize::from(time.weekday().to_monday_zero_offset().unsigned_abs())];
        let month = texts.months[usize::from(time.month().unsigned_abs()).saturating_sub(1)];
        format!("{day} {} {month} {}", time.day(), time.year())
    }

    /// `Sun 22 Nov 2026 02:04 CET`
    pub fn time(&self, time: Timestamp) -> String {
        let local = self.local(time);
        format!("{} {}", self.date(&local), local.strftime("%H:%M %Z"))
    }

    /// `Sun 22 Nov 2026`
    pub fn day(&self, time: Timestamp) -> String {
        self.date(&self.local(time))
    }

    /// `Sun 22 Nov 2026 02:04–02:14 CET`, or both times in full where they fall on different days or zones.
    pub fn span(&self, start: Timestamp, end: Timestamp) -> String {
        let (from, to) = (self.local(start), self.local(end));
        if from.date() == to.date() && from.offset() == to.offset() {
            format!("{} {}–{}", self.date(&from), from.strftime("%H:%M"), to.strftime("%H:%M %Z"))
        } else {
            format!("{} – {}", self.time(start), self.time(end))
        }
    }

    /// `02:14` for a time of the same day as `now`, else the time in full.
    pub fn recent_time(&self, time: Timestamp, now: Timestamp) -> String {
        let local = self.local(time);
        if local.date() == self.local(now).date() {
            local.strftime("%H:%M").to_string()
        } else {
            self.time(time)
        }
    }

    /// `2 h 14 min`
    pub fn duration(&self, duration: Duration) -> String {
        let seconds = duration.as_secs();
        match seconds {
            0..MINUTE => format!("{seconds} s"),
            MINUTE..HOUR => parts(seconds / MINUTE, "min", seconds % MINUTE, "s", seconds < 10 * MINUTE),
            HOUR..DAY => parts(seconds / HOUR, "h", seconds % HOUR / MINUTE, "min", true),
            _ => {
                let days = seconds / DAY;
                parts(days, self.language.phrases().day_unit(days), seconds % DAY / HOUR, "h", days < 7)
            }
        }
    }

    /// How long ago `time` was at `now`: `5 h`, `30 h`, `2 days`. A time in the future is no time ago.
    pub fn age(&self, time: Timestamp, now: Timestamp) -> String {
        let age = now.duration_since(time).max(SignedDuration::ZERO).unsigned_abs();
        // The hour matters little once it is days. Up to two of them it does, to whoever backs up each night.
        let coarse = match age.as_secs() {
            seconds @ 0..TWO_DAYS if seconds >= HOUR => return format!("{} h", seconds / HOUR),
            seconds @ DAY.. => seconds.saturating_sub(seconds % DAY),
            seconds @ MINUTE.. => seconds.saturating_sub(seconds % MINUTE),
            seconds => seconds,
        };
        self.duration(Duration::from_secs(coarse))
    }

    /// From `start` to `end`, to the hour: `30 h`, `3 days 6 h`.
    pub fn span_of_time(&self, start: Timestamp, end: Timestamp) -> String {
        let span = end.duration_since(start).max(SignedDuration::ZERO).unsigned_abs().as_secs();
        match span {
            ..TWO_DAYS => self.age(start, end),
            seconds => self.duration(Duration::from_secs(seconds.saturating_sub(seconds % HOUR))),
        }
    }

    /// `12.3 GiB`
    pub fn size(&self, bytes: u64) -> String {
        const LARGER_UNITS: [&str; 5] = ["MiB", "GiB", "TiB", "PiB", "EiB"];
        if bytes < 1024 {
            return format!("{bytes} B");
        }
        let mut value = bytes as f64 / 1024.0;
        let (mut unit, mut larger) = ("KiB", LARGER_UNITS.iter());
        // Rounding must not make "1024 MiB" of what is almost a GiB.
        while value >= 999.5
            && let Some(next) = larger.next()
        {
            value /= 1024.0;
            unit = next;
        }
        let number = if value < 99.95 { format!("{value:.1}") } else { format!("{value:.0}") };
        let number = number.replace('.', self.language.phrases().texts().decimal_mark);
        format!("{number} {unit}")
    }
}

/// `2 h 14 min`, or `2 h` where the smaller part is nothing or not wanted.
fn parts(large: u64, large_unit: &str, small: u64, small_unit: &str, wanted: bool) -> String {
    if small > 0 && wanted {
        format!("{large} {large_unit} {small} {small_unit}")
    } else {
        format!("{large} {large_unit}")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn format(language: Language) -> Format {
        Format { language, zone: TimeZone::get("Europe/Rome").unwrap(), links: Links::default() }
    }

    fn english() -> Format {
        format(Language::English)
    }

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn times_are_local_and_carry_their_zone() {
        let time = at("2026-11-22T01:04:00Z");
        assert_eq!(english().time(time), "Sun 22 Nov 2026 02:04 CET");
        assert_eq!(format(Language::Italian).time(time), "dom 22 nov 2026 02:04 CET");
        assert_eq!(english().time(at("2026-07-01T22:00:00Z")), "Thu 2 Jul 2026 00:00 CEST");
        assert_eq!(english().recent_time(time, at("2026-11-22T06:00:00Z")), "02:04");
        assert_eq!(english().recent_time(time, at("2026-11-22T23:30:00Z")), "Sun 22 Nov 2026 02:04 CET");
    }

    #[test]
    fn a_span_names_the_day_once_unless_it_ends_on_another() {
        let start = at("2026-11-22T01:04:00Z");
        assert_eq!(english().span(start, at("2026-11-22T01:14:00Z")), "Sun 22 Nov 2026 02:04–02:14 CET");
        assert_eq!(
            english().span(at("2026-11-21T22:50:00Z"), start),
            "Sat 21 Nov 2026 23:50 CET – Sun 22 Nov 2026 02:04 CET"
        );
        // The night in which the clocks change.
        assert_eq!(
            english().span(at("2026-10-25T00:30:00Z"), at("2026-10-25T01:30:00Z")),
            "Sun 25 Oct 2026 02:30 CEST – Sun 25 Oct 2026 02:30 CET"
        );
    }

    #[test]
    fn durations_are_for_people() {
        let expected = [
            (0, "0 s"),
            (59, "59 s"),
            (60, "1 min"),
            (124, "2 min 4 s"),
            (840 + 3, "14 min"),
            (3600, "1 h"),
            (8040, "2 h 14 min"),
            (86_400, "1 day"),
            (90_000, "1 day 1 h"),
            (8 * 86_400 + 3600, "8 days"),
        ];
        for (seconds, text) in expected {
            assert_eq!(english().duration(Duration::from_secs(seconds)), text);
        }
        assert_eq!(format(Language::Italian).duration(Duration::from_secs(2 * 86_400)), "2 giorni");
    }

    #[test]
    fn an_age_is_coarse_and_never_negative() {
        let now = at("2026-11-22T07:00:00Z");
        assert_eq!(english().age(at("2026-11-22T06:59:30Z"), now), "30 s");
        assert_eq!(english().age(at("2026-11-22T01:14:00Z"), now), "5 h");
        assert_eq!(english().age(at("2026-11-20T07:00:01Z"), now), "47 h");
        assert_eq!(english().span_of_time(at("2026-11-19T01:00:00Z"), now), "3 days 6 h");
        assert_eq!(english().span_of_time(at("2026-11-21T01:00:00Z"), now), "30 h");
        assert_eq!(english().age(at("2026-11-20T01:14:00Z"), now), "2 days");
        assert_eq!(english().age(at("2026-11-23T01:14:00Z"), now), "0 s");
    }

    #[test]
    fn sizes_are_in_binary_units() {
        let expected = [
            (0, "0 B"),
            (1023, "1023 B"),
            (1024, "1.0 KiB"),
            (734_003_200, "700 MiB"),
            (1_073_741_823, "1.0 GiB"),
            (13_207_024_435, "12.3 GiB"),
            (u64::MAX, "16.0 EiB"),
        ];
        for (bytes, text) in expected {
            assert_eq!(english().size(bytes), text);
        }
        assert_eq!(format(Language::Italian).size(13_207_024_435), "12,3 GiB");
    }
}
