// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use std::collections::BTreeMap;

use super::*;
use crate::times::earlier;

const BEGIN: &str = "2026-11-25T08:00:00Z";

fn modules(count: usize) -> Vec<ModuleId> {
    (0..count).map(|index| ModuleId::new(format!("app{index}")).unwrap()).collect()
}

/// Asks as the watch does, over a simulated time.
struct Simulation {
    modules: Vec<ModuleId>,
    asked_at: BTreeMap<ModuleId, Timestamp>,
    /// What the clock says.
    now: Timestamp,
    /// How long it has really been, whatever the clock says.
    real: Duration,
    /// How long it has really been at each question, and about whom.
    asked: Vec<(Duration, ModuleId)>,
}

impl Simulation {
    fn of(count: usize) -> Self {
        let (modules, asked_at, asked) = (modules(count), BTreeMap::new(), Vec::new());
        Self { modules, asked_at, now: BEGIN.parse().unwrap(), real: Duration::ZERO, asked }
    }

    fn candidates(&self) -> Vec<Candidate<'_>> {
        let candidate = |module| Candidate { module, asked_at: self.asked_at.get(module).copied() };
        self.modules.iter().map(candidate).collect()
    }

    fn pass(&mut self, time: Duration) {
        self.real += time;
        self.now += SignedDuration::try_from(time).unwrap();
    }

    /// Asks for so long, unless `is_busy` says of the hour that backups run.
    fn go_on(&mut self, time: Duration, is_busy: impl Fn(i64) -> bool) {
        let until = self.real + time;
        while self.real < until {
            let hour = self.now.as_second().rem_euclid(DAY) / 3600;
            if is_busy(hour) {
                self.pass(Duration::from_secs(600));
                continue;
            }
            let due: Vec<ModuleId> = due(&self.candidates(), self.now).into_iter().cloned().collect();
            if due.is_empty() {
                let wait = next(&self.candidates(), self.now).unwrap().duration_since(self.now);
                self.pass(Duration::try_from(wait).unwrap().clamp(Duration::from_secs(1), until - self.real));
                continue;
            }
            for module in due.iter().take(CONCURRENCY) {
                self.asked_at.insert(module.clone(), self.now);
                self.asked.push((self.real, module.clone()));
            }
            // restic takes a few seconds.
            self.pass(Duration::from_secs(3) + pause(due.len()));
        }
    }

    /// The longest that an application waited between two questions, or for its first one, over all.
    fn longest_wait(&self) -> Duration {
        let mut last: BTreeMap<&ModuleId, Duration> =
            self.modules.iter().map(|id| (id, Duration::ZERO)).collect();
        let mut longest = Duration::ZERO;
        for (at, module) in &self.asked {
            let before = last.insert(module, *at).unwrap();
            longest = longest.max(*at - before);
        }
        last.values().map(|last| self.real - *last).chain([longest]).max().unwrap()
    }
}

const HOUR: Duration = Duration::from_secs(3600);

#[test]
fn what_was_never_asked_is_due_at_once_and_a_few_are_through_within_a_minute() {
    let mut simulation = Simulation::of(5);
    simulation.go_on(Duration::from_secs(60), |_| false);
    assert_eq!(simulation.asked_at.len(), 5);
    assert_eq!(simulation.asked[0].0, Duration::ZERO);
}

#[test]
fn five_hundred_applications_are_all_asked_within_a_day_and_spread_over_it() {
    let mut simulation = Simulation::of(500);
    simulation.go_on(24 * HOUR, |_| false);
    assert_eq!(simulation.asked_at.len(), 500);
    simulation.asked.clear();
    let begin = simulation.real;
    simulation.go_on(3 * 24 * HOUR, |_| false);
    assert_eq!(simulation.asked.len(), 3 * 500, "once a day each");
    let mut hours = [0_usize; 24];
    for (at, _) in &simulation.asked {
        hours[usize::try_from((*at - begin).as_secs() / 3600 % 24).unwrap()] += 1;
    }
    // Of 1500, an hour's share is 62.
    assert!(hours.iter().all(|count| (15..=125).contains(count)), "{hours:?}");
}

#[test]
fn nobody_waits_much_longer_than_a_day_though_backups_run_all_night() {
    let mut simulation = Simulation::of(500);
    // From 22 to 6 o'clock.
    let night = |hour: i64| !(6..22).contains(&hour);
    simulation.go_on(4 * 24 * HOUR, night);
    assert!(simulation.longest_wait() < 27 * HOUR, "{:?}", simulation.longest_wait());
    let begin: Timestamp = BEGIN.parse().unwrap();
    for (at, module) in &simulation.asked {
        let hour = (begin + SignedDuration::try_from(*at).unwrap()).as_second().rem_euclid(DAY) / 3600;
        assert!(!night(hour), "{module} at {at:?}");
    }
}

#[test]
fn what_waits_is_made_up_for_a_bit_at_a_time() {
    for (waiting, expected) in [(1, 40), (10, 400), (500, 20_000), (2000, 14_400), (usize::MAX, 0)] {
        assert_eq!(pause(waiting).as_millis(), expected, "{waiting}");
    }
}

#[test]
fn a_clock_that_jumps_makes_nobody_wait_for_it() {
    for jump in [-400 * DAY, -DAY, -3600, -60, 3600, DAY, 400 * DAY] {
        let mut simulation = Simulation::of(50);
        simulation.go_on(30 * HOUR, |_| false);
        simulation.now += SignedDuration::from_secs(jump);
        simulation.asked.clear();
        let begin = simulation.real;
        simulation.go_on(26 * HOUR, |_| false);
        for module in &simulation.modules {
            let asked = simulation.asked.iter().find(|(_, asked)| asked == module);
            let wait = asked.map(|(at, _)| *at - begin);
            assert!(wait.is_some_and(|wait| wait < 26 * HOUR), "{module} after a jump of {jump} s: {wait:?}");
        }
        // Nor is anybody asked all the time.
        assert!(simulation.asked.len() <= 3 * 50, "{} after a jump of {jump} s", simulation.asked.len());
    }
}

#[test]
fn who_waits_longest_is_asked_first_and_a_restart_changes_nothing() {
    let names = modules(3);
    let now: Timestamp = BEGIN.parse().unwrap();
    let ago = |hours| Some(earlier(now, SignedDuration::from_hours(hours)));
    let asked_at = [ago(30), None, ago(50)];
    let candidates: Vec<Candidate> =
        names.iter().zip(asked_at).map(|(module, asked_at)| Candidate { module, asked_at }).collect();
    assert_eq!(due(&candidates, now), [&names[1], &names[2], &names[0]]);
    assert_eq!(next(&candidates, now), Some(now));
    assert_eq!(next(&[], now), None);
    let just_asked = [Candidate { module: &names[0], asked_at: Some(now) }];
    assert_eq!(due(&just_asked, now), [] as [&ModuleId; 0]);
    let next = next(&just_asked, now).unwrap();
    assert!(now < next && next <= later(now, SignedDuration::from_secs(DAY)));
    assert_eq!(due(&just_asked, next), [&names[0]]);
}
