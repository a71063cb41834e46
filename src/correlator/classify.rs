// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Classification: from facts and a moment to what happened. Pure, so that every case can be tested as a table.
//!
//! What a run is, and when one is over, follows from ns8-core's `node/bin/run-backup`: one process per node and plan
//! backs up that node's modules one after the other, in the plan's order, and writes each one's status as it ends. A module that
//! was busy is tried again for up to an hour after the others. So while a node has written something
//! recently, what it has not reached yet is pending; once it has been silent for too long, it is missing.

use std::{
    collections::{HashMap, HashSet},
    time::Duration,
};

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
    times::{CLOCK_SLACK, earlier},
};

/// How long a run counts as current where no schedule says since when, and how far back "recently" reaches.
pub const RECENT: SignedDuration = SignedDuration::from_hours(24);

/// How long a node may be silent within a run before what it has not reached counts as missing: the time for which
/// `run-backup` tries busy modules again (`RETRY_TIMEOUT`), and a few minutes for the last of them to end.
pub const NODE_SILENCE_LIMIT: Duration = Duration::from_secs(3600 + 300);

/// Determines what happened to the plans that `scope` is about, as of `now`. Schedules without a zone of their own are
/// read in `zone`.
pub fn classify(facts: &ClusterFacts, scope: &Scope, now: Timestamp, zone: &TimeZone) -> Correlation {
    let is_named = |id: &PlanId| scope.plans.contains_key(id);
    let in_scope = facts.plans.iter().filter(|(id, _)| scope.recent || is_named(id));
    let mut plans: Vec<Plan> =
        in_scope.map(|(id, plan)| PlanView { id, plan, facts, scope, now, zone }.classify()).collect();

    // A scope without plans covers all that ran recently and, when none did, all that are enabled.
    let any_counts = plans.iter().any(|plan| is_named(&plan.id) || is_recent(plan, now));
    plans.retain(|plan| {
        let is_enabled = facts.plans[&plan.id].enabled;
        is_named(&plan.id) || (is_enabled && (is_recent(plan, now) || !any_counts))
    });

    let not_found = scope.plans.iter().filter(|(id, _)| !facts.plans.contains_key(*id));
    plans.extend(not_found.map(|(id, name)| plan_not_found(id, name)));
    plans.sort_by(|left, right| left.id.cmp(&right.id));
    Correlation {
        at: now,
        cluster: facts.name.clone(),
        outcome: Correlation::worst(&plans),
        read_error: None,
        internal_error: None,
        plans,
    }
}

/// True for a plan that was due, or has run, in the last 24 hours.
fn is_recent(plan: &Plan, now: Timestamp) -> bool {
    let vouched = plan.applications.iter().filter(|application| !application.is_own_word);
    let runs = vouched.filter_map(|application| application.last_run.as_ref());
    plan.due.into_iter().chain(runs.map(|run| run.end)).any(|time| time >= earlier(now, RECENT))
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

/// When a plan was due, and is due next.
#[derive(Default)]
struct Due {
    last: Option<Timestamp>,
    next: Option<Timestamp>,
}

/// What is known of one member of the plan before the run as a whole is judged.
#[derive(Clone, Copy)]
struct Member<'a> {
    module: &'a ModuleId,
    facts: &'a ModuleFacts,
    /// The newest run that could be read, or why none could. Not its own word: that vouches for nothing.
    status: Option<Result<&'a Run, &'a UnreadableStatus>>,
    /// Its result of the run in scope.
    current: Option<&'a Run>,
    /// What it says of itself, where that is all there is.
    own_word: Option<Result<&'a Run, &'a UnreadableStatus>>,
}

impl<'a> Member<'a> {
    /// The newest run that could be read.
    fn run(&self) -> Option<&'a Run> {
        self.status?.ok()
    }

    fn node(&self) -> &'a NodeId {
        &self.facts.node
    }

    /// The member with its own word taken for true.
    fn believed(&self, span: &Span) -> Self {
        let status = self.own_word.or(self.status);
        let current = status.and_then(Result::ok).filter(|run| span.contains(run));
        Self { status, current, ..*self }
    }
}

/// The run in scope as a whole: what decides about the applications that have no result of it.
struct RunState<'a> {
    span: Span,
    /// The plan's own result, for the applications that have none of their own.
    plan_result: Option<&'a Run>,
    /// An alert says that the plan did not run, and no result says otherwise.
    is_presumed_missing: bool,
    /// The nodes that have been silent for so long that what they have not reached, they will not reach.
    silent_nodes: HashSet<&'a NodeId>,
}

impl<'a> RunState<'a> {
    /// The result that counts for this member.
    fn result(&self, member: &Member<'a>) -> Option<&'a Run> {
        match member.status {
            None => self.plan_result,
            Some(_) => member.current,
        }
    }

    fn state(&self, member: &Member<'a>) -> State {
        match self.result(member) {
            Some(run) if run.is_ok() => State::Ok,
            Some(_) => State::Failed,
            None if self.is_presumed_missing || self.silent_nodes.contains(member.node()) => State::Missing,
            // What a run had not reached when the next one began, it never will.
            None if self.span.is_over() => State::Missing,
            // Waiting would not make it readable; if the next run does, a follow-up reports it.
            None if member.status.is_some_and(|status| status.is_err()) => State::Missing,
            None => State::Pending,
        }
    }

    /// Why a member has no result.
    fn missing_reason(&self, member: &Member) -> MissingReason {
        match member.status {
            None => MissingReason::NeverRan,
            Some(Ok(run)) if self.span.is_before(run) => MissingReason::RanLater,
            Some(Ok(_)) => MissingReason::NotSince,
            Some(Err(error)) => MissingReason::Unreadable { reason: error.reason.clone() },
        }
    }
}

impl<'a> PlanView<'a> {
    fn classify(&self) -> Plan {
        let mut issues = Vec::new();
        let due = self.due(&mut issues);
        let span = self.span(due.last);
        let members = self.members(&span, &mut issues);
        let due = Due { last: due.last.filter(|due| self.is_answered(*due, &members)), ..due };
        let plan_result = self.plan_result(&span, &mut issues);
        let run = self.run_state(span, &members, plan_result);
        let applications: Vec<Application> =
            members.iter().map(|member| self.application(member, &run)).collect();
        Plan {
            id: self.id.clone(),
            name: self.plan.name.clone(),
            destination: self.destination(&mut issues),
            schedule: self.plan.schedule.clone(),
            due: due.last,
            next: due.next,
            outcome: Outcome::of_applications(applications.iter().map(|application| application.state)),
            applications,
            issues,
        }
    }

    /// When the plan was due, and is due next. A disabled plan is never due.
    ///
    /// Of a run that was followed, it is the time before it began; of one that was missed, the time when it was.
    fn due(&self, issues: &mut Vec<PlanIssue>) -> Due {
        if !self.plan.enabled {
            issues.push(PlanIssue::PlanDisabled);
            return Due::default();
        }
        let Some(schedule) = self.plan.schedule.as_deref() else {
            issues.push(PlanIssue::NoSchedule);
            return Due::default();
        };
        let calendar: Calendar = match schedule.parse() {
            Ok(calendar) => calendar,
            Err(error) => {
                issues.push(PlanIssue::UnreadableSchedule { reason: format!("{error}") });
                return Due::default();
            }
        };
        let began_at = self.scope.runs.get(self.id).map(|run| run.began_at);
        let missed = self.scope.missed_due.get(self.id).copied();
        let last = match (began_at, missed) {
            (None, Some(missed)) => Some(missed),
            (began_at, _) => calendar.previous(began_at.unwrap_or(self.now), self.zone),
        };
        // What was due before the plan was known was never planned, unless something has run since.
        let known_since = self.scope.known_since.get(self.id);
        let last = last.filter(|due| {
            known_since.is_none_or(|known_since| due > known_since) || self.has_reported_since(*due)
        });
        Due { last, next: calendar.next(self.now, self.zone) }
    }

    fn has_reported_since(&self, due: Timestamp) -> bool {
        let members = self.facts.members(self.id).installed.into_iter();
        members.filter_map(|member| member.status?.as_ref().ok()).any(|run| run.end >= due)
    }

    /// True when the run in scope is the one that was due then: it began within the time for which a node may be silent, or nothing has run
    /// yet. A run by hand hours later is not.
    fn is_answered(&self, due: Timestamp, members: &[Member]) -> bool {
        let earliest = earlier(due, CLOCK_SLACK);
        let latest = due.saturating_add(NODE_SILENCE_LIMIT).unwrap_or(Timestamp::MAX);
        let mut starts =
            members.iter().filter_map(|member| member.current).map(|run| run.start.unwrap_or(run.end));
        self.scope.missed_due.contains_key(self.id)
            || members.iter().all(|member| member.current.is_none())
            || starts.any(|start| earliest <= start && start <= latest)
    }

    /// The time within which a result is of the run in scope.
    fn span(&self, due: Option<Timestamp>) -> Span {
        if let Some(run) = self.scope.runs.get(self.id) {
            return Span { since: run.began_at, until: run.until, began: Some(run.began_at) };
        }
        let since = due.unwrap_or(earlier(self.now, RECENT));
        let missed = self.scope.missed_due.get(self.id);
        // Whether it ran when it was due is not answered by what ran the next time it was.
        let until = missed.and_then(|missed| {
            let calendar: Calendar = self.plan.schedule.as_deref()?.parse().ok()?;
            calendar.next(*missed, self.zone).filter(|next| *next <= self.now)
        });
        Span { since, until, began: due }
    }

    /// The plan's members that are installed; the others are issues.
    fn members(&self, span: &Span, issues: &mut Vec<PlanIssue>) -> Vec<Member<'a>> {
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
                let result = followed.and_then(|run| run.results.get(member.module)).map(Ok);
                let found = member.status.map(Status::as_ref);
                let status = result.or(found.filter(|_| !member.is_own_word));
                let current = status.and_then(Result::ok).filter(|run| span.contains(run));
                let own_word = found.filter(|_| member.is_own_word && result.is_none());
                Member { module: member.module, facts: member.facts, status, current, own_word }
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

    fn run_state(&self, span: Span, members: &[Member<'a>], plan_result: Option<&'a Run>) -> RunState<'a> {
        let nothing_ran = plan_result.is_none() && members.iter().all(|member| member.current.is_none());
        // A plan that keeps one result for all of its applications speaks for those that have none of their own; when
        // it failed, only if none has: it does not say which of them failed.
        let speaks_for_all = members.iter().all(|member| member.status.is_none());
        RunState {
            plan_result: plan_result.filter(|run| run.is_ok() || speaks_for_all),
            is_presumed_missing: nothing_ran && self.scope.asserts_missing(self.id),
            silent_nodes: self.silent_nodes(members, span.began),
            span,
        }
    }

    fn silent_nodes(&self, members: &[Member<'a>], began: Option<Timestamp>) -> HashSet<&'a NodeId> {
        let mut nodes: HashMap<&'a NodeId, Vec<&Member<'a>>> = HashMap::new();
        for member in members {
            nodes.entry(member.node()).or_default().push(member);
        }
        let is_silent = |members: &[&Member<'a>]| {
            let done = members.iter().filter_map(|member| member.current);
            let waiting = members.iter().filter(|member| member.current.is_none());
            // What took long the last time takes long again: twice the longest of what is still to come.
            let longest = waiting.filter_map(|member| member.run()?.duration()).max();
            let patience = longest
                .map_or(NODE_SILENCE_LIMIT, |longest| NODE_SILENCE_LIMIT.max(longest.saturating_mul(2)));
            let Some(last_sign) = done.map(|run| run.end).max().or(began) else { return true };
            Duration::try_from(self.now.duration_since(last_sign)).is_ok_and(|silence| silence > patience)
        };
        nodes.into_iter().filter(|(_, members)| is_silent(members)).map(|(node, _)| node).collect()
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

    fn application(&self, member: &Member<'a>, run: &RunState<'a>) -> Application {
        // Of itself it is believed, once what it says of the plan's run is out of the way.
        let believed = member.believed(&run.span);
        let member = &believed;
        let state = run.state(member);
        let facts = member.facts;
        Application {
            module: member.module.clone(),
            label: facts.label.clone(),
            node: facts.node.clone(),
            node_label: self.facts.nodes.get(&facts.node).cloned().flatten(),
            state,
            last_run: run.result(member).or(member.run()).cloned(),
            missing_reason: matches!(state, State::Pending | State::Missing)
                .then(|| run.missing_reason(member)),
            repository_path: facts.repository_path(),
            is_own_word: member.own_word.is_some(),
            diagnosis: None,
        }
    }
}

#[cfg(test)]
mod tests;
