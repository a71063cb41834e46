// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The sign of life: a URL outside is asked again and again while the service does its work, so that somebody learns when the monitor, its
//! node or the way out is dead.
//!
//! The convention is that of Healthchecks and Uptime Kuma: a GET says that all is well, a GET of another address that it is not, and
//! silence raises the alarm over there. [`sign`] is the decision, [`Heart`] what acts on it. All times are those of the monotonic clock.

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use reqwest::Client;
use secrecy::{ExposeSecret, SecretString};
use tokio_util::sync::CancellationToken;

use crate::{
    checks::{Check, CheckState, Subject, readiness::Readiness},
    config::{HeartbeatSettings, Settings},
    correlator::{facts::Scope, read::ClusterReader},
    duty::Duty,
    http,
    telemetry::{HeartbeatResult, Metrics},
    watch::troubles::{Watcher, WatcherTroubles},
};

/// How long a request may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is looked at, in bytes. What is told is its status; Healthchecks adds a few words.
const MAX_ANSWER: usize = 1024;
/// The pause before a heartbeat that was not taken is given again.
const RETRY_PAUSE: Duration = Duration::from_secs(30);
/// The pause before the facts are looked at again that are not complete yet, right after the start.
const EARLY_PAUSE: Duration = Duration::from_secs(1);
/// How old the last reading of the cluster may be where the interval is shorter: the watchers read once a minute, and a large cluster less
/// often.
const SHORTEST_READ_LIMIT: Duration = Duration::from_secs(300);

/// What the decision is made from.
#[derive(Debug, Clone)]
pub struct Facts<'a> {
    /// What the service depends on.
    pub checks: &'a [Check],
    /// How long ago the cluster was last read. None: not since the start.
    pub since_read: Option<Duration>,
    /// How long the service has run.
    pub uptime: Duration,
    /// How often a sign is given.
    pub interval: Duration,
    /// True when mail was already failing when the last sign was due.
    pub mail_failed_before: bool,
}

/// What is to be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Sign {
    /// Nothing yet: the service has just started and has not read the cluster.
    Early,
    /// The service does its work.
    Alive,
    /// It does not, for these reasons.
    Trouble(Vec<String>),
}

/// What is to be told, given these facts.
///
/// A mail that is not accepted at once, by greylisting for instance, is not stuck: trouble with mail counts from the second time in a row.
/// What else is on the list of checks is of no account here: it takes something from reports, but none is lost by it.
pub fn sign(facts: &Facts) -> Sign {
    let failed = |subject: Subject| {
        facts.checks.iter().find(|check| check.subject == subject && check.state == CheckState::Failed)
    };
    let mail = failed(Subject::Mail).filter(|_| facts.mail_failed_before);
    let troubled = [failed(Subject::Journal), failed(Subject::Redis), mail].into_iter().flatten();
    let mut reasons: Vec<String> =
        troubled.map(|check| check.reason.clone().unwrap_or_else(|| check.name.to_owned())).collect();
    let limit = facts.interval.max(SHORTEST_READ_LIMIT);
    let is_read = facts.since_read.is_some_and(|since| since <= limit);
    match (reasons.is_empty(), is_read) {
        (true, true) => Sign::Alive,
        (true, false) if facts.since_read.is_none() && facts.uptime <= limit => Sign::Early,
        (_, is_read) => {
            // Where Redis is away, that says it all.
            if !is_read && failed(Subject::Redis).is_none() && facts.uptime > limit {
                reasons.push(format!("the cluster has not been read for {} seconds", limit.as_secs()));
            }
            Sign::Trouble(reasons)
        }
    }
}

/// Whether mail fails, by these checks.
fn mail_fails(checks: &[Check]) -> bool {
    checks.iter().any(|check| check.subject == Subject::Mail && check.state == CheckState::Failed)
}

/// When the cluster was last read.
pub struct ClusterPulse {
    reader: ClusterReader,
    /// True when no watcher reads it, and we have to.
    reads_itself: bool,
}

impl ClusterPulse {
    /// The pulse of the cluster that this reader reads.
    pub fn new(settings: &Settings, reader: ClusterReader) -> Self {
        let is_watched = settings.watch.runs || settings.watch.missing_grace.is_some();
        Self { reader, reads_itself: !is_watched }
    }

    async fn since_read(&self) -> Option<Duration> {
        if self.reads_itself
            && let Err(error) = self.reader.read(&Scope::about([]), Timestamp::now()).await
        {
            tracing::debug!(%error, "can't read the cluster");
        }
        self.reader.since_last_read()
    }
}

/// Gives the heartbeat.
pub struct Heart {
    settings: HeartbeatSettings,
    readiness: Arc<Readiness>,
    cluster: ClusterPulse,
    troubles: Arc<WatcherTroubles>,
    metrics: Arc<Metrics>,
}

/// What is kept from one sign to the next.
#[derive(Default)]
struct Before {
    mail_failed: bool,
    /// The reasons that were logged last.
    reasons: Vec<String>,
}

impl Heart {
    /// A heart that beats as `readiness` and the cluster's readings are.
    pub fn new(
        settings: HeartbeatSettings,
        readiness: Arc<Readiness>,
        cluster: ClusterPulse,
        troubles: Arc<WatcherTroubles>,
        metrics: Arc<Metrics>,
    ) -> Self {
        Self { settings, readiness, cluster, troubles, metrics }
    }

    /// Beats until `shutdown`. A service that is stopped on purpose says nothing: it may be started again.
    pub async fn run(self, shutdown: CancellationToken) {
        let (started, client) = (Instant::now(), http::client());
        let mut before = Before::default();
        loop {
            let pause = tokio::select! {
                () = shutdown.cancelled() => return,
                pause = self.beat(&client, started, &mut before) => pause,
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Gives one sign, and says how long to wait for the next.
    async fn beat(&self, client: &Client, started: Instant, before: &mut Before) -> Duration {
        let interval = self.settings.interval;
        if let Some(Duty::Copy(_)) = self.readiness.duty() {
            // Its address is that of the instance that it is a copy of: it would hide that one's death.
            return interval.min(RETRY_PAUSE);
        }
        let checks = self.readiness.checks().await;
        let facts = Facts {
            checks: &checks,
            since_read: self.cluster.since_read().await,
            uptime: started.elapsed(),
            interval,
            mail_failed_before: before.mail_failed,
        };
        let (reasons, result, url) = match sign(&facts) {
            Sign::Early => return EARLY_PAUSE,
            Sign::Alive => (Vec::new(), HeartbeatResult::alive, Some(&self.settings.url)),
            // Silence is what raises the alarm where there is no other address.
            Sign::Trouble(reasons) => (reasons, HeartbeatResult::trouble, self.settings.fail_url.as_ref()),
        };
        if reasons != before.reasons {
            match reasons.is_empty() {
                true => tracing::info!("the heartbeat goes on"),
                false => tracing::warn!("no heartbeat: {}", reasons.join("; ")),
            }
            before.reasons = reasons;
        }
        if let Some(url) = url {
            let given = self.ask(client, url).await;
            self.metrics.count_heartbeat(if given.is_ok() { result } else { HeartbeatResult::failed });
            let trouble = given.err().map(|reason| format!("the heartbeat is not taken: {reason}"));
            let is_taken = trouble.is_none();
            self.troubles.note(Watcher::Heartbeat, trouble);
            if !is_taken {
                return interval.min(RETRY_PAUSE);
            }
        }
        before.mail_failed = mail_fails(&checks);
        interval
    }

    /// Asks one address. Says why it did not take the sign, without the address, which is a secret.
    async fn ask(&self, client: &Client, url: &SecretString) -> Result<(), String> {
        let work = async {
            let request = client.get(url.expose_secret()).send();
            let mut answer = request.await.map_err(|error| http::reason(&error))?;
            let status = answer.status();
            if status.is_redirection() {
                return Err(format!(
                    "HTTP {}: it redirects, and is to be set to where that leads",
                    status.as_u16()
                ));
            }
            if !status.is_success() {
                return Err(format!("HTTP {}", status.as_u16()));
            }
            let mut body = Vec::new();
            while body.len() < MAX_ANSWER
                && let Ok(Some(chunk)) = answer.chunk().await
            {
                body.extend(chunk.iter().take(MAX_ANSWER));
            }
            // Healthchecks says 200 to a check that it does not know.
            match String::from_utf8_lossy(&body).trim() {
                "OK (not found)" => Err("there is no such check at that address".into()),
                _ => Ok(()),
            }
        };
        let silent = |_| Err(format!("no answer within {} seconds", TIMEOUT.as_secs()));
        tokio::time::timeout(TIMEOUT, work).await.unwrap_or_else(silent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const INTERVAL: Duration = Duration::from_secs(600);

    fn check(subject: Subject, state: CheckState) -> Check {
        let reason = (state == CheckState::Failed).then(|| format!("{} is away", subject.title()));
        Check { subject, name: subject.name(), state, reason }
    }

    /// All is well but for these.
    fn checks(failed: &[Subject]) -> Vec<Check> {
        let all = [Subject::Journal, Subject::Redis, Subject::Mail, Subject::Alertmanager, Subject::Receiver];
        let state = |subject| if failed.contains(&subject) { CheckState::Failed } else { CheckState::Ok };
        all.map(|subject| check(subject, state(subject))).into()
    }

    /// What failed, since when the cluster was not read, uptime, whether mail failed before; and what is told.
    type Row = (&'static [Subject], Option<u64>, u64, bool, Sign);

    struct Case<'a> {
        failed: &'a [Subject],
        since_read: Option<u64>,
        uptime: u64,
        mail_failed_before: bool,
    }

    fn told(case: &Case, interval: Duration) -> Sign {
        sign(&Facts {
            checks: &checks(case.failed),
            since_read: case.since_read.map(Duration::from_secs),
            uptime: Duration::from_secs(case.uptime),
            interval,
            mail_failed_before: case.mail_failed_before,
        })
    }

    #[test]
    fn it_beats_as_long_as_the_service_does_its_work() {
        use Subject::{Alertmanager, Journal, Mail, Receiver, Redis};
        let trouble = |reasons: &[&str]| Sign::Trouble(reasons.iter().map(|&reason| reason.into()).collect());
        let unread = "the cluster has not been read for 600 seconds";
        let table: [Row; 14] = [
            (&[], Some(59), 10_000, false, Sign::Alive),
            (&[], Some(600), 10_000, false, Sign::Alive),
            // Reports get through without these.
            (&[Alertmanager, Receiver], Some(1), 10_000, false, Sign::Alive),
            // A mail that waits is not stuck yet.
            (&[Mail], Some(1), 10_000, false, Sign::Alive),
            (&[Mail], Some(1), 10_000, true, trouble(&["mail server is away"])),
            (&[], Some(1), 10_000, true, Sign::Alive),
            (&[Journal], Some(1), 10_000, false, trouble(&["journal is away"])),
            (&[Redis], Some(1), 10_000, false, trouble(&["Redis is away"])),
            (
                &[Journal, Redis, Mail],
                Some(1),
                0,
                true,
                trouble(&["journal is away", "Redis is away", "mail server is away"]),
            ),
            // Redis answers, but whoever should read it does not.
            (&[], Some(601), 10_000, false, trouble(&[unread])),
            (&[], None, 601, false, trouble(&[unread])),
            (&[Redis], Some(601), 10_000, false, trouble(&["Redis is away"])),
            // Right after the start.
            (&[], None, 600, false, Sign::Early),
            (&[Journal], None, 0, false, trouble(&["journal is away"])),
        ];
        for (number, (failed, since_read, uptime, mail_failed_before, expected)) in
            table.into_iter().enumerate()
        {
            let case = Case { failed, since_read, uptime, mail_failed_before };
            assert_eq!(told(&case, INTERVAL), expected, "case {number}");
        }
    }

    #[test]
    fn a_short_interval_does_not_ask_for_more_readings_than_there_are() {
        let case = |since_read| Case {
            failed: &[],
            since_read: Some(since_read),
            uptime: 10_000,
            mail_failed_before: false,
        };
        assert_eq!(told(&case(300), Duration::from_secs(10)), Sign::Alive);
        assert!(matches!(told(&case(301), Duration::from_secs(10)), Sign::Trouble(_)));
    }
}
