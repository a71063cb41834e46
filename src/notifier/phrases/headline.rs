// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What is said in the subject and headline, and of the incident.

use super::Counted;
use crate::correlator::correlation::State;

/// The words for the subject, the headline and the incident.
pub trait HeadlinePhrases: Sync {
    /// The subject.
    fn subject(&self, cluster: &str, headline: &str) -> String {
        format!("[{cluster}] Backup: {headline}")
    }

    /// Headline: one or two applications by name, which are all in this state (not [`State::Ok`]).
    fn named_in_state(&self, applications: &str, count: usize, state: State) -> String;

    /// Headline: how many are in which state. At least one of the three counts is not 0.
    fn counts(&self, counted: &Counted) -> String;

    /// Headline, behind the plan's name: `1 of 4`.
    fn of_total(&self, count: usize, total: usize) -> String;

    /// Headline: not one of `total` (at least 1) backups has run.
    fn nothing_ran(&self, total: usize) -> String;

    /// Headline: all `total` applications are backed up.
    fn all_backed_up(&self, total: usize) -> String;

    /// Headline: all is well, after `lasted` in which it was not.
    fn working_again(&self, lasted: Option<&str>) -> String;

    /// Headline: a backup shrank; `before` and `now` are sizes, or come from [`files`](Phrases::files).
    fn shrank_clause(&self, application: &str, before: &str, now: &str) -> String;

    /// Headline: `count` (at least 2) backups shrank.
    fn shrank_count(&self, count: usize) -> String;

    /// Headline: most snapshots of an application are gone.
    fn thinned_clause(&self, application: &str, before: usize, now: usize) -> String;

    /// Headline: most snapshots of `count` (at least 2) applications are gone.
    fn thinned_count(&self, count: usize) -> String;

    /// A number of files.
    fn files(&self, count: u64) -> String;

    /// Several plans, by their number.
    fn plans(&self, count: usize) -> String;

    /// Several nodes, by their number.
    fn nodes(&self, count: usize) -> String;

    /// `40 applications: mail1, mail2 and 38 more`
    fn counted_applications(&self, count: usize, names: &str) -> String;

    /// `mail1, mail2 and 38 more`
    fn and_more(&self, names: &str, more: usize) -> String;

    /// The title of a plan without a name.
    fn plan_by_id(&self, id: &str) -> String;

    /// The plan has failed before: how many runs in a row (at least 2), since when, and for how long changes are not saved.
    fn incident_goes_on(&self, plan: Option<&str>, runs: u32, since: &str, at_risk: Option<&str>) -> String;

    /// The plan works again.
    fn incident_over(&self, plan: Option<&str>, lasted: &str, since: &str, runs: u32) -> String;

    /// New: another application fails.
    fn news_application(&self, application: &str) -> String;

    /// New: an application works again, while others do not.
    fn news_recovered(&self, application: &str) -> String;

    /// New: an application that had failed did not run, or the reverse.
    fn news_state(&self, application: &str, before: State, now: State) -> String;

    /// New: another cause; both come from [`CausePhrases::cause_clause`].
    fn news_cause(&self, application: &str, before: &str, now: &str) -> String;

    /// Nothing has reported in the run for a while, and its destination does not respond.
    fn run_is_stuck(&self, plan: &str, destination: Option<&str>) -> String;

    /// More that is new.
    fn more_news(&self, count: usize) -> String;
}
