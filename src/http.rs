// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The HTTP client for all that we ask.

use std::error::Error;

use reqwest::{Client, Response};

use crate::version::VERSION;

/// A client for the node and the cluster's network: no redirects, which would be a misconfiguration, and no proxy.
///
/// Making one reads the machine's certificates, which takes some milliseconds.
pub fn client() -> Client {
    // reqwest leaves the choice of cryptography to the program; ring needs no C++ and is what lettre uses, too.
    let _ = rustls::crypto::ring::default_provider().install_default();
    Client::builder()
        .user_agent(format!("ns8-backup-monitor/{VERSION}"))
        .redirect(reqwest::redirect::Policy::none())
        .no_proxy()
        .build()
        .expect("a client without special options can be built")
}

/// Why JSON can't be read: the kind and place of the error. Its own words may quote what stands there, such as a token.
pub fn json_reason(error: &serde_json::Error) -> String {
    use serde_json::error::Category;
    let what = match error.classify() {
        Category::Io | Category::Eof => "it ends too early",
        Category::Syntax => "it is not JSON",
        Category::Data => "it has another form",
    };
    format!("{what} (line {}, column {})", error.line(), error.column())
}

/// Reads the body of an answer, of at most `limit` bytes.
///
/// # Errors
/// Why it can't be read: the connection broke, or it is larger.
pub async fn body(mut answer: Response, limit: usize) -> Result<Vec<u8>, String> {
    let mut body = Vec::new();
    while let Some(chunk) = answer.chunk().await.map_err(|error| reason(&error))? {
        if chunk.len() > limit.saturating_sub(body.len()) {
            return Err(format!("the response is larger than {} KiB", limit / 1024));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What is at the bottom of a failed request, and where it went: the outer errors only say that it failed.
pub fn reason(error: &reqwest::Error) -> String {
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    match error.url() {
        Some(url) => {
            let host = url.host_str().unwrap_or_default();
            let port = url.port_or_known_default().unwrap_or_default();
            format!("{host}:{port}: {innermost}")
        }
        None => innermost.to_string(),
    }
}
