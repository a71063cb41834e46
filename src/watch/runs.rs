//! Gathers the results of one run of a plan, from one look at the cluster to the next. Pure.
//!
//! A look sees of each application its last result only, and not which run that was of. That follows from how a run goes
//! (ns8-core's `run-backup`): each application reports once in it, and no node is silent for longer than [`PATIENCE`]. So an
//! application that reports again, or long after the others, has begun the next run.

use std::{collections::BTreeMap, time::Duration};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    alert::{Alert, Followed, Source},
    correlator::{PATIENCE, status::Run},
    ids::{ModuleId, PlanId},
};

/// How long an application's last backup must have taken for it to be given more than the settle time: twice as long.
const LONG: Duration = Duration::from_secs(15 * 60);

/// The name of what is raised for a run, where others have an alert's name.
pub const RUN: &str = "BackupRun";

/// What is known of a plan's runs; kept in the journal.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanRuns {
    /// When the last result of each application ended that has been taken.
    taken: BTreeMap<ModuleId, Timestamp>,
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
pub struct Sight<'a> {
    /// The plan.
    pub plan: &'a PlanId,
    /// Its name.
    pub name: Option<&'a str>,
    /// Its installed applications, with the last result of each.
    pub members: Vec<(&'a ModuleId, Option<&'a Run>)>,
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

impl PlanRuns {
    /// What is known when runs are watched for the first time ever: everything that is there counts as told, but for the results of
    /// a run that goes on, which `is_open` tells.
    pub fn baseline(sight: &Sight, is_open: impl Fn(&ModuleId) -> bool) -> Self {
        let told = sight.members.iter().filter(|(module, _)| !is_open(module));
        let taken = told.filter_map(|(module, run)| Some(((*module).clone(), run.as_ref()?.end))).collect();
        Self { taken, run: None }
    }

    /// Takes a look. `settle` is how long a run may be silent before it is handed over as it is, or longer where an application that
    /// has not reported took long the last time.
    pub fn look(&mut self, sight: &Sight, now: Timestamp, settle: Duration) -> Findings {
        let mut findings = Findings::default();
        let mut fresh: Vec<(&ModuleId, &Run)> = sight
            .members
            .iter()
            .filter_map(|(module, run)| Some((*module, (*run)?)))
            .filter(|(module, run)| self.taken.get(*module).is_none_or(|taken| run.end > *taken))
            .collect();
        fresh.sort_by_key(|(_, run)| (run.start.unwrap_or(run.end), run.end));
        for (module, run) in fresh {
            self.taken.insert(module.clone(), run.end);
            let began_at = run.start.unwrap_or(run.end);
            match &mut self.run {
                Some(gathered) if gathered.takes(module, began_at) => {
                    gathered.results.insert(module.clone(), run.clone());
                    gathered.seen_at = now;
                    // Another node may have begun earlier and reported later. Once it was raised, a run keeps its name.
                    if !gathered.is_raised {
                        gathered.began_at = gathered.began_at.min(began_at);
                    }
                }
                _ => {
                    self.end_run(sight, began_at, &mut findings);
                    self.run = Some(Gathered {
                        began_at,
                        seen_at: now,
                        results: BTreeMap::from([(module.clone(), run.clone())]),
                        is_complete: false,
                        is_raised: false,
                    });
                }
            }
            self.complete_run(sight, &mut findings);
        }
        self.taken.retain(|module, _| sight.members.iter().any(|(member, _)| *member == module));
        // The last that was outstanding may have been taken out of the plan.
        self.complete_run(sight, &mut findings);
        self.give_up(sight, now, settle, &mut findings);
        findings
    }

    /// Ends the run before the one that began at `until`.
    fn end_run(&mut self, sight: &Sight, until: Timestamp, findings: &mut Findings) {
        let Some(run) = self.run.take().filter(|run| !run.is_complete) else { return };
        let alert = run.alert(sight, Some(until));
        if run.is_raised { findings.closed.push(alert) } else { findings.raised.push(alert) }
    }

    /// Hands a run over in which every application has reported.
    fn complete_run(&mut self, sight: &Sight, findings: &mut Findings) {
        let Some(run) = self.run.as_mut().filter(|run| !run.is_complete) else { return };
        run.is_complete = sight.members.iter().all(|(module, _)| run.results.contains_key(*module));
        if run.is_complete {
            let alert = run.alert(sight, None);
            if run.is_raised {
                findings.closed.push(alert)
            } else {
                findings.raised.push(alert)
            }
            run.is_raised = true;
        }
    }

    /// Hands a run over that has been silent for too long, or says when it will have been.
    fn give_up(&mut self, sight: &Sight, now: Timestamp, settle: Duration, findings: &mut Findings) {
        let Some(run) = self.run.as_mut().filter(|run| !run.is_raised) else { return };
        let outstanding = sight.members.iter().filter(|(module, _)| !run.results.contains_key(*module));
        let durations = outstanding.filter_map(|(_, last)| last.as_ref()?.duration());
        let longest = durations.filter(|duration| *duration > LONG).max().unwrap_or_default();
        let give_up_at =
            run.seen_at.checked_add(settle.max(longest.saturating_mul(2))).unwrap_or(Timestamp::MAX);
        // The clock was set back, when we have seen something in the future.
        if now >= give_up_at || now < run.seen_at {
            run.is_raised = true;
            findings.raised.push(run.alert(sight, None));
        } else {
            findings.look_at = Some(give_up_at);
        }
    }
}

impl Gathered {
    /// True when a result that `began_at` then is of this run.
    fn takes(&self, module: &ModuleId, began_at: Timestamp) -> bool {
        let last_sign = self.results.values().map(|run| run.end).max().unwrap_or(self.began_at);
        let silence = Duration::try_from(began_at.duration_since(last_sign)).unwrap_or_default();
        !self.is_complete && !self.results.contains_key(module) && silence <= PATIENCE
    }

    fn alert(&self, sight: &Sight, until: Option<Timestamp>) -> Alert {
        let name = sight.name.map(str::to_owned);
        let alert = Alert::raised(Source::Run, RUN, sight.plan.clone(), name, self.began_at);
        let run = Followed { began_at: self.began_at, until, results: self.results.clone() };
        Alert { run: Some(run), ..alert }
    }
}

#[cfg(test)]
mod tests;
