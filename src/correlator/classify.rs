//! Classification: from facts and a moment to what happened. Pure, so that every case can be tested as a table.
//!
//! What a run is, and when one is over, follows from ns8-core's `node/bin/run-backup`: one process per node and plan
//! backs up that node's modules one after the other, in the plan's order, and writes each one's status as it ends. A module that
//! was busy is tried again for up to an hour after the others. So while a node has written something
//! recently, what it has not reached yet is pending; once it has been silent for too long, it is missing.

use std::{collections::HashMap, time::Duration};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{
    correlation::{Application, Correlation, Destination, MissingReason, Outcome, Plan, PlanIssue, State},
    facts::{ClusterFacts, ModuleFacts, PlanFacts, Scope},
    status::{Status, UnreadableStatus},
};
use crate::{
    ids::{DestinationId, ModuleId, NodeId, PlanId},
    oncalendar::Calendar,
    run::Run,
};

/// How long a run counts as current where no schedule says since when, and how far back "recently" reaches.
pub const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// How long a node may be silent within a run before what it has not reached counts as missing: the time for which
/// `run-backup` tries busy modules again (`RETRY_TIMEOUT`), and a few minutes for the last of them to end.
pub const NODE_SILENCE_LIMIT: Duration = Duration::from_secs(3600 + 300);

/// Says what happened to the plans that `scope` is about, as of `now`. Schedules without a zone of their own are
/// read in `zone`.
pub fn classify(facts: &ClusterFacts, scope: &Scope, now: Timestamp, zone: &TimeZone) -> Correlation {
    let plan = |(id, plan_facts): (&PlanId, &PlanFacts)| {
        let view = PlanView { id, plan: plan_facts, facts, scope, now, zone };
        let named = scope.plans.contains_key(id);
        (named || scope.recent).then(|| view.classify()).map(|plan| (named, plan))
    };
    let found: Vec<(bool, Plan)> = facts.plans.iter().filter_map(plan).collect();

    // Asked for no plan in particular, all that ran recently are told, and when none did, all that are enabled.
    let ran_recently = |(named, plan): &(bool, Plan)| *named || is_recent(plan, now);
    let only_recent = found.iter().any(ran_recently);
    let is_enabled = |plan: &Plan| facts.plans[&plan.id].enabled;
    let mut plans: Vec<Plan> = found
        .into_iter()
        .filter(|found| found.0 || (is_enabled(&found.1) && (!only_recent || ran_recently(found))))
        .map(|(_, plan)| plan)
        .collect();

    let not_found = scope.plans.iter().filter(|(id, _)| !facts.plans.contains_key(*id));
    plans.extend(not_found.map(|(id, name)| plan_not_found(id, name)));
    plans.sort_by(|left, right| left.id.cmp(&right.id));
    Correlation {
        at: now,
        cluster: facts.name.clone(),
        outcome: Correlation::worst(&plans),
        read_error: None,
        plans,
    }
}

/// True for a plan that was due, or has run, in the last 24 hours.
fn is_recent(plan: &Plan, now: Timestamp) -> bool {
    let runs = plan.applications.iter().filter_map(|application| application.last_run.as_ref());
    plan.due.into_iter().chain(runs.map(|run| run.end)).any(|time| time >= now - RECENT)
}

fn plan_not_found(id: &PlanId, name: &Option<String>) -> Plan {
    Plan {
        id: id.clone(),
        name: name.clone(),
        destination: None,
        schedule: None,
        due: None,
        next: None,
        outcome: Outcome::Unknown,
        applications: Vec::new(),
        issues: vec![PlanIssue::PlanNotFound],
    }
}

/// One plan among the facts.
struct PlanView<'a> {
    id: &'a PlanId,
    plan: &'a PlanFacts,
    facts: &'a ClusterFacts,
    scope: &'a Scope,
    now: Timestamp,
    zone: &'a TimeZone,
}

/// The time within which a result is of the run in scope.
struct Span {
    /// A result that ended before this is of an earlier run.
    since: Timestamp,
    /// A result that ended from this time on is of a later run. None while there is none.
    until: Option<Timestamp>,
    /// Since when the nodes are working on it, where that is known.
    began: Option<Timestamp>,
}

impl Span {
    fn contains(&self, run: &Run) -> bool {
        run.end >= self.since && !self.is_before(run)
    }

    /// True when the run is a later one.
    fn is_before(&self, run: &Run) -> bool {
        self.until.is_some_and(|until| run.end >= until)
    }

    /// True when the next run has begun, or was due.
    fn is_over(&self) -> bool {
        self.until.is_some()
    }
}

/// What is known of one member of the plan before its neighbours are looked at.
struct Member<'a> {
    module: &'a ModuleId,
    facts: &'a ModuleFacts,
    /// The newest run that could be read, or why none could.
    status: Option<Result<&'a Run, &'a UnreadableStatus>>,
}

impl<'a> Member<'a> {
    fn run(&self) -> Option<&'a Run> {
        self.status?.ok()
    }

    fn node(&self) -> &'a NodeId {
        &self.facts.node
    }
}

impl<'a> PlanView<'a> {
    fn classify(&self) -> Plan {
        let mut issues = Vec::new();
        let (due, next) = self.schedule(&mut issues);
        let span = self.span(due);
        let members = self.members(&mut issues);
        let plan_run = self.plan_result(&span, &mut issues);
        let is_current = |member: &Member| member.run().is_some_and(|run| span.contains(run));

        let nothing_ran = plan_run.is_none() && !members.iter().any(is_current);
        let presumed_missing = nothing_ran && self.scope.asserts_missing(self.id);
        let silent = self.silent_nodes(&members, span.began, is_current);

        // A plan that keeps one result for all of its applications speaks for those that have none of their own; when
        // it failed, only if none has: it does not say which of them failed.
        let speaks_for_all = members.iter().all(|member| member.status.is_none());
        let plan_run = plan_run.filter(|run| run.is_ok() || speaks_for_all);

        let applications: Vec<Application> = members
            .into_iter()
            .map(|member| {
                let run = match (plan_run, member.status) {
                    (Some(plan_run), None) => Some(plan_run),
                    _ => member.run().filter(|_| is_current(&member)),
                };
                let state = match run {
                    Some(run) if run.is_ok() => State::Ok,
                    Some(_) => State::Failed,
                    // What a run had not reached when the next one began, it never will.
                    None if presumed_missing || span.is_over() || silent[member.node()] => State::Missing,
                    // Waiting would not make it readable; that the next run may, is looked at again.
                    None if member.status.is_some_and(|status| status.is_err()) => State::Missing,
                    None => State::Pending,
                };
                self.application(member, state, run, &span)
            })
            .collect();
        Plan {
            id: self.id.clone(),
            name: self.plan.name.clone(),
            destination: self.destination(&mut issues),
            schedule: self.plan.schedule.clone(),
            due,
            next,
            outcome: Outcome::of_applications(applications.iter().map(|application| application.state)),
            applications,
            issues,
        }
    }

    /// When the plan was due, and is due next. A disabled plan is never due.
    ///
    /// Of a run that was followed, it is the time before it began; of one that was missed, the time when it was.
    fn schedule(&self, issues: &mut Vec<PlanIssue>) -> (Option<Timestamp>, Option<Timestamp>) {
        if !self.plan.enabled {
            issues.push(PlanIssue::PlanDisabled);
            return (None, None);
        }
        match self.plan.schedule.as_deref().map(str::parse::<Calendar>) {
            None => issues.push(PlanIssue::NoSchedule),
            Some(Err(error)) => issues.push(PlanIssue::UnreadableSchedule { reason: error.to_string() }),
            Some(Ok(calendar)) => {
                let began_at = self.scope.runs.get(self.id).map(|run| run.began_at);
                let missed = self.scope.missed_due.get(self.id).copied();
                let due = match (began_at, missed) {
                    (None, Some(missed)) => Some(missed),
                    (began_at, _) => calendar.previous(began_at.unwrap_or(self.now), self.zone),
                };
                return (due, calendar.next(self.now, self.zone));
            }
        }
        (None, None)
    }

    /// The time within which a result is of the run in scope.
    fn span(&self, due: Option<Timestamp>) -> Span {
        if let Some(run) = self.scope.runs.get(self.id) {
            return Span { since: run.began_at, until: run.until, began: Some(run.began_at) };
        }
        let since = due.unwrap_or(self.now - RECENT);
        let missed = self.scope.missed_due.get(self.id);
        // Whether it ran when it was due is not answered by what ran the next time it was.
        let until = missed.and_then(|missed| {
            let calendar: Calendar = self.plan.schedule.as_deref()?.parse().ok()?;
            calendar.next(*missed, self.zone).filter(|next| *next <= self.now)
        });
        Span { since, until, began: due }
    }

    /// The plan's members that are installed; the others are issues.
    fn members(&self, issues: &mut Vec<PlanIssue>) -> Vec<Member<'a>> {
        if self.plan.instances.is_empty() {
            issues.push(PlanIssue::NoApplications);
        }
        let members = self.facts.members(self.id);
        let removed = members.removed.into_iter();
        issues.extend(removed.map(|name| PlanIssue::RemovedModule { module: name.to_owned() }));
        // A run that was followed had its results, which a later one may have overwritten.
        let followed = self.scope.runs.get(self.id);
        let installed = members.installed.into_iter();
        installed
            .map(|member| {
                let result = followed.and_then(|run| run.results.get(member.module));
                Member {
                    module: member.module,
                    facts: member.facts,
                    status: result.map(Ok).or(member.status.map(Status::as_ref)),
                }
            })
            .collect()
    }

    /// The plan's own result, in hand-made set-ups, where it is of the current run.
    fn plan_result(&self, span: &Span, issues: &mut Vec<PlanIssue>) -> Option<&'a Run> {
        let run = self.plan.result.as_ref()?.as_ref().ok().filter(|run| span.contains(run))?;
        if !run.is_ok() {
            let error = run.error.clone().unwrap_or_default();
            issues.push(PlanIssue::PlanError { error, at: run.end });
        }
        Some(run)
    }

    /// For each node, whether it has been silent for so long that what it has not reached will not be reached.
    fn silent_nodes(
        &self,
        members: &[Member<'a>],
        began: Option<Timestamp>,
        is_current: impl Fn(&Member) -> bool,
    ) -> HashMap<&'a NodeId, bool> {
        let mut nodes: HashMap<&'a NodeId, Vec<&Member<'a>>> = HashMap::new();
        for member in members {
            nodes.entry(member.node()).or_default().push(member);
        }
        let is_silent = |members: Vec<&Member<'a>>| {
            let (done, waiting): (Vec<_>, Vec<_>) =
                members.into_iter().partition(|member| is_current(member));
            let last_sign = done.iter().filter_map(|member| member.run()).map(|run| run.end).max();
            // What took long the last time takes long again: twice the longest of what is still to come.
            let longest = waiting.iter().filter_map(|member| member.run()?.duration()).max();
            let patience = longest
                .map_or(NODE_SILENCE_LIMIT, |longest| NODE_SILENCE_LIMIT.max(longest.saturating_mul(2)));
            match last_sign.or(began) {
                None => true,
                Some(sign) => {
                    Duration::try_from(self.now.duration_since(sign)).is_ok_and(|silence| silence > patience)
                }
            }
        };
        nodes.into_iter().map(|(node, members)| (node, is_silent(members))).collect()
    }

    fn destination(&self, issues: &mut Vec<PlanIssue>) -> Option<Destination> {
        let Some(repository) = &self.plan.repository else {
            issues.push(PlanIssue::NoDestination);
            return None;
        };
        let known = DestinationId::new(repository.as_str())
            .ok()
            .and_then(|id| Some((self.facts.destinations.get(&id)?, id)));
        match known {
            Some((facts, id)) => Some(Destination { id, name: facts.name.clone(), url: facts.url.clone() }),
            None => {
                issues.push(PlanIssue::UnknownDestination { repository: repository.clone() });
                None
            }
        }
    }

    fn application(
        &self,
        member: Member<'a>,
        state: State,
        current_run: Option<&Run>,
        span: &Span,
    ) -> Application {
        let missing_reason = match (state, member.status) {
            (State::Ok | State::Failed, _) => None,
            (_, None) => Some(MissingReason::NeverRan),
            (_, Some(Ok(run))) if span.is_before(run) => Some(MissingReason::RanLater),
            (_, Some(Ok(_))) => Some(MissingReason::NotSince),
            (_, Some(Err(error))) => Some(MissingReason::Unreadable { reason: error.reason.clone() }),
        };
        let facts = member.facts;
        Application {
            label: facts.label.clone(),
            node: facts.node.clone(),
            node_label: self.facts.nodes.get(&facts.node).cloned().flatten(),
            state,
            last_run: current_run.or(member.run()).cloned(),
            missing_reason,
            repository_path: facts.repository_path(),
            module: member.module.clone(),
        }
    }
}

#[cfg(test)]
mod tests;
