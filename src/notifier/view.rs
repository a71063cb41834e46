// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! An email's content in its order: one value that both the text and the HTML are rendered from, so that they say the same.
//!
//! Whoever reads it at seven in the morning on a phone wants, in this order and on the first screen: what failed, why, what can be restored of
//! it, and what to do. Then the rest: each application, the storage, and what is backed up.

mod changes;
mod context;
mod details;
mod footer;
mod headline;
mod limits;
mod overview;
mod parts;
mod restorable;
mod steps;
mod storage;

use super::format::Format;
use crate::{language::Language, report::Report};

use self::context::Writer;
pub use self::{
    headline::MAX_SUBJECT,
    limits::{Limits, MAX_HTML},
    parts::{Badge, FineGroup, FineRow, Group, Item, Link, Section, Tone},
};

/// An email, before it is text or HTML.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// The language.
    pub language: Language,
    /// The cluster's name.
    pub cluster: String,
    /// How it is, in a word or two that follow "Backup".
    pub status: &'static str,
    /// The colour of it all.
    pub tone: Tone,
    /// The subject.
    pub subject: String,
    /// What mail programs show beside the subject.
    pub preheader: String,
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
    /// The page of this report.
    pub link: Option<Link>,
}

impl View {
    /// The email about a report, with at most so much of everything.
    pub fn with(report: &Report, format: &Format, limits: Limits) -> Self {
        let writer = Writer { report, format, phrases: format.language.phrases(), limits };
        let has_lost = !report.changes.shrunk.is_empty() || !report.changes.thinned.is_empty();
        let sections = [
            writer.overview(),
            writer.shrunk(),
            writer.thinned(),
            writer.steps(),
            writer.details(),
            writer.storage(),
            writer.backup_size(),
        ];
        View {
            language: format.language,
            cluster: report.cluster.clone(),
            status: writer.phrases.outcome(report.outcome),
            tone: match Tone::of(report.outcome) {
                Tone::Good if has_lost => Tone::Warning,
                tone => tone,
            },
            subject: writer.subject(),
            preheader: writer.preheader(),
            headline: writer.headline(),
            intro: writer.intro(),
            sections: sections.into_iter().filter(|section| !section.groups.is_empty()).collect(),
            fine: writer.fine(),
            footer: writer.footer(),
            link: writer.report_link(),
        }
    }
}
