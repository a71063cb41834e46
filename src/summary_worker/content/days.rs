// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The runs of each plan, day by day.

use std::collections::HashMap;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use super::term::Term;
use crate::{
    correlator::correlation::Outcome,
    ids::PlanId,
    report::history::PastRun,
    roster::{PlanEntry, Roster},
    summary::{Day, PlanRuns},
};

/// The most days of a strip: a week from a morning to a morning, and one more.
const MAX_DAYS: usize = 9;
/// The fewest: also a daily summary shows a week.
const WEEK: usize = 7;

fn date(at: Timestamp, zone: &TimeZone) -> Date {
    at.to_zoned_datetime(zone.clone()).date()
}

/// True for a run that is told: it began since the last summary.
fn is_told(past: &PastRun, term: Term) -> bool {
    past.run.began_at > term.from && past.run.began_at <= term.to
}

/// The days of all strips: seven, or those since the first run that is told where they are more.
pub(super) fn range(roster: &Roster, runs: &HashMap<&PlanId, Vec<&PastRun>>, term: Term) -> Vec<Date> {
    let last = date(term.to, term.zone);
    let told = roster.plans.iter().filter_map(|plan| runs.get(&plan.id)).flatten();
    let dates: Vec<Date> =
        told.filter(|past| is_told(past, term)).map(|past| date(past.run.began_at, term.zone)).collect();
    // In the morning of a day on which nothing has run yet, the day before is the last one.
    let last = if dates.contains(&last) { last } else { last.yesterday().unwrap_or(last) };
    let first = dates.iter().min().copied().unwrap_or(last);
    let mut days = vec![last];
    while days.len() < MAX_DAYS
        && let Some(day) = days.last().and_then(|day| day.yesterday().ok())
        && (day >= first || days.len() < WEEK)
    {
        days.push(day);
    }
    days.reverse();
    days
}

/// The runs of a plan, which come newest first; `is_cut` where older ones were dropped.
pub(super) fn plan(
    entry: &PlanEntry,
    runs: &[&PastRun],
    range: &[Date],
    term: Term,
    is_cut: bool,
) -> PlanRuns {
    let mut worst: HashMap<Date, Outcome> = HashMap::new();
    for past in runs.iter().filter(|past| past.run.began_at <= term.to) {
        let outcome = worst.entry(date(past.run.began_at, term.zone)).or_insert(past.run.outcome);
        *outcome = past.run.outcome.max(*outcome);
    }
    let kept_since = runs.last().map(|past| date(past.run.began_at, term.zone)).filter(|_| is_cut);
    let days = range.iter().map(|date| Day {
        date: *date,
        outcome: worst.get(date).copied(),
        is_forgotten: kept_since.is_some_and(|since| *date < since),
    });
    let told: Vec<&&PastRun> = runs.iter().filter(|past| is_told(past, term)).collect();
    PlanRuns {
        id: entry.id.clone(),
        name: entry.name.clone(),
        destination: entry.destination.clone(),
        enabled: entry.enabled,
        runs: told.len(),
        successful: told.iter().filter(|past| past.run.outcome == Outcome::Success).count(),
        days: days.collect(),
    }
}
