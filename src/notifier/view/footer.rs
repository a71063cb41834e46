// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The end of a mail: what is backed up, and what started the report.

use super::{
    context::{Writer, application_title},
    parts::{FineGroup, FineRow},
};
use crate::{
    alert::{Alert, Source},
    correlator::correlation::{Application, State},
    ids::PlanId,
    language::Language,
    run::Run,
    version::VERSION,
};

/// The most alerts that the footer names.
const MAX_ALERTS: usize = 10;

impl Writer<'_> {
    pub(super) fn fine(&self) -> Vec<FineGroup> {
        let row = |application: &Application| {
            let none = || self.texts().none.to_owned();
            let run = application.last_run.as_ref();
            FineRow {
                application: application_title(application),
                node: self.node(application),
                size: run.and_then(|run| run.size).map_or_else(none, |size| self.format.size(size)),
                duration: run
                    .and_then(Run::duration)
                    .map_or_else(none, |duration| self.format.duration(duration)),
                finished: run
                    .map_or_else(none, |run| self.format.recent_time(run.end, self.report.correlation.at)),
            }
        };
        let mut left = self.limits.backed_up;
        let mut groups = Vec::new();
        for plan in self.report.correlation.plans.iter().take(self.limits.plans) {
            let total = plan.count(State::Ok);
            let rows: Vec<FineRow> = plan.in_state(State::Ok).take(left).map(row).collect();
            left = left.saturating_sub(rows.len());
            let more = total.saturating_sub(rows.len());
            if total > 0 {
                let more = (more > 0).then(|| self.phrases.more_backed_up(more));
                groups.push(FineGroup { heading: self.heading(plan), rows, more });
            }
        }
        groups
    }

    pub(super) fn footer(&self) -> Vec<String> {
        let alert = |alert: &Alert| {
            let plan = alert.plan_name.as_deref().or(alert.plan.as_ref().map(PlanId::as_str));
            let time = alert.starts_at.map(|at| self.format.time(at)).unwrap_or_default();
            match (alert.source, plan) {
                (Source::Run, Some(plan)) => {
                    return self.phrases.started_by_run(plan, &time);
                }
                (Source::Schedule, Some(plan)) => {
                    return self.phrases.started_by_schedule(plan, &time);
                }
                (Source::Stuck, Some(plan)) => {
                    return self.phrases.started_by_stuck_run(plan, &time);
                }
                _ => {}
            }
            let since = alert.starts_at.map(|since| self.format.time(since));
            // NS8's own rules have no other languages.
            let summary = match self.format.language {
                Language::Italian => alert.summary_it.as_ref().or(alert.summary.as_ref()),
                _ => alert.summary.as_ref(),
            };
            self.phrases.started_by_alert(&alert.name, summary.map(String::as_str), since.as_deref())
        };
        let mut footer: Vec<String> = self.report.alerts.iter().take(MAX_ALERTS).map(alert).collect();
        let more = self.report.alerts.len().saturating_sub(MAX_ALERTS);
        footer.extend((more > 0).then(|| self.phrases.more_alerts(more)));
        footer.push(format!(
            "{} {} · {} · ns8-backup-monitor {}",
            self.texts().report,
            self.report.id,
            self.format.time(self.report.created_at),
            VERSION
        ));
        footer
    }
}
