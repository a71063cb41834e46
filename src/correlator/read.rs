// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reading the cluster's Redis: everything that classification needs, in at most five round trips (six
//! before core 3.20).
//!
//! Only what the user `default` may do on the node's replica is used (ns8-core, `install-finalize.sh`): `+@read +@connection`
//! on `cluster/*`, `node/*` and `module/*`. There is no transaction, so a run that goes on meanwhile may be seen half;
//! the next reading sees it whole.

mod batch;
mod connection;
mod error;
mod own_keys;
mod round_trips;
mod unplanned;

use std::time::{Duration, Instant};

use deadpool::managed::{Object, Pool, PoolError};
use deadpool_redis::redis::{AsyncConnectionConfig, Client};
use jiff::{Timestamp, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};

pub use self::error::ReadError;

use self::{
    batch::Batch,
    connection::{Connector, MAX_MEBIBYTES},
};
use super::facts::{ClusterFacts, Scope};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long reading the whole cluster may take. A healthy Redis needs milliseconds; the pipeline tries again.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// How many connections there may be at once. Each job needs one.
const MAX_CONNECTIONS: usize = 4;

/// The cluster's Redis, as this node sees it.
#[derive(Clone)]
pub struct ClusterReader {
    pool: Pool<Connector>,
    zone: TimeZone,
}

impl ClusterReader {
    /// Prepares to read from `url`; nothing is sent yet. `zone` is the zone of hand-made timestamps.
    ///
    /// # Errors
    /// [`ReadError::Connect`] when `url` is not a Redis URL.
    pub fn new(url: &SecretString, zone: TimeZone) -> Result<Self, ReadError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(READ_TIMEOUT));
        let client = Client::open(url.expose_secret()).map_err(ReadError::connect)?;
        let pool = Pool::builder(Connector { client, config })
            .max_size(MAX_CONNECTIONS)
            .build()
            .map_err(ReadError::connect)?;
        Ok(Self { pool, zone })
    }

    /// Checks that Redis answers and may be read.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn ping(&self) -> Result<(), ReadError> {
        within(CONNECT_TIMEOUT, async {
            let mut session = self.connect().await?;
            let mut batch = Batch::default();
            batch.hash("cluster/environment");
            session.ask(batch).await
        })
        .await
    }

    /// Reads what `scope` is about, as of `now`.
    ///
    /// # Errors
    /// [`ReadError`]; then nothing is known.
    pub async fn read(&self, scope: &Scope, now: Timestamp) -> Result<ClusterFacts, ReadError> {
        let began = Instant::now();
        within(READ_TIMEOUT, async {
            let mut session = self.connect().await?;
            let mut facts = session.read(scope, now, &self.zone).await;
            if let Err(ReadError::TooLarge(limit)) = facts {
                // A module may have written that much. What is said of the others must not depend on it.
                tracing::warn!(
                    "the cluster's data exceed {limit} MiB; what modules write themselves is read piecemeal"
                );
                // Its place in the pool is needed.
                drop(session);
                session = self.connect().await?;
                session.piecemeal = true;
                facts = session.read(scope, now, &self.zone).await;
            }
            let facts = facts?;
            let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
            tracing::debug!(round_trips = session.round_trips, milliseconds, "cluster read");
            Ok(facts)
        })
        .await
    }

    async fn connect(&self) -> Result<Session, ReadError> {
        let connection = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => ReadError::connect(error),
            error => ReadError::connect(error),
        })?;
        Ok(Session { connection, round_trips: 0, sequence: None, piecemeal: false })
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, ReadError>>,
) -> Result<T, ReadError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(ReadError::Silent(limit)))
}

/// One connection, for one reading.
struct Session {
    connection: Object<Connector>,
    round_trips: usize,
    /// `cluster/backup_sequence`: the highest id of a plan that there ever was, where that is known and not too high.
    sequence: Option<u64>,
    /// True when sizes are asked for before values, where a module may have written them.
    piecemeal: bool,
}

impl Session {
    /// Sends a batch and waits for its answers: one round trip.
    async fn ask(&mut self, batch: Batch) -> Result<(), ReadError> {
        self.round_trips = self.round_trips.saturating_add(1);
        let sent = batch.send(&mut self.connection.redis).await;
        if sent.is_err() && self.connection.is_exceeded() {
            return Err(ReadError::TooLarge(MAX_MEBIBYTES));
        }
        sent
    }
}

#[cfg(test)]
mod tests {
    use std::error::Error;

    use super::*;

    #[test]
    fn an_unusable_url_is_not_shown_with_its_password() {
        let url = SecretString::from("http://admin:s3cr3t@host");
        let error = ClusterReader::new(&url, TimeZone::UTC).err().unwrap();
        assert!(error.to_string().starts_with("Redis can't be reached: "), "{error}");
        assert!(!format!("{error} {error:?}").contains("s3cr3t"), "{error:?}");
        assert!(error.source().is_some());
    }
}
