// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The answer in one line: for the top of the mail, and, shortened as far as need be, for its subject.

use super::context::{UNWELL, Writer, distinct, plan_title};
use crate::{
    correlator::correlation::{Outcome, Plan, PlanIssue, State},
    notifier::phrases::{Counted, Unit},
    report::history::{SizeDrop, lost_most},
    text::shorten,
};

/// The longest that a plan's name gets in the headline, in characters.
const MAX_TITLE: usize = 60;
/// A subject is shorter than this, in characters.
pub const MAX_SUBJECT: usize = 100;
/// The longest that names get in a subject that would be too long with them.
const MAX_SHORT: usize = 24;
/// More applications than this are counted instead of named.
const MAX_NAMED: usize = 2;

impl Writer<'_> {
    /// `mail1 failed, storage is full (Nightly S3, 1 of 4)`
    pub(super) fn headline(&self) -> String {
        self.line(true, MAX_TITLE, true)
    }

    /// `[Acme] Backup: mail1 failed, storage is full (Nightly S3, 1 of 4)`, shorter than [`MAX_SUBJECT`] characters.
    pub(super) fn subject(&self) -> String {
        let subject = |cluster: &str, line: String| self.phrases.subject(cluster, &line);
        let cluster = &self.report.cluster;
        let short = shorten(cluster, MAX_SHORT);
        // What is given up first: the ends of the plan's and the cluster's name, the plan, the applications' names.
        let candidates = [
            (cluster, true, MAX_TITLE, true),
            (cluster, true, MAX_SHORT, true),
            (&short, true, MAX_SHORT, true),
            (&short, true, MAX_SHORT, false),
            (&short, false, MAX_SHORT, false),
        ];
        let mut last = String::new();
        for (cluster, with_names, longest_title, with_plans) in candidates {
            last = subject(cluster, self.line(with_names, longest_title, with_plans));
            if last.chars().count() < MAX_SUBJECT {
                return last;
            }
        }
        shorten(&last, MAX_SUBJECT.saturating_sub(2))
    }

    /// `with_names`: one or two applications are named, not counted. `with_plans`: so are the plans.
    fn line(&self, with_names: bool, longest_title: usize, with_plans: bool) -> String {
        let unwell: Vec<&Plan> = self.unwell().collect();
        let plans: Vec<&Plan> = match self.report.outcome {
            Outcome::Success => self.report.correlation.plans.iter().collect(),
            _ => unwell,
        };
        let titles = with_plans.then(|| self.titles(&plans, longest_title)).flatten();
        let (result, scope) = match self.report.outcome {
            Outcome::Success => (self.well(&plans), None),
            _ => self.not_well(&plans, with_names),
        };
        let scope: Vec<String> = titles.into_iter().chain(scope).collect();
        if scope.is_empty() { result } else { format!("{result} ({})", scope.join(", ")) }
    }

    /// All is backed up: working again, shrunk, or just well.
    fn well(&self, plans: &[&Plan]) -> String {
        let total = plans.iter().map(|plan| plan.applications.len()).sum();
        let all = self.phrases.all_backed_up(total);
        let mut parts = Vec::new();
        let over = self.report.incidents.iter().filter(|incident| incident.is_over);
        if let Some(first) = over.min_by_key(|incident| incident.since) {
            parts.push(self.phrases.working_again(Some(&self.lasted(first))));
        } else if !self.report.changes.recovered.is_empty() {
            parts.push(self.phrases.working_again(None));
        }
        let lost: Vec<String> = self.lost_clauses().collect();
        if lost.is_empty() {
            parts.push(all);
        }
        parts.extend(lost);
        parts.join(", ")
    }

    /// What is not well, and of how many.
    fn not_well(&self, plans: &[&Plan], with_names: bool) -> (String, Option<String>) {
        let texts = self.texts();
        let correlation = &self.report.correlation;
        if correlation.internal_error.is_some() {
            return (texts.internal_error.to_owned(), None);
        }
        if correlation.read_error.is_some() {
            return (texts.cluster_unreadable.to_owned(), None);
        }
        let total: usize = plans.iter().map(|plan| plan.applications.len()).sum();
        let count = |state| plans.iter().map(|plan| plan.count(state)).sum::<usize>();
        let [failed, missing, pending] = UNWELL.map(count);
        let unwell = failed.saturating_add(missing).saturating_add(pending);
        if unwell == 0 {
            return (self.issue_clause(plans).to_owned(), None);
        }
        let names = UNWELL.map(|state| {
            let applications = plans.iter().flat_map(|plan| plan.in_state(state));
            distinct(applications.map(|application| application.module.to_string()))
        });
        let is_named =
            with_names && distinct(names.iter().flatten().cloned()).len() <= MAX_NAMED && total > 0;
        let counted = Counted { failed, missing, pending, total, unit: unit(plans) };
        let (mut result, scope) = if is_named {
            let of_state = |(state, names): (State, &Vec<String>)| {
                (!names.is_empty())
                    .then(|| self.phrases.named_in_state(&self.phrases.list(names), names.len(), state))
            };
            let parts: Vec<String> = UNWELL.into_iter().zip(&names).filter_map(of_state).collect();
            (parts.join(", "), Some(self.phrases.of_total(unwell, total)))
        } else if missing == total && total > MAX_NAMED {
            (self.phrases.nothing_ran(total), None)
        } else {
            (self.phrases.counts(&counted), None)
        };
        let clause =
            self.report.common_cause().and_then(|cause| self.phrases.cause_clause(cause, failed > 1));
        for clause in clause.map(str::to_owned).into_iter().chain(self.lost_clauses()) {
            result.push_str(", ");
            result.push_str(&clause);
        }
        (result, scope)
    }

    /// Why nothing is known of plans without results.
    fn issue_clause(&self, plans: &[&Plan]) -> &'static str {
        let texts = self.texts();
        let issue = match plans {
            [plan] => plan.issues.iter().find(|issue| super::overview::is_grave(issue)),
            _ => None,
        };
        match issue {
            Some(PlanIssue::PlanNotFound) => texts.plan_not_found_clause,
            Some(PlanIssue::PlanDisabled) => texts.plan_disabled_clause,
            Some(PlanIssue::NoApplications) => texts.no_applications_clause,
            Some(PlanIssue::NoDestination | PlanIssue::UnknownDestination { .. }) => {
                texts.no_destination_clause
            }
            Some(PlanIssue::PlanError { .. }) => texts.plan_error_clause,
            _ => texts.result_unknown,
        }
    }

    /// What was lost though the backup succeeded: its size, or snapshots.
    fn lost_clauses(&self) -> impl Iterator<Item = String> {
        let thinned = match &self.report.changes.thinned[..] {
            [] => None,
            [one] => Some(self.phrases.thinned_clause(one.module.as_str(), one.before, one.now)),
            thinned => Some(self.phrases.thinned_count(thinned.len())),
        };
        self.shrunk_clause().into_iter().chain(thinned)
    }

    /// `nextcloud1 shrank from 118 GiB to 2.0 GiB`
    fn shrunk_clause(&self) -> Option<String> {
        match &self.report.changes.shrunk[..] {
            [] => None,
            [SizeDrop { module, size, files, .. }] => {
                let (before, now) = match files {
                    Some((before, now)) if !lost_most(*size) => {
                        (self.phrases.files(*before), self.phrases.files(*now))
                    }
                    _ => (self.format.size(size.0), self.format.size(size.1)),
                };
                Some(self.phrases.shrank_clause(module.as_str(), &before, &now))
            }
            shrunk => Some(self.phrases.shrank_count(shrunk.len())),
        }
    }

    /// Plans by name; of a cluster that could not be read, those that the alerts name.
    fn titles(&self, plans: &[&Plan], longest: usize) -> Option<String> {
        let mut titles: Vec<String> = plans.iter().map(|plan| plan_title(plan, self.phrases)).collect();
        if self.report.correlation.plans.is_empty() {
            titles = distinct(self.report.alerts.iter().filter_map(|alert| {
                let by_id = || alert.plan.as_ref().map(|id| self.phrases.plan_by_id(id.as_str()));
                alert.plan_name.clone().or_else(by_id)
            }));
        }
        let titles: Vec<String> = titles.iter().map(|title| shorten(title, longest)).collect();
        match titles.len() {
            0 => None,
            1 | 2 => Some(self.phrases.list(&titles)),
            count => Some(self.phrases.plans(count)),
        }
    }
}

/// An application that is in two plans has two backups.
fn unit(plans: &[&Plan]) -> Unit {
    if plans.len() > 1 { Unit::Backups } else { Unit::Applications }
}
