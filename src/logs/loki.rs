// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Loki's HTTP API: `GET /loki/api/v1/query_range`.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::ExposeSecret;

use super::{answer::Page, entries::Entry, findings::LogTrouble};
use crate::{config::LokiSettings, http, redact::redact, text};

/// How long one answer may take.
const TIMEOUT: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const MAX_BODY: usize = 8 * 1024 * 1024;
/// How many entries are asked for at once: Loki's own limit for a query.
const LIMIT: usize = 5000;
/// How many, where so many are too long an answer: Loki takes lines of up to 256 KiB, but nobody writes many of them.
const SMALL_LIMIT: usize = 500;
/// How many answers are read for one question.
const MAX_PAGES: usize = 4;
/// How many bytes of text the answers to one question may hold, noise aside. A run of sixty applications has some hundred KiB.
const MAX_TEXT: usize = 4 * 1024 * 1024;
/// How much of a refusal is told, in characters.
const MAX_REFUSAL: usize = 200;
/// How much of a refusal is read, in bytes.
const MAX_REFUSAL_BODY: usize = 4096;

/// A Loki.
pub struct Loki {
    client: Client,
    settings: LokiSettings,
}

/// Why there is no page.
enum NoPage {
    /// It is longer than is read.
    TooLong,
    /// Anything else.
    Trouble(LogTrouble),
}

impl Loki {
    /// The Loki of these settings.
    pub fn new(settings: LokiSettings) -> Self {
        Self { client: http::client(), settings }
    }

    /// The entries that a query finds in a time, in the order of time, and what is in the way of more.
    pub async fn entries(
        &self,
        query: &str,
        from: Timestamp,
        to: Timestamp,
    ) -> (Vec<Entry>, Option<LogTrouble>) {
        let (mut from, to) = (nanoseconds(from), nanoseconds(to));
        let mut entries: Vec<Entry> = Vec::new();
        let (mut limit, mut text) = (LIMIT, 0_usize);
        for _ in 0..MAX_PAGES {
            let page = match self.page(query, from, to, limit).await {
                Ok(page) => page,
                Err(NoPage::TooLong) if limit > SMALL_LIMIT => {
                    limit = SMALL_LIMIT;
                    continue;
                }
                Err(NoPage::TooLong) => return (entries, Some(LogTrouble::TooMuch)),
                Err(NoPage::Trouble(trouble)) => return (entries, Some(trouble)),
            };
            let last = page.last.filter(|_| page.count >= limit);
            text = page.entries.iter().fold(text, |sum, entry| sum.saturating_add(entry.text.len()));
            entries.extend(page.entries);
            if text > MAX_TEXT {
                return (entries, Some(LogTrouble::TooMuch));
            }
            let Some(last) = last else { return (entries, None) };
            // The next page begins with the last time of this one, of which there may be more.
            if last > from {
                entries.retain(|entry| nanoseconds(entry.at) < last);
                from = last;
            } else {
                from = last.saturating_add(1);
            }
        }
        (entries, Some(LogTrouble::TooMuch))
    }

    async fn page(&self, query: &str, from: i64, to: i64, limit: usize) -> Result<Page, NoPage> {
        let mut url = self.url("/loki/api/v1/query_range");
        url.query_pairs_mut()
            .append_pair("query", query)
            .append_pair("start", &from.to_string())
            .append_pair("end", &to.to_string())
            .append_pair("limit", &limit.to_string())
            .append_pair("direction", "forward");
        let answer = self.get(url).send().await.map_err(|error| NoPage::Trouble(silent(&error)))?;
        let mut answer = accepted(answer).await.map_err(NoPage::Trouble)?;
        let mut body = Vec::new();
        loop {
            match answer.chunk().await {
                Ok(Some(chunk)) if chunk.len() > MAX_BODY.saturating_sub(body.len()) => {
                    return Err(NoPage::TooLong);
                }
                Ok(Some(chunk)) => body.extend_from_slice(&chunk),
                Ok(None) => break,
                Err(error) => return Err(NoPage::Trouble(silent(&error))),
            }
        }
        let unreadable =
            |reason: String| LogTrouble::Refused { reason: format!("the answer can't be read: {reason}") };
        Page::parse(&body).map_err(|reason| NoPage::Trouble(unreadable(reason)))
    }

    /// Checks that it answers and takes our credentials.
    ///
    /// # Errors
    /// How it fails.
    pub async fn ping(&self) -> Result<(), LogTrouble> {
        let answer = self.get(self.url("/loki/api/v1/status/buildinfo")).send().await;
        accepted(answer.map_err(|error| silent(&error))?).await.map(drop)
    }

    fn url(&self, path: &str) -> Url {
        let mut url = self.settings.url.clone();
        let path = format!("{}{path}", url.path().trim_end_matches('/'));
        url.set_path(&path);
        url.set_query(None);
        url
    }

    fn get(&self, url: Url) -> RequestBuilder {
        let request = self.client.get(url).timeout(TIMEOUT);
        match &self.settings.username {
            Some(username) => {
                let password =
                    self.settings.password.as_ref().map(|password| password.expose_secret().to_owned());
                request.basic_auth(username, password)
            }
            None => request,
        }
    }
}

fn nanoseconds(time: Timestamp) -> i64 {
    let limit = if time < Timestamp::UNIX_EPOCH { i64::MIN } else { i64::MAX };
    i64::try_from(time.as_nanosecond()).unwrap_or(limit)
}

fn silent(error: &reqwest::Error) -> LogTrouble {
    let reason = match error.is_timeout() {
        true => format!("no answer within {} seconds", TIMEOUT.as_secs()),
        false => http::reason(error),
    };
    LogTrouble::Silent { reason }
}

/// An answer that is one, else what its status means.
async fn accepted(mut answer: Response) -> Result<Response, LogTrouble> {
    let status = answer.status();
    if status == StatusCode::OK {
        return Ok(answer);
    }
    let mut words = Vec::new();
    while words.len() < MAX_REFUSAL_BODY {
        match answer.chunk().await {
            Ok(Some(chunk)) => words.extend_from_slice(&chunk),
            Ok(None) | Err(_) => break,
        }
    }
    words.truncate(MAX_REFUSAL_BODY);
    let words = text::one_line(&redact(&String::from_utf8_lossy(&words)), MAX_REFUSAL);
    let reason = match (status, words.as_str()) {
        (StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN, _) => {
            format!("HTTP {}: LOKI_USERNAME and LOKI_PASSWORD are not accepted", status.as_u16())
        }
        (StatusCode::NOT_FOUND, _) => "HTTP 404: is LOKI_URL the address of a Loki?".into(),
        (_, "") => format!("HTTP {}", status.as_u16()),
        // A page of HTML says nothing.
        (_, words) if words.starts_with('<') => format!("HTTP {}", status.as_u16()),
        (_, words) => format!("HTTP {}: {words}", status.as_u16()),
    };
    Err(if status.is_server_error() { LogTrouble::Silent { reason } } else { LogTrouble::Refused { reason } })
}
