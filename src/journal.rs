// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The journal: what was promised and is not done yet, and what was told.
//!
//! One SQLite file, `journal.sqlite`. A job stays in it from the moment its alert is acknowledged until its report is
//! kept; a report's mail stays queued in it until it is accepted or given up. Whoever is told "done" by a function here
//! may rely on it whatever is killed afterwards.

mod checkpoints;
mod courses;
mod deliveries;
mod gaps;
mod incidents;
mod ingested;
mod inherit;
mod jobs;
mod migrations;
mod notices;
mod notifications;
mod proofs;
mod queue;
mod quota;
mod reader;
mod reports;
mod restore_points;
mod rows;
mod runs;
mod sent_notices;
mod store;
mod writer;

use std::{
    collections::BTreeSet,
    path::{Path, PathBuf},
    sync::Arc,
    thread::JoinHandle,
    time::Duration,
};

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension, params};
use tokio::sync::{Mutex, Notify};

use self::{
    courses::Courses,
    rows::{Database, UnreadableRows},
    writer::Writer,
};
use crate::{
    alert::Alert,
    ids::{JobId, ModuleId, PlanId},
    notifier::{
        decision::{Before, Decision},
        notification::Notification,
    },
    report::{
        Report,
        history::{self, History, PastRun, RunRecord},
    },
};

pub use self::{
    checkpoints::Checkpoint,
    incidents::IncidentRecord,
    inherit::Heir,
    jobs::{AbandonedJob, Advance, DueJob, Job, Stage},
    notices::{NewNotice, NoticeKind},
    queue::{About, DeliveryId, DeliveryRecord, Outgoing, ThreadStart},
    reports::{
        NewReport, PlanSummary, Reader, ReportDetail, ReportEntry, ReportFilter, ReportPage, ReportSummary,
        StoredReport, UnreadableReport,
    },
    restore_points::{ProofMemory, ProvedRepository, RestorePointRecord},
    store::{FILE_NAME, JournalError},
};

/// What is known of what `report` tells, read beside the service that has the journal in `dir` open: what was last reported of each plan, in
/// the order of `notifications`. Nothing where there is no journal yet.
///
/// # Errors
/// [`JournalError`]
pub fn last_reported(
    dir: &Path,
    notifications: &[Notification],
    report: &Report,
    runs: &[RunRecord],
) -> Result<Vec<Before>, JournalError> {
    let Some(connection) = store::open_to_read(dir)? else {
        return Ok(notifications.iter().map(|_| Before::default()).collect());
    };
    let database = Database { connection: &connection, unreadable: &UnreadableRows::default() };
    let before = Courses::of(&database, report, runs, &[], |_| false)
        .and_then(|courses| courses.before(&database, report, notifications));
    before.map_err(|error| JournalError::from_sqlite(&dir.join(FILE_NAME), &error))
}

/// The run of a plan that a report is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RunLook {
    /// The plan.
    pub plan: PlanId,
    /// When the run began, or was due.
    pub began_at: Timestamp,
    /// What is to be kept of it.
    pub run: Option<RunRecord>,
}

/// Under what the cluster's name is kept.
pub(crate) const CLUSTER_NAME: &str = "cluster_name";

/// A handle on the journal; clones share it.
#[derive(Clone)]
pub struct Journal {
    writer: Writer,
    /// Where it is, to be read beside the writer.
    dir: Arc<Path>,
    /// Woken when there is a new job, or one that is due at another time.
    jobs_changed: Arc<Notify>,
    /// Woken when something is queued: who sends mails, and who posts to the webhook.
    queued: Arc<[Notify; 2]>,
    thread: Arc<Mutex<Option<JoinHandle<()>>>>,
}

/// What a watcher has observed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Observation {
    /// The alerts that it raises.
    pub alerts: Vec<Alert>,
    /// Runs that were reported before they had ended, and of which all is known now.
    pub closed: Vec<Alert>,
    /// What it has to know after a restart.
    pub checkpoints: Vec<Checkpoint>,
    /// Runs that are kept for the pages and for comparison, and are not told.
    pub runs: Vec<RunRecord>,
}

/// What becomes of a job that has its report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Afterwards {
    /// Nothing: all is known.
    Done,
    /// It is looked at again from this time on, as something was still running or could not be read.
    FollowUp(Timestamp),
    /// It is given up for this reason: what it was about is kept for whoever looks into it.
    Abandoned(String),
}

impl Journal {
    /// Starts the journal in `dir`. It is opened with the first request; trouble with the file shows in the answers,
    /// and goes away when its cause does.
    pub fn start(dir: PathBuf) -> Self {
        let path: Arc<Path> = dir.as_path().into();
        let (writer, thread) = Writer::start(dir);
        Self {
            writer,
            dir: path,
            jobs_changed: Arc::default(),
            queued: Arc::default(),
            thread: Arc::new(Mutex::new(Some(thread))),
        }
    }

    /// Takes alerts over. When this returns `Ok`, their report will be told.
    ///
    /// They join the job that still waits, if there is one; else a new one is due after `wait`. None when there is nothing new
    /// in them: they were taken before, on another way.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing was taken.
    pub async fn accept(
        &self,
        alerts: Vec<Alert>,
        now: Timestamp,
        wait: Duration,
    ) -> Result<Option<JobId>, JournalError> {
        self.observe(Observation { alerts, ..Observation::default() }, now, wait).await
    }

    /// Takes over what a watcher has observed, all of it or nothing: the alerts that it raises, and the checkpoints by which it will know,
    /// after a restart, that it has.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing was taken.
    pub async fn observe(
        &self,
        observed: Observation,
        now: Timestamp,
        wait: Duration,
    ) -> Result<Option<JobId>, JournalError> {
        let wait = SignedDuration::try_from(wait).unwrap_or(SignedDuration::MAX);
        let closes = !observed.closed.is_empty();
        let taken = self
            .writer
            .call(move |connection| {
                observed
                    .checkpoints
                    .iter()
                    .try_for_each(|checkpoint| checkpoints::put(connection, checkpoint))?;
                observed.closed.iter().try_for_each(|alert| jobs::close_run(connection, alert, now))?;
                observed.runs.iter().try_for_each(|run| runs::record(connection, run, None, None))?;
                jobs::accept(connection, &observed.alerts, now, wait)
            })
            .await?;
        if taken.is_new || closes {
            self.jobs_changed.notify_one();
        }
        Ok(taken.job)
    }

    /// What a watcher has marked: the checkpoints whose keys begin with `prefix`, by the rest of their keys.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn checkpoints(&self, prefix: &'static str) -> Result<Vec<(String, String)>, JournalError> {
        self.writer.call(move |connection| checkpoints::all(connection, prefix)).await
    }

    /// What is known of the past of the plans of these runs.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn history(&self, looks: Vec<RunLook>) -> Result<History, JournalError> {
        self.writer
            .call(move |database| {
                let mut history = History::default();
                for RunLook { plan, began_at, run } in &looks {
                    let look = courses::look(database, plan, run.as_ref(), Some(*began_at))?;
                    let began_at = look.map_or(*began_at, |look| look.began_at);
                    let past = runs::before(database, plan, began_at, history::DEPTH)?;
                    history.runs.insert(plan.clone(), past);
                    history.looks.extend(look.map(|look| (plan.clone(), look)));
                    let open = incidents::open(database, plan)?;
                    history.incidents.extend(open.map(|open| (plan.clone(), open)));
                    let points = restore_points::of_plan(database, plan)?;
                    history.restore_points.insert(plan.clone(), points);
                    let counts = restore_points::snapshot_counts(database, plan)?;
                    history.snapshot_counts.insert(plan.clone(), counts);
                }
                let ids: Vec<PlanId> = looks.into_iter().map(|look| look.plan).collect();
                history.told = notifications::outcomes(database, &ids)?.into_iter().collect();
                Ok(history)
            })
            .await
    }

    /// What was reported before of what `new` tells, in the order of its notifications.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn reported_before(
        &self,
        report: Report,
        notifications: Vec<Notification>,
        runs: Vec<RunRecord>,
        looks: Vec<(PlanId, Timestamp)>,
        muted: BTreeSet<String>,
    ) -> Result<Vec<Before>, JournalError> {
        self.writer
            .call(move |database| {
                let is_muted = |module: &ModuleId| muted.contains(module.as_str());
                Courses::of(database, &report, &runs, &looks, is_muted)?.before(
                    database,
                    &report,
                    &notifications,
                )
            })
            .await
    }

    /// The open incidents, oldest first, and then those that are over, newest first, at most `limit` of them.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn incidents(&self, limit: u32) -> Result<Vec<IncidentRecord>, JournalError> {
        reader::read(&self.writer, &self.dir, move |database| incidents::list(database, limit)).await
    }

    /// The last runs of every plan, newest first, at most `limit` of each.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn last_runs(&self, limit: u32) -> Result<Vec<PastRun>, JournalError> {
        reader::read(&self.writer, &self.dir, move |database| runs::last(database, limit)).await
    }

    /// The last runs of every plan, newest first, each with no more than what is new in it: of each application its newest good result, and its
    /// newest one from a run that began no later than `since`. And the plans whose older runs are not kept.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn outlines_of_runs(
        &self,
        since: Timestamp,
    ) -> Result<(Vec<PastRun>, BTreeSet<PlanId>), JournalError> {
        reader::read(&self.writer, &self.dir, move |database| runs::outlines(database, since)).await
    }

    /// When each job is due, oldest first.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn due_jobs(&self) -> Result<Vec<DueJob>, JournalError> {
        self.writer.call(jobs::due_jobs).await
    }

    /// One job, if it is not done.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn job(&self, id: JobId) -> Result<Option<Job>, JournalError> {
        self.writer.call(move |connection| jobs::get(connection, id)).await
    }

    /// All jobs, oldest first.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn jobs(&self) -> Result<Vec<Job>, JournalError> {
        self.writer.call(jobs::all).await
    }

    /// Puts a job off until `due_at`; `note` says what it waits for.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn postpone(&self, id: JobId, due_at: Timestamp, note: String) -> Result<(), JournalError> {
        self.writer.call(move |connection| jobs::postpone(connection, id, due_at, &note)).await?;
        self.jobs_changed.notify_one();
        Ok(())
    }

    /// Puts a job off until `due_at` that has begun, with its stage as it is now; `note` says what it waits for.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn linger(
        &self,
        id: JobId,
        stage: Stage,
        due_at: Timestamp,
        note: String,
    ) -> Result<(), JournalError> {
        self.writer.call(move |connection| jobs::linger(connection, id, &stage, due_at, &note)).await?;
        self.jobs_changed.notify_one();
        Ok(())
    }

    /// Writes down the stage that a job has reached, unless alerts have joined it since it had `alerts` of them.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn advance(&self, id: JobId, stage: Stage, alerts: i64) -> Result<Advance, JournalError> {
        self.writer.call(move |connection| jobs::advance(connection, id, &stage, alerts)).await
    }

    /// Writes down that a job could not be driven, for a reason of its own, and when it is tried again. Gives how often that was in a row.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn job_failed(
        &self,
        id: JobId,
        reason: String,
        due_at: Timestamp,
    ) -> Result<u32, JournalError> {
        self.writer.call(move |connection| jobs::fail(connection, id, &reason, due_at)).await
    }

    /// Puts each of these groups of alerts into a job of its own, in place of the job that they were in.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn split(&self, job: Job, groups: Vec<Vec<Alert>>) -> Result<(), JournalError> {
        self.writer.call(move |connection| jobs::split(connection, &job, &groups)).await?;
        self.jobs_changed.notify_one();
        Ok(())
    }

    /// The jobs that were given up since `since`, newest first.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn abandoned_jobs(&self, since: Timestamp) -> Result<Vec<AbandonedJob>, JournalError> {
        self.writer.call(move |connection| jobs::abandoned(connection, since)).await
    }

    /// How many rows could not be read so far.
    pub fn unreadable_rows(&self) -> usize {
        self.writer.unreadable.count()
    }

    /// Ends a job with its report: decides whether it is mailed, keeps it, queues its mail, and removes the job, all at once. Says what was
    /// decided.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn finish(&self, new: NewReport, afterwards: Afterwards) -> Result<Decision, JournalError> {
        let decision = self
            .writer
            .call(move |database| {
                let decision = reports::insert(database, &new)?;
                let report = decision.keeps_report().then_some(new.report.id);
                for run in &new.runs {
                    let digest = new.found.notification_of(&run.plan).map(|found| found.digest.as_str());
                    runs::record(database, run, report, digest)?;
                }
                let (id, now) = (new.report.id, new.report.created_at);
                match afterwards {
                    Afterwards::Done => {}
                    Afterwards::FollowUp(due_at) => jobs::follow_up(database, id, now, due_at)?,
                    Afterwards::Abandoned(reason) => jobs::abandon(database, id, &reason, now)?,
                }
                jobs::remove(database, id)?;
                ingested::forget_old(database, now)?;
                notifications::forget_strange(database)?;
                Ok(decision)
            })
            .await?;
        self.queued.iter().for_each(Notify::notify_one);
        self.jobs_changed.notify_one();
        Ok(decision)
    }

    /// The newest reports that fit `filter`, newest first.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn reports(&self, filter: ReportFilter, limit: u32) -> Result<ReportPage, JournalError> {
        reader::read(&self.writer, &self.dir, move |database| reports::list(database, &filter, limit)).await
    }

    /// The newest reports with the text of their mails, newest first.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn recent(&self, limit: u32) -> Result<Vec<(ReportEntry, String)>, JournalError> {
        reader::read(&self.writer, &self.dir, move |database| reports::recent(database, limit)).await
    }

    /// One report, if it is still kept.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn report(&self, id: JobId) -> Result<Option<ReportDetail>, JournalError> {
        reader::read(&self.writer, &self.dir, move |database| reports::get(database, id)).await
    }

    /// What tells this journal from any other: 16 hexadecimal digits.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn journal_id(&self) -> Result<String, JournalError> {
        let id = self.recall("journal_id").await?;
        // Made with the file; an empty one only if somebody removed it by hand.
        Ok(id.unwrap_or_default())
    }

    /// What the cluster was called when it was last read.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn cluster_name(&self) -> Result<Option<String>, JournalError> {
        self.recall(CLUSTER_NAME).await
    }

    /// A word that was kept under `key`.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn recall(&self, key: &'static str) -> Result<Option<String>, JournalError> {
        self.writer
            .call(move |connection| {
                connection
                    .prepare_cached("SELECT value FROM meta WHERE key = ?")?
                    .query_row([key], |row| rows::text(row, "value"))
                    .optional()
            })
            .await
    }

    /// Keeps a word under `key`, over restarts.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn remember(&self, key: &'static str, value: String) -> Result<(), JournalError> {
        self.writer
            .call(move |connection| {
                connection
                    .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")?
                    .execute(params![key, value])
                    .map(drop)
            })
            .await
    }

    /// Writes something to the disk, to see whether that works.
    ///
    /// # Errors
    /// [`JournalError`], which says why it does not.
    pub async fn probe(&self, now: Timestamp) -> Result<(), JournalError> {
        self.remember("probed_at", now.to_string()).await
    }

    /// Waits until a job has come or changed.
    pub async fn jobs_changed(&self) {
        self.jobs_changed.notified().await;
    }

    /// Waits until all work is done and the file closed. Every other handle must be gone.
    pub async fn close(self) {
        let Self { writer, thread, .. } = self;
        drop(writer);
        if let Some(thread) = thread.lock().await.take() {
            let _ = tokio::task::spawn_blocking(|| thread.join()).await;
        }
    }
}

#[cfg(test)]
mod damage_tests;
#[cfg(test)]
mod tests;
