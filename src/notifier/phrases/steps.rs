// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What is said of the next steps.

/// The words for the next steps. Those that end with a colon are followed by commands.
pub trait StepPhrases: Sync {
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
}
