// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Alertmanager's API: `GET /api/v2/alerts`.

use std::time::Duration;

use reqwest::{Client, StatusCode, Url};

use super::{AlertNames, parse_api};
use crate::{alert::Alert, http};

/// How long an answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes. A cluster has some tens of alerts of a kilobyte each.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// Why there are no alerts.
#[derive(Debug, thiserror::Error)]
pub enum FetchError {
    /// No answer.
    #[error("{}", http::reason(.0))]
    Silent(#[source] reqwest::Error),
    /// An answer that is no list of alerts.
    #[error("unexpected HTTP status {0}; is ALERTMANAGER_URL the address of an Alertmanager?")]
    Status(StatusCode),
    /// A list that can't be read. JSON's own error is left out, as it may quote the answer.
    #[error("the response is not a list of alerts: {0}")]
    Unreadable(String),
}

/// An Alertmanager.
pub struct Alertmanager {
    client: Client,
    url: Url,
    names: AlertNames,
}

impl Alertmanager {
    /// The Alertmanager at `url`, of whose alerts those with these `names` count.
    pub fn new(url: &Url, names: AlertNames) -> Self {
        let mut url = url.clone();
        let path = format!("{}/api/v2/alerts", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(Some("active=true&silenced=false&inhibited=false&unprocessed=false"));
        Self { client: http::client(), url, names }
    }

    /// The alerts about backups that are firing.
    ///
    /// # Errors
    /// [`FetchError`]
    pub async fn alerts(&self) -> Result<Vec<Alert>, FetchError> {
        let request = self.client.get(self.url.clone()).timeout(TIMEOUT);
        let mut answer = request.send().await.map_err(FetchError::Silent)?;
        if answer.status() != StatusCode::OK {
            return Err(FetchError::Status(answer.status()));
        }
        let mut body = Vec::new();
        while let Some(chunk) = answer.chunk().await.map_err(FetchError::Silent)? {
            if body.len() + chunk.len() > MAX_BODY {
                return Err(FetchError::Unreadable(format!("it has more than {MAX_BODY} bytes")));
            }
            body.extend_from_slice(&chunk);
        }
        parse_api(&body, &self.names).map_err(|error| FetchError::Unreadable(http::json_reason(&error)))
    }
}

#[cfg(test)]
mod tests {
    use std::{error::Error, net::TcpListener};

    use super::*;

    #[tokio::test]
    async fn a_failed_request_names_the_host_and_keeps_its_source_without_the_password() {
        let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let url = format!("http://admin:s3cr3t@{address}").parse().unwrap();
        let error =
            Alertmanager::new(&url, ["BackupFailed"].into_iter().collect()).alerts().await.unwrap_err();
        assert!(error.to_string().starts_with(&format!("{address}: ")), "{error}");
        let source = error.source().unwrap();
        assert!(source.is::<reqwest::Error>());
        assert!(!format!("{error:?} {source}").contains("s3cr3t"), "{error:?}");
    }
}
