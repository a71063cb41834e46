//! Writes the parts of a [`View`](super::View): the sections in their order, each from the report alone.

use super::{Badge, FineGroup, FineRow, Group, Item, Section, Tone, application_title, plan_title};
use crate::{
    alert::{Alert, Source},
    correlator::correlation::{Application, MissingReason, Outcome, Plan, PlanIssue, State},
    ids::PlanId,
    language::Language,
    notifier::{
        format::Format,
        phrases::{Sentence, Word},
        steps,
    },
    repo_check::findings::{Cause, DestinationReport, Health, RepoReport, RepositoryReport},
    report::Report,
    run::Run,
    version::VERSION,
};

/// Writes the parts of one report.
pub(in crate::notifier) struct Writer<'a> {
    pub report: &'a Report,
    pub format: &'a Format,
    pub language: Language,
}

impl<'a> Writer<'a> {
    pub(in crate::notifier) fn plan_title(&self, plan: &Plan) -> String {
        plan_title(plan, self.language)
    }

    pub(in crate::notifier) fn node(&self, application: &Application) -> String {
        self.language.say(Sentence::OnNode {
            node: application.node.as_str(),
            label: application.node_label.as_deref(),
        })
    }

    pub(super) fn badge(&self, word: Word, tone: Tone) -> Option<Badge> {
        Some(Badge { word: self.language.word(word), tone })
    }

    /// The plans that are not well.
    pub(in crate::notifier) fn unwell(&self) -> impl Iterator<Item = &'a Plan> {
        self.report.correlation.plans.iter().filter(|plan| plan.outcome != Outcome::Success)
    }

    /// A heading for a plan, where there are several.
    pub(super) fn heading(&self, plan: &Plan) -> Option<String> {
        (self.report.correlation.plans.len() > 1).then(|| self.plan_title(plan))
    }

    pub(super) fn intro(&self) -> Vec<String> {
        match &self.report.correlation.read_error {
            Some(reason) => vec![self.language.say(Sentence::Unread { reason })],
            None if self.report.outcome == Outcome::Success => {
                let sentence = match self.report.alerts.iter().any(Alert::has_alarmed) {
                    true => Sentence::FineSinceTheAlert,
                    false if !self.report.changes.recovered.is_empty() => Sentence::FineAgain,
                    false => Sentence::AllFine,
                };
                let mut intro = vec![self.language.say(sentence)];
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
            Some(due) => {
                self.language.say(Sentence::Due { due: &self.format.time(due), next: next.as_deref() })
            }
            None => self.language.say(Sentence::DueWithinADay),
        };
        match &plan.destination {
            Some(destination) => {
                format!("{due} {}", self.language.say(Sentence::WritesTo(destination.title())))
            }
            None => due,
        }
    }

    /// What failed, is missing, or is still running, and where.
    pub(super) fn found(&self) -> Section {
        let any = |state| self.unwell().any(|plan| plan.count(state) > 0);
        let heading = if any(State::Failed) {
            Word::WhatFailed
        } else if any(State::Missing) {
            Word::WhatIsMissing
        } else if any(State::Pending) {
            Word::WhatIsRunning
        } else {
            Word::WhatIsUnknown
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
        Section {
            heading: self.language.word(heading),
            numbered: false,
            groups: self.unwell().map(group).collect(),
        }
    }

    fn unwell_application(&self, plan: &Plan, application: &Application) -> Item {
        let unreadable = matches!(application.missing_reason, Some(MissingReason::Unreadable { .. }));
        let badge = match application.state {
            State::Failed => self.badge(Word::Failed, Tone::Bad),
            State::Pending => self.badge(Word::Pending, Tone::Busy),
            State::Missing if unreadable => self.badge(Word::NotKnown, Tone::Neutral),
            State::Missing | State::Ok => self.badge(Word::Missing, Tone::Bad),
        };
        let mut lines = Vec::new();
        let mut quote = None;
        match (&application.missing_reason, &application.last_run) {
            (None, Some(run)) => {
                lines.push(self.ran(run));
                quote = run.error.clone();
            }
            (Some(MissingReason::Unreadable { reason }), _) => {
                lines.push(self.language.say(Sentence::UnreadableStatus { reason }));
            }
            (Some(MissingReason::RanLater), Some(run)) => {
                lines.push(match plan.due {
                    Some(due) => self.language.say(Sentence::NotWhenDue(&self.format.time(due))),
                    None => self.language.say(Sentence::NoResultInADay),
                });
                let time = self.format.time(run.end);
                lines.push(self.language.say(Sentence::RanSince { time: &time, ok: run.is_ok() }));
            }
            (_, last_run) => {
                lines.push(match plan.due {
                    Some(due) => self.language.say(Sentence::NoResultSince(&self.format.time(due))),
                    None => self.language.say(Sentence::NoResultInADay),
                });
                lines.push(match last_run {
                    Some(run) => self.language.say(Sentence::LastRun {
                        time: &self.format.time(run.end),
                        age: &self.format.age(run.end, self.report.correlation.at),
                        ok: run.is_ok(),
                    }),
                    None => self.language.say(Sentence::NeverRan),
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
            (Some(start), Some(duration)) => self.language.say(Sentence::Ran {
                span: &self.format.span(start, run.end),
                duration: &self.format.duration(duration),
            }),
            _ => self.language.say(Sentence::Ended(&self.format.time(run.end))),
        }
    }

    /// Destinations, repositories and whatever is odd.
    pub(super) fn behind(&self) -> Section {
        let mut items = Vec::new();
        if let Some(repos) = &self.report.repos {
            items.extend(repos.destinations.iter().map(|report| self.destination(report)));
            items.extend(self.repositories(repos));
            items.extend(self.saved_anyway(repos));
        }
        for plan in &self.report.correlation.plans {
            // Where a plan has nothing but issues, they have been told above.
            if !plan.applications.is_empty() {
                items.extend(
                    plan.issues
                        .iter()
                        .map(|plan_issue| self.plan_issue(plan_issue))
                        .map(|item| Item { title: Some(self.plan_title(plan)), ..item }),
                );
            }
        }
        self.section(Word::WhatIsBehind, items)
    }

    pub(super) fn section(&self, heading: Word, items: Vec<Item>) -> Section {
        let groups = if items.is_empty() { Vec::new() } else { vec![Group { items, ..Group::default() }] };
        Section { heading: self.language.word(heading), numbered: false, groups }
    }

    fn destination(&self, report: &DestinationReport) -> Item {
        let DestinationReport { destination, health, cause } = report;
        Item {
            badge: self.health_badge(*health, Word::Answers),
            title: Some(self.language.say(Sentence::DestinationNamed(destination.title()))),
            place: destination.url.clone(),
            lines: vec![
                self.language.say(Sentence::DestinationHealth { health: *health, cause: cause.as_ref() }),
            ],
            ..Item::default()
        }
    }

    /// A destination's or repository's health in a word; `well` is the word for one that is.
    fn health_badge(&self, health: Health, well: Word) -> Option<Badge> {
        let (word, tone) = match health {
            Health::Ok => (well, Tone::Good),
            Health::Unreachable => (Word::Unreachable, Tone::Bad),
            Health::Locked => (Word::Locked, Tone::Bad),
            Health::Corrupted => (Word::Damaged, Tone::Bad),
            Health::WrongPassword => (Word::WrongPassword, Tone::Bad),
            Health::NotFound => (Word::NotFound, Tone::Bad),
            Health::Unconfigured => (Word::NotConfigured, Tone::Bad),
            Health::Error => (Word::Error, Tone::Bad),
            Health::Unknown => (Word::NotKnown, Tone::Neutral),
        };
        self.badge(word, tone)
    }

    /// The repositories, those that are in the same state together.
    fn repositories(&self, repos: &RepoReport) -> Vec<Item> {
        let mut states: Vec<(&RepositoryReport, Vec<&str>)> = Vec::new();
        for report in &repos.repositories {
            let same = states.iter_mut().find(|(known, _)| {
                (known.destination.as_ref(), known.health, &known.cause)
                    == (report.destination.as_ref(), report.health, &report.cause)
            });
            match same {
                Some((_, modules)) => modules.push(report.module.as_str()),
                None => states.push((report, vec![report.module.as_str()])),
            }
        }
        let item = |(report, modules): (&RepositoryReport, Vec<&str>)| Item {
            badge: self.health_badge(report.health, Word::Readable),
            title: Some(self.language.say(Sentence::RepositoryOf(&self.language.list(&modules)))),
            lines: vec![
                self.language
                    .say(Sentence::RepositoryHealth { health: report.health, cause: report.cause.as_ref() }),
            ],
            quote: match &report.cause {
                Some(Cause::Restic { message }) => Some(message.clone()),
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
                        badge: self.badge(Word::Saved, Tone::Good),
                        title: Some(application_title(application)),
                        lines: vec![self.language.say(Sentence::SavedAnyway(&self.format.time(time)))],
                        ..Item::default()
                    });
                }
            }
        }
        items
    }

    fn plan_issue(&self, plan_issue: &PlanIssue) -> Item {
        let (line, quote) = match plan_issue {
            PlanIssue::PlanNotFound => (Sentence::PlanNotFound, None),
            PlanIssue::PlanDisabled => (Sentence::PlanDisabled, None),
            PlanIssue::NoApplications => (Sentence::NoApplications, None),
            PlanIssue::NoSchedule => (Sentence::NoSchedule, None),
            PlanIssue::UnreadableSchedule { reason } => (Sentence::UnreadableSchedule { reason }, None),
            PlanIssue::NoDestination => (Sentence::NoDestination, None),
            PlanIssue::UnknownDestination { repository } => (Sentence::UnknownDestination(repository), None),
            PlanIssue::RemovedModule { module } => (Sentence::RemovedModule(module), None),
            PlanIssue::PlanError { error, at } => {
                let line = self.language.say(Sentence::PlanError { time: &self.format.time(*at) });
                return Item {
                    badge: self.badge(Word::Error, Tone::Bad),
                    lines: vec![line],
                    quote: Some(error.clone()).filter(|error| !error.is_empty()),
                    ..Item::default()
                };
            }
        };
        Item {
            badge: self.badge(Word::Notice, Tone::Warning),
            lines: vec![self.language.say(line)],
            quote,
            ..Item::default()
        }
    }

    /// What each repository that was asked still holds.
    pub(super) fn restorable(&self) -> Section {
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
                    let line = self.language.say(Sentence::LastGood {
                        time: &self.format.time(last.time),
                        age: &self.format.age(last.time, self.report.correlation.at),
                        size: size.as_deref(),
                        count: snapshots.count,
                    });
                    self.snapshot_item(report, line, Tone::Good)
                }
            };
            items.push(item);
        }
        for (modules, sentence) in
            [(not_asked, Sentence::RestoreNotAsked), (not_readable, Sentence::RestoreNotReadable)]
        {
            if !modules.is_empty() {
                items.push(Item {
                    badge: self.badge(Word::NotKnown, Tone::Neutral),
                    title: Some(self.language.list(&modules)),
                    lines: vec![self.language.say(sentence)],
                    ..Item::default()
                });
            }
        }
        self.section(Word::WhatCanBeRestored, items)
    }

    fn no_snapshots(&self, report: &RepositoryReport) -> Item {
        self.snapshot_item(report, self.language.say(Sentence::NoSnapshots), Tone::Bad)
    }

    fn snapshot_item(&self, report: &RepositoryReport, line: String, tone: Tone) -> Item {
        let word = if tone == Tone::Good { Word::Restorable } else { Word::NothingToRestore };
        let destinations = self.report.repos.iter().flat_map(|repos| &repos.destinations);
        let destination = destinations
            .map(|known| &known.destination)
            .find(|destination| Some(&destination.id) == report.destination.as_ref());
        Item {
            badge: self.badge(word, tone),
            title: Some(report.module.to_string()),
            place: destination.map(|destination| destination.title().to_owned()),
            lines: vec![line],
            ..Item::default()
        }
    }

    pub(super) fn steps(&self) -> Section {
        Section { numbered: true, ..self.section(Word::WhatToDo, steps::steps(self)) }
    }

    pub(super) fn fine(&self) -> Vec<FineGroup> {
        let row = |application: &Application| {
            let none = || self.language.word(Word::None).to_owned();
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
                    return self.language.say(Sentence::StartedByRun { plan, began: &time });
                }
                (Source::Schedule, Some(plan)) => {
                    return self.language.say(Sentence::StartedBySchedule { plan, due: &time });
                }
                _ => {}
            }
            let since = alert.starts_at.map(|since| self.format.time(since));
            let summary = match self.language {
                Language::Italian => alert.summary_it.as_ref().or(alert.summary.as_ref()),
                Language::English => alert.summary.as_ref(),
            };
            self.language.say(Sentence::StartedBy {
                name: &alert.name,
                summary: summary.map(String::as_str),
                since: since.as_deref(),
            })
        };
        let mut footer: Vec<String> = self.report.alerts.iter().map(alert).collect();
        footer.push(format!(
            "{} {} · {} · ns8-backup-monitor {}",
            self.language.word(Word::Report),
            self.report.id,
            self.format.time(self.report.created_at),
            VERSION
        ));
        footer
    }
}
