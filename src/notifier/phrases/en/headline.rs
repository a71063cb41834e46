// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! English words for the subject, the headline and the incident.

use super::English;
use crate::{
    correlator::correlation::State,
    notifier::phrases::{Counted, HeadlinePhrases, Unit},
};

impl HeadlinePhrases for English {
    fn named_in_state(&self, applications: &str, _count: usize, state: State) -> String {
        format!("{applications} {}", in_state(state))
    }

    fn counts(&self, counted: &Counted) -> String {
        let Counted { failed, missing, pending, total, unit } = *counted;
        let noun = match (unit, total) {
            (Unit::Applications, 1) => "application",
            (Unit::Applications, _) => "applications",
            (Unit::Backups, 1) => "backup",
            (Unit::Backups, _) => "backups",
        };
        let states = [(failed, State::Failed), (missing, State::Missing), (pending, State::Pending)];
        let mut parts: Vec<String> = Vec::new();
        for (count, state) in states.into_iter().filter(|(count, _)| *count > 0) {
            parts.push(match parts.is_empty() {
                true => format!("{count} of {total} {noun} {}", in_state(state)),
                false => format!("{count} {}", in_state(state)),
            });
        }
        parts.join(", ")
    }

    fn of_total(&self, count: usize, total: usize) -> String {
        format!("{count} of {total}")
    }

    fn nothing_ran(&self, total: usize) -> String {
        match total {
            1 => "the backup did not run".into(),
            2 => "neither of the 2 backups ran".into(),
            _ => format!("none of the {total} backups ran"),
        }
    }

    fn all_backed_up(&self, total: usize) -> String {
        match total {
            1 => "1 application backed up".into(),
            2 => "both applications backed up".into(),
            _ => format!("all {total} applications backed up"),
        }
    }

    fn working_again(&self, lasted: Option<&str>) -> String {
        match lasted {
            Some(lasted) => format!("working again after {lasted}"),
            None => "working again".into(),
        }
    }

    fn shrank_clause(&self, application: &str, before: &str, now: &str) -> String {
        format!("{application} shrank from {before} to {now}")
    }

    fn shrank_count(&self, count: usize) -> String {
        format!("{count} backups shrank")
    }

    fn thinned_clause(&self, application: &str, before: usize, now: usize) -> String {
        format!("{application} has {now} instead of {before} snapshots")
    }

    fn thinned_count(&self, count: usize) -> String {
        format!("most snapshots of {count} applications are gone")
    }

    fn files(&self, count: u64) -> String {
        if count == 1 { "1 file".into() } else { format!("{count} files") }
    }

    fn nodes(&self, count: usize) -> String {
        format!("{count} nodes")
    }

    fn counted_applications(&self, count: usize, names: &str) -> String {
        format!("{count} applications: {names}")
    }

    fn and_more(&self, names: &str, more: usize) -> String {
        format!("{names} and {more} more")
    }

    fn incident_goes_on(&self, plan: Option<&str>, runs: u32, since: &str, at_risk: Option<&str>) -> String {
        let plan = plan.map(|plan| format!("{plan}: ")).unwrap_or_default();
        let at_risk = at_risk.map(|risk| format!("; data at risk: {risk}")).unwrap_or_default();
        format!("{plan}{} run in a row, failing since {since}{at_risk}.", ordinal(runs))
    }

    fn incident_over(&self, plan: Option<&str>, lasted: &str, since: &str, runs: u32) -> String {
        let plan = plan.map_or_else(|| "Working".into(), |plan| format!("{plan}: working"));
        let runs = if runs == 1 { "1 run".into() } else { format!("{runs} runs") };
        format!("{plan} again after {lasted}: it had failed since {since}, {runs} in all.")
    }

    fn news_application(&self, application: &str) -> String {
        format!("New: {application} is not backed up either.")
    }

    fn news_recovered(&self, application: &str) -> String {
        format!("New: {application} is backed up again.")
    }

    fn news_state(&self, application: &str, before: State, now: State) -> String {
        format!("New: {application} {} (before: {}).", in_state(now), in_state(before))
    }

    fn run_is_stuck(&self, plan: &str, destination: Option<&str>) -> String {
        let destination = destination.unwrap_or("the destination");
        format!(
            "“{plan}” seems to be stuck: none of its applications has reported since it was due, and {destination} does \
             not respond."
        )
    }

    fn news_cause(&self, application: &str, before: &str, now: &str) -> String {
        format!("New: the cause for {application} has changed: {now} (was: {before}).")
    }

    fn more_news(&self, count: usize) -> String {
        format!("{count} more changes since the last email.")
    }

    fn plans(&self, count: usize) -> String {
        format!("{count} plans")
    }

    fn plan_by_id(&self, id: &str) -> String {
        format!("plan {id}")
    }
}

fn in_state(state: State) -> &'static str {
    match state {
        State::Failed => "failed",
        State::Missing | State::Ok => "did not run",
        State::Pending => "still running",
    }
}

/// `Third`, `11th`
fn ordinal(number: u32) -> String {
    const FIRST: [&str; 10] =
        ["First", "Second", "Third", "Fourth", "Fifth", "Sixth", "Seventh", "Eighth", "Ninth", "Tenth"];
    let word = number.checked_sub(1).and_then(|index| FIRST.get(usize::try_from(index).ok()?));
    word.map_or_else(
        || {
            let end = match (number % 100, number % 10) {
                (11..=13, _) => "th",
                (_, 1) => "st",
                (_, 2) => "nd",
                (_, 3) => "rd",
                _ => "th",
            };
            format!("{number}{end}")
        },
        |word| (*word).to_owned(),
    )
}
