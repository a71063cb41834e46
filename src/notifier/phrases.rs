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
mod it;
mod registry;
mod texts;

use crate::{
    correlator::correlation::{Outcome, State},
    notifier::decision::Decision,
    repo_check::findings::{Detail, Health},
};

pub use self::{
    causes::{CauseFacts, CausePhrases, LockFacts, StepFacts},
    facts::{Counted, SnapshotAges, SnapshotFacts, Unit},
    texts::{Badges, Columns, Headings, Texts},
};

/// The emails' words in one language.
pub trait Phrases: CausePhrases {
    /// All phrases without values.
    fn texts(&self) -> &'static Texts;

    /// The unit after a number of days.
    fn day_unit(&self, days: u64) -> &'static str;

    // ---- Subject and headline ----

    /// An outcome as the body of an email and the status page show it, after the word "Backup".
    fn outcome(&self, outcome: Outcome) -> &'static str;

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

    /// Most snapshots of an application are gone since they were last counted.
    fn thinned(&self, before: usize, now: usize) -> String;

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

    // ---- On the pages and in `report` ----

    /// Why a report is mailed, or why it is not.
    fn decision(&self, decision: Decision) -> &'static str;

    // ---- The incident ----

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

    // ---- Next steps; those that end with a colon are followed by commands ----

    /// Snapshots are gone: find out why.
    fn step_find_snapshots(&self, application: &str, destination: &str) -> String;

    /// A backup shrank: restore what was lost before retention removes it.
    fn step_recover_shrunk(&self, application: &str, node: &str) -> String;

    /// Below the commands of a step: they are the same for other applications.
    fn same_for(&self, applications: &str) -> String;

    /// Results are missing, though the node has reported others in this run.
    fn step_check_run(&self, applications: &str, node: &str) -> String;

    /// Results are missing, and the node has reported nothing in this run.
    fn step_check_timer(&self, applications: &str, node: &str) -> String;

    /// A timer is missing.
    fn step_restore_timer(&self, node: &str) -> String;

    /// An application's status in Redis can't be read.
    fn step_inspect_status(&self, application: &str) -> String;

    /// Run the plan again, by `api-cli` on the leader. The command follows unless the plan's id is none of NS8's.
    fn step_run_again(
        &self,
        plan: &str,
        applications: usize,
        next: Option<&str>,
        has_command: bool,
    ) -> String;

    /// The plan names a module that is not installed any more.
    fn step_remove_from_plan(&self, plan: &str, module: &str) -> String;

    /// The plan has no applications.
    fn step_add_applications(&self, plan: &str) -> String;

    /// The plan has no destination, or one that does not exist.
    fn step_set_destination(&self, plan: &str) -> String;

    /// The plan has no schedule, or one that can't be read.
    fn step_fix_schedule(&self, plan: &str) -> String;

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
