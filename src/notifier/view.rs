// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! An email's content in its order: one value that both the text and the HTML are rendered from, so that they say the same.
//!
//! Whoever reads it at seven in the morning on a phone wants, in this order: what failed and where, the cause, what can be
//! restored, what to do, and what is backed up.

mod changes;
mod context;
mod parts;
mod sections;
mod steps;

use super::{format::Format, phrases::Phrases};
use crate::{
    correlator::correlation::{Outcome, State},
    language::Language,
    report::Report,
};

use self::context::{Writer, plan_title};
pub use self::parts::{Badge, FineGroup, FineRow, Group, Item, Section, Tone};

/// The longest that a plan's name gets in the headline, in characters.
const MAX_TITLE: usize = 60;

/// An email, before it is text or HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The language.
    pub language: Language,
    /// The cluster's name.
    pub cluster: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The answer in one line.
    pub headline: String,
    /// Paragraphs before the first section.
    pub intro: Vec<String>,
    /// The sections that have any content.
    pub sections: Vec<Section>,
    /// The applications that are backed up, plan by plan.
    pub fine: Vec<FineGroup>,
    /// Lines below everything else.
    pub footer: Vec<String>,
}

impl View {
    /// The email about a report.
    pub fn new(report: &Report, format: &Format) -> Self {
        let writer = Writer { report, format, phrases: format.language.phrases() };
        let found = writer.found();
        let sections = [
            found,
            writer.shrunk(),
            writer.cause(),
            writer.snapshots(),
            writer.steps(),
            writer.backup_size(),
        ];
        View {
            language: format.language,
            cluster: report.cluster.clone(),
            outcome: report.outcome,
            headline: headline(report, writer.phrases),
            intro: writer.intro(),
            sections: sections.into_iter().filter(|section| !section.groups.is_empty()).collect(),
            fine: writer.fine(),
            footer: writer.footer(),
        }
    }

    /// `[Acme] Backup PARTIAL: Nightly S3, 1 of 4 applications failed`
    pub fn subject(&self) -> String {
        self.language.phrases().subject(&self.cluster, self.outcome, &self.headline)
    }
}

/// The answer in one line: which plans, and how they came out.
fn headline(report: &Report, phrases: &'static dyn Phrases) -> String {
    let plans = &report.correlation.plans;
    let count = |state| plans.iter().map(|plan| plan.count(state)).sum();
    let total = plans.iter().map(|plan| plan.applications.len()).sum();
    let result = match report.outcome {
        Outcome::Success => {
            let recovered = !report.changes.recovered.is_empty();
            let shrunk = report.changes.shrunk.len();
            phrases.all_backed_up(total, recovered, shrunk)
        }
        Outcome::Missing => phrases.nothing_ran(total),
        Outcome::Unknown if report.correlation.internal_error.is_some() => {
            phrases.texts().internal_error.to_owned()
        }
        Outcome::Unknown if report.correlation.read_error.is_some() => {
            phrases.texts().cluster_unreadable.to_owned()
        }
        Outcome::Unknown => phrases.texts().result_unknown.to_owned(),
        Outcome::Partial | Outcome::Failure | Outcome::RepoFailure | Outcome::Pending => {
            let counts =
                phrases.counts(count(State::Failed), count(State::Missing), count(State::Pending), total);
            match report.outcome {
                Outcome::RepoFailure => format!("{counts}, {}", phrases.texts().storage_failure),
                _ => counts,
            }
        }
    };
    match plan_titles(report, phrases) {
        Some(titles) => format!("{titles}, {result}"),
        None => result,
    }
}

/// The plans of a report by name; of one that could not be read, those that its alerts name.
fn plan_titles(report: &Report, phrases: &'static dyn Phrases) -> Option<String> {
    let mut titles: Vec<String> =
        report.correlation.plans.iter().map(|plan| plan_title(plan, phrases)).collect();
    if titles.is_empty() {
        for alert in &report.alerts {
            let by_id = || alert.plan.as_ref().map(|id| phrases.plan_by_id(id.as_str()));
            if let Some(title) = alert.plan_name.clone().or_else(by_id)
                && !titles.contains(&title)
            {
                titles.push(title);
            }
        }
    }
    let titles: Vec<String> = titles.iter().map(|title| shorten(title)).collect();
    match titles.len() {
        0 => None,
        1 | 2 => Some(phrases.list(&titles)),
        count => Some(phrases.plans(count)),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_TITLE) {
        Some((position, _)) => format!("{}…", text[..position].trim_end()),
        None => text.to_owned(),
    }
}
