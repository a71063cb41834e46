// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The summary, in English.

use super::English;
use crate::{
    config::Cadence,
    notifier::phrases::summary::{DayWords, SummaryPhrases, SummaryTexts},
};

const TEXTS: SummaryTexts = SummaryTexts {
    kind: "Backup summary",
    nothing_ran: "no backup has run yet",
    no_applications: "there is nothing to back up yet",
    nothing_open: "Nothing needs your attention.",
    gaps: "What is not protected",
    not_recent: "No recent backup",
    incidents: "Incidents",
    over: "resolved",
    runs: "Backup runs",
    days: DayWords {
        good: "all backed up",
        partial: "in part",
        failed: "failed",
        missing: "did not run",
        unknown: "not known yet",
        none: "no run",
    },
    disabled: "disabled",
    no_runs: "no runs",
    restore_points: "Oldest restore points",
    no_restore_point: "none",
    not_proved: "not verified yet",
    growth: "Backed-up data",
    link_monitor: "Open the backup monitor",
};

fn runs(count: u32) -> String {
    if count == 1 { "1 run".into() } else { format!("{count} runs in a row") }
}

impl SummaryPhrases for English {
    fn summary(&self) -> &'static SummaryTexts {
        &TEXTS
    }

    fn protected(&self, count: usize, total: usize) -> String {
        match (count, total) {
            (0, 1) => "the only application is not protected".into(),
            (1, 1) => "1 application is protected".into(),
            (0, _) => format!("none of {total} applications is protected"),
            (2, 2) => "both applications are protected".into(),
            (count, total) if count == total => format!("all {total} applications are protected"),
            _ => format!("{count} of {total} applications are protected"),
        }
    }

    fn failing_plans(&self, count: usize) -> String {
        if count == 1 { "1 plan is failing".into() } else { format!("{count} plans are failing") }
    }

    fn runs_since(&self, since: &str, runs: usize, successful: usize) -> String {
        match (runs, runs.saturating_sub(successful)) {
            (0, _) => format!("No backup has run since {since}."),
            (1, 0) => format!("1 backup run since {since}, successful."),
            (1, _) => format!("1 backup run since {since}, not successful."),
            (_, 0) => format!("{runs} backup runs since {since}, all successful."),
            (_, bad) if bad == runs => format!("{runs} backup runs since {since}, none of them successful."),
            (_, bad) => format!("{runs} backup runs since {since}, {bad} of them not successful."),
        }
    }

    fn first_run_due(&self, time: &str) -> String {
        format!("The first run is due {time}.")
    }

    fn first_summary(&self, cadence: Cadence) -> String {
        match cadence {
            Cadence::Daily => "This is your first summary. The next ones arrive every day at 7:00.".into(),
            Cadence::Weekly | Cadence::Off => {
                "This is your first summary. The next ones arrive every Monday at 7:00.".into()
            }
        }
    }

    fn cadence(&self, cadence: Cadence) -> &'static str {
        match cadence {
            Cadence::Daily => "Sent every day. You can change this in the backup monitor's settings.",
            Cadence::Weekly | Cadence::Off => {
                "Sent every Monday. You can change this in the backup monitor's settings."
            }
        }
    }

    fn read_long_ago(&self, time: &str) -> String {
        format!("The cluster could not be read since {time}. This is how things were then.")
    }

    fn incident_open(&self, since: &str, age: &str, count: u32) -> String {
        format!("since {since} ({age}, {})", runs(count))
    }

    fn incident_closed(&self, span: &str, lasted: &str, count: u32) -> String {
        format!("{span} ({lasted}, {})", runs(count))
    }

    fn good_runs(&self, successful: usize, runs: usize) -> String {
        format!("{successful} of {runs} successful")
    }

    fn more_plans(&self, count: usize, are_well: bool) -> String {
        match (count, are_well) {
            (1, true) => "and 1 more plan, all runs successful".into(),
            (_, true) => format!("and {count} more plans, all runs successful"),
            (1, false) => "and 1 more plan".into(),
            (_, false) => format!("and {count} more plans"),
        }
    }

    fn more_destinations(&self, count: usize) -> String {
        self.more(count)
    }

    fn more(&self, count: usize) -> String {
        format!("and {count} more")
    }

    fn ago(&self, age: &str) -> String {
        format!("{age} ago")
    }

    fn proved(&self, age: &str) -> String {
        format!("verified {age} ago")
    }

    fn at_risk(&self, time: &str) -> String {
        format!("At worst, {time} of data would be lost.")
    }

    fn holds(&self, size: &str, applications: usize, growth: Option<(i64, &str)>, since: &str) -> String {
        let latest = match applications {
            1 => format!("{size} in the latest snapshot of 1 application"),
            _ => format!("{size} in the latest snapshots of {applications} applications"),
        };
        match growth {
            None => format!("{latest}."),
            Some((0, _)) => format!("{latest}, the same as on {since}."),
            Some((1.., more)) => format!("{latest}, {more} more than on {since}."),
            Some((_, less)) => format!("{latest}, {less} less than on {since}."),
        }
    }
}
