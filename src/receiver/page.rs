// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `GET /`: the status page. Without scripts, so that it works everywhere; in one column, so that it fits a phone.

mod phrases;

use std::sync::Arc;

use askama::Template;
use warp::{
    Reply,
    http::{HeaderValue, header},
    reply::Response,
};

use self::phrases::PageTexts;
use super::{api::STATUS_REPORTS, context::Receiver};
use crate::{
    checks::readiness::Ready,
    correlator::correlation::Outcome,
    journal::{Job, JournalError, ReportEntry, ReportSummary},
    language::Language,
    notifier::{delivery::Delivery, format::Format, view::Tone},
    version::VERSION,
};

/// The page loads nothing else: no script, no other site, and no frame may hold it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "status.html")]
struct Page {
    language: Language,
    texts: &'static PageTexts,
    format: Format,
    version: &'static str,
    ready: Ready,
    jobs: Vec<Job>,
    reports: Vec<(ReportEntry, String)>,
}

/// `GET /`
pub(super) async fn page(receiver: Arc<Receiver>) -> Response {
    let ready = receiver.readiness.get().await;
    let (jobs, reports) = tokio::join!(receiver.journal.jobs(), receiver.journal.recent(STATUS_REPORTS));
    let language = receiver.settings.mail.language;
    let page = Page {
        language,
        texts: language.page_phrases().texts(),
        format: Format { language, ..receiver.settings.mail_format() },
        version: VERSION,
        ready,
        jobs: or_empty(jobs),
        reports: or_empty(reports),
    };
    let mut answer =
        warp::reply::html(page.render().expect("writing to memory does not fail")).into_response();
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

impl Page {
    fn job_title(&self, job: &Job) -> String {
        phrases::job_title(&self.format, job)
    }

    fn job_stage(&self, job: &Job) -> String {
        phrases::job_stage(&self.format, job)
    }

    /// Why an email is sent, or waits for a recipient. Why it is not sent is what becomes of its delivery.
    fn decision(&self, report: &ReportSummary) -> Option<&'static str> {
        let decision = report.decision.filter(|decision| decision.is_queued())?;
        Some(self.language.phrases().decision(decision))
    }

    fn delivery(&self, delivery: &Delivery) -> String {
        phrases::delivery(&self.format, delivery)
    }

    fn outcome(&self, outcome: &Outcome) -> &'static str {
        self.language.phrases().outcome(*outcome)
    }

    /// The class that gives an outcome its colour.
    fn class(&self, outcome: &Outcome) -> &'static str {
        match Tone::of(*outcome) {
            Tone::Good => "good",
            Tone::Bad => "bad",
            Tone::Warning => "warning",
            Tone::Busy => "busy",
            Tone::Neutral => "neutral",
        }
    }
}

/// Without a journal there is nothing to list; the page says why at its top.
fn or_empty<T>(list: Result<Vec<T>, JournalError>) -> Vec<T> {
    list.unwrap_or_default()
}
