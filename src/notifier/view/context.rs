// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What the writers of all sections share: the report, its words, and titles.

use jiff::Timestamp;

use super::limits::Limits;
use crate::{
    cause::Cause,
    correlator::correlation::{Application, MissingReason, Outcome, Plan, State},
    ids::{ModuleId, PlanId},
    notifier::{
        format::Format,
        phrases::{Phrases, Texts},
    },
    repo_check::findings::RepoReport,
    report::{Report, incident::PlanIncident},
};

/// The states of applications that are not well, in the order in which they are told.
pub(super) const UNWELL: [State; 3] = [State::Failed, State::Missing, State::Pending];

/// Writes the parts of one report.
pub(super) struct Writer<'a> {
    pub report: &'a Report,
    pub format: &'a Format,
    pub phrases: &'static dyn Phrases,
    pub limits: Limits,
}

/// An application of a plan.
#[derive(Clone, Copy)]
pub(super) struct Member<'a> {
    pub plan: &'a Plan,
    pub application: &'a Application,
}

impl Member<'_> {
    /// Why it failed, or is missing, as far as known.
    pub(super) fn cause(self) -> Option<Cause> {
        match (&self.application.diagnosis, self.application.state) {
            (Some(diagnosis), _) => Some(diagnosis.cause),
            (None, State::Failed) => Some(Cause::Unknown),
            (None, _) => None,
        }
    }

    /// When the data of a failed run was saved nevertheless: the time of a snapshot that is not older than the run. `run-backup` also counts as
    /// failed what goes wrong after the snapshot.
    pub(super) fn saved_at(self, repos: Option<&RepoReport>) -> Option<Timestamp> {
        repos?.saved_at(self.plan, self.application)
    }

    /// True when its status is there but can't be read.
    pub(super) fn is_unreadable(self) -> bool {
        matches!(self.application.missing_reason, Some(MissingReason::Unreadable { .. }))
    }
}

impl<'a> Writer<'a> {
    pub(super) fn plan_title(&self, plan: &Plan) -> String {
        plan_title(plan, self.phrases)
    }

    pub(super) fn node(&self, application: &Application) -> String {
        self.phrases.node(application.node.as_str(), application.node_label.as_deref())
    }

    pub(super) fn texts(&self) -> &'static Texts {
        self.phrases.texts()
    }

    /// The plans that are not well.
    pub(super) fn unwell(&self) -> impl Iterator<Item = &'a Plan> {
        self.report.correlation.plans.iter().filter(|plan| plan.outcome != Outcome::Success)
    }

    /// The applications that are not well, the failed ones first.
    pub(super) fn unwell_members(&self) -> Vec<Member<'a>> {
        let in_state = |state| {
            self.unwell().flat_map(move |plan| {
                plan.in_state(state).map(move |application| Member { plan, application })
            })
        };
        UNWELL.into_iter().flat_map(in_state).collect()
    }

    /// A plan of the report.
    pub(super) fn plan(&self, id: &PlanId) -> Option<&'a Plan> {
        self.report.correlation.plans.iter().find(|plan| plan.id == *id)
    }

    /// An application of a plan of the report.
    pub(super) fn member(&self, plan: &PlanId, module: &ModuleId) -> Option<Member<'a>> {
        let plan = self.plan(plan)?;
        let application = plan.applications.iter().find(|application| application.module == *module)?;
        Some(Member { plan, application })
    }

    /// The applications by name, each once.
    pub(super) fn module_names(&self, members: &[Member]) -> Vec<String> {
        distinct(members.iter().map(|member| member.application.module.to_string()))
    }

    /// The applications' nodes, each once.
    pub(super) fn node_names(&self, members: &[Member]) -> Vec<String> {
        distinct(members.iter().map(|member| self.node(member.application)))
    }

    /// How long an incident that is over lasted: from its first run to the end of the one that was well.
    pub(super) fn lasted(&self, incident: &PlanIncident) -> String {
        let ends = self.plan(&incident.plan).into_iter().flat_map(|plan| &plan.applications);
        let end = ends.filter_map(|application| Some(application.last_run.as_ref()?.end)).max();
        self.format.age(incident.since, end.unwrap_or(self.report.correlation.at))
    }

    /// A heading for a plan, where there are several.
    pub(super) fn heading(&self, plan: &Plan) -> Option<String> {
        (self.report.correlation.plans.len() > 1).then(|| self.plan_title(plan))
    }

    /// The destination of a plan by name, where the report has more than one.
    pub(super) fn named_destination<'p>(&self, plan: &'p Plan) -> Option<&'p str> {
        let own = plan.destination.as_ref()?;
        let mut all = self.report.correlation.plans.iter().filter_map(|plan| plan.destination.as_ref());
        all.any(|other| other.id != own.id).then(|| own.title())
    }

    /// `mail1, webtop1 and 38 more`
    pub(super) fn some_names<S: AsRef<str>>(&self, names: &[S], most: usize) -> String {
        // One more name is as short as "and 1 more".
        if names.len() <= most.saturating_add(1) {
            return self.phrases.list(names);
        }
        let first: Vec<&str> = names.iter().take(most).map(AsRef::as_ref).collect();
        self.phrases.and_more(&first.join(", "), names.len().saturating_sub(first.len()))
    }
}

/// What people call a plan.
pub(super) fn plan_title(plan: &Plan, phrases: &'static dyn Phrases) -> String {
    match &plan.name {
        Some(name) => name.clone(),
        None => phrases.plan_by_id(plan.id.as_str()),
    }
}

/// `mail1 (Mail server)`
pub(super) fn application_title(application: &Application) -> String {
    application.module.titled(application.label.as_deref())
}

/// Names in their order, each once.
pub(super) fn distinct(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut all: Vec<String> = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}
