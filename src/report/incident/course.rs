// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! How an incident goes on from one look at its plan to the next. Pure; the journal keeps the value.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{FailingApplication, News, PlanIncident, Restorable};
use crate::{
    cause::Cause,
    correlator::correlation::{Application, Outcome, Plan, PlanIssue, State},
    ids::{JobId, ModuleId, PlanId},
    times::{CLOCK_SLACK, earlier},
};

/// An incident as the journal keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Incident {
    /// The plan.
    pub plan: PlanId,
    /// Its name.
    pub name: Option<String>,
    /// When its first run that was not SUCCESS began.
    pub since: Timestamp,
    /// When the last run that counts in it began.
    pub last_run: Timestamp,
    /// True when that is only when it was due: nothing of the run was seen by then.
    #[serde(default)]
    pub is_only_due: bool,
    /// How many runs in a row were not SUCCESS.
    pub failing_runs: u32,
    /// How the last run came out.
    pub outcome: Outcome,
    /// The applications that are not well.
    pub applications: Vec<Failing>,
    /// What was last mailed about it. None while nothing was.
    pub told: Option<Told>,
}

/// An application that is not well in an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// The application.
    pub module: ModuleId,
    /// What became of it: failed or missing.
    pub state: State,
    /// Why, as far as that is known. A later run that does not show why leaves what was known.
    pub cause: Option<Cause>,
    /// In how many of the plan's runs in a row.
    pub failing_runs: u32,
    /// The last run that counts in that.
    pub last_run: Timestamp,
    /// What can be restored of it, as far as anything is known.
    pub restorable: Option<Restorable>,
}

/// What was mailed about an incident.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Told {
    /// The first report: the others are in its thread.
    pub first_report: JobId,
    /// The subject of its mail.
    pub first_subject: String,
    /// The last report.
    pub last_report: JobId,
    /// When that was.
    pub at: Timestamp,
    /// How the run came out in it.
    pub outcome: Outcome,
    /// Who was not well in it, and how.
    pub applications: Vec<Failing>,
}

/// What a look makes of a plan's incident.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// The incident after it.
    pub incident: Incident,
    /// True when it is over.
    pub is_over: bool,
}

/// What becomes of a plan's open incident with a look at a run that began at `began_at`, the run of this look that is known best: None when
/// there is none. `is_superseded` when a later run of the plan is known, so that this one does not begin an incident.
pub fn turn(open: Option<&Incident>, plan: &Plan, began_at: Timestamp, is_superseded: bool) -> Option<Turn> {
    // A plan that is gone will never succeed again.
    let is_gone = plan.issues.contains(&PlanIssue::PlanNotFound);
    let is_over = plan.outcome == Outcome::Success || is_gone;
    let Some(open) = open else {
        return (!is_over && !is_superseded)
            .then(|| Turn { incident: Incident::new(plan, began_at), is_over });
    };
    // An occurrence of which nothing was seen yet is the run that then answers to it.
    let is_same = began_at == open.last_run
        || plan.due.is_some_and(|due| due == open.last_run && began_at >= due)
        || open.is_answered_early(plan, began_at);
    if is_gone || (is_over && (is_same || began_at > open.last_run)) {
        return Some(Turn { incident: open.clone(), is_over });
    }
    let mut incident = open.clone();
    // What comes late of an earlier run is not its last word.
    if is_same || began_at > open.last_run {
        incident.go_on(plan, began_at, is_same);
    }
    Some(Turn { incident, is_over: false })
}

impl Incident {
    fn new(plan: &Plan, began_at: Timestamp) -> Self {
        let mut incident = Self {
            plan: plan.id.clone(),
            name: plan.name.clone(),
            since: began_at,
            last_run: began_at,
            is_only_due: false,
            failing_runs: 0,
            outcome: plan.outcome,
            applications: Vec::new(),
            told: None,
        };
        incident.go_on(plan, began_at, false);
        incident
    }

    /// True when a run that began before the occurrence of which nothing was seen yet is the one that answers to it: it was started by hand
    /// and still ran then, or by a clock that is slow.
    fn is_answered_early(&self, plan: &Plan, began_at: Timestamp) -> bool {
        let due = self.last_run;
        let Some(end) = end(plan).filter(|_| self.is_only_due && began_at < due) else { return false };
        // In a plan that runs every hour, the run before is as near.
        let is_nearer_to_earlier = plan.due.is_some_and(|before| {
            before < due && began_at.duration_since(before) < due.duration_since(began_at)
        });
        end >= due || (began_at >= earlier(due, CLOCK_SLACK) && !is_nearer_to_earlier)
    }

    fn go_on(&mut self, plan: &Plan, began_at: Timestamp, is_same: bool) {
        if !is_same {
            self.failing_runs = self.failing_runs.saturating_add(1);
        }
        let counted = self.last_run;
        if began_at >= self.last_run {
            self.last_run = began_at;
            self.is_only_due = plan.due == Some(began_at) && end(plan).is_none();
        }
        self.outcome = plan.outcome;
        self.name = plan.name.clone().or(self.name.take());
        let before = std::mem::take(&mut self.applications);
        for application in &plan.applications {
            let known = before.iter().find(|known| known.module == application.module);
            match application.state {
                State::Ok => {}
                // How it comes out is not known yet.
                State::Pending => self.applications.extend(known.cloned()),
                State::Failed | State::Missing => {
                    let was_counted = is_same && known.is_some_and(|known| known.last_run == counted);
                    self.applications.push(Failing::new(application, self.last_run, known, was_counted));
                }
            }
        }
    }

    /// What is new about it since it was last mailed, but for applications that are `muted`. Empty while nothing was mailed.
    pub fn news(&self, plan: &Plan, muted: impl Fn(&ModuleId) -> bool) -> Vec<News> {
        let Some(told) = &self.told else { return Vec::new() };
        let mut news: Vec<News> = Vec::new();
        for now in self.applications.iter().filter(|failing| !muted(&failing.module)) {
            let module = now.module.clone();
            match told.applications.iter().find(|told| told.module == now.module) {
                None => news.push(News::Application { module }),
                Some(told) if told.state != now.state => {
                    news.push(News::State { module, before: told.state, now: now.state });
                }
                Some(told) if now.cause.is_some() && told.cause != now.cause => {
                    let cause = |cause: Option<Cause>| cause.unwrap_or(Cause::Unknown);
                    news.push(News::Cause { module, before: cause(told.cause), now: cause(now.cause) });
                }
                Some(_) => {}
            }
        }
        let is_well = |module: &ModuleId| plan.in_state(State::Ok).any(|well| well.module == *module);
        let recovered = told.applications.iter().filter(|told| is_well(&told.module) && !muted(&told.module));
        news.extend(recovered.map(|told| News::Recovered { module: told.module.clone() }));
        news
    }

    /// Writes down that a report about it was mailed, in which nothing was said of applications that are `muted`.
    pub fn tell(&mut self, report: JobId, subject: &str, at: Timestamp, muted: impl Fn(&ModuleId) -> bool) {
        let applications =
            self.applications.iter().filter(|failing| !muted(&failing.module)).cloned().collect();
        let (first_report, first_subject) = match self.told.take() {
            Some(told) => (told.first_report, told.first_subject),
            None => (report, subject.to_owned()),
        };
        self.told = Some(Told {
            first_report,
            first_subject,
            last_report: report,
            at,
            outcome: self.outcome,
            applications,
        });
    }

    /// True when it was last mailed while its run went on, whose result is known now.
    pub fn has_settled(&self) -> bool {
        self.outcome != Outcome::Pending
            && self.told.as_ref().is_some_and(|told| told.outcome == Outcome::Pending)
    }

    /// Takes back what a report told, which reached nobody. True when that changes anything.
    pub fn untell(&mut self, report: JobId) -> bool {
        match &mut self.told {
            Some(told) if told.last_report == report && told.first_report == report => self.told = None,
            // What it said is said again with the next look.
            Some(told) if told.last_report == report => told.at = Timestamp::UNIX_EPOCH,
            _ => return false,
        }
        true
    }

    /// What a report says of it.
    pub fn as_reported(&self, is_over: bool, news: Vec<News>) -> PlanIncident {
        let application = |failing: &Failing| FailingApplication {
            module: failing.module.clone(),
            failing_runs: failing.failing_runs,
            restorable: failing.restorable.clone(),
        };
        PlanIncident {
            plan: self.plan.clone(),
            since: self.since,
            failing_runs: self.failing_runs,
            first_report: self.told.as_ref().map(|told| told.first_report),
            first_subject: self.told.as_ref().map(|told| told.first_subject.clone()),
            is_over,
            applications: self.applications.iter().map(application).collect(),
            news,
        }
    }
}

/// When the last application that has had its turn in a run ended. None when none has.
fn end(plan: &Plan) -> Option<Timestamp> {
    let of_this_run = plan.applications.iter().filter(|application| {
        matches!(application.state, State::Ok | State::Failed) && !application.is_own_word
    });
    of_this_run.filter_map(|application| application.last_run.as_ref()).map(|run| run.end).max()
}

impl Failing {
    fn new(
        application: &Application,
        last_run: Timestamp,
        known: Option<&Failing>,
        was_counted: bool,
    ) -> Self {
        let state = application.state;
        let cause = application.diagnosis.as_ref().map(|diagnosis| diagnosis.cause);
        let known_cause = known.filter(|known| known.state == state).and_then(|known| known.cause);
        let runs_before = known.map_or(0, |known| known.failing_runs);
        Self {
            module: application.module.clone(),
            state,
            cause: cause.filter(|cause| *cause != Cause::Unknown).or(known_cause),
            failing_runs: if was_counted { runs_before } else { runs_before.saturating_add(1) },
            last_run,
            restorable: known.and_then(|known| known.restorable.clone()),
        }
    }
}

#[cfg(test)]
mod tests;
