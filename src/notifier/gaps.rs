// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The mail about gaps, and the words for one gap. Pure.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use jiff::Timestamp;
use serde::Serialize;

use super::{
    format::Format,
    message::Message,
    phrases::{GapWords, Phrases},
    render,
    view::{Badge, Group, Item, Link, MAX_SUBJECT, Section, Tone, View},
};
use crate::{
    coverage::gap::{ApplicationRef, Gap, GapFacts, GapKind, KnownGap, Severity},
    ids::{DestinationId, ModuleId, NodeId, PlanId},
    language::Language,
    text::shorten,
    version::VERSION,
};

/// How many applications a sentence names, where nothing limits it.
const MAX_NAMES: usize = 30;
/// How many the subject names.
const MAX_SHORT_NAMES: usize = 2;

/// How much is listed.
#[derive(Clone, Copy)]
struct Limits {
    /// Applications that a sentence names.
    names: usize,
    /// Gaps of one kind.
    gaps: usize,
}

impl Limits {
    /// From the most to the least. A mail has the first with which it is short enough.
    const ALL: [Self; 4] = [
        Self { names: MAX_NAMES, gaps: 20 },
        Self { names: 12, gaps: 10 },
        Self { names: 4, gaps: 4 },
        Self { names: 1, gaps: 1 },
    ];
}

/// What the words for a gap need, formatted.
struct Formatted {
    plan: String,
    applications: String,
    count: usize,
    destination: String,
    last_run: Option<String>,
    due_since: Option<String>,
    newest: Option<(String, String)>,
    run_at: Option<String>,
    expected: usize,
    found: usize,
}

impl Formatted {
    /// Of gaps of one kind which only differ in what they are about.
    fn new(
        gap: &Gap,
        applications: &[&ApplicationRef],
        names: usize,
        format: &Format,
        now: Timestamp,
    ) -> Self {
        let phrases = format.language.phrases();
        let time = |at: Option<Timestamp>| at.map(|at| format.time(at));
        let facts = &gap.facts;
        Self {
            plan: gap
                .plan
                .as_ref()
                .map_or_else(String::new, |plan| plan.name.clone().unwrap_or_else(|| plan.id.to_string())),
            applications: names_of(applications, names, phrases),
            count: applications.len(),
            destination: gap.destination.as_ref().map_or_else(String::new, |destination| {
                destination.name.clone().unwrap_or_else(|| destination.id.to_string())
            }),
            last_run: time(facts.last_run),
            due_since: time(facts.due_since),
            newest: facts.newest_snapshot.map(|at| (format.time(at), format.age(at, now))),
            run_at: time(facts.run_at),
            expected: facts.expected_snapshots.unwrap_or_default(),
            found: facts.found_snapshots.unwrap_or_default(),
        }
    }

    fn words(&self) -> GapWords<'_> {
        GapWords {
            plan: &self.plan,
            applications: &self.applications,
            count: self.count,
            destination: &self.destination,
            last_run: self.last_run.as_deref(),
            due_since: self.due_since.as_deref(),
            newest: self.newest.as_ref().map(|(time, age)| (time.as_str(), age.as_str())),
            run_at: self.run_at.as_deref(),
            expected: self.expected,
            found: self.found,
        }
    }
}

/// `mail1 (Mail), wiki1 and 12 more`, or their number where not even one is to be named.
fn names_of(applications: &[&ApplicationRef], names: usize, phrases: &'static dyn Phrases) -> String {
    let title = |application: &&ApplicationRef| application.module.titled(application.label.as_deref());
    let named: Vec<String> = applications.iter().take(names).map(title).collect();
    match applications.len().saturating_sub(named.len()) {
        0 => phrases.list(&named),
        _ if named.is_empty() => phrases.applications(applications.len()),
        more => phrases.and_more(&named.join(", "), more),
    }
}

/// The applications that a gap is about.
fn concerned(gap: &Gap) -> Vec<&ApplicationRef> {
    gap.application.iter().chain(&gap.applications).collect()
}

/// What is wrong, as a sentence.
pub fn what(gap: &Gap, format: &Format, now: Timestamp) -> String {
    sentence(gap, MAX_NAMES, format, now)
}

fn sentence(gap: &Gap, names: usize, format: &Format, now: Timestamp) -> String {
    let formatted = Formatted::new(gap, &concerned(gap), names, format, now);
    format.language.phrases().gap(gap.kind, &formatted.words())
}

/// A gap as the API lists it, and the webhook gets it.
#[derive(Debug, Serialize)]
pub struct ListedGap<'a> {
    kind: GapKind,
    /// What is wrong, in English.
    what: String,
    application: Option<&'a ModuleId>,
    application_label: Option<&'a str>,
    node: Option<&'a NodeId>,
    plan: Option<&'a PlanId>,
    plan_name: Option<&'a str>,
    destination: Option<&'a DestinationId>,
    destination_name: Option<&'a str>,
    /// Further applications that it is about.
    applications: Vec<ListedApplication<'a>>,
    /// When it was first found.
    since: Timestamp,
    /// When it was mailed. None: not yet.
    reported_at: Option<Timestamp>,
    #[serde(flatten)]
    facts: &'a GapFacts,
}

#[derive(Debug, Serialize)]
struct ListedApplication<'a> {
    id: &'a ModuleId,
    label: Option<&'a str>,
    node: &'a NodeId,
}

/// The gaps as the API lists them, with times in the zone of `format` in what is said.
pub fn listed<'a>(
    gaps: impl IntoIterator<Item = &'a KnownGap>,
    format: &Format,
    now: Timestamp,
) -> Vec<ListedGap<'a>> {
    let english = Format { language: Language::English, ..format.clone() };
    let entry = |known: &'a KnownGap| {
        let gap = &known.gap;
        let (application, plan, destination) =
            (gap.application.as_ref(), gap.plan.as_ref(), gap.destination.as_ref());
        ListedGap {
            kind: gap.kind,
            what: what(gap, &english, now),
            application: application.map(|application| &application.module),
            application_label: application.and_then(|application| application.label.as_deref()),
            node: application.map(|application| &application.node),
            plan: plan.map(|plan| &plan.id),
            plan_name: plan.and_then(|plan| plan.name.as_deref()),
            destination: destination.map(|destination| &destination.id),
            destination_name: destination.and_then(|destination| destination.name.as_deref()),
            applications: gap
                .applications
                .iter()
                .map(|application| ListedApplication {
                    id: &application.module,
                    label: application.label.as_deref(),
                    node: &application.node,
                })
                .collect(),
            since: known.since,
            reported_at: known.reported_at,
            facts: &gap.facts,
        }
    };
    gaps.into_iter().map(entry).collect()
}

/// How to close it, as a sentence.
pub fn step(kind: GapKind, format: &Format) -> &'static str {
    format.language.phrases().gap_step(kind)
}

/// The mail about these gaps, of which there is at least one, worst first.
pub fn compose(gaps: &[KnownGap], cluster: &str, format: &Format, now: Timestamp) -> Message {
    let [most, less @ ..] = Limits::ALL;
    let (view, html) = render::fitting(most, &less, |limits| view(gaps, cluster, format, now, limits));
    Message { outcome: None, text: render::text(&view), html, subject: view.subject }
}

/// The gaps that are told together: those of one kind, and of applications without a plan all.
fn kinds(gaps: &[KnownGap]) -> Vec<(GapKind, Vec<&KnownGap>)> {
    let of_kind = |kind: GapKind| {
        let gaps: Vec<&KnownGap> = gaps.iter().filter(|known| known.gap.kind == kind).collect();
        (!gaps.is_empty()).then_some((kind, gaps))
    };
    GapKind::ALL.into_iter().filter_map(of_kind).collect()
}

fn view(gaps: &[KnownGap], cluster: &str, format: &Format, now: Timestamp, limits: Limits) -> View {
    let phrases = format.language.phrases();
    let kinds = kinds(gaps);
    let items: Vec<Item> = kinds.iter().map(|(kind, gaps)| item(*kind, gaps, format, now, limits)).collect();
    let worst = kinds.first().map_or(Severity::Advice, |(kind, _)| kind.severity());
    let headline = headline(&kinds, MAX_SHORT_NAMES, format, now);
    let subject = subject(&kinds, cluster, format, now);
    View {
        language: format.language,
        cluster: cluster.to_owned(),
        status: phrases.gap_status(),
        tone: tone(worst),
        preheader: items.first().and_then(|item| item.lines.first()).cloned().unwrap_or_default(),
        subject,
        headline,
        intro: vec![phrases.gap_intro().to_owned()],
        sections: vec![Section {
            heading: None,
            numbered: false,
            groups: vec![Group { items, ..Group::default() }],
        }],
        fine: Vec::new(),
        footer: vec![
            phrases.gap_reported_once().to_owned(),
            format!("{} · ns8-backup-monitor {VERSION}", format.time(now)),
        ],
        link: format.links.backup().map(|url| Link { text: phrases.texts().link_backup, url }),
    }
}

/// The kinds' worst as a clause, and how many more gaps there are. `names`: how many applications are named.
fn headline(kinds: &[(GapKind, Vec<&KnownGap>)], names: usize, format: &Format, now: Timestamp) -> String {
    let Some((kind, gaps)) = kinds.first() else { return String::new() };
    let Some(first) = gaps.first() else { return String::new() };
    let (told, applications) = together(*kind, gaps, &first.gap);
    let formatted = Formatted::new(&first.gap, &applications, names, format, now);
    let all: usize = kinds.iter().map(|(_, gaps)| gaps.len()).sum();
    format.language.phrases().gap_headline(*kind, &formatted.words(), all.saturating_sub(told))
}

/// Applications without a plan are told in one sentence; else each gap has its own. How many gaps it tells, and of which applications.
fn together<'a>(kind: GapKind, gaps: &[&'a KnownGap], first: &'a Gap) -> (usize, Vec<&'a ApplicationRef>) {
    match kind {
        GapKind::NoPlan => (gaps.len(), gaps.iter().flat_map(|known| concerned(&known.gap)).collect()),
        _ => (1, concerned(first)),
    }
}

fn subject(kinds: &[(GapKind, Vec<&KnownGap>)], cluster: &str, format: &Format, now: Timestamp) -> String {
    let phrases = format.language.phrases();
    let of = |names| phrases.subject(cluster, &headline(kinds, names, format, now));
    let candidates = [of(MAX_SHORT_NAMES), of(1), of(0)];
    let fits = |subject: &&String| subject.chars().count() < MAX_SUBJECT;
    let [.., shortest] = &candidates;
    let chosen = candidates.iter().find(fits).unwrap_or(shortest);
    shorten(chosen, MAX_SUBJECT.saturating_sub(2))
}

/// The colour of a gap.
pub(super) fn tone(severity: Severity) -> Tone {
    match severity {
        Severity::Unprotected => Tone::Bad,
        Severity::Doubtful => Tone::Warning,
        Severity::Advice => Tone::Neutral,
    }
}

/// All gaps of one kind.
fn item(kind: GapKind, gaps: &[&KnownGap], format: &Format, now: Timestamp, limits: Limits) -> Item {
    let phrases = format.language.phrases();
    let since = |known: &KnownGap| phrases.gap_since(&format.time(known.since));
    let mut lines: Vec<String> = match gaps {
        [first, ..] if kind == GapKind::NoPlan => {
            let (_, applications) = together(kind, gaps, &first.gap);
            let formatted = Formatted::new(&first.gap, &applications, limits.names, format, now);
            let oldest = gaps.iter().min_by_key(|known| known.since).unwrap_or(first);
            vec![format!("{} {}", phrases.gap(kind, &formatted.words()), since(oldest))]
        }
        gaps => gaps
            .iter()
            .take(limits.gaps)
            .map(|known| format!("{} {}", sentence(&known.gap, limits.names, format, now), since(known)))
            .collect(),
    };
    let more = gaps.len().saturating_sub(limits.gaps);
    if kind != GapKind::NoPlan && more > 0 {
        lines.push(phrases.gaps_more(more));
    }
    Item {
        badge: Some(Badge { word: phrases.gap_severity(kind.severity()), tone: tone(kind.severity()) }),
        title: Some(phrases.gap_title(kind).to_owned()),
        lines,
        notes: vec![step(kind, format).to_owned()],
        ..Item::default()
    }
}
