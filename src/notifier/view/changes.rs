// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Comparison with earlier runs: backups that shrank, and how much the destinations contain.

use super::{
    context::{Writer, application_title},
    parts::{Item, Section, Tone, badge},
};
use crate::report::history::{SizeDrop, SnapshotDrop, StorageUsage};

impl Writer<'_> {
    /// Backups that lost most of their data, though they succeeded.
    pub(super) fn shrunk(&self) -> Section {
        let items = self
            .report
            .changes
            .shrunk
            .iter()
            .take(self.limits.findings)
            .map(|shrunk| self.shrunk_application(shrunk))
            .collect();
        self.section(self.texts().headings.shrunk, items)
    }

    /// Applications most of whose snapshots are gone.
    pub(super) fn thinned(&self) -> Section {
        let item = |thinned: &SnapshotDrop| {
            let plan = self.plan(&thinned.plan);
            let destination = plan.and_then(|plan| plan.destination.as_ref());
            let places = destination.map(|known| known.title().to_owned()).into_iter();
            let places: Vec<String> = places.chain(plan.and_then(|plan| self.heading(plan))).collect();
            Item {
                badge: badge(self.texts().badges.warning, Tone::Warning),
                title: Some(thinned.module.to_string()),
                place: (!places.is_empty()).then(|| places.join(" · ")),
                lines: vec![self.phrases.thinned(thinned.before, thinned.now)],
                ..Item::default()
            }
        };
        let items = self.report.changes.thinned.iter().take(self.limits.findings).map(item).collect();
        self.section(self.texts().headings.thinned, items)
    }

    fn shrunk_application(&self, shrunk: &SizeDrop) -> Item {
        let member = self.member(&shrunk.plan, &shrunk.module);
        let amount = |size: u64, files: Option<u64>| self.phrases.amount(&self.format.size(size), files);
        let (size, files) = (shrunk.size, shrunk.files);
        Item {
            badge: badge(self.texts().badges.warning, Tone::Warning),
            title: Some(
                member.map_or_else(
                    || shrunk.module.to_string(),
                    |member| application_title(member.application),
                ),
            ),
            place: self.plan(&shrunk.plan).and_then(|plan| self.heading(plan)),
            lines: vec![self.phrases.shrank(
                &amount(size.1, files.map(|files| files.1)),
                &amount(size.0, files.map(|files| files.0)),
                &self.format.time(shrunk.before),
            )],
            ..Item::default()
        }
    }

    /// How much the destinations contain, and how much it grew.
    pub(super) fn backup_size(&self) -> Section {
        let items = self
            .report
            .changes
            .destinations
            .iter()
            .take(self.limits.findings)
            .map(|usage| self.usage(usage))
            .collect();
        self.section(self.texts().headings.backup_size, items)
    }

    fn usage(&self, usage: &StorageUsage) -> Item {
        let growth = usage.growth.map(|growth| (growth.signum(), self.format.size(growth.unsigned_abs())));
        Item {
            title: Some(usage.destination.title().to_owned()),
            lines: vec![self.phrases.backup_size(
                &self.format.size(usage.size),
                usage.applications,
                growth.as_ref().map(|(sign, size)| (*sign, size.as_str())),
            )],
            ..Item::default()
        }
    }
}
