// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use proptest::prelude::*;

use super::*;

const ZONES: [&str; 7] = [
    "Europe/Rome",
    "America/New_York",
    "Australia/Lord_Howe",
    "Asia/Kathmandu",
    "America/Santiago",
    "Pacific/Apia",
    "UTC",
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn zone(name: &str) -> TimeZone {
    TimeZone::get(name).unwrap()
}

/// A service that looks, as the worker does, and keeps its record over restarts.
struct Service {
    zone: TimeZone,
    cadence: Cadence,
    kept: String,
    sent: Vec<(Occasion, Timestamp)>,
}

impl Service {
    fn started(zone_name: &str, cadence: Cadence, now: Timestamp) -> Self {
        let kept = serde_json::to_string(&Record::new(now)).unwrap();
        Self { zone: zone(zone_name), cadence, kept, sent: Vec::new() }
    }

    /// Looks at this time; gives when it would look next.
    fn look(&mut self, now: Timestamp) -> Timestamp {
        let record: Record = serde_json::from_str(&self.kept).unwrap();
        let record = record.as_of(now);
        match record.due(self.cadence, &self.zone, now) {
            Due::Now(occasion) => {
                self.sent.push((occasion, now));
                let record = record.sent(occasion, self.cadence, &self.zone, now);
                self.kept = serde_json::to_string(&record).unwrap();
                self.look(now)
            }
            Due::At(at) => {
                assert!(at > now, "{at} is not after {now}");
                at
            }
            Due::Never => Timestamp::MAX,
        }
    }

    fn days(&self) -> Vec<Date> {
        let regular = |(occasion, _): &(Occasion, Timestamp)| match occasion {
            Occasion::Regular(day) => Some(*day),
            Occasion::First => None,
        };
        self.sent.iter().filter_map(regular).collect()
    }

    fn assert_none_twice(&self) {
        let days = self.days();
        assert_eq!(days.iter().collect::<BTreeSet<_>>().len(), days.len(), "{days:?}");
        assert!(self.sent.iter().filter(|(occasion, _)| *occasion == Occasion::First).count() <= 1);
    }
}

/// How many Mondays, or days, there are with seven o'clock between two moments.
fn expected(cadence: Cadence, zone: &TimeZone, from: Timestamp, to: Timestamp) -> Vec<Date> {
    let mut day = from.to_zoned_datetime(zone.clone()).date();
    let mut days = Vec::new();
    while let Some(at) = moment(day, zone).filter(|at| *at <= to) {
        if at > from && (cadence == Cadence::Daily || day.weekday() == Weekday::Monday) {
            days.push(day);
        }
        day = day.tomorrow().unwrap();
    }
    days
}

#[test]
fn a_year_has_one_for_each_day_or_monday_at_seven_in_every_zone() {
    for name in ZONES {
        for cadence in [Cadence::Daily, Cadence::Weekly] {
            // A Thursday: the first comes on Friday at ten.
            let start = at("2026-01-01T10:00:00Z");
            let end = at("2027-02-01T00:00:00Z");
            let mut service = Service::started(name, cadence, start);
            let mut now = start;
            while now < end {
                now = service.look(now);
            }
            service.assert_none_twice();
            assert_eq!(service.sent[0], (Occasion::First, at("2026-01-02T10:00:00Z")), "{name}");
            let all = expected(cadence, &service.zone, at("2026-01-02T22:00:00Z"), end);
            assert!(service.days().ends_with(&all), "{name} {cadence:?}");
            assert!(service.days().len() - all.len() <= 1, "{name} {cadence:?}");
            for (occasion, sent_at) in &service.sent[1..] {
                let local = sent_at.to_zoned_datetime(service.zone.clone());
                assert_eq!((local.hour(), local.minute()), (7, 0), "{name} {occasion:?}");
            }
        }
    }
}

#[test]
fn what_was_due_while_the_service_was_down_is_sent_once_when_it_is_back() {
    let mut service = Service::started("Europe/Rome", Cadence::Weekly, at("2026-11-03T09:00:00Z"));
    service.look(at("2026-11-04T09:00:00Z"));
    // Down from Saturday to Tuesday, then for three Mondays.
    for now in
        ["2026-11-07T12:00:00Z", "2026-11-10T12:00:00Z", "2026-11-10T12:01:00Z", "2026-12-01T05:00:00Z"]
    {
        service.look(at(now));
    }
    let days: Vec<String> = service.days().iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2026-11-09", "2026-11-30"]);
    assert_eq!(service.look(at("2026-12-01T05:00:01Z")), at("2026-12-07T06:00:00Z"));
}

#[test]
fn the_first_and_a_regular_one_do_not_come_within_a_day() {
    // Installed on a Sunday at eleven: the first on Monday at eleven, after Monday's seven o'clock.
    let mut service = Service::started("Europe/Rome", Cadence::Weekly, at("2026-11-22T10:00:00Z"));
    assert_eq!(service.look(at("2026-11-23T06:00:00Z")), at("2026-11-23T10:00:00Z"));
    assert_eq!(service.look(at("2026-11-23T10:00:00Z")), at("2026-11-30T06:00:00Z"));
    // Installed on a Saturday: the first on Sunday, and none on Monday.
    let mut service = Service::started("Europe/Rome", Cadence::Weekly, at("2026-11-21T10:00:00Z"));
    assert_eq!(service.look(at("2026-11-22T10:00:00Z")), at("2026-11-30T06:00:00Z"));
    // On a Wednesday: that is long before Monday.
    let mut service = Service::started("Europe/Rome", Cadence::Weekly, at("2026-11-18T10:00:00Z"));
    assert_eq!(service.look(at("2026-11-19T10:00:00Z")), at("2026-11-23T06:00:00Z"));
    assert_eq!(service.sent.len(), 1);
}

#[test]
fn one_that_is_switched_on_later_begins_with_a_first_at_once() {
    let now = at("2026-11-18T10:00:00Z");
    let record = Record::new(at("2026-06-01T00:00:00Z"));
    assert_eq!(record.due(Cadence::Off, &TimeZone::UTC, now), Due::Never);
    assert_eq!(record.due(Cadence::Weekly, &TimeZone::UTC, now), Due::Now(Occasion::First));
}

#[test]
fn a_first_start_that_is_still_to_come_is_no_reason_to_wait_for_it() {
    let now = at("2026-11-18T10:00:00Z");
    let record = Record::new(at("2031-01-01T00:00:00Z")).as_of(now);
    assert_eq!(record.due(Cadence::Daily, &TimeZone::UTC, now), Due::At(at("2026-11-19T10:00:00Z")));
}

#[test]
fn a_clock_that_is_years_ahead_for_a_while_loses_no_monday() {
    let mut service = Service::started("Europe/Rome", Cadence::Weekly, at("2026-11-03T09:00:00Z"));
    for now in [
        "2026-11-04T09:00:00Z",
        "2026-11-09T06:00:00Z",
        "2034-05-05T05:00:00Z",
        "2026-11-11T06:00:00Z",
        "2026-11-16T06:00:00Z",
        "2026-11-23T06:00:00Z",
    ] {
        service.look(at(now));
    }
    let days: Vec<String> = service.days().iter().map(ToString::to_string).collect();
    assert_eq!(days, ["2026-11-09", "2034-05-01", "2026-11-16", "2026-11-23"]);
}

#[test]
fn the_time_told_is_since_the_last_one_and_bounded() {
    let mut record = Record::new(at("2026-11-01T00:00:00Z"));
    let now = at("2026-11-23T06:00:00Z");
    let since = |record: &Record, cadence| record.since(cadence, now).to_string();
    assert_eq!(since(&record, Cadence::Weekly), "2026-11-16T06:00:00Z");
    record.last = Some(at("2026-11-15T18:00:00Z"));
    assert_eq!(since(&record, Cadence::Weekly), "2026-11-15T18:00:00Z");
    record.last = Some(at("2026-10-01T06:00:00Z"));
    assert_eq!(since(&record, Cadence::Weekly), "2026-11-15T06:00:00Z");
    // The clock was ahead.
    record.last = Some(at("2031-01-01T06:00:00Z"));
    assert_eq!(since(&record, Cadence::Daily), "2026-11-22T06:00:00Z");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// A year of looks at random: pauses of up to nine days in which the service is down, and a clock that is wrong by up to twenty days either
    /// way for some of the looks. Never two for one day; and each Monday, or day, that had a look with the right clock before the next one was
    /// due has its summary.
    #[test]
    fn none_is_sent_twice_and_none_is_lost(
        zone_index in 0..ZONES.len(),
        is_daily in any::<bool>(),
        first in 0i64..86_400 * 30,
        looks in prop::collection::vec((60i64..86_400 * 9, prop::option::weighted(0.1, -20i64 * 86_400..20 * 86_400)), 40..120),
    ) {
        let cadence = if is_daily { Cadence::Daily } else { Cadence::Weekly };
        let start = at("2026-01-01T00:00:00Z") + SignedDuration::from_secs(first);
        let mut service = Service::started(ZONES[zone_index], cadence, start);
        let mut now = start + SignedDuration::from_hours(24);
        service.look(now);
        for (pause, wrong) in looks {
            now += SignedDuration::from_secs(pause);
            if let Some(wrong) = wrong {
                service.look(now + SignedDuration::from_secs(wrong));
            }
            service.look(now);
            // The last day that was due has its summary now, or the first stood for it.
            let last = last_day(cadence, &service.zone, now).unwrap();
            let record: Record = serde_json::from_str(&service.kept).unwrap();
            prop_assert!(record.is_done(last) || moment(last, &service.zone).unwrap() <= record.first_start);
        }
        service.assert_none_twice();
    }
}
