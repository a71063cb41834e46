// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The cluster's API server: what does a repository hold?
//!
//! A module may not read other modules' repositories, but the cluster may, and with the role `reader` a module may ask the
//! cluster to: the task `read-backup-snapshots` runs `restic snapshots --json` on the leader (ns8-core, `api-server` and the
//! cluster's actions).

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{sync::Mutex, time::Instant};

use super::{
    findings::{Cause, Health, Snapshot, Snapshots},
    restic,
};
use crate::{config::ApiSettings, http, ids::DestinationId};

/// The longest that one HTTP request may take; a check is made of several.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The pauses between attempts, after which the last one repeats: for an API that is busy, and for a task that runs.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1500),
];

/// Why there are no snapshots to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The API can't be used, for this repository or any other.
    Api(Cause),
    /// Something is wrong with this repository.
    Repository(Health, Cause),
}

/// The API server of the cluster.
pub(super) struct ClusterApi {
    client: Client,
    settings: ApiSettings,
    /// For one repository.
    timeout: Duration,
    /// The token of the last login. NS8's are good for two weeks.
    token: Mutex<Option<SecretString>>,
}

#[derive(Deserialize)]
struct Login {
    token: SecretString,
}

#[derive(Deserialize)]
struct Created {
    data: CreatedTask,
}

#[derive(Deserialize)]
struct CreatedTask {
    id: String,
}

#[derive(Deserialize)]
struct Status {
    data: TaskResult,
}

#[derive(Deserialize)]
struct TaskResult {
    #[serde(default)]
    error: String,
    #[serde(default)]
    output: Value,
    exit_code: i64,
}

/// One item of the action's output. The rest of it is not used.
#[derive(Deserialize)]
struct SnapshotItem {
    timestamp: i64,
    /// -1 when it is not known.
    #[serde(default)]
    total_bytes: Option<i64>,
}

impl ClusterApi {
    pub fn new(client: Client, settings: ApiSettings, timeout: Duration) -> Self {
        Self { client, settings, timeout, token: Mutex::default() }
    }

    /// Logs in, if that was not done yet.
    ///
    /// # Errors
    /// Why we may not, or can't.
    pub async fn login(&self) -> Result<(), Cause> {
        let limit = self.timeout.min(REQUEST_TIMEOUT);
        match tokio::time::timeout(limit, self.token(None)).await {
            Ok(result) => result.map(drop),
            Err(_) => {
                Err(Cause::ApiSilent { reason: format!("no answer within {} seconds", limit.as_secs()) })
            }
        }
    }

    /// Asks for the snapshots in the repository at `path` of `destination`.
    ///
    /// # Errors
    /// [`Failure`], within the time limit.
    pub async fn snapshots(&self, destination: &DestinationId, path: &str) -> Result<Snapshots, Failure> {
        let deadline = Instant::now() + self.timeout;
        let task = self.within(deadline, self.create_task(destination, path)).await;
        let task = task.unwrap_or_else(|| {
            let reason = format!("no answer within {} seconds", self.timeout.as_secs());
            Err(Cause::ApiSilent { reason })
        });
        let task = task.map_err(Failure::Api)?;
        let result = self.within(deadline, self.task_result(&task)).await;
        let Some(result) = result else {
            // The task was taken but does not end: restic hangs at the repository.
            let seconds = self.timeout.as_secs();
            return Err(Failure::Repository(Health::Unreachable, Cause::NoAnswer { seconds }));
        };
        read_result(result.map_err(Failure::Api)?)
    }

    async fn within<T>(&self, deadline: Instant, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(deadline, work).await.ok()
    }

    async fn create_task(&self, destination: &DestinationId, path: &str) -> Result<String, Cause> {
        let body = json!({
            "action": "read-backup-snapshots",
            "data": {"repository": destination, "path": path},
            "extra": {"isNotificationHidden": true},
            "parent": "",
        });
        let request = || self.client.post(self.url("api/cluster/tasks")).json(&body);
        let answer = self.ask("read-backup-snapshots", request).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(read_json::<Created>(answer).await?.data.id),
            StatusCode::FORBIDDEN => Err(Cause::ApiRefused {
                reason: "read-backup-snapshots is not allowed for this user, or this is not the leader (403)"
                    .into(),
            }),
            StatusCode::NOT_FOUND => {
                Err(Cause::ApiSilent { reason: "the cluster's agent is not running (404)".into() })
            }
            status => Err(unexpected("read-backup-snapshots", status)),
        }
    }

    /// Waits for a task to end.
    async fn task_result(&self, task: &str) -> Result<TaskResult, Cause> {
        let mut pauses = pauses();
        loop {
            let request = || self.client.get(self.url(&format!("api/cluster/task/{task}/status")));
            let answer = self.ask("the task's status", request).await?;
            match answer.status() {
                StatusCode::OK => return Ok(read_json::<Status>(answer).await?.data),
                // Its result is not there yet.
                StatusCode::BAD_REQUEST => tokio::time::sleep(pauses.next().unwrap_or_default()).await,
                status => return Err(unexpected("the task's status", status)),
            }
        }
    }

    /// Makes a request with our token. Logs in again, once, when the token is no longer accepted.
    async fn ask(&self, what: &str, request: impl Fn() -> RequestBuilder) -> Result<Response, Cause> {
        let send = async |token: &SecretString| {
            let request = || request().bearer_auth(token.expose_secret());
            send(what, request, reqwest::Error::is_connect).await
        };
        let token = self.token(None).await?;
        let answer = send(&token).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        let token = self.token(Some(&token)).await?;
        let answer = send(&token).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        Err(Cause::ApiRefused { reason: format!("{what}: not authorized (401)") })
    }

    /// Our token; a new one when there is none, or when the one we have is `stale`.
    async fn token(&self, stale: Option<&SecretString>) -> Result<SecretString, Cause> {
        // Held while logging in, so that many questions log in once.
        let mut token = self.token.lock().await;
        if let Some(current) = token.as_ref()
            && stale.is_none_or(|stale| stale.expose_secret() != current.expose_secret())
        {
            return Ok(current.clone());
        }
        let credentials = json!({
            "username": self.settings.user,
            "password": self.settings.password.expose_secret(),
        });
        let request = || self.client.post(self.url("api/login")).json(&credentials);
        // Nothing but a timeout is worth another login: whatever else breaks it off is wrong with the URL.
        let is_final = |error: &reqwest::Error| error.is_connect() || !error.is_timeout();
        let answer = send("the login", request, is_final).await?;
        if !answer.status().is_success() {
            let (user, status) = (&self.settings.user, answer.status().as_u16());
            return Err(Cause::ApiRefused { reason: format!("login of {user} rejected ({status})") });
        }
        let login: Login = read_json(answer).await?;
        Ok(token.insert(login.token).clone())
    }

    fn url(&self, path: &str) -> String {
        format!("{}/{path}", self.settings.url.as_str().trim_end_matches('/'))
    }
}

/// Sends a request, again and again while the API is busy or failing: until it answers, an error is final, or the caller's
/// time is over.
async fn send(
    what: &str,
    request: impl Fn() -> RequestBuilder,
    is_final: impl Fn(&reqwest::Error) -> bool,
) -> Result<Response, Cause> {
    for pause in pauses() {
        match request().timeout(REQUEST_TIMEOUT).send().await {
            Ok(answer) if is_transient(answer.status()) => {
                tracing::debug!(what, status = %answer.status(), "the cluster API is busy");
            }
            Ok(answer) => return Ok(answer),
            Err(error) if is_final(&error) => {
                return Err(Cause::ApiSilent { reason: http::reason(&error) });
            }
            Err(error) => tracing::debug!(what, error = http::reason(&error), "the cluster API fails"),
        }
        tokio::time::sleep(pause).await;
    }
    unreachable!("the pauses never end")
}

/// Too many requests, or a server error: worth another try.
fn is_transient(status: StatusCode) -> bool {
    status == StatusCode::TOO_MANY_REQUESTS || status.is_server_error()
}

fn pauses() -> impl Iterator<Item = Duration> {
    PAUSES.into_iter().chain(std::iter::repeat(PAUSES[PAUSES.len() - 1]))
}

fn unexpected(what: &str, status: StatusCode) -> Cause {
    Cause::ApiSilent { reason: format!("{what}: unexpected status {}", status.as_u16()) }
}

async fn read_json<T: DeserializeOwned>(answer: Response) -> Result<T, Cause> {
    let body = answer.bytes().await.map_err(|error| Cause::ApiSilent { reason: http::reason(&error) })?;
    serde_json::from_slice(&body).map_err(|error| Cause::ApiSilent {
        reason: format!("unexpected response: {}", http::json_reason(&error)),
    })
}

/// What an ended task says of the repository.
fn read_result(result: TaskResult) -> Result<Snapshots, Failure> {
    if result.exit_code != 0 {
        let (health, message) = restic::read_error(&result.error);
        return Err(Failure::Repository(health, Cause::Restic { message }));
    }
    // restic prints `null` for a repository without snapshots.
    let items: Option<Vec<SnapshotItem>> = serde_json::from_value(result.output).map_err(|error| {
        let reason = format!("unexpected output of the task: {}", http::json_reason(&error));
        Failure::Api(Cause::ApiSilent { reason })
    })?;
    let items = items.unwrap_or_default();
    let last = items.iter().max_by_key(|item| item.timestamp).and_then(|item| {
        Some(Snapshot {
            time: Timestamp::from_second(item.timestamp).ok()?,
            size: item.total_bytes.and_then(|bytes| u64::try_from(bytes).ok()),
        })
    });
    Ok(Snapshots { count: items.len(), last })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn result(exit_code: i64, error: &str, output: Value) -> Result<Snapshots, Failure> {
        read_result(TaskResult { error: error.into(), output, exit_code })
    }

    #[test]
    fn the_last_snapshot_is_the_newest_wherever_it_stands() {
        let output = json!([
            {"timestamp": 1_763_863_200, "id": "b", "total_bytes": 700, "backup_start": "x", "backup_end": "y"},
            {"timestamp": 1_763_776_800, "id": "a", "total_bytes": -1},
        ]);
        let last = Snapshot { time: Timestamp::from_second(1_763_863_200).unwrap(), size: Some(700) };
        assert_eq!(result(0, "", output), Ok(Snapshots { count: 2, last: Some(last) }));
    }

    #[test]
    fn a_size_of_minus_one_is_not_known() {
        let snapshots = result(0, "", json!([{"timestamp": 1, "total_bytes": -1}])).unwrap();
        assert_eq!(snapshots.last.unwrap().size, None);
    }

    #[test]
    fn a_repository_without_snapshots_is_well_and_empty() {
        for output in [json!([]), Value::Null] {
            assert_eq!(result(0, "", output), Ok(Snapshots { count: 0, last: None }));
        }
    }

    #[test]
    fn a_failed_task_reports_restics_message() {
        let failure = result(1, "Fatal: wrong password or no key found\n", Value::String(String::new()));
        let cause = Cause::Restic { message: "Fatal: wrong password or no key found".into() };
        assert_eq!(failure, Err(Failure::Repository(Health::WrongPassword, cause)));
    }

    #[test]
    fn an_output_that_is_no_list_is_not_taken_for_an_empty_repository() {
        assert!(matches!(result(0, "", json!({"x": 1})), Err(Failure::Api(_))));
    }
}
