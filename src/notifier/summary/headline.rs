// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The first sentence, and what surrounds it: subject, intro, footer.

use jiff::SignedDuration;

use super::view::Writer;
use crate::{
    coverage::gap::Severity,
    notifier::view::{Link, MAX_SUBJECT, Tone},
    summary::OpenGap,
    text,
    version::VERSION,
};

/// How old a reading of the cluster may be before that is said.
const FRESH: SignedDuration = SignedDuration::from_hours(2);

impl Writer<'_> {
    pub(super) fn tone(&self) -> Tone {
        let summary = self.summary;
        let (runs, successful) = summary.runs();
        // What is advice was mailed once, and is no reason for another colour each week.
        let is_grave = |open: &OpenGap| open.gap.kind.severity() != Severity::Advice;
        let is_well = !summary.gaps.iter().any(is_grave) && summary.open_incidents() == 0;
        if !summary.has_run() {
            Tone::Neutral
        } else if summary.protected == 0 && summary.applications > 0 {
            Tone::Bad
        } else if summary.protected < summary.applications || !is_well {
            Tone::Warning
        } else if successful < runs && summary.incidents.is_empty() {
            // Not well for a while, and no incident tells of it.
            Tone::Warning
        } else {
            Tone::Good
        }
    }

    /// The clause that subject and headline share.
    fn clause(&self) -> String {
        let summary = self.summary;
        let texts = self.phrases.summary();
        let clause = if summary.applications == 0 {
            return texts.no_applications.into();
        } else if !summary.has_run() {
            texts.nothing_ran.into()
        } else {
            self.phrases.protected(summary.protected, summary.applications)
        };
        match summary.open_incidents() {
            0 => clause,
            open => format!("{clause}, {}", self.phrases.failing_plans(open)),
        }
    }

    pub(super) fn subject(&self) -> String {
        let kind = self.phrases.summary().kind;
        text::header(&format!("[{}] {kind}: {}", self.summary.cluster, self.clause()), MAX_SUBJECT)
    }

    pub(super) fn headline(&self) -> String {
        format!("{}.", text::capitalized(&self.clause()))
    }

    pub(super) fn preheader(&self) -> String {
        self.intro().join(" ")
    }

    pub(super) fn intro(&self) -> Vec<String> {
        let summary = self.summary;
        let (runs, successful) = summary.runs();
        let mut intro = Vec::new();
        if summary.to.duration_since(summary.read_at) > FRESH {
            intro.push(self.phrases.read_long_ago(&self.format.time(summary.read_at)));
        }
        if summary.has_run() {
            let since = self.format.time(summary.from);
            let mut line = self.phrases.runs_since(&since, runs, successful);
            if self.tone() == Tone::Good && summary.gaps.is_empty() {
                line = format!("{line} {}", self.phrases.summary().nothing_open);
            }
            intro.push(line);
        } else if let Some(next) = summary.next_run {
            intro.push(self.phrases.first_run_due(&self.format.time(next)));
        }
        if summary.is_first {
            intro.push(self.phrases.first_summary(summary.cadence));
        }
        intro
    }

    pub(super) fn link(&self) -> Option<Link> {
        let url = self.format.links.monitor()?;
        Some(Link { text: self.phrases.summary().link_monitor, url })
    }

    pub(super) fn footer(&self) -> Vec<String> {
        let generated = format!(
            "{} · {} · ns8-backup-monitor {VERSION}",
            self.phrases.summary().kind,
            self.format.time(self.summary.to),
        );
        vec![self.phrases.cadence(self.summary.cadence).to_owned(), generated]
    }
}
