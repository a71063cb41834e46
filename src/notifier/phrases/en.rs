// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! English.

use super::{Badges, Columns, Headings, Phrases, Texts};
use crate::{
    correlator::correlation::Outcome,
    notifier::decision::{Decision, HoldReason, SendReason},
    repo_check::findings::{Detail, Health},
};

/// English.
pub(super) struct English;

const TEXTS: Texts = Texts {
    headings: Headings {
        failed: "Failed backups",
        missing: "Missing backups",
        pending: "Backups still running",
        unknown: "Result unknown",
        shrunk: "Large drop in size",
        cause: "Cause",
        snapshots: "Available snapshots",
        steps: "Next steps",
        backup_size: "Backup size",
        backed_up: "Backed up",
    },
    badges: Badges {
        failed: "failed",
        missing: "missing",
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
        available: "available",
        none: "none",
    },
    columns: Columns { application: "Application", size: "Size", duration: "Duration", finished: "Finished" },

    weekdays: ["Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"],
    months: ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"],
    decimal_mark: ".",
    and: "and",

    backup: "Backup",
    report: "Report",
    none: "–",

    storage_failure: "storage failure",
    cluster_unreadable: "the cluster could not be read",
    internal_error: "the backup monitor failed to examine the backups",
    result_unknown: "result unknown",

    due_within_a_day: "No schedule known: results of the last 24 hours are used.",
    fine_since_the_alert: "An alert fired, but all applications have been backed up since the plan was last due.",
    all_fine: "All applications have been backed up.",
    fine_again: "The previous email reported a problem. All applications have been backed up since.",

    no_result_in_a_day: "No result in the last 24 hours.",
    never_backed_up: "Never backed up by this plan.",

    no_snapshots: "No snapshots: nothing can be restored from here.",
    snapshots_not_queried: "Unknown: the repository was not queried.",
    snapshots_unreadable: "Unknown: the repository can't be read.",

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
    step_plan_gone: "If the plan was deleted, there is nothing to do: the alert will resolve. Otherwise, fix the alert \
        rule.",
    step_allow_api: "To find out what can be restored, the backup monitor needs access to the cluster API with the \
        reader role.",

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

    fn subject(&self, cluster: &str, outcome: Outcome, headline: &str) -> String {
        format!("[{cluster}] Backup {outcome}: {headline}")
    }

    fn counts(&self, failed: usize, missing: usize, pending: usize, total: usize) -> String {
        let noun = if total == 1 { "application" } else { "applications" };
        let states = [(failed, "failed"), (missing, "missing"), (pending, "still running")];
        let mut parts: Vec<String> = Vec::new();
        for (count, state) in states.into_iter().filter(|(count, _)| *count > 0) {
            parts.push(match parts.is_empty() {
                true => format!("{count} of {total} {noun} {state}"),
                false => format!("{count} {state}"),
            });
        }
        parts.join(", ")
    }

    fn nothing_ran(&self, total: usize) -> String {
        match total {
            1 => "the backup did not run".into(),
            2 => "neither of the 2 backups ran".into(),
            _ => format!("none of the {total} backups ran"),
        }
    }

    fn all_backed_up(&self, total: usize, recovered: bool, shrunk: usize) -> String {
        let recovered = if recovered { "recovered, " } else { "" };
        let all = match total {
            1 => "1 application backed up".into(),
            2 => "both applications backed up".into(),
            _ => format!("all {total} applications backed up"),
        };
        match shrunk {
            0 => format!("{recovered}{all}"),
            1 => format!("{recovered}{all}, but 1 backup is much smaller than before"),
            _ => format!("{recovered}{all}, but {shrunk} backups are much smaller than before"),
        }
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
            Decision::Hold(HoldReason::NoRecipients) => "Not sent: no recipients configured",
        }
    }

    fn plans(&self, count: usize) -> String {
        format!("{count} plans")
    }

    fn plan_by_id(&self, id: &str) -> String {
        format!("plan {id}")
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
            Health::Ok => return "The destination is reachable.".into(),
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
            Health::Ok => return "The repository can be read.".into(),
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
            "The data of this run was saved ({time}). The run failed only later, while removing old snapshots, reading \
             statistics or cleaning up."
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

    fn latest_snapshot(&self, time: &str, age: &str, size: Option<&str>, count: usize) -> String {
        let size = size.map(|size| format!(", {size}")).unwrap_or_default();
        let noun = if count == 1 { "snapshot" } else { "snapshots" };
        format!("Latest snapshot: {time}, {age} ago{size}. {count} {noun} in total.")
    }

    fn step_recover_shrunk(&self, application: &str) -> String {
        format!(
            "Unless data of {application} was deleted or moved on purpose, restore it from an older snapshot before the \
             plan's retention removes that snapshot."
        )
    }

    fn step_check_destination(&self, destination: &str) -> String {
        format!(
            "Check that {destination} is reachable: provider, credentials, network. The rclone gateway logs its errors:"
        )
    }

    fn step_unlock(&self, applications: &str, node: &str) -> String {
        format!(
            "If no backup of {applications} is running, remove the lock left behind by an interrupted one. On {node}:"
        )
    }

    fn step_check_repository(&self, applications: &str, node: &str) -> String {
        format!(
            "Check the repository of {applications} for damage. Do not delete anything: older snapshots may still be \
             good. On {node}:"
        )
    }

    fn step_restore_password(&self, applications: &str, destination: &str) -> String {
        format!(
            "The repository of {applications} is encrypted with a different password from the current one of \
             {destination}. This happens when a destination is removed and added again. To reach the earlier snapshots, \
             add the destination with its earlier password."
        )
    }

    fn step_find_repository(&self, applications: &str, destination: &str) -> String {
        format!(
            "{destination} has no repository for {applications}. If there has never been a backup there, the next run \
             creates it. Otherwise, find out what was moved or deleted at the destination."
        )
    }

    fn step_list_snapshots(&self, applications: &str, node: &str) -> String {
        format!("Try to list the snapshots of {applications} with restic. On {node}:")
    }

    fn step_read_log(&self, applications: &str, node: &str) -> String {
        format!("Check the backup log of {applications}. On {node}:")
    }

    fn step_check_run(&self, applications: &str, node: &str) -> String {
        format!(
            "Other applications on {node} have reported in this run, but nothing has come from {applications} for a long \
             time. Check whether the backup is still running. On that node:"
        )
    }

    fn step_check_timer(&self, applications: &str, node: &str) -> String {
        format!(
            "Check that {node} was up and that the timer for the next run of {applications} is active. On that node:"
        )
    }

    fn step_inspect_status(&self, application: &str) -> String {
        format!("Inspect the unreadable status of {application}; the next run will overwrite it:")
    }

    fn step_run_again(&self, plan: &str, has_command: bool) -> String {
        let place = if has_command { " On the leader node:" } else { "" };
        format!("Once fixed, run “{plan}” again.{place}")
    }

    fn step_remove_from_plan(&self, plan: &str, module: &str) -> String {
        format!("In cluster-admin, edit “{plan}” and remove {module}.")
    }

    fn step_add_applications(&self, plan: &str) -> String {
        format!("In cluster-admin, add applications to “{plan}” or delete it.")
    }

    fn step_set_destination(&self, plan: &str) -> String {
        format!("In cluster-admin, set an existing destination for “{plan}”.")
    }

    fn step_fix_schedule(&self, plan: &str) -> String {
        format!("In cluster-admin, fix the schedule of “{plan}”.")
    }

    fn step_enable_plan(&self, plan: &str) -> String {
        format!("If “{plan}” is meant to run, enable it in cluster-admin.")
    }
}

/// restic's message follows as a quotation of its own.
fn with_detail(state: &str, detail: Option<&Detail>) -> String {
    let detail = match detail {
        None => return format!("{state}."),
        Some(Detail::Restic { .. }) => return format!("{state}:"),
        Some(Detail::GatewayStatus { status }) => format!("the rclone gateway returned HTTP status {status}"),
        Some(Detail::GatewaySilent { reason }) => {
            format!("the rclone gateway itself is not responding: {reason}")
        }
        Some(Detail::NoAnswer { seconds }) => format!("no response within {seconds} s"),
        Some(Detail::DestinationSilent) => "its destination is not responding".into(),
        Some(Detail::NotAsked) => "access to the cluster API is not configured".into(),
        Some(Detail::ApiSilent { reason }) => format!("the cluster API could not be queried: {reason}"),
        Some(Detail::ApiRefused { reason }) => format!("the cluster API denied access: {reason}"),
        Some(Detail::NotReached { seconds }) => {
            format!("not checked within the {seconds} s of the whole check")
        }
        Some(Detail::AnsweredAgain { before }) => format!("it answered again; before that, {before}"),
        Some(Detail::NoDestination) => "the plan has no destination known to the cluster".into(),
        Some(Detail::NoPath) => "the application's image or UUID is missing in Redis".into(),
    };
    format!("{state}: {detail}.")
}
