// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Hears through Redis that an application has reported.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::{Client, RedisError};
use futures_util::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::troubles::{Watcher, WatcherTroubles};
use crate::text::one_line;

/// Both publishers: `node/<n>/…` since core 3.20 (`run-backup`), and `module/<mid>/…` before.
const CHANNELS: &str = "*/event/backup-status-changed";
/// How long subscribing may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The pause before another attempt.
const PAUSE: Duration = Duration::from_secs(2);

/// The longest reason of Redis' that is shown, in characters.
const MAX_REASON: usize = 300;

/// Why nothing is heard of backup runs.
#[derive(Debug, thiserror::Error)]
pub enum EventsError {
    /// Redis can't be reached, or refuses the subscription. Its own words are shown without control characters.
    #[error("{}", one_line(&.0.to_string(), MAX_REASON))]
    Redis(#[from] RedisError),
    /// Redis does not answer.
    #[error("no answer within {} seconds", TIMEOUT.as_secs())]
    Silent,
    /// The connection broke.
    #[error("the connection has ended")]
    Ended,
}

/// Calls `reported` whenever an application has reported, and after each new subscription, as something may have been missed.
pub async fn listen(
    url: SecretString,
    reported: Arc<Notify>,
    troubles: Arc<WatcherTroubles>,
    shutdown: CancellationToken,
) {
    loop {
        tokio::select! {
            () = shutdown.cancelled() => return,
            error = hear(&url, &reported, &troubles) => {
                troubles.note(Watcher::Events, Some(format!("backup runs can't be followed through Redis: {error}")));
            }
        }
        tokio::select! {
            () = shutdown.cancelled() => return,
            () = tokio::time::sleep(PAUSE) => {}
        }
    }
}

/// Hears until the connection breaks; returns why.
async fn hear(url: &SecretString, reported: &Notify, troubles: &WatcherTroubles) -> EventsError {
    let mut messages = match subscribe(url).await {
        Ok(messages) => messages,
        Err(error) => return error,
    };
    troubles.note(Watcher::Events, None);
    reported.notify_one();
    while messages.next().await.is_some() {
        // What was reported is read from Redis: an event can be missed, a status can't.
        reported.notify_one();
    }
    EventsError::Ended
}

/// Tries whether runs can be followed.
///
/// # Errors
/// [`EventsError`]
pub async fn probe(url: &SecretString) -> Result<(), EventsError> {
    subscribe(url).await.map(drop)
}

async fn subscribe(url: &SecretString) -> Result<impl StreamExt<Item = impl Sized> + Unpin, EventsError> {
    let attempt = async {
        let mut subscription = Client::open(url.expose_secret())?.get_async_pubsub().await?;
        subscription.psubscribe(CHANNELS).await?;
        Ok(Box::pin(subscription.into_on_message()))
    };
    tokio::time::timeout(TIMEOUT, attempt).await.unwrap_or(Err(EventsError::Silent))
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[tokio::test]
    async fn a_redis_that_is_away_is_the_source_of_the_error() {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        let url = format!("redis://:s3cr3t@{}", listener.local_addr().unwrap());
        drop(listener);
        let error = probe(&url.into()).await.unwrap_err();
        assert!(matches!(error, EventsError::Redis(_)), "{error:?}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
    }

    #[test]
    fn redis_own_words_are_shown_without_control_characters() {
        let error = EventsError::from(RedisError::from(std::io::Error::other("gone\u{1b}[31m\naway")));
        assert_eq!(error.to_string(), "gone [31m away");
        assert!(error.source().unwrap().is::<RedisError>());
    }
}
