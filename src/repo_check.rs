// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The repository check: does each destination answer, and what do the repositories of failed applications hold?

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod budget;
mod cluster_api;
pub mod findings;
mod gateway;
mod password;
pub mod restic;
mod snapshots;

use std::{
    collections::{HashMap, HashSet},
    sync::{Mutex, OnceLock},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use tokio::sync::Semaphore;

use self::{
    budget::Budget,
    cluster_api::{ClusterApi, Failure},
    findings::{DestinationReport, Detail, Health, RepoReport, RepositoryReport, Snapshots},
    gateway::Gateway,
};
use crate::{
    config::RepoCheckSettings,
    correlator::correlation::{Correlation, Destination, Outcome, Plan, State},
    http,
    ids::{DestinationId, ModuleId},
};

/// How many checks run at once. The API allows 25 requests a second, and each check occupies a restic on the
/// leader.
const CONCURRENCY: u32 = 4;

/// Checks destinations through the gateway and repositories through the cluster's API.
pub struct RepoChecker {
    settings: RepoCheckSettings,
    /// Made with the first question, as the HTTP client reads the machine's certificates: that would double the time
    /// until the service is ready.
    clients: OnceLock<Clients>,
}

/// The clients for both.
struct Clients {
    gateway: Gateway,
    api: Option<ClusterApi>,
}

impl Clients {
    fn new(settings: &RepoCheckSettings) -> Self {
        let client = http::client();
        let timeout = settings.timeout;
        let api = settings.api.clone().map(|api| ClusterApi::new(client.clone(), api, timeout));
        Self { gateway: Gateway { client, url: settings.gateway.clone(), timeout }, api }
    }
}

/// One repository to be checked.
struct RepositoryQuestion<'a> {
    destination: Option<&'a DestinationId>,
    module: &'a ModuleId,
    path: Option<&'a str>,
}

/// Outages found on the way that make further checks pointless.
#[derive(Default)]
struct KnownOutages<'a> {
    /// The API can't be used.
    api: OnceLock<Detail>,
    /// Destinations that answer neither the gateway nor restic.
    silent: Mutex<HashSet<&'a DestinationId>>,
}

impl RepoChecker {
    /// Prepares to check; nothing is sent yet.
    pub fn new(settings: RepoCheckSettings) -> Self {
        Self { settings, clients: OnceLock::new() }
    }

    fn clients(&self) -> &Clients {
        self.clients.get_or_init(|| Clients::new(&self.settings))
    }

    /// Checks the storage behind all that is not SUCCESS in `correlation`. None when all is: then nothing is checked.
    pub async fn check(&self, correlation: &Correlation) -> Option<RepoReport> {
        let unwell: Vec<&Plan> =
            correlation.plans.iter().filter(|plan| plan.outcome != Outcome::Success).collect();
        if unwell.is_empty() {
            return None;
        }
        let total = self.settings.total;
        let deadline = Instant::now().checked_add(total);
        let left = || deadline.map_or(total, |deadline| deadline.saturating_duration_since(Instant::now()));
        // Never more than a few at once.
        let places = Semaphore::new(CONCURRENCY as usize);
        let destinations = destinations(&unwell);
        // The gateway is only asked to know what else need not be: the repositories have the larger part of the time.
        let budget = self.budget(total.checked_div(2).unwrap_or(total), destinations.len());
        let probes = destinations.into_iter().map(|destination| async {
            let _place = places.acquire().await;
            let (health, detail) = match budget.next(Instant::now()) {
                Some(limit) => self.clients().gateway.probe(&destination.id, limit).await,
                None => (Health::Unknown, Some(self.not_reached())),
            };
            DestinationReport { destination: destination.clone(), health, detail }
        });
        let mut destinations = join_all(probes).await;

        let questions = repositories(&unwell);
        let budget = self.budget(left(), questions.len());
        let outages = KnownOutages::default();
        let mut answers: Vec<Option<RepositoryReport>> = vec![None; questions.len()];
        self.ask_all(
            &questions,
            in_turn(&questions),
            &mut answers,
            &destinations,
            &outages,
            &budget,
            &places,
        )
        .await;
        // What was taken for silent may have begun to answer meanwhile: then those that were left out can be asked.
        if overrule(&mut destinations, answers.iter().flatten()) {
            let outages = KnownOutages { api: outages.api, silent: Mutex::default() };
            let left_out: Vec<usize> = in_turn(&questions)
                .into_iter()
                .filter(|index| was_left_out(answers.get(*index), &destinations))
                .collect();
            budget.again(left_out.len());
            self.ask_all(&questions, left_out, &mut answers, &destinations, &outages, &budget, &places).await;
        }
        Some(RepoReport { destinations, repositories: answers.into_iter().flatten().collect() })
    }

    fn budget(&self, total: Duration, questions: usize) -> Budget {
        Budget::new(Instant::now(), total, self.settings.timeout, CONCURRENCY, questions)
    }

    fn not_reached(&self) -> Detail {
        Detail::NotReached { seconds: self.settings.total.as_secs() }
    }

    /// Asks the questions of these indexes, in this order, a few at once.
    #[expect(clippy::too_many_arguments, reason = "what a check has, which borrows from each other")]
    async fn ask_all<'a>(
        &self,
        questions: &[RepositoryQuestion<'a>],
        order: Vec<usize>,
        answers: &mut [Option<RepositoryReport>],
        destinations: &[DestinationReport],
        outages: &KnownOutages<'a>,
        budget: &Budget,
        places: &Semaphore,
    ) {
        let asked = order.into_iter().filter_map(|index| Some((index, questions.get(index)?)));
        let asked = asked.map(|(index, question)| async move {
            let _place = places.acquire().await;
            (index, self.ask(question, destinations, outages, budget.next(Instant::now())).await)
        });
        for (index, answer) in join_all(asked).await {
            if let Some(place) = answers.get_mut(index) {
                *place = Some(answer);
            }
        }
    }

    /// True when a destination does not respond, though the gateway does.
    pub async fn is_silent(&self, destination: &DestinationId) -> bool {
        self.clients().gateway.probe(destination, self.settings.timeout).await.0 == Health::Unreachable
    }

    /// Reads one repository: how it is, and what is in it.
    ///
    /// # Errors
    /// Why the cluster can't be asked, about this repository or any other; [`Detail::NotAsked`] when its API is not configured.
    pub async fn read(
        &self,
        destination: &DestinationId,
        path: &str,
    ) -> Result<(Health, Option<Snapshots>), Detail> {
        let api = self.clients().api.as_ref().ok_or(Detail::NotAsked)?;
        match api.snapshots(destination, path, self.settings.timeout).await {
            Ok(snapshots) => Ok((Health::Ok, Some(snapshots))),
            // A large repository takes restic its time; only where the destination is silent, too, that says something.
            Err(Failure::Repository(_, Detail::NoAnswer { .. })) if !self.is_silent(destination).await => {
                Ok((Health::Unknown, None))
            }
            Err(Failure::Repository(health, _)) => Ok((health, None)),
            Err(Failure::Api(detail)) => Err(detail),
        }
    }

    /// True when the cluster's own backup has a passphrase: without one, there is no such backup.
    ///
    /// # Errors
    /// Why that is not known; [`Detail::NotAsked`] when the cluster's API is not configured.
    pub async fn cluster_password_exists(&self) -> Result<bool, Detail> {
        match &self.clients().api {
            Some(api) => api.password_exists().await,
            None => Err(Detail::NotAsked),
        }
    }

    /// Checks that the gateway itself answers.
    ///
    /// # Errors
    /// How it fails.
    pub async fn ping_gateway(&self) -> Result<(), Detail> {
        self.clients().gateway.ping().await
    }

    /// Checks that the cluster's API accepts our login.
    ///
    /// # Errors
    /// How it fails; [`Detail::NotAsked`] when it is not configured.
    pub async fn ping_api(&self) -> Result<(), Detail> {
        match &self.clients().api {
            Some(api) => api.login().await,
            None => Err(Detail::NotAsked),
        }
    }

    async fn ask<'a>(
        &self,
        question: &RepositoryQuestion<'a>,
        destinations: &[DestinationReport],
        outages: &KnownOutages<'a>,
        limit: Option<Duration>,
    ) -> RepositoryReport {
        let report = |health, detail, snapshots| RepositoryReport {
            destination: question.destination.cloned(),
            module: question.module.clone(),
            health,
            detail,
            snapshots,
        };
        let Some(destination) = question.destination else {
            return report(Health::Unconfigured, Some(Detail::NoDestination), None);
        };
        let is_silent = |report: &DestinationReport| {
            report.destination.id == *destination && report.health == Health::Unreachable
        };
        let gateway_says_silent = destinations.iter().any(is_silent);
        let known_as_silent = outages.silent.lock().is_ok_and(|silent| silent.contains(destination));
        let inferred = || match gateway_says_silent {
            true => report(Health::Unreachable, Some(Detail::DestinationSilent), None),
            false => report(Health::Unknown, None, None),
        };
        if known_as_silent {
            return inferred();
        }
        let cannot_ask = |detail: Detail| {
            let inferred = inferred();
            RepositoryReport { detail: inferred.detail.or(Some(detail)), ..inferred }
        };
        // Having no way to check says nothing about the storage; a silent destination does.
        let Some(path) = question.path else { return cannot_ask(Detail::NoPath) };
        let Some(api) = &self.clients().api else { return cannot_ask(Detail::NotAsked) };
        if let Some(detail) = outages.api.get() {
            return cannot_ask(detail.clone());
        }
        let Some(limit) = limit else { return cannot_ask(self.not_reached()) };
        match api.snapshots(destination, path, limit).await {
            Ok(snapshots) => report(Health::Ok, None, Some(snapshots)),
            // A large repository takes restic its time; where the destination answers, that is no fault of the storage.
            Err(Failure::Repository(_, detail @ Detail::NoAnswer { .. })) if !gateway_says_silent => {
                report(Health::Unknown, Some(detail), None)
            }
            Err(Failure::Repository(health, detail)) => {
                // The gateway and restic agree: the destination's other repositories would only cost as much time again.
                if health == Health::Unreachable
                    && gateway_says_silent
                    && let Ok(mut silent) = outages.silent.lock()
                {
                    silent.insert(destination);
                }
                report(health, Some(detail), None)
            }
            Err(Failure::Api(detail)) => {
                tracing::warn!(%detail, "can't check repositories");
                cannot_ask(outages.api.get_or_init(|| detail).clone())
            }
        }
    }
}

/// The destinations of these plans, each once.
fn destinations<'a>(plans: &[&'a Plan]) -> Vec<&'a Destination> {
    let mut seen = HashSet::new();
    let all = plans.iter().filter_map(|plan| plan.destination.as_ref());
    all.filter(|destination| seen.insert(&destination.id)).collect()
}

/// The repositories of the applications that failed or are missing in these plans, each once.
fn repositories<'a>(plans: &[&'a Plan]) -> Vec<RepositoryQuestion<'a>> {
    let mut seen = HashSet::new();
    let mut questions = Vec::new();
    for plan in plans {
        let destination = plan.destination.as_ref().map(|destination| &destination.id);
        for application in &plan.applications {
            let is_unwell = matches!(application.state, State::Failed | State::Missing);
            if is_unwell && seen.insert((destination, &application.module)) {
                questions.push(RepositoryQuestion {
                    destination,
                    module: &application.module,
                    path: application.repository_path.as_deref(),
                });
            }
        }
    }
    questions
}

/// The questions' indexes in an order in which the destinations take turns: one that hangs does not keep the others waiting behind it.
fn in_turn(questions: &[RepositoryQuestion]) -> Vec<usize> {
    let mut asked_of: HashMap<Option<&DestinationId>, usize> = HashMap::new();
    let mut order: Vec<(usize, usize)> = Vec::with_capacity(questions.len());
    for (index, question) in questions.iter().enumerate() {
        let round = asked_of.entry(question.destination).or_default();
        order.push((*round, index));
        *round = round.saturating_add(1);
    }
    order.sort_unstable();
    order.into_iter().map(|(_, index)| index).collect()
}

/// Corrects what was found of destinations that failed at first, when a repository in them was read afterwards. True if there is one.
fn overrule<'a>(
    destinations: &mut [DestinationReport],
    answers: impl Iterator<Item = &'a RepositoryReport>,
) -> bool {
    // restic has read a configuration or a lock before it says one of these.
    let was_read =
        |health| matches!(health, Health::Ok | Health::Locked | Health::WrongPassword | Health::Corrupted);
    let read: HashSet<&DestinationId> = answers
        .filter(|answer| was_read(answer.health))
        .filter_map(|answer| answer.destination.as_ref())
        .collect();
    let mut any = false;
    for report in destinations {
        if report.health.is_unhealthy() && read.contains(&report.destination.id) {
            report.health = Health::Ok;
            report.detail =
                report.detail.take().map(|before| Detail::AnsweredAgain { before: Box::new(before) });
            any = true;
        }
    }
    any
}

/// True for a repository that was not asked because its destination was silent, which now answers.
fn was_left_out(answer: Option<&Option<RepositoryReport>>, destinations: &[DestinationReport]) -> bool {
    let Some(Some(answer)) = answer else { return false };
    let answers_now = |report: &DestinationReport| {
        Some(&report.destination.id) == answer.destination.as_ref() && report.health == Health::Ok
    };
    answer.detail == Some(Detail::DestinationSilent) && destinations.iter().any(answers_now)
}
