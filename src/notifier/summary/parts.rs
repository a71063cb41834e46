// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Gaps, incidents, strips, restore points and growth, each no longer than a mail should be.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use super::view::{DayCell, PointRow, Points, Strip, Strips, Writer};
use crate::{
    correlator::correlation::Outcome,
    coverage::gap::{GapKind, Severity},
    ids::{ModuleId, PlanId},
    notifier::{
        gaps,
        view::{Badge, Group, Item, Link, Section, Tone},
    },
    summary::{Incident, OpenGap, PlanRuns},
};

/// How many plans have a strip.
const MAX_STRIPS: usize = 20;
/// How many restore points are listed; where all is well, fewer.
const MAX_POINTS: usize = 8;
const FEW_POINTS: usize = 3;
/// How many applications are named in one line.
const MAX_NAMES: usize = 12;
/// How many incidents are told.
const MAX_INCIDENTS: usize = 8;
/// How many destinations.
const MAX_DESTINATIONS: usize = 10;

impl Writer<'_> {
    /// The gaps, each kind once with those concerned.
    pub(super) fn gaps(&self) -> Section {
        let texts = self.phrases.summary();
        let mut kinds: BTreeMap<GapKind, Vec<&OpenGap>> = BTreeMap::new();
        for open in &self.summary.gaps {
            kinds.entry(open.gap.kind).or_default().push(open);
        }
        let mut items: Vec<Item> = kinds.into_iter().map(|(kind, open)| self.gap(kind, &open)).collect();
        items.extend(self.not_recent());
        if let Some(last) = items.last_mut() {
            let url = self.format.links.backup();
            last.links.extend(url.map(|url| Link { text: self.phrases.texts().link_backup, url }));
        }
        section(texts.gaps, items)
    }

    fn gap(&self, kind: GapKind, open: &[&OpenGap]) -> Item {
        let mut names: Vec<String> = Vec::new();
        for OpenGap { gap, .. } in open {
            let title = |module: &ModuleId, label: &Option<String>| match label {
                Some(label) => format!("{module} ({label})"),
                None => module.to_string(),
            };
            let plan = gap.plan.as_ref().map(|plan| self.plan(&plan.id, plan.name.as_deref()));
            let own = gap.application.as_ref().map(|found| title(&found.module, &found.label));
            let others = gap.applications.iter().map(|found| title(&found.module, &found.label));
            let applications: Vec<String> = own.into_iter().chain(others).collect();
            match (plan, kind.is_of_applications()) {
                // The plan is what is wrong.
                (Some(plan), false) if applications.is_empty() => names.push(plan),
                (Some(plan), false) => names.push(format!("{plan}: {}", self.names(&applications))),
                _ => names.extend(applications),
            }
        }
        let since = open.iter().map(|open| open.since).min();
        Item {
            badge: Some(Badge {
                word: self.phrases.gap_severity(kind.severity()),
                tone: gaps::tone(kind.severity()),
            }),
            title: Some(self.phrases.gap_title(kind).into()),
            lines: if names.is_empty() { Vec::new() } else { vec![self.names(&distinct(names))] },
            notes: since.map(|since| self.phrases.gap_since(&self.format.day(since))).into_iter().collect(),
            ..Item::default()
        }
    }

    /// Applications that are not protected though no gap names them: nothing was saved for too long.
    fn not_recent(&self) -> Option<Item> {
        let named: BTreeSet<&ModuleId> = self
            .summary
            .gaps
            .iter()
            .flat_map(|open| open.gap.application.iter().chain(&open.gap.applications))
            .map(|found| &found.module)
            .collect();
        let others = self.summary.unprotected.iter().filter(|found| !named.contains(&found.module));
        let names: Vec<String> = others.map(crate::summary::Application::title).collect();
        let is_told = self.summary.has_run() && !names.is_empty();
        is_told.then(|| Item {
            badge: Some(Badge {
                word: self.phrases.gap_severity(Severity::Unprotected),
                tone: gaps::tone(Severity::Unprotected),
            }),
            title: Some(self.phrases.summary().not_recent.into()),
            lines: vec![self.names(&names)],
            ..Item::default()
        })
    }

    pub(super) fn incidents(&self) -> Section {
        let all = &self.summary.incidents;
        let mut items: Vec<Item> =
            all.iter().take(MAX_INCIDENTS).map(|incident| self.incident(incident)).collect();
        let more = all.len().saturating_sub(items.len());
        if let Some(last) = items.last_mut().filter(|_| more > 0) {
            last.notes.push(self.phrases.more(more));
        }
        section(self.phrases.summary().incidents, items)
    }

    fn incident(&self, incident: &Incident) -> Item {
        let badges = &self.phrases.texts().badges;
        let (word, tone) = match (incident.closed_at, incident.outcome) {
            (Some(_), _) => (self.phrases.summary().over, Tone::Good),
            (None, Outcome::Missing) => (badges.missing, Tone::Bad),
            (None, Outcome::Pending) => (badges.pending, Tone::Busy),
            (None, Outcome::Unknown) => (badges.unknown, Tone::Neutral),
            (None, _) => (badges.failed, Tone::Bad),
        };
        let end = incident.closed_at.unwrap_or(self.summary.to);
        let age = self.format.age(incident.since, end);
        let place = match incident.closed_at {
            None => {
                self.phrases.incident_open(&self.format.time(incident.since), &age, incident.failing_runs)
            }
            Some(closed_at) => self.phrases.incident_closed(
                &self.format.span(incident.since, closed_at),
                &age,
                incident.failing_runs,
            ),
        };
        let names: Vec<String> = incident.applications.iter().map(ToString::to_string).collect();
        let cause = incident.cause.and_then(|cause| self.phrases.cause_clause(cause, names.len() > 1));
        let line = match (names.is_empty(), cause) {
            (true, cause) => cause.map(crate::text::capitalized),
            (false, Some(cause)) => Some(format!("{}: {cause}", self.names(&names))),
            (false, None) => Some(self.names(&names)),
        };
        Item {
            badge: Some(Badge { word, tone }),
            title: Some(self.plan(&incident.plan, incident.plan_name.as_deref())),
            place: Some(place),
            lines: line.into_iter().collect(),
            ..Item::default()
        }
    }

    pub(super) fn strips(&self) -> Strips {
        let weekdays = &self.phrases.texts().weekdays;
        let words = &self.phrases.summary().days;
        let strip = |plan: &PlanRuns| Strip {
            plan: self.plan(&plan.id, plan.name.as_deref()),
            note: match (plan.enabled, plan.runs) {
                (false, _) => self.phrases.summary().disabled.into(),
                (true, 0) => self.phrases.summary().no_runs.into(),
                (true, runs) => self.phrases.good_runs(plan.successful, runs),
            },
            days: plan
                .days
                .iter()
                .map(|day| {
                    let index = day.date.weekday().to_monday_zero_offset().unsigned_abs();
                    let (symbol, word) = match day.outcome {
                        None if day.is_forgotten => ("?", words.unknown),
                        outcome => words.of(outcome),
                    };
                    let tone = day.outcome.map(Tone::of);
                    DayCell { day: weekdays[usize::from(index)], symbol, word, tone }
                })
                .collect(),
        };
        let (shown, rest) = self.summary.plans.split_at(self.summary.plans.len().min(MAX_STRIPS));
        let plans: Vec<Strip> = shown.iter().map(strip).collect();
        let are_well = rest.iter().all(|plan| plan.enabled && plan.runs > 0 && plan.runs == plan.successful);
        let cells = || plans.iter().flat_map(|strip| &strip.days);
        let outcomes = Outcome::ALL.into_iter().map(Some).chain([None]);
        let mut legend: Vec<String> = Vec::new();
        for (symbol, word) in outcomes.map(|outcome| words.of(outcome)) {
            let entry = format!("{symbol} {word}");
            if cells().any(|cell| cell.symbol == symbol) && !legend.contains(&entry) {
                legend.push(entry);
            }
        }
        Strips {
            more: (!rest.is_empty()).then(|| self.phrases.more_plans(rest.len(), are_well)),
            legend: legend.join(", "),
            plans,
        }
    }

    pub(super) fn points(&self) -> Points {
        let all = &self.summary.restore_points;
        let most = if self.tone() == Tone::Good { FEW_POINTS } else { MAX_POINTS };
        let rows: Vec<PointRow> = all
            .iter()
            .filter(|_| self.summary.has_run())
            .take(most)
            .map(|point| PointRow {
                application: point.application.title(),
                place: match &point.destination {
                    Some(destination) => {
                        format!("{} → {destination}", self.plan(&point.plan, point.plan_name.as_deref()))
                    }
                    None => self.plan(&point.plan, point.plan_name.as_deref()),
                },
                age: point.newest.map_or_else(
                    || self.phrases.summary().no_restore_point.to_owned(),
                    |newest| self.ago(newest),
                ),
                proof: point.proved_at.map_or_else(
                    || self.phrases.summary().not_proved.to_owned(),
                    |proved| self.phrases.proved(&self.format.age(proved, self.summary.to)),
                ),
            })
            .collect();
        let more = all.len().saturating_sub(rows.len());
        let worst = all.iter().map(|point| point.at_risk_seconds).collect::<Option<Vec<i64>>>();
        let worst = worst.and_then(|all| all.into_iter().max()).map(SignedDuration::from_secs);
        let worst = worst.and_then(|worst| self.summary.to.checked_sub(worst).ok());
        Points {
            note: worst.map(|since| self.phrases.at_risk(&self.format.span_of_time(since, self.summary.to))),
            more: (more > 0 && !rows.is_empty()).then(|| self.phrases.more(more)),
            rows,
        }
    }

    pub(super) fn growth(&self) -> Vec<String> {
        let since = self.format.day(self.summary.from);
        let all = &self.summary.growth;
        let mut lines: Vec<String> = all
            .iter()
            .take(MAX_DESTINATIONS)
            .map(|growth| {
                let difference = growth.growth.map(|by| (by, self.format.size(by.unsigned_abs())));
                let difference = difference.as_ref().map(|(by, size)| (*by, size.as_str()));
                let size = self.format.size(growth.size);
                let holds = self.phrases.holds(&size, growth.applications, difference, &since);
                format!("{}: {holds}", growth.name)
            })
            .collect();
        let more = all.len().saturating_sub(lines.len());
        lines.extend((more > 0).then(|| self.phrases.more_destinations(more)));
        lines
    }

    fn plan(&self, id: &PlanId, name: Option<&str>) -> String {
        name.map_or_else(|| self.phrases.plan_by_id(id.as_str()), str::to_owned)
    }

    fn ago(&self, time: Timestamp) -> String {
        self.phrases.ago(&self.format.age(time, self.summary.to))
    }

    /// `mail1, webtop1 and 38 more`
    fn names(&self, names: &[String]) -> String {
        if names.len() <= MAX_NAMES.saturating_add(1) {
            return self.phrases.list(names);
        }
        let first: Vec<&str> = names.iter().take(MAX_NAMES).map(String::as_str).collect();
        self.phrases.and_more(&first.join(", "), names.len().saturating_sub(first.len()))
    }
}

fn section(heading: &'static str, items: Vec<Item>) -> Section {
    let groups = if items.is_empty() { Vec::new() } else { vec![Group { items, ..Group::default() }] };
    Section { heading: Some(heading), numbered: false, groups }
}

fn distinct(names: Vec<String>) -> Vec<String> {
    let mut seen = BTreeSet::new();
    names.into_iter().filter(|name| seen.insert(name.clone())).collect()
}
