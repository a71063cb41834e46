// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which line belongs to which application: from its turn's start to its end, in the unit that runs the plan, and by the module's label
//! at that time. Pure.

use std::collections::HashMap;

use jiff::{SignedDuration, Timestamp};

use super::{
    entries::{Entry, Voice},
    findings::Starter,
    markers::Marker,
};
use crate::{
    ids::{ModuleId, PlanId},
    times::later,
};

/// How long after the end of a turn lines of the module may still come: another process writes them.
const SLACK: SignedDuration = SignedDuration::from_secs(2);
/// How many lines before the first application are kept.
const MAX_BEFORE: usize = 40;
/// How many lines one turn holds, half of them its first and half its last.
const MAX_LINES: usize = 2000;

/// One line of an entry.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    /// When it was written.
    pub at: Timestamp,
    /// What it says.
    pub text: String,
    /// True when its writer said that it is an error.
    pub is_error: bool,
}

/// An application's turn in a run. One whose backup was already running has several.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The application.
    pub module: ModuleId,
    /// When it began.
    pub from: Timestamp,
    /// When it ended. None where that was not seen.
    pub to: Option<Timestamp>,
    /// True when its end was written down.
    pub is_over: bool,
    /// Its lines; in the order of time once all entries were taken.
    pub lines: Vec<Line>,
}

/// One run of a plan on a node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PlanRun {
    /// Who started it.
    pub starter: Starter,
    /// When its first line was written.
    pub began: Timestamp,
    /// What was said before the first application's turn: the cluster's own configuration backup.
    pub before: Vec<Line>,
    /// Its turns.
    pub turns: Vec<Turn>,
    /// How it was ended, where it did not end by itself.
    pub ended_by: Vec<Line>,
}

impl Turn {
    /// Takes an entry that was written elsewhere during the turn.
    fn overhear(&mut self, entry: &Entry) {
        let until = self.to.map(|to| later(to, SLACK));
        if self.from <= entry.at && until.is_none_or(|until| entry.at <= until) {
            push(&mut self.lines, entry);
        }
    }
}

impl PlanRun {
    /// The turns of an application.
    pub fn turns_of(&self, module: &ModuleId) -> impl Iterator<Item = &Turn> {
        self.turns.iter().filter(move |turn| turn.module == *module)
    }

    /// True when it was killed.
    pub fn was_killed(&self) -> bool {
        !self.ended_by.is_empty()
    }
}

/// The runs of a plan in the entries of a node, which are in the order of time.
pub fn runs(plan: &PlanId, entries: &[Entry]) -> Vec<PlanRun> {
    let mut timer = Reader::new(plan, Starter::Timer);
    let mut agent = Reader::new(plan, Starter::Person);
    for entry in entries {
        match &entry.voice {
            Voice::Timer(of) if of == plan => timer.take(entry),
            Voice::Systemd(of) if of == plan => timer.take_end(entry),
            Voice::Agent => agent.take(entry),
            Voice::Timer(_) | Voice::Systemd(_) | Voice::Kernel | Voice::Module => {}
        }
    }
    let mut runs = [timer.runs, agent.runs].concat();
    let mut turns: HashMap<String, Vec<&mut Turn>> = HashMap::new();
    for turn in runs.iter_mut().flat_map(|run| &mut run.turns) {
        turns.entry(turn.module.to_string()).or_default().push(turn);
    }
    for entry in entries {
        match (&entry.voice, &entry.module) {
            (Voice::Module, Some(module)) => {
                turns.get_mut(&**module).into_iter().flatten().for_each(|turn| turn.overhear(entry));
            }
            (Voice::Kernel, _) => turns.values_mut().flatten().for_each(|turn| turn.overhear(entry)),
            _ => {}
        }
    }
    for turn in runs.iter_mut().flat_map(|run| &mut run.turns) {
        turn.lines.sort_by_key(|line| line.at);
    }
    runs.sort_by_key(|run| run.began);
    runs
}

/// Follows what `run-backup` says in one unit.
struct Reader<'a> {
    plan: &'a PlanId,
    starter: Starter,
    runs: Vec<PlanRun>,
    /// What was said since the last run.
    before: Vec<Line>,
    /// True while the last run goes on.
    runs_on: bool,
    /// True while a turn of the last run goes on.
    turn_is_open: bool,
    /// True while another plan's application has its turn in this unit.
    is_elsewhere: bool,
}

impl<'a> Reader<'a> {
    fn new(plan: &'a PlanId, starter: Starter) -> Self {
        let (runs, before) = (Vec::new(), Vec::new());
        Self { plan, starter, runs, before, runs_on: false, turn_is_open: false, is_elsewhere: false }
    }

    fn take(&mut self, entry: &Entry) {
        match Marker::parse(&entry.text) {
            Some(Marker::Starts(module, plan)) if plan == *self.plan => self.start(module, entry),
            Some(Marker::Starts(..)) => {
                self.close_turn(entry.at, false);
                self.is_elsewhere = true;
            }
            Some(Marker::Ends(module, plan)) if plan == *self.plan => self.end(&module, entry),
            Some(Marker::Ends(..)) => self.is_elsewhere = false,
            Some(Marker::IsBusy(module) | Marker::GivesUp(module)) => self.end(&module, entry),
            Some(Marker::RunEnds(plan)) => {
                if plan == *self.plan {
                    self.close_turn(entry.at, false);
                    self.runs_on = false;
                }
                self.before.clear();
            }
            None => self.line(entry),
        }
    }

    fn start(&mut self, module: ModuleId, entry: &Entry) {
        self.close_turn(entry.at, false);
        self.is_elsewhere = false;
        let has_had_its_turn = |turn: &Turn| turn.module == module && !was_busy(turn);
        let is_next_run = self.run().is_none_or(|run| run.turns.iter().any(has_had_its_turn));
        if is_next_run {
            let before = std::mem::take(&mut self.before);
            let began = before.first().map_or(entry.at, |line| line.at);
            self.open_run(began, before);
        }
        let mut turn = Turn { module, from: entry.at, to: None, is_over: false, lines: Vec::new() };
        push(&mut turn.lines, entry);
        if let Some(run) = self.run() {
            run.turns.push(turn);
            self.turn_is_open = true;
        }
    }

    /// The end of a turn: of the one that goes on, else the last of this application.
    fn end(&mut self, module: &ModuleId, entry: &Entry) {
        self.is_elsewhere = false;
        let is_of = |turn: &&mut Turn| turn.module == *module;
        let Some(run) = self.run() else { return };
        if let Some(turn) = run.turns.iter_mut().rev().find(is_of) {
            push(&mut turn.lines, entry);
            turn.to.get_or_insert(entry.at);
            turn.is_over = true;
        }
        if self.run().is_some_and(|run| run.turns.last().is_some_and(|turn| turn.is_over)) {
            self.turn_is_open = false;
        }
    }

    fn line(&mut self, entry: &Entry) {
        if self.is_elsewhere {
            return;
        }
        if self.turn_is_open {
            if let Some(turn) = self.run().and_then(|run| run.turns.last_mut()) {
                push(&mut turn.lines, entry);
            }
        } else if !self.runs_on && (self.starter == Starter::Timer || is_about_cluster_backup(&entry.text)) {
            push(&mut self.before, entry);
            let surplus = self.before.len().saturating_sub(MAX_BEFORE);
            self.before.drain(..surplus);
        }
    }

    /// systemd says that the unit was ended.
    fn take_end(&mut self, entry: &Entry) {
        if self.run().is_none() {
            let before = std::mem::take(&mut self.before);
            // Several lines tell of one end.
            let is_more = self.runs.last().is_some_and(|run| {
                run.was_killed() && run.ended_by.iter().any(|line| entry.at.duration_since(line.at) <= SLACK)
            });
            if !is_more {
                self.open_run(entry.at, before);
            }
        }
        let turn_is_open = self.turn_is_open;
        if let Some(run) = self.runs.last_mut() {
            push(&mut run.ended_by, entry);
            if let Some(turn) = run.turns.last_mut().filter(|turn| turn_is_open || turn.to == Some(entry.at))
            {
                push(&mut turn.lines, entry);
            }
        }
        self.close_turn(entry.at, false);
        self.runs_on = false;
    }

    fn run(&mut self) -> Option<&mut PlanRun> {
        if self.runs_on { self.runs.last_mut() } else { None }
    }

    fn open_run(&mut self, began: Timestamp, before: Vec<Line>) {
        let (turns, ended_by) = (Vec::new(), Vec::new());
        self.runs.push(PlanRun { starter: self.starter, began, before, turns, ended_by });
        self.runs_on = true;
        self.turn_is_open = false;
    }

    fn close_turn(&mut self, at: Timestamp, is_over: bool) {
        if std::mem::take(&mut self.turn_is_open)
            && let Some(turn) = self.runs.last_mut().and_then(|run| run.turns.last_mut())
        {
            turn.to.get_or_insert(at);
            turn.is_over |= is_over;
        }
    }
}

/// True when the turn ended because the application's backup was already running.
fn was_busy(turn: &Turn) -> bool {
    let is_busy = |line: &Line| matches!(Marker::parse(&line.text), Some(Marker::IsBusy(_)));
    turn.lines.last().is_some_and(is_busy)
}

/// True for what `run-backup` says of the cluster's configuration backup. In the agent's unit other things stand around it.
fn is_about_cluster_backup(text: &str) -> bool {
    text.contains("cluster backup") || text.contains("cluster-backup")
}

/// Takes the lines of an entry. Of very many, the first and the last stay.
fn push(lines: &mut Vec<Line>, entry: &Entry) {
    for text in entry.text.lines().map(str::trim).filter(|text| !text.is_empty()) {
        if lines.len() >= MAX_LINES {
            lines.remove(MAX_LINES / 2);
        }
        lines.push(Line { at: entry.at, text: text.to_owned(), is_error: entry.is_error });
    }
}
