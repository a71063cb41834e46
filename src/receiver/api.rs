// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What can be read as JSON or plain text.

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use warp::{
    Reply,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{
    answer::{error, json},
    context::Receiver,
    incidents, plans,
    resend::{MAX_RESENDS, MAX_RESENDS_OF_REPORT},
    restore_points,
};
use crate::{
    checks::{Check, readiness::Ready},
    correlator::correlation::Outcome,
    duty::Duty,
    ids::JobId,
    journal::{Job, JournalError, ReportEntry, ReportFilter},
    notifier::{format::Format, gaps},
    proof::cluster_watch,
    telemetry::{METRICS_CONTENT_TYPE, PLAIN_METRICS_CONTENT_TYPE},
    version::VERSION,
};

/// How many reports are listed where no `limit` says.
const DEFAULT_LIMIT: u32 = 50;
/// How many reports can be listed: all that are kept.
const MAX_LIMIT: u32 = 1000;
/// The longest page, in bytes: fewer reports than asked for come where they are long, and the others with `before`.
const MAX_PAGE: usize = 1024 * 1024;
/// How many reports the status shows.
pub(super) const STATUS_REPORTS: u32 = 20;

/// What `/api/status` answers, and the page shows.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    version: &'static str,
    ready: bool,
    reasons: Vec<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duty: Option<Duty>,
    checks: Vec<Check>,
    jobs: Vec<JobSummary>,
    reports: Vec<ReportEntry>,
}

/// A job that is not done.
#[derive(Debug, Serialize)]
pub(super) struct JobSummary {
    id: JobId,
    stage: &'static str,
    created_at: Timestamp,
    due_at: Timestamp,
    #[serde(rename = "looks")]
    reads: u32,
    follow_up: bool,
    note: Option<String>,
    alerts: usize,
    plans: Vec<String>,
}

impl From<&Job> for JobSummary {
    fn from(job: &Job) -> Self {
        let mut plans: Vec<String> =
            job.alerts.iter().filter_map(|alert| alert.plan.as_ref()).map(ToString::to_string).collect();
        plans.dedup();
        Self {
            id: job.id,
            stage: job.stage.as_str(),
            created_at: job.created_at,
            due_at: job.due_at,
            reads: job.reads,
            follow_up: job.follow_up,
            note: job.note.clone(),
            alerts: job.alerts.len(),
            plans,
        }
    }
}

/// `GET /healthz`: this process answers.
pub(super) async fn healthz(_: Arc<Receiver>) -> Response {
    "ok\n".into_response()
}

/// `GET /readyz`: this process can do its work, or why not.
pub(super) async fn readyz(receiver: Arc<Receiver>) -> Response {
    let ready = receiver.readiness.get().await;
    let status = if ready.ready { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE };
    json(status, &ready)
}

/// `GET /api/status`
pub(super) async fn status(receiver: Arc<Receiver>) -> Response {
    let (mut checks, outside, jobs, reports) = tokio::join!(
        receiver.readiness.checks(),
        receiver.readiness.outside(),
        receiver.journal.jobs(),
        receiver.journal.reports(ReportFilter::default(), STATUS_REPORTS)
    );
    let ready = Ready::from_checks(&checks, receiver.readiness.duty());
    checks.extend(outside);
    // Without a journal there is nothing to list; the reasons say so.
    let status = Status {
        version: VERSION,
        ready: ready.ready,
        reasons: ready.reasons,
        duty: ready.duty,
        checks,
        jobs: jobs.unwrap_or_default().iter().map(JobSummary::from).collect(),
        reports: reports.map(|page| page.reports).unwrap_or_default(),
    };
    json(StatusCode::OK, &status)
}

/// `GET /api/reports?limit=&before=&plan=&outcome=&application=`
pub(super) async fn reports(receiver: &Receiver, query: &str) -> Response {
    let (filter, limit) = match page_query(query) {
        Ok(query) => query,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    match receiver.journal.reports(filter, limit).await {
        Ok(mut page) => {
            page.reports.truncate(fitting(&page.reports, MAX_PAGE));
            json(StatusCode::OK, &page)
        }
        Err(reason) => unavailable(&reason),
    }
}

/// `GET /api/reports/<id>`
pub(super) async fn report(receiver: &Receiver, id: &str) -> Response {
    let Ok(number) = id.parse() else { return no_report(id) };
    match receiver.journal.report(JobId(number)).await {
        Ok(Some(report)) => json(StatusCode::OK, &report),
        Ok(None) => no_report(id),
        Err(reason) => unavailable(&reason),
    }
}

/// `POST /api/reports/<id>/send`: sends a report's mail again.
pub(super) async fn send(receiver: &Receiver, id: &str) -> Response {
    let Ok(report) = id.parse().map(JobId) else { return no_report(id) };
    if let Err(wait) = receiver.resends.take(report) {
        let words = format!(
            "{MAX_RESENDS_OF_REPORT} emails of one report and {MAX_RESENDS} in all are sent again within an hour"
        );
        let mut answer = error(StatusCode::TOO_MANY_REQUESTS, words);
        answer.headers_mut().insert(header::RETRY_AFTER, wait.as_secs().saturating_add(1).into());
        return answer;
    }
    let queued = receiver.journal.resend(report, Timestamp::now()).await;
    if !matches!(queued, Ok(true)) {
        receiver.resends.give_back(report);
    }
    match queued {
        Ok(true) => {
            tracing::info!(%report, "email queued for resending");
            json(StatusCode::ACCEPTED, &serde_json::json!({"queued": true}))
        }
        Ok(false) => no_report(id),
        Err(reason) => unavailable(&reason),
    }
}

/// `GET /api/plans`: the cluster's plans, and the last runs of each.
pub(super) async fn plans(receiver: Arc<Receiver>) -> Response {
    let (roster, runs) = tokio::join!(receiver.roster.get(), receiver.journal.last_runs(plans::RUNS));
    match runs {
        Ok(runs) => {
            let zone = &receiver.settings.zone;
            json(StatusCode::OK, &plans::plans(&runs, roster.as_deref(), Timestamp::now(), zone))
        }
        Err(reason) => unavailable(&reason),
    }
}

/// `GET /api/incidents`: those that are open, and the last that are over.
pub(super) async fn incidents(receiver: Arc<Receiver>) -> Response {
    match receiver.journal.incidents(incidents::CLOSED).await {
        Ok(records) => {
            let mut listed = incidents::incidents(&records);
            listed.truncate(fitting(&listed, MAX_PAGE));
            json(StatusCode::OK, &serde_json::json!({"incidents": listed}))
        }
        Err(reason) => unavailable(&reason),
    }
}

/// `GET /api/gaps`: what is not protected, worst first.
pub(super) async fn gaps(receiver: Arc<Receiver>) -> Response {
    match receiver.journal.gaps().await {
        Ok(gaps) => {
            let format = Format::of(&receiver.settings);
            let mut listed = gaps::listed(&gaps, &format, Timestamp::now());
            listed.truncate(fitting(&listed, MAX_PAGE));
            json(StatusCode::OK, &serde_json::json!({"gaps": listed}))
        }
        Err(reason) => unavailable(&reason),
    }
}

/// `GET /api/restore-points`: what can be restored of each application, and how the cluster's own backup is.
pub(super) async fn restore_points(receiver: Arc<Receiver>) -> Response {
    let (roster, records, gaps, cluster_backup) = tokio::join!(
        receiver.roster.get(),
        receiver.journal.restore_points_all(),
        receiver.journal.gaps(),
        cluster_watch::known(&receiver.journal)
    );
    match (records, gaps, cluster_backup) {
        (Ok(records), Ok(gaps), Ok(cluster_backup)) => {
            let (now, zone) = (Timestamp::now(), &receiver.settings.zone);
            let listed = roster.map(|roster| crate::restore_points::listed(&records, &roster, now, zone));
            let listed = listed.unwrap_or_default();
            let mut table = restore_points::restore_points(&listed, &gaps, cluster_backup);
            table.restore_points.truncate(fitting(&table.restore_points, MAX_PAGE));
            json(StatusCode::OK, &table)
        }
        (Err(reason), _, _) | (_, Err(reason), _) | (_, _, Err(reason)) => unavailable(&reason),
    }
}

/// `GET /metrics`
pub(super) async fn metrics(receiver: Arc<Receiver>, accept: Option<String>) -> Response {
    let (ready, roster, jobs, queued, runs) = tokio::join!(
        receiver.readiness.get(),
        receiver.roster.get(),
        receiver.journal.jobs(),
        receiver.journal.mails_queued(),
        receiver.journal.last_runs(plans::RUNS)
    );
    let metrics = &receiver.metrics;
    metrics.ready.set(ready.ready.into());
    if let Ok(jobs) = jobs {
        metrics.jobs.set(i64::try_from(jobs.len()).unwrap_or(i64::MAX));
    }
    if let Ok(queued) = queued {
        metrics.mails_queued.set(queued.into());
    }
    metrics.unreadable_rows.set(i64::try_from(receiver.journal.unreadable_rows()).unwrap_or(i64::MAX));
    if let Ok(runs) = runs {
        let zone = &receiver.settings.zone;
        let plans = plans::plans(&runs, roster.as_deref(), Timestamp::now(), zone);
        plans::measure(&plans.plans, &metrics.applications);
    }
    let wants_open_metrics = accept.is_some_and(|accept| accept.contains("application/openmetrics-text"));
    let content_type = HeaderValue::from_static(match wants_open_metrics {
        true => METRICS_CONTENT_TYPE,
        false => PLAIN_METRICS_CONTENT_TYPE,
    });
    let mut answer = metrics.encode().into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    answer
}

/// How many of these fit into so many bytes of JSON. At least one, so that the next page is another one.
fn fitting(items: &[impl Serialize], bytes: usize) -> usize {
    let mut total = 0_usize;
    let fits = |item| {
        let length = serde_json::to_vec(item).map_or(0, |json| json.len());
        total = total.saturating_add(length).saturating_add(1);
        total <= bytes
    };
    items.iter().map(fits).take_while(|fits| *fits).count().max(1)
}

fn no_report(id: &str) -> Response {
    error(StatusCode::NOT_FOUND, format!("there is no report {id:?}, or not any more"))
}

fn unavailable(reason: &JournalError) -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE, reason)
}

/// What a query asks for: which reports, and how many. Parameters that are not known are ignored, empty ones count as absent.
fn page_query(query: &str) -> Result<(ReportFilter, u32), String> {
    let mut filter = ReportFilter::default();
    let mut limit = DEFAULT_LIMIT;
    for (name, value) in form_urlencoded::parse(query.as_bytes()).filter(|(_, value)| !value.is_empty()) {
        match &*name {
            "limit" => {
                limit = value
                    .parse()
                    .ok()
                    .filter(|limit| (1..=MAX_LIMIT).contains(limit))
                    .ok_or_else(|| format!("limit is not a whole number from 1 to {MAX_LIMIT}"))?;
            }
            "before" => {
                let id = value.parse().map_err(|_| "before is not the number of a report")?;
                filter.before = Some(JobId(id));
            }
            "plan" => filter.plan = Some(value.parse().map_err(|error| format!("plan: {error}"))?),
            "application" => {
                filter.application = Some(value.parse().map_err(|error| format!("application: {error}"))?);
            }
            "outcome" => {
                let outcome = Outcome::ALL.into_iter().find(|outcome| outcome.as_str() == value);
                filter.outcome = Some(outcome.ok_or_else(|| {
                    let words = Outcome::ALL.map(Outcome::as_str).join(", ");
                    format!("outcome is none of {words}")
                })?);
            }
            _ => {}
        }
    }
    Ok((filter, limit))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_within_bounds() {
        let limit = |query| page_query(query).map(|(_, limit)| limit);
        assert_eq!(limit(""), Ok(DEFAULT_LIMIT));
        assert_eq!(limit("x=1&limit=7"), Ok(7));
        assert_eq!(limit("limit=1000"), Ok(1000));
        assert_eq!(limit("limit="), Ok(DEFAULT_LIMIT));
        for query in ["limit=0", "limit=1001", "limit=-1", "limit=many"] {
            assert!(limit(query).is_err(), "{query}");
        }
    }

    #[test]
    fn a_page_holds_what_fits_and_at_least_one() {
        let items = ["x".repeat(10), "y".repeat(10), "z".repeat(10)];
        for (bytes, expected) in [(1000, 3), (39, 3), (38, 2), (13, 1), (0, 1)] {
            assert_eq!(fitting(&items, bytes), expected, "{bytes}");
        }
    }

    #[test]
    fn a_filter_names_what_is_asked_for() {
        let (filter, _) = page_query("plan=1&outcome=REPO_FAILURE&application=mail1&before=7").unwrap();
        assert_eq!(filter.before, Some(JobId(7)));
        assert_eq!(filter.outcome, Some(Outcome::RepoFailure));
        assert_eq!(filter.plan.unwrap().as_str(), "1");
        assert_eq!(filter.application.unwrap().as_str(), "mail1");
        for query in ["plan=a%20b", "outcome=BAD", "application=%2A", "before=x"] {
            assert!(page_query(query).is_err(), "{query}");
        }
    }
}
