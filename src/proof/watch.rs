// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Asks the repositories, a few at a time, while nothing runs.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::future::try_join_all;
use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::{
    activity::at_work,
    judge::{Evidence, judge, remember},
    schedule::{self, CONCURRENCY, Candidate},
};
use crate::{
    config::Settings,
    correlator::{
        facts::{ModuleFacts, Scope},
        read::ClusterReader,
    },
    coverage::gap::GapSource,
    duty::watch::Standing,
    ids::{DestinationId, ModuleId, PlanId},
    journal::{Journal, JournalError, ProvedRepository, RestorePointRecord},
    repo_check::{
        RepoChecker,
        findings::{Detail, Health, Snapshots},
    },
    report::history::PastRun,
    roster::{ApplicationEntry, PlanEntry, Roster, view::RosterView},
    times::earlier,
    watch::{cluster::SCHEDULES, schedule::known_since},
};

/// How often it is looked whether something is due.
const LOOK: Duration = Duration::from_secs(60);
/// How soon it is looked again while nobody may be asked: backups run, or another instance proves.
const WAIT: Duration = Duration::from_secs(2);
/// How soon it is tried again when the cluster can't be asked, or the journal is away.
const TROUBLE: Duration = Duration::from_secs(60);
/// How old the last reading of the cluster may be: it says whether backups run.
const FRESH: SignedDuration = SignedDuration::from_mins(10);
/// How long it is believed where the repositories are.
const PATHS_LAST: Duration = Duration::from_secs(3600);
/// How soon they are read again for an application of which that is not known.
const PATHS_RETRY: Duration = Duration::from_secs(60);
/// How long a repository is remembered that no plan writes to any more: as long as reports are.
const KEPT: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How many runs of each plan are looked at.
const RUNS: u32 = 30;

/// Proves what the repositories hold.
pub struct ProofWatch {
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
    roster: Arc<RosterView>,
    checker: Arc<RepoChecker>,
    standing: watch::Receiver<Standing>,
    /// Where each application's repository is within a destination, and when that was read.
    paths: (Option<Instant>, HashMap<ModuleId, String>),
    /// Why nobody could be asked the last time.
    trouble: Option<Detail>,
}

/// One plan's entry of an application.
type Entry<'a> = (&'a PlanEntry, &'a ApplicationEntry, &'a DestinationId);

/// What each destination says of an application.
type Answers = Vec<(ModuleId, BTreeMap<DestinationId, (Health, Option<Snapshots>)>)>;

impl ProofWatch {
    /// A watch that proves while `standing` says that this instance is the active one.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        reader: ClusterReader,
        roster: Arc<RosterView>,
        checker: Arc<RepoChecker>,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        let paths = (None, HashMap::new());
        Self { settings, journal, reader, roster, checker, standing, paths, trouble: None }
    }

    /// Proves until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        loop {
            let pause = tokio::select! {
                () = shutdown.cancelled() => return,
                pause = self.round() => pause,
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Asks about a few applications that are due, if any may be asked. Gives how long to wait until the next ones.
    async fn round(&mut self) -> Duration {
        if !self.standing.borrow().duty.mails() {
            return WAIT;
        }
        let now = Timestamp::now();
        let Some(roster) = self.roster.get().await.filter(|roster| is_fresh(roster, now)) else {
            return WAIT;
        };
        if at_work(&roster, now, &self.settings.zone).is_some() {
            return WAIT;
        }
        match self.prove(&roster, now).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::debug!(%error, "can't prove what the repositories hold; will retry");
                TROUBLE
            }
        }
    }

    async fn prove(&mut self, roster: &Roster, now: Timestamp) -> Result<Duration, JournalError> {
        let records = self.journal.restore_points_all().await?;
        let known: HashMap<_, &RestorePointRecord> =
            records.iter().map(|record| (key(record), record)).collect();
        let entries = entries(roster);
        self.forget_gone(&entries, &records, now).await?;
        let candidates: Vec<Candidate> = entries
            .iter()
            .map(|(module, entries)| {
                let asked_at = |(plan, _, destination): &Entry| {
                    known.get(&(&plan.id, *module, *destination)).and_then(|record| record.proof.asked_at)
                };
                Candidate { module, asked_at: entries.iter().map(asked_at).min().flatten() }
            })
            .collect();
        let due = schedule::due(&candidates, now);
        if due.is_empty() {
            let next = schedule::next(&candidates, now).map(|next| next.duration_since(now));
            let next = next.and_then(|next| Duration::try_from(next).ok()).unwrap_or(LOOK);
            return Ok(next.clamp(WAIT, LOOK));
        }
        let pause = schedule::pause(due.len());
        let asked: Vec<&ModuleId> = due.into_iter().take(CONCURRENCY).collect();
        if !self.find_paths(&asked).await {
            return Ok(TROUBLE);
        }
        let answers = tokio::select! {
            answers = self.ask(&asked, &entries) => answers,
            () = self.run_begins() => {
                tracing::debug!("backups run: what the repositories hold is proved later");
                return Ok(WAIT);
            }
        };
        let answers = match answers {
            Ok(answers) => answers,
            Err(detail) => {
                if self.trouble.as_ref() != Some(&detail) {
                    tracing::warn!(%detail, "can't prove what the repositories hold");
                }
                self.trouble = Some(detail);
                return Ok(TROUBLE);
            }
        };
        self.trouble = None;
        let runs = self.journal.last_runs(RUNS).await?;
        let runs: HashMap<&PlanId, &[PastRun]> = runs
            .chunk_by(|one, next| one.run.plan == next.run.plan)
            .filter_map(|runs| Some((&runs.first()?.run.plan, runs)))
            .collect();
        let since = known_since(self.journal.checkpoints(SCHEDULES).await?);
        let (mut proved, mut gaps) = (Vec::new(), Vec::new());
        for (module, answers) in &answers {
            for (plan, application, destination) in entries.get(module).into_iter().flatten() {
                let Some((health, snapshots)) = answers.get(*destination) else { continue };
                let before = known.get(&(&plan.id, module, *destination)).copied();
                let retention = retention(&entries, module, destination);
                let count = snapshots.map(|snapshots| snapshots.count);
                let proof = remember(before.map(|before| before.proof), retention, count, now);
                let found = ProvedRepository {
                    plan: plan.id.clone(),
                    module: module.clone(),
                    destination: (*destination).clone(),
                    health: *health,
                    snapshots: *snapshots,
                    proof,
                };
                let evidence = Evidence {
                    plan,
                    application,
                    destination,
                    record: &merged(before, &found, now),
                    runs: runs.get(&plan.id).copied().unwrap_or_default(),
                    known_since: since.get(&plan.id).copied(),
                };
                gaps.extend(judge(&evidence, Timestamp::now(), &self.settings.zone));
                proved.push(found);
            }
        }
        for gap in &gaps {
            tracing::info!(gap = gap.key(), "what the repositories hold is not what it should be");
        }
        let about = answers.into_iter().map(|(module, _)| module).collect();
        // First what follows: if that is all that gets into the journal, the same is asked and found again.
        self.journal.note_some_gaps(GapSource::Proof, about, gaps, now).await?;
        self.journal.note_proof(proved, now).await?;
        Ok(pause)
    }

    /// Asks each application's destinations one after the other, all applications at once.
    async fn ask(
        &self,
        asked: &[&ModuleId],
        entries: &BTreeMap<&ModuleId, Vec<Entry<'_>>>,
    ) -> Result<Answers, Detail> {
        let questions = asked.iter().map(|module| async move {
            let destinations: BTreeSet<&DestinationId> =
                entries.get(module).into_iter().flatten().map(|(_, _, destination)| *destination).collect();
            let mut answers = BTreeMap::new();
            for destination in destinations {
                let answer = match self.paths.1.get(*module) {
                    Some(path) => self.checker.read(destination, path).await?,
                    None => (Health::Unknown, None),
                };
                let answer = match answer {
                    // There is none: that is to have nothing in it.
                    (Health::NotFound, _) => (Health::NotFound, Some(Snapshots { count: 0, last: None })),
                    answer => answer,
                };
                answers.insert(destination.clone(), answer);
            }
            Ok(((*module).clone(), answers))
        });
        try_join_all(questions).await
    }

    /// Waits until backups run.
    async fn run_begins(&self) {
        let mut changes = self.roster.changes();
        loop {
            tokio::select! {
                _ = changes.changed() => {}
                // A plan may have come to be due.
                () = tokio::time::sleep(Duration::from_secs(1)) => {}
            }
            if let Some(roster) = self.roster.get().await
                && at_work(&roster, Timestamp::now(), &self.settings.zone).is_some()
            {
                return;
            }
        }
    }

    /// Reads where the repositories of these applications are, if that is not known. False when it can't be read.
    async fn find_paths(&mut self, asked: &[&ModuleId]) -> bool {
        let is_known = asked.iter().all(|module| self.paths.1.contains_key(*module));
        let lasts = if is_known { PATHS_LAST } else { PATHS_RETRY };
        if self.paths.0.is_some_and(|read_at| read_at.elapsed() < lasts) {
            return true;
        }
        match self.reader.read(&Scope::of_repositories(), Timestamp::now()).await {
            Ok(facts) => {
                let path = |(module, facts): (&ModuleId, &ModuleFacts)| {
                    Some((module.clone(), facts.repository_path()?))
                };
                self.paths = (Some(Instant::now()), facts.modules.iter().filter_map(path).collect());
                true
            }
            Err(error) => {
                tracing::debug!(%error, "can't read where the repositories are");
                false
            }
        }
    }

    /// Closes the gaps of applications that are in no plan any more, as nobody asks about them, and forgets their repositories after a while.
    async fn forget_gone(
        &self,
        entries: &BTreeMap<&ModuleId, Vec<Entry<'_>>>,
        records: &[RestorePointRecord],
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let forgotten: Vec<_> = records
            .iter()
            .filter(|record| is_forgotten(record, entries, now))
            .map(|record| (record.plan.clone(), record.module.clone(), record.destination.clone()))
            .collect();
        if !forgotten.is_empty() {
            self.journal.forget_restore_points(forgotten).await?;
        }
        let known = self.journal.gaps().await?;
        let of_proof = known.iter().filter(|known| known.gap.kind.source() == GapSource::Proof);
        let modules = of_proof.filter_map(|known| known.gap.application.as_ref()).map(|known| &known.module);
        let gone: BTreeSet<ModuleId> =
            modules.filter(|module| !entries.contains_key(module)).cloned().collect();
        if gone.is_empty() {
            return Ok(());
        }
        self.journal.note_some_gaps(GapSource::Proof, gone.into_iter().collect(), Vec::new(), now).await
    }
}

/// True for a repository that no plan writes to any more, and that nobody has asked about for long.
fn is_forgotten(
    record: &RestorePointRecord,
    entries: &BTreeMap<&ModuleId, Vec<Entry<'_>>>,
    now: Timestamp,
) -> bool {
    let is_there = entries
        .get(&record.module)
        .into_iter()
        .flatten()
        .any(|(plan, _, destination)| plan.id == record.plan && **destination == record.destination);
    let seen = record.proved_at.max(record.proof.asked_at);
    !is_there && seen.is_none_or(|seen| seen < earlier(now, KEPT))
}

/// True for a reading of the cluster from which it can be told what runs now.
fn is_fresh(roster: &Roster, now: Timestamp) -> bool {
    roster.at >= earlier(now, FRESH) && roster.at <= now
}

fn key(record: &RestorePointRecord) -> (&PlanId, &ModuleId, &DestinationId) {
    (&record.plan, &record.module, &record.destination)
}

/// The applications of plans that have a destination, with all their plans.
fn entries(roster: &Roster) -> BTreeMap<&ModuleId, Vec<Entry<'_>>> {
    let mut entries: BTreeMap<&ModuleId, Vec<Entry>> = BTreeMap::new();
    for plan in &roster.plans {
        let Some(destination) = &plan.destination_id else { continue };
        for application in &plan.applications {
            entries.entry(&application.module).or_default().push((plan, application, destination));
        }
    }
    entries
}

/// How many snapshots stay in an application's repository: plans with one destination share it, and the one that keeps least removes the rest.
fn retention(
    entries: &BTreeMap<&ModuleId, Vec<Entry<'_>>>,
    module: &ModuleId,
    destination: &DestinationId,
) -> Option<usize> {
    let sharing = entries.get(module).into_iter().flatten().filter(|(_, _, its)| *its == destination);
    sharing.filter_map(|(plan, ..)| plan.retention).min()
}

/// What is known of a repository after it was asked, as the journal keeps it.
fn merged(
    before: Option<&RestorePointRecord>,
    found: &ProvedRepository,
    now: Timestamp,
) -> RestorePointRecord {
    let read = found.snapshots.as_ref();
    let kept = |value: fn(&RestorePointRecord) -> Option<Timestamp>| before.and_then(value);
    RestorePointRecord {
        plan: found.plan.clone(),
        module: found.module.clone(),
        destination: found.destination.clone(),
        newest: read.map_or_else(|| kept(|before| before.newest), |read| read.last.map(|last| last.time)),
        size: read.map_or_else(
            || before.and_then(|before| before.size),
            |read| read.last.and_then(|last| last.size),
        ),
        count: read.map_or_else(|| before.and_then(|before| before.count), |read| Some(read.count)),
        proved_at: read.map_or_else(|| kept(|before| before.proved_at), |_| Some(now)),
        health: found.health,
        proof: found.proof,
    }
}
