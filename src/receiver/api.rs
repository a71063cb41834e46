//! What can be read as JSON or plain text.

use std::sync::Arc;

use serde::Serialize;
use warp::{
    Reply,
    http::{HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{Receiver, error, json};
use crate::{
    ids::JobId,
    journal::{Job, JournalError, Summary},
    telemetry::METRICS_CONTENT_TYPE,
};

/// How many reports are listed where no `limit` says.
const DEFAULT_LIMIT: u32 = 50;
/// How many reports can be listed: all that are kept.
const MAX_LIMIT: u32 = 1000;
/// How many reports the status shows.
pub(super) const STATUS_REPORTS: u32 = 20;

/// What `/api/status` answers, and the page shows.
#[derive(Debug, Serialize)]
pub(super) struct Status {
    version: &'static str,
    ready: bool,
    reasons: Vec<String>,
    jobs: Vec<JobSummary>,
    reports: Vec<Summary>,
}

/// A job that is not done.
#[derive(Debug, Serialize)]
pub(super) struct JobSummary {
    id: JobId,
    stage: &'static str,
    created_at: jiff::Timestamp,
    due_at: jiff::Timestamp,
    looks: u32,
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
            looks: job.looks,
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
    let ready = receiver.readiness.get().await;
    let (jobs, reports) = tokio::join!(receiver.journal.jobs(), receiver.journal.reports(STATUS_REPORTS));
    // Without a journal there is nothing to list; the reasons say so.
    let status = Status {
        version: env!("CARGO_PKG_VERSION"),
        ready: ready.ready,
        reasons: ready.reasons,
        jobs: jobs.unwrap_or_default().iter().map(JobSummary::from).collect(),
        reports: reports.unwrap_or_default(),
    };
    json(StatusCode::OK, &status)
}

/// `GET /api/reports?limit=`
pub(super) async fn reports(receiver: &Receiver, query: &str) -> Response {
    let limit = match limit(query) {
        Ok(limit) => limit,
        Err(message) => return error(StatusCode::BAD_REQUEST, message),
    };
    match receiver.journal.reports(limit).await {
        Ok(reports) => json(StatusCode::OK, &serde_json::json!({"reports": reports})),
        Err(reason) => unavailable(&reason),
    }
}

/// `GET /api/reports/<id>`
pub(super) async fn report(receiver: &Receiver, id: &str) -> Response {
    let not_found = || error(StatusCode::NOT_FOUND, format!("there is no report {id:?}, or not any more"));
    let Ok(id) = id.parse() else { return not_found() };
    match receiver.journal.report(JobId(id)).await {
        Ok(Some(report)) => json(StatusCode::OK, &report),
        Ok(None) => not_found(),
        Err(reason) => unavailable(&reason),
    }
}

/// `GET /metrics`
pub(super) async fn metrics(receiver: Arc<Receiver>) -> Response {
    let (ready, jobs, queued) =
        tokio::join!(receiver.readiness.get(), receiver.journal.jobs(), receiver.journal.mails_queued());
    let metrics = &receiver.metrics;
    metrics.ready.set(ready.ready.into());
    if let Ok(jobs) = jobs {
        metrics.jobs.set(jobs.len() as i64);
    }
    if let Ok(queued) = queued {
        metrics.mails_queued.set(queued.into());
    }
    let content_type = HeaderValue::from_static(METRICS_CONTENT_TYPE);
    let mut answer = metrics.encode().into_response();
    answer.headers_mut().insert(header::CONTENT_TYPE, content_type);
    answer
}

fn unavailable(reason: &JournalError) -> Response {
    error(StatusCode::SERVICE_UNAVAILABLE, reason)
}

/// The parameter `limit` of a query.
fn limit(query: &str) -> Result<u32, String> {
    let value = query.split('&').find_map(|pair| pair.strip_prefix("limit="));
    match value.map(str::parse) {
        None => Ok(DEFAULT_LIMIT),
        Some(Ok(limit)) if (1..=MAX_LIMIT).contains(&limit) => Ok(limit),
        Some(_) => Err(format!("limit is not a whole number from 1 to {MAX_LIMIT}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_limit_is_a_number_within_bounds() {
        assert_eq!(limit(""), Ok(DEFAULT_LIMIT));
        assert_eq!(limit("x=1&limit=7"), Ok(7));
        assert_eq!(limit("limit=1000"), Ok(1000));
        for query in ["limit=", "limit=0", "limit=1001", "limit=-1", "limit=many"] {
            assert!(limit(query).is_err(), "{query}");
        }
    }
}
