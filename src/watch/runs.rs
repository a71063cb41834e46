// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Gathers the results of one run of a plan, from one reading of the cluster to the next. Pure.
//!
//! A reading shows of each application its last result only, and not which run that was of. That follows from how a run goes
//! (ns8-core's `run-backup`): each application reports once in it, and no node is silent for longer than [`NODE_SILENCE_LIMIT`]. So an
//! application that reports again, or long after the others, has begun the next run. So has a node that reports for the first time
//! after the plan was due again: it may have been off before.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::{collections::BTreeMap, time::Duration};

use jiff::{Timestamp, tz::TimeZone};
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, ObservedRun, Source},
    correlator::{NODE_SILENCE_LIMIT, RECENT},
    ids::{ModuleId, NodeId, PlanId},
    oncalendar::Calendar,
    run::{Run, SLOW_BACKUP},
    times::{CLOCK_SLACK, earlier, later},
};

/// The name of what is raised for a run, where others have an alert's name.
pub const RUN: &str = "BackupRun";

/// What is known of a plan's runs; kept in the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRuns {
    /// The applications that have been in the plan: when the last result of each ended that has been taken, if it had one.
    taken: BTreeMap<ModuleId, Option<Timestamp>>,
    /// The last run.
    run: Option<Gathered>,
}

/// A run, as far as it has been gathered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct Gathered {
    began_at: Timestamp,
    /// When we last saw a result of it.
    seen_at: Timestamp,
    results: BTreeMap<ModuleId, Run>,
    /// True once every application has reported.
    is_complete: bool,
    /// True once it was handed over to be reported.
    is_raised: bool,
}

/// A plan as one look found it.
#[derive(Debug, Clone)]
pub struct PlanSnapshot<'a> {
    /// The plan.
    pub plan: &'a PlanId,
    /// Its name.
    pub name: Option<&'a str>,
    /// Its installed applications, each once: the node of each, and its last result.
    pub members: Vec<Member<'a>>,
    /// When it is due, with the zone in which that is read. None while nobody knows.
    pub calendar: Option<(&'a Calendar, &'a TimeZone)>,
}

/// An application of a plan.
#[derive(Debug, Clone, Copy)]
pub struct Member<'a> {
    /// The module.
    pub module: &'a ModuleId,
    /// Its node.
    pub node: &'a NodeId,
    /// Its last result.
    pub run: Option<&'a Run>,
}

impl Member<'_> {
    fn is_in(&self, results: &BTreeMap<ModuleId, Run>) -> bool {
        results.contains_key(self.module)
    }
}

/// What follows from a look.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Runs to be reported.
    pub raised: Vec<Alert>,
    /// Runs that were reported before they had ended, and of which all is known now.
    pub closed: Vec<Alert>,
    /// When to look again at the latest, though nobody reports: the run is then given up.
    pub look_at: Option<Timestamp>,
}

impl Findings {
    fn hand_over(&mut self, run: &Gathered, snapshot: &PlanSnapshot, until: Option<Timestamp>) {
        let to = if run.is_raised { &mut self.closed } else { &mut self.raised };
        to.push(run.alert(snapshot, until));
    }
}

impl PlanRuns {
    /// What is known when runs are watched for the first time ever: everything that is there counts as reported, but for the results of
    /// a run that is still going on, which `is_open` identifies.
    pub fn baseline(snapshot: &PlanSnapshot, is_open: impl Fn(&ModuleId) -> bool) -> Self {
        let reported = snapshot.members.iter().filter(|member| !is_open(member.module));
        let taken = reported.map(|member| (member.module.clone(), member.run.map(|run| run.end))).collect();
        Self { taken, run: None }
    }

    /// Takes a look. `settle` is how long a run may be silent before it is handed over as it is, or longer where an application that
    /// has not reported took long the last time.
    pub fn look(&mut self, snapshot: &PlanSnapshot, now: Timestamp, settle: Duration) -> Findings {
        let mut findings = Findings::default();
        let mut fresh: Vec<(&Member, &Run)> =
            snapshot.members.iter().filter_map(|member| Some((member, member.run?))).collect();
        fresh.retain(|(member, run)| self.is_fresh(member.module, run, now));
        for member in &snapshot.members {
            let taken = self.taken.entry(member.module.clone()).or_default();
            *taken = member.run.map(|run| run.end).or(*taken);
        }
        fresh.sort_by_key(|(_, run)| (run.start.unwrap_or(run.end), run.end));
        for (member, run) in fresh {
            let began_at = run.start.unwrap_or(run.end);
            match &mut self.run {
                Some(gathered) if gathered.takes(member, began_at, snapshot) => {
                    gathered.results.insert(member.module.clone(), run.clone());
                    gathered.seen_at = now;
                    // Another node may have begun earlier and reported later. Once it was raised, a run keeps its name.
                    if !gathered.is_raised {
                        gathered.began_at = gathered.began_at.min(began_at);
                    }
                }
                _ => {
                    self.end_run(snapshot, began_at, &mut findings);
                    self.run = Some(Gathered {
                        began_at,
                        seen_at: now,
                        results: BTreeMap::from([(member.module.clone(), run.clone())]),
                        is_complete: false,
                        is_raised: false,
                    });
                }
            }
            self.complete_run(snapshot, &mut findings);
        }
        // The last that was outstanding may have been taken out of the plan.
        self.complete_run(snapshot, &mut findings);
        self.give_up(snapshot, now, settle, &mut findings);
        findings
    }

    /// True for a result that has not been taken. Of an application that we have not seen in the plan, it must be of the last day: an
    /// older one is of an earlier time in it.
    fn is_fresh(&self, module: &ModuleId, run: &Run, now: Timestamp) -> bool {
        match self.taken.get(module) {
            // Its node's clock was ahead then, and what it reports now is older.
            Some(Some(taken)) if *taken > later(now, CLOCK_SLACK) => run.end != *taken,
            Some(Some(taken)) => run.end > *taken,
            Some(None) => true,
            None => run.end >= earlier(now, RECENT),
        }
    }

    /// Ends the run before the one that began at `until`.
    fn end_run(&mut self, snapshot: &PlanSnapshot, until: Timestamp, findings: &mut Findings) {
        let Some(run) = self.run.take().filter(|run| !run.is_complete) else { return };
        findings.hand_over(&run, snapshot, Some(until));
    }

    /// Hands a run over in which every application has reported.
    fn complete_run(&mut self, snapshot: &PlanSnapshot, findings: &mut Findings) {
        let Some(run) = self.run.as_mut().filter(|run| !run.is_complete) else { return };
        run.is_complete = snapshot.members.iter().all(|member| member.is_in(&run.results));
        if run.is_complete {
            findings.hand_over(run, snapshot, None);
            run.is_raised = true;
        }
    }

    /// Hands a run over that has been silent for too long, or says when it will have been.
    fn give_up(
        &mut self,
        snapshot: &PlanSnapshot,
        now: Timestamp,
        settle: Duration,
        findings: &mut Findings,
    ) {
        let Some(run) = self.run.as_mut().filter(|run| !run.is_raised) else { return };
        let outstanding = snapshot.members.iter().filter(|member| !member.is_in(&run.results));
        let durations = outstanding.filter_map(|member| member.run?.duration());
        let longest = durations.filter(|duration| *duration > SLOW_BACKUP).max().unwrap_or_default();
        let give_up_at =
            run.seen_at.checked_add(settle.max(longest.saturating_mul(2))).unwrap_or(Timestamp::MAX);
        // The clock was set back, when we have seen something in the future.
        if now >= give_up_at || now < run.seen_at {
            findings.hand_over(run, snapshot, None);
            run.is_raised = true;
        } else {
            findings.look_at = Some(give_up_at);
        }
    }
}

impl Gathered {
    /// True when a result that `began_at` then is of this run.
    fn takes(&self, member: &Member, began_at: Timestamp, snapshot: &PlanSnapshot) -> bool {
        if self.is_complete || member.is_in(&self.results) {
            return false;
        }
        let node_is_at_it =
            snapshot.members.iter().any(|other| other.node == member.node && other.is_in(&self.results));
        let due_again = snapshot.calendar.and_then(|(calendar, zone)| calendar.next(self.began_at, zone));
        if !node_is_at_it && due_again.is_some_and(|due| began_at >= due) {
            return false;
        }
        let last_sign = self.results.values().map(|run| run.end).max().unwrap_or(self.began_at);
        let silence = Duration::try_from(began_at.duration_since(last_sign)).unwrap_or_default();
        silence <= NODE_SILENCE_LIMIT
    }

    fn alert(&self, snapshot: &PlanSnapshot, until: Option<Timestamp>) -> Alert {
        let name = snapshot.name.map(str::to_owned);
        let alert = Alert::raised(Source::Run, RUN, snapshot.plan.clone(), name, self.began_at);
        let run = ObservedRun { began_at: self.began_at, until, results: self.results.clone() };
        Alert { run: Some(run), ..alert }
    }
}

#[cfg(test)]
mod tests;
