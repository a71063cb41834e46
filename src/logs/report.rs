// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! From the entries of the nodes to what is known of each application. Pure.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    entries::Entry,
    findings::{ApplicationLog, ClusterBackupLog, LogLine, LogReport, LogTrouble, Starter, UnitLog},
    keep::keep,
    query::{self, Wanted, is_unwell, unwell_plans},
    turns::{self, Line, PlanRun, Turn},
};
use crate::{
    correlator::correlation::{Application, Correlation, Plan},
    ids::{ModuleId, NodeId, PlanId},
    times::{earlier, later},
};

/// How much all lines of a report may be, in bytes: it is kept in the journal, and read by the pages.
const MAX_TOTAL: usize = 512 * 1024;
/// How much the lines of one application may be.
const MAX_EACH: usize = 16 * 1024;
/// For how long after the end of a run its log may still be on its way.
const SHIPPING: SignedDuration = SignedDuration::from_secs(120);
/// By how much a turn's time in the log and in its status may differ: the latter is in whole seconds, and written a little apart.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// Puts together what is known of each application. Nodes come one after the other, so that the entries of one are held at a time.
pub(super) struct Assembly<'a> {
    correlation: &'a Correlation,
    unwell: Vec<Unwell<'a>>,
    /// How many bytes of lines an application may have.
    budget: usize,
    /// When the run began, and what it said of the cluster's own backup.
    cluster_backups: HashMap<&'a PlanId, (Timestamp, Vec<LogLine>)>,
    units: Vec<UnitLog>,
}

/// What was read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reading {
    /// What was found.
    pub report: LogReport,
    /// True when there may be more in a minute: a run has just ended, and the end of its backup is not in the log yet.
    pub may_be_early: bool,
}

/// What one node's journal holds, in the order of time.
pub struct NodeEntries {
    node: NodeId,
    entries: Vec<Entry>,
}

impl NodeEntries {
    pub fn new(node: NodeId, mut entries: Vec<Entry>) -> Self {
        entries.sort_by_key(|entry| entry.at);
        Self { node, entries }
    }
}

/// An application that is not well, and what was found of it.
struct Unwell<'a> {
    plan: &'a Plan,
    application: &'a Application,
    started_by: Option<Starter>,
    lines: Vec<LogLine>,
    is_whole: bool,
}

impl<'a> Assembly<'a> {
    /// Nothing is known yet.
    pub fn new(correlation: &'a Correlation) -> Self {
        let unwell: Vec<Unwell> = unwell_plans(correlation)
            .flat_map(|plan| {
                let unwell = plan.applications.iter().filter(|application| is_unwell(application));
                unwell.map(move |application| Unwell {
                    plan,
                    application,
                    started_by: None,
                    lines: Vec::new(),
                    is_whole: false,
                })
            })
            .collect();
        let budget = MAX_TOTAL.checked_div(unwell.len()).unwrap_or(MAX_EACH).min(MAX_EACH);
        Self { correlation, unwell, budget, cluster_backups: HashMap::new(), units: Vec::new() }
    }

    /// Takes what was read of a node.
    pub fn take(&mut self, node: &NodeEntries) {
        for plan in unwell_plans(self.correlation) {
            let runs = turns::runs(&plan.id, &node.entries);
            let is_here =
                |unwell: &&mut Unwell| unwell.plan.id == plan.id && unwell.application.node == node.node;
            for unwell in self.unwell.iter_mut().filter(is_here) {
                let found = find(&Wanted::new(plan, unwell.application, self.correlation.at), &runs);
                unwell.started_by = found.run.map(|run| run.starter);
                unwell.lines = keep(found.lines, self.budget);
                unwell.is_whole = found.is_whole;
            }
            let (from, _) = query::time_of(plan, &node.node, self.correlation.at);
            let last = runs.last().filter(|run| run.was_killed() && run.began >= from);
            if let Some(run) = last {
                let (plan, node) = (plan.id.clone(), node.node.clone());
                self.units.push(UnitLog { plan, node, lines: keep(run.ended_by.clone(), MAX_EACH) });
            }
            let last = runs.into_iter().filter(|run| !run.before.is_empty()).max_by_key(|run| run.began);
            if let Some(run) = last
                && self.cluster_backups.get(&plan.id).is_none_or(|(began, _)| *began < run.began)
            {
                self.cluster_backups.insert(&plan.id, (run.began, keep(run.before, MAX_EACH)));
            }
        }
    }

    /// All that is known, once all nodes were taken that could be read.
    pub fn finish(self, trouble: Option<LogTrouble>) -> Reading {
        let at = self.correlation.at;
        let (mut applications, mut may_be_early) = (Vec::new(), false);
        for Unwell { plan, application, started_by, lines, is_whole } in self.unwell {
            let wanted = Wanted::new(plan, application, at);
            let has_just_ended = wanted.end.is_some_and(|end| at.duration_since(end) < SHIPPING);
            may_be_early |= wanted.has_failed && has_just_ended && !is_whole && trouble.is_none();
            if !wanted.is_pending || !lines.is_empty() {
                let (plan, module) = (plan.id.clone(), application.module.clone());
                applications.push(ApplicationLog { plan, module, started_by, lines });
            }
        }
        let mut cluster_backups = self.cluster_backups;
        let cluster_backup = unwell_plans(self.correlation).filter_map(|plan| {
            let (_, lines) = cluster_backups.remove(&plan.id)?;
            Some(ClusterBackupLog { plan: plan.id.clone(), lines })
        });
        let cluster_backup = cluster_backup.collect();
        Reading {
            report: LogReport { applications, units: self.units, cluster_backup, trouble },
            may_be_early,
        }
    }
}

/// What was found of an application.
#[derive(Default)]
struct Found<'a> {
    run: Option<&'a PlanRun>,
    lines: Vec<Line>,
    /// True when the end of its backup was found.
    is_whole: bool,
}

/// An application's turns in the run that is wanted.
fn find<'a>(wanted: &Wanted, runs: &'a [PlanRun]) -> Found<'a> {
    let has_turn = |run: &&PlanRun| run.turns_of(wanted.module).next().is_some();
    let with_turn = || runs.iter().filter(has_turn);
    let run = match wanted.end {
        Some(end) => {
            with_turn().rfind(|run| run.turns_of(wanted.module).any(|turn| is_within(turn, wanted.from, end)))
        }
        None => with_turn().rfind(|run| run.began >= earlier(wanted.from, SLACK)),
    };
    if let Some(run) = run {
        let lines = run.turns_of(wanted.module).flat_map(|turn| turn.lines.iter().cloned()).collect();
        return Found { run: Some(run), lines, is_whole: is_whole(run, wanted.module) };
    }
    // It was not reached: how the run was ended says why.
    let ended = runs.iter().rfind(|run| run.was_killed() && run.began >= earlier(wanted.from, SLACK));
    match ended.filter(|_| !wanted.has_failed) {
        Some(run) => Found { run: Some(run), lines: run.ended_by.clone(), is_whole: true },
        None => Found::default(),
    }
}

fn is_whole(run: &PlanRun, module: &ModuleId) -> bool {
    run.was_killed() || run.turns_of(module).last().is_some_and(|turn| turn.is_over)
}

/// True for a turn that overlaps the time that the status tells of.
fn is_within(turn: &Turn, from: Timestamp, end: Timestamp) -> bool {
    turn.from <= later(end, SLACK) && turn.to.is_none_or(|to| to >= earlier(from, SLACK))
}
