// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! English words for the next steps.

use super::English;
use crate::notifier::phrases::StepPhrases;

impl StepPhrases for English {
    fn step_find_snapshots(&self, application: &str, destination: &str) -> String {
        format!(
            "If nobody removed snapshots of {application} or lowered the plan's retention, find out what deleted them in \
             {destination}."
        )
    }

    fn step_recover_shrunk(&self, application: &str, node: &str) -> String {
        format!(
            "Find out what {application} has lost: compare its last two snapshots. If data is missing, restore an older \
             snapshot as a new application, before retention removes that snapshot; don't replace the existing one. On \
             {node}:"
        )
    }

    fn same_for(&self, applications: &str) -> String {
        format!("The same for {applications}.")
    }

    fn step_check_run(&self, applications: &str, node: &str) -> String {
        format!(
            "Other applications on {node} have reported in this run, but nothing has come from {applications} for a long \
             time. Check whether the backup is still running. On that node:"
        )
    }

    fn step_check_timer(&self, applications: &str, node: &str) -> String {
        format!(
            "See whether the run of {applications} is still going on, whether its timer exists, and when {node} was \
             started. On that node:"
        )
    }

    fn step_restore_timer(&self, node: &str) -> String {
        format!("Only if the timer is missing, and no backup is running on {node}, bring it back:")
    }

    fn step_inspect_status(&self, application: &str) -> String {
        format!(
            "Inspect the unreadable status of {application}; the next run will overwrite it. On the leader node:"
        )
    }

    fn step_run_again(
        &self,
        plan: &str,
        applications: usize,
        next: Option<&str>,
        has_command: bool,
    ) -> String {
        let wait = next.map(|next| format!(", or wait for {next}")).unwrap_or_default();
        let all = match applications {
            0 | 1 => String::new(),
            2 => " It backs up both applications again.".into(),
            _ => format!(" It backs up all {applications} applications again."),
        };
        let place = if has_command { " On the leader node:" } else { "" };
        format!("Once fixed, run “{plan}” again{wait}.{all}{place}")
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
}
