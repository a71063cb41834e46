// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Why the cluster's Redis could not be read.

use std::{error::Error, fmt::Display, time::Duration};

use deadpool_redis::redis::{RedisError, ServerError};

use crate::text::one_line;

/// The longest reason of Redis' that is shown, in characters.
const MAX_REASON: usize = 300;

/// Why the cluster could not be read. Redis' own words are shown without control characters.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No connection: Redis is down, or refuses the login.
    #[error("Redis can't be reached: {}", reason(.0))]
    Connect(#[source] Box<dyn Error + Send + Sync>),
    /// The connection broke, or Redis answered nonsense.
    #[error("Redis can't be read: {}", reason(.0))]
    Broken(#[source] RedisError),
    /// Redis answered that it will not, for instance for lack of a permission, or while it is loading.
    #[error("Redis denies access: {0}")]
    Refused(String),
    /// It is more than any cluster has; the limit in MiB.
    #[error("Redis can't be read: the cluster's data exceed {0} MiB")]
    TooLarge(usize),
    /// Redis does not answer.
    #[error("no response from Redis within {} seconds", .0.as_secs())]
    Silent(Duration),
}

impl ReadError {
    pub(super) fn connect(error: impl Into<Box<dyn Error + Send + Sync>>) -> Self {
        Self::Connect(error.into())
    }

    pub(super) fn refused(error: &ServerError) -> Self {
        Self::Refused(reason(format_args!("{} {}", error.code(), error.details().unwrap_or_default())))
    }
}

fn reason(error: impl Display) -> String {
    one_line(&error.to_string(), MAX_REASON)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn redis_own_words_are_shown_without_control_characters_and_kept_as_the_source() {
        let error = RedisError::from(std::io::Error::other("gone\u{1b}[31m\r\naway"));
        let error = ReadError::Broken(error);
        assert_eq!(error.to_string(), "Redis can't be read: gone [31m  away");
        assert!(error.source().unwrap().is::<RedisError>());
    }
}
