// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The rclone gateway, the cluster API and Loki, as far as the service uses them.

use std::{collections::BTreeMap, convert::Infallible, io, net::SocketAddr, sync::Arc};

use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warp::{Filter, Rejection, http::StatusCode};

use super::log::{self, Entry};
use crate::receiver::server::serve;

/// restic's answer for a repository.
pub(super) enum Answer {
    /// These snapshots, as `read-backup-snapshots` puts them out.
    Snapshots(Vec<Value>),
}

/// All of them on one free loopback port.
pub(super) struct Storage {
    pub address: SocketAddr,
}

impl Storage {
    pub async fn start(repositories: BTreeMap<String, Answer>, journal: Vec<Entry>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let repositories = Arc::new(repositories);
        // The destination answers: a file that can't exist is not found.
        let probe = warp::path!(String / "_probe_rest_404")
            .map(|_| warp::reply::with_status(warp::reply::json(&Value::Null), StatusCode::NOT_FOUND));
        let login = warp::path!("api" / "login").and(warp::post()).map(|| {
            let body = json!({"code": 200, "expire": "2099-01-01T00:00:00Z", "token": "demo"});
            warp::reply::with_status(warp::reply::json(&body), StatusCode::OK)
        });
        // The task's id is the repository's own, so that nothing has to be remembered.
        let tasks = warp::path!("api" / "cluster" / "tasks").and(warp::post()).and(warp::body::json()).map(
            |task: Value| {
                let path = task["data"]["path"].as_str().unwrap_or_default();
                let id = path.rsplit('/').next();
                let body = json!({"code": 201, "message": "task queued successfully", "data": {"id": id}});
                warp::reply::with_status(warp::reply::json(&body), StatusCode::CREATED)
            },
        );
        let result = warp::path!("api" / "cluster" / "task" / String / "status").map(move |id: String| {
            let body =
                result(repositories.iter().find(|(path, _)| path.ends_with(&id)).map(|(_, answer)| answer));
            warp::reply::with_status(warp::reply::json(&body), StatusCode::OK)
        });
        let query = warp::path!("loki" / "api" / "v1" / "query_range")
            .and(warp::query::<BTreeMap<String, String>>())
            .map(move |parameters: BTreeMap<String, String>| {
                let query = parameters.get("query").map_or("", String::as_str);
                warp::reply::with_status(warp::reply::json(&log::answer(&journal, query)), StatusCode::OK)
            });
        let not_found = async |_: Rejection| Ok::<_, Infallible>(StatusCode::NOT_FOUND);
        let routes =
            probe.or(login).unify().or(tasks).unify().or(result).unify().or(query).unify().recover(not_found);
        tokio::spawn(serve(listener, routes, CancellationToken::new()));
        Ok(Self { address })
    }
}

fn result(answer: Option<&Answer>) -> Value {
    let data = match answer {
        Some(Answer::Snapshots(snapshots)) => json!({"error": "", "output": snapshots, "exit_code": 0}),
        None => json!({"error": "Fatal: repository does not exist", "output": "", "exit_code": 1}),
    };
    json!({"code": 200, "message": "success", "data": data})
}
