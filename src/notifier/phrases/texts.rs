// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The phrases without values, as fields: each language fills in all of them.

/// All phrases without values.
#[derive(Debug)]
pub struct Texts {
    /// Headings of the sections.
    pub headings: Headings,
    /// States in a word or two.
    pub badges: Badges,
    /// Heads of the table of applications that are backed up.
    pub columns: Columns,

    /// Short names of the weekdays, from Monday.
    pub weekdays: [&'static str; 7],
    /// Short names of the months, from January.
    pub months: [&'static str; 12],
    /// The decimal separator.
    pub decimal_mark: &'static str,
    /// Between the last two items of a list.
    pub and: &'static str,

    /// "Backup", before the outcome.
    pub backup: &'static str,
    /// "Report", before its number in the footer.
    pub report: &'static str,
    /// In a column, for a value that is not known.
    pub none: &'static str,

    /// Headline: Redis could not be read.
    pub cluster_unreadable: &'static str,
    /// Headline: an error of the backup monitor itself.
    pub internal_error: &'static str,
    /// Headline: no result is known for another reason.
    pub result_unknown: &'static str,
    /// Headline: the cluster does not have the plan.
    pub plan_not_found_clause: &'static str,
    /// Headline: the plan is disabled.
    pub plan_disabled_clause: &'static str,
    /// Headline: the plan has no applications.
    pub no_applications_clause: &'static str,
    /// Headline: the plan has no destination.
    pub no_destination_clause: &'static str,
    /// Headline: the plan's own result is an error.
    pub plan_error_clause: &'static str,
    /// For a cause that is not known, among clauses of others.
    pub cause_unknown: &'static str,
    /// Before what a failed backup says itself.
    pub own_words: &'static str,

    /// In place of a plan's times: it has none.
    pub due_within_a_day: &'static str,
    /// An alert fired, though all is well since the plan was due.
    pub fine_since_the_alert: &'static str,
    /// All recent runs are well.
    pub all_fine: &'static str,
    /// All is well, after an email that reported a problem.
    pub fine_again: &'static str,

    /// Of an application: no result, where the plan has no schedule.
    pub no_result_in_a_day: &'static str,
    /// Of applications of plans that were due at different times.
    pub no_result_when_due: &'static str,
    /// Of an application: the plan has no result of it at all.
    pub never_backed_up: &'static str,

    /// The snapshots are not known, as the repository was not asked.
    pub snapshots_not_queried: &'static str,
    /// The snapshots are not known, as the repository can't be read.
    pub snapshots_unreadable: &'static str,

    /// The alert names a plan that the cluster does not have.
    pub plan_not_found: &'static str,
    /// The plan is disabled.
    pub plan_disabled: &'static str,
    /// The plan has no applications.
    pub no_applications: &'static str,
    /// The plan has no schedule.
    pub no_schedule: &'static str,
    /// The plan has no destination.
    pub no_destination: &'static str,

    /// Step, commands follow: Redis can't be read.
    pub step_check_redis: &'static str,
    /// Step: a report follows once Redis can be read.
    pub step_wait_for_redis: &'static str,
    /// Step: look at the backups oneself, as the backup monitor can't.
    pub step_check_backups: &'static str,
    /// Step: report an error of the backup monitor to its developers.
    pub step_report_error: &'static str,
    /// Step, commands follow: the rclone gateway is away.
    pub step_check_gateway: &'static str,
    /// Step: a report follows when the plan has ended.
    pub step_wait_for_plan: &'static str,
    /// Step: the alert's plan is gone.
    pub step_plan_gone: &'static str,
    /// Step: the cluster API refuses, or is not configured.
    pub step_allow_api: &'static str,

    /// Title: the backups' log.
    pub log: &'static str,
    /// There is no log server.
    pub log_not_configured: &'static str,
    /// Not all of the log was read.
    pub log_too_much: &'static str,

    /// Link: the log at the time of the run.
    pub link_log: &'static str,
    /// Link: this report, on the backup monitor's page.
    pub link_report: &'static str,
    /// Link: cluster-admin's backup page.
    pub link_backup: &'static str,
    /// Link: where applications are restored.
    pub link_restore: &'static str,

    /// Subject of the test email, after the cluster's name.
    pub test_subject: &'static str,
    /// Text of the test email.
    pub test_text: &'static str,
}

/// Headings of the sections, in the order of the email.
#[derive(Debug)]
pub struct Headings {
    /// Backups that are much smaller than before.
    pub shrunk: &'static str,
    /// Applications most of whose snapshots are gone.
    pub thinned: &'static str,
    /// Next steps.
    pub steps: &'static str,
    /// Each application that is not well.
    pub details: &'static str,
    /// Destinations, repositories, and other findings.
    pub storage: &'static str,
    /// How much the destinations contain.
    pub backup_size: &'static str,
    /// The applications that are backed up.
    pub backed_up: &'static str,
}

/// States in a word or two.
#[derive(Debug)]
pub struct Badges {
    /// An application's backup failed.
    pub failed: &'static str,
    /// An application has no result.
    pub missing: &'static str,
    /// An application's backup was kept from ending.
    pub interrupted: &'static str,
    /// An application's backup is still running.
    pub pending: &'static str,
    /// A state that is not known.
    pub unknown: &'static str,
    /// A destination that answers.
    pub reachable: &'static str,
    /// A repository that can be read.
    pub readable: &'static str,
    /// A destination or repository that does not answer.
    pub unreachable: &'static str,
    /// A repository with a lock on it.
    pub locked: &'static str,
    /// A repository with damage.
    pub damaged: &'static str,
    /// A repository with another password than its destination.
    pub wrong_password: &'static str,
    /// A repository that is not there.
    pub not_found: &'static str,
    /// A destination that the cluster does not know.
    pub not_configured: &'static str,
    /// Any other error.
    pub error: &'static str,
    /// Something to look at.
    pub warning: &'static str,
    /// A failed run whose data were saved.
    pub data_saved: &'static str,
}

/// Heads of the table of applications that are backed up.
#[derive(Debug)]
pub struct Columns {
    /// The application.
    pub application: &'static str,
    /// Bytes in its latest snapshot.
    pub size: &'static str,
    /// How long it took.
    pub duration: &'static str,
    /// When it ended.
    pub finished: &'static str,
}
