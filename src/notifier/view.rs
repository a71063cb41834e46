//! An email's content in its order: one value that both the text and the HTML are rendered from, so that they say the same.
//!
//! Whoever reads it at seven in the morning on a phone wants, in this order: what failed and where, the cause, what can be
//! restored, what to do, and what is backed up.

mod changes;
mod writer;

use super::{format::Format, phrases::Phrases};
use crate::{
    correlator::correlation::{Application, Outcome, Plan, State},
    language::Language,
    report::Report,
};

pub(super) use self::writer::Writer;

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

/// A part of the email with a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub heading: &'static str,
    /// Whether its items are steps, to be taken one after the other.
    pub numbered: bool,
    /// Its content.
    pub groups: Vec<Group>,
}

/// Items that belong to one plan, or to none in particular.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The plan's name, where the email covers more than one.
    pub heading: Option<String>,
    /// The plan's times and destination.
    pub note: Option<String>,
    /// Its items.
    pub items: Vec<Item>,
}

/// One finding or step.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// Its state in a word, and its colour.
    pub badge: Option<Badge>,
    /// What it is about.
    pub title: Option<String>,
    /// Where it is.
    pub place: Option<String>,
    /// The sentences about it.
    pub lines: Vec<String>,
    /// A message of restic or of a run, verbatim.
    pub quote: Option<String>,
    /// Commands for the step.
    pub commands: Vec<String>,
}

/// A state in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Badge {
    /// The word.
    pub word: &'static str,
    /// Its colour.
    pub tone: Tone,
}

/// What a colour means.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Tone {
    /// Green.
    Good,
    /// Red.
    Bad,
    /// Amber.
    Warning,
    /// Blue.
    Busy,
    /// Grey.
    Neutral,
}

/// The applications of one plan that are backed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FineGroup {
    /// The plan's name, where the email covers more than one.
    pub heading: Option<String>,
    /// One row for each.
    pub rows: Vec<FineRow>,
}

/// An application that is backed up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FineRow {
    /// Its name and label.
    pub application: String,
    /// Its node.
    pub node: String,
    /// Bytes in its latest snapshot.
    pub size: String,
    /// How long it took.
    pub duration: String,
    /// When it ended.
    pub finished: String,
}

/// As [`Item::badge`] holds it.
fn badge(word: &'static str, tone: Tone) -> Option<Badge> {
    Some(Badge { word, tone })
}

impl Tone {
    /// The colour of an outcome.
    pub fn of(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Success => Tone::Good,
            Outcome::Pending => Tone::Busy,
            Outcome::Unknown => Tone::Neutral,
            Outcome::Partial => Tone::Warning,
            Outcome::Missing | Outcome::RepoFailure | Outcome::Failure => Tone::Bad,
        }
    }
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

fn plan_title(plan: &Plan, phrases: &'static dyn Phrases) -> String {
    match &plan.name {
        Some(name) => name.clone(),
        None => phrases.plan_by_id(plan.id.as_str()),
    }
}

fn shorten(text: &str) -> String {
    match text.char_indices().nth(MAX_TITLE) {
        Some((position, _)) => format!("{}…", text[..position].trim_end()),
        None => text.to_owned(),
    }
}

/// `mail1 (Mail server)`
fn application_title(application: &Application) -> String {
    match &application.label {
        Some(label) => format!("{} ({label})", application.module),
        None => application.module.to_string(),
    }
}
