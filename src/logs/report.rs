// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! From the entries of the nodes to what is known of each application. Pure.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    NodeEntries, Reading,
    findings::{ApplicationLog, ClusterBackupLog, LogReport, LogTrouble},
    keep::keep,
    query::{Wanted, is_unwell, unwell_plans},
    turns::{self, Line, PlanRun, Turn},
};
use crate::{correlator::correlation::Correlation, ids::ModuleId};

/// How much all lines of a report may be, in bytes: it is kept in the journal, and read by the pages.
const MAX_TOTAL: usize = 512 * 1024;
/// How much the lines of one application may be.
const MAX_EACH: usize = 16 * 1024;
/// For how long after the end of a run its log may still be on its way.
const SHIPPING: SignedDuration = SignedDuration::from_secs(120);
/// By how much a turn's time in the log and in its status may differ: the latter is in whole seconds, and written a little apart.
const SLACK: SignedDuration = SignedDuration::from_secs(5);

/// What is known of each application, from what was read.
pub(super) fn assemble(
    correlation: &Correlation,
    nodes: &[NodeEntries],
    trouble: Option<LogTrouble>,
) -> Reading {
    let unwell = || {
        unwell_plans(correlation).flat_map(|plan| {
            let unwell = plan.applications.iter().filter(|application| is_unwell(application));
            unwell.map(move |application| (plan, application))
        })
    };
    let budget = MAX_TOTAL.checked_div(unwell().count()).unwrap_or(MAX_EACH).min(MAX_EACH);
    let mut runs: HashMap<(&str, &str), Vec<PlanRun>> = HashMap::new();
    for node in nodes {
        for plan in unwell_plans(correlation) {
            let found = turns::runs(&plan.id, &node.entries);
            runs.insert((plan.id.as_str(), node.node.as_str()), found);
        }
    }
    let (mut applications, mut may_be_early) = (Vec::new(), false);
    for (plan, application) in unwell() {
        let wanted = Wanted::new(plan, application, correlation.at);
        let runs = runs.get(&(plan.id.as_str(), application.node.as_str())).map_or(&[][..], Vec::as_slice);
        let found = find(&wanted, runs);
        let has_just_ended = wanted.end.is_some_and(|end| correlation.at.duration_since(end) < SHIPPING);
        may_be_early |= wanted.has_failed && has_just_ended && !found.is_whole && trouble.is_none();
        if wanted.is_pending && found.lines.is_empty() {
            continue;
        }
        applications.push(ApplicationLog {
            plan: plan.id.clone(),
            module: application.module.clone(),
            started_by: found.run.map(|run| run.starter),
            lines: keep(found.lines, budget),
        });
    }
    let mut cluster_backup = Vec::new();
    for plan in unwell_plans(correlation) {
        let of_plan = nodes.iter().filter_map(|node| runs.get(&(plan.id.as_str(), node.node.as_str())));
        let last = of_plan.flatten().filter(|run| !run.before.is_empty()).max_by_key(|run| run.began);
        if let Some(run) = last {
            let lines = keep(run.before.clone(), MAX_EACH);
            cluster_backup.push(ClusterBackupLog { plan: plan.id.clone(), lines });
        }
    }
    Reading { report: LogReport { applications, cluster_backup, trouble }, may_be_early }
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
        None => with_turn().rfind(|run| run.began >= earlier(wanted.from)),
    };
    if let Some(run) = run {
        let lines = run.turns_of(wanted.module).flat_map(|turn| turn.lines.iter().cloned()).collect();
        return Found { run: Some(run), lines, is_whole: is_whole(run, wanted.module) };
    }
    // It was not reached: how the run was ended says why.
    let ended = runs.iter().rfind(|run| run.was_killed() && run.began >= earlier(wanted.from));
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
    let later = |time: Timestamp| time.saturating_add(SLACK).unwrap_or(Timestamp::MAX);
    turn.from <= later(end) && turn.to.is_none_or(|to| to >= earlier(from))
}

fn earlier(time: Timestamp) -> Timestamp {
    time.saturating_sub(SLACK).unwrap_or(Timestamp::MIN)
}
