// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The stages of a job, each a function from one value to the next: `Job -> Correlation -> LogReport -> RepoReport -> Message`.

use std::{
    collections::HashMap,
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use jiff::Timestamp;

use super::readers::{self, Past};
use crate::{
    config::Settings,
    correlator::{
        classify,
        correlation::{Correlation, Outcome, Plan, PlanIssue, State},
        facts::Scope,
        read::ClusterReader,
    },
    ids::{JobId, PlanId},
    journal::{Advance, Afterwards, CLUSTER_NAME, Job, Journal, JournalError, NewReport, RunLook, Stage},
    logs::{LogReader, findings::LogReport},
    notifier::{
        decision::{Decision, Found, Origin, Policy},
        format::Format,
    },
    repo_check::{RepoChecker, findings::RepoReport},
    report::{
        Report, UNNAMED_CLUSTER,
        history::{History, RunRecord},
    },
    telemetry::Metrics,
    watch::{cluster::SCHEDULES, schedule::known_since},
};

/// The shortest pause between two reads, where `CORRELATOR_WAIT_SECONDS` is 0.
const SHORTEST_PAUSE: Duration = Duration::from_secs(1);
/// How many waits lie between the reads of a follow-up. With the default of 30 s, it reads every five minutes.
const FOLLOW_UP_WAITS: u32 = 10;
/// How long a follow-up goes on. A plan that has not settled by then never will.
const FOLLOW_UP_LIMIT: Duration = Duration::from_secs(24 * 3600);
/// The longest pause between two readings of a log that is not complete yet. Lines are shipped within seconds, a minute at most.
const MAX_LOG_PAUSE: Duration = Duration::from_secs(30);
/// How often a log is read that is not complete: then the mail goes out with what there is.
const MAX_LOG_READS: u32 = 4;

/// What a job waits for whose log is not complete.
const WAITS_FOR_LOG: &str = "log lines of the run";

/// How far a job came.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    /// To its next stage.
    Next,
    /// It waits: for the plans to settle, for Redis, for the log, or for alerts that have joined it to be looked at.
    Waits,
    /// It has its report.
    Ended,
}

/// What the stages work with.
pub struct Stages {
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
    logs: Arc<LogReader>,
    checker: Arc<RepoChecker>,
    metrics: Arc<Metrics>,
    /// When this process read the cluster for a job first. How long a job has waited can't be told from the clock, which may be set.
    first_read: Mutex<HashMap<JobId, Instant>>,
}

impl Stages {
    /// The stages of a service with these parts.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        reader: ClusterReader,
        logs: Arc<LogReader>,
        checker: Arc<RepoChecker>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { settings, journal, reader, logs, checker, metrics, first_read: Mutex::default() }
    }

    /// Takes a job from one stage to the next.
    ///
    /// # Errors
    /// [`JournalError`]; the job stays at its stage.
    pub async fn step(&self, job: &mut Job, now: Timestamp) -> Result<Step, JournalError> {
        let next = match &job.stage {
            Stage::Waiting => match self.correlate(job, now).await? {
                Some(correlation) => Stage::Correlated { correlation, log_reads: 0 },
                None => return Ok(Step::Waits),
            },
            Stage::Correlated { correlation, log_reads } => {
                match self.read_logs(job, correlation, *log_reads).await? {
                    Some(logs) => Stage::Logged { correlation: correlation.clone(), logs },
                    None => return Ok(Step::Waits),
                }
            }
            Stage::Logged { correlation, logs } => {
                let repos = self.checker.check(correlation).await;
                Stage::Checked { correlation: correlation.clone(), logs: logs.clone(), repos }
            }
            Stage::Checked { correlation, logs, repos } => {
                self.report(job, correlation.clone(), logs.clone(), repos.clone(), now).await?;
                return Ok(Step::Ended);
            }
        };
        let advanced = self.journal.advance(job.id, next.clone(), job.alerts_kept).await?;
        job.stage = next;
        Ok(match advanced {
            Advance::Done => Step::Next,
            Advance::AlertsJoined => Step::Waits,
        })
    }

    /// Reads the cluster and says what happened. None when the job has to wait: for the plans to settle, or for Redis.
    async fn correlate(&self, job: &Job, now: Timestamp) -> Result<Option<Correlation>, JournalError> {
        let known_since = known_since(self.journal.checkpoints(SCHEDULES).await?);
        let scope = Scope { known_since, ..Scope::from_alerts(&job.alerts) };
        let began = Instant::now();
        let facts = self.reader.read(&scope, now).await;
        let remaining = self.patience_left(job);
        let is_over = remaining.is_zero();
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
                    self.wait(job, now, remaining, error.to_string()).await?;
                    return Ok(None);
                }
                Correlation::unread(now, None, error.to_string())
            }
        };
        let watcher_already_waited =
            !job.follow_up && job.alerts.iter().all(|alert| alert.source.has_waited());
        if !correlation.has_settled() && !is_over && !watcher_already_waited {
            self.wait(job, now, remaining, waiting_for(&correlation)).await?;
            return Ok(None);
        }
        tracing::info!(job = %job.id, outcome = %correlation.outcome, "correlated");
        Ok(Some(correlation))
    }

    /// Reads what the log says of what is not well. None when the job has to wait: a run has just ended, and its end is not there yet.
    async fn read_logs(
        &self,
        job: &Job,
        correlation: &Correlation,
        log_reads: u32,
    ) -> Result<Option<Option<LogReport>>, JournalError> {
        let Some(reading) = self.logs.read(correlation).await else { return Ok(Some(None)) };
        let log_reads = log_reads.saturating_add(1);
        if reading.may_be_early && log_reads < MAX_LOG_READS {
            tracing::info!(job = %job.id, log_reads, "waiting: the log is not complete yet");
            let stage = Stage::Correlated { correlation: correlation.clone(), log_reads };
            let due_at = after(Timestamp::now(), self.log_pause());
            self.journal.linger(job.id, stage, due_at, WAITS_FOR_LOG.into()).await?;
            return Ok(None);
        }
        Ok(Some(Some(reading.report)))
    }

    /// The pause before a log is read again.
    pub fn log_pause(&self) -> Duration {
        self.pause(false).min(MAX_LOG_PAUSE)
    }

    /// How much longer a job waits for what has not settled. Counted in reads and in this process' own time: neither a clock that is set
    /// nor a restart, after which Redis may start later than we do, uses it up.
    fn patience_left(&self, job: &Job) -> Duration {
        let limit = if job.follow_up { FOLLOW_UP_LIMIT } else { self.settings.correlator.settle };
        let by_reads = self.pause(job.follow_up).saturating_mul(job.reads);
        let mut first_read = self.first_read.lock().unwrap_or_else(PoisonError::into_inner);
        let here = first_read.entry(job.id).or_insert_with(Instant::now).elapsed();
        limit.saturating_sub(by_reads.max(here))
    }

    fn forget(&self, id: JobId) {
        self.first_read.lock().unwrap_or_else(PoisonError::into_inner).remove(&id);
    }

    /// The pause between two reads for a job, or for a follow-up.
    pub fn pause(&self, follow_up: bool) -> Duration {
        let wait = self.settings.correlator.wait.max(SHORTEST_PAUSE);
        if follow_up { wait * FOLLOW_UP_WAITS } else { wait }
    }

    async fn wait(
        &self,
        job: &Job,
        now: Timestamp,
        remaining: Duration,
        note: String,
    ) -> Result<(), JournalError> {
        tracing::info!(job = %job.id, reads = job.reads.saturating_add(1), "waiting: {note}");
        let pause = self.pause(job.follow_up).min(remaining);
        self.journal.postpone(job.id, after(now, pause), note).await
    }

    /// Ends a job with its report.
    async fn report(
        &self,
        job: &Job,
        correlation: Correlation,
        logs: Option<LogReport>,
        repos: Option<RepoReport>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let cluster = self.cluster_name(&correlation).await?;
        let mut report = Report::new(job.id, now, cluster, job.alerts.clone(), correlation, logs, repos);
        let followed = Scope::from_alerts(&job.alerts).runs;
        let look = |plan: &Plan| {
            let followed = followed.get(&plan.id).map(|run| run.began_at);
            let run = RunRecord::new(plan, followed);
            // Of a plan that is gone, the moment counts.
            let is_gone = plan.issues.contains(&PlanIssue::PlanNotFound).then_some(now);
            let began_at = run.as_ref().map(|run| run.began_at).or(followed).or(plan.due).or(is_gone)?;
            let is_run = run.is_some() || !plan.applications.is_empty() || is_gone.is_some();
            is_run.then(|| RunLook { plan: plan.id.clone(), began_at, run })
        };
        let looks: Vec<RunLook> = report.correlation.plans.iter().filter_map(look).collect();
        let policy = Policy::of(&self.settings, now);
        let history = self.journal.history(looks.clone()).await?;
        report.compare(&History { muted: policy.muted.clone(), ..history });
        // What was still running, or could not be read, is looked at again: its end must not be kept from anybody.
        let is_open = !report.correlation.is_certain();
        let afterwards = if is_open && !job.follow_up {
            Afterwards::FollowUp(after(now, self.pause(true)))
        } else {
            Afterwards::Done
        };
        self.finish(job, report, looks, &policy, afterwards).await
    }

    /// Gives a job up: it ends with a report that says that, and what it was about is kept.
    ///
    /// # Errors
    /// [`JournalError`]; the job stays as it was.
    pub async fn abandon(&self, job: &Job, reason: String, now: Timestamp) -> Result<(), JournalError> {
        let correlation = Correlation::failed(now, reason.clone());
        let cluster = self.cluster_name(&correlation).await?;
        let report = Report::new(job.id, now, cluster, job.alerts.clone(), correlation, None, None);
        let policy = Policy::of(&self.settings, now);
        self.finish(job, report, Vec::new(), &policy, Afterwards::Abandoned(reason)).await
    }

    async fn finish(
        &self,
        job: &Job,
        mut report: Report,
        looks: Vec<RunLook>,
        policy: &Policy,
        afterwards: Afterwards,
    ) -> Result<(), JournalError> {
        let settings = &self.settings;
        let (runs, looks) = run_and_beginning(&looks);
        let (found, origin) = (Found::of(&report), Origin::of(&job.alerts, job.follow_up));
        let (notifications, muted) = (found.notifications.clone(), policy.muted.clone());
        let before = self
            .journal
            .reported_before(report.clone(), notifications, runs.clone(), looks.clone(), muted)
            .await?;
        let past = Past { found: &found, before: &before, origin, policy };
        report.quiet = readers::quiet(&report, &past, &settings.everybody());
        let message = readers::written(&report.for_mail(), &Format::of(settings));
        let readers = readers::readers(&report, &past, settings);
        let (outcome, subject) = (report.outcome, message.subject.clone());
        let policy = policy.clone();
        let new = NewReport { report, message, readers, found, origin, policy, runs, looks };
        let decision = self.journal.finish(new, afterwards).await?;
        self.forget(job.id);
        if decision.keeps_report() {
            self.metrics.count_report(outcome);
        }
        match decision {
            Decision::Send(reason) => {
                tracing::info!(report = %job.id, %outcome, ?reason, subject, "report created, to be mailed");
            }
            Decision::Hold(reason) => {
                tracing::info!(job = %job.id, %outcome, ?reason, subject, "nothing is mailed");
            }
        }
        Ok(())
    }

    /// What the mail calls the cluster.
    async fn cluster_name(&self, correlation: &Correlation) -> Result<String, JournalError> {
        if let Some(name) = self.settings.cluster_name.as_ref().or(correlation.cluster.as_ref()) {
            return Ok(name.clone());
        }
        Ok(self.journal.cluster_name().await?.unwrap_or_else(|| UNNAMED_CLUSTER.into()))
    }
}

/// What is to be kept of runs, and when each began.
fn run_and_beginning(looks: &[RunLook]) -> (Vec<RunRecord>, Vec<(PlanId, Timestamp)>) {
    let began = looks.iter().map(|look| (look.plan.clone(), look.began_at)).collect();
    (looks.iter().filter_map(|look| look.run.clone()).collect(), began)
}

/// A time so long after `now`.
fn after(now: Timestamp, pause: Duration) -> Timestamp {
    now.saturating_add(pause).unwrap_or(Timestamp::MAX)
}

/// What a job waits for, in words for the status page.
fn waiting_for(correlation: &Correlation) -> String {
    let running = correlation.plans.iter().filter(|plan| plan.outcome == Outcome::Pending);
    let plan = |plan: &Plan| format!("{} ({} still running)", plan.title(), plan.count(State::Pending));
    running.map(plan).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests;
