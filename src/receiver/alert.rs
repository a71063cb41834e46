// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `POST /alert`: Alertmanager's webhook. A 200 is a promise.

use std::time::Duration;

use bytes::Buf;
use futures_util::{Stream, StreamExt};
use jiff::Timestamp;
use serde::Serialize;
use warp::{
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    reply::Response,
};

use super::{
    answer::{BEARER, error, json},
    bodies::Place,
    context::Receiver,
};
use crate::{
    alertmanager::{Intake, NotAWebhook, Webhook},
    ids::JobId,
    journal::JournalError,
    telemetry::AlertResult,
};

/// The largest body that is taken, in bytes. It is never held as a whole.
pub const MAX_BODY: usize = 16 * 1024 * 1024;
/// How much of a body is read on, in bytes, once it is refused.
const MAX_DISCARDED: usize = 2 * MAX_BODY;
/// How long it is read on.
const DISCARD_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a body may take to arrive.
const BODY_TIMEOUT: Duration = Duration::from_secs(20);
/// After how many seconds to try again what there was no room for.
const RETRY_AFTER: HeaderValue = HeaderValue::from_static("10");

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

/// Why a webhook is refused.
#[derive(Debug, thiserror::Error)]
enum Refusal {
    #[error(transparent)]
    Denied(#[from] super::access::Denied),
    #[error("the body is larger than {MAX_BODY} bytes")]
    TooLarge,
    #[error("the body is incomplete")]
    BrokenOff,
    #[error("the body did not arrive within {} seconds", BODY_TIMEOUT.as_secs())]
    TooSlow,
    #[error("there are too many others; try again")]
    Crowded,
    #[error(transparent)]
    NotAWebhook(#[from] NotAWebhook),
    #[error("can't ingest alerts: {0}")]
    Journal(#[source] JournalError),
}

impl Refusal {
    fn status(&self) -> StatusCode {
        match self {
            Self::Denied(denied) => denied.status(),
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::BrokenOff | Self::NotAWebhook(_) => StatusCode::BAD_REQUEST,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            // Alertmanager tries again after a 5xx alone.
            Self::Crowded | Self::Journal(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// Whether to read on, so that a client that is still sending sees the answer and not its connection broken.
    fn leaves_body(&self) -> bool {
        matches!(self, Self::Denied(_) | Self::TooLarge | Self::NotAWebhook(_))
    }
}

/// Takes a webhook. Nothing here waits for the pipeline: an accepted alert is in the journal, and that is all.
pub(super) async fn receive(
    receiver: &Receiver,
    headers: &HeaderMap,
    body: impl Stream<Item = Result<impl Buf, warp::Error>>,
) -> Response {
    let mut body = std::pin::pin!(body);
    let refusal = match take(receiver, headers, &mut body).await {
        Ok(receipt) => return json(StatusCode::OK, &receipt),
        Err(refusal) => refusal,
    };
    let status = refusal.status();
    receiver.metrics.count_alerts(AlertResult::refused, 1);
    receiver.refusals.note(status.as_u16(), &refusal.to_string());
    if refusal.leaves_body() {
        discard(receiver, body).await;
    }
    let mut answer = error(status, refusal);
    let headers = answer.headers_mut();
    match status {
        StatusCode::UNAUTHORIZED => drop(headers.insert(header::WWW_AUTHENTICATE, BEARER)),
        StatusCode::SERVICE_UNAVAILABLE => drop(headers.insert(header::RETRY_AFTER, RETRY_AFTER)),
        _ => {}
    }
    answer
}

async fn take(
    receiver: &Receiver,
    headers: &HeaderMap,
    body: &mut (impl Stream<Item = Result<impl Buf, warp::Error>> + Unpin),
) -> Result<Receipt, Refusal> {
    receiver.access.check(&Method::POST, "/alert", "", headers)?;
    // Kept until the journal has the alerts: what they take in memory counts as the body's.
    let mut place = receiver.bodies.enter();
    let intake = read(receiver, headers, body, &mut place).await?;
    let Intake { accepted: alerts, beyond, ignored, truncated, too_long } = intake;
    let accepted = alerts.len().saturating_add(beyond).saturating_sub(usize::from(beyond > 0 && !truncated));
    if truncated || beyond > 0 {
        tracing::warn!(truncated, beyond, "not all alerts are known: all plans are looked at");
    }
    if too_long > 0 {
        tracing::warn!(too_long, "alerts ignored that are too long to be read");
    }
    let job = match alerts.is_empty() {
        true => None,
        false => {
            let wait = receiver.settings.correlator.wait;
            receiver.journal.accept(alerts, Timestamp::now(), wait).await.map_err(Refusal::Journal)?
        }
    };
    receiver.metrics.count_alerts(AlertResult::accepted, accepted);
    receiver.metrics.count_alerts(AlertResult::ignored, ignored);
    if let Some(job) = job {
        tracing::info!(%job, accepted, ignored, "alerts accepted");
    }
    Ok(Receipt { accepted, ignored, job })
}

/// Reads the body while it arrives, up to its limits in size, time and memory.
async fn read(
    receiver: &Receiver,
    headers: &HeaderMap,
    body: &mut (impl Stream<Item = Result<impl Buf, warp::Error>> + Unpin),
    place: &mut Place,
) -> Result<Intake, Refusal> {
    let announced: Option<u64> =
        headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
    if announced.is_some_and(|length| length > MAX_BODY as u64) {
        return Err(Refusal::TooLarge);
    }
    let mut webhook = Webhook::new(&receiver.settings.receiver.alert_names);
    let mut received = 0_usize;
    let deadline = tokio::time::Instant::now() + BODY_TIMEOUT;
    loop {
        let chunk = tokio::select! {
            // What has arrived is read first, whoever waits.
            biased;
            chunk = body.next() => chunk,
            () = place.lost() => return Err(Refusal::Crowded),
            () = tokio::time::sleep_until(deadline) => return Err(Refusal::TooSlow),
        };
        let Some(chunk) = chunk else { return Ok(webhook.finish()?) };
        let mut chunk = chunk.map_err(|_| Refusal::BrokenOff)?;
        received = received.saturating_add(chunk.remaining());
        if received > MAX_BODY {
            return Err(Refusal::TooLarge);
        }
        while chunk.has_remaining() {
            let part = chunk.chunk();
            webhook.feed(part)?;
            let taken = part.len();
            chunk.advance(taken);
        }
        place.cover(webhook.memory()).await.map_err(|_| Refusal::Crowded)?;
    }
}

/// Reads on and forgets it, within bounds.
async fn discard(receiver: &Receiver, mut body: impl Stream<Item = Result<impl Buf, warp::Error>> + Unpin) {
    let place = receiver.discarded.enter();
    let discard = async {
        let mut discarded = 0_usize;
        while let Some(Ok(chunk)) = body.next().await {
            discarded = discarded.saturating_add(chunk.remaining());
            if discarded > MAX_DISCARDED {
                return;
            }
        }
    };
    tokio::select! {
        () = discard => {}
        () = place.lost() => {}
        () = tokio::time::sleep(DISCARD_TIMEOUT) => {}
    }
}
