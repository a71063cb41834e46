//! What a mail says, in its order: one value from which both the text and the HTML are written, so that they say the same.
//!
//! Whoever reads it at seven in the morning on a phone wants, in this order: what failed and where, what is behind it,
//! what can still be restored, what to do, and what is fine.

mod changes;
mod writer;

use super::{
    format::Format,
    phrases::{Sentence, Word},
};
use crate::{
    correlator::correlation::{Application, Outcome, Plan, State},
    language::Language,
    report::Report,
};

pub(super) use self::writer::Writer;

/// The longest that a plan's name gets in the headline, in characters.
const MAX_TITLE: usize = 60;

/// A mail, before it is text or HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The language.
    pub language: Language,
    /// What the cluster is called.
    pub cluster: String,
    /// The outcome.
    pub outcome: Outcome,
    /// The answer in one line.
    pub headline: String,
    /// What stands before the first section.
    pub intro: Vec<String>,
    /// The sections that hold anything.
    pub sections: Vec<Section>,
    /// The applications that are fine, plan by plan.
    pub fine: Vec<FineGroup>,
    /// What stands below everything.
    pub footer: Vec<String>,
}

/// A part of the mail with a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its heading.
    pub heading: &'static str,
    /// Whether its items are steps, to be done one after the other.
    pub numbered: bool,
    /// Its content.
    pub groups: Vec<Group>,
}

/// Items that belong to one plan, or to none in particular.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Group {
    /// The plan's name, where the mail is about more than one.
    pub heading: Option<String>,
    /// The plan's times and destination.
    pub note: Option<String>,
    /// What is said.
    pub items: Vec<Item>,
}

/// One thing that is said.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Item {
    /// Its state in a word, and its colour.
    pub badge: Option<Badge>,
    /// What it is about.
    pub title: Option<String>,
    /// Where it is.
    pub place: Option<String>,
    /// What is said of it.
    pub lines: Vec<String>,
    /// Somebody else's words.
    pub quote: Option<String>,
    /// Commands that do it.
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

/// The applications of one plan that are fine.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FineGroup {
    /// The plan's name, where the mail is about more than one.
    pub heading: Option<String>,
    /// One row for each.
    pub rows: Vec<FineRow>,
}

/// An application that is fine.
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
    /// Says what a report says.
    pub fn new(report: &Report, format: &Format) -> Self {
        let writer = Writer { report, format, language: format.language };
        let found = writer.found();
        let sections =
            [found, writer.shrunk(), writer.behind(), writer.restorable(), writer.steps(), writer.held()];
        View {
            language: format.language,
            cluster: report.cluster.clone(),
            outcome: report.outcome,
            headline: headline(report, format.language),
            intro: writer.intro(),
            sections: sections.into_iter().filter(|section| !section.groups.is_empty()).collect(),
            fine: writer.fine(),
            footer: writer.footer(),
        }
    }

    /// `[Acme] Backup PARTIAL: Nightly S3, 1 of 4 applications failed`
    pub fn subject(&self) -> String {
        let backup = self.language.word(Word::Backup);
        format!("[{}] {backup} {}: {}", self.cluster, self.outcome, self.headline)
    }
}

/// The answer in one line: which plans, and how they came out.
pub fn headline(report: &Report, language: Language) -> String {
    let plans = &report.correlation.plans;
    let count = |state| plans.iter().map(|plan| plan.count(state)).sum();
    let total = plans.iter().map(|plan| plan.applications.len()).sum();
    let result = match report.outcome {
        Outcome::Success => {
            let recovered = !report.changes.recovered.is_empty();
            let shrunk = report.changes.shrunk.len();
            language.say(Sentence::AllBackedUp { total, recovered, shrunk })
        }
        Outcome::Missing => language.say(Sentence::NothingRan { total }),
        Outcome::Unknown if report.correlation.read_error.is_some() => language.say(Sentence::ClusterUnread),
        Outcome::Unknown => language.say(Sentence::NotKnown),
        Outcome::Partial | Outcome::Failure | Outcome::RepoFailure | Outcome::Pending => {
            let counts = language.say(Sentence::Counts {
                failed: count(State::Failed),
                missing: count(State::Missing),
                pending: count(State::Pending),
                total,
            });
            match report.outcome {
                Outcome::RepoFailure => format!("{counts}, {}", language.say(Sentence::StorageAtFault)),
                _ => counts,
            }
        }
    };
    match plan_titles(report, language) {
        Some(titles) => format!("{titles}, {result}"),
        None => result,
    }
}

/// The plans of a report by name; of one that could not be read, those that its alerts name.
fn plan_titles(report: &Report, language: Language) -> Option<String> {
    let mut titles: Vec<String> =
        report.correlation.plans.iter().map(|plan| plan_title(plan, language)).collect();
    if titles.is_empty() {
        for alert in &report.alerts {
            let by_id = || alert.plan.as_ref().map(|id| language.say(Sentence::PlanById(id.as_str())));
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
        1 | 2 => Some(language.list(&titles)),
        count => Some(language.say(Sentence::Plans(count))),
    }
}

fn plan_title(plan: &Plan, language: Language) -> String {
    match &plan.name {
        Some(name) => name.clone(),
        None => language.say(Sentence::PlanById(plan.id.as_str())),
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
