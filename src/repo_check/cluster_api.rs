// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The cluster's API server: what does a repository hold, and has the cluster's own backup a passphrase?
//!
//! A module may not read other modules' repositories, but the cluster may, and with the role `reader` a module may ask the
//! cluster to: the task `read-backup-snapshots` runs `restic snapshots --json` on the leader (ns8-core, `api-server` and the
//! cluster's actions). Of `list-backup-repositories`, whose output holds the passwords of all destinations, one value is taken in.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::{Client, RequestBuilder, Response, StatusCode};
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::{Value, json};
use tokio::{sync::Mutex, time::Instant};

use super::{
    findings::{Detail, Health, Snapshots},
    password::PasswordState,
    restic,
    snapshots::SnapshotList,
};
use crate::{config::ApiSettings, http, ids::DestinationId, text};

/// The longest that one HTTP request may take; a check is made of several.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(10);
/// The pauses between attempts, after which the last one repeats: for an API that is busy, and for a task that runs.
const PAUSES: [Duration; 4] = [
    Duration::from_millis(200),
    Duration::from_millis(400),
    Duration::from_millis(800),
    Duration::from_millis(1500),
];

/// The largest answer that is read, in bytes.
const MAX_ANSWER: usize = 64 * 1024;
/// The largest result of a task that is read, in bytes: some 20 000 snapshots. A module may write any number into its repository.
const MAX_RESULT: usize = 4 * 1024 * 1024;
/// The action that reads a repository.
const READ_SNAPSHOTS: &str = "read-backup-snapshots";
/// The action that knows of the cluster's passphrase.
const LIST_REPOSITORIES: &str = "list-backup-repositories";
/// The longest id of a task. NS8's are UUIDs.
const MAX_TASK_ID: usize = 64;

/// Why there are no snapshots to report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Failure {
    /// The API can't be used, for this repository or any other.
    Api(Detail),
    /// Something is wrong with this repository.
    Repository(Health, Detail),
}

/// The API server of the cluster.
pub(super) struct ClusterApi {
    client: Client,
    settings: ApiSettings,
    /// For one repository, where there is time for it.
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
#[serde(bound = "T: DeserializeOwned + Default")]
struct Status<T> {
    data: TaskResult<T>,
}

#[derive(Deserialize)]
#[serde(bound = "T: DeserializeOwned + Default")]
struct TaskResult<T> {
    #[serde(default)]
    error: String,
    #[serde(default)]
    output: T,
    exit_code: i64,
}

impl ClusterApi {
    pub fn new(client: Client, settings: ApiSettings, timeout: Duration) -> Self {
        Self { client, settings, timeout, token: Mutex::default() }
    }

    /// Logs in, if that was not done yet.
    ///
    /// # Errors
    /// Why we may not, or can't.
    pub async fn login(&self) -> Result<(), Detail> {
        let limit = self.timeout.min(REQUEST_TIMEOUT);
        match tokio::time::timeout(limit, self.token(None)).await {
            Ok(result) => result.map(drop),
            Err(_) => {
                Err(Detail::ApiSilent { reason: format!("no answer within {} seconds", limit.as_secs()) })
            }
        }
    }

    /// Asks for the snapshots in the repository at `path` of `destination`.
    ///
    /// # Errors
    /// [`Failure`], within `limit`.
    pub async fn snapshots(
        &self,
        destination: &DestinationId,
        path: &str,
        limit: Duration,
    ) -> Result<Snapshots, Failure> {
        let data = json!({"repository": destination, "path": path});
        let result = self.run::<SnapshotList>(READ_SNAPSHOTS, data, limit).await?;
        read_result(result, Timestamp::now())
    }

    /// Asks whether the cluster's own backup has a passphrase. Nothing else of what the answer holds is taken in, whatever becomes of it.
    ///
    /// # Errors
    /// Why that is not known, within the time for one question.
    pub async fn password_exists(&self) -> Result<bool, Detail> {
        let result = self.run::<PasswordState>(LIST_REPOSITORIES, json!({}), self.timeout).await;
        let silent =
            |reason: &str| Err(Detail::ApiSilent { reason: format!("{LIST_REPOSITORIES}: {reason}") });
        match result {
            // What it writes about its failure is not ours to read either.
            Ok(TaskResult { exit_code, .. }) if exit_code != 0 => silent("the task failed"),
            Ok(TaskResult { output: PasswordState(Some(exists)), .. }) => Ok(exists),
            Ok(TaskResult { output: PasswordState(None), .. }) => silent("it does not say password_exists"),
            Err(Failure::Api(detail) | Failure::Repository(_, detail)) => Err(detail),
        }
    }

    /// Has the cluster run an action, and waits for its result.
    async fn run<T: DeserializeOwned + Default>(
        &self,
        action: &'static str,
        data: Value,
        limit: Duration,
    ) -> Result<TaskResult<T>, Failure> {
        let now = Instant::now();
        let deadline = now.checked_add(limit).unwrap_or(now);
        let no_answer = || Detail::NoAnswer { seconds: limit.as_secs().max(1) };
        let task = match self.within(deadline, self.create_task(action, data)).await {
            Some(task) => task.map_err(Failure::Api)?,
            // With less time than a question should have, that says little about the API.
            None if limit < self.timeout => {
                return Err(Failure::Repository(Health::Unknown, no_answer()));
            }
            None => {
                let reason = format!("no answer within {} seconds", limit.as_secs());
                return Err(Failure::Api(Detail::ApiSilent { reason }));
            }
        };
        let result = self.within(deadline, async {
            let answer = self.task_result(&task).await.map_err(Failure::Api)?;
            // What stands in it is of this repository: whatever is wrong with that, the next one can be asked about.
            let body = http::body(answer, MAX_RESULT).await.map_err(not_known)?;
            serde_json::from_slice::<Status<T>>(&body)
                .map_err(|error| not_known(format!("unexpected response: {}", http::json_reason(&error))))
        });
        let Some(result) = result.await else {
            // The task was taken but does not end: restic hangs at the repository.
            return Err(Failure::Repository(Health::Unreachable, no_answer()));
        };
        Ok(result?.data)
    }

    async fn within<T>(&self, deadline: Instant, work: impl Future<Output = T>) -> Option<T> {
        tokio::time::timeout_at(deadline, work).await.ok()
    }

    async fn create_task(&self, action: &'static str, data: Value) -> Result<String, Detail> {
        let body = json!({
            "action": action,
            "data": data,
            "extra": {"isNotificationHidden": true},
            "parent": "",
        });
        let request = || self.client.post(self.url("api/cluster/tasks")).json(&body);
        let answer = self.ask(action, request).await?;
        match answer.status() {
            StatusCode::CREATED => {
                let id = read_json::<Created>(answer).await?.data.id;
                let is_id = (1..=MAX_TASK_ID).contains(&id.len())
                    && id.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-');
                let shown = || text::one_line(&id, MAX_TASK_ID);
                is_id
                    .then(|| id.clone())
                    .ok_or_else(|| Detail::ApiSilent { reason: format!("{:?} is no task's id", shown()) })
            }
            StatusCode::FORBIDDEN => Err(Detail::ApiRefused {
                reason: format!("{action} is not allowed for this user, or this is not the leader (403)"),
            }),
            StatusCode::NOT_FOUND => {
                Err(Detail::ApiSilent { reason: "the cluster's agent is not running (404)".into() })
            }
            status => Err(unexpected(action, status)),
        }
    }

    /// Waits for a task to end. Gives the answer that holds its result.
    async fn task_result(&self, task: &str) -> Result<Response, Detail> {
        let mut pauses = pauses();
        loop {
            let request = || self.client.get(self.url(&format!("api/cluster/task/{task}/status")));
            let answer = self.ask("the task's status", request).await?;
            match answer.status() {
                StatusCode::OK => return Ok(answer),
                // Its result is not there yet.
                StatusCode::BAD_REQUEST => tokio::time::sleep(pauses.next().unwrap_or_default()).await,
                status => return Err(unexpected("the task's status", status)),
            }
        }
    }

    /// Makes a request with our token. Logs in again, once, when the token is no longer accepted.
    async fn ask(&self, what: &str, request: impl Fn() -> RequestBuilder) -> Result<Response, Detail> {
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
        Err(Detail::ApiRefused { reason: format!("{what}: not authorized (401)") })
    }

    /// Our token; a new one when there is none, or when the one we have is `stale`.
    async fn token(&self, stale: Option<&SecretString>) -> Result<SecretString, Detail> {
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
            return Err(Detail::ApiRefused { reason: format!("login of {user} rejected ({status})") });
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
) -> Result<Response, Detail> {
    for pause in pauses() {
        match request().timeout(REQUEST_TIMEOUT).send().await {
            Ok(answer) if is_transient(answer.status()) => {
                tracing::debug!(what, status = %answer.status(), "the cluster API is busy");
            }
            Ok(answer) => return Ok(answer),
            Err(error) if is_final(&error) => {
                return Err(Detail::ApiSilent { reason: http::reason(&error) });
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
    PAUSES.into_iter().chain(PAUSES.last().copied().into_iter().cycle())
}

fn unexpected(what: &str, status: StatusCode) -> Detail {
    Detail::ApiSilent { reason: format!("{what}: unexpected status {}", status.as_u16()) }
}

async fn read_json<T: DeserializeOwned>(answer: Response) -> Result<T, Detail> {
    let body = http::body(answer, MAX_ANSWER).await.map_err(|reason| Detail::ApiSilent { reason })?;
    serde_json::from_slice(&body).map_err(|error| Detail::ApiSilent {
        reason: format!("unexpected response: {}", http::json_reason(&error)),
    })
}

/// Nothing is known of the repository.
fn not_known(reason: String) -> Failure {
    Failure::Repository(Health::Unknown, Detail::ApiSilent { reason })
}

/// What an ended task says of the repository, as of `now`.
fn read_result(result: TaskResult<SnapshotList>, now: Timestamp) -> Result<Snapshots, Failure> {
    if result.exit_code != 0 {
        let (health, message) = restic::read_error(&result.error);
        return Err(Failure::Repository(health, Detail::Restic { message }));
    }
    // restic ends well though it could not load snapshots. What it lists then is not all, and what it does list may lack the same files.
    if let Some((health, message)) = restic::read_unloaded(&result.error) {
        return Err(Failure::Repository(health, Detail::Restic { message }));
    }
    result.output.snapshots(now).map_err(not_known)
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn result(exit_code: i64, error: &str, output: &Value) -> Result<Snapshots, Failure> {
        let status = json!({"data": {"error": error, "output": output, "exit_code": exit_code}});
        let status: Status<SnapshotList> = serde_json::from_value(status).unwrap();
        read_result(status.data, "2026-11-22T07:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_failed_task_reports_restics_message() {
        let failure = result(1, "Fatal: wrong password or no key found\n", &Value::String(String::new()));
        let detail = Detail::Restic { message: "Fatal: wrong password or no key found".into() };
        assert_eq!(failure, Err(Failure::Repository(Health::WrongPassword, detail)));
    }

    #[test]
    fn a_list_that_lacks_snapshots_is_not_readable() {
        let snapshots = json!([{"timestamp": 1_763_776_800, "total_bytes": 700}]);
        let error = "could not load snapshot 384ecfd3: ciphertext verification failed\n";
        let detail = Detail::Restic { message: error.trim().into() };
        assert_eq!(result(0, error, &snapshots), Err(Failure::Repository(Health::Corrupted, detail)));
        assert_eq!(result(0, "Trying to pull image...\n", &snapshots).unwrap().count, 1);
    }

    #[test]
    fn an_output_that_is_no_list_is_not_taken_for_an_empty_repository() {
        for output in [json!({"x": 1}), json!("x"), json!(1)] {
            let failure = result(0, "", &output);
            assert!(matches!(failure, Err(Failure::Repository(Health::Unknown, _))), "{failure:?}");
        }
    }
}
