// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `report [PLAN…]`: correlate now, and print what a mail would say.

use std::time::Instant;

use jiff::Timestamp;

use crate::{
    config::Settings,
    correlator::{
        classify,
        facts::Scope,
        read::{ClusterReader, ReadError},
    },
    ids::{JobId, PlanId},
    journal,
    logs::LogReader,
    notifier::{
        self,
        decision::{Found, Origin, Policy, decide},
        format::Format,
    },
    repo_check::RepoChecker,
    report::{Report, history::RunRecord},
};

/// Why there is no report, or not of all that was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The cluster can't be read.
    #[error(transparent)]
    Read(#[from] ReadError),
    /// Plans that the cluster does not have.
    #[error("there is no plan {0} in the cluster; `report` without an id shows all plans that ran recently")]
    NoSuchPlan(String),
}

/// Reads the cluster, reads the log and asks the repositories if something is not well, and prints the report. Nothing is kept or sent.
///
/// # Errors
/// [`ReportError`]
pub async fn report(settings: &Settings, plans: Vec<PlanId>) -> Result<(), ReportError> {
    let reader = ClusterReader::new(&settings.redis_url, settings.zone.clone())?;
    let scope = Scope::about(plans.iter().cloned());
    let now = Timestamp::now();
    let facts = reader.read(&scope, now).await?;
    let unknown: Vec<&str> =
        plans.iter().filter(|plan| !facts.plans.contains_key(*plan)).map(PlanId::as_str).collect();
    if !unknown.is_empty() {
        return Err(ReportError::NoSuchPlan(unknown.join(", ")));
    }
    let began = Instant::now();
    let correlation = classify(&facts, &scope, now, &settings.zone);
    let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
    tracing::debug!(plans = correlation.plans.len(), milliseconds, "classified");
    let logs = LogReader::new(settings).read(&correlation).await.map(|reading| reading.report);
    let repos = RepoChecker::new(settings.repo_check.clone()).check(&correlation).await;
    let cluster = settings.cluster_name.clone().or_else(|| correlation.cluster.clone());
    let cluster = cluster.unwrap_or_else(|| crate::report::UNNAMED_CLUSTER.into());
    let report = Report::new(JobId(0), now, cluster, Vec::new(), correlation, logs, repos);
    let format = Format::of(settings);
    let message = notifier::compose(&report, &format);
    println!("{}", message.text.trim_end());
    println!();
    println!("{}", decision(settings, &report, now));
    Ok(())
}

/// Whether the service would mail this report if an alert asked for it now, and why.
fn decision(settings: &Settings, report: &Report, now: Timestamp) -> String {
    let found = Found::of(report);
    let runs: Vec<RunRecord> =
        report.correlation.plans.iter().filter_map(|plan| RunRecord::new(plan, None)).collect();
    let before = match journal::last_reported(&settings.state_dir, &found.notifications, report, &runs) {
        Ok(before) => before,
        Err(error) => return format!("Decision: unknown, as {error}"),
    };
    let origin = Origin { has_alarmed: true, is_repeated_on_purpose: true };
    let decision = decide(&found, &before, origin, &Policy::of(settings, now), now);
    let verb = if decision.is_send() { "send" } else { "hold" };
    format!("Decision: {verb} ({})", settings.mail.language.phrases().decision(decision))
}
