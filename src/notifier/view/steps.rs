// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The next steps, in the order in which to take them: one for each finding, with the NS8 command or the page where it is done.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    context::{Member, Writer, distinct},
    overview::is_grave,
    parts::{Item, Link, Section},
};
use crate::{
    cause::Cause,
    correlator::correlation::{Application, Destination, Plan, PlanIssue, State},
    ids::NodeId,
    logs::findings::Starter,
    notifier::phrases::StepFacts,
    repo_check::findings::{Detail, Health, RepoReport, RepositoryReport},
    times::earlier,
};

/// What shows, on an application's node, whether a backup is running: module-backup runs before restic, and after it.
const RUNNING_BACKUPS: &str = "pgrep -af 'module-backup|restic'";
/// The log is read from this long before the run began.
const LOG_MARGIN: SignedDuration = SignedDuration::from_secs(60);
/// The most commands of one step; the others differ by the application's name alone.
const MAX_COMMANDS: usize = 3;
/// The most names in a sentence.
const MAX_NAMES: usize = 5;
/// The most steps. More would be read by nobody, and what they are about is in the details.
const MAX_STEPS: usize = 12;

impl Writer<'_> {
    pub(super) fn steps(&self) -> Section {
        let mut steps = Steps { writer: self, items: Vec::new() };
        steps.collect();
        steps.items.truncate(MAX_STEPS);
        Section { numbered: true, ..self.section(self.texts().headings.steps, steps.items) }
    }
}

struct Steps<'a> {
    writer: &'a Writer<'a>,
    items: Vec<Item>,
}

/// What one step is about: applications that failed for one cause on one node, to one destination.
type Alike<'a> = BTreeMap<(Option<String>, &'a NodeId), Vec<Member<'a>>>;

impl Steps<'_> {
    fn collect(&mut self) {
        let writer = self.writer;
        let (texts, correlation) = (writer.texts(), &writer.report.correlation);
        if correlation.read_error.is_some() {
            self.push(
                texts.step_check_redis,
                ["systemctl status redis".into(), "podman exec redis redis-cli ping".into()],
            );
            return self.push(texts.step_wait_for_redis, []);
        }
        if correlation.internal_error.is_some() {
            self.push(texts.step_check_backups, []);
            return self
                .push(texts.step_report_error, ["journalctl --since -1d | grep backup-monitor".into()]);
        }
        if writer.unwell().any(|plan| plan.count(State::Pending) > 0) {
            self.push(texts.step_wait_for_plan, []);
        }
        for plan in &correlation.plans {
            self.issues(plan, is_grave);
        }
        if let Some(repos) = &writer.report.repos {
            self.gateway(repos);
        }
        self.causes();
        if let Some(repos) = &writer.report.repos {
            self.storage(repos);
        }
        for plan in writer.unwell() {
            self.missing(plan);
        }
        for plan in &correlation.plans {
            self.issues(plan, |issue| !is_grave(issue));
        }
        for shrunk in writer.report.changes.shrunk.iter().take(MAX_NAMES) {
            let Some(member) = writer.member(&shrunk.plan, &shrunk.module) else { continue };
            let links = link(texts.link_restore, writer.format.links.restore());
            let node = writer.node(member.application);
            let sentence = writer.phrases.step_recover_shrunk(shrunk.module.as_str(), &node);
            self.push_with(sentence, [restic(&member, "snapshots")], links);
        }
        for thinned in writer.report.changes.thinned.iter().take(MAX_NAMES) {
            let destination = writer.plan(&thinned.plan).and_then(|plan| plan.destination.as_ref());
            let destination = destination.map_or(thinned.destination.as_str(), |known| known.title());
            let links = link(texts.link_backup, writer.format.links.backup());
            let step = writer.phrases.step_find_snapshots(thinned.module.as_str(), destination);
            self.push_with(step, [], links);
        }
        for plan in writer.unwell() {
            self.run_again(plan);
        }
    }

    fn push(&mut self, sentence: impl Into<String>, commands: impl IntoIterator<Item = String>) {
        self.push_with(sentence, commands, Vec::new());
    }

    fn push_with(
        &mut self,
        sentence: impl Into<String>,
        commands: impl IntoIterator<Item = String>,
        links: Vec<Link>,
    ) {
        let item = Item {
            lines: vec![sentence.into()],
            commands: commands.into_iter().collect(),
            links,
            ..Item::default()
        };
        // Two plans may ask for the same.
        if !self.items.contains(&item) {
            self.items.push(item);
        }
    }

    /// One command for each application, and for whom else it is.
    fn for_each(
        &mut self,
        sentence: String,
        members: &[Member],
        links: Vec<Link>,
        command: impl Fn(&Member) -> String,
    ) {
        self.push_with(sentence, members.iter().take(MAX_COMMANDS).map(command), links);
        let rest = members.get(MAX_COMMANDS..).unwrap_or_default();
        if !rest.is_empty()
            && let Some(step) = self.items.last_mut()
        {
            let names = self.writer.some_names(&self.writer.module_names(rest), MAX_NAMES);
            step.notes.push(self.writer.phrases.same_for(&names));
        }
    }

    /// What keeps a plan from working at all comes first: no other step helps before it.
    fn issues(&mut self, plan: &Plan, which: impl Fn(&PlanIssue) -> bool) {
        let (texts, phrases) = (self.writer.texts(), self.writer.phrases);
        let title = self.writer.plan_title(plan);
        let writer = self.writer;
        let backup = || link(texts.link_backup, writer.format.links.backup());
        for issue in plan.issues.iter().filter(|issue| which(issue)) {
            let (sentence, links) = match issue {
                PlanIssue::PlanNotFound => {
                    // run-backup's `PROM_DIR`; the file is removed when the plan's event reaches the node.
                    let file =
                        format!("rm /var/lib/nethserver/node/state/node_exporter/backup{}.prom", plan.id);
                    self.push(texts.step_plan_gone, [file]);
                    continue;
                }
                PlanIssue::PlanDisabled => (phrases.step_enable_plan(&title), backup()),
                PlanIssue::NoApplications => (phrases.step_add_applications(&title), backup()),
                PlanIssue::NoSchedule | PlanIssue::UnreadableSchedule { .. } => {
                    (phrases.step_fix_schedule(&title), backup())
                }
                PlanIssue::NoDestination | PlanIssue::UnknownDestination { .. } => {
                    (phrases.step_set_destination(&title), backup())
                }
                PlanIssue::RemovedModule { module } => {
                    (phrases.step_remove_from_plan(&title, module), backup())
                }
                // Its message is quoted; what to do follows from the applications.
                PlanIssue::PlanError { .. } => continue,
            };
            self.push_with(sentence, [], links);
        }
    }

    /// The gateway on our own node, without which nothing is known of the storage.
    fn gateway(&mut self, repos: &RepoReport) {
        let is_silent = |detail: &Option<Detail>| matches!(detail, Some(Detail::GatewaySilent { .. }));
        if repos.destinations.iter().any(|report| is_silent(&report.detail)) {
            let commands = ["systemctl status rclone-gateway".into(), self.gateway_log(self.began(None))];
            self.push(self.writer.texts().step_check_gateway, commands);
        }
        let refuses = |report: &RepositoryReport| matches!(report.detail, Some(Detail::ApiRefused { .. }));
        if repos.repositories.iter().any(refuses) {
            self.push(self.writer.texts().step_allow_api, []);
        }
    }

    /// A step for each cause, those that concern the most applications first.
    fn causes(&mut self) {
        for kin in self.writer.kin() {
            let Some(cause) = kin.cause else { continue };
            let mut alike: Alike = BTreeMap::new();
            for member in &kin.members {
                let destination =
                    member.plan.destination.as_ref().map(|destination| destination.title().to_owned());
                // What is done at the destination is done once, whichever the node.
                let first = kin.members[0].application;
                let node = if concerns_node(cause) { &member.application.node } else { &first.node };
                alike.entry((destination, node)).or_default().push(*member);
            }
            for ((destination, _), members) in &alike {
                self.cause(cause, destination.as_deref(), members);
            }
        }
    }

    fn cause(&mut self, cause: Cause, destination: Option<&str>, members: &[Member]) {
        let writer = self.writer;
        let names = self.writer.module_names(members);
        let listed = writer.some_names(&names, MAX_NAMES);
        let first = members[0];
        let nodes = writer.node_names(members);
        let node = nodes.first().filter(|_| nodes.len() == 1).map(String::as_str);
        let has_dead_lock = members.iter().any(|member| {
            let lock = member.application.diagnosis.as_ref().and_then(|diagnosis| diagnosis.lock.as_ref());
            lock.is_some_and(|lock| lock.is_dead(writer.report.created_at))
        });
        let facts = StepFacts { applications: &listed, count: names.len(), destination, node, has_dead_lock };
        let sentence = writer.phrases.cause_step(cause, &facts);
        let (texts, links) = (writer.texts(), &writer.format.links);
        let backup = || link(texts.link_backup, links.backup());
        let log = || writer.log_link(first.plan, first).into_iter().collect::<Vec<_>>();
        let since = self.began(Some(members));
        match cause {
            Cause::StorageUnreachable => self.push_with(sentence, [self.gateway_log(since)], backup()),
            Cause::AccessDenied | Cause::StorageFull | Cause::WrongPassword | Cause::NoDestination => {
                self.push_with(sentence, [], backup());
            }
            Cause::RepositoryMissing => self.push_with(sentence, [], log()),
            Cause::RetentionFailed if has_dead_lock => {
                self.for_each(sentence, members, Vec::new(), |member| restic(member, "unlock"));
            }
            Cause::LockedStale => {
                self.for_each(sentence, members, Vec::new(), |member| restic(member, "unlock"));
            }
            Cause::LockedLive => {
                self.for_each(sentence, members, Vec::new(), |member| restic(member, "unlock"));
                if let Some(step) = self.items.last_mut() {
                    step.commands.insert(0, RUNNING_BACKUPS.into());
                    step.notes.push(writer.phrases.remove_live_lock().to_owned());
                }
            }
            Cause::RepositoryDamaged => {
                self.for_each(sentence, members, Vec::new(), |member| restic(member, "check"));
            }
            Cause::DiskFull => self.push(sentence, ["df -h".into(), "df -i".into()]),
            Cause::Killed => self.push(sentence, [journal("-k", since)]),
            Cause::Interrupted => self.push(
                sentence,
                [journal("-u apply-updates.service", since), "journalctl --list-boots | tail -n 3".into()],
            ),
            Cause::AlreadyRunning => self.push(sentence, [RUNNING_BACKUPS.into()]),
            Cause::DumpFailed
            | Cause::FilesUnreadable
            | Cause::CleanupFailed
            | Cause::RetentionFailed
            | Cause::StatisticsFailed
            | Cause::Unknown => {
                self.push_with(sentence, [self.run_log(members, since)], log());
            }
        }
    }

    /// What is wrong with the storage of applications that did not fail for it: their next run would.
    fn storage(&mut self, repos: &RepoReport) {
        let writer = self.writer;
        let unwell = writer.unwell_members();
        let is_told = |cause: Cause| unwell.iter().any(|member| member.cause() == Some(cause));
        let told =
            [Cause::StorageUnreachable, Cause::AccessDenied, Cause::StorageFull].into_iter().any(is_told);
        for report in repos.destinations.iter().filter(|report| report.health.is_unhealthy()) {
            let is_silent = matches!(report.detail, Some(Detail::GatewaySilent { .. }));
            let of_it: Vec<Member> = unwell
                .iter()
                .copied()
                .filter(|member| {
                    member.plan.destination.as_ref().is_some_and(|own| own.id == report.destination.id)
                })
                .collect();
            if !told && !is_silent && !of_it.is_empty() {
                self.cause(Cause::StorageUnreachable, Some(report.destination.title()), &of_it);
            }
        }
        for (health, cause) in [
            (Health::Locked, Cause::LockedLive),
            (Health::Corrupted, Cause::RepositoryDamaged),
            (Health::WrongPassword, Cause::WrongPassword),
        ] {
            let of_it: Vec<Member> = unwell
                .iter()
                .copied()
                .filter(|member| {
                    member.cause().is_none()
                        && repos.health_of(member.plan, member.application) == Some(health)
                })
                .collect();
            if let Some(first) = of_it.first() {
                let destination = first.plan.destination.as_ref().map(Destination::title);
                self.cause(cause, destination, &of_it);
            }
        }
    }

    fn missing(&mut self, plan: &Plan) {
        let (writer, phrases) = (self.writer, self.writer.phrases);
        let missing = plan.in_state(State::Missing).map(|application| Member { plan, application });
        let (unreadable, missing): (Vec<_>, Vec<_>) = missing.partition(|member| member.is_unreadable());
        let mut nodes: BTreeMap<&NodeId, Vec<Member>> = BTreeMap::new();
        // Why the others are missing has been said.
        for member in missing.into_iter().filter(|member| member.cause().is_none()) {
            nodes.entry(&member.application.node).or_default().push(member);
        }
        for (id, members) in nodes {
            let names = writer.some_names(&self.writer.module_names(&members), MAX_NAMES);
            let node = writer.node(members[0].application);
            let has_reported =
                |other: &Application| other.node == *id && matches!(other.state, State::Ok | State::Failed);
            // The timers' units are called so by ns8-core's `schedule-backup`.
            let unit = format!("backup{}", plan.id);
            if plan.applications.iter().any(has_reported) {
                self.push(
                    phrases.step_check_run(&names, &node),
                    [format!("systemctl status {unit}.service")],
                );
                continue;
            }
            let commands = [
                "systemctl list-units 'backup*.service'".into(),
                format!("systemctl list-timers --all {unit}.timer"),
                "journalctl --list-boots | tail -n 3".into(),
            ];
            self.push(phrases.step_check_timer(&names, &node), commands);
            // Makes the timers of all plans of a node anew (ns8-core, `schedule-backup`). systemd refuses that for one whose service runs.
            self.push(phrases.step_restore_timer(&node), ["systemctl restart backup-timers.service".into()]);
        }
        for member in unreadable.iter().take(MAX_COMMANDS) {
            let (node, module) = (&member.application.node, &member.application.module);
            let command =
                format!("podman exec redis redis-cli HGET node/{node}/backup_status/{} {module}", plan.id);
            self.push(phrases.step_inspect_status(module.as_str()), [command]);
        }
    }

    /// Core takes the request to run a disabled plan, or one without a destination, and does nothing.
    fn run_again(&mut self, plan: &Plan) {
        let keeps_from_running = |issue: &PlanIssue| {
            matches!(
                issue,
                PlanIssue::PlanDisabled
                    | PlanIssue::PlanNotFound
                    | PlanIssue::NoDestination
                    | PlanIssue::UnknownDestination { .. }
            )
        };
        let is_due = plan.count(State::Failed) > 0 || plan.count(State::Missing) > 0;
        let runs = plan.count(State::Pending) > 0;
        // A run that succeeds also deletes old snapshots, which may be the only good ones.
        let is_damaged = plan
            .applications
            .iter()
            .any(|application| Member { plan, application }.cause() == Some(Cause::RepositoryDamaged));
        if !is_due || runs || is_damaged || plan.issues.iter().any(keeps_from_running) {
            return;
        }
        // NS8's own ids are numbers; of a hand-made plan, run-backup knows nothing.
        let command = plan.id.as_str().parse::<u64>().ok();
        let command = command.map(|id| format!("api-cli run run-backup --data '{{\"id\":{id}}}'"));
        let title = self.writer.plan_title(plan);
        let links = link(self.writer.texts().link_backup, self.writer.format.links.backup());
        let next = plan.next.map(|next| self.writer.format.time(next));
        let sentence = self.writer.phrases.step_run_again(
            &title,
            plan.applications.len(),
            next.as_deref(),
            command.is_some(),
        );
        self.push_with(sentence, command, links);
    }

    /// When the runs of these, or of all that are not well, began.
    fn began(&self, members: Option<&[Member]>) -> Option<Timestamp> {
        let all = self.writer.unwell_members();
        let members = members.unwrap_or(&all);
        let runs = members.iter().filter(|member| member.application.state == State::Failed);
        let runs = runs.filter_map(|member| member.application.last_run.as_ref());
        let first = runs.map(|run| run.start.unwrap_or(run.end)).min();
        first.or_else(|| members.iter().filter_map(|member| member.plan.due).min())
    }

    fn gateway_log(&self, since: Option<Timestamp>) -> String {
        journal("-t rclone-gateway", since)
    }

    /// The lines of a run: `run-backup`'s own are its unit's, the applications' their users' (a timer's run), or all are the node's agent's
    /// (one that somebody started).
    fn run_log(&self, members: &[Member], since: Option<Timestamp>) -> String {
        let starters: Vec<Option<Starter>> =
            members.iter().map(|member| self.writer.starter(*member)).collect();
        let by_timer = !starters.iter().all(|starter| *starter == Some(Starter::Person));
        let by_person = !starters.iter().all(|starter| *starter == Some(Starter::Timer));
        let mut matches = Vec::new();
        if by_timer {
            let units = distinct(members.iter().map(|member| format!("backup{}.service", member.plan.id)));
            matches.extend(units.iter().take(MAX_COMMANDS).map(|unit| format!("_SYSTEMD_UNIT={unit}")));
        }
        if by_person {
            matches.push("_SYSTEMD_UNIT=agent@node.service".into());
        }
        if by_timer {
            let names = self.writer.module_names(members);
            matches.extend(names.iter().take(MAX_COMMANDS).map(|module| format!("_UID=$(id -u {module})")));
        }
        journal(&matches.join(" + "), since)
    }
}

fn link(text: &'static str, url: Option<String>) -> Vec<Link> {
    url.map(|url| Link { text, url }).into_iter().collect()
}

/// `journalctl --since '2026-11-22 01:03:10 UTC' …`
fn journal(what: &str, since: Option<Timestamp>) -> String {
    match since {
        Some(since) => {
            let since = earlier(since, LOG_MARGIN).strftime("%F %T UTC");
            format!("journalctl --since '{since}' {what}")
        }
        None => format!("journalctl --since -1d {what}"),
    }
}

/// restic-wrapper runs restic with the right repository, password and lock rights (ns8-core, `docs/core/backup_restore.md`).
fn restic(member: &Member, command: &str) -> String {
    format!("runagent -m {} restic-wrapper --backup {} {command}", member.application.module, member.plan.id)
}

/// True for what is looked at or done on the application's node.
fn concerns_node(cause: Cause) -> bool {
    !matches!(
        cause,
        Cause::StorageUnreachable
            | Cause::AccessDenied
            | Cause::StorageFull
            | Cause::WrongPassword
            | Cause::RepositoryMissing
            | Cause::NoDestination
            | Cause::Interrupted
    )
}
