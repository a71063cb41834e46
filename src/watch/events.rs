//! Hears through Redis that an application has reported.

use std::{sync::Arc, time::Duration};

use deadpool_redis::redis::{Client, RedisError};
use futures_util::StreamExt;
use secrecy::{ExposeSecret, SecretString};
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use super::troubles::{Watcher, WatcherTroubles};

/// Both publishers: `node/<n>/…` since core 3.20 (`run-backup`), and `module/<mid>/…` before.
const CHANNELS: &str = "*/event/backup-status-changed";
/// How long subscribing may take.
const TIMEOUT: Duration = Duration::from_secs(5);
/// The pause before another attempt.
const PAUSE: Duration = Duration::from_secs(2);

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

/// Hears until the connection breaks; says why.
async fn hear(url: &SecretString, reported: &Notify, troubles: &WatcherTroubles) -> String {
    let subscription = match subscribe(url).await {
        Ok(subscription) => subscription,
        Err(error) => return error,
    };
    troubles.note(Watcher::Events, None);
    reported.notify_one();
    let mut messages = subscription;
    while messages.next().await.is_some() {
        // What was reported is read from Redis: an event can be missed, a status can't.
        reported.notify_one();
    }
    "the connection has ended".into()
}

/// Whether runs can be followed.
///
/// # Errors
/// Why not.
pub async fn probe(url: &SecretString) -> Result<(), String> {
    subscribe(url).await.map(drop)
}

async fn subscribe(url: &SecretString) -> Result<impl StreamExt<Item = impl Sized> + Unpin, String> {
    let attempt = async {
        let mut subscription = Client::open(url.expose_secret())?.get_async_pubsub().await?;
        subscription.psubscribe(CHANNELS).await?;
        Ok::<_, RedisError>(subscription.into_on_message())
    };
    match tokio::time::timeout(TIMEOUT, attempt).await {
        Ok(Ok(messages)) => Ok(Box::pin(messages)),
        Ok(Err(error)) => Err(error.to_string()),
        Err(_) => Err(format!("no answer within {} seconds", TIMEOUT.as_secs())),
    }
}
