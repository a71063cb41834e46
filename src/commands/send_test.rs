// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `send-test [ADDRESS]`: sends a test email.

use std::{
    fmt::Display,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use jiff::Timestamp;
use lettre::message::Mailbox;

use crate::{
    audience::Audience,
    config::{Settings, WebhookSettings},
    correlator::{facts::Scope, read::ClusterReader},
    notifier::message::{self, Message},
    smtp::{MailServer, RecipientResult},
    webhook::{Post, RECIPIENT, WebhookClient},
};

/// Why the test email was not sent to everybody.
#[derive(Debug, thiserror::Error)]
pub enum SendTestError {
    /// What was given as an address is none.
    #[error("{0:?} is not an email address; expected such as admin@example.org or Admin <admin@example.org>")]
    NoAddress(String),
    /// Email is not configured.
    #[error("the test email can't be sent: {0}")]
    NotConfigured(String),
    /// The server could not be reached, or did not accept it.
    #[error("the test email was not sent: {0}")]
    NotSent(String),
    /// The webhook did not take it.
    #[error("the webhook did not accept the test")]
    NotPosted,
    /// Not every recipient was accepted.
    #[error("the mail server did not accept every recipient")]
    NotForAll,
}

/// Sends a test email to `address`, or to the configured recipients and to the webhook, and prints the result for each.
///
/// # Errors
/// [`SendTestError`]
pub async fn send_test(settings: &Settings, address: Option<&str>) -> Result<(), SendTestError> {
    let mut settings = settings.clone();
    if let Some(address) = address {
        let mailbox: Mailbox = address.parse().map_err(|_| SendTestError::NoAddress(address.to_owned()))?;
        settings.mail.audiences = vec![Audience { to: vec![mailbox], ..settings.everybody() }];
    }
    let gaps = settings.mail_gaps();
    if !gaps.is_empty() {
        return Err(SendTestError::NotConfigured(gaps.join("; ")));
    }
    let cluster = cluster_name(&settings).await;
    let is_posted = match settings.webhook.clone().filter(|_| address.is_none()) {
        Some(webhook) => post(webhook, &text(&settings, &cluster), &cluster).await,
        None => true,
    };
    if !settings.mail.audiences.is_empty() {
        mail(&settings, &cluster).await?;
    }
    if is_posted { Ok(()) } else { Err(SendTestError::NotPosted) }
}

/// Posts a test to the webhook. True when that took it.
async fn post(webhook: WebhookSettings, message: &Message, cluster: &str) -> bool {
    let (subject, text) = (message.subject.as_str(), message.text.as_str());
    let key = format!("test-{}", Timestamp::now().as_nanosecond());
    let post = Post { kind: "test", cluster, subject, text, payload: None };
    let result = WebhookClient::new(webhook).post(post, &key).await;
    print(RECIPIENT, &result, "accepted");
    result == RecipientResult::Accepted
}

/// Sends a test email to all recipients.
async fn mail(settings: &Settings, cluster: &str) -> Result<(), SendTestError> {
    let mail = &settings.mail;
    let to: Vec<Mailbox> = mail.audiences.iter().flat_map(|audience| audience.to.clone()).collect();
    let now = SystemTime::now();
    let nanos = now.duration_since(UNIX_EPOCH).map_or(0, |since| since.as_nanos());
    let id = format!("<test-{nanos}@{}>", message::domain_of(&mail.from.email));
    let message = message::assemble(&text(settings, cluster), mail, to.iter().cloned(), id, &[], now)
        .map_err(|error| SendTestError::NotSent(error.to_string()))?;
    let recipients: Vec<_> = to.iter().map(|mailbox| mailbox.email.clone()).collect();
    let results = MailServer::new(settings.smtp.clone(), &mail.from.email)
        .send_to(&mail.from.email, &recipients, &message.formatted())
        .await
        .map_err(|failure| SendTestError::NotSent(failure.to_string()))?;
    for (recipient, result) in recipients.iter().zip(&results) {
        print(recipient, result, "accepted by the mail server");
    }
    match results.iter().all(|result| *result == RecipientResult::Accepted) {
        true => Ok(()),
        false => Err(SendTestError::NotForAll),
    }
}

fn print(recipient: impl Display, result: &RecipientResult, accepted: &str) {
    match result {
        RecipientResult::Accepted => println!("{recipient}: {accepted}"),
        RecipientResult::Perhaps(reason) => println!("{recipient}: perhaps accepted: {reason}"),
        RecipientResult::Deferred(reason) => println!("{recipient}: deferred: {reason}"),
        RecipientResult::Refused(reason) => println!("{recipient}: rejected: {reason}"),
    }
}

/// How long Redis gets to give the cluster's name. The email does not depend on it.
const NAME_TIMEOUT: Duration = Duration::from_secs(2);

/// The cluster's name: from the configuration, else from Redis if it answers.
async fn cluster_name(settings: &Settings) -> String {
    if let Some(name) = &settings.cluster_name {
        return name.clone();
    }
    let asked = async {
        let reader = ClusterReader::new(&settings.redis_url, settings.zone.clone()).ok()?;
        reader.read(&Scope::default(), Timestamp::now()).await.ok()?.name
    };
    let name = tokio::time::timeout(NAME_TIMEOUT, asked).await.ok().flatten();
    name.unwrap_or_else(|| crate::report::UNNAMED_CLUSTER.into())
}

fn text(settings: &Settings, cluster: &str) -> Message {
    let texts = settings.mail.language.phrases().texts();
    let (subject, text) = (texts.test_subject, texts.test_text);
    Message {
        outcome: None,
        subject: format!("[{cluster}] {subject}"),
        text: format!("{text}\n"),
        html: format!("<!DOCTYPE html>\n<html><body><p>{text}</p></body></html>\n"),
    }
}
