// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Who gets what of a report: each audience its own mail, and the webhook all of it. Pure.

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::{
    audience::Audience,
    config::Settings,
    ids::PlanId,
    journal::Reader,
    notifier::{
        self,
        decision::{Before, Found, Origin, Policy, Verdict, verdicts},
        delivery::Channel,
        format::Format,
        message::Message,
    },
    report::Report,
};

/// What was reported before of what a report tells, and how it came about.
pub struct Past<'a> {
    /// What the decision depends on of the report.
    pub found: &'a Found,
    /// What was reported before of each of its notifications.
    pub before: &'a [Before],
    /// Where it came from.
    pub origin: Origin,
    /// The policy, but for who wants to hear of which runs.
    pub policy: &'a Policy,
}

/// The readers of a report by these settings, the mail of each written. While there are none at all, everybody's waits for one.
pub fn readers(report: &Report, past: &Past, settings: &Settings) -> Vec<Reader> {
    let everybody = settings.everybody();
    let mut readers: Vec<Reader> = Vec::new();
    let audiences = settings.mail.audiences.iter().map(|audience| (audience, Channel::Mail));
    let webhook = settings.webhook.iter().map(|_| (&everybody, Channel::Webhook));
    let waits = settings.mail.audiences.is_empty() && settings.webhook.is_none();
    let waits = waits.then_some((&everybody, Channel::Mail));
    for (audience, channel) in audiences.chain(webhook).chain(waits) {
        let quiet = quiet(report, past, audience);
        let is_own = audience.sees_all()
            && audience.language == settings.mail.language
            && quiet == report.quiet
            && channel == Channel::Mail;
        let message = if is_own || channel == Channel::Webhook {
            None
        } else {
            let Some(message) = message(report, audience, &quiet, settings) else { continue };
            Some(message)
        };
        readers.push(Reader {
            audience: audience.key.clone(),
            plans: audience.plans.clone(),
            on: audience.on,
            channel,
            quiet,
            message,
        });
    }
    readers
}

/// The plans that an audience's mail leaves out, where it is sent for others.
pub fn quiet(report: &Report, past: &Past, audience: &Audience) -> Vec<PlanId> {
    if report.correlation.is_blank() {
        return Vec::new();
    }
    let (found, before) = past.found.seen_by(past.before, &audience.plans);
    let policy = Policy { on: audience.on, ..past.policy.clone() };
    let verdicts = verdicts(&found, &before, past.origin, &policy, report.created_at);
    if !verdicts.iter().any(|verdict| matches!(verdict, Verdict::Send(_))) {
        return Vec::new();
    }
    let said = found.notifications.iter().zip(&verdicts);
    let quiet = said.filter(|(_, verdict)| verdict.is_quiet());
    quiet.filter_map(|(notification, _)| PlanId::new(&notification.plan).ok()).collect()
}

/// The mail of a report to an audience. None where that sees nothing of it.
pub fn message(
    report: &Report,
    audience: &Audience,
    quiet: &[PlanId],
    settings: &Settings,
) -> Option<Message> {
    let told = report.for_audience(&audience.plans, quiet)?;
    Some(written(&told, &Format::for_audience(audience, settings)))
}

/// The mail about a report. Of one that was given up, whatever it is that could not be driven may be what can't be written.
pub fn written(report: &Report, format: &Format) -> Message {
    match &report.correlation.internal_error {
        Some(reason) => catch_unwind(AssertUnwindSafe(|| notifier::compose(report, format)))
            .unwrap_or_else(|_| Message::plain(&report.cluster, report.id, reason)),
        None => notifier::compose(report, format),
    }
}

/// The mail of a report for each audience that sees something of it.
pub fn messages(report: &Report, settings: &Settings) -> Vec<(String, Message)> {
    let written = |audience: &Audience| {
        Some((audience.key.clone(), message(report, audience, &report.quiet, settings)?))
    };
    settings.mail.audiences.iter().filter_map(written).collect()
}

#[cfg(test)]
mod tests;
