// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What a report tells of each plan, in a form that can be compared: was it told already?
//!
//! NS8's alert stays the same alert through all the nights that a plan keeps failing, so that it can't answer that. The
//! applications' last runs can: another night is another run.

use std::fmt::Write;

use crate::{
    correlator::correlation::{Outcome, Plan, PlanIssue, State},
    ids::ModuleId,
    report::Report,
};

/// What was told of a plan: two reports that say the same of it have the same digest.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notification {
    /// The plan, or what stands for "all".
    pub plan: String,
    /// What is said of it.
    pub digest: String,
    /// How it came out.
    pub outcome: Outcome,
    /// Its applications that failed or are missing.
    pub unwell: Vec<ModuleId>,
}

/// Stands for the plans of a report that could not say which.
pub const ANY_PLAN: &str = "*";

/// What is told of a plan when nothing could be read.
pub const UNREAD: &str = "unread";

/// What `report` tells, plan by plan.
pub fn notifications(report: &Report) -> Vec<Notification> {
    if !report.correlation.is_blank() {
        let plans = report.correlation.plans.iter();
        let notification = |plan: &Plan| Notification {
            plan: plan.id.to_string(),
            digest: digest(plan),
            outcome: plan.outcome,
            unwell: plan
                .applications
                .iter()
                .filter(|application| matches!(application.state, State::Failed | State::Missing))
                .map(|application| application.module.clone())
                .collect(),
        };
        return plans.map(notification).collect();
    }
    let mut plans: Vec<&str> = report
        .alerts
        .iter()
        .map(|alert| alert.plan.as_ref().map_or(ANY_PLAN, |plan| plan.as_str()))
        .collect();
    plans.sort_unstable();
    plans.dedup();
    let unread = |plan: &str| Notification {
        plan: plan.into(),
        digest: UNREAD.into(),
        outcome: report.outcome,
        unwell: Vec::new(),
    };
    plans.into_iter().map(unread).collect()
}

/// Every application's state and the run it is of.
fn digest(plan: &Plan) -> String {
    if plan.issues.contains(&PlanIssue::PlanNotFound) {
        return "not found".into();
    }
    let mut digest = String::new();
    for application in &plan.applications {
        let moment = match application.state {
            State::Ok | State::Failed => application.last_run.as_ref().map(|run| run.end),
            // That nothing ran again is news with each time the plan was due.
            State::Missing | State::Pending => plan.due,
        };
        let moment = moment.map(jiff::Timestamp::as_second).unwrap_or_default();
        let _ = write!(digest, "{} {:?} {moment};", application.module, application.state);
    }
    digest
}
