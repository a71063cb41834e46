// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What a report is to the past of its plans: which run it is about, and how their incidents go on. Each function runs within one transaction.

use jiff::Timestamp;

use super::{incidents, notifications, rows::Database, runs};
use crate::{
    ids::{JobId, ModuleId, PlanId},
    notifier::{
        decision::{Before, Standing},
        notification::Notification,
    },
    report::{
        Report,
        history::{Look, RunRecord},
        incident::{
            News,
            course::{Turn, turn},
        },
    },
};

/// What a report is to the past of each of its plans.
pub(super) struct Courses(Vec<Course>);

struct Course {
    plan: PlanId,
    look: Look,
    is_followed: bool,
    /// What was last told of this very run.
    digest: Option<String>,
    turn: Option<Turn>,
    news: Vec<News>,
}

impl Courses {
    /// What `report` is to the past of its plans.
    pub fn of(
        database: &Database,
        report: &Report,
        runs: &[RunRecord],
        looks: &[(PlanId, Timestamp)],
        muted: impl Fn(&ModuleId) -> bool,
    ) -> rusqlite::Result<Self> {
        let mut courses = Vec::new();
        for plan in &report.correlation.plans {
            let run = runs.iter().find(|run| run.plan == plan.id);
            let began_at = looks.iter().find(|(id, _)| *id == plan.id).map(|(_, began_at)| *began_at);
            let Some(look) = look(database, &plan.id, run, began_at)? else { continue };
            let open = incidents::open(database, &plan.id)?;
            let mut turn = turn(open.as_ref(), plan, look.began_at, look.is_superseded);
            let mut news = Vec::new();
            if let Some(turn) = &mut turn {
                if !turn.is_over {
                    news = turn.incident.news(plan, &muted);
                }
                let said = report.incident(&plan.id).into_iter().flat_map(|incident| &incident.applications);
                for said in said {
                    let kept = turn.incident.applications.iter_mut().find(|kept| kept.module == said.module);
                    // None is an answer too: the repository was read, and there is nothing in it.
                    if let Some(kept) = kept {
                        kept.restorable = said.restorable.clone();
                    }
                }
            }
            courses.push(Course {
                plan: plan.id.clone(),
                look,
                is_followed: run.is_some_and(|run| run.followed),
                digest: runs::digest(database, &plan.id, look.began_at)?,
                turn,
                news,
            });
        }
        Ok(Self(courses))
    }

    fn get(&self, plan: &str) -> Option<&Course> {
        self.0.iter().find(|course| course.plan.as_str() == plan)
    }

    /// True when a later run of the plan is known.
    pub fn is_superseded(&self, plan: &str) -> bool {
        self.get(plan).is_some_and(|course| course.look.is_superseded)
    }

    /// What was reported before of what these notifications are about.
    pub fn before(
        &self,
        database: &Database,
        report: &Report,
        notifications: &[Notification],
    ) -> rusqlite::Result<Vec<Before>> {
        let before = |notification: &Notification| {
            let last = notifications::last(database, &notification.plan)?;
            let Some(course) = self.get(&notification.plan) else {
                return Ok(Before { last, ..Before::default() });
            };
            let was_unread = notifications::was_unread(database, report, last.as_ref())?;
            // The incident says nothing of a run that is not the last one.
            let turn = course.turn.as_ref().filter(|_| !course.look.is_superseded);
            Ok(Before {
                last,
                of_this_run: course.digest.clone().filter(|_| course.is_followed),
                is_known_run: course.digest.as_ref() == Some(&notification.digest),
                was_unread,
                incident: turn.map(|turn| Standing {
                    failing_runs: turn.incident.failing_runs,
                    told_at: turn.incident.told.as_ref().map(|told| told.at),
                    has_news: !course.news.is_empty() || turn.incident.has_settled(),
                    is_over: turn.is_over,
                }),
            })
        };
        notifications.iter().map(before).collect()
    }

    /// The first reports of the incidents that a mail goes on with which says something of the plans that `is_told` is true of.
    pub fn threads(&self, is_told: impl Fn(&str) -> bool) -> Vec<JobId> {
        let told = self.0.iter().filter(|course| is_told(course.plan.as_str()));
        let told = told.filter_map(|course| course.turn.as_ref()?.incident.told.as_ref());
        let mut threads: Vec<JobId> = told.map(|told| told.first_report).collect();
        threads.sort_unstable();
        threads.dedup();
        threads
    }

    /// Keeps the incidents as they are after a report. `subject` is that of its mail, where it is mailed. Something of a plan is said in it where
    /// `is_told` is true of that, and nothing of applications that are `muted`.
    pub fn keep(
        &self,
        database: &Database,
        report: &Report,
        subject: Option<&str>,
        is_told: impl Fn(&str) -> bool,
        muted: impl Fn(&ModuleId) -> bool,
    ) -> rusqlite::Result<()> {
        for Course { plan, look, turn, .. } in &self.0 {
            let Some(turn) = turn else { continue };
            let mut incident = turn.incident.clone();
            if let Some(subject) = subject
                && is_told(plan.as_str())
                && !look.is_superseded
            {
                incident.tell(report.id, subject, report.created_at, &muted);
            }
            incidents::put(database, &incident, turn.is_over.then_some(report.created_at))?;
        }
        Ok(())
    }
}

/// Which run of a plan a report is about. None where no run is known.
pub(super) fn look(
    database: &Database,
    plan: &PlanId,
    run: Option<&RunRecord>,
    began_at: Option<Timestamp>,
) -> rusqlite::Result<Option<Look>> {
    let began_at = match run {
        Some(run) => Some(runs::began_at(database, run)?),
        None => began_at,
    };
    let Some(began_at) = began_at else { return Ok(None) };
    Ok(Some(Look { began_at, is_superseded: runs::is_superseded(database, plan, began_at)? }))
}
