// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The next steps: one for each finding, with the NS8 command where there is one.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{context::Writer, parts::Item};
use crate::{
    correlator::correlation::{Application, MissingReason, Plan, PlanIssue, State},
    repo_check::findings::{Detail, Health, RepoReport, RepositoryReport},
    times::earlier,
};

/// The log is read from this long before the run began.
const LOG_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// When the data of a failed run was saved nevertheless: the time of a snapshot that is not older than the run.
///
/// `run-backup` also counts as failed what goes wrong after the snapshot: statistics, removal of old snapshots.
pub(super) fn saved_at(plan: &Plan, application: &Application, repos: &RepoReport) -> Option<Timestamp> {
    let began = application.last_run.as_ref()?.start?;
    let last = repos.repository(plan, application)?.snapshots?.last?;
    (last.time >= began).then_some(last.time)
}

/// The steps for a report, in the order in which to take them.
pub(super) fn steps(writer: &Writer) -> Vec<Item> {
    let mut steps = Steps { writer, items: Vec::new() };
    let texts = writer.texts();
    if writer.report.correlation.read_error.is_some() {
        steps.push(
            texts.step_check_redis,
            ["systemctl status redis".into(), "podman exec redis redis-cli ping".into()],
        );
        steps.push(texts.step_wait_for_redis, []);
        return steps.items;
    }
    if writer.report.correlation.internal_error.is_some() {
        steps.push(texts.step_check_backups, []);
        steps.push(texts.step_report_error, ["journalctl --since -1d | grep backup-monitor".into()]);
        return steps.items;
    }
    if let Some(repos) = &writer.report.repos {
        steps.destinations(repos);
        for plan in writer.unwell() {
            steps.repositories(plan, repos);
        }
    }
    for plan in writer.unwell() {
        steps.applications(plan);
    }
    for plan in &writer.report.correlation.plans {
        steps.issues(plan);
    }
    for shrunk in &writer.report.changes.shrunk {
        steps.push(writer.phrases.step_recover_shrunk(shrunk.module.as_str()), []);
    }
    for plan in writer.unwell() {
        let title = writer.plan_title(plan);
        if plan.count(State::Failed) > 0 || plan.count(State::Missing) > 0 {
            // NS8's own ids are numbers; of a hand-made plan, run-backup knows nothing.
            let command = plan.id.as_str().parse::<u64>().ok();
            let command = command.map(|id| format!("api-cli run run-backup --data '{{\"id\":{id}}}'"));
            steps.push(writer.phrases.step_run_again(&title, command.is_some()), command);
        }
    }
    if writer.unwell().any(|plan| plan.count(State::Pending) > 0) {
        steps.push(texts.step_wait_for_plan, []);
    }
    steps.items
}

struct Steps<'a> {
    writer: &'a Writer<'a>,
    items: Vec<Item>,
}

/// Applications on one node.
type OnNode<'a> = (String, Vec<&'a Application>);

impl Steps<'_> {
    fn push(&mut self, sentence: impl Into<String>, commands: impl IntoIterator<Item = String>) {
        let item = Item {
            lines: vec![sentence.into()],
            commands: commands.into_iter().collect(),
            ..Item::default()
        };
        // Two plans may ask for the same.
        if !self.items.contains(&item) {
            self.items.push(item);
        }
    }

    fn names(&self, applications: &[&Application]) -> String {
        let names: Vec<&str> = applications.iter().map(|application| application.module.as_str()).collect();
        self.writer.phrases.list(&names)
    }

    /// Applications by their node, in the nodes' order.
    fn by_node<'p>(&self, applications: impl Iterator<Item = &'p Application>) -> Vec<OnNode<'p>> {
        let mut nodes: BTreeMap<_, OnNode> = BTreeMap::new();
        for application in applications {
            let node =
                nodes.entry(&application.node).or_insert_with(|| (self.writer.node(application), Vec::new()));
            node.1.push(application);
        }
        nodes.into_values().collect()
    }

    fn destinations(&mut self, repos: &RepoReport) {
        const GATEWAY: [&str; 2] = ["systemctl status rclone-gateway", "journalctl -u rclone-gateway -n 50"];
        let gateway = || GATEWAY.map(str::to_owned);
        let is_silent = |detail: &Option<Detail>| matches!(detail, Some(Detail::GatewaySilent { .. }));
        if repos.destinations.iter().any(|report| is_silent(&report.detail)) {
            self.push(self.writer.texts().step_check_gateway, gateway());
        }
        for report in &repos.destinations {
            if report.health.is_unhealthy() {
                let title = report.destination.title();
                self.push(self.writer.phrases.step_check_destination(title), gateway());
            }
        }
        let api_refuses = |report: &RepositoryReport| {
            matches!(report.detail, Some(Detail::ApiRefused { .. } | Detail::NotAsked))
        };
        if repos.repositories.iter().any(api_refuses) {
            self.push(self.writer.texts().step_allow_api, []);
        }
    }

    fn repositories(&mut self, plan: &Plan, repos: &RepoReport) {
        let phrases = self.writer.phrases;
        let destination = plan.destination.as_ref().map(|destination| destination.title().to_owned());
        let destination = destination.unwrap_or_default();
        let with_health = |health: Health| {
            plan.applications
                .iter()
                .filter(move |application| repos.health_of(plan, application) == Some(health))
        };
        // restic-wrapper runs restic with the right repository, password and lock rights (ns8-core, `docs/core/backup_restore.md`).
        let restic = |application: &&Application, command: &str| {
            format!("runagent -m {} restic-wrapper --backup {} {command}", application.module, plan.id)
        };
        for (node, applications) in self.by_node(with_health(Health::Locked)) {
            let names = self.names(&applications);
            let commands = applications.iter().map(|application| restic(application, "unlock"));
            self.push(phrases.step_unlock(&names, &node), commands);
        }
        for (node, applications) in self.by_node(with_health(Health::Corrupted)) {
            let names = self.names(&applications);
            let commands = applications.iter().map(|application| restic(application, "check"));
            self.push(phrases.step_check_repository(&names, &node), commands);
        }
        for (node, applications) in self.by_node(with_health(Health::Error)) {
            let names = self.names(&applications);
            let commands = applications.iter().map(|application| restic(application, "snapshots"));
            self.push(phrases.step_list_snapshots(&names, &node), commands);
        }
        let wrong_password: Vec<_> = with_health(Health::WrongPassword).collect();
        if !wrong_password.is_empty() {
            let names = self.names(&wrong_password);
            self.push(phrases.step_restore_password(&names, &destination), []);
        }
        let not_found: Vec<_> = with_health(Health::NotFound).collect();
        if !not_found.is_empty() {
            let names = self.names(&not_found);
            self.push(phrases.step_find_repository(&names, &destination), []);
        }
    }

    fn applications(&mut self, plan: &Plan) {
        let phrases = self.writer.phrases;
        for (node, applications) in self.by_node(plan.in_state(State::Failed)) {
            let names = self.names(&applications);
            let began = applications
                .iter()
                .filter_map(|application| application.last_run.as_ref())
                .map(|run| run.start.unwrap_or(run.end))
                .chain(plan.due)
                .min();
            // The timers' units are called so by ns8-core's `schedule-backup`.
            let command = began.map(|began| {
                let since = earlier(began, LOG_MARGIN).strftime("%F %T UTC");
                format!("journalctl -u backup{}.service --since '{since}'", plan.id)
            });
            self.push(phrases.step_read_log(&names, &node), command);
        }
        let (unreadable, missing): (Vec<_>, Vec<_>) =
            plan.in_state(State::Missing).partition(|application| {
                matches!(application.missing_reason, Some(MissingReason::Unreadable { .. }))
            });
        for (node, applications) in self.by_node(missing.into_iter()) {
            let names = self.names(&applications);
            let has_reported = |other: &Application| {
                other.node == applications[0].node && matches!(other.state, State::Ok | State::Failed)
            };
            if plan.applications.iter().any(has_reported) {
                let command = format!("systemctl status backup{}.service", plan.id);
                self.push(phrases.step_check_run(&names, &node), [command]);
                continue;
            }
            let commands =
                ["systemctl list-timers 'backup*'".into(), "journalctl --list-boots | tail -n 3".into()];
            self.push(phrases.step_check_timer(&names, &node), commands);
        }
        for application in unreadable {
            let (node, module) = (&application.node, &application.module);
            let command =
                format!("podman exec redis redis-cli HGET node/{node}/backup_status/{} {module}", plan.id);
            self.push(phrases.step_inspect_status(module.as_str()), [command]);
        }
    }

    fn issues(&mut self, plan: &Plan) {
        let (texts, phrases) = (self.writer.texts(), self.writer.phrases);
        let title = self.writer.plan_title(plan);
        for plan_issue in &plan.issues {
            match plan_issue {
                PlanIssue::PlanNotFound => self.push(texts.step_plan_gone, []),
                PlanIssue::PlanDisabled => self.push(phrases.step_enable_plan(&title), []),
                PlanIssue::NoApplications => self.push(phrases.step_add_applications(&title), []),
                PlanIssue::NoSchedule | PlanIssue::UnreadableSchedule { .. } => {
                    self.push(phrases.step_fix_schedule(&title), []);
                }
                PlanIssue::NoDestination | PlanIssue::UnknownDestination { .. } => {
                    self.push(phrases.step_set_destination(&title), []);
                }
                PlanIssue::RemovedModule { module } => {
                    self.push(phrases.step_remove_from_plan(&title, module), []);
                }
                // Its message is quoted; what to do follows from the applications.
                PlanIssue::PlanError { .. } => {}
            }
        }
    }
}
