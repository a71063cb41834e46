// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The schedule reader against systemd itself: the same expressions, the same occurrences.

use std::{
    process::Command,
    sync::{
        Mutex,
        atomic::{AtomicUsize, Ordering},
    },
};

use jiff::{SignedDuration, Timestamp, civil::DateTime, tz::TimeZone};
use ns8_backup_monitor::oncalendar::Calendar;
use proptest::{
    prelude::*,
    strategy::ValueTree,
    test_runner::{Config, RngAlgorithm, TestRng, TestRunner},
};

const ITERATIONS: usize = 12;

/// Zones with both kinds of daylight saving, half hours, a change at midnight, and none.
const ZONES: [&str; 6] =
    ["Europe/Rome", "UTC", "America/New_York", "Australia/Lord_Howe", "America/Santiago", "Asia/Kolkata"];

/// Shortly before a change of clocks in one zone or another, and some plain days.
const BASES: [&str; 7] = [
    "2026-03-28T20:00:00Z",
    "2026-10-24T20:00:00Z",
    "2026-03-08T00:00:00Z",
    "2026-11-01T00:00:00Z",
    "2026-04-04T10:00:00Z",
    "2026-01-31T13:14:15Z",
    "2028-02-28T23:59:59Z",
];

const EXPRESSIONS: &[&str] = &[
    // What cluster-admin writes.
    "*-*-* *:00:00",
    "*-*-* *:30:00",
    "*-*-* 02:00:00",
    "*-*-* 02:30:00",
    "*-*-* 00:30:00",
    "Mon *-*-* 02:30:00",
    "Sun *-*-* 02:30:00",
    "Sun *-*-* 01:30:00",
    "*-*-01 02:00:00",
    "*-*-29 02:30:00",
    "*-*-31 02:00:00",
    // Shorthands.
    "minutely",
    "hourly",
    "daily",
    "weekly",
    "monthly",
    "quarterly",
    "semiannually",
    "semi-annually",
    "biannually",
    "bi-annually",
    "yearly",
    "annually",
    "anually",
    "Daily",
    "weekly UTC",
    // Weekdays.
    "Mon",
    "monday",
    "Sat,Sun 12:05",
    "Mon..Fri 02:00",
    "Mon-Fri 02:00",
    "Mon,Wed..Fri 1:2",
    "Mon,Wed..Fri,  02:00",
    "Sun,",
    "Fri 13",
    "Fri *-*-13 00:00",
    // Lists, ranges, steps.
    "*:0/15",
    "*:5/20",
    "0/6:00",
    "1..5:0",
    "1..5/2,7:0",
    "8..12/2:30",
    "*:1..2/3",
    "*:*:0/20",
    "*:0,30",
    "*-1/2-1 0:0",
    "*-*-1..7,20 1:00",
    "*-*-1..31/9",
    "2026/2-1-1",
    "2026..2027-*-1",
    "26-12-24",
    "99-1-1",
    "*-10..12-25 2:30",
    // From the month's end.
    "*-*~1 02:00",
    "*-02~03",
    "Mon *-05~07/1",
    "*-*~01..03 1:00",
    "*-*~5,1",
    "*-*~29..31",
    "*-*~31 1:00",
    "*-2~29/1",
    "~1",
    // Zones.
    "02:00 Europe/Rome",
    "02:30 America/New_York",
    "*-*-* 02:00:00 UTC",
    "Sun 2:30 Europe/Rome",
    // Dates that are rare, past, or never.
    "*-02-29",
    "*-02-30",
    "2025-01-01",
    "@1800000000",
    "@1700000000",
    // What systemd refuses.
    "",
    "02",
    "*",
    "2026",
    "24:00",
    "*:60",
    "*-*-* 02:00:60",
    "*-13-1",
    "*-*-0",
    "*-*-32",
    "*-*~0",
    "*-*-~1",
    "*-*~31/1 1:00",
    "*:*/15",
    "*/5:00",
    "*:0/0",
    "*:0/70",
    "*:50/15",
    "12..8:00",
    "Sat..Mon 02:00",
    "Mon..",
    "Mon.Fri",
    ",Sun",
    "Mo 02:00",
    "daily 02:00",
    "*-*-*T02:00",
    "02:00 Mars/Olympus",
    "tomorrow",
    "1:2:3:4",
    "1,:0",
    "*-*-1.. 0:0",
];

/// What systemd says of an expression.
enum Verdict {
    /// Its occurrences after a moment.
    Occurrences(Vec<Timestamp>),
    /// It can't read it.
    Refused,
    /// It could read it and then got lost in the calculation, as 252 sometimes does around a change of clocks: no oracle.
    Lost,
}

fn systemd(text: &str, zone: &str, base: Timestamp) -> Verdict {
    let output = Command::new("systemd-analyze")
        .args(["calendar", &format!("--iterations={ITERATIONS}")])
        .arg(format!("--base-time={}", base.strftime("%F %T UTC")))
        .args(["--", text])
        .env("TZ", zone)
        .env("LC_ALL", "C.UTF-8")
        .output()
        .expect("systemd-analyze is installed");
    if !output.status.success() {
        let lost = String::from_utf8_lossy(&output.stderr).contains("Infinite loop in calendar calculation");
        return if lost { Verdict::Lost } else { Verdict::Refused };
    }
    let stdout = String::from_utf8(output.stdout).unwrap();
    let field = |line: &str, label: &str| -> Option<Timestamp> {
        let value = line.trim().strip_prefix(label)?.trim();
        // "Sun 2026-03-29 00:30:00 UTC"
        let (date_time, _) = value.split_once(' ')?.1.rsplit_once(' ')?;
        let local: DateTime = date_time.replace(' ', "T").parse().ok()?;
        Some(local.to_zoned_datetime(TimeZone::UTC).unwrap().timestamp())
    };
    let labels: &[&str] =
        if stdout.contains("(in UTC):") { &["(in UTC):"] } else { &["Next elapse:", "Iter. #"] };
    let occurrences = stdout
        .lines()
        .filter_map(|line| {
            labels.iter().find_map(|label| {
                let line = match *label {
                    "Iter. #" => line.trim().split_once(':').map(|(head, tail)| {
                        if head.starts_with("Iter. #") { format!("Iter. #{tail}") } else { String::new() }
                    })?,
                    _ => line.to_owned(),
                };
                field(&line, label)
            })
        })
        .collect();
    Verdict::Occurrences(occurrences)
}

fn ours(text: &str, zone: &TimeZone, base: Timestamp) -> Option<Vec<Timestamp>> {
    let calendar: Calendar = text.parse().ok()?;
    let occurrences = std::iter::successors(calendar.next(base, zone), |last| calendar.next(*last, zone));
    Some(occurrences.take(ITERATIONS).collect())
}

/// Compares one expression from one moment on, forward and backward; says what differs.
fn compare(text: &str, zone_name: &str, base: Timestamp) -> Result<(), String> {
    let zone = TimeZone::get(zone_name).unwrap();
    let theirs = match systemd(text, zone_name, base) {
        Verdict::Occurrences(times) => Some(times),
        Verdict::Refused => None,
        Verdict::Lost => return Ok(()),
    };
    let ours = ours(text, &zone, base);
    // systemd searches until 2199, we for nine years: only the early ones need to agree.
    let horizon = base + SignedDuration::from_hours(24 * 365 * 9);
    let early = |times: &Option<Vec<Timestamp>>| -> Option<Vec<Timestamp>> {
        times.as_ref().map(|times| times.iter().copied().filter(|time| *time < horizon).collect())
    };
    if early(&theirs) != early(&ours) {
        return Err(format!(
            "{text:?} in {zone_name} from {base}:\n  systemd {theirs:?}\n  ours    {ours:?}"
        ));
    }
    let Some(times) = early(&ours) else { return Ok(()) };
    let calendar: Calendar = text.parse().unwrap();
    for pair in times.windows(2) {
        let moments = [(pair[1] - SignedDuration::from_secs(1), pair[0]), (pair[1], pair[1])];
        for (moment, expected) in moments {
            let previous = calendar.previous(moment, &zone);
            if previous != Some(expected) {
                return Err(format!(
                    "{text:?} in {zone_name}: before {moment} comes {expected}, not {previous:?}"
                ));
            }
        }
    }
    Ok(())
}

/// Compares many, on as many threads as there are cores: each comparison waits for a process.
fn compare_all(cases: &[(String, &'static str, Timestamp)]) {
    let next = AtomicUsize::new(0);
    let differences = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, |n| n.get() * 2) {
            scope.spawn(|| {
                while let Some((text, zone, base)) = cases.get(next.fetch_add(1, Ordering::Relaxed)) {
                    if let Err(difference) = compare(text, zone, *base) {
                        differences.lock().unwrap().push(difference);
                    }
                }
            });
        }
    });
    let differences = differences.into_inner().unwrap();
    assert!(
        differences.is_empty(),
        "{} of {} differ from systemd:\n{}",
        differences.len(),
        cases.len(),
        differences.join("\n")
    );
}

#[test]
fn known_expressions_mean_what_they_mean_to_systemd() {
    let mut cases = Vec::new();
    for (index, text) in EXPRESSIONS.iter().enumerate() {
        // Every expression at each change of Rome's clocks, and at others in turn.
        cases.push((text.to_string(), ZONES[0], BASES[0].parse().unwrap()));
        cases.push((text.to_string(), ZONES[0], BASES[1].parse().unwrap()));
        cases.push((
            text.to_string(),
            ZONES[index % ZONES.len()],
            BASES[index % BASES.len()].parse().unwrap(),
        ));
    }
    compare_all(&cases);
}

/// Expressions put together at random: most are valid, some are not.
fn expression() -> impl Strategy<Value = String> {
    /// One field. A step without an end in a date is left out: there systemd has a bug that we don't follow.
    fn chain(low: u16, high: u16) -> impl Strategy<Value = String> {
        let is_time = low == 0;
        let number = low..=high;
        let item = prop_oneof![
            4 => number.clone().prop_map(|n| n.to_string()),
            1 => number.clone().prop_map(|n| format!("{n:02}")),
            2 => (number.clone(), number.clone()).prop_map(|(a, b)| format!("{}..{}", a.min(b), a.max(b))),
            2 => (number.clone(), 1..=high / 2)
                .prop_map(move |(a, step)| if is_time { format!("{a}/{step}") } else { a.to_string() }),
            1 => (number.clone(), number, 1..=high / 2)
                .prop_map(|(a, b, step)| format!("{}..{}/{step}", a.min(b), a.max(b))),
        ];
        prop_oneof![
            2 => Just("*".to_owned()),
            3 => prop::collection::vec(item, 1..3).prop_map(|items| items.join(",")),
        ]
    }
    let days = prop::sample::select(vec!["", "", "", "Sun ", "Mon..Fri ", "Tue,Sat ", "Wed,Fri..Sun "]);
    let years = prop::sample::select(vec!["", "*-", "2026..2029-", "2026/3-", "27-"]);
    let date = prop_oneof![
        2 => Just(String::new()),
        3 => (years, chain(1, 12), prop::sample::select(vec!["-", "-", "-", "~"]), chain(1, 31))
            .prop_map(|(year, month, separator, day)| format!("{year}{month}{separator}{day} ")),
    ];
    let time = prop_oneof![
        (chain(0, 23), chain(0, 59)).prop_map(|(hour, minute)| format!("{hour}:{minute}")),
        (chain(0, 23), chain(0, 59), chain(0, 59)).prop_map(|(h, m, s)| format!("{h}:{m}:{s}")),
        Just("02:30".to_owned()),
    ];
    (days, date, time).prop_map(|(days, date, time)| format!("{days}{date}{time}"))
}

#[test]
fn random_expressions_mean_what_they_mean_to_systemd() {
    let rng = TestRng::from_seed(RngAlgorithm::ChaCha, &[8; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), rng);
    let strategy = (expression(), prop::sample::select(&ZONES[..]), prop::sample::select(&BASES[..]));
    let cases: Vec<_> = (0..400)
        .map(|_| {
            let (text, zone, base) = strategy.new_tree(&mut runner).unwrap().current();
            (text, zone, base.parse().unwrap())
        })
        .collect();
    compare_all(&cases);
}
