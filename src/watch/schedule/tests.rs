// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use jiff::{SignedDuration, civil::date};

use super::*;

const PATIENCE: Patience = Patience { settle: Duration::from_secs(1800), grace: Duration::from_secs(7200) };

fn rome() -> TimeZone {
    TimeZone::get("Europe/Rome").unwrap()
}

/// A plan whose nights pass one after the other, looked at every half hour.
struct Months {
    plan: PlanId,
    node: NodeId,
    schedule: Option<String>,
    last: Option<Run>,
    known: Option<PlanSchedule>,
    now: Timestamp,
    raised: Vec<String>,
    /// When the run was due of which nothing was seen at the last look.
    silent_since: Option<String>,
}

impl Months {
    fn from(day: jiff::civil::Date, schedule: &str) -> Self {
        Self {
            plan: PlanId::new("1").unwrap(),
            node: NodeId::new("1").unwrap(),
            schedule: Some(schedule.into()),
            last: None,
            known: None,
            now: day.at(12, 0, 0, 0).to_zoned_datetime(rome()).unwrap().timestamp(),
            raised: Vec::new(),
            silent_since: None,
        }
    }

    fn look(&mut self) {
        let snapshot = PlanSnapshot {
            plan: &self.plan,
            name: None,
            schedule: self.schedule.as_deref(),
            members: vec![(&self.node, self.last.as_ref())],
            result: None,
        };
        let findings = look(&snapshot, self.known.as_ref(), self.now, &rome(), PATIENCE);
        // As the journal does: nothing is lost in it.
        let kept = serde_json::to_string(&findings.known).unwrap();
        self.known = Some(serde_json::from_str(&kept).unwrap());
        let local = |at: Timestamp| at.to_zoned_datetime(rome()).strftime("%Y-%m-%d %H:%M").to_string();
        self.silent_since = findings.silent_since.map(local);
        self.raised.extend(findings.raised.map(|alert| local(alert.starts_at.unwrap())));
    }

    fn runs(&mut self) {
        let end = self.now;
        let start = Some(end - SignedDuration::from_mins(5));
        self.last = Some(Run { start, end, errors: 0, size: None, files: None, error: None });
    }

    fn pass_days_without_runs(&mut self) {
        for _ in 0..10 {
            self.now += SignedDuration::from_hours(24);
            self.look();
        }
    }

    /// Lets time pass until noon of `day`. The plan runs whenever it is due, but not on the days in `off`; nobody looks on the days
    /// in `down`.
    fn pass_until(&mut self, day: jiff::civil::Date, off: &[jiff::civil::Date], down: &[jiff::civil::Date]) {
        let end = day.at(12, 0, 0, 0).to_zoned_datetime(rome()).unwrap().timestamp();
        while self.now < end {
            let before = self.now;
            self.now += SignedDuration::from_mins(30);
            let today = self.now.to_zoned_datetime(rome()).date();
            let calendar = self.schedule.as_deref().map(|text| text.parse::<Calendar>().unwrap());
            let due = calendar.and_then(|calendar| calendar.next(before, &rome()));
            if due.is_some_and(|due| due <= self.now) && !off.contains(&today) {
                self.runs();
            }
            if !down.contains(&today) {
                self.look();
            }
        }
    }
}

#[test]
fn a_year_of_nights_without_a_miss_raises_nothing() {
    for schedule in ["*-*-* 02:30:00", "daily", "Mon *-*-* 03:00:00", "*-*-01 00:15:00", "*-*-* *:40:00"] {
        let mut months = Months::from(date(2026, 1, 1), schedule);
        months.pass_until(date(2026, 12, 31), &[], &[]);
        assert_eq!(months.raised, [] as [&str; 0], "{schedule}");
    }
}

#[test]
fn each_night_that_is_skipped_is_raised_once_daylight_saving_included() {
    let mut months = Months::from(date(2026, 1, 1), "*-*-* 02:30:00");
    // In Rome, 2:30 does not exist on 29 March 2026, and exists twice on 25 October.
    let off = [date(2026, 2, 3), date(2026, 2, 4), date(2026, 3, 28), date(2026, 7, 1), date(2026, 10, 25)];
    months.pass_until(date(2026, 12, 31), &off, &[]);
    let expected =
        ["2026-02-03 02:30", "2026-02-04 02:30", "2026-03-28 02:30", "2026-07-01 02:30", "2026-10-25 02:30"];
    assert_eq!(months.raised, expected);
}

#[test]
fn a_night_that_was_skipped_while_nobody_looked_is_raised_afterwards() {
    let mut months = Months::from(date(2026, 5, 1), "*-*-* 02:30:00");
    let away = [date(2026, 5, 10), date(2026, 5, 11)];
    months.pass_until(date(2026, 5, 20), &away, &away);
    // Of the two, the last: by the time somebody looks, there is one answer to "has it run since it was due?".
    assert_eq!(months.raised, ["2026-05-11 02:30"]);
}

#[test]
fn a_new_or_changed_schedule_is_not_missed_for_what_it_was_due_before() {
    let mut months = Months::from(date(2026, 5, 1), "*-*-* 02:30:00");
    months.look();
    assert_eq!(months.raised, [] as [&str; 0]);
    months.pass_until(date(2026, 5, 3), &[], &[]);
    // At noon, as if it had been so since ever.
    months.schedule = Some("*-*-* 09:00:00".into());
    months.pass_until(date(2026, 5, 4), &[date(2026, 5, 4)], &[]);
    assert_eq!(months.raised, ["2026-05-04 09:00"]);
}

#[test]
fn a_plan_that_ran_before_we_came_is_missed_at_once_and_a_new_one_is_not() {
    let mut months = Months::from(date(2026, 5, 1), "*-*-* 02:30:00");
    months.runs();
    months.now += SignedDuration::from_hours(48);
    months.look();
    assert_eq!(months.raised, ["2026-05-03 02:30"]);

    let mut months = Months::from(date(2026, 5, 1), "*-*-* 02:30:00");
    months.look();
    assert_eq!(months.raised, [] as [&str; 0]);
}

#[test]
fn a_disabled_plan_is_not_missed_nor_for_the_time_when_it_was() {
    let mut months = Months::from(date(2026, 5, 1), "*-*-* 02:30:00");
    months.pass_until(date(2026, 5, 3), &[], &[]);
    months.schedule = None;
    months.pass_until(date(2026, 5, 6), &[], &[]);
    months.schedule = Some("*-*-* 02:30:00".into());
    months.pass_until(date(2026, 5, 7), &[date(2026, 5, 7)], &[]);
    assert_eq!(months.raised, ["2026-05-07 02:30"]);
}

#[test]
fn a_clock_that_jumps_and_comes_back_does_not_end_the_watch() {
    let mut months = Months::from(date(2026, 5, 1), "*-*-* 02:30:00");
    months.pass_until(date(2026, 5, 3), &[], &[]);
    months.schedule = Some("*-*-* 03:30:00".into());
    months.now += SignedDuration::from_hours(24 * 365);
    months.look();
    months.now -= SignedDuration::from_hours(24 * 365);
    months.raised.clear();
    months.pass_until(date(2026, 5, 5), &[date(2026, 5, 5)], &[]);
    assert_eq!(months.raised, ["2026-05-05 03:30"]);
}

#[test]
fn a_first_application_that_takes_long_is_given_its_time() {
    let mut months = Months::from(date(2026, 5, 1), "*-*-* 02:30:00");
    months.look();
    let hours = SignedDuration::from_hours;
    let end = months.now - hours(6);
    months.last =
        Some(Run { start: Some(end - hours(3)), end, errors: 0, size: None, files: None, error: None });
    // Due at 02:30, it may report until 08:30.
    months.now += hours(20);
    months.look();
    assert_eq!(months.raised, [] as [&str; 0]);
    months.now += hours(1);
    months.look();
    assert_eq!(months.raised, ["2026-05-02 02:30"]);
}

#[test]
fn a_plan_whose_schedule_can_not_be_read_is_not_missed() {
    let mut months = Months::from(date(2026, 5, 1), "now and then");
    months.runs();
    months.pass_days_without_runs();
    assert_eq!(months.raised, [] as [&str; 0]);
}

#[test]
fn a_run_of_which_nothing_is_seen_after_the_settle_time_may_be_stuck_until_it_is_missing() {
    let mut months = Months::from(date(2026, 5, 1), "*-*-* 12:30:00");
    months.look();
    let due = Some("2026-05-01 12:30".to_owned());
    for (minutes, expected) in [(59, None), (60, due.clone()), (149, due), (150, None), (600, None)] {
        months.now = date(2026, 5, 1).at(12, 0, 0, 0).to_zoned_datetime(rome()).unwrap().timestamp();
        months.now += SignedDuration::from_mins(minutes);
        months.look();
        assert_eq!(months.silent_since, expected, "{minutes}");
    }
    assert_eq!(months.raised, ["2026-05-01 12:30"]);
}

#[test]
fn a_run_that_was_reported_as_stuck_or_has_reported_is_not_asked_about_again() {
    let mut months = Months::from(date(2026, 5, 1), "*-*-* 12:30:00");
    months.look();
    months.now += SignedDuration::from_mins(70);
    months.look();
    assert!(months.silent_since.is_some());
    let due = months.now - SignedDuration::from_mins(40);
    months.known.as_mut().unwrap().report_stuck(due);
    months.look();
    assert_eq!(months.silent_since, None);
    months.now += SignedDuration::from_hours(24);
    months.runs();
    months.look();
    assert_eq!(months.silent_since, None);
}
