// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Whoever waits for the heartbeat: a little HTTP server that notes what it is asked.

use std::sync::{Arc, Mutex};

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use super::{eventually, service::Settings};

/// What lets us in there: no log may have it.
pub const TOKEN: &str = "5ecre7-token-of-the-check";

pub struct Heartbeats {
    state: Arc<State>,
    base: String,
}

struct State {
    /// The paths that were asked, in order.
    asked: Mutex<Vec<String>>,
    /// What is answered from now on: everything after `HTTP/1.1 `.
    answer: Mutex<String>,
}

impl Heartbeats {
    pub async fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let state = Arc::new(State { asked: Mutex::default(), answer: Mutex::default() });
        let heartbeats = Self { state: Arc::clone(&state), base };
        heartbeats.answer("200 OK", "OK");
        tokio::spawn(async move {
            loop {
                let (mut stream, _) = listener.accept().await.unwrap();
                let mut head = Vec::new();
                while !head.ends_with(b"\r\n\r\n") {
                    match stream.read_u8().await {
                        Ok(byte) => head.push(byte),
                        Err(_) => break,
                    }
                }
                let head = String::from_utf8_lossy(&head).into_owned();
                let Some((method, path)) = head.split_whitespace().next().zip(head.split_whitespace().nth(1))
                else {
                    continue;
                };
                state.asked.lock().unwrap().push(format!("{method} {path}"));
                let answer = state.answer.lock().unwrap().clone();
                let _ = stream.write_all(answer.as_bytes()).await;
            }
        });
        heartbeats
    }

    pub fn configure(&self, settings: &mut Settings) {
        settings
            .set("HEARTBEAT_URL", format!("{}/ping/{TOKEN}", self.base))
            .set("HEARTBEAT_FAIL_URL", format!("{}/ping/{TOKEN}/fail", self.base))
            // Not the 10 s after which the receiver closes an idle connection: a test that waited for a beat must not ask just then.
            .set("HEARTBEAT_SECONDS", 11);
    }

    /// What is answered from now on.
    pub fn answer(&self, status: &str, body: &str) {
        let length = body.len();
        let answer =
            format!("HTTP/1.1 {status}\r\nContent-Length: {length}\r\nConnection: close\r\n\r\n{body}");
        *self.state.answer.lock().unwrap() = answer;
    }

    /// What was asked, without what stands before the token.
    pub fn asked(&self) -> Vec<String> {
        let asked = self.state.asked.lock().unwrap();
        asked.iter().map(|request| request.replace(&format!("/ping/{TOKEN}"), "…")).collect()
    }

    /// Waits for the next request, and gives it.
    pub async fn next(&self) -> String {
        let before = self.asked().len();
        eventually("a heartbeat", || std::future::ready(self.asked().get(before).cloned())).await
    }

    /// Waits until this is asked.
    pub async fn hears(&self, request: &str) {
        let before = self.asked().len();
        let what = format!("the heartbeat {request}");
        let heard = || self.asked()[before..].iter().any(|asked| asked == request);
        eventually(&what, || std::future::ready(heard().then_some(()))).await;
    }
}
