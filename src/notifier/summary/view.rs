// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A summary's mail as a value that text and HTML are rendered from: first what is not well, then what ran, then what can be restored.

use crate::{
    language::Language,
    notifier::{
        format::Format,
        phrases::Phrases,
        view::{Link, Section, Tone},
    },
    summary::Summary,
};

/// The mail, before it is text or HTML.
pub(super) struct SummaryView {
    pub language: Language,
    pub cluster: String,
    pub tone: Tone,
    pub subject: String,
    pub preheader: String,
    pub headline: String,
    pub intro: Vec<String>,
    /// Gaps and incidents.
    pub sections: Vec<Section>,
    pub strips: Strips,
    /// What can be restored, the oldest first.
    pub points: Points,
    /// A line for each destination.
    pub growth: Vec<String>,
    pub link: Option<Link>,
    pub footer: Vec<String>,
}

/// The runs of the plans.
pub(super) struct Strips {
    pub plans: Vec<Strip>,
    /// How many plans more there are.
    pub more: Option<String>,
    /// What the symbols mean that are there.
    pub legend: String,
}

/// The runs of one plan.
pub(super) struct Strip {
    pub plan: String,
    /// How many were well.
    pub note: String,
    pub days: Vec<DayCell>,
}

/// A day of a plan.
pub(super) struct DayCell {
    pub day: &'static str,
    pub symbol: &'static str,
    pub word: &'static str,
    /// None: there was no run.
    pub tone: Option<Tone>,
}

/// Restore points.
pub(super) struct Points {
    /// How much would be lost at worst.
    pub note: Option<String>,
    pub rows: Vec<PointRow>,
    /// How many more there are.
    pub more: Option<String>,
}

/// A restore point.
pub(super) struct PointRow {
    pub application: String,
    pub place: String,
    pub age: String,
    pub proof: String,
}

/// Writes the parts of one summary.
pub(super) struct Writer<'a> {
    pub summary: &'a Summary,
    pub format: &'a Format,
    pub phrases: &'static dyn Phrases,
}

impl SummaryView {
    pub(super) fn new(summary: &Summary, format: &Format) -> Self {
        let phrases = format.language.phrases();
        let writer = Writer { summary, format, phrases };
        let sections = [writer.gaps(), writer.incidents()];
        SummaryView {
            language: format.language,
            cluster: summary.cluster.clone(),
            tone: writer.tone(),
            subject: writer.subject(),
            preheader: writer.preheader(),
            headline: writer.headline(),
            intro: writer.intro(),
            sections: sections.into_iter().filter(|section| !section.groups.is_empty()).collect(),
            strips: writer.strips(),
            points: writer.points(),
            growth: writer.growth(),
            link: writer.link(),
            footer: writer.footer(),
        }
    }
}
