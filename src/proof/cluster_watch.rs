// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Looks how the backup of the cluster's own configuration is, a few times a day.

use std::{sync::Arc, time::Duration};

use jiff::{SignedDuration, Timestamp};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::cluster_backup::ClusterBackup;
use crate::{
    coverage::gap::GapSource,
    duty::watch::Standing,
    journal::{Checkpoint, Journal, JournalError, Observation},
    logs::{LogReader, findings::LogTrouble},
    repo_check::{RepoChecker, findings::Detail},
    times::earlier,
};

/// How often it is looked. The answer about the passphrase holds secrets, which the cluster keeps for a while: it is not asked for more often.
const LOOK: Duration = Duration::from_secs(6 * 3600);
/// How soon it is looked again while something is wrong, so that what was put right is seen.
const LOOK_AGAIN: Duration = Duration::from_secs(3600);
/// How soon it is tried again when nobody could be asked.
const TROUBLE: Duration = Duration::from_secs(300);
/// How soon it is looked whether this instance has become the active one.
const STANDBY: Duration = Duration::from_secs(2);
/// How far back the log is read at first. Loki refuses more than a month.
const LOG: SignedDuration = SignedDuration::from_hours(7 * 24);
/// By how much what is read next overlaps what was read: lines arrive with a delay.
const OVERLAP: SignedDuration = SignedDuration::from_mins(10);
/// The key of the checkpoint.
pub const CLUSTER_BACKUP: &str = "cluster_backup";

/// Looks how the cluster's own backup is.
pub struct ClusterBackupWatch {
    journal: Journal,
    checker: Arc<RepoChecker>,
    logs: Arc<LogReader>,
    standing: watch::Receiver<Standing>,
    /// Until when the log was read.
    read_to: Option<Timestamp>,
}

/// What the journal has of it.
///
/// # Errors
/// [`JournalError`]
pub async fn known(journal: &Journal) -> Result<ClusterBackup, JournalError> {
    let found = journal.checkpoints(CLUSTER_BACKUP).await?;
    let value = found.into_iter().find(|(rest, _)| rest.is_empty()).map(|(_, value)| value);
    // One that can't be read is of another version.
    Ok(value.and_then(|value| serde_json::from_str(&value).ok()).unwrap_or_default())
}

impl ClusterBackupWatch {
    /// A watch that looks while `standing` says that this instance is the active one.
    pub fn new(
        journal: Journal,
        checker: Arc<RepoChecker>,
        logs: Arc<LogReader>,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        Self { journal, checker, logs, standing, read_to: None }
    }

    /// Looks until `shutdown`.
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

    async fn round(&mut self) -> Duration {
        if !self.standing.borrow().duty.mails() {
            return STANDBY;
        }
        match self.look(Timestamp::now()).await {
            Ok(pause) => pause,
            Err(error) => {
                tracing::debug!(%error, "can't keep how the cluster's own backup is; will retry");
                TROUBLE
            }
        }
    }

    async fn look(&mut self, now: Timestamp) -> Result<Duration, JournalError> {
        let before = known(&self.journal).await?;
        let password = self.checker.cluster_password_exists().await;
        let from = self.read_to.filter(|read_to| *read_to <= now).map(|read_to| earlier(read_to, OVERLAP));
        let log = self.logs.cluster_backup(from.unwrap_or_else(|| earlier(now, LOG)), now).await;
        if log.is_ok() {
            self.read_to = Some(now);
        }
        // Where there is no Loki, or no API, that is so, and no trouble.
        let is_trouble = !matches!(password, Ok(_) | Err(Detail::NotAsked))
            || !matches!(log, Ok(_) | Err(LogTrouble::NotConfigured));
        if is_trouble {
            let password = password.as_ref().err().map(ToString::to_string);
            let log = log.as_ref().err().map(ToString::to_string);
            tracing::debug!(?password, ?log, "can't see all of how the cluster's own backup is");
        }
        let has_answer = password.is_ok();
        let after = before.after(password.ok(), log.as_deref().ok(), now);
        if after.state != before.state {
            tracing::info!(state = ?after.state, at = ?after.at, "the backup of the cluster's configuration");
        }
        if after != before {
            let value = serde_json::to_string(&after).expect("our own values have text keys");
            let checkpoints = vec![Checkpoint { key: CLUSTER_BACKUP.into(), value }];
            let observed = Observation { checkpoints, ..Observation::default() };
            self.journal.observe(observed, now, Duration::ZERO).await?;
        }
        let gap = after.gap();
        let is_open = gap.is_some();
        self.journal.note_gaps(GapSource::ClusterBackup, gap.into_iter().collect(), now).await?;
        Ok(match (has_answer, is_trouble || is_open) {
            (false, true) => TROUBLE,
            (true, true) => LOOK_AGAIN,
            (_, false) => LOOK,
        })
    }
}
