// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Writes the parts of a [`View`](super::View): the sections in their order, each from the report alone.

use super::{
    context::{Writer, application_title},
    parts::{Badge, FineGroup, FineRow, Group, Item, Section, Tone, badge},
    steps,
};
use crate::{
    alert::{Alert, Source},
    correlator::correlation::{Application, MissingReason, Outcome, Plan, PlanIssue, State},
    ids::PlanId,
    language::Language,
    repo_check::findings::{DestinationReport, Detail, Health, RepoReport, RepositoryReport},
    run::Run,
    version::VERSION,
};

impl Writer<'_> {
    pub(super) fn intro(&self) -> Vec<String> {
        let correlation = &self.report.correlation;
        if let Some(reason) = &correlation.internal_error {
            return vec![self.phrases.internal_error(reason)];
        }
        match &correlation.read_error {
            Some(reason) => vec![self.phrases.cluster_unread(reason)],
            None if self.report.outcome == Outcome::Success => {
                let texts = self.texts();
                let sentence = match self.report.alerts.iter().any(|alert| alert.source.has_alarmed()) {
                    true => texts.fine_since_the_alert,
                    false if !self.report.changes.recovered.is_empty() => texts.fine_again,
                    false => texts.all_fine,
                };
                let mut intro = vec![sentence.to_owned()];
                intro.extend(self.report.correlation.plans.iter().map(|plan| self.plan_note(plan)));
                intro
            }
            None => Vec::new(),
        }
    }

    /// When a plan was due, and where it writes.
    fn plan_note(&self, plan: &Plan) -> String {
        let next = plan.next.map(|next| self.format.time(next));
        let due = match plan.due {
            Some(due) => self.phrases.due(&self.format.time(due), next.as_deref()),
            None => self.texts().due_within_a_day.to_owned(),
        };
        match &plan.destination {
            Some(destination) => {
                format!("{due} {}", self.phrases.writes_to(destination.title()))
            }
            None => due,
        }
    }

    /// What failed, is missing, or is still running, and where.
    pub(super) fn found(&self) -> Section {
        let any = |state| self.unwell().any(|plan| plan.count(state) > 0);
        let headings = &self.texts().headings;
        let heading = if any(State::Failed) {
            headings.failed
        } else if any(State::Missing) {
            headings.missing
        } else if any(State::Pending) {
            headings.pending
        } else {
            headings.unknown
        };
        let group = |plan: &Plan| {
            let states = [State::Failed, State::Missing, State::Pending];
            let applications = states.into_iter().flat_map(|state| plan.in_state(state));
            let mut items: Vec<Item> =
                applications.map(|application| self.unwell_application(plan, application)).collect();
            if items.is_empty() {
                items.extend(plan.issues.iter().map(|plan_issue| self.plan_issue(plan_issue)));
            }
            let read = !plan.issues.contains(&PlanIssue::PlanNotFound);
            Group { heading: self.heading(plan), note: read.then(|| self.plan_note(plan)), items }
        };
        Section { heading, numbered: false, groups: self.unwell().map(group).collect() }
    }

    fn unwell_application(&self, plan: &Plan, application: &Application) -> Item {
        let unreadable = matches!(application.missing_reason, Some(MissingReason::Unreadable { .. }));
        let badges = &self.texts().badges;
        let badge = match application.state {
            State::Failed => badge(badges.failed, Tone::Bad),
            State::Pending => badge(badges.pending, Tone::Busy),
            State::Missing if unreadable => badge(badges.unknown, Tone::Neutral),
            State::Missing | State::Ok => badge(badges.missing, Tone::Bad),
        };
        let mut lines = Vec::new();
        let mut quote = None;
        match (&application.missing_reason, &application.last_run) {
            (None, Some(run)) => {
                lines.push(self.ran(run));
                quote = run.error.clone();
            }
            (Some(MissingReason::Unreadable { reason }), _) => {
                lines.push(self.phrases.unreadable_status(reason));
            }
            (Some(MissingReason::RanLater), Some(run)) => {
                lines.push(match plan.due {
                    Some(due) => self.phrases.not_run_when_due(&self.format.time(due)),
                    None => self.texts().no_result_in_a_day.to_owned(),
                });
                let time = self.format.time(run.end);
                lines.push(self.phrases.later_run(&time, run.is_ok()));
            }
            (_, last_run) => {
                lines.push(match plan.due {
                    Some(due) => self.phrases.no_result_since(&self.format.time(due)),
                    None => self.texts().no_result_in_a_day.to_owned(),
                });
                lines.push(match last_run {
                    Some(run) => self.phrases.previous_run(
                        &self.format.time(run.end),
                        &self.format.age(run.end, self.report.correlation.at),
                        run.is_ok(),
                    ),
                    None => self.texts().never_backed_up.to_owned(),
                });
            }
        }
        Item {
            badge,
            title: Some(application_title(application)),
            place: Some(self.node(application)),
            lines,
            quote,
            commands: Vec::new(),
        }
    }

    fn ran(&self, run: &Run) -> String {
        match (run.start, run.duration()) {
            (Some(start), Some(duration)) => {
                format!("{}, {}", self.format.span(start, run.end), self.format.duration(duration))
            }
            _ => self.phrases.ended(&self.format.time(run.end)),
        }
    }

    /// Destinations, repositories and issues of the plans.
    pub(super) fn cause(&self) -> Section {
        let mut items = Vec::new();
        if let Some(repos) = &self.report.repos {
            items.extend(repos.destinations.iter().map(|report| self.destination(report)));
            items.extend(self.repositories(repos));
            items.extend(self.saved_anyway(repos));
        }
        for plan in &self.report.correlation.plans {
            // The issues of a plan without applications have been listed above.
            if !plan.applications.is_empty() {
                items.extend(
                    plan.issues
                        .iter()
                        .map(|plan_issue| self.plan_issue(plan_issue))
                        .map(|item| Item { title: Some(self.plan_title(plan)), ..item }),
                );
            }
        }
        self.section(self.texts().headings.cause, items)
    }

    pub(super) fn section(&self, heading: &'static str, items: Vec<Item>) -> Section {
        let groups = if items.is_empty() { Vec::new() } else { vec![Group { items, ..Group::default() }] };
        Section { heading, numbered: false, groups }
    }

    fn destination(&self, report: &DestinationReport) -> Item {
        let DestinationReport { destination, health, detail } = report;
        Item {
            badge: self.health_badge(*health, self.texts().badges.reachable),
            title: Some(self.phrases.destination_title(destination.title())),
            place: destination.url.clone(),
            lines: vec![self.phrases.destination_health(*health, detail.as_ref())],
            ..Item::default()
        }
    }

    /// A destination's or repository's health in a word; `well` is the word for one that is.
    fn health_badge(&self, health: Health, well: &'static str) -> Option<Badge> {
        let badges = &self.texts().badges;
        let (word, tone) = match health {
            Health::Ok => (well, Tone::Good),
            Health::Unreachable => (badges.unreachable, Tone::Bad),
            Health::Locked => (badges.locked, Tone::Bad),
            Health::Corrupted => (badges.damaged, Tone::Bad),
            Health::WrongPassword => (badges.wrong_password, Tone::Bad),
            Health::NotFound => (badges.not_found, Tone::Bad),
            Health::Unconfigured => (badges.not_configured, Tone::Bad),
            Health::Error => (badges.error, Tone::Bad),
            Health::Unknown => (badges.unknown, Tone::Neutral),
        };
        badge(word, tone)
    }

    /// The repositories, those that are in the same state together.
    fn repositories(&self, repos: &RepoReport) -> Vec<Item> {
        let mut states: Vec<(&RepositoryReport, Vec<&str>)> = Vec::new();
        for report in &repos.repositories {
            let same = states.iter_mut().find(|(known, _)| {
                (known.destination.as_ref(), known.health, &known.detail)
                    == (report.destination.as_ref(), report.health, &report.detail)
            });
            match same {
                Some((_, modules)) => modules.push(report.module.as_str()),
                None => states.push((report, vec![report.module.as_str()])),
            }
        }
        let item = |(report, modules): (&RepositoryReport, Vec<&str>)| Item {
            badge: self.health_badge(report.health, self.texts().badges.readable),
            title: Some(self.phrases.repository_title(&self.phrases.list(&modules), modules.len())),
            lines: vec![self.phrases.repository_health(report.health, report.detail.as_ref())],
            quote: match &report.detail {
                Some(Detail::Restic { message }) => Some(message.clone()),
                _ => None,
            },
            ..Item::default()
        };
        states.into_iter().map(item).collect()
    }

    /// The applications whose failed run has left a snapshot all the same.
    fn saved_anyway(&self, repos: &RepoReport) -> Vec<Item> {
        let mut items = Vec::new();
        for plan in self.unwell() {
            for application in plan.in_state(State::Failed) {
                if let Some(time) = steps::saved_at(plan, application, repos) {
                    items.push(Item {
                        badge: badge(self.texts().badges.data_saved, Tone::Good),
                        title: Some(application_title(application)),
                        lines: vec![self.phrases.saved_anyway(&self.format.time(time))],
                        ..Item::default()
                    });
                }
            }
        }
        items
    }

    fn plan_issue(&self, plan_issue: &PlanIssue) -> Item {
        let (texts, phrases) = (self.texts(), self.phrases);
        let line = match plan_issue {
            PlanIssue::PlanNotFound => texts.plan_not_found.to_owned(),
            PlanIssue::PlanDisabled => texts.plan_disabled.to_owned(),
            PlanIssue::NoApplications => texts.no_applications.to_owned(),
            PlanIssue::NoSchedule => texts.no_schedule.to_owned(),
            PlanIssue::UnreadableSchedule { reason } => phrases.unreadable_schedule(reason),
            PlanIssue::NoDestination => texts.no_destination.to_owned(),
            PlanIssue::UnknownDestination { repository } => phrases.unknown_destination(repository),
            PlanIssue::RemovedModule { module } => phrases.removed_module(module),
            PlanIssue::PlanError { error, at } => {
                return Item {
                    badge: badge(texts.badges.error, Tone::Bad),
                    lines: vec![phrases.plan_error(&self.format.time(*at))],
                    quote: Some(error.clone()).filter(|error| !error.is_empty()),
                    ..Item::default()
                };
            }
        };
        Item { badge: badge(texts.badges.warning, Tone::Warning), lines: vec![line], ..Item::default() }
    }

    /// What can be restored from each repository that was asked.
    pub(super) fn snapshots(&self) -> Section {
        let mut items = Vec::new();
        let mut not_asked: Vec<&str> = Vec::new();
        let mut not_readable: Vec<&str> = Vec::new();
        let repositories = self.report.repos.iter().flat_map(|repos| &repos.repositories);
        for report in repositories {
            let Some(snapshots) = report.snapshots else {
                // Where there is no repository, there is nothing in it.
                match report.health {
                    Health::NotFound => items.push(self.no_snapshots(report)),
                    Health::Unknown => not_asked.push(report.module.as_str()),
                    _ => not_readable.push(report.module.as_str()),
                }
                continue;
            };
            let item = match snapshots.last {
                None => self.no_snapshots(report),
                Some(last) => {
                    let size = last.size.map(|size| self.format.size(size));
                    let line = self.phrases.latest_snapshot(
                        &self.format.time(last.time),
                        &self.format.age(last.time, self.report.correlation.at),
                        size.as_deref(),
                        snapshots.count,
                    );
                    self.snapshot_item(report, line, Tone::Good)
                }
            };
            items.push(item);
        }
        let texts = self.texts();
        for (modules, sentence) in
            [(not_asked, texts.snapshots_not_queried), (not_readable, texts.snapshots_unreadable)]
        {
            if !modules.is_empty() {
                items.push(Item {
                    badge: badge(texts.badges.unknown, Tone::Neutral),
                    title: Some(self.phrases.list(&modules)),
                    lines: vec![sentence.to_owned()],
                    ..Item::default()
                });
            }
        }
        self.section(texts.headings.snapshots, items)
    }

    fn no_snapshots(&self, report: &RepositoryReport) -> Item {
        self.snapshot_item(report, self.texts().no_snapshots.to_owned(), Tone::Bad)
    }

    fn snapshot_item(&self, report: &RepositoryReport, line: String, tone: Tone) -> Item {
        let badges = &self.texts().badges;
        let word = if tone == Tone::Good { badges.available } else { badges.none };
        let destinations = self.report.repos.iter().flat_map(|repos| &repos.destinations);
        let destination = destinations
            .map(|known| &known.destination)
            .find(|destination| Some(&destination.id) == report.destination.as_ref());
        Item {
            badge: badge(word, tone),
            title: Some(report.module.to_string()),
            place: destination.map(|destination| destination.title().to_owned()),
            lines: vec![line],
            ..Item::default()
        }
    }

    pub(super) fn steps(&self) -> Section {
        Section { numbered: true, ..self.section(self.texts().headings.steps, steps::steps(self)) }
    }

    pub(super) fn fine(&self) -> Vec<FineGroup> {
        let row = |application: &Application| {
            let none = || self.texts().none.to_owned();
            let run = application.last_run.as_ref();
            FineRow {
                application: application_title(application),
                node: self.node(application),
                size: run.and_then(|run| run.size).map_or_else(none, |size| self.format.size(size)),
                duration: run
                    .and_then(Run::duration)
                    .map_or_else(none, |duration| self.format.duration(duration)),
                finished: run
                    .map_or_else(none, |run| self.format.recent_time(run.end, self.report.correlation.at)),
            }
        };
        let group = |plan: &Plan| FineGroup {
            heading: self.heading(plan),
            rows: plan.in_state(State::Ok).map(row).collect(),
        };
        let plans = self.report.correlation.plans.iter();
        plans.map(group).filter(|group| !group.rows.is_empty()).collect()
    }

    pub(super) fn footer(&self) -> Vec<String> {
        let alert = |alert: &Alert| {
            let plan = alert.plan_name.as_deref().or(alert.plan.as_ref().map(PlanId::as_str));
            let time = alert.starts_at.map(|at| self.format.time(at)).unwrap_or_default();
            match (alert.source, plan) {
                (Source::Run, Some(plan)) => {
                    return self.phrases.started_by_run(plan, &time);
                }
                (Source::Schedule, Some(plan)) => {
                    return self.phrases.started_by_schedule(plan, &time);
                }
                _ => {}
            }
            let since = alert.starts_at.map(|since| self.format.time(since));
            // NS8's own rules have no other languages.
            let summary = match self.format.language {
                Language::Italian => alert.summary_it.as_ref().or(alert.summary.as_ref()),
                _ => alert.summary.as_ref(),
            };
            self.phrases.started_by_alert(&alert.name, summary.map(String::as_str), since.as_deref())
        };
        let mut footer: Vec<String> = self.report.alerts.iter().map(alert).collect();
        footer.push(format!(
            "{} {} · {} · ns8-backup-monitor {}",
            self.texts().report,
            self.report.id,
            self.format.time(self.report.created_at),
            VERSION
        ));
        footer
    }
}
