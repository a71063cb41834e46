// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The pipeline: drives jobs through their [`stages`]. After each stage its value is in the journal, so that a restart goes on where it
//! was. A job that can't be driven is tried again, and given up in the end, as [`failure`] says; nothing but a report ends it.

mod failure;
pub mod readers;
pub mod stages;

use std::{collections::HashMap, panic::AssertUnwindSafe, time::Duration};

use futures_util::FutureExt;
use jiff::Timestamp;
use std::sync::Arc;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use self::{
    failure::{AfterFailure, longest_pause},
    stages::{Stages, Step},
};
use crate::{
    ids::JobId,
    journal::{DueJob, Job, Journal, JournalError},
};

/// How many jobs are driven at once. One may wait for a slow destination while another goes on.
const CONCURRENCY: usize = 4;
/// How long after trouble with the journal a job is tried again.
const TROUBLE_PAUSE: Duration = Duration::from_secs(1);
/// How often jobs are looked for without being told of any: the clock may have been set.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);

/// Drives jobs.
pub struct Pipeline {
    journal: Journal,
    stages: Stages,
}

impl Pipeline {
    /// A pipeline that starts now.
    pub fn new(journal: Journal, stages: Stages) -> Self {
        Self { journal, stages }
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
        for job in due_jobs {
            if in_hand.values().any(|driven| *driven == job.id) {
                continue;
            }
            let until_due = Duration::try_from(job.due_at.duration_since(now)).unwrap_or(Duration::ZERO);
            // No job is put off for longer than its pause: that one seems to be, the clock was set back, or the
            // configuration changed.
            let waits = !until_due.is_zero() && until_due <= self.pause(&job);
            if waits {
                wake = wake.min(until_due);
            } else if driven.len() < CONCURRENCY {
                let (pipeline, id) = (Arc::clone(self), job.id);
                let task = driven.spawn(async move { pipeline.drive(id).await });
                in_hand.insert(task.id(), id);
            }
        }
        wake
    }

    /// How long a job may be put off.
    fn pause(&self, job: &DueJob) -> Duration {
        if job.failures > 0 {
            longest_pause()
        } else if job.is_waiting {
            // Beyond the quota of jobs, it waits twice as long.
            self.stages.pause(job.follow_up) * 2
        } else {
            self.stages.log_pause()
        }
    }

    /// Drives a job as far as it goes now.
    async fn drive(&self, id: JobId) {
        let mut job = match self.journal.job(id).await {
            Ok(Some(job)) => job,
            Ok(None) => return,
            Err(error) => {
                tracing::warn!(job = %id, %error, "can't read a job from the journal");
                return tokio::time::sleep(TROUBLE_PAUSE).await;
            }
        };
        loop {
            // A bug that shows with one job's data must not take the others with it.
            let step = AssertUnwindSafe(self.stages.step(&mut job, Timestamp::now())).catch_unwind().await;
            let reason = match step {
                Ok(Ok(Step::Next)) => continue,
                Ok(Ok(Step::Waits | Step::Ended)) => return,
                Ok(Err(error)) => error.to_string(),
                Err(_) => format!("internal error in stage {}", job.stage.as_str()),
            };
            if let Err(error) = self.failed(job, reason).await {
                tracing::warn!(job = %id, %error, "a job waits for the journal");
                tokio::time::sleep(TROUBLE_PAUSE).await;
            }
            return;
        }
    }

    /// Does what follows from a job that could not be driven.
    ///
    /// # Errors
    /// [`JournalError`]: the journal can't be written, so that it was not the job's own fault.
    async fn failed(&self, job: Job, reason: String) -> Result<(), JournalError> {
        let now = Timestamp::now();
        self.journal.probe(now).await?;
        let (id, failures) = (job.id, job.failures.saturating_add(1));
        tracing::error!(job = %id, failures, reason, "a job can't be driven");
        match failure::after(&job, failures) {
            AfterFailure::Retry(pause) => {
                let due_at = now.saturating_add(pause).unwrap_or(Timestamp::MAX);
                self.journal.job_failed(id, reason, due_at).await.map(drop)
            }
            AfterFailure::Split(groups) => self.journal.split(job, groups).await,
            AfterFailure::Abandon => self.stages.abandon(&job, reason, now).await,
        }
    }
}
