// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};

use super::*;

fn calendar(text: &str) -> Calendar {
    text.parse().unwrap_or_else(|error| panic!("{error}"))
}

fn rome() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap()
}

/// The occurrence before and after a local time in Rome, as local times with their zone.
fn around(text: &str, local: &str) -> (String, String) {
    let at = local.parse::<DateTime>().unwrap().to_zoned_datetime(rome()).unwrap().timestamp();
    let show = |time: Option<Timestamp>| {
        time.map_or_else(
            || "never".into(),
            |time| time.to_zoned_datetime(rome()).strftime("%a %F %T %Z").to_string(),
        )
    };
    let calendar = calendar(text);
    (show(calendar.previous(at, &rome())), show(calendar.next(at, &rome())))
}

#[test]
fn the_forms_that_cluster_admin_writes() {
    let sunday = "2026-11-22T13:00:00";
    let expected = [
        ("*-*-* *:15:00", "Sun 2026-11-22 12:15:00 CET", "Sun 2026-11-22 13:15:00 CET"),
        ("*-*-* 02:00:00", "Sun 2026-11-22 02:00:00 CET", "Mon 2026-11-23 02:00:00 CET"),
        ("Mon *-*-* 02:00:00", "Mon 2026-11-16 02:00:00 CET", "Mon 2026-11-23 02:00:00 CET"),
        ("*-*-31 02:00:00", "Sat 2026-10-31 02:00:00 CET", "Thu 2026-12-31 02:00:00 CET"),
        ("daily", "Sun 2026-11-22 00:00:00 CET", "Mon 2026-11-23 00:00:00 CET"),
        ("Mon..Fri 02:00", "Fri 2026-11-20 02:00:00 CET", "Mon 2026-11-23 02:00:00 CET"),
        ("*:0/15", "Sun 2026-11-22 13:00:00 CET", "Sun 2026-11-22 13:15:00 CET"),
    ];
    for (text, previous, next) in expected {
        assert_eq!(around(text, sunday), (previous.into(), next.into()), "{text}");
    }
}

#[test]
fn an_occurrence_is_due_at_its_very_second() {
    let (previous, next) = around("02:00", "2026-11-22T02:00:00");
    assert_eq!(previous, "Sun 2026-11-22 02:00:00 CET");
    assert_eq!(next, "Mon 2026-11-23 02:00:00 CET");
    let (previous, next) = around("02:00", "2026-11-22T01:59:59");
    assert_eq!(previous, "Sat 2026-11-21 02:00:00 CET");
    assert_eq!(next, "Sun 2026-11-22 02:00:00 CET");
}

#[test]
fn a_time_that_the_clocks_skip_does_not_occur_that_night() {
    assert_eq!(
        around("02:30", "2026-03-29T12:00:00"),
        ("Sat 2026-03-28 02:30:00 CET".into(), "Mon 2026-03-30 02:30:00 CEST".into())
    );
}

#[test]
fn a_time_that_the_clocks_repeat_occurs_once() {
    assert_eq!(
        around("02:30", "2026-10-25T12:00:00"),
        ("Sun 2026-10-25 02:30:00 CEST".into(), "Mon 2026-10-26 02:30:00 CET".into())
    );
    // Within the repeated hour, the quarter of an hour that was last is the one before it.
    let second_pass = "2026-10-25T01:20:00Z".parse().unwrap();
    let previous = calendar("*:0/15").previous(second_pass, &rome()).unwrap();
    assert_eq!(previous.to_string(), "2026-10-25T00:45:00Z");
}

#[test]
fn days_are_counted_from_the_months_end_after_a_tilde() {
    assert_eq!(
        around("*-*~1 02:00", "2027-03-10T00:00:00"),
        ("Sun 2027-02-28 02:00:00 CET".into(), "Wed 2027-03-31 02:00:00 CEST".into())
    );
    assert_eq!(around("Mon *-05~07/1", "2026-01-01T00:00:00").1, "Mon 2026-05-25 00:00:00 CEST");
}

#[test]
fn an_expression_may_name_its_own_zone() {
    assert_eq!(around("02:00 UTC", "2026-11-22T13:00:00").0, "Sun 2026-11-22 03:00:00 CET");
    assert_eq!(around("02:00 America/New_York", "2026-11-22T13:00:00").0, "Sun 2026-11-22 08:00:00 CET");
}

#[test]
fn a_rare_date_is_found_across_a_century_without_a_leap_day() {
    assert_eq!(around("*-02-29", "2100-01-01T00:00:00").1, "Fri 2104-02-29 00:00:00 CET");
    assert_eq!(around("*-02-29", "2103-01-01T00:00:00").0, "Wed 2096-02-29 00:00:00 CET");
}

#[test]
fn a_date_that_never_comes_ends_the_search() {
    assert_eq!(around("*-02-30", "2026-01-01T00:00:00"), ("never".into(), "never".into()));
    assert_eq!(around("1999-01-01", "2026-01-01T00:00:00"), ("never".into(), "never".into()));
}

#[test]
fn every_second_is_quick_enough() {
    let (previous, next) = around("*:*:*", "2026-10-25T02:30:00");
    assert_eq!(previous, "Sun 2026-10-25 02:30:00 CEST");
    assert_eq!(next, "Sun 2026-10-25 02:30:01 CEST");
}

#[test]
fn what_can_not_be_read_is_said_with_a_reason() {
    let wrong = [
        ("", "is empty"),
        ("02", "hours and minutes"),
        ("*:*/15", "left over"),
        ("24:00", "a hour is a number from 0 to 23"),
        ("*:60", "a minute is a number from 0 to 59"),
        ("*:50/15", "a minute is a number"),
        ("Sat..Mon 02:00", "go backward"),
        ("Mon.. 02:00", "has no end"),
        ("12..8:00", "goes backward"),
        ("*:0/0", "never ends"),
        ("*:*:0.5", "fractions"),
        ("tomorrow", "a number is expected"),
        ("daily 02:00", "a number is expected"),
        ("*-*-* 02:00 Mars/Olympus", "left over"),
        ("99999999-1-1", "too large"),
        ("@soon", "seconds since 1970"),
    ];
    for (text, reason) in wrong {
        let error = text.parse::<Calendar>().unwrap_err().to_string();
        assert!(error.contains(reason), "{text}: {error}");
    }
}
