// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A stand-in for the cluster's API server, which keeps its contract (ns8-core, `api-server` and the cluster's actions
//! `read-backup-snapshots` and `list-backup-repositories`) and runs the real restic, so that restic's own words are what is classified.

use std::{
    collections::HashMap,
    convert::Infallible,
    process::Command,
    sync::{Arc, Mutex},
};

use jiff::Timestamp;
use ns8_backup_monitor::receiver::server;
use serde_json::{Value, json};
use tokio::{net::TcpListener, sync::Notify};
use tokio_util::sync::CancellationToken;
use warp::{
    Filter, Rejection, Reply,
    http::{HeaderMap, StatusCode},
    reply::Response,
};

use super::{eventually, repositories::PASSWORD, sample::DESTINATION, service::Settings};

pub const USER: &str = "module/backup-monitor1";
pub const USER_PASSWORD: &str = "the module's password";

/// What only the cluster may know: it stands in the output of `list-backup-repositories`.
pub const SECRETS: [&str; 2] = [PASSWORD, "K005-the-key-of-the-bucket"];

pub struct ClusterApi {
    state: Arc<State>,
    pub base: String,
    _stop: tokio_util::sync::DropGuard,
}

#[derive(Default)]
struct State {
    /// Where the repositories are, as restic sees them.
    gateway: String,
    /// How often each step was asked for: `login`, `tasks`, `status`.
    calls: Mutex<HashMap<&'static str, usize>>,
    /// Statuses that a step answers next, before it answers as it should.
    answers: Mutex<HashMap<&'static str, Vec<u16>>>,
    /// The step at which requests hang.
    hanging: Mutex<Option<&'static str>>,
    free: Notify,
    /// The token that is good now.
    generation: Mutex<usize>,
    /// What each task has come to; None while it runs.
    tasks: Mutex<HashMap<String, Option<Value>>>,
    /// The data of each task that was created.
    asked: Mutex<Vec<Value>>,
    /// How many tasks there were.
    created: Mutex<usize>,
    /// True once the cluster's own backup has a passphrase.
    password_exists: Mutex<bool>,
    /// How many repositories are being read, and how many were at once at most.
    reading: Mutex<(usize, usize)>,
}

impl ClusterApi {
    /// Starts it; its restic finds the repositories behind `gateway`.
    pub async fn start(gateway: &str) -> Self {
        let state = Arc::new(State { gateway: gateway.to_owned(), ..State::default() });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(server::serve(listener, routes(Arc::clone(&state)), stop.clone()));
        Self { state, base, _stop: stop.drop_guard() }
    }

    pub fn configure(&self, settings: &mut Settings) {
        settings
            .set("REPO_CHECK_API_URL", &self.base)
            .set("REPO_CHECK_API_USER", USER)
            .set("REPO_CHECK_API_PASSWORD", USER_PASSWORD);
    }

    /// The next requests of a step are answered with these statuses.
    pub fn answer_next(&self, step: &'static str, statuses: &[u16]) {
        self.state.answers.lock().unwrap().insert(step, statuses.to_vec());
    }

    /// Requests of a step hang from now on.
    pub fn hang_at(&self, step: &'static str) {
        *self.state.hanging.lock().unwrap() = Some(step);
    }

    pub fn go_on(&self) {
        *self.state.hanging.lock().unwrap() = None;
        self.state.free.notify_waiters();
    }

    /// Tokens that were given are no longer taken.
    pub fn forget_tokens(&self) {
        *self.state.generation.lock().unwrap() += 1;
    }

    pub fn count(&self, step: &str) -> usize {
        self.state.calls.lock().unwrap().get(step).copied().unwrap_or_default()
    }

    pub async fn reached(&self, step: &str, before: usize) {
        let what = format!("the cluster API reaching {step}");
        eventually(&what, || std::future::ready((self.count(step) > before).then_some(()))).await;
    }

    /// The cluster's own backup has a passphrase from now on.
    pub fn set_passphrase(&self) {
        *self.state.password_exists.lock().unwrap() = true;
    }

    /// How many repositories were read at once at most.
    pub fn most_at_once(&self) -> usize {
        self.state.reading.lock().unwrap().1
    }

    /// What was asked of `read-backup-snapshots`.
    pub fn asked(&self) -> Vec<Value> {
        self.state.asked.lock().unwrap().clone()
    }
}

fn routes(
    state: Arc<State>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    let with_state = warp::any().map(move || Arc::clone(&state));
    let login = warp::path!("api" / "login")
        .and(warp::post())
        .and(with_state.clone())
        .and(warp::body::json())
        .then(login);
    let tasks = warp::path!("api" / "cluster" / "tasks")
        .and(warp::post())
        .and(with_state.clone())
        .and(warp::header::headers_cloned())
        .and(warp::body::json())
        .then(create_task);
    let status = warp::path!("api" / "cluster" / "task" / String / "status")
        .and(warp::get())
        .and(with_state)
        .and(warp::header::headers_cloned())
        .then(task_status);
    let not_found = async |_: Rejection| Ok::<_, Infallible>(answer(404, "API not found", Value::Null));
    login.or(tasks).unify().or(status).unify().recover(not_found)
}

#[expect(clippy::needless_pass_by_value, reason = "a literal of json! in most calls")]
fn answer(code: u16, message: &str, data: Value) -> Response {
    let body = json!({"code": code, "message": message, "data": data});
    warp::reply::with_status(warp::reply::json(&body), StatusCode::from_u16(code).unwrap()).into_response()
}

impl State {
    /// Counts a request, lets it hang if it shall, and gives the status that it shall be answered with, if any.
    async fn enter(&self, step: &'static str) -> Option<Response> {
        *self.calls.lock().unwrap().entry(step).or_default() += 1;
        loop {
            let free = self.free.notified();
            if *self.hanging.lock().unwrap() != Some(step) {
                break;
            }
            free.await;
        }
        let mut answers = self.answers.lock().unwrap();
        let next = answers.get_mut(step).filter(|statuses| !statuses.is_empty())?.remove(0);
        Some(answer(next, "as the test wants it", Value::Null))
    }

    fn token(&self) -> String {
        format!("token-{}", self.generation.lock().unwrap())
    }

    fn is_authorized(&self, headers: &HeaderMap) -> bool {
        headers.get("authorization").is_some_and(|value| value == &format!("Bearer {}", self.token()))
    }
}

async fn login(state: Arc<State>, credentials: Value) -> Response {
    if let Some(answer) = state.enter("login").await {
        return answer;
    }
    if credentials["username"] != USER || credentials["password"] != USER_PASSWORD {
        return answer(401, "incorrect Username or Password", Value::Null);
    }
    let body = json!({"code": 200, "expire": "2026-12-06T13:05:12Z", "token": state.token()});
    warp::reply::json(&body).into_response()
}

async fn create_task(state: Arc<State>, headers: HeaderMap, task: Value) -> Response {
    if let Some(answer) = state.enter("tasks").await {
        return answer;
    }
    if !state.is_authorized(&headers) {
        return answer(401, "cookie token is empty", Value::Null);
    }
    // The role `reader` covers list-*, get-*, show-* and read-*.
    let action = task["action"].as_str().unwrap_or_default();
    if !["list-", "get-", "show-", "read-"].iter().any(|prefix| action.starts_with(prefix)) {
        return answer(403, "you don't have permission to access this resource", Value::Null);
    }
    assert_eq!(task["extra"]["isNotificationHidden"], true);
    assert_eq!(task["parent"], "");
    let id = {
        let mut created = state.created.lock().unwrap();
        *created += 1;
        format!("00000000-0000-4000-8000-{:012}", *created)
    };
    match action {
        "read-backup-snapshots" => {
            let data = task["data"].clone();
            state.asked.lock().unwrap().push(data.clone());
            state.tasks.lock().unwrap().insert(id.clone(), None);
            {
                let mut reading = state.reading.lock().unwrap();
                reading.0 += 1;
                reading.1 = reading.1.max(reading.0);
            }
            let (runner, task_id) = (Arc::clone(&state), id.clone());
            tokio::task::spawn_blocking(move || {
                let result = read_backup_snapshots(&runner.gateway, &data);
                runner.reading.lock().unwrap().0 -= 1;
                runner.tasks.lock().unwrap().insert(task_id, Some(result));
            });
        }
        "list-backup-repositories" => {
            *state.calls.lock().unwrap().entry("list-backup-repositories").or_default() += 1;
            let exists = *state.password_exists.lock().unwrap();
            state.tasks.lock().unwrap().insert(id.clone(), Some(list_backup_repositories(exists)));
        }
        action => panic!("nobody should ask for {action}"),
    }
    let mut created = task;
    created["id"] = id.into();
    answer(201, "task queued successfully", created)
}

async fn task_status(id: String, state: Arc<State>, headers: HeaderMap) -> Response {
    if let Some(answer) = state.enter("status").await {
        return answer;
    }
    if !state.is_authorized(&headers) {
        return answer(401, "cookie token is empty", Value::Null);
    }
    let task = state.tasks.lock().unwrap().get(&id).cloned();
    match task.flatten() {
        Some(result) => answer(200, "success", result),
        None => answer(400, "error getting error status from redis", "redis: nil".into()),
    }
}

/// The action's step `50list`.
fn list_backup_repositories(password_exists: bool) -> Value {
    let repository = json!({
        "id": DESTINATION,
        "provider": "backblaze",
        "name": "BackBlaze repo1",
        "url": "b2:backupex1",
        "password": SECRETS[0],
        "parameters": {"b2_account_id": "x", "b2_account_key": SECRETS[1]},
        "basepath": "",
    });
    let output = json!({"repositories": [repository], "password_exists": password_exists});
    json!({"error": "", "output": output, "exit_code": 0, "file": "task/cluster/x"})
}

/// The step `50read` of the action `read-backup-snapshots`.
fn read_backup_snapshots(gateway: &str, data: &Value) -> Value {
    let (destination, path) = (data["repository"].as_str().unwrap(), data["path"].as_str().unwrap());
    let repository = format!("rest:{gateway}/{destination}/{path}");
    // From 0.17 on, restic tries for a quarter of an hour what fails: it must not outlive the test.
    let mut command = Command::new("timeout");
    command.args([
        "-k",
        "5",
        "-s",
        "INT",
        "45",
        "restic",
        "--no-cache",
        "-r",
        &repository,
        "snapshots",
        "--json",
    ]);
    let output = command.env("RESTIC_PASSWORD", PASSWORD).output().unwrap();
    let error = String::from_utf8_lossy(&output.stderr).into_owned();
    if !output.status.success() {
        return json!({"error": error, "output": "", "exit_code": 1, "file": "task/cluster/x"});
    }
    let Ok(snapshots) = serde_json::from_slice::<Vec<Value>>(&output.stdout) else {
        // `null`, where restic could not list them: the action fails as it iterates over None.
        let error = format!(
            "{error}Traceback (most recent call last):\nTypeError: 'NoneType' object is not iterable\n"
        );
        return json!({"error": error, "output": "", "exit_code": 1, "file": "task/cluster/x"});
    };
    let items: Vec<Value> = snapshots
        .iter()
        .map(|snapshot| {
            let time: Timestamp = snapshot["time"].as_str().unwrap().parse().unwrap();
            let summary = &snapshot["summary"];
            json!({
                "timestamp": time.as_second(),
                "id": snapshot["id"],
                "total_bytes": summary["total_bytes_processed"].as_i64().unwrap_or(-1),
                "backup_start": summary["backup_start"].as_str().unwrap_or_default(),
                "backup_end": summary["backup_end"].as_str().unwrap_or_default(),
            })
        })
        .collect();
    json!({"error": error, "output": items, "exit_code": 0, "file": "task/cluster/x"})
}
