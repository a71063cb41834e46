// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Everything that an email says, phrase by phrase. Each language says it in a file of its own.
//!
//! Phrases without values are fields of [`Texts`], sentences with values are methods of [`Phrases`]: a language that lacks one
//! does not compile. Callers get them from [`Language::phrases`](crate::language::Language::phrases).
//!
//! Values arrive formatted (see [`Format`](super::format::Format)) and not yet escaped; the templates escape them. A parameter
//! named `applications` is a list such as `mail1 and webtop1`, one named `node` comes from [`Phrases::node`].

pub mod causes;
mod en;
mod facts;
mod gaps;
mod headline;
mod it;
mod registry;
mod steps;
mod texts;

use crate::{
    correlator::correlation::Outcome,
    notifier::decision::Decision,
    repo_check::findings::{Detail, Health},
};

pub use self::{
    causes::{CauseFacts, CausePhrases, LockFacts, StepFacts},
    facts::{Counted, SnapshotAges, SnapshotFacts, Unit},
    gaps::{GapPhrases, GapWords},
    headline::HeadlinePhrases,
    steps::StepPhrases,
    texts::{Badges, Columns, Headings, Texts},
};

/// The emails' words in one language.
pub trait Phrases: CausePhrases + GapPhrases + HeadlinePhrases + StepPhrases {
    /// All phrases without values.
    fn texts(&self) -> &'static Texts;

    /// The unit after a number of days.
    fn day_unit(&self, days: u64) -> &'static str;

    /// An outcome as the body of an email and the status page show it, after the word "Backup".
    fn outcome(&self, outcome: Outcome) -> &'static str;

    /// Most snapshots of an application are gone since they were last counted.
    fn thinned(&self, before: usize, now: usize) -> String;

    // ---- On the pages and in `report` ----

    /// Why a report is mailed, or why it is not.
    fn decision(&self, decision: Decision) -> &'static str;

    // ---- Below the headline, and in the footer ----

    /// `count` more applications that are not well are told further below.
    fn more_below(&self, count: usize) -> String;

    /// The mail does not have all; report `report` has.
    fn whole_list(&self, report: i64) -> String;

    /// `count` more applications that are backed up.
    fn more_backed_up(&self, count: usize) -> String;

    /// Footer: `count` more alerts.
    fn more_alerts(&self, count: usize) -> String;

    /// The log could not be read: Loki does not answer.
    fn log_silent(&self, reason: &str) -> String;

    /// The log could not be read: Loki refuses.
    fn log_refused(&self, reason: &str) -> String;

    /// When a plan was last due, and when it is due next.
    fn due(&self, due: &str, next: Option<&str>) -> String;

    /// Where a plan writes.
    fn writes_to(&self, destination: &str) -> String;

    /// The cluster could not be read; `reason` is a sentence without its full stop.
    fn cluster_unread(&self, reason: &str) -> String;

    /// An error of the backup monitor itself keeps it from knowing how the backups are.
    fn internal_error(&self, reason: &str) -> String;

    /// Footer: the run of `plan` that this report is about.
    fn started_by_run(&self, plan: &str, began: &str) -> String;

    /// Footer: the run of `plan` that did not take place, which this report is about.
    fn started_by_schedule(&self, plan: &str, due: &str) -> String;

    /// Footer: the run of `plan`, due at `due`, that seems to be stuck.
    fn started_by_stuck_run(&self, plan: &str, due: &str) -> String;

    /// Footer: the alert that this report is about, with its summary and the time since when it is firing.
    fn started_by_alert(&self, name: &str, summary: Option<&str>, since: Option<&str>) -> String;

    // ---- Applications ----

    /// Where an application runs. Stands alone and within sentences.
    fn node(&self, id: &str, label: Option<&str>) -> String;

    /// When a run ended whose start is not known.
    fn ended(&self, time: &str) -> String;

    /// No result has come since the plan was due.
    fn no_result_since(&self, due: &str) -> String;

    /// The application did not run when the plan was due; [`later_run`](Phrases::later_run) follows.
    fn not_run_when_due(&self, due: &str) -> String;

    /// What the run after the missed one came to.
    fn later_run(&self, time: &str, ok: bool) -> String;

    /// What the last run before the missing one came to.
    fn previous_run(&self, time: &str, age: &str, ok: bool) -> String;

    /// The application's status in Redis can't be read.
    fn unreadable_status(&self, reason: &str) -> String;

    // ---- Detail ----

    /// Title of a destination.
    fn destination_title(&self, name: &str) -> String;

    /// Title of `count` repositories that are in the same state.
    fn repository_title(&self, applications: &str, count: usize) -> String;

    /// The health of a destination. Where restic's message is the detail, it follows as a quotation.
    fn destination_health(&self, health: Health, detail: Option<&Detail>) -> String;

    /// The health of a repository. Where restic's message is the detail, it follows as a quotation.
    fn repository_health(&self, health: Health, detail: Option<&Detail>) -> String;

    /// A failed run has left a snapshot of `time`: it may be incomplete, or what failed came after it.
    fn saved_anyway(&self, time: &str) -> String;

    /// The schedule can't be used; `reason` is a clause that begins in lower case, in English.
    fn unreadable_schedule(&self, reason: &str) -> String;

    /// The plan names a destination that the cluster does not have.
    fn unknown_destination(&self, id: &str) -> String;

    /// The plan names a module that is not installed any more.
    fn removed_module(&self, module: &str) -> String;

    /// The plan has a result of its own, which is an error; it follows as a quotation.
    fn plan_error(&self, time: &str) -> String;

    // ---- Sizes and snapshots ----

    /// What is in a backup. Stands within [`shrank`](Phrases::shrank).
    fn amount(&self, size: &str, files: Option<u64>) -> String;

    /// A backup that succeeded lost most of its data: `now` and `before` come from [`amount`](Phrases::amount).
    fn shrank(&self, now: &str, before: &str, time: &str) -> String;

    /// How much the latest snapshots of `applications` (at least 1) at a destination contain. `growth` is its sign and the
    /// difference to the run before, as a size.
    fn backup_size(&self, size: &str, applications: usize, growth: Option<(i64, &str)>) -> String;

    /// What can be restored of an application.
    fn last_snapshot(&self, snapshot: &SnapshotFacts) -> String;

    /// The last backup that succeeded, whose snapshot was not looked at.
    fn last_success(&self, time: &str, age: &str, destination: Option<&str>) -> String;

    /// There is no snapshot.
    fn no_snapshots(&self, destination: Option<&str>) -> String;

    /// How old the last snapshots of several applications are.
    fn snapshot_ages(&self, ages: &SnapshotAges) -> String;

    /// Of `total` applications, `count` (at least 1) have no snapshot.
    fn without_snapshots(&self, count: usize, total: usize) -> String;

    /// Of `count` (at least 1) of `total` applications it is not known what can be restored.
    fn with_unknown_snapshots(&self, count: usize, total: usize) -> String;

    /// How many runs in a row have failed.
    fn failed_runs_in_a_row(&self, least: u32, most: u32) -> String;

    /// The plan is disabled.
    fn step_enable_plan(&self, plan: &str) -> String;
}

impl dyn Phrases {
    /// `a, b and c`
    pub fn list<S: AsRef<str>>(&self, items: &[S]) -> String {
        match items {
            [] => String::new(),
            [one] => one.as_ref().to_owned(),
            [first @ .., last] => {
                let first: Vec<&str> = first.iter().map(AsRef::as_ref).collect();
                format!("{} {} {}", first.join(", "), self.texts().and, last.as_ref())
            }
        }
    }
}
