// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Everything that the status page says, in the manner of [`notifier::phrases`](crate::notifier::phrases). What both say, such
//! as an outcome, is taken from there.

mod en;
mod it;
mod registry;

use crate::{
    duty::{Duty, Peer},
    ids::NodeId,
    journal::{Job, Stage},
    notifier::{
        delivery::{Delivery, DeliveryState},
        format::Format,
    },
};

/// The phrases without values.
pub(super) struct PageTexts {
    /// Title of the page.
    pub title: &'static str,
    /// The service is ready.
    pub ready: &'static str,
    /// It is not; the reasons follow.
    pub not_ready: &'static str,
    /// What being ready means.
    pub ready_means: &'static str,
    /// Heading: the cluster's backup plans.
    pub plans: &'static str,
    /// There are no plans.
    pub no_plans: &'static str,
    /// In place of the last run of a plan that has not run yet.
    pub never_ran: &'static str,
    /// The plan's timer is off.
    pub disabled: &'static str,
    /// In place of the time of the reading: the plans are those of the journal.
    pub never_read: &'static str,
    /// Heading: jobs.
    pub jobs: &'static str,
    /// There are no jobs.
    pub no_jobs: &'static str,
    /// Heading: the latest reports.
    pub reports: &'static str,
    /// There are no reports.
    pub no_reports: &'static str,
    /// In place of a report whose row in the journal is damaged.
    pub unreadable: &'static str,
    /// Opens the text of a report's email.
    pub show_email: &'static str,
    /// Link to a report in the API.
    pub as_json: &'static str,

    /// Stage of a job: repositories are being asked.
    pub checking: &'static str,
    /// Stage of a job: the email is being written.
    pub writing: &'static str,

    /// The email waits for its first attempt.
    pub queued: &'static str,
    /// The email was not sent, as it would say what the last one said.
    pub unchanged: &'static str,
    /// The email was not sent, as all is well.
    pub suppressed: &'static str,
}

/// The page's words in one language.
pub(super) trait PagePhrases: Sync {
    /// All phrases without values.
    fn texts(&self) -> &'static PageTexts;

    /// When a plan ran last.
    fn last_run(&self, time: &str) -> String;

    /// When a plan runs next.
    fn next_run(&self, time: &str) -> String;

    /// How many applications a plan has.
    fn applications(&self, count: usize) -> String;

    /// When the plans were read.
    fn plans_as_of(&self, time: &str) -> String;

    /// Another instance sends the reports.
    fn standby(&self, instance: &str, node: Option<&str>) -> String;

    /// This instance is a copy of one that is still installed.
    fn copy(&self, instance: &str, node: Option<&str>) -> String;

    /// This instance is a copy of one that shows no sign of life, and sends the reports in its place.
    fn in_place_of(&self, instance: &str, node: Option<&str>) -> String;

    /// Stage of a job: when the cluster is read next, and what the job waits for, in English.
    fn next_check(&self, due: &str, note: Option<&str>) -> String;

    /// The email was sent to these recipients.
    fn sent(&self, time: &str, recipients: &str) -> String;

    /// No recipient has taken the email within three days; `error` is the last one.
    fn given_up(&self, error: &str) -> String;

    /// The email is not sent for this reason, in English.
    fn not_sent(&self, reason: &str) -> String;

    /// The email could not be delivered yet.
    fn retrying(&self, attempts: u32, next: &str, error: &str) -> String;

    /// Follows any of these: whether the mail server has taken the email for one recipient is not known.
    fn perhaps(&self, address: &str, reason: &str) -> String;

    /// Follows any of these: the mail server rejects the email for one recipient.
    fn rejected(&self, address: &str, reason: &str) -> String;
}

/// What is to be known of other instances, if there is anything, and the class that gives it its colour.
pub(super) fn duty(phrases: &dyn PagePhrases, duty: &Duty) -> Option<(&'static str, String)> {
    match duty {
        Duty::Active | Duty::Starting => None,
        Duty::Standby(Peer { instance, node }) => {
            Some(("neutral", phrases.standby(instance.as_str(), node.as_ref().map(NodeId::as_str))))
        }
        Duty::InPlaceOf(Peer { instance, node }) => {
            Some(("warning", phrases.in_place_of(instance.as_str(), node.as_ref().map(NodeId::as_str))))
        }
        Duty::Copy(Peer { instance, node }) => {
            Some(("warning", phrases.copy(instance.as_str(), node.as_ref().map(NodeId::as_str))))
        }
    }
}

/// What a job is about.
pub(super) fn job_title(format: &Format, job: &Job) -> String {
    let phrases = format.language.phrases();
    let mut names: Vec<String> = job
        .alerts
        .iter()
        .map(|alert| match (&alert.plan_name, &alert.plan) {
            (Some(name), _) => name.clone(),
            (None, Some(id)) => phrases.plan_by_id(id.as_str()),
            (None, None) => alert.name.clone(),
        })
        .collect();
    names.sort_unstable();
    names.dedup();
    phrases.list(&names)
}

/// How far a job has come.
pub(super) fn job_stage(format: &Format, job: &Job) -> String {
    let phrases = format.language.page_phrases();
    match &job.stage {
        Stage::Waiting => phrases.next_check(&format.time(job.due_at), job.note.as_deref()),
        Stage::Correlated { .. } | Stage::Logged { .. } => phrases.texts().checking.to_owned(),
        Stage::Checked { .. } => phrases.texts().writing.to_owned(),
    }
}

/// What has become of a report's email.
pub(super) fn delivery(format: &Format, delivery: &Delivery) -> String {
    let phrases = format.language.page_phrases();
    let error = delivery.last_error.as_deref().unwrap_or("–");
    let mut text = match delivery.state {
        DeliveryState::Sent => {
            let time = delivery.sent_at.map(|sent| format.time(sent)).unwrap_or_default();
            phrases.sent(&time, &delivery.accepted.join(", "))
        }
        DeliveryState::Unchanged => match &delivery.last_error {
            // Another instance has sent it.
            Some(reason) => phrases.not_sent(reason),
            None => phrases.texts().unchanged.to_owned(),
        },
        DeliveryState::Suppressed => phrases.texts().suppressed.to_owned(),
        DeliveryState::Failed => phrases.given_up(error),
        DeliveryState::Queued if delivery.attempts == 0 => phrases.texts().queued.to_owned(),
        DeliveryState::Queued => {
            phrases.retrying(delivery.attempts, &format.time(delivery.next_attempt_at), error)
        }
    };
    for perhaps in &delivery.perhaps {
        text += &phrases.perhaps(&perhaps.address, &perhaps.reason);
    }
    for refusal in &delivery.refused {
        text += &phrases.rejected(&refusal.address, &refusal.reason);
    }
    text
}
