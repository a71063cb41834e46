// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What is said of gaps: in the mail about them, in the summary, and by the API.

use crate::coverage::gap::{GapKind, Severity};

/// What a gap's words need, formatted.
#[derive(Debug, Clone, Default)]
pub struct GapWords<'a> {
    /// The plan's name, else its id.
    pub plan: &'a str,
    /// The application with its label, or those that are concerned, as a list.
    pub applications: &'a str,
    /// How many those are.
    pub count: usize,
    /// The destination's name, else its id.
    pub destination: &'a str,
    /// When the plan last ran.
    pub last_run: Option<&'a str>,
    /// The first time at which it was due and did not run.
    pub due_since: Option<&'a str>,
    /// The newest snapshot, and how old it is.
    pub newest: Option<(&'a str, &'a str)>,
    /// When the run ended that was called a success.
    pub run_at: Option<&'a str>,
    /// How many snapshots there should be.
    pub expected: usize,
    /// How many there are.
    pub found: usize,
}

/// The words for gaps.
pub trait GapPhrases: Sync {
    /// After the word "Backup": something is not protected.
    fn gap_status(&self) -> &'static str;

    /// What kind of gap it is, as a heading.
    fn gap_title(&self, kind: GapKind) -> &'static str;

    /// What is wrong, as a sentence.
    fn gap(&self, kind: GapKind, words: &GapWords) -> String;

    /// How to close it.
    fn gap_step(&self, kind: GapKind) -> &'static str;

    /// Headline and subject: what the worst gap is, as a clause, and how many more there are.
    fn gap_headline(&self, kind: GapKind, words: &GapWords, more: usize) -> String;

    /// Below the headline: no run failed; this is what no run tells.
    fn gap_intro(&self) -> &'static str;

    /// Below the gaps: how often they are reported.
    fn gap_reported_once(&self) -> &'static str;

    /// Since when a gap is there.
    fn gap_since(&self, time: &str) -> String;

    /// `count` more gaps, or applications, are left out.
    fn gaps_more(&self, count: usize) -> String;

    /// How bad it is, in a word or two.
    fn gap_severity(&self, severity: Severity) -> &'static str;

    /// So many applications.
    fn applications(&self, count: usize) -> String;
}
