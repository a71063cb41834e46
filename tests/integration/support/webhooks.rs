// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Whoever gets reports by webhook: a real HTTP server that keeps what is posted to it, and answers as a test wants.

use std::{
    convert::Infallible,
    sync::{Arc, Mutex},
};

use ns8_backup_monitor::receiver::server;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warp::{
    Filter, Reply,
    http::{HeaderMap, StatusCode},
};

use super::{eventually, service::Settings};

/// What lets us in there: no log may have it, nor the key in the address.
pub const TOKEN: &str = "5ecre7-t0ken";
pub const KEY: &str = "5ecre7-key";

/// One request.
#[derive(Debug, Clone)]
pub struct Posted {
    pub headers: HeaderMap,
    pub body: Value,
}

impl Posted {
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

pub struct Webhooks {
    state: Arc<State>,
    base: String,
    _stop: tokio_util::sync::DropGuard,
}

#[derive(Default)]
struct State {
    posted: Mutex<Vec<Posted>>,
    /// The status from now on; 200 at first. 0 hangs.
    status: Mutex<u16>,
}

impl Webhooks {
    pub async fn start() -> Self {
        let state = Arc::new(State { status: Mutex::new(200), ..State::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        let with_state = {
            let state = Arc::clone(&state);
            warp::any().map(move || Arc::clone(&state))
        };
        let routes = warp::post()
            .and(warp::path!("hook" / String))
            .and(with_state)
            .and(warp::header::headers_cloned())
            .and(warp::body::json())
            .then(async |key: String, state: Arc<State>, headers: HeaderMap, body: Value| {
                assert_eq!(key, KEY);
                state.posted.lock().unwrap().push(Posted { headers, body });
                let status = *state.status.lock().unwrap();
                if status == 0 {
                    std::future::pending::<()>().await;
                }
                warp::reply::with_status("", StatusCode::from_u16(status).unwrap()).into_response()
            })
            .recover(async |_| Ok::<_, Infallible>(StatusCode::NOT_FOUND.into_response()));
        tokio::spawn(server::serve(listener, routes, stop.clone()));
        Self { state, base, _stop: stop.drop_guard() }
    }

    pub fn configure(&self, settings: &mut Settings) {
        settings
            .set("NOTIFY_WEBHOOK_URL", format!("{}/hook/{KEY}", self.base))
            .set("NOTIFY_WEBHOOK_TOKEN", TOKEN);
    }

    /// The status that is answered from now on; 0 answers never.
    pub fn answer(&self, status: u16) {
        *self.state.status.lock().unwrap() = status;
    }

    pub fn posted(&self) -> Vec<Posted> {
        self.state.posted.lock().unwrap().clone()
    }

    /// Waits until so many were posted.
    pub async fn receives(&self, count: usize) -> Vec<Posted> {
        eventually(&format!("{count} posts"), || {
            let posted = self.posted();
            std::future::ready((posted.len() >= count).then_some(posted))
        })
        .await
    }
}
