//! What to do next: a step for each finding, with the NS8 command where there is one.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    phrases::Sentence,
    view::{Item, Writer},
};
use crate::{
    correlator::correlation::{Application, MissingReason, Plan, PlanIssue, State},
    repo_check::findings::{Cause, Health, RepoReport, RepositoryReport},
};

/// How long before a run began its log is read from.
const LOG_MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// When the data of a failed run were saved all the same: a snapshot that is not older than the run.
///
/// `run-backup` counts as failed what goes wrong after the snapshot, too: the figures, the removal of old snapshots.
pub(super) fn saved_at(plan: &Plan, application: &Application, repos: &RepoReport) -> Option<Timestamp> {
    let began = application.last_run.as_ref()?.start?;
    let last = repos.repository(plan, application)?.snapshots?.last?;
    (last.time >= began).then_some(last.time)
}

/// The steps for a report, in the order in which they are best done.
pub(super) fn steps(writer: &Writer) -> Vec<Item> {
    let mut steps = Steps { writer, items: Vec::new() };
    if writer.report.correlation.read_error.is_some() {
        steps.push(
            Sentence::DoCheckRedis,
            ["systemctl status redis".into(), "podman exec redis redis-cli ping".into()],
        );
        steps.push(Sentence::DoWaitForRedis, []);
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
        steps.push(Sentence::DoLookAtShrunk(shrunk.module.as_str()), []);
    }
    for plan in writer.unwell() {
        let title = writer.plan_title(plan);
        if plan.count(State::Failed) + plan.count(State::Missing) > 0 {
            // NS8's own ids are numbers; of a hand-made plan, run-backup knows nothing.
            let command = plan.id.as_str().parse::<u64>().ok();
            let command = command.map(|id| format!("api-cli run run-backup --data '{{\"id\":{id}}}'"));
            steps.push(Sentence::DoRunAgain(&title), command);
        }
    }
    if writer.unwell().any(|plan| plan.count(State::Pending) > 0) {
        steps.push(Sentence::DoWaitForPlan, []);
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
    fn push(&mut self, sentence: Sentence, commands: impl IntoIterator<Item = String>) {
        let item = Item {
            lines: vec![self.writer.language.say(sentence)],
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
        self.writer.language.list(&names)
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
        let is_silent = |cause: &Option<Cause>| matches!(cause, Some(Cause::GatewaySilent { .. }));
        if repos.destinations.iter().any(|report| is_silent(&report.cause)) {
            self.push(Sentence::DoCheckGateway, gateway());
        }
        for report in &repos.destinations {
            if report.health.is_unhealthy() {
                self.push(Sentence::DoCheckDestination(report.destination.title()), gateway());
            }
        }
        let api_refuses = |report: &RepositoryReport| {
            matches!(report.cause, Some(Cause::ApiRefused { .. } | Cause::NotAsked))
        };
        if repos.repositories.iter().any(api_refuses) {
            self.push(Sentence::DoAllowApi, []);
        }
    }

    fn repositories(&mut self, plan: &Plan, repos: &RepoReport) {
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
            self.push(Sentence::DoUnlock { applications: &names, node: &node }, commands);
        }
        for (node, applications) in self.by_node(with_health(Health::Corrupted)) {
            let names = self.names(&applications);
            let commands = applications.iter().map(|application| restic(application, "check"));
            self.push(Sentence::DoCheckRepository { applications: &names, node: &node }, commands);
        }
        for (node, applications) in self.by_node(with_health(Health::Error)) {
            let names = self.names(&applications);
            let commands = applications.iter().map(|application| restic(application, "snapshots"));
            self.push(Sentence::DoAskRestic { applications: &names, node: &node }, commands);
        }
        let wrong_password: Vec<_> = with_health(Health::WrongPassword).collect();
        if !wrong_password.is_empty() {
            let applications = &self.names(&wrong_password);
            self.push(Sentence::DoRestorePassword { applications, destination: &destination }, []);
        }
        let not_found: Vec<_> = with_health(Health::NotFound).collect();
        if !not_found.is_empty() {
            let applications = &self.names(&not_found);
            self.push(Sentence::DoFindRepository { applications, destination: &destination }, []);
        }
    }

    fn applications(&mut self, plan: &Plan) {
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
                let since = (began - LOG_MARGIN).strftime("%F %T UTC");
                format!("journalctl -u backup{}.service --since '{since}'", plan.id)
            });
            self.push(Sentence::DoReadLog { applications: &names, node: &node }, command);
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
                self.push(Sentence::DoCheckRun { applications: &names, node: &node }, [command]);
                continue;
            }
            let commands =
                ["systemctl list-timers 'backup*'".into(), "journalctl --list-boots | tail -n 3".into()];
            self.push(Sentence::DoCheckTimer { applications: &names, node: &node }, commands);
        }
        for application in unreadable {
            let (node, module) = (&application.node, &application.module);
            let command =
                format!("podman exec redis redis-cli HGET node/{node}/backup_status/{} {module}", plan.id);
            self.push(Sentence::DoReadStatus { application: module.as_str() }, [command]);
        }
    }

    fn issues(&mut self, plan: &Plan) {
        let title = self.writer.plan_title(plan);
        for plan_issue in &plan.issues {
            match plan_issue {
                PlanIssue::PlanNotFound => self.push(Sentence::DoIgnoreGonePlan, []),
                PlanIssue::PlanDisabled => self.push(Sentence::DoEnablePlan(&title), []),
                PlanIssue::NoApplications => self.push(Sentence::DoFillPlan(&title), []),
                PlanIssue::NoSchedule | PlanIssue::UnreadableSchedule { .. } => {
                    self.push(Sentence::DoCorrectSchedule(&title), []);
                }
                PlanIssue::NoDestination | PlanIssue::UnknownDestination { .. } => {
                    self.push(Sentence::DoChooseDestination(&title), []);
                }
                PlanIssue::RemovedModule { module } => {
                    self.push(Sentence::DoRemoveFromPlan { plan: &title, module }, []);
                }
                // Its words are quoted; what to do follows from the applications.
                PlanIssue::PlanError { .. } => {}
            }
        }
    }
}
