// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! English.

use super::{Badges, Columns, Headings, Phrases, SnapshotAges, SnapshotFacts, Texts};
use crate::{
    correlator::correlation::Outcome,
    notifier::decision::{Decision, HoldReason, SendReason},
    repo_check::findings::{Detail, Health},
};

mod causes;
mod gaps;
mod headline;
mod steps;

/// English.
pub(super) struct English;

const TEXTS: Texts = Texts {
    headings: Headings {
        shrunk: "Large drop in size",
        thinned: "Fewer snapshots",
        steps: "Next steps",
        details: "Details",
        storage: "Destinations and repositories",
        backup_size: "Backup size",
        backed_up: "Backed up",
    },
    badges: Badges {
        failed: "failed",
        missing: "missing",
        interrupted: "interrupted",
        pending: "still running",
        unknown: "unknown",
        reachable: "reachable",
        readable: "readable",
        unreachable: "unreachable",
        locked: "locked",
        damaged: "damaged",
        wrong_password: "wrong password",
        not_found: "not found",
        not_configured: "not configured",
        error: "error",
        warning: "warning",
        data_saved: "data saved",
    },
    columns: Columns { application: "Application", size: "Size", duration: "Duration", finished: "Finished" },

    weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    decimal_mark: ".",
    and: "and",

    backup: "Backup",
    report: "Report",
    none: "–",

    cluster_unreadable: "the cluster could not be read",
    internal_error: "the backup monitor failed to examine the backups",
    result_unknown: "result unknown",
    plan_not_found_clause: "no such plan in the cluster",
    plan_disabled_clause: "the plan is disabled",
    no_applications_clause: "the plan has no applications",
    no_destination_clause: "the plan has no destination",
    plan_error_clause: "the plan reports an error",
    cause_unknown: "unknown",
    own_words: "The backup reported:",

    due_within_a_day: "No schedule known: results of the last 24 hours are used.",
    fine_since_the_alert: "An alert fired, but all applications have been backed up since the plan was last due. It \
        resolves with the next run without errors.",
    all_fine: "All applications have been backed up.",
    fine_again: "The previous email reported a problem. All applications have been backed up since.",

    no_result_in_a_day: "No result in the last 24 hours.",
    no_result_when_due: "No result since their plans were due.",
    never_backed_up: "Never backed up by this plan.",

    snapshots_not_queried: "What can be restored is not known: the repository was not queried.",
    snapshots_unreadable: "What can be restored is not known: the repository can't be read.",

    plan_not_found: "This plan does not exist in the cluster.",
    plan_disabled: "This plan is disabled: no run was due.",
    no_applications: "This plan has no applications.",
    no_schedule: "This plan has no schedule: results of the last 24 hours are used.",
    no_destination: "This plan has no destination.",

    step_check_redis: "Check that Redis is running on the backup monitor's node:",
    step_check_backups: "Check the state of the backups on cluster-admin's backup page.",
    step_report_error: "Report the error to the developers of ns8-backup-monitor; its details are in the log:",
    step_wait_for_redis: "Another email will report the backup results as soon as the cluster can be read.",
    step_check_gateway: "The rclone gateway on the backup monitor's node is not responding. Find out why and restart it:",
    step_wait_for_plan: "Wait: another email will follow if the final result is different.",
    step_plan_gone: "If the plan was deleted, the alert resolves by itself. If it still fires after an hour, remove the \
        file that was left behind, on the node that the alert names:",
    step_allow_api: "The cluster API refuses the backup monitor. To find out what can be restored, it needs an account \
        with the reader role: check it in the module's log.",

    log: "Log",
    log_not_configured: "The backups' log was not read: the cluster has no Loki, or its address is not known.",
    log_too_much: "The log is too long to be read in full, so that lines may be missing here.",

    link_log: "Open the log of that time",
    link_report: "Open this report in cluster-admin",
    link_backup: "Open the backup page",
    link_restore: "Open the restore page",

    test_subject: "Backup monitor: test email",
    test_text: "This is a test email from the backup monitor. You will be notified at this address when a backup \
        fails.",
};

impl Phrases for English {
    fn texts(&self) -> &'static Texts {
        &TEXTS
    }

    fn day_unit(&self, days: u64) -> &'static str {
        if days == 1 { "day" } else { "days" }
    }

    fn outcome(&self, outcome: Outcome) -> &'static str {
        outcome.as_str()
    }

    fn thinned(&self, before: usize, now: usize) -> String {
        let now = match now {
            0 => "none is left".into(),
            1 => "1 is left".into(),
            _ => format!("{now} are left"),
        };
        format!("Of {before} snapshots, {now}: more than retention removes in one run.")
    }

    fn more_below(&self, count: usize) -> String {
        format!("{count} more: see the details below.")
    }

    fn whole_list(&self, report: i64) -> String {
        format!("Not all of them fit into this email. Report {report} has the whole list.")
    }

    fn more_backed_up(&self, count: usize) -> String {
        format!("and {count} more, all backed up")
    }

    fn more_alerts(&self, count: usize) -> String {
        format!("and {count} more alerts")
    }

    fn log_silent(&self, reason: &str) -> String {
        format!("The backups' log could not be read: {reason}.")
    }

    fn log_refused(&self, reason: &str) -> String {
        format!("Loki refused to show the backups' log: {reason}.")
    }

    fn decision(&self, decision: Decision) -> &'static str {
        match decision {
            Decision::Send(SendReason::New) => "New problem",
            Decision::Send(SendReason::Changed) => "Changed since the last email",
            Decision::Send(SendReason::Reminder) => "Reminder: nothing has changed",
            Decision::Send(SendReason::Recovered) => "Working again",
            Decision::Send(SendReason::AllClear) => "All clear after an alert",
            Decision::Send(SendReason::EveryRun) => "Every run is reported",
            Decision::Send(SendReason::Requested) => "Requested",
            Decision::Hold(HoldReason::Unchanged | HoldReason::NothingNew) => {
                "Not sent: nothing has changed since the last email"
            }
            Decision::Hold(HoldReason::AllWell) => {
                "Not sent: all backups succeeded, and only problems are emailed"
            }
            Decision::Hold(HoldReason::TooFew) => {
                "Not sent: fewer runs in a row have failed than set in Settings"
            }
            Decision::Hold(HoldReason::Muted) => "Not sent: muted in Settings",
            Decision::Hold(HoldReason::NoRecipients) => "Not sent: no recipients configured",
        }
    }

    fn due(&self, due: &str, next: Option<&str>) -> String {
        match next {
            Some(next) => format!("Scheduled for {due}, next run {next}."),
            None => format!("Scheduled for {due}."),
        }
    }

    fn writes_to(&self, destination: &str) -> String {
        format!("Destination: {destination}.")
    }

    fn internal_error(&self, reason: &str) -> String {
        format!(
            "Because of an internal error of the backup monitor, it is not known which backups succeeded: {reason}."
        )
    }

    fn cluster_unread(&self, reason: &str) -> String {
        format!("The cluster could not be read, so the state of its backups is unknown. {reason}.")
    }

    fn started_by_run(&self, plan: &str, began: &str) -> String {
        format!("Run of {plan} started {began}")
    }

    fn started_by_schedule(&self, plan: &str, due: &str) -> String {
        format!("{plan} was due {due}; no application had reported by the end of the grace period")
    }

    fn started_by_stuck_run(&self, plan: &str, due: &str) -> String {
        format!("{plan} was due {due}; no application had reported by the end of the settle time")
    }

    fn started_by_alert(&self, name: &str, summary: Option<&str>, since: Option<&str>) -> String {
        let summary = summary.map(|summary| format!(": {summary}")).unwrap_or_default();
        let since = since.map(|since| format!(" (firing since {since})")).unwrap_or_default();
        format!("Alert {name}{summary}{since}")
    }

    fn node(&self, id: &str, label: Option<&str>) -> String {
        match label {
            Some(label) => format!("node {id} ({label})"),
            None => format!("node {id}"),
        }
    }

    fn ended(&self, time: &str) -> String {
        format!("Finished {time}")
    }

    fn no_result_since(&self, due: &str) -> String {
        format!("No result since it was due on {due}.")
    }

    fn not_run_when_due(&self, due: &str) -> String {
        format!("Did not run when due on {due}.")
    }

    fn later_run(&self, time: &str, ok: bool) -> String {
        format!("A later run {}: {time}.", if ok { "succeeded" } else { "failed" })
    }

    fn previous_run(&self, time: &str, age: &str, ok: bool) -> String {
        format!("The previous run {}: {time}, {age} ago.", if ok { "succeeded" } else { "failed" })
    }

    fn unreadable_status(&self, reason: &str) -> String {
        format!("The result is unknown, because the status in Redis can't be read: {reason}.")
    }

    fn destination_title(&self, name: &str) -> String {
        format!("Destination {name}")
    }

    fn repository_title(&self, applications: &str, count: usize) -> String {
        match count {
            1 => format!("Repository of {applications}"),
            _ => format!("Repositories of {applications}"),
        }
    }

    fn destination_health(&self, health: Health, detail: Option<&Detail>) -> String {
        let state = match health {
            Health::Ok => return "The destination responds now.".into(),
            Health::Unreachable => "The destination is unreachable",
            Health::Unknown => "The state of the destination is unknown",
            Health::Unconfigured => "The destination is not configured",
            Health::Locked | Health::Corrupted | Health::WrongPassword | Health::NotFound | Health::Error => {
                "The destination returns an error"
            }
        };
        with_detail(state, detail)
    }

    fn repository_health(&self, health: Health, detail: Option<&Detail>) -> String {
        let state = match health {
            Health::Ok => return "Can be read now.".into(),
            Health::Unreachable => "The repository is unreachable",
            Health::Locked => "The repository is locked by another restic process",
            Health::Corrupted => "The repository is damaged",
            Health::WrongPassword => {
                "The repository was created with a password other than the destination's"
            }
            Health::NotFound => "The repository does not exist",
            Health::Unconfigured => "The location of the repository is unknown",
            Health::Error => "The repository can't be read",
            Health::Unknown => "The state of the repository is unknown",
        };
        with_detail(state, detail)
    }

    fn saved_anyway(&self, time: &str) -> String {
        format!(
            "There is a snapshot from after the beginning of this run ({time}). It may be incomplete, or what failed came \
             only after it."
        )
    }

    fn unreadable_schedule(&self, reason: &str) -> String {
        format!("No usable schedule ({reason}): results of the last 24 hours are used.")
    }

    fn unknown_destination(&self, id: &str) -> String {
        format!("The destination of this plan, {id}, is not configured in the cluster.")
    }

    fn removed_module(&self, module: &str) -> String {
        format!("{module} is in this plan but no longer installed. It is not counted.")
    }

    fn plan_error(&self, time: &str) -> String {
        format!("The plan itself reported an error ({time}):")
    }

    fn amount(&self, size: &str, files: Option<u64>) -> String {
        match files {
            Some(1) => format!("{size} in 1 file"),
            Some(files) => format!("{size} in {files} files"),
            None => size.into(),
        }
    }

    fn shrank(&self, now: &str, before: &str, time: &str) -> String {
        format!("The backup succeeded but contains only {now}. The previous one ({time}) contained {before}.")
    }

    fn backup_size(&self, size: &str, applications: usize, growth: Option<(i64, &str)>) -> String {
        let latest = match applications {
            1 => format!("{size} in the latest snapshot of 1 application"),
            _ => format!("{size} in the latest snapshots of {applications} applications"),
        };
        match growth {
            None => format!("{latest}."),
            Some((0, _)) => format!("{latest}, unchanged."),
            Some((1.., more)) => format!("{latest}, {more} more than before."),
            Some((_, less)) => format!("{latest}, {less} less than before."),
        }
    }

    fn last_snapshot(&self, snapshot: &SnapshotFacts) -> String {
        let SnapshotFacts { time, age, size, count, destination, as_of } = *snapshot;
        let known = if as_of.is_some() { "Last known snapshot" } else { "Last snapshot" };
        let place = destination.map(|destination| format!(" in {destination}")).unwrap_or_default();
        let size = size.map(|size| format!(", {size}")).unwrap_or_default();
        let count = match count {
            Some(1) => ". 1 snapshot in total".into(),
            Some(count) => format!(". {count} snapshots in total"),
            None => String::new(),
        };
        let as_of = as_of.map(|time| format!(" (as of {time})")).unwrap_or_default();
        format!("{known}{place}: {time}, {age} ago{size}{count}{as_of}.")
    }

    fn last_success(&self, time: &str, age: &str, destination: Option<&str>) -> String {
        let place = destination.map(|destination| format!(" to {destination}")).unwrap_or_default();
        format!("Last successful backup{place}: {time}, {age} ago; its snapshot was not checked.")
    }

    fn no_snapshots(&self, destination: Option<&str>) -> String {
        match destination {
            Some(destination) => {
                format!("No snapshots in {destination}: nothing can be restored from there.")
            }
            None => "No snapshots: nothing can be restored from this repository.".into(),
        }
    }

    fn snapshot_ages(&self, ages: &SnapshotAges) -> String {
        let SnapshotAges { newest, oldest, oldest_of, are_snapshots } = *ages;
        let what = if are_snapshots { "Last snapshots" } else { "Last successful backups" };
        if newest == oldest {
            format!("{what}: {newest} ago.")
        } else {
            format!("{what}: {newest} to {oldest} ago, the oldest of {oldest_of}.")
        }
    }

    fn without_snapshots(&self, count: usize, total: usize) -> String {
        match count {
            _ if count == total => "None of them has a snapshot: nothing can be restored.".into(),
            1 => "1 of them has no snapshot.".into(),
            _ => format!("{count} of them have no snapshot."),
        }
    }

    fn with_unknown_snapshots(&self, count: usize, total: usize) -> String {
        if count == total {
            "What can be restored of them is not known.".into()
        } else {
            format!("What can be restored of {count} of them is not known.")
        }
    }

    fn failed_runs_in_a_row(&self, least: u32, most: u32) -> String {
        if least == most {
            format!("Failed runs in a row: {most}.")
        } else {
            format!("Failed runs in a row: {least} to {most}.")
        }
    }

    fn step_enable_plan(&self, plan: &str) -> String {
        format!("If “{plan}” is meant to run, enable it in cluster-admin.")
    }
}

/// restic's message follows as a quotation of its own.
fn with_detail(state: &str, detail: Option<&Detail>) -> String {
    match detail {
        None => format!("{state}."),
        Some(Detail::Restic { .. }) => format!("{state}:"),
        Some(detail) => format!("{state}: {}.", words(detail)),
    }
}

fn words(detail: &Detail) -> String {
    match detail {
        Detail::Restic { message } => message.clone(),
        Detail::GatewayStatus { status } => format!("the rclone gateway returned HTTP status {status}"),
        Detail::GatewaySilent { reason } => {
            format!("the rclone gateway itself is not responding: {reason}")
        }
        Detail::NoAnswer { seconds } => format!("no response within {seconds} s"),
        Detail::DestinationSilent => "its destination is not responding".into(),
        Detail::NotAsked => "the repository check is switched off in Settings".into(),
        Detail::ApiSilent { reason } => format!("the cluster API could not be queried: {reason}"),
        Detail::ApiRefused { reason } => format!("the cluster API denied access: {reason}"),
        Detail::NotReached { seconds } => {
            format!("not checked within the {seconds} s of the whole check")
        }
        Detail::AnsweredAgain { before } => format!("it answered again; before that, {}", words(before)),
        Detail::NoDestination => "the plan has no destination known to the cluster".into(),
        Detail::NoPath => "the application's image or UUID is missing in Redis".into(),
    }
}
