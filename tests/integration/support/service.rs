// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The binary itself, run as on a node.

use std::{
    collections::BTreeMap,
    io::{BufRead, BufReader},
    path::PathBuf,
    process::{Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::Duration,
};

use reqwest::StatusCode;
use serde_json::Value;
use tempfile::TempDir;

use super::{eventually, process::Process};

/// How the service is configured, and where it keeps its journal. Outlives a restart.
pub struct Settings {
    variables: BTreeMap<String, String>,
    dir: Arc<TempDir>,
}

impl Settings {
    /// Short waits, and nobody to ask: what a test needs, it sets.
    pub fn new() -> Self {
        let dir = Arc::new(tempfile::tempdir().unwrap());
        let state = dir.path().join("state").display().to_string();
        let mut settings = Self { variables: BTreeMap::new(), dir };
        for (name, value) in [
            ("RECEIVER_PORT", "0"),
            ("CORRELATOR_WAIT_SECONDS", "1"),
            ("CORRELATOR_SETTLE_SECONDS", "60"),
            ("REDIS_URL", "redis://127.0.0.1:1"),
            ("REPO_CHECK_GATEWAY_URL", "http://127.0.0.1:1"),
            ("REPO_CHECK_TIMEOUT_SECONDS", "40"),
            ("STATE_DIR", &state),
            ("LOG_FORMAT", "json"),
            ("RUST_LOG", "debug,hyper=info,reqwest=info"),
        ] {
            settings.set(name, value);
        }
        settings
    }

    #[expect(
        clippy::needless_pass_by_value,
        reason = "literals, numbers and addresses are given as they are"
    )]
    pub fn set(&mut self, name: &str, value: impl ToString) -> &mut Self {
        self.variables.insert(name.into(), value.to_string());
        self
    }

    pub fn unset(&mut self, name: &str) -> &mut Self {
        self.variables.remove(name);
        self
    }

    pub fn state_dir(&self) -> PathBuf {
        self.variables["STATE_DIR"].clone().into()
    }

    fn command(&self) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_ns8-backup-monitor"));
        command.current_dir(self.dir.path()).env_clear().envs(&self.variables);
        command
    }

    /// Runs another command of the binary to its end.
    pub async fn run(&self, arguments: &[&str]) -> Output {
        let mut command = self.command();
        command.args(arguments);
        tokio::task::spawn_blocking(move || command.output().unwrap()).await.unwrap()
    }

    /// Starts the service, and waits until it listens.
    pub async fn start(&self) -> Service {
        let mut child = self.command().stdin(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap();
        let lines = Arc::new(Mutex::new(Vec::new()));
        let stderr = child.stderr.take().unwrap();
        let seen = Arc::clone(&lines);
        std::thread::spawn(move || {
            for line in BufReader::new(stderr).lines().map_while(Result::ok) {
                seen.lock().unwrap().push(line);
            }
        });
        let mut process = Process::of(child);
        let address = eventually("the service listening", || {
            assert!(process.exit_code().is_none(), "the service ended: {:?}", lines.lock().unwrap());
            let address = find_address(&lines.lock().unwrap());
            async { address }
        })
        .await;
        Service {
            process,
            base: format!("http://{address}"),
            http: ns8_backup_monitor::http::client(),
            lines,
        }
    }
}

/// Where the service says that it listens.
fn find_address(lines: &[String]) -> Option<String> {
    lines.iter().find_map(|line| {
        let entry: Value = serde_json::from_str(line).ok()?;
        (entry["message"] == "listening").then(|| entry["address"].as_str().unwrap().to_owned())
    })
}

/// The running service.
pub struct Service {
    pub process: Process,
    pub base: String,
    pub http: reqwest::Client,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Service {
    pub fn url(&self, path: &str) -> String {
        format!("{}{path}", self.base)
    }

    /// Posts a webhook; gives the status and the answer.
    pub async fn post_alert(&self, body: impl Into<reqwest::Body>) -> (StatusCode, Value) {
        let answer = self.http.post(self.url("/alert")).body(body).send().await.unwrap();
        (answer.status(), answer.json().await.unwrap())
    }

    /// Posts a webhook that must be taken.
    pub async fn alert(&self, body: impl Into<reqwest::Body>) -> Value {
        let (status, answer) = self.post_alert(body).await;
        assert_eq!(status, StatusCode::OK, "{answer}");
        answer
    }

    pub async fn get(&self, path: &str) -> (StatusCode, Value) {
        let answer = self.http.get(self.url(path)).send().await.unwrap();
        let status = answer.status();
        let text = answer.text().await.unwrap();
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    pub async fn get_json(&self, path: &str) -> Value {
        let (status, body) = self.get(path).await;
        assert_eq!(status, StatusCode::OK, "{path}: {body}");
        body
    }

    /// Waits until the status shows what `look` wants to see.
    pub async fn status_shows<T>(&self, what: &str, look: impl Fn(&Value) -> Option<T>) -> T {
        eventually(what, || async { look(&self.get_json("/api/status").await) }).await
    }

    /// Waits for the report of a job, and gives all of it.
    pub async fn report_of(&self, receipt: &Value) -> Value {
        let path = format!("/api/reports/{}", receipt["job"]);
        eventually(&format!("report {}", receipt["job"]), || async {
            let (status, report) = self.get(&path).await;
            (status == StatusCode::OK).then_some(report)
        })
        .await
    }

    /// The most memory that the service has had so far, in bytes.
    pub fn peak_memory(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.process.id())).unwrap();
        let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).unwrap();
        let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
        kibibytes * 1024
    }

    /// What was logged so far.
    pub fn log(&self) -> Vec<String> {
        self.lines.lock().unwrap().clone()
    }

    /// SIGKILL: nothing of the service has a chance to tidy up.
    pub fn kill(mut self) {
        self.process.kill();
    }

    /// SIGTERM; gives the exit code and how long it took.
    pub async fn stop(mut self) -> (i32, Duration) {
        let began = std::time::Instant::now();
        self.process.terminate();
        let code = eventually("the service ending", || std::future::ready(self.process.exit_code())).await;
        (code, began.elapsed())
    }
}

impl Drop for Service {
    /// What the service had to say is what a failed test is asked about first.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for line in self.lines.lock().unwrap().iter() {
                eprintln!("service: {line}");
            }
        }
    }
}
