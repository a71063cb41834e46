// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reads the cluster: whenever an application reports, when something is due, and once a minute.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::{Arc, Mutex, PoisonError},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use jiff::Timestamp;
use serde::{Serialize, de::DeserializeOwned};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::{
    runs::{self, Member, PlanRuns},
    schedule::{self, Patience, PlanSchedule, STUCK},
};
use crate::{
    alert::{Alert, Source},
    config::Settings,
    correlator::{
        classify,
        correlation::{Application, Plan, State},
        facts::{ClusterFacts, Scope},
        read::ClusterReader,
    },
    ids::{DestinationId, ModuleId, PlanId},
    journal::{Checkpoint, Journal, JournalError, Observation},
    oncalendar::Calendar,
    repo_check::RepoChecker,
    report::history::RunRecord,
    roster::view::RosterView,
};

/// How often the cluster is read even if no event arrives.
const LOOK_INTERVAL: Duration = Duration::from_secs(60);
/// How often destinations are asked of whose plans nothing is seen.
const ASK_INTERVAL: Duration = Duration::from_secs(55);
/// The shortest pause between two readings: a run of many small applications reports often.
const SHORTEST_PAUSE: Duration = Duration::from_millis(500);
/// The pause after a reading, as a multiple of the time it took, so that a large cluster is not read all the time.
const PAUSE_FACTOR: u32 = 50;
/// The pause before the next attempt when Redis or the journal is away.
const TROUBLE_PAUSE: Duration = Duration::from_secs(5);

/// The keys of the checkpoints: by plan, and one for the time when runs were watched first.
const RUNS: &str = "runs/";
pub(crate) const SCHEDULES: &str = "schedules/";
const RUNS_BEGAN: &str = "runs-began";

/// Watches runs, schedules, or both.
pub struct ClusterWatcher {
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
    /// Told of each reading.
    roster: Arc<RosterView>,
    /// Asks destinations whether they respond.
    checker: Arc<RepoChecker>,
    /// When they were last asked.
    asked_at: Mutex<Option<Instant>>,
    /// Woken when an application has reported.
    reported: Arc<Notify>,
}

/// A plan that was due, and of which nothing was seen since.
struct Silent {
    plan: PlanId,
    name: Option<String>,
    destination: DestinationId,
    due: Timestamp,
}

/// What follows from comparing what is known with a reading.
#[derive(Default)]
struct Compared {
    observed: Observation,
    silent: Vec<Silent>,
    look_at: Option<Timestamp>,
}

/// What was known after the last reading: what the journal holds.
#[derive(Debug, Clone, Default, PartialEq)]
struct Known {
    /// False until runs have been read for the first time ever.
    runs_began: bool,
    runs: BTreeMap<PlanId, PlanRuns>,
    schedules: BTreeMap<PlanId, PlanSchedule>,
}

impl ClusterWatcher {
    /// A watcher that looks whenever `reported` is called.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        reader: ClusterReader,
        roster: Arc<RosterView>,
        checker: Arc<RepoChecker>,
        reported: Arc<Notify>,
    ) -> Self {
        Self { settings, journal, reader, roster, checker, asked_at: Mutex::default(), reported }
    }

    /// Looks until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut known = None;
        loop {
            let began = Instant::now();
            let looked = tokio::select! {
                () = shutdown.cancelled() => return,
                looked = self.look(&mut known) => looked,
            };
            let (pause, wake) = match looked {
                Some(look_at) => {
                    let until =
                        Duration::try_from(look_at.duration_since(Timestamp::now())).unwrap_or_default();
                    let pause = SHORTEST_PAUSE.max(began.elapsed().saturating_mul(PAUSE_FACTOR));
                    (pause, until.clamp(pause, LOOK_INTERVAL.max(pause)))
                }
                None => (TROUBLE_PAUSE, TROUBLE_PAUSE),
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(wake) => continue,
                () = self.reported.notified() => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause.saturating_sub(began.elapsed())) => {}
            }
        }
    }

    /// Reads once, and returns when to read again. None when Redis or the journal is away; both are reported elsewhere.
    async fn look(&self, known: &mut Option<Known>) -> Option<Timestamp> {
        let now = Timestamp::now();
        let facts = match self.reader.read(&Scope::about([]), now).await {
            // An application must not raise, or hush, what is said of others.
            Ok(facts) => facts.vouched(),
            Err(error) => {
                tracing::debug!(%error, "can't read the cluster");
                return None;
            }
        };
        self.roster.note(&facts, now).await;
        let taken = async {
            let before = match known.take() {
                Some(known) => known,
                None => self.recall().await?,
            };
            let mut after = before.clone();
            let Compared { mut observed, silent, look_at } = self.compare(&mut after, &facts, now);
            for Silent { plan, name, due, .. } in self.stuck(silent).await {
                if let Some(schedule) = after.schedules.get_mut(&plan) {
                    schedule.report_stuck(due);
                }
                observed.alerts.push(Alert::raised(Source::Stuck, STUCK, plan, name, due));
            }
            observed.checkpoints = checkpoints(&before, &after);
            if observed != Observation::default() {
                for alert in &observed.alerts {
                    tracing::info!(alert = alert.name, plan = ?alert.plan, at = ?alert.starts_at, "observed");
                }
                self.journal.observe(observed, now, self.settings.correlator.wait).await?;
            }
            if after.runs_began && !before.runs_began {
                tracing::info!("watching backup runs from now on; earlier runs are not reported");
            }
            *known = Some(after);
            Ok::<_, JournalError>(look_at)
        };
        match taken.await {
            Ok(look_at) => Some(look_at.unwrap_or(Timestamp::MAX)),
            Err(error) => {
                tracing::debug!(%error, "can't record the observed runs; will retry");
                None
            }
        }
    }

    /// What the journal holds. A checkpoint that can't be read is of another version, and begun anew.
    async fn recall(&self) -> Result<Known, JournalError> {
        Ok(Known {
            runs_began: self.journal.checkpoints(RUNS_BEGAN).await?.iter().any(|(rest, _)| rest.is_empty()),
            runs: parsed(self.journal.checkpoints(RUNS).await?),
            schedules: parsed(self.journal.checkpoints(SCHEDULES).await?),
        })
    }

    /// Compares what is known with a reading, and returns when to read again.
    fn compare(&self, known: &mut Known, facts: &ClusterFacts, now: Timestamp) -> Compared {
        let Compared { mut observed, mut silent, mut look_at } = Compared::default();
        let mut earlier = |time: Option<Timestamp>| look_at = look_at.into_iter().chain(time).min();
        // What is there when runs are read for the first time ever. Named by their ids, all plans are classified, whenever
        // they ran.
        let at_first: BTreeMap<PlanId, Plan> = if self.settings.watch.runs && !known.runs_began {
            let scope = Scope::about(facts.plans.keys().cloned());
            let plans = classify(facts, &scope, now, &self.settings.zone).plans;
            plans.into_iter().map(|plan| (plan.id.clone(), plan)).collect()
        } else {
            BTreeMap::new()
        };
        observed.runs = at_first.values().filter_map(ended_run).collect();
        // What is known of a plan that is gone is kept: a replica that is being filled anew has none for a moment, and no other plan
        // will ever have its number.
        for (id, plan) in &facts.plans {
            let installed = facts.members(id).installed.into_iter();
            let members: Vec<Member> = installed
                .map(|member| Member {
                    module: member.module,
                    node: &member.facts.node,
                    run: member.status.and_then(|status| status.as_ref().ok()),
                })
                .collect();
            let schedule = plan.schedule.as_deref().filter(|_| plan.enabled);
            if self.settings.watch.runs {
                let calendar: Option<Calendar> = schedule.and_then(|text| text.parse().ok());
                let snapshot = runs::PlanSnapshot {
                    plan: id,
                    name: plan.name.as_deref(),
                    members: members.clone(),
                    calendar: calendar.as_ref().map(|calendar| (calendar, &self.settings.zone)),
                };
                let known = known.runs.entry(id.clone()).or_insert_with(|| match at_first.get(id) {
                    Some(plan) => PlanRuns::baseline(&snapshot, |module| is_open(plan, module)),
                    // A plan that was not there before: all of its results are new.
                    None => PlanRuns::default(),
                });
                let findings = known.look(&snapshot, now, self.settings.correlator.settle);
                observed.alerts.extend(findings.raised);
                observed.closed.extend(findings.closed);
                earlier(findings.look_at);
            }
            if let Some(grace) = self.settings.watch.missing_grace {
                let snapshot = schedule::PlanSnapshot {
                    plan: id,
                    name: plan.name.as_deref(),
                    schedule,
                    members: members.iter().map(|member| (member.node, member.run)).collect(),
                    result: plan.result.as_ref().and_then(|result| result.as_ref().ok()),
                };
                let before = known.schedules.get(id);
                let patience = Patience { settle: self.settings.correlator.settle, grace };
                let findings = schedule::look(&snapshot, before, now, &self.settings.zone, patience);
                known.schedules.insert(id.clone(), findings.known);
                let destination = plan.repository.as_ref().and_then(|id| DestinationId::new(id).ok());
                silent.extend(findings.silent_since.zip(destination).map(|(due, destination)| Silent {
                    plan: id.clone(),
                    name: plan.name.clone(),
                    destination,
                    due,
                }));
                observed.alerts.extend(findings.raised);
                earlier(findings.look_at);
            }
        }
        known.runs_began |= self.settings.watch.runs;
        Compared { observed, silent, look_at }
    }

    /// Of these, the plans whose destination does not respond. At most once a minute, as an answer may be waited for.
    async fn stuck(&self, silent: Vec<Silent>) -> Vec<Silent> {
        let is_asked = {
            let mut asked_at = self.asked_at.lock().unwrap_or_else(PoisonError::into_inner);
            let is_recent = asked_at.is_some_and(|asked_at| asked_at.elapsed() < ASK_INTERVAL);
            let is_asked = !silent.is_empty() && !is_recent;
            if is_asked {
                *asked_at = Some(Instant::now());
            }
            is_asked
        };
        if !is_asked {
            return Vec::new();
        }
        let destinations: BTreeSet<&DestinationId> =
            silent.iter().map(|silent| &silent.destination).collect();
        let asked = destinations
            .into_iter()
            .map(async |destination| self.checker.is_silent(destination).await.then(|| destination.clone()));
        let away: BTreeSet<DestinationId> = join_all(asked).await.into_iter().flatten().collect();
        silent.into_iter().filter(|silent| away.contains(&silent.destination)).collect()
    }
}

/// True for an application whose result is of a run of the plan that still goes on.
fn is_open(plan: &Plan, module: &ModuleId) -> bool {
    let has_result = |application: &Application| {
        application.module == *module && matches!(application.state, State::Ok | State::Failed)
    };
    plan.count(State::Pending) > 0 && plan.applications.iter().any(has_result)
}

/// What is kept of the last run of a plan that has run and is not at it.
fn ended_run(plan: &Plan) -> Option<RunRecord> {
    let has_run = plan.applications.iter().any(|application| application.last_run.is_some());
    (has_run && plan.count(State::Pending) == 0).then(|| RunRecord::new(plan, None)).flatten()
}

fn parsed<T: DeserializeOwned>(checkpoints: Vec<(String, String)>) -> BTreeMap<PlanId, T> {
    checkpoints
        .into_iter()
        .filter_map(|(plan, value)| Some((plan.parse().ok()?, serde_json::from_str(&value).ok()?)))
        .collect()
}

/// The checkpoints that differ.
fn checkpoints(before: &Known, after: &Known) -> Vec<Checkpoint> {
    let mut checkpoints = changed(RUNS, &before.runs, &after.runs);
    checkpoints.extend(changed(SCHEDULES, &before.schedules, &after.schedules));
    if before.runs_began != after.runs_began {
        checkpoints.push(Checkpoint { key: RUNS_BEGAN.into(), value: "true".into() });
    }
    checkpoints
}

fn changed<T: PartialEq + Serialize>(
    prefix: &str,
    before: &BTreeMap<PlanId, T>,
    after: &BTreeMap<PlanId, T>,
) -> Vec<Checkpoint> {
    let is_other = |(plan, value): &(&PlanId, &T)| before.get(plan) != Some(value);
    let checkpoint = |(plan, value): (&PlanId, &T)| Checkpoint {
        key: format!("{prefix}{plan}"),
        value: serde_json::to_string(value).expect("our own values have text keys"),
    };
    after.iter().filter(is_other).map(checkpoint).collect()
}
