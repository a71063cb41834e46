// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What really happened, plan by plan and application by application: the result of correlation.

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    cause::Diagnosis,
    ids::{DestinationId, ModuleId, NodeId, PlanId},
    run::Run,
};

/// How a plan, or a whole report, came out. Ordered from best to worst.
///
/// UNKNOWN stands below PARTIAL, and REPO_FAILURE below FAILURE: a report over several plans leads with what is
/// certain, and says "the storage is at fault" only when no plan contradicts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum Outcome {
    /// Every application is backed up.
    Success,
    /// Still running after the settle time.
    Pending,
    /// The cluster, or this plan, could not be read.
    Unknown,
    /// Some applications are backed up, some are not.
    Partial,
    /// Nothing ran.
    Missing,
    /// What failed, failed because of its repository: the storage is at fault, not the applications.
    RepoFailure,
    /// No application is backed up.
    Failure,
}

impl Outcome {
    /// All outcomes, from best to worst.
    pub const ALL: [Outcome; 7] = [
        Outcome::Success,
        Outcome::Pending,
        Outcome::Unknown,
        Outcome::Partial,
        Outcome::Missing,
        Outcome::RepoFailure,
        Outcome::Failure,
    ];

    /// The word that mails, pages and the API use.
    pub const fn as_str(self) -> &'static str {
        match self {
            Outcome::Success => "SUCCESS",
            Outcome::Pending => "PENDING",
            Outcome::Unknown => "UNKNOWN",
            Outcome::Partial => "PARTIAL",
            Outcome::Missing => "MISSING",
            Outcome::RepoFailure => "REPO_FAILURE",
            Outcome::Failure => "FAILURE",
        }
    }

    /// The outcome of a plan whose applications are in these states.
    pub fn of_applications(states: impl IntoIterator<Item = State>) -> Self {
        let mut count = [0usize; 4];
        for state in states {
            let count = &mut count[state as usize];
            *count = count.saturating_add(1);
        }
        let [ok, failed, pending, missing] = count;
        match (ok, failed, pending, missing) {
            (0, 0, 0, 0) => Outcome::Unknown,
            (_, _, 1.., _) => Outcome::Pending,
            (_, 0, 0, 0) => Outcome::Success,
            (0, 0, 0, _) => Outcome::Missing,
            (0, ..) => Outcome::Failure,
            _ => Outcome::Partial,
        }
    }
}

impl fmt::Display for Outcome {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// What became of one application in the plan's last due run.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// Backed up.
    Ok,
    /// Its backup failed.
    Failed,
    /// The run has not reached it yet.
    Pending,
    /// It should have run, and did not.
    Missing,
}

/// Something about a plan that an administrator should know besides its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum PlanIssue {
    /// The alert names a plan that the cluster does not have.
    PlanNotFound,
    /// The plan is not enabled: nothing was due.
    PlanDisabled,
    /// The plan has no application in it.
    NoApplications,
    /// The plan has no schedule, so that a run counts for 24 hours.
    NoSchedule,
    /// The schedule can't be read, so that a run counts for 24 hours.
    UnreadableSchedule {
        /// Why.
        reason: String,
    },
    /// The plan names no destination.
    NoDestination,
    /// The plan names a destination that the cluster does not have.
    UnknownDestination {
        /// What it names.
        repository: String,
    },
    /// The plan names a module that is no longer installed. It is not counted.
    RemovedModule {
        /// What it names.
        module: String,
    },
    /// The plan's own result, in hand-made set-ups, says that it failed.
    PlanError {
        /// In its words.
        error: String,
        /// When.
        at: Timestamp,
    },
}

/// Why an application is missing or pending.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "kind")]
pub enum MissingReason {
    /// The plan has never backed it up.
    NeverRan,
    /// Its last run was before the last time the plan was due.
    NotSince,
    /// It did not run in time, but has since: its last run is of a later time when the plan was due.
    RanLater,
    /// It has a status, which can't be read.
    Unreadable {
        /// Why.
        reason: String,
    },
}

/// One application of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Application {
    /// The module.
    pub module: ModuleId,
    /// The label that people gave it.
    pub label: Option<String>,
    /// The node it lives on.
    pub node: NodeId,
    /// The label of that node.
    pub node_label: Option<String>,
    /// What became of it.
    pub state: State,
    /// Its last run. Of a pending or missing application it is an earlier one than was due.
    pub last_run: Option<Run>,
    /// For a pending or missing application: why.
    #[serde(rename = "absence")]
    pub missing_reason: Option<MissingReason>,
    /// Where its repository is within the destination; None when its image or UUID is not known.
    pub repository_path: Option<String>,
    /// True when its last run is nothing but its own word, which says nothing of the plan's run.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_own_word: bool,
    /// Why it failed, and what shows it. Found after the log and the repositories were read.
    #[serde(flatten, default)]
    pub diagnosis: Option<Diagnosis>,
}

/// One plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Plan {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: Option<String>,
    /// Where it writes.
    pub destination: Option<Destination>,
    /// Its schedule as it was written.
    pub schedule: Option<String>,
    /// When it was last due. None: runs of the last 24 hours count.
    pub due: Option<Timestamp>,
    /// When it is due next.
    pub next: Option<Timestamp>,
    /// How it came out.
    pub outcome: Outcome,
    /// Its applications, in the order of the run.
    pub applications: Vec<Application>,
    /// What else should be known of it.
    #[serde(rename = "oddities")]
    pub issues: Vec<PlanIssue>,
}

impl Plan {
    /// The applications in this state.
    pub fn in_state(&self, state: State) -> impl Iterator<Item = &Application> {
        self.applications.iter().filter(move |application| application.state == state)
    }

    /// How many applications are in this state.
    pub fn count(&self, state: State) -> usize {
        self.in_state(state).count()
    }

    /// What people call it: its name, else its id.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}

/// A plan's destination.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Destination {
    /// Its UUID.
    pub id: DestinationId,
    /// Its name.
    pub name: Option<String>,
    /// Its URL, such as `s3:s3.example.org/bucket`.
    pub url: Option<String>,
}

impl Destination {
    /// What people call it: its name, else its UUID.
    pub fn title(&self) -> &str {
        self.name.as_deref().unwrap_or(self.id.as_str())
    }
}

/// What happened, as of one moment.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Correlation {
    /// When the cluster was read.
    pub at: Timestamp,
    /// What the cluster is called.
    pub cluster: Option<String>,
    /// The worst of the plans' outcomes.
    pub outcome: Outcome,
    /// Why the cluster could not be read. Then there are no plans.
    #[serde(rename = "unread")]
    pub read_error: Option<String>,
    /// Why nothing could be found out though the cluster may be well: an error of ours. Then there are no plans.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub internal_error: Option<String>,
    /// The plans, by id.
    pub plans: Vec<Plan>,
}

impl Correlation {
    /// What is known when the cluster can't be read: nothing, and why.
    pub fn unread(at: Timestamp, cluster: Option<String>, reason: String) -> Self {
        Self {
            at,
            cluster,
            outcome: Outcome::Unknown,
            read_error: Some(reason),
            internal_error: None,
            plans: Vec::new(),
        }
    }

    /// What is known when an error of ours keeps everything from being found out.
    pub fn failed(at: Timestamp, reason: String) -> Self {
        let unknown = Self::unread(at, None, String::new());
        Self { read_error: None, internal_error: Some(reason), ..unknown }
    }

    /// True when nothing was found out of any plan.
    pub fn is_blank(&self) -> bool {
        self.read_error.is_some() || self.internal_error.is_some()
    }

    /// The outcome over all plans: the worst. Without any plan, nothing is known.
    pub fn worst(plans: &[Plan]) -> Outcome {
        plans.iter().map(|plan| plan.outcome).max().unwrap_or(Outcome::Unknown)
    }

    /// True when nothing in it can change any more but by another run.
    pub fn is_certain(&self) -> bool {
        let is_unreadable = |application: &Application| {
            matches!(application.missing_reason, Some(MissingReason::Unreadable { .. }))
        };
        let unreadable = self.plans.iter().flat_map(|plan| &plan.applications).any(is_unreadable);
        self.has_settled() && self.read_error.is_none() && !unreadable
    }

    /// True when nothing is still running.
    pub fn has_settled(&self) -> bool {
        self.plans.iter().all(|plan| plan.count(State::Pending) == 0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_outcome_of_a_plan_follows_from_its_applications() {
        use State::{Failed, Missing, Ok, Pending};
        let expected = [
            (vec![Ok, Ok], Outcome::Success),
            (vec![Ok, Failed], Outcome::Partial),
            (vec![Ok, Missing], Outcome::Partial),
            (vec![Failed, Failed], Outcome::Failure),
            (vec![Failed, Missing], Outcome::Failure),
            (vec![Missing, Missing], Outcome::Missing),
            (vec![Ok, Pending], Outcome::Pending),
            (vec![Failed, Ok, Pending, Missing], Outcome::Pending),
            (vec![], Outcome::Unknown),
        ];
        for (states, outcome) in expected {
            assert_eq!(Outcome::of_applications(states.clone()), outcome, "{states:?}");
        }
    }

    #[test]
    fn outcomes_are_listed_in_their_order_and_by_their_name() {
        assert!(Outcome::ALL.is_sorted());
        for outcome in Outcome::ALL {
            assert_eq!(serde_json::to_value(outcome).unwrap(), outcome.as_str());
        }
    }
}
