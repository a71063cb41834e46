//! Is the service ready? That is: is the journal writable, does Redis answer, is mail configured, and can what is to be watched be
//! watched?

use std::{
    fmt::Display,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde::Serialize;
use tokio::{
    sync::Mutex,
    time::{error::Elapsed, timeout},
};

use crate::{
    config::Settings,
    correlator::read::ClusterReader,
    journal::Journal,
    refusals::Refusals,
    repo_check::RepoChecker,
    watch::troubles::{Watcher, WatcherTroubles},
};

/// How long an answer counts. Asking writes to the disk, and whoever asks often must not wear it out.
const FRESH: Duration = Duration::from_secs(2);
/// How long journal and Redis get to answer.
const TIMEOUT: Duration = Duration::from_secs(3);
/// How long an answer of the gateway and the cluster's API counts: asking the latter is a login.
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
}

impl Ready {
    /// What these checks amount to.
    pub fn from_checks(checks: &[Check]) -> Self {
        let failed = checks.iter().filter(|check| check.state == CheckState::Failed);
        let reasons: Vec<String> = failed.filter_map(|check| check.reason.clone()).collect();
        Self { ready: reasons.is_empty(), reasons }
    }
}

/// One thing that the service needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is.
    pub name: &'static str,
    /// How it is.
    pub state: CheckState,
    /// Why it is so.
    pub reason: Option<String>,
}

/// How something is that the service needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It is there.
    Ok,
    /// It is not.
    Failed,
    /// It is not configured, and not needed.
    Off,
}

impl Check {
    /// From how asking went.
    pub fn of<E: Display>(name: &'static str, result: Result<(), E>) -> Self {
        match result {
            Ok(()) => Self { name, state: CheckState::Ok, reason: None },
            Err(error) => Self { name, state: CheckState::Failed, reason: Some(error.to_string()) },
        }
    }

    /// Of what is not configured, and what that means.
    pub fn off(name: &'static str, reason: impl Into<String>) -> Self {
        Self { name, state: CheckState::Off, reason: Some(reason.into()) }
    }
}

/// What is missing when something is off.
pub const NO_API: &str = "REPO_CHECK_API_URL is not set: repositories are not checked";
/// See [`NO_API`].
pub const NO_ALERTMANAGER: &str = "ALERTMANAGER_URL is not set: alerts are only received by webhook";
/// See [`NO_API`].
pub const NO_RUNS: &str = "WATCH_RUNS is not set: runs without an alert are not reported";
/// See [`NO_API`].
pub const NO_SCHEDULES: &str =
    "WATCH_MISSING_GRACE_SECONDS is not set: backups that do not run are not detected";

/// Asks, and remembers the answers for a moment.
pub struct Readiness {
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
    checker: Arc<RepoChecker>,
    troubles: Arc<WatcherTroubles>,
    refusals: Arc<Refusals>,
    last: Remembered,
    last_outside: Remembered,
}

impl Readiness {
    /// Prepares to ask.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        reader: ClusterReader,
        checker: Arc<RepoChecker>,
        troubles: Arc<WatcherTroubles>,
        refusals: Arc<Refusals>,
    ) -> Self {
        let (last, last_outside) = Default::default();
        Self { settings, journal, reader, checker, troubles, refusals, last, last_outside }
    }

    /// Whether the service is ready, as of at most two seconds ago.
    pub async fn get(&self) -> Ready {
        Ready::from_checks(&self.checks().await)
    }

    /// What readiness depends on, as of at most two seconds ago.
    pub async fn checks(&self) -> Vec<Check> {
        self.last.get(FRESH, async || self.ask().await).await
    }

    /// What a report's depth depends on, but not whether it is told: gateway and cluster API, as of at most a minute ago.
    pub async fn outside(&self) -> Vec<Check> {
        self.last_outside.get(FRESH_OUTSIDE, async || self.ask_outside().await).await
    }

    async fn ask(&self) -> Vec<Check> {
        let silent = |what: &str| format!("{what} does not answer within {} seconds", TIMEOUT.as_secs());
        let (journal, redis) = tokio::join!(
            timeout(TIMEOUT, self.journal.probe(Timestamp::now())),
            timeout(TIMEOUT, self.reader.ping()),
        );
        let (journal, redis) = (answer(journal, silent("the journal")), answer(redis, silent("Redis")));
        let redis_answers = redis.is_ok();
        let mut checks = vec![Check::of("journal", journal), Check::of("redis", redis)];
        let gaps = self.settings.mail_gaps().join("; ");
        checks.push(Check::of("mail", if gaps.is_empty() { Ok(()) } else { Err(gaps) }));
        checks.extend(self.watchers(redis_answers));
        checks.extend(self.refusals.trouble().map(|trouble| Check::of("receiver", Err(trouble))));
        checks
    }

    fn watchers(&self, redis_answers: bool) -> [Check; 3] {
        let watch = &self.settings.watch;
        let trouble = |watcher| self.troubles.trouble(watcher).map_or(Ok(()), Err);
        // Without Redis nothing can be watched; that is said once.
        let events = if redis_answers { trouble(Watcher::Events) } else { Ok(()) };
        [
            match watch.alertmanager {
                Some(_) => Check::of("alertmanager", trouble(Watcher::Alertmanager)),
                None => Check::off("alertmanager", NO_ALERTMANAGER),
            },
            match watch.runs {
                true => Check::of("runs", events),
                false => Check::off("runs", NO_RUNS),
            },
            match watch.missing_grace {
                Some(_) => Check::of::<String>("schedules", Ok(())),
                None => Check::off("schedules", NO_SCHEDULES),
            },
        ]
    }

    async fn ask_outside(&self) -> Vec<Check> {
        let silent = || format!("no answer within {} seconds", TIMEOUT_OUTSIDE.as_secs());
        let gateway = async {
            Check::of(
                "gateway",
                answer(timeout(TIMEOUT_OUTSIDE, self.checker.ping_gateway()).await, silent()),
            )
        };
        let api = async {
            match self.settings.repo_check.api {
                Some(_) => Check::of(
                    "api",
                    answer(timeout(TIMEOUT_OUTSIDE, self.checker.ping_api()).await, silent()),
                ),
                None => Check::off("api", NO_API),
            }
        };
        let (gateway, api) = tokio::join!(gateway, api);
        vec![gateway, api]
    }
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
