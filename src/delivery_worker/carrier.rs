// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! One attempt to deliver, by mail or to the webhook.

use std::time::Instant;

use jiff::Timestamp;
use lettre::Address;
use serde_json::Value;

use crate::{
    audience::Audience,
    config::Settings,
    journal::{About, Journal, JournalError, Outgoing},
    notifier::{
        delivery::{self, Channel, Delivery, DeliveryState},
        message,
    },
    report::UNNAMED_CLUSTER,
    smtp::{Failure, MailServer, RecipientResult},
    webhook::{Post, RECIPIENT, WebhookClient},
};

/// How often a webhook that refuses is tried. It may be configured wrong for a moment, but it is not greylisting.
const MOST_REFUSALS: u32 = 5;

/// Who carries what is queued.
pub(super) enum Carrier {
    Mail(Box<MailServer>),
    Webhook(WebhookClient),
}

impl Carrier {
    pub fn mail(settings: &Settings) -> Self {
        Self::Mail(Box::new(MailServer::new(settings.smtp.clone(), &settings.mail.from.email)))
    }

    /// None where there is no webhook.
    pub fn webhook(settings: &Settings) -> Option<Self> {
        settings.webhook.clone().map(|webhook| Self::Webhook(WebhookClient::new(webhook)))
    }

    pub fn channel(&self) -> Channel {
        match self {
            Self::Mail(_) => Channel::Mail,
            Self::Webhook(_) => Channel::Webhook,
        }
    }

    /// True while nothing can be carried by these settings: what is queued waits.
    pub fn is_blocked(&self, settings: &Settings) -> bool {
        match self {
            Self::Mail(_) => settings.mail.audiences.is_empty() || !settings.mail_gaps().is_empty(),
            Self::Webhook(_) => false,
        }
    }

    /// Makes an attempt at `now`, which `began`. None where its audience is not among the configured ones.
    pub async fn carry(
        &self,
        outgoing: &Outgoing,
        settings: &Settings,
        journal: &Journal,
        now: Timestamp,
        began: Instant,
    ) -> Result<Option<Delivery>, JournalError> {
        // A patient conversation takes many minutes, and the pause begins after it.
        let ended = || now.saturating_add(began.elapsed()).unwrap_or(now);
        match self {
            Self::Mail(server) => {
                let audiences = &settings.mail.audiences;
                let Some(audience) = audiences.iter().find(|audience| audience.key == outgoing.audience)
                else {
                    return Ok(None);
                };
                let to: Vec<String> = audience.to.iter().map(|mailbox| mailbox.email.to_string()).collect();
                let asked = delivery::pending(&outgoing.delivery, to.iter().map(String::as_str));
                let result = send(server, outgoing, audience, &asked, settings, journal).await?;
                Ok(Some(delivery::after_attempt(&outgoing.delivery, ended(), &asked, result)))
            }
            Self::Webhook(client) => {
                let result = post(client, outgoing, settings, journal).await?;
                Ok(Some(after_post(&outgoing.delivery, ended(), result)))
            }
        }
    }
}

/// The delivery after a post that ended at `now`.
fn after_post(delivery: &Delivery, now: Timestamp, result: RecipientResult) -> Delivery {
    let is_refused = matches!(result, RecipientResult::Refused(_));
    let mut after = delivery::after_attempt(delivery, now, &[RECIPIENT], Ok(vec![result]));
    if is_refused && after.attempts >= MOST_REFUSALS {
        after.state = DeliveryState::Failed;
    }
    after
}

/// Hands a mail over.
async fn send(
    server: &MailServer,
    outgoing: &Outgoing,
    audience: &Audience,
    asked: &[&str],
    settings: &Settings,
    journal: &Journal,
) -> Result<Result<Vec<RecipientResult>, Failure>, JournalError> {
    let mail = &settings.mail;
    let recipients: Vec<Address> = audience
        .to
        .iter()
        .map(|mailbox| mailbox.email.clone())
        .filter(|address| asked.contains(&AsRef::<str>::as_ref(address)))
        .collect();
    let journal_id = journal.journal_id().await?;
    // The mail to everybody is called as it was before there were audiences.
    let own = (audience.key != settings.everybody().key).then_some(audience.key.as_str());
    let message_id = |about: About, resends| {
        message::message_id(&about.to_string(), own, resends, &journal_id, &mail.from)
    };
    let id = match &outgoing.message_id {
        // The sender may have been changed since it was tried.
        Some(id) if outgoing.resends == 0 => id.clone(),
        Some(_) => message_id(outgoing.about, outgoing.resends),
        None => {
            let id = message_id(outgoing.about, outgoing.resends);
            journal.note_message_id(outgoing.id, id.clone()).await?;
            id
        }
    };
    let answered: Vec<String> = outgoing
        .threads
        .iter()
        .map(|start| start.message_id.clone().unwrap_or_else(|| message_id(About::Report(start.report), 0)))
        .collect();
    Ok(match message::build(&outgoing.message, mail, &audience.to, id, &answered, outgoing.queued_at) {
        Ok(message) => server.send_to(&mail.from.email, &recipients, &message.formatted()).await,
        Err(error) => Err(Failure { what: "writing the mail".into(), reason: error.to_string() }),
    })
}

/// Posts to the webhook.
async fn post(
    client: &WebhookClient,
    outgoing: &Outgoing,
    settings: &Settings,
    journal: &Journal,
) -> Result<RecipientResult, JournalError> {
    // What can't be read any more is told by its words.
    let payload = journal.payload(outgoing.id).await?;
    let payload: Option<Value> = payload.and_then(|payload| serde_json::from_str(&payload).ok());
    let named = payload.as_ref().and_then(|payload| Some(payload.get("cluster")?.as_str()?.to_owned()));
    let cluster = match named.or_else(|| settings.cluster_name.clone()) {
        Some(name) => name,
        None => journal.cluster_name().await?.unwrap_or_else(|| UNNAMED_CLUSTER.into()),
    };
    let kind = match outgoing.about {
        About::Report(_) => "report",
        About::Notice(kind, _) => kind.as_str(),
    };
    let (about, journal_id) = (outgoing.about, journal.journal_id().await?);
    let key = match outgoing.resends {
        0 => format!("{about}.{journal_id}"),
        again => format!("{about}.again-{again}.{journal_id}"),
    };
    let (subject, text) = (&outgoing.message.subject, &outgoing.message.text);
    Ok(client.post(Post { kind, cluster: &cluster, subject, text, payload }, &key).await)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The delivery after each of these answers, as far as it comes.
    fn after(answers: impl IntoIterator<Item = RecipientResult>) -> Delivery {
        let mut delivery = Delivery {
            state: DeliveryState::Queued,
            attempts: 0,
            next_attempt_at: Timestamp::UNIX_EPOCH,
            sent_at: None,
            accepted: vec![],
            refused: vec![],
            perhaps: vec![],
            last_error: None,
        };
        for answer in answers {
            if delivery.state != DeliveryState::Queued {
                break;
            }
            delivery = after_post(&delivery, delivery.next_attempt_at, answer);
        }
        delivery
    }

    #[test]
    fn a_webhook_that_refuses_is_given_up_after_a_few_tries_and_says_why() {
        let refused = || RecipientResult::Refused("HTTP 401 Unauthorized".into());
        let four = after((0..4).map(|_| refused()));
        assert_eq!((four.state, four.attempts), (DeliveryState::Queued, 4));
        let given_up = after((0..99).map(|_| refused()));
        assert_eq!((given_up.state, given_up.attempts), (DeliveryState::Failed, MOST_REFUSALS));
        assert_eq!(given_up.last_error.as_deref(), Some("webhook: HTTP 401 Unauthorized"));
    }

    #[test]
    fn a_webhook_that_is_away_is_tried_as_long_as_a_mail_is() {
        let away = || RecipientResult::Deferred("HTTP 502 Bad Gateway".into());
        let waiting = after((0..50).map(|_| away()));
        assert_eq!((waiting.state, waiting.attempts), (DeliveryState::Queued, 50));
        let taken = after((0..50).map(|_| away()).chain([RecipientResult::Accepted]));
        assert_eq!((taken.state, taken.accepted), (DeliveryState::Sent, vec![RECIPIENT.to_owned()]));
        let given_up = after((0..999).map(|_| away()));
        assert_eq!((given_up.state, given_up.attempts), (DeliveryState::Failed, delivery::MOST_ATTEMPTS));
    }
}
