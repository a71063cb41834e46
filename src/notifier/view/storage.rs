// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The state of destinations and repositories, and what else is odd about the plans.

use super::{
    context::Writer,
    overview::is_grave,
    parts::{Badge, Group, Item, Section, Tone, badge},
};
use crate::{
    correlator::correlation::PlanIssue,
    ids::DestinationId,
    repo_check::findings::{DestinationReport, Detail, Health, RepoReport, RepositoryReport},
};

/// The most names in a title.
const MAX_NAMES: usize = 5;

impl Writer<'_> {
    /// Destinations, repositories, and the plans' lesser issues.
    pub(super) fn storage(&self) -> Section {
        let mut items = Vec::new();
        if let Some(repos) = &self.report.repos {
            items.extend(
                repos.destinations.iter().take(self.limits.findings).map(|report| self.destination(report)),
            );
            items.extend(self.repositories(repos).into_iter().take(self.limits.findings));
        }
        let mut issues = Vec::new();
        for plan in self.report.correlation.plans.iter().filter(|plan| !plan.applications.is_empty()) {
            let lesser = plan.issues.iter().filter(|issue| !is_grave(issue));
            issues.extend(
                lesser.map(|issue| Item { title: Some(self.plan_title(plan)), ..self.plan_issue(issue) }),
            );
        }
        items.extend(issues.into_iter().take(self.limits.findings));
        self.section(self.texts().headings.storage, items)
    }

    pub(super) fn section(&self, heading: &'static str, items: Vec<Item>) -> Section {
        Section { heading: Some(heading), numbered: false, groups: self.group(items) }
    }

    /// Items without a heading of their own; none when there are none.
    pub(super) fn group(&self, items: Vec<Item>) -> Vec<Group> {
        if items.is_empty() { Vec::new() } else { vec![Group { items, ..Group::default() }] }
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
            title: Some(self.phrases.repository_title(&self.some_names(&modules, MAX_NAMES), modules.len())),
            place: self.destination_by_id(report.destination.as_ref()),
            lines: vec![self.phrases.repository_health(report.health, report.detail.as_ref())],
            quote: match &report.detail {
                Some(Detail::Restic { message }) => Some(message.clone()),
                _ => None,
            },
            ..Item::default()
        };
        states.into_iter().map(item).collect()
    }

    /// The name of a destination, where the report has more than one.
    fn destination_by_id(&self, id: Option<&DestinationId>) -> Option<String> {
        let plans = self.report.correlation.plans.iter();
        let has_it = |plan: &&crate::correlator::correlation::Plan| {
            plan.destination.as_ref().map(|destination| &destination.id) == id
        };
        plans.filter(has_it).find_map(|plan| self.named_destination(plan)).map(str::to_owned)
    }

    pub(super) fn plan_issue(&self, plan_issue: &PlanIssue) -> Item {
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
}
