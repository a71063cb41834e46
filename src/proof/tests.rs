// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Schedule and activity together, over simulated nights.

use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    activity::at_work,
    schedule::{self, CONCURRENCY, Candidate},
};
use crate::{
    ids::{ModuleId, NodeId, PlanId},
    roster::{ApplicationEntry, PlanEntry, Roster},
    run::Run,
    times::later,
};

const APPLICATIONS: i64 = 500;
/// Seconds that the backup of one takes; two nodes work at it.
const TAKES: i64 = 90;

/// The nightly run that was last due at `now`: since when, and until when.
fn night(now: Timestamp) -> (Timestamp, Timestamp) {
    let zone = TimeZone::get("Europe/Rome").unwrap();
    let local = zone.to_datetime(now);
    let at_ten = |date: jiff::civil::Date| zone.to_timestamp(date.at(22, 0, 0, 0)).unwrap();
    let tonight = at_ten(local.date());
    let due = if tonight <= now { tonight } else { at_ten(local.date().yesterday().unwrap()) };
    (due, later(due, SignedDuration::from_secs(APPLICATIONS / 2 * TAKES)))
}

/// What a reading shows: each node works through its half in the order of the plan.
fn reading(roster: &mut Roster, now: Timestamp) {
    let (tonight, _) = night(now);
    let (last_night, _) = night(later(tonight, SignedDuration::from_secs(-1)));
    for (index, application) in (0..).zip(&mut roster.plans[0].applications) {
        let run = |due: Timestamp| {
            let start = later(due, SignedDuration::from_secs(index / 2 * TAKES));
            let end = later(start, SignedDuration::from_secs(TAKES));
            Run { start: Some(start), end, errors: 0, size: None, files: None, error: None }
        };
        let of_tonight = run(tonight);
        application.last = Some(if of_tonight.end <= now { of_tonight } else { run(last_night) });
    }
}

fn cluster() -> Roster {
    let application = |index: i64| ApplicationEntry {
        module: ModuleId::new(format!("app{index}")).unwrap(),
        label: None,
        node: NodeId::new(format!("{}", index % 2 + 1)).unwrap(),
        last: None,
    };
    let plan = PlanEntry {
        id: PlanId::new("1").unwrap(),
        name: None,
        destination: None,
        destination_id: None,
        schedule: Some("*-*-* 22:00:00".into()),
        enabled: true,
        retention: None,
        applications: (0..APPLICATIONS).map(application).collect(),
    };
    Roster { at: Timestamp::UNIX_EPOCH, plans: vec![plan] }
}

#[test]
fn five_hundred_applications_are_proved_each_day_and_none_while_the_plan_runs() {
    let zone = TimeZone::get("Europe/Rome").unwrap();
    let mut roster = cluster();
    let modules: Vec<ModuleId> =
        roster.plans[0].applications.iter().map(|application| application.module.clone()).collect();
    // In the last of these nights, the clocks are put back.
    let begin: Timestamp = "2026-10-23T10:00:00Z".parse().unwrap();
    let end = later(begin, SignedDuration::from_hours(50));
    let mut asked: HashMap<&ModuleId, Vec<Timestamp>> = HashMap::new();
    let mut now = begin;
    while now < end {
        let last = |module| asked.get(module).and_then(|times| times.last().copied());
        let candidates: Vec<Candidate> =
            modules.iter().map(|module| Candidate { module, asked_at: last(module) }).collect();
        let waiting = schedule::due(&candidates, now);
        if !waiting.is_empty() {
            reading(&mut roster, now);
            if at_work(&roster, now, &zone).is_some() {
                now = later(now, SignedDuration::from_mins(5));
                continue;
            }
            let (due, over) = night(now);
            assert!(now < due || over <= now, "asked at {now}, while the plan runs");
        }
        let pause = match waiting.len() {
            0 => Duration::try_from(schedule::next(&candidates, now).unwrap().duration_since(now))
                .unwrap()
                .clamp(Duration::from_secs(2), Duration::from_secs(600)),
            waiting => schedule::pause(waiting) + Duration::from_secs(3),
        };
        for module in waiting.into_iter().take(CONCURRENCY) {
            asked.entry(module).or_default().push(now);
        }
        now = later(now, SignedDuration::try_from(pause).unwrap());
    }
    // The run takes more than six hours; what waited for it is made up for within two.
    let longest = SignedDuration::from_hours(24 + 7 + 2);
    for module in &modules {
        let times = &asked[module];
        let mut seen = vec![begin];
        seen.extend(times);
        seen.push(end);
        for pair in seen.windows(2) {
            assert!(pair[1].duration_since(pair[0]) <= longest, "{module}: {times:?}");
        }
        assert!(times.len() <= 5, "{module}: {times:?}");
    }
}
