//! `GET /`: the status page. No script, so that it works everywhere; one column, so that it fits a phone.

mod words;

use std::sync::Arc;

use askama::Template;
use warp::{
    Reply,
    http::{HeaderValue, header},
    reply::Response,
};

use self::words::Word;
use super::{api::STATUS_REPORTS, context::Receiver};
use crate::{
    checks::Ready,
    correlator::correlation::Outcome,
    journal::{Job, JournalError, ReportSummary},
    language::Language,
    notifier::{delivery::Delivery, format::Format, view::Tone},
    version::VERSION,
};

/// The page holds nothing but itself: no script, no other site, no frame around it.
const POLICY: &str = "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; \
                      frame-ancestors 'none'";

#[derive(Template)]
#[template(path = "status.html")]
struct Page {
    language: Language,
    format: Format,
    version: &'static str,
    ready: Ready,
    jobs: Vec<Job>,
    reports: Vec<(ReportSummary, String)>,
}

/// `GET /`
pub(super) async fn page(receiver: Arc<Receiver>) -> Response {
    let ready = receiver.readiness.get().await;
    let (jobs, reports) = tokio::join!(receiver.journal.jobs(), receiver.journal.recent(STATUS_REPORTS));
    let language = receiver.settings.mail.language;
    let page = Page {
        language,
        format: Format { language, zone: receiver.settings.zone.clone() },
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
    fn word(&self, word: Word) -> &'static str {
        words::word(self.language, word)
    }

    fn job_title(&self, job: &Job) -> String {
        words::job_title(self.language, job)
    }

    fn job_state(&self, job: &Job) -> String {
        words::job_state(&self.format, job)
    }

    fn delivery(&self, delivery: &Delivery) -> String {
        words::delivery(&self.format, delivery)
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
