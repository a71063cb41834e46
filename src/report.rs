// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A report: everything that one mail tells, as values.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod diagnoses;
mod excerpt;
pub mod history;
pub mod incident;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use self::{
    history::{Changes, History},
    incident::{
        PlanIncident,
        course::{Turn, turn},
    },
};
use crate::{
    alert::Alert,
    cause::Cause,
    correlator::correlation::{Application, Correlation, Outcome, Plan, State},
    ids::{JobId, ModuleId, PlanId},
    logs::findings::LogReport,
    repo_check::findings::RepoReport,
};

/// What a cluster is called that has never been read and was not named.
pub const UNNAMED_CLUSTER: &str = "NS8";

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
    /// Plans that its mail leaves out: what is said of them was mailed before, or is not to be mailed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub quiet: Vec<PlanId>,
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
            quiet: Vec::new(),
        }
    }

    /// Adds what is different from the runs before, and how the incidents of its plans go on.
    pub fn compare(&mut self, history: &History) {
        let muted = |module: &ModuleId| history.muted.contains(module.as_str());
        let plans = &self.correlation.plans;
        self.changes = Changes::new(plans, self.repos.as_ref(), history);
        self.incidents = plans
            .iter()
            .filter_map(|plan| {
                let look = history.looks.get(&plan.id)?;
                let open = history.incidents.get(&plan.id);
                let mut turn = turn(open, plan, look.began_at, look.is_superseded)?;
                self.note_restorable(&mut turn, plan, history);
                let news = if turn.is_over { Vec::new() } else { turn.incident.news(plan, muted) };
                Some(turn.incident.as_reported(turn.is_over, news))
            })
            .collect();
    }

    fn note_restorable(&self, turn: &mut Turn, plan: &Plan, history: &History) {
        for failing in &mut turn.incident.applications {
            if let Some(application) = plan.applications.iter().find(|known| known.module == failing.module) {
                let repos = self.repos.as_ref();
                failing.restorable = history.restorable(plan, application, repos, self.created_at);
            }
        }
    }

    /// What is said of a plan's incident.
    pub fn incident(&self, plan: &PlanId) -> Option<&PlanIncident> {
        self.incidents.iter().find(|incident| incident.plan == *plan)
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
            || !self.changes.thinned.is_empty()
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
