// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Is the service ready? That is: does everything on the list of checks that a report depends on do its work?

use std::{
    fmt::Display,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::{
    sync::{Mutex, watch},
    time::{error::Elapsed, timeout},
};

use super::{Check, CheckState, Subject};
use crate::{
    config::Settings,
    correlator::read::ClusterReader,
    duty::{Duty, watch::Standing},
    journal::Journal,
    logs::LogReader,
    notifier::delivery::Channel,
    refusals::Refusals,
    repo_check::RepoChecker,
    watch::troubles::{Watcher, WatcherTroubles},
};

/// For how long a report that could not be made, or a mail that was given up, counts.
const RECENTLY: SignedDuration = SignedDuration::from_hours(24);
/// How long an answer counts. Asking writes to the disk, and whoever asks often must not wear it out.
const FRESH: Duration = Duration::from_secs(2);
/// How long journal and Redis get to answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer of the gateway, the cluster's API and Loki counts: asking the API is a login.
const FRESH_OUTSIDE: Duration = Duration::from_secs(60);
/// How long they get to answer.
const TIMEOUT_OUTSIDE: Duration = Duration::from_secs(5);

/// The answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Ready {
    /// True when nothing is in the way.
    pub ready: bool,
    /// What is in the way, in words for an administrator.
    pub reasons: Vec<String>,
    /// Whether it sends the reports, or stands by for another instance. None outside of NS8.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub duty: Option<Duty>,
}

impl Ready {
    /// What these checks amount to.
    pub fn from_checks(checks: &[Check], duty: Option<Duty>) -> Self {
        let failed = checks.iter().filter(|check| check.state == CheckState::Failed);
        let reasons: Vec<String> = failed.filter_map(|check| check.reason.clone()).collect();
        Self { ready: reasons.is_empty(), reasons, duty }
    }
}

/// What the service depends on outside of itself, as it is asked.
pub struct Outside {
    /// The cluster's Redis.
    pub reader: ClusterReader,
    /// The gateway and the cluster's API.
    pub checker: Arc<RepoChecker>,
    /// Loki.
    pub logs: Arc<LogReader>,
}

/// Asks, and remembers the answers for a moment.
pub struct Readiness {
    settings: Arc<Settings>,
    journal: Journal,
    outside: Outside,
    troubles: Arc<WatcherTroubles>,
    refusals: Arc<Refusals>,
    standing: watch::Receiver<Standing>,
    last: Remembered,
    last_outside: Remembered,
}

impl Readiness {
    /// Prepares to ask.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        outside: Outside,
        troubles: Arc<WatcherTroubles>,
        refusals: Arc<Refusals>,
        standing: watch::Receiver<Standing>,
    ) -> Self {
        let (last, last_outside) = Default::default();
        Self { settings, journal, outside, troubles, refusals, standing, last, last_outside }
    }

    /// Whether this instance sends the reports. None outside of NS8, where nobody else would.
    pub fn duty(&self) -> Option<Duty> {
        self.settings.instance.as_ref().map(|_| self.standing.borrow().duty.clone())
    }

    /// Whether the service is ready, as of at most two seconds ago.
    pub async fn get(&self) -> Ready {
        Ready::from_checks(&self.checks().await, self.duty())
    }

    /// What readiness depends on, as of at most two seconds ago.
    pub async fn checks(&self) -> Vec<Check> {
        self.last.get(FRESH, async || self.ask().await).await
    }

    /// What is no reason not to be ready: gateway, cluster API and Loki, as of at most a minute ago, on which a report's depth depends, and
    /// whether the heartbeat is taken.
    pub async fn outside(&self) -> Vec<Check> {
        let mut checks = self.last_outside.get(FRESH_OUTSIDE, async || self.ask_outside().await).await;
        let heartbeat = self.troubles.trouble(Watcher::Heartbeat).map_or(Ok(()), Err);
        checks.push(Subject::Heartbeat.check(&self.settings, async { heartbeat }).await);
        checks
    }

    async fn ask(&self) -> Vec<Check> {
        let silent = |what: &str| format!("{what} does not answer within {} seconds", TIMEOUT.as_secs());
        let (journal, redis) = tokio::join!(
            timeout(TIMEOUT, self.journal.probe(Timestamp::now())),
            timeout(TIMEOUT, self.outside.reader.ping()),
        );
        let (journal, redis) = (answer(journal, silent("the journal")), answer(redis, silent("Redis")));
        let trouble = |watcher| self.troubles.trouble(watcher).map_or(Ok(()), Err);
        // Without Redis nothing can be followed; that is said once.
        let events = if redis.is_ok() { trouble(Watcher::Events) } else { Ok(()) };
        let settings = &self.settings;
        let mut checks = vec![
            Subject::Journal.check(settings, async { journal }).await,
            Subject::Redis.check(settings, async { redis }).await,
            Subject::Mail.check(settings, self.mail()).await,
            Subject::Webhook.check(settings, self.delivered(Channel::Webhook)).await,
            Subject::Alertmanager.check(settings, async { trouble(Watcher::Alertmanager) }).await,
            Subject::Runs.check(settings, async { events }).await,
            Subject::Schedules.check(settings, async { Ok::<(), String>(()) }).await,
            Subject::Zone.check(settings, async { settings.zone_fault().map_or(Ok(()), Err) }).await,
            Subject::Reports.check(settings, self.reports()).await,
            Subject::Receiver.check(settings, async { self.refusals.trouble().map_or(Ok(()), Err) }).await,
        ];
        checks.extend(self.duty().map(|duty| Check::of_duty(&duty, settings)));
        checks
    }

    /// Whether mail is configured, and goes out.
    async fn mail(&self) -> Result<(), String> {
        let gaps = self.settings.mail_gaps();
        if !gaps.is_empty() {
            return Err(gaps.join("; "));
        }
        self.delivered(Channel::Mail).await
    }

    /// Whether all that is queued for a channel goes out.
    async fn delivered(&self, channel: Channel) -> Result<(), String> {
        // Without a journal there is nothing to tell; that is said already.
        match self.journal.undelivered(channel, recently()).await {
            Ok(undelivered) if !undelivered.is_empty() => Err(undelivered.join("; ")),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// Whether every report could be made.
    async fn reports(&self) -> Result<(), String> {
        let Ok(abandoned) = self.journal.abandoned_jobs(recently()).await else { return Ok(()) };
        match abandoned.first() {
            None => Ok(()),
            Some(last) => Err(format!(
                "{} of the last 24 hours' reports failed with an internal error, the last is report {}: {}",
                abandoned.len(),
                last.id,
                last.reason
            )),
        }
    }

    async fn ask_outside(&self) -> Vec<Check> {
        let silent = || format!("no answer within {} seconds", TIMEOUT_OUTSIDE.as_secs());
        let gateway =
            async { answer(timeout(TIMEOUT_OUTSIDE, self.outside.checker.ping_gateway()).await, silent()) };
        let api = async { answer(timeout(TIMEOUT_OUTSIDE, self.outside.checker.ping_api()).await, silent()) };
        let logs = async { answer(timeout(TIMEOUT_OUTSIDE, self.outside.logs.ping()).await, silent()) };
        let (gateway, api, logs) = tokio::join!(
            Subject::Gateway.check(&self.settings, gateway),
            Subject::Api.check(&self.settings, api),
            Subject::Logs.check(&self.settings, logs),
        );
        vec![gateway, api, logs]
    }
}

/// Since when what went wrong counts.
fn recently() -> Timestamp {
    Timestamp::now().saturating_sub(RECENTLY).unwrap_or(Timestamp::MIN)
}

/// How asking went, in words; `silent` when there was no answer in time.
fn answer<E: Display>(asked: Result<Result<(), E>, Elapsed>, silent: String) -> Result<(), String> {
    asked.map_or(Err(silent), |asked| asked.map_err(|error| error.to_string()))
}

/// Answers that are remembered for a while.
#[derive(Default)]
struct Remembered(Mutex<Option<(Instant, Vec<Check>)>>);

impl Remembered {
    /// The answers, asked for anew when they are no longer `fresh`.
    async fn get(&self, fresh: Duration, ask: impl AsyncFnOnce() -> Vec<Check>) -> Vec<Check> {
        // Held while asking, so that many questions at once ask once.
        let mut last = self.0.lock().await;
        match last.as_ref() {
            Some((when, checks)) if when.elapsed() < fresh => checks.clone(),
            _ => {
                let checks = ask().await;
                last.insert((Instant::now(), checks)).1.clone()
            }
        }
    }
}
