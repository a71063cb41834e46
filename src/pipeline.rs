//! The pipeline: drives jobs through their stages, each of which is a function from one value to the next.
//!
//! `Job -> Correlation -> RepoReport -> Message`. After each stage its value is in the journal, so that a restart goes on
//! where it was. A job that fails to be driven stays due; nothing but its report ends it.

use std::{
    collections::HashMap,
    panic::AssertUnwindSafe,
    sync::Arc,
    time::{Duration, Instant},
};

use futures_util::FutureExt;
use jiff::{SignedDuration, Timestamp};
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    alert::{Alert, Source},
    config::{NotifyOn, Settings},
    correlator::{
        classify,
        correlation::{Correlation, Outcome, Plan, State},
        facts::Scope,
        read::ClusterReader,
    },
    ids::JobId,
    journal::{Afterwards, DueJob, Job, Journal, JournalError, NewReport, Stage},
    notifier::{self, format::Format, notification},
    repo_check::{RepoChecker, findings::RepoReport},
    report::{Report, history::RunRecord},
    telemetry::Metrics,
};

/// How many jobs are driven at once. One may wait for a slow destination while another goes on.
const CONCURRENCY: usize = 4;
/// The shortest pause between two looks, where `CORRELATOR_WAIT_SECONDS` is 0.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// How many waits lie between the looks of a follow-up. With the default of 30 s, it looks every five minutes.
const FOLLOW_UP_WAITS: u32 = 10;
/// How long a follow-up goes on. A plan that has not settled by then never will.
const FOLLOW_UP_LIMIT: SignedDuration = SignedDuration::from_hours(24);
/// How long after trouble of our own a job is tried again.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);
/// How long after a panic a job is tried again.
const PANIC_PAUSE: Duration = Duration::from_secs(60);
/// How often jobs are looked for without being told of any: the clock may have been set.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// Where the journal keeps what the cluster was called when it was last read.
const CLUSTER_NAME: &str = "cluster_name";

/// What a cluster is called that has never been read and was not named.
pub const UNNAMED_CLUSTER: &str = "NS8";

/// Drives jobs.
pub struct Pipeline {
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
    checker: Arc<RepoChecker>,
    metrics: Arc<Metrics>,
    /// When this process began: a job that waited through a restart gets its settle time anew, as Redis may start later than we do.
    started_at: Timestamp,
}

impl Pipeline {
    /// A pipeline that starts now.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        reader: ClusterReader,
        checker: Arc<RepoChecker>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { settings, journal, reader, checker, metrics, started_at: Timestamp::now() }
    }

    /// Drives jobs until `shutdown`, then finishes nothing more: what is in hand stays in the journal.
    pub async fn run(self, shutdown: CancellationToken) {
        let pipeline = Arc::new(self);
        let mut driven: JoinSet<()> = JoinSet::new();
        let mut in_hand: HashMap<Id, JobId> = HashMap::new();
        loop {
            let wake = match pipeline.journal.due_jobs().await {
                Ok(due_jobs) => pipeline.start_due(due_jobs, &mut driven, &mut in_hand),
                Err(error) => {
                    tracing::debug!(%error, "can't read jobs from the journal");
                    TROUBLE_PAUSE
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => break,
                () = pipeline.journal.jobs_changed() => {}
                () = tokio::time::sleep(wake) => {}
                Some(done) = driven.join_next_with_id() => {
                    let id = match done {
                        Ok((id, ())) => id,
                        Err(error) => error.id(),
                    };
                    in_hand.remove(&id);
                }
            }
        }
        driven.shutdown().await;
    }

    /// Starts driving the jobs that are due, as far as there is room. Says how long until the next one is due.
    fn start_due(
        self: &Arc<Self>,
        due_jobs: Vec<DueJob>,
        driven: &mut JoinSet<()>,
        in_hand: &mut HashMap<Id, JobId>,
    ) -> Duration {
        let now = Timestamp::now();
        let mut wake = LOOK_INTERVAL;
        for DueJob { id, due_at, is_waiting, follow_up } in due_jobs {
            if in_hand.values().any(|driven| *driven == id) {
                continue;
            }
            let until_due = Duration::try_from(due_at.duration_since(now)).unwrap_or(Duration::ZERO);
            // No job is put off for longer than its pause: that one seems to be, the clock was set back, or the
            // configuration changed.
            let waits = is_waiting && !until_due.is_zero() && until_due <= self.pause(follow_up);
            if waits {
                wake = wake.min(until_due);
            } else if driven.len() < CONCURRENCY {
                let pipeline = Arc::clone(self);
                let task = driven.spawn(async move { pipeline.drive(id).await });
                in_hand.insert(task.id(), id);
            }
        }
        wake
    }

    /// Drives a job as far as it goes now.
    async fn drive(&self, id: JobId) {
        let mut job = match self.journal.job(id).await {
            Ok(Some(job)) => job,
            Ok(None) => return,
            Err(_) => return tokio::time::sleep(TROUBLE_PAUSE).await,
        };
        loop {
            // A bug that shows with one job's data must not take the others with it, nor be tried without a pause.
            let step = AssertUnwindSafe(self.step(&mut job, Timestamp::now())).catch_unwind().await;
            match step {
                Ok(Ok(true)) => {}
                Ok(Ok(false)) => return,
                Ok(Err(error)) => {
                    tracing::warn!(job = %id, %error, "job is waiting for the journal");
                    return tokio::time::sleep(TROUBLE_PAUSE).await;
                }
                Err(_) => {
                    tracing::error!(job = %id, stage = job.stage.as_str(), "internal error: the job's next stage panicked");
                    return tokio::time::sleep(PANIC_PAUSE).await;
                }
            }
        }
    }

    /// Takes a job from one stage to the next. False when it can go no further now.
    ///
    /// # Errors
    /// [`JournalError`]; the job stays at its stage.
    pub async fn step(&self, job: &mut Job, now: Timestamp) -> Result<bool, JournalError> {
        let next = match &job.stage {
            Stage::Waiting => match self.correlate(job, now).await? {
                Some(correlation) => Stage::Correlated { correlation },
                None => return Ok(false),
            },
            Stage::Correlated { correlation } => {
                let repos = self.checker.check(correlation).await;
                Stage::Checked { correlation: correlation.clone(), repos }
            }
            Stage::Checked { correlation, repos } => {
                self.report(job, correlation.clone(), repos.clone(), now).await?;
                return Ok(false);
            }
        };
        let advanced = self.journal.advance(job.id, next.clone(), job.alerts_kept).await?;
        job.stage = next;
        Ok(advanced)
    }

    /// Reads the cluster and says what happened. None when the job has to wait: for the plans to settle, or for Redis.
    async fn correlate(&self, job: &Job, now: Timestamp) -> Result<Option<Correlation>, JournalError> {
        let scope = Scope::from_alerts(&job.alerts);
        let began = Instant::now();
        let facts = self.reader.read(&scope, now).await;
        let is_over = now >= self.deadline(job);
        let correlation = match facts {
            Ok(facts) => {
                self.metrics.cluster_read.observe(began.elapsed().as_secs_f64());
                if let Some(name) = &facts.name {
                    self.journal.remember(CLUSTER_NAME, name.clone()).await?;
                }
                classify(&facts, &scope, now, &self.settings.zone)
            }
            Err(error) => {
                self.metrics.cluster_read_failures.inc();
                tracing::warn!(job = %job.id, %error, "can't read the cluster");
                if !is_over {
                    self.wait(job, now, error.to_string()).await?;
                    return Ok(None);
                }
                Correlation::unread(now, None, error.to_string())
            }
        };
        // The run watcher has waited itself for what it hands over.
        let watcher_already_waited =
            !job.follow_up && job.alerts.iter().all(|alert| alert.source == Source::Run);
        if !correlation.has_settled() && !is_over && !watcher_already_waited {
            self.wait(job, now, waiting_for(&correlation)).await?;
            return Ok(None);
        }
        tracing::info!(job = %job.id, outcome = %correlation.outcome, "correlated");
        Ok(Some(correlation))
    }

    /// Until when a job waits for what has not settled.
    fn deadline(&self, job: &Job) -> Timestamp {
        let (since, limit) = if job.follow_up {
            (job.created_at, FOLLOW_UP_LIMIT)
        } else {
            let settle = SignedDuration::try_from(self.settings.correlator.settle);
            (job.created_at.max(self.started_at), settle.unwrap_or(SignedDuration::MAX))
        };
        since.saturating_add(limit).unwrap_or(Timestamp::MAX)
    }

    /// The pause between two looks at a job, or at a follow-up.
    fn pause(&self, follow_up: bool) -> Duration {
        let wait = self.settings.correlator.wait.max(SHORTEST_PAUSE);
        if follow_up { wait * FOLLOW_UP_WAITS } else { wait }
    }

    async fn wait(&self, job: &Job, now: Timestamp, note: String) -> Result<(), JournalError> {
        tracing::info!(job = %job.id, reads = job.reads + 1, "waiting: {note}");
        let due_at = (now + self.pause(job.follow_up)).min(self.deadline(job));
        self.journal.postpone(job.id, due_at, note).await
    }

    /// Ends a job with its report.
    async fn report(
        &self,
        job: &Job,
        correlation: Correlation,
        repos: Option<RepoReport>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let cluster = self.cluster_name(&correlation).await?;
        let mut report = Report::new(job.id, now, cluster, job.alerts.clone(), correlation, repos);
        let followed = Scope::from_alerts(&job.alerts).runs;
        let run = |plan: &Plan| RunRecord::new(plan, followed.get(&plan.id).map(|run| run.began_at));
        let runs: Vec<RunRecord> = report.correlation.plans.iter().filter_map(run).collect();
        let began = runs.iter().map(|run| (run.plan.clone(), run.began_at)).collect();
        report.compare(&self.journal.history(began).await?);
        let format = Format { language: self.settings.mail.language, zone: self.settings.zone.clone() };
        // What was still running, or could not be read, is looked at again: its end must not be kept from anybody.
        let is_open = !report.correlation.is_certain();
        let afterwards = if is_open && !job.follow_up {
            Afterwards::FollowUp(now + self.pause(true))
        } else {
            Afterwards::Done
        };
        let message = notifier::compose(&report, &format);
        let (outcome, subject) = (report.outcome, message.subject.clone());
        let new = NewReport {
            notifications: notification::notifications(&report),
            repeat: SignedDuration::try_from(self.settings.notify.repeat).unwrap_or(SignedDuration::MAX),
            // Alertmanager repeats its webhook for somebody to be reminded; nothing else repeats itself.
            only_if_changed: job.follow_up || !job.alerts.iter().any(|alert| alert.source == Source::Webhook),
            is_wanted: self.settings.notify.on == NotifyOn::Always
                || job.alerts.iter().any(Alert::has_alarmed)
                || report.is_news(),
            runs,
            report,
            message,
        };
        if self.journal.finish(new, afterwards).await? {
            self.metrics.count_report(outcome);
            tracing::info!(report = %job.id, %outcome, subject, "report created");
        }
        Ok(())
    }

    /// What the mail calls the cluster.
    async fn cluster_name(&self, correlation: &Correlation) -> Result<String, JournalError> {
        if let Some(name) = self.settings.cluster_name.as_ref().or(correlation.cluster.as_ref()) {
            return Ok(name.clone());
        }
        Ok(self.journal.recall(CLUSTER_NAME).await?.unwrap_or_else(|| UNNAMED_CLUSTER.into()))
    }
}

/// What a job waits for, in words for the status page.
fn waiting_for(correlation: &Correlation) -> String {
    let running = correlation.plans.iter().filter(|plan| plan.outcome == Outcome::Pending);
    let plan = |plan: &Plan| format!("{} ({} still running)", plan.title(), plan.count(State::Pending));
    running.map(plan).collect::<Vec<_>>().join(", ")
}
