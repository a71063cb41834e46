// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Writes the summary when it is due, one for each audience, and queues it. That it is queued stands in the journal with it: a service that is
//! killed in between sends it neither twice nor never.
//!
//! An instance that stands by queues its own, which is dropped as its reports' mails are once the active one has outlived it.

mod content;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use self::content::{Known, Term};
use crate::{
    audience::Audience,
    config::Settings,
    correlator::{
        facts::{ClusterFacts, Scope},
        read::ClusterReader,
    },
    journal::{Checkpoint, Journal, JournalError, NewNotice, NoticeKind, Observation},
    notifier::{self, format::Format},
    report::UNNAMED_CLUSTER,
    roster::{Roster, view::RosterView},
    summary::schedule::{Due, Occasion, Record},
};

/// The key of what was sent.
const SUMMARY: &str = "summary";
/// The longest pause between two looks at the clock, which may be set.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// The pause before the next attempt when the journal or Redis is away.
const TROUBLE_PAUSE: Duration = Duration::from_secs(10);
/// How long a reading of the cluster may take.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a summary waits for a cluster that can't be read, before it tells how things were when it last could.
const PATIENCE: Duration = Duration::from_secs(15 * 60);
/// How many incidents that are over are looked through.
const INCIDENTS: u32 = 200;

/// Writes summaries.
pub struct SummaryWorker {
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
    roster: Arc<RosterView>,
}

impl SummaryWorker {
    /// A worker that has not looked yet.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        reader: ClusterReader,
        roster: Arc<RosterView>,
    ) -> Self {
        Self { settings, journal, reader, roster }
    }

    /// Looks until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut overdue_since = None;
        loop {
            let pause = tokio::select! {
                () = shutdown.cancelled() => return,
                looked = self.look(&mut overdue_since) => looked.unwrap_or_else(|error| {
                    // The journal's trouble is its own to tell.
                    tracing::debug!(%error, "no look at whether a summary is due");
                    TROUBLE_PAUSE
                }),
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Looks at the clock, and sends what is due. Gives the pause before the next look.
    async fn look(&self, overdue_since: &mut Option<Instant>) -> Result<Duration, JournalError> {
        let now = Timestamp::now();
        let record = self.record(now).await?;
        let occasion = match record.due(self.settings.summary, &self.settings.zone, now) {
            Due::Now(occasion) => occasion,
            Due::At(at) => {
                let wait = Duration::try_from(at.duration_since(now)).unwrap_or_default();
                return Ok(wait.min(LOOK_INTERVAL).max(Duration::from_millis(100)));
            }
            Due::Never => return Ok(LOOK_INTERVAL),
        };
        let audiences = self.audiences();
        if audiences.is_empty() {
            // Whoever is configured next gets it.
            return Ok(LOOK_INTERVAL);
        }
        let overdue = overdue_since.get_or_insert_with(Instant::now).elapsed();
        let Some((roster, name)) = self.cluster(now, overdue >= PATIENCE).await else {
            return Ok(TROUBLE_PAUSE);
        };
        self.send(&record, occasion, &audiences, &roster, name, now).await?;
        *overdue_since = None;
        Ok(Duration::ZERO)
    }

    /// What was sent so far. The first look ever notes when it was.
    async fn record(&self, now: Timestamp) -> Result<Record, JournalError> {
        let found = self.journal.checkpoints(SUMMARY).await?;
        let value = found.into_iter().find(|(rest, _)| rest.is_empty()).map(|(_, value)| value);
        // One that can't be read is of another version: begun anew, so that the worst is one summary more.
        let kept: Option<Record> = value.and_then(|value| serde_json::from_str(&value).ok());
        let record = kept.clone().unwrap_or_else(|| Record::new(now)).as_of(now);
        if kept.as_ref() != Some(&record) {
            let observed = Observation { checkpoints: vec![checkpoint(&record)], ..Observation::default() };
            self.journal.observe(observed, now, Duration::ZERO).await?;
        }
        Ok(record)
    }

    /// Who gets a summary, and whether it goes to the webhook too. The webhook sees all.
    fn audiences(&self) -> Vec<(Audience, bool)> {
        let mut audiences: Vec<(Audience, bool)> =
            self.settings.mail.audiences.iter().map(|audience| (audience.clone(), false)).collect();
        if self.settings.webhook.is_some() {
            match audiences.iter_mut().find(|(audience, _)| audience.sees_all()) {
                Some((_, to_webhook)) => *to_webhook = true,
                None => audiences.push((self.settings.everybody(), true)),
            }
        }
        audiences
    }

    /// The cluster's plans and name as just read; as last read, once that has been tried for long enough.
    async fn cluster(&self, now: Timestamp, is_late: bool) -> Option<(Arc<Roster>, Option<String>)> {
        let scope = Scope::about([]);
        let read = tokio::time::timeout(READ_TIMEOUT, self.reader.read(&scope, now)).await;
        if let Ok(Ok(facts)) = read {
            let facts: ClusterFacts = facts.vouched();
            if let Some(roster) = Roster::of(&facts, now) {
                return Some((Arc::new(roster), facts.name));
            }
        }
        let roster = if is_late { self.roster.get().await } else { None };
        if roster.is_none() {
            tracing::info!("a summary is due, and waits until the cluster can be read");
        }
        Some((roster?, None))
    }

    async fn send(
        &self,
        record: &Record,
        occasion: Occasion,
        audiences: &[(Audience, bool)],
        roster: &Roster,
        name: Option<String>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let (cadence, zone) = (self.settings.summary, &self.settings.zone);
        let from = record.since(cadence, now);
        let (runs, is_cut) = self.journal.outlines_of_runs(from).await?;
        let incidents = self.journal.incidents(INCIDENTS).await?;
        let gaps = self.journal.gaps().await?;
        let restore_points = self.journal.restore_points_all().await?;
        let cluster = match self.settings.cluster_name.clone().or(name) {
            Some(name) => name,
            None => self.journal.cluster_name().await?.unwrap_or_else(|| UNNAMED_CLUSTER.into()),
        };
        let known = Known {
            cluster,
            roster,
            runs: &runs,
            cut: &is_cut,
            incidents: &incidents,
            gaps: &gaps,
            restore_points: &restore_points,
        };
        let is_first = occasion == Occasion::First;
        let term = Term { cadence, is_first, from, to: now, zone };
        let notice = |(audience, to_webhook): &(Audience, bool)| {
            let summary = content::summary(&known, term, &audience.plans);
            // Plans that are gone, or whose numbers were mistyped: there is nothing to say.
            let is_about_something = audience.sees_all() || !summary.plans.is_empty();
            let format = Format::for_audience(audience, &self.settings);
            is_about_something.then(|| NewNotice {
                kind: NoticeKind::Summary,
                // Who stands for the webhook alone has no recipients.
                audience: if audience.to.is_empty() { String::new() } else { audience.key.clone() },
                to_webhook: *to_webhook,
                message: notifier::summary::compose(&summary, &format),
                payload: serde_json::to_value(&summary).expect("our own values have text keys"),
            })
        };
        let notices: Vec<NewNotice> = audiences.iter().filter_map(notice).collect();
        let count = notices.len();
        let sent = record.clone().sent(occasion, cadence, zone, now);
        self.journal.queue_notices(notices, vec![checkpoint(&sent)], now).await?;
        tracing::info!(audiences = count, ?occasion, "summary queued");
        Ok(())
    }
}

fn checkpoint(record: &Record) -> Checkpoint {
    let value = serde_json::to_string(record).expect("our own values have text keys");
    Checkpoint { key: SUMMARY.into(), value }
}
