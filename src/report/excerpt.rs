// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The part of a report that a mail tells: without plans of which there is nothing new, and without those that its audience does not see. Pure.

use std::collections::BTreeSet;

use super::Report;
use crate::{
    audience::AudiencePlans,
    correlator::correlation::Correlation,
    ids::{DestinationId, PlanId},
};

/// What whoever does not see all plans is told of an error of ours, whose own words may quote what was being read.
const INTERNAL_ERROR: &str = "see the log of the backup monitor";

impl Report {
    /// The report as its mail tells it: without the plans that it leaves out. The whole of it where that would be nothing.
    #[must_use]
    pub fn for_mail(&self) -> Report {
        let is_told = |plan: &PlanId| !self.quiet.contains(plan);
        match self.correlation.plans.iter().any(|plan| is_told(&plan.id)) {
            true if !self.quiet.is_empty() => self.only(is_told),
            _ => self.clone(),
        }
    }

    /// The report as it is told to an audience with these plans, without those in `quiet`. None where the audience sees nothing of it. What could not
    /// be read concerns everybody.
    pub fn for_audience(&self, plans: &AudiencePlans, quiet: &[PlanId]) -> Option<Report> {
        let mut seen = match plans {
            AudiencePlans::All => self.clone(),
            AudiencePlans::These(_) => self.seen_by(plans),
        };
        if seen.correlation.plans.is_empty() && !self.correlation.plans.is_empty() {
            return None;
        }
        seen.quiet = quiet.to_vec();
        let mut told = seen.for_mail();
        told.quiet.clear();
        Some(told)
    }

    /// What is about these plans, and about none.
    fn seen_by(&self, plans: &AudiencePlans) -> Report {
        let mut seen = self.only(|plan| plans.sees(plan));
        // How much a destination holds is said of all that write to it.
        let unseen = self.correlation.plans.iter().filter(|plan| !plans.sees(&plan.id));
        let shared: BTreeSet<&str> =
            unseen.filter_map(|plan| Some(plan.destination.as_ref()?.id.as_str())).collect();
        seen.changes.destinations.retain(|usage| !shared.contains(usage.destination.id.as_str()));
        for alert in seen.alerts.iter_mut().filter(|alert| alert.plan.is_none()) {
            // Whoever wrote them may have named any plan in them.
            (alert.plan_name, alert.summary, alert.summary_it, alert.run) = (None, None, None, None);
        }
        // The mail that an incident began with may have been about other plans, too.
        seen.incidents.iter_mut().for_each(|incident| incident.first_subject = None);
        if seen.correlation.internal_error.is_some() {
            seen.correlation.internal_error = Some(INTERNAL_ERROR.into());
        }
        seen
    }

    /// The report without other plans than those that `is_told` is true of.
    fn only(&self, is_told: impl Fn(&PlanId) -> bool) -> Report {
        let mut mailed = self.clone();
        mailed.correlation.plans.retain(|plan| is_told(&plan.id));
        if !mailed.correlation.is_blank() {
            mailed.outcome = Correlation::worst(&mailed.correlation.plans);
            mailed.correlation.outcome = mailed.outcome;
        }
        mailed.alerts.retain(|alert| alert.plan.as_ref().is_none_or(&is_told));
        mailed.incidents.retain(|incident| is_told(&incident.plan));
        mailed.quiet.retain(&is_told);
        let changes = &mut mailed.changes;
        changes.recovered.retain(&is_told);
        changes.shrunk.retain(|shrunk| is_told(&shrunk.plan));
        changes.thinned.retain(|thinned| is_told(&thinned.plan));
        let plans = &mailed.correlation.plans;
        let is_used = |id: &DestinationId| {
            plans.iter().any(|plan| plan.destination.as_ref().is_some_and(|used| used.id == *id))
        };
        changes.destinations.retain(|usage| is_used(&usage.destination.id));
        if let Some(repos) = &mut mailed.repos {
            repos.destinations.retain(|report| is_used(&report.destination.id));
            repos.repositories.retain(|repository| {
                plans.iter().any(|plan| {
                    let is_its =
                        plan.destination.as_ref().map(|used| &used.id) == repository.destination.as_ref();
                    is_its && plan.applications.iter().any(|member| member.module == repository.module)
                })
            });
        }
        if let Some(logs) = &mut mailed.logs {
            logs.applications.retain(|log| is_told(&log.plan));
            logs.units.retain(|log| is_told(&log.plan));
            logs.cluster_backup.retain(|log| is_told(&log.plan));
        }
        mailed
    }
}
