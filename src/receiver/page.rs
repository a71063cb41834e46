// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `GET /`: the status page. Without scripts, so that it works everywhere; in one column, so that it fits a phone.

mod phrases;

use std::sync::Arc;

use askama::Template;
use jiff::Timestamp;
use warp::{
    Reply,
    http::{HeaderValue, header},
    reply::Response,
};

use self::phrases::PageTexts;
use super::{
    api::STATUS_REPORTS,
    context::Receiver,
    plans::{self, Plan},
};
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
    /// What is to be known of other instances: the class that gives it its colour, and the words.
    duty: Option<(&'static str, String)>,
    jobs: Vec<Job>,
    plans: Vec<PlanCard>,
    /// As of when the cluster has these plans.
    plans_as_of: String,
    reports: Vec<(ReportEntry, String)>,
}

/// A plan as the page lists it.
struct PlanCard {
    title: String,
    /// How its last run ended; None of a plan that has not run yet.
    outcome: Option<Outcome>,
    facts: Vec<String>,
}

/// `GET /`
pub(super) async fn page(receiver: Arc<Receiver>) -> Response {
    let ready = receiver.readiness.get().await;
    let (jobs, reports, roster, runs) = tokio::join!(
        receiver.journal.jobs(),
        receiver.journal.recent(STATUS_REPORTS),
        receiver.roster.get(),
        receiver.journal.last_runs(1)
    );
    let language = receiver.settings.mail.language;
    let format = Format { language, ..Format::of(&receiver.settings) };
    let runs = or_empty(runs);
    let plans = plans::plans(&runs, roster.as_deref(), Timestamp::now(), &format.zone);
    let phrases = language.page_phrases();
    let page = Page {
        language,
        texts: phrases.texts(),
        plans: plans.plans.iter().map(|plan| card(plan, &format)).collect(),
        plans_as_of: match plans.as_of {
            Some(read) => phrases.plans_as_of(&format.time(read)),
            None => phrases.texts().never_read.to_owned(),
        },
        format,
        version: VERSION,
        duty: ready.duty.as_ref().and_then(|duty| phrases::duty(phrases, duty)),
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

fn card(plan: &Plan, format: &Format) -> PlanCard {
    let phrases = format.language.page_phrases();
    let last = plan.runs.first();
    let ran = last.map(|run| phrases.last_run(&format.time(run.ended_at)));
    let next = plan.next.map(|next| phrases.next_run(&format.time(next)));
    let disabled = (!plan.enabled).then(|| phrases.texts().disabled.to_owned());
    let facts = ran.or_else(|| Some(phrases.texts().never_ran.to_owned())).into_iter();
    PlanCard {
        title: plan
            .name
            .map_or_else(|| format.language.phrases().plan_by_id(plan.id.as_str()), str::to_owned),
        outcome: last.map(|run| run.outcome),
        facts: facts
            .chain([phrases.applications(plan.applications.len())])
            .chain(next)
            .chain(disabled)
            .collect(),
    }
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
