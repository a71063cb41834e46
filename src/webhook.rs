// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The webhook out: each report and notice as JSON to one address, as docs/webhook.md describes.

use std::time::Duration;

use reqwest::{Client, StatusCode, header};
use secrecy::ExposeSecret;
use serde_json::{Map, Value};

use crate::{config::WebhookSettings, http, smtp::RecipientResult};

/// The version of what is posted. It changes with whatever a receiver could stumble over.
const VERSION: u32 = 1;
/// How long one attempt may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// How much of an answer is read, in bytes: nothing in it matters, but a connection can be used again once it is read.
const MAX_ANSWER: usize = 4096;
/// What stands for the address where deliveries name their recipients: the address itself is a secret.
pub const RECIPIENT: &str = "webhook";

/// What is posted.
#[derive(Debug, Clone)]
pub struct Post<'a> {
    /// What it is: `report`, `gaps`, `summary` or `test`. The payload stands under the same name.
    pub kind: &'a str,
    /// What the cluster is called.
    pub cluster: &'a str,
    /// The mail's subject.
    pub subject: &'a str,
    /// The mail's text.
    pub text: &'a str,
    /// The report or notice. None in a test.
    pub payload: Option<Value>,
}

/// The receiver of webhooks.
pub struct WebhookClient {
    settings: WebhookSettings,
    client: Client,
}

impl WebhookClient {
    /// A client for the configured address.
    pub fn new(settings: WebhookSettings) -> Self {
        Self { settings, client: http::client() }
    }

    /// Posts once. `key` is the same for each attempt of one delivery, so that a receiver can tell a repetition from another report.
    pub async fn post(&self, post: Post<'_>, key: &str) -> RecipientResult {
        let mut body = Map::new();
        body.insert("version".into(), VERSION.into());
        for (name, value) in
            [("kind", post.kind), ("cluster", post.cluster), ("subject", post.subject), ("text", post.text)]
        {
            body.insert(name.into(), value.into());
        }
        if let Some(payload) = post.payload {
            body.insert(post.kind.into(), payload);
        }
        let mut request = self
            .client
            .post(self.settings.url.expose_secret())
            .timeout(TIMEOUT)
            .header("Idempotency-Key", key)
            .header(header::CONTENT_TYPE, "application/json")
            .body(Value::Object(body).to_string());
        if let Some(token) = &self.settings.token {
            request = request.bearer_auth(token.expose_secret());
        }
        match request.send().await {
            Ok(answer) => {
                let status = answer.status();
                // Its end is not waited for.
                let _ = http::body(answer, MAX_ANSWER).await;
                judge(status)
            }
            Err(error) if error.is_timeout() => {
                RecipientResult::Deferred(format!("no answer within {} seconds", TIMEOUT.as_secs()))
            }
            // Its address may hold a key.
            Err(error) => RecipientResult::Deferred(http::reason(&error.without_url())),
        }
    }
}

/// What a status says of an attempt.
fn judge(status: StatusCode) -> RecipientResult {
    let reason = match status.canonical_reason() {
        Some(words) => format!("HTTP {} {words}", status.as_u16()),
        None => format!("HTTP {}", status.as_u16()),
    };
    let is_transient =
        matches!(status, StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY | StatusCode::TOO_MANY_REQUESTS);
    if status.is_success() {
        RecipientResult::Accepted
    } else if status.is_redirection() {
        RecipientResult::Refused(format!(
            "{reason}: redirects are not followed; set the address where it leads"
        ))
    } else if status.is_client_error() && !is_transient {
        RecipientResult::Refused(reason)
    } else {
        RecipientResult::Deferred(reason)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_says_whether_it_was_taken_is_to_be_tried_again_or_never_will_be() {
        let result = |code: u16| judge(StatusCode::from_u16(code).unwrap());
        for code in [200, 201, 202, 204] {
            assert_eq!(result(code), RecipientResult::Accepted, "{code}");
        }
        for code in [408, 425, 429, 500, 502, 503, 599] {
            assert!(matches!(result(code), RecipientResult::Deferred(_)), "{code}");
        }
        for code in [301, 307, 400, 401, 403, 404, 410, 413, 422] {
            assert!(matches!(result(code), RecipientResult::Refused(_)), "{code}");
        }
        assert_eq!(result(401), RecipientResult::Refused("HTTP 401 Unauthorized".into()));
    }
}
