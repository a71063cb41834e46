// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `POST /alert`: Alertmanager's webhook. A 200 is a promise.

use std::time::Duration;

use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use secrecy::ExposeSecret;
use serde::Serialize;
use subtle::ConstantTimeEq;
use warp::{
    Buf,
    http::{HeaderMap, HeaderValue, StatusCode, header},
    reply::Response,
};

use super::{
    answer::{error, json},
    context::Receiver,
};
use crate::{alertmanager::parse_webhook, ids::JobId, telemetry::AlertResult};

/// The largest body that is taken, in bytes.
pub const MAX_BODY: usize = 1024 * 1024;
/// How much of a body is read on, in bytes, once it is refused.
const MAX_DISCARDED: usize = 16 * MAX_BODY;
/// How long it is read on.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);

/// What is answered to a webhook.
#[derive(Debug, Serialize)]
struct Receipt {
    /// How many of its alerts started a job or joined one.
    accepted: usize,
    /// How many others there were.
    ignored: usize,
    /// The job.
    job: Option<JobId>,
}

/// Takes a webhook. Nothing here waits for the pipeline: an accepted alert is in the journal, and that is all.
pub(super) async fn receive(
    receiver: &Receiver,
    headers: &HeaderMap,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Response {
    let mut body = std::pin::pin!(body);
    if !is_authorized(receiver, headers) {
        discard(body).await;
        return unauthorized();
    }
    let read = read_body(headers, &mut body).await;
    if let Err(BodyError::TooLarge) = read {
        discard(body).await;
    }
    let body = match read {
        Ok(body) => body,
        Err(reason) => return error(reason.status(), reason),
    };
    let intake = match parse_webhook(&body, &receiver.settings.receiver.alert_names) {
        Ok(intake) => intake,
        Err(reason) => {
            // The reason never quotes the body, which may hold anything.
            tracing::warn!(%reason, bytes = body.len(), "webhook rejected");
            return error(StatusCode::BAD_REQUEST, reason);
        }
    };
    let (accepted, ignored) = (intake.accepted.len(), intake.ignored);
    let job = if accepted == 0 {
        None
    } else {
        let wait = receiver.settings.correlator.wait;
        match receiver.journal.accept(intake.accepted, Timestamp::now(), wait).await {
            Ok(job) => job,
            Err(reason) => {
                tracing::error!(%reason, accepted, "can't ingest alerts; Alertmanager will retry");
                return error(StatusCode::SERVICE_UNAVAILABLE, reason);
            }
        }
    };
    receiver.metrics.count_alerts(AlertResult::accepted, accepted);
    receiver.metrics.count_alerts(AlertResult::ignored, ignored);
    if let Some(job) = job {
        tracing::info!(%job, accepted, ignored, "alerts accepted");
    }
    json(StatusCode::OK, &Receipt { accepted, ignored, job })
}

/// The answer to a request that would change something, with a wrong token or none.
pub(super) fn unauthorized() -> Response {
    tracing::warn!("request rejected: invalid or missing token");
    let mut answer = error(StatusCode::UNAUTHORIZED, "expected Authorization: Bearer with RECEIVER_TOKEN");
    answer.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    answer
}

/// Compares the token without telling by the time that takes how much of it was right.
pub(super) fn is_authorized(receiver: &Receiver, headers: &HeaderMap) -> bool {
    let Some(token) = &receiver.settings.receiver.token else { return true };
    let Some(value) = headers.get(header::AUTHORIZATION) else { return false };
    let Some((scheme, given)) = value.as_bytes().split_at_checked("Bearer ".len()) else { return false };
    // The scheme's case does not matter (RFC 9110, 11.1).
    scheme.eq_ignore_ascii_case(b"Bearer ") && given.ct_eq(token.expose_secret().as_bytes()).into()
}

/// Reads on and forgets it, within bounds: a client that is still sending would see its connection broken, and not the answer.
async fn discard(mut body: impl Stream<Item = Result<impl Buf, warp::Error>> + Unpin) {
    let discard = async {
        let mut discarded = 0;
        while let Some(Ok(chunk)) = body.next().await {
            discarded += chunk.remaining();
            if discarded > MAX_DISCARDED {
                return;
            }
        }
    };
    let _ = tokio::time::timeout(DISCARD_TIMEOUT, discard).await;
}

/// Why a body can't be read.
#[derive(Debug, thiserror::Error)]
enum BodyError {
    #[error("the body is larger than {MAX_BODY} bytes")]
    TooLarge,
    #[error("the body is incomplete: {0}")]
    BrokenOff(warp::Error),
    #[error("the body did not arrive within {} seconds", BODY_TIMEOUT.as_secs())]
    TooSlow,
}

impl BodyError {
    fn status(&self) -> StatusCode {
        match self {
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BrokenOff(_) => StatusCode::BAD_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
        }
    }
}

/// Reads the body, up to its limits in size and time.
async fn read_body(
    headers: &HeaderMap,
    body: &mut (impl Stream<Item = Result<impl Buf, warp::Error>> + Unpin),
) -> Result<Vec<u8>, BodyError> {
    let announced: Option<usize> =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length| length > MAX_BODY) {
        return Err(BodyError::TooLarge);
    }
    let collect = async {
        let mut collected = Vec::with_capacity(announced.unwrap_or_default());
        while let Some(chunk) = body.next().await {
            let mut chunk = chunk.map_err(BodyError::BrokenOff)?;
            if collected.len() + chunk.remaining() > MAX_BODY {
                return Err(BodyError::TooLarge);
            }
            while chunk.has_remaining() {
                let part = chunk.chunk();
                collected.extend_from_slice(part);
                let taken = part.len();
                chunk.advance(taken);
            }
        }
        Ok(collected)
    };
    tokio::time::timeout(BODY_TIMEOUT, collect).await.unwrap_or(Err(BodyError::TooSlow))
}
