// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What can be restored of an application, as far as anything is known: from its repository, else from what the journal remembers.

use jiff::Timestamp;

use super::context::{Member, Writer};
use crate::{
    notifier::phrases::{SnapshotAges, SnapshotFacts},
    repo_check::findings::{Health, RepositoryReport},
    report::incident::{FailingApplication, KnownFrom},
};

/// What is known of what can be restored of an application.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Restore {
    /// A snapshot.
    Snapshot {
        at: Timestamp,
        size: Option<u64>,
        /// How many there are. Known when the repository was just read.
        count: Option<usize>,
        /// When that was known, if not now.
        as_of: Option<Timestamp>,
    },
    /// A backup that succeeded, whose snapshot nobody looked at.
    Success { at: Timestamp },
    /// There is no snapshot.
    None,
    /// Nothing is known.
    Unknown,
}

impl Restore {
    /// The time from when on changes would be lost. None when that is not known.
    pub(super) fn time(self) -> Option<Timestamp> {
        match self {
            Restore::Snapshot { at, .. } | Restore::Success { at } => Some(at),
            Restore::None | Restore::Unknown => None,
        }
    }
}

impl Writer<'_> {
    fn repository(&self, member: Member) -> Option<&RepositoryReport> {
        self.report.repos.as_ref()?.repository(member.plan, member.application)
    }

    /// What the incident knows of an application.
    pub(super) fn failing(&self, member: Member) -> Option<&FailingApplication> {
        let incident = self.report.incidents.iter().find(|incident| incident.plan == member.plan.id)?;
        incident.applications.iter().find(|failing| failing.module == member.application.module)
    }

    pub(super) fn restore(&self, member: Member) -> Restore {
        let repository = self.repository(member);
        if let Some(snapshots) = repository.and_then(|report| report.snapshots) {
            return snapshots.last.map_or(Restore::None, |last| Restore::Snapshot {
                at: last.time,
                size: last.size,
                count: Some(snapshots.count),
                as_of: None,
            });
        }
        if let Some(known) = self.failing(member).and_then(|failing| failing.restorable.as_ref()) {
            return match known.known_from {
                KnownFrom::Success => Restore::Success { at: known.at },
                KnownFrom::Repository | KnownFrom::Journal => Restore::Snapshot {
                    at: known.at,
                    size: known.size,
                    count: None,
                    as_of: Some(known.as_of),
                },
            };
        }
        // Where there is no repository, there is nothing in it.
        if repository.is_some_and(|report| report.health == Health::NotFound) {
            return Restore::None;
        }
        match &member.application.last_run {
            Some(run) if run.is_ok() => Restore::Success { at: run.end },
            _ => Restore::Unknown,
        }
    }

    /// What can be restored of one application, in a sentence.
    pub(super) fn restore_line(&self, member: Member) -> String {
        let now = self.report.correlation.at;
        let destination = self.named_destination(member.plan);
        match self.restore(member) {
            Restore::Snapshot { at, size, count, as_of } => self.phrases.last_snapshot(&SnapshotFacts {
                time: &self.format.time(at),
                age: &self.format.age(at, now),
                size: size.map(|size| self.format.size(size)).as_deref(),
                count,
                destination,
                as_of: as_of.map(|time| self.format.time(time)).as_deref(),
            }),
            Restore::Success { at } => {
                self.phrases.last_success(&self.format.time(at), &self.format.age(at, now), destination)
            }
            Restore::None => self.phrases.no_snapshots(destination),
            Restore::Unknown => match self.repository(member).map(|report| report.health) {
                None | Some(Health::Unknown) => self.texts().snapshots_not_queried.to_owned(),
                Some(_) => self.texts().snapshots_unreadable.to_owned(),
            },
        }
    }

    /// What can be restored of several applications, in a sentence or three.
    pub(super) fn restore_lines(&self, members: &[Member]) -> Vec<String> {
        if let [member] = members {
            return vec![self.restore_line(*member)];
        }
        let now = self.report.correlation.at;
        let states: Vec<Restore> = members.iter().map(|member| self.restore(*member)).collect();
        let count = |state| states.iter().filter(|known| **known == state).count();
        let mut known: Vec<_> = members
            .iter()
            .zip(&states)
            .filter_map(|(member, state)| Some((state.time()?, *member)))
            .collect();
        known.sort_by_key(|(time, _)| *time);
        let mut lines = Vec::new();
        if let (Some((oldest, member)), Some((newest, _))) = (known.first(), known.last()) {
            lines.push(self.phrases.snapshot_ages(&SnapshotAges {
                newest: &self.format.age(*newest, now),
                oldest: &self.format.age(*oldest, now),
                oldest_of: member.application.module.as_str(),
                are_snapshots: !states.iter().any(|state| matches!(state, Restore::Success { .. })),
            }));
        }
        let (none, unknown) = (count(Restore::None), count(Restore::Unknown));
        lines.extend((none > 0).then(|| self.phrases.without_snapshots(none, members.len())));
        lines.extend((unknown > 0).then(|| self.phrases.with_unknown_snapshots(unknown, members.len())));
        lines
    }

    /// How many runs in a row have failed, or were missed.
    pub(super) fn streak_line(&self, members: &[Member]) -> Option<String> {
        let streaks = || members.iter().filter_map(|member| Some(self.failing(*member)?.failing_runs));
        let (least, most) = (streaks().min()?, streaks().max()?);
        Some(self.phrases.failed_runs_in_a_row(least, most))
    }
}
