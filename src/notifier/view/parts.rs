// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What an email consists of: values without any word of a language but those put into them.

use crate::correlator::correlation::Outcome;

/// A part of the email with a heading.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Section {
    /// Its heading. None for the overview, which the headline is the heading of.
    pub heading: Option<&'static str>,
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
    /// What is to be said after the commands.
    pub notes: Vec<String>,
    /// Pages of cluster-admin where it can be done or looked at.
    pub links: Vec<Link>,
}

/// A page of cluster-admin.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Link {
    /// What it is.
    pub text: &'static str,
    /// Where it is.
    pub url: String,
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
    /// How many more there are.
    pub more: Option<String>,
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
pub(super) fn badge(word: &'static str, tone: Tone) -> Option<Badge> {
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
