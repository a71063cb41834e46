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
    notifier::{self, format::Format},
    repo_check::RepoChecker,
    report::Report,
};

/// Reads the cluster, asks the repositories if something is not well, and prints the report. Nothing is kept or sent.
///
/// # Errors
/// [`ReadError`] when the cluster can't be read.
pub async fn report(settings: &Settings, plans: Vec<PlanId>) -> Result<(), ReadError> {
    let reader = ClusterReader::new(&settings.redis_url, settings.zone.clone())?;
    let scope = Scope::about(plans);
    let now = Timestamp::now();
    let facts = reader.read(&scope, now).await?;
    let began = Instant::now();
    let correlation = classify(&facts, &scope, now, &settings.zone);
    let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
    tracing::debug!(plans = correlation.plans.len(), milliseconds, "classified");
    let repos = RepoChecker::new(settings.repo_check.clone()).check(&correlation).await;
    let cluster = settings.cluster_name.clone().or_else(|| correlation.cluster.clone());
    let cluster = cluster.unwrap_or_else(|| crate::pipeline::stages::UNNAMED_CLUSTER.into());
    let report = Report::new(JobId(0), now, cluster, Vec::new(), correlation, repos);
    let format = Format { language: settings.mail.language, zone: settings.zone.clone() };
    let message = notifier::compose(&report, &format);
    println!("{}", message.text.trim_end());
    Ok(())
}
