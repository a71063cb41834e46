// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! From what was found in an application's repository to what is wrong with it. Pure.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    correlator::correlation::State,
    coverage::gap::{ApplicationRef, DestinationRef, Gap, GapFacts, GapKind, PlanRef},
    ids::DestinationId,
    journal::{ProofMemory, RestorePointRecord},
    oncalendar::Calendar,
    report::history::PastRun,
    roster::{ApplicationEntry, PlanEntry},
    run::Run,
    times::earlier,
};

/// By how much a snapshot may be older than the beginning of its backup: the status has whole seconds.
const SLACK: SignedDuration = SignedDuration::from_secs(60);
/// How long after its plan was due a backup may begin that is not late: the applications before it have their turn first.
const TURN: SignedDuration = SignedDuration::from_hours(2);
/// The period of a plan whose schedule can't be read, as everywhere.
const UNKNOWN_PERIOD: SignedDuration = SignedDuration::from_hours(24);

/// All that is known of an application's repository in the destination of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Evidence<'a> {
    /// The plan.
    pub plan: &'a PlanEntry,
    /// The application in it.
    pub application: &'a ApplicationEntry,
    /// Its destination.
    pub destination: &'a DestinationId,
    /// What was found, now or before.
    pub record: &'a RestorePointRecord,
    /// The plan's runs that are kept, newest first.
    pub runs: &'a [PastRun],
    /// Since when the plan is known with its schedule, where that is watched.
    pub known_since: Option<Timestamp>,
}

/// What is wrong as of `now`. Nothing is said of a repository that was never read.
///
/// A success that is contradicted is all that is said of its repository.
pub fn judge(evidence: &Evidence, now: Timestamp, zone: &TimeZone) -> Vec<Gap> {
    let Some(proved_at) = evidence.record.proved_at else { return Vec::new() };
    match evidence.contradiction(proved_at) {
        Some(gap) => vec![gap],
        None => evidence.old(proved_at, now, zone).into_iter().chain(evidence.few(proved_at)).collect(),
    }
}

/// What is remembered of a repository in which `count` snapshots were found at `now`; None where it could not be read. `retention` is how many
/// its plans keep.
///
/// How many there have to be counts from when the plans say so: of what was kept before, nobody knows how it came about.
pub fn remember(
    before: Option<ProofMemory>,
    retention: Option<usize>,
    count: Option<usize>,
    now: Timestamp,
) -> ProofMemory {
    let before = before.unwrap_or_default();
    let is_same = before.kept_since.is_some() && before.retention == retention;
    ProofMemory {
        asked_at: Some(now),
        // The clock was set back.
        since: Some(before.since.map_or(now, |since| since.min(now))),
        retention,
        kept_since: Some(before.kept_since.filter(|_| is_same).map_or(now, |since| since.min(now))),
        most: if is_same { before.most.max(count) } else { count },
    }
}

impl Evidence<'_> {
    /// The last run was called a success, and the repository, which was read after it, has no snapshot of its time.
    fn contradiction(&self, proved_at: Timestamp) -> Option<Gap> {
        let run = self.application.last.as_ref().filter(|run| run.is_ok())?;
        // Without its beginning, as in hand-made set-ups, no snapshot can be told from an earlier one.
        let start = run.start?;
        let was_read_since = proved_at >= run.end;
        let is_there = self.record.newest.is_some_and(|newest| newest >= earlier(start, SLACK));
        let is_contradicted = was_read_since && !is_there && self.wrote_here(run);
        is_contradicted.then(|| {
            let found_snapshots = self.record.count;
            let newest_snapshot = self.record.newest;
            let facts =
                GapFacts { run_at: Some(run.end), found_snapshots, newest_snapshot, ..GapFacts::default() };
            self.gap(GapKind::SuccessWithoutSnapshot, facts)
        })
    }

    /// False where it is known that the plan had another destination at that run.
    fn wrote_here(&self, run: &Run) -> bool {
        let of_it = |past: &&PastRun| {
            past.run.applications.iter().any(|application| {
                application.module == self.application.module && application.ended_at == Some(run.end)
            })
        };
        self.runs
            .iter()
            .find(of_it)
            .and_then(|past| past.run.destination.as_ref())
            .is_none_or(|destination| destination.id == *self.destination)
    }

    /// The newest snapshot is older than two periods of the plan: two runs should have made one since.
    fn old(&self, proved_at: Timestamp, now: Timestamp, zone: &TimeZone) -> Option<Gap> {
        if !self.plan.enabled {
            return None;
        }
        let last = self.application.last.as_ref();
        // There may be another one by now.
        if last.is_some_and(|run| run.is_ok() && run.end > proved_at) {
            return None;
        }
        let took = last.and_then(Run::duration).and_then(|took| SignedDuration::try_from(took).ok());
        let turn = took.unwrap_or_default().saturating_mul(2).max(TURN);
        let calendar: Option<Calendar> = self.plan.schedule.as_deref().and_then(|text| text.parse().ok());
        let (limit, period) = match calendar {
            Some(calendar) => {
                let last = calendar.previous(earlier(now, turn), zone)?;
                let before = calendar.previous(earlier(last, SignedDuration::from_secs(1)), zone)?;
                (before, last.duration_since(before))
            }
            None => (earlier(earlier(now, UNKNOWN_PERIOD.saturating_mul(2)), turn), UNKNOWN_PERIOD),
        };
        // An application that has no snapshot yet may have come into the plan just now.
        let reference = self.record.newest.or(self.first_seen())?;
        let was_due = self.known_since.is_none_or(|since| since <= limit);
        (reference < limit && was_due).then(|| {
            let facts = GapFacts {
                newest_snapshot: self.record.newest,
                found_snapshots: self.record.count,
                period_seconds: Some(period.as_secs()),
                last_run: last.map(|run| run.end),
                ..GapFacts::default()
            };
            self.gap(GapKind::SnapshotOld, facts)
        })
    }

    /// Since when the application is known to be in the plan: its first run that is kept, or the first question.
    fn first_seen(&self) -> Option<Timestamp> {
        let is_in_it = |past: &&PastRun| {
            past.run.applications.iter().any(|application| application.module == self.application.module)
        };
        let runs = self.runs.iter().filter(is_in_it).map(|past| past.run.began_at);
        runs.chain(self.record.proof.since).min()
    }

    /// There are fewer snapshots than the retention keeps, and than there were, or than good runs have made.
    fn few(&self, proved_at: Timestamp) -> Option<Gap> {
        let proof = &self.record.proof;
        let (retention, count, kept_since) = (proof.retention?, self.record.count?, proof.kept_since?);
        let is_good = |past: &&PastRun| {
            let run = &past.run;
            let is_here =
                run.destination.as_ref().is_some_and(|destination| destination.id == *self.destination);
            is_here
                && run.began_at >= kept_since
                && run.applications.iter().any(|application| {
                    application.module == self.application.module
                        && application.state == State::Ok
                        && application.ended_at.is_some_and(|end| end <= proved_at)
                })
        };
        let good_runs = self.runs.iter().filter(is_good).count();
        let expected = proof.most.unwrap_or_default().max(good_runs).min(retention);
        (count < expected).then(|| {
            let facts = GapFacts {
                expected_snapshots: Some(expected),
                found_snapshots: Some(count),
                newest_snapshot: self.record.newest,
                ..GapFacts::default()
            };
            self.gap(GapKind::SnapshotsFew, facts)
        })
    }

    fn gap(&self, kind: GapKind, facts: GapFacts) -> Gap {
        let (plan, application) = (self.plan, self.application);
        let name = plan.destination.clone().filter(|name| name != self.destination.as_str());
        Gap {
            plan: Some(PlanRef { id: plan.id.clone(), name: plan.name.clone() }),
            application: Some(ApplicationRef {
                module: application.module.clone(),
                label: application.label.clone(),
                node: application.node.clone(),
            }),
            destination: Some(DestinationRef { id: self.destination.clone(), name }),
            facts,
            ..Gap::new(kind)
        }
    }
}

#[cfg(test)]
mod tests;
