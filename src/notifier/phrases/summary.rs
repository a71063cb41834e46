// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What a summary says.

use crate::{config::Cadence, correlator::correlation::Outcome};

/// The summary's phrases without values.
#[derive(Debug)]
pub struct SummaryTexts {
    /// What the mail is, before its headline in the subject and beside the cluster's name.
    pub kind: &'static str,
    /// Headline: nothing has run so far.
    pub nothing_ran: &'static str,
    /// Headline: there is nothing that holds data.
    pub no_applications: &'static str,
    /// Below the headline, where there is nothing to do.
    pub nothing_open: &'static str,
    /// Heading of the gaps.
    pub gaps: &'static str,
    /// Title of applications without a gap of their own whose newest restore point is too old, or is missing.
    pub not_recent: &'static str,
    /// Heading of the incidents.
    pub incidents: &'static str,
    /// Badge of an incident that is over.
    pub over: &'static str,
    /// Heading of the strips.
    pub runs: &'static str,
    /// A day's symbol in words, for legend and readers: all well, in part, failed, did not run, still running or unknown, no run.
    pub days: DayWords,
    /// Of a plan whose timer is off.
    pub disabled: &'static str,
    /// Of a plan without runs.
    pub no_runs: &'static str,
    /// Heading of the restore points.
    pub restore_points: &'static str,
    /// Of an application without any.
    pub no_restore_point: &'static str,
    /// Of a restore point whose repository was never read.
    pub not_proved: &'static str,
    /// Heading of the growth.
    pub growth: &'static str,
    /// Link: the backup monitor's own pages.
    pub link_monitor: &'static str,
}

/// What a day's symbol means.
#[derive(Debug)]
pub struct DayWords {
    /// All well.
    pub good: &'static str,
    /// In part.
    pub partial: &'static str,
    /// Failed.
    pub failed: &'static str,
    /// Did not run.
    pub missing: &'static str,
    /// Still running, or unknown.
    pub unknown: &'static str,
    /// There was no run.
    pub none: &'static str,
}

impl DayWords {
    /// The symbol and word of a day's outcome.
    pub fn of(&self, outcome: Option<Outcome>) -> (&'static str, &'static str) {
        match outcome {
            Some(Outcome::Success) => ("✓", self.good),
            Some(Outcome::Partial) => ("!", self.partial),
            Some(Outcome::Failure | Outcome::RepoFailure) => ("✗", self.failed),
            Some(Outcome::Missing) => ("–", self.missing),
            Some(Outcome::Pending | Outcome::Unknown) => ("?", self.unknown),
            None => ("·", self.none),
        }
    }
}

/// The words of a summary.
pub trait SummaryPhrases: Sync {
    /// All phrases without values.
    fn summary(&self) -> &'static SummaryTexts;

    /// Headline: how many of `total` (at least 1) applications are protected.
    fn protected(&self, count: usize, total: usize) -> String;

    /// Headline, after a comma: `count` (at least 1) plans have an incident that is open.
    fn failing_plans(&self, count: usize) -> String;

    /// How many runs there were since a time, and how many of them were successful.
    fn runs_since(&self, since: &str, runs: usize, successful: usize) -> String;

    /// When the first run is due.
    fn first_run_due(&self, time: &str) -> String;

    /// That this is the first summary, and when the others come.
    fn first_summary(&self, cadence: Cadence) -> String;

    /// Footer: when summaries come, and where that is changed.
    fn cadence(&self, cadence: Cadence) -> &'static str;

    /// The cluster was last read at `time`, which is a while ago.
    fn read_long_ago(&self, time: &str) -> String;

    /// An incident that is open: since when, and how many runs.
    fn incident_open(&self, since: &str, age: &str, runs: u32) -> String;

    /// An incident that is over: from when to when, how long, and how many runs.
    fn incident_closed(&self, span: &str, lasted: &str, runs: u32) -> String;

    /// `6 of 7 successful`
    fn good_runs(&self, successful: usize, runs: usize) -> String;

    /// So many plans more, all of whose runs were successful, or not.
    fn more_plans(&self, count: usize, are_well: bool) -> String;

    /// How many destinations more there are.
    fn more_destinations(&self, count: usize) -> String;

    /// How many more restore points or incidents there are.
    fn more(&self, count: usize) -> String;

    /// So long ago.
    fn ago(&self, age: &str) -> String;

    /// When the repository was read.
    fn proved(&self, age: &str) -> String;

    /// How much data would be lost at worst.
    fn at_risk(&self, time: &str) -> String;

    /// How much there is at a destination; `growth` is its sign and the difference as a size, since `since`.
    fn holds(&self, size: &str, applications: usize, growth: Option<(i64, &str)>, since: &str) -> String;
}
