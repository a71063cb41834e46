// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! English.

use super::{PagePhrases, PageTexts};

/// English.
pub(super) struct English;

const TEXTS: PageTexts = PageTexts {
    title: "Backup monitor",
    ready: "Ready",
    not_ready: "Not ready",
    ready_means: "The journal is writable, Redis responds and email is configured.",
    plans: "Backup plans",
    no_plans: "The cluster has no backup plans.",
    never_ran: "No runs yet",
    disabled: "Disabled",
    never_read: "As last reported: the cluster has not been read yet.",
    jobs: "Reports in progress",
    no_jobs: "No reports in progress.",
    reports: "Recent reports",
    no_reports: "No reports yet.",
    unreadable: "This report is damaged in the journal",
    show_email: "Show email",
    as_json: "JSON",

    checking: "Checking destinations and repositories",
    writing: "Writing the email",

    queued: "Waiting to be sent",
    unchanged: "Not sent: nothing has changed since the last email",
    suppressed: "Not sent: all backups succeeded, and only problems are emailed",
};

impl PagePhrases for English {
    fn texts(&self) -> &'static PageTexts {
        &TEXTS
    }

    fn last_run(&self, time: &str) -> String {
        format!("Last run {time}")
    }

    fn next_run(&self, time: &str) -> String {
        format!("Next run {time}")
    }

    fn applications(&self, count: usize) -> String {
        match count {
            0 => "No applications".to_owned(),
            1 => "1 application".to_owned(),
            _ => format!("{count} applications"),
        }
    }

    fn plans_as_of(&self, time: &str) -> String {
        format!("As of {time}")
    }

    fn standby(&self, instance: &str, node: Option<&str>) -> String {
        let node = node.map(|node| format!(" on node {node}")).unwrap_or_default();
        format!(
            "Standing by: reports are sent by {instance}{node}. If it is gone for a while, this instance takes over."
        )
    }

    fn copy(&self, instance: &str, node: Option<&str>) -> String {
        let node = node.map(|node| format!(" on node {node}")).unwrap_or_default();
        format!(
            "This is a copy of {instance}{node}, which is still installed. Nothing is sent from here until the \
             settings are saved once on the Settings page, or {instance} is removed."
        )
    }

    fn in_place_of(&self, instance: &str, node: Option<&str>) -> String {
        let node = node.map(|node| format!(" on node {node}")).unwrap_or_default();
        format!(
            "This is a copy of {instance}{node}, which shows no sign of life: reports are sent from here until it is back. \
             If {instance} is lost for good, save the settings once on the Settings page."
        )
    }

    fn not_sent(&self, reason: &str) -> String {
        format!("Not sent: {reason}")
    }

    fn next_check(&self, due: &str, note: Option<&str>) -> String {
        let note = note.map(|note| format!(": {note}")).unwrap_or_default();
        format!("Next check {due}{note}")
    }

    fn sent(&self, time: &str, recipients: &str) -> String {
        format!("Sent {time} to {recipients}")
    }

    fn given_up(&self, error: &str) -> String {
        format!("Sending failed for good: {error}")
    }

    fn retrying(&self, attempts: u32, next: &str, error: &str) -> String {
        let noun = if attempts == 1 { "attempt" } else { "attempts" };
        format!("Not sent after {attempts} {noun}, next attempt {next}: {error}")
    }

    fn perhaps(&self, address: &str, reason: &str) -> String {
        format!("; perhaps accepted for {address}: {reason}")
    }

    fn rejected(&self, address: &str, reason: &str) -> String {
        format!("; rejected for {address}: {reason}")
    }
}
