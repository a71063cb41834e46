// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A report: everything that one mail tells, as values.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod diagnoses;
pub mod history;
pub mod incident;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::{
    history::{Changes, History},
    incident::PlanIncident,
};
use crate::{
    alert::Alert,
    cause::Cause,
    correlator::correlation::{Application, Correlation, Outcome, Plan, State},
    ids::JobId,
    logs::findings::LogReport,
    repo_check::findings::RepoReport,
};

/// What happened, what is behind it, and what can still be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// The number of its job.
    pub id: JobId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What the cluster is called.
    pub cluster: String,
    /// The worst outcome of its plans, with the repositories' health taken into account.
    pub outcome: Outcome,
    /// The alerts that started it.
    pub alerts: Vec<Alert>,
    /// What happened, plan by plan. The outcomes in it take the repositories' health into account.
    pub correlation: Correlation,
    /// What is behind it. None when all is well, as then nobody was asked.
    pub repos: Option<RepoReport>,
    /// What the log says. None when all is well, and in reports of 0.1.0.
    #[serde(default)]
    pub logs: Option<LogReport>,
    /// What is different from the runs before.
    #[serde(default)]
    pub changes: Changes,
    /// The incidents of its plans, open ones and those that it closes.
    #[serde(default)]
    pub incidents: Vec<PlanIncident>,
}

impl Report {
    /// Puts a report together from the stages' results.
    pub fn new(
        id: JobId,
        created_at: Timestamp,
        cluster: String,
        alerts: Vec<Alert>,
        mut correlation: Correlation,
        logs: Option<LogReport>,
        repos: Option<RepoReport>,
    ) -> Self {
        for plan in &mut correlation.plans {
            diagnoses::diagnose(plan, logs.as_ref(), repos.as_ref(), created_at);
            plan.outcome = blame(plan);
        }
        if !correlation.is_blank() {
            correlation.outcome = Correlation::worst(&correlation.plans);
        }
        let outcome = correlation.outcome;
        Self {
            id,
            created_at,
            cluster,
            outcome,
            alerts,
            correlation,
            repos,
            logs,
            changes: Changes::default(),
            incidents: Vec::new(),
        }
    }

    /// Adds what is different from the runs before.
    pub fn compare(&mut self, history: &History) {
        self.changes = Changes::new(&self.correlation.plans, history);
    }

    /// The cause of all applications that failed, or are missing for a known cause, if it is one and the same.
    pub fn common_cause(&self) -> Option<Cause> {
        let applications = self.correlation.plans.iter().flat_map(|plan| &plan.applications);
        let mut causes =
            applications.filter_map(|application| match (&application.diagnosis, application.state) {
                (Some(diagnosis), _) => Some(diagnosis.cause),
                (None, State::Failed | State::Missing) => Some(Cause::Unknown),
                (None, State::Ok | State::Pending) => None,
            });
        let first = causes.next()?;
        (first != Cause::Unknown && causes.all(|cause| cause == first)).then_some(first)
    }

    /// True when there is something in it that somebody has to know, whoever wants to hear of failures only.
    pub fn is_news(&self) -> bool {
        self.outcome != Outcome::Success
            || !self.changes.recovered.is_empty()
            || !self.changes.shrunk.is_empty()
    }
}

/// The plan's outcome once it is known why its applications failed: where the storage is why, for each of them, the storage is at fault.
fn blame(plan: &Plan) -> Outcome {
    if !matches!(plan.outcome, Outcome::Partial | Outcome::Failure) {
        return plan.outcome;
    }
    let mut failed = plan.in_state(State::Failed).peekable();
    let blames_storage = |application: &Application| {
        application.diagnosis.as_ref().is_some_and(|diagnosis| diagnosis.cause.blames_storage())
    };
    let storage_is_at_fault = failed.peek().is_some() && failed.all(blames_storage);
    if storage_is_at_fault { Outcome::RepoFailure } else { plan.outcome }
}
