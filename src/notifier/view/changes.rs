//! What is different from the runs before: backups that shrank, and what the destinations hold.

use super::{Item, Section, Tone, Writer, application_title};
use crate::{
    correlator::correlation::Plan,
    notifier::phrases::{Sentence, Word},
    report::history::{SizeDrop, StorageUsage},
};

impl Writer<'_> {
    /// Backups that lost most of what they held, though they succeeded.
    pub(super) fn shrunk(&self) -> Section {
        let items = self.report.changes.shrunk.iter().map(|shrunk| self.shrunk_application(shrunk)).collect();
        self.section(Word::WhatShrank, items)
    }

    fn shrunk_application(&self, shrunk: &SizeDrop) -> Item {
        let plan = self.report.correlation.plans.iter().find(|plan| plan.id == shrunk.plan);
        let of_plan = |plan: &Plan| {
            plan.applications
                .iter()
                .find(|application| application.module == shrunk.module)
                .map(application_title)
        };
        let amount = |size: u64, files: Option<u64>| {
            self.language.say(Sentence::Amount { size: &self.format.size(size), files })
        };
        let (before, now) = (shrunk.size, shrunk.files);
        Item {
            badge: self.badge(Word::Notice, Tone::Warning),
            title: Some(plan.and_then(of_plan).unwrap_or_else(|| shrunk.module.to_string())),
            place: plan.and_then(|plan| self.heading(plan)),
            lines: vec![self.language.say(Sentence::Shrank {
                now: &amount(before.1, now.map(|files| files.1)),
                before: &amount(before.0, now.map(|files| files.0)),
                time: &self.format.time(shrunk.before),
            })],
            ..Item::default()
        }
    }

    /// What the destinations hold, and how much it grew.
    pub(super) fn held(&self) -> Section {
        let items = self.report.changes.destinations.iter().map(|usage| self.usage(usage)).collect();
        self.section(Word::WhatIsHeld, items)
    }

    fn usage(&self, usage: &StorageUsage) -> Item {
        let growth = usage.growth.map(|growth| (growth.signum(), self.format.size(growth.unsigned_abs())));
        Item {
            title: Some(usage.destination.title().to_owned()),
            lines: vec![self.language.say(Sentence::Held {
                size: &self.format.size(usage.size),
                applications: usage.applications,
                growth: growth.as_ref().map(|(sign, size)| (*sign, size.as_str())),
            })],
            ..Item::default()
        }
    }
}
