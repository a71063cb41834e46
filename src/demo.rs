// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `demo`: the whole pipeline on this machine, with nothing else installed.
//!
//! The service is the real one, configured by variables as always. What surrounds it on a node is simulated: a Redis with a
//! sample cluster in memory, the rclone gateway, the cluster API, and a mail server.

mod log;
mod mail_server;
mod redis;
mod sample;
mod storage;

use std::{
    io::{self, Write},
    path::{Path, PathBuf},
    time::Duration,
};

use jiff::{Timestamp, tz::TimeZone};
use serde_json::Value;
use tokio::time::{Instant, sleep};
use tokio_util::sync::CancellationToken;

use self::{mail_server::MailServer, redis::MemoryRedis, sample::Sample, storage::Storage};
use crate::{
    config::{Problems, Settings},
    http,
    service::{BuildError, Service},
    telemetry,
};

/// Where the email is saved, within the current directory.
const OUTPUT: &str = "demo-output";
/// How often the service's progress is polled.
const POLL: Duration = Duration::from_millis(200);
/// How long each wait may take. The whole demo needs a few seconds.
const LIMIT: Duration = Duration::from_secs(45);

/// Why the demo failed.
#[derive(Debug, thiserror::Error)]
pub enum DemoError {
    /// A socket or file of the demo.
    #[error("the demo can't {what}: {source}")]
    Io {
        /// What was attempted.
        what: String,
        /// Why not.
        source: io::Error,
    },
    /// The demo's own configuration, together with `RUST_LOG` from outside.
    #[error(transparent)]
    Settings(#[from] Problems),
    /// The service.
    #[error(transparent)]
    Build(#[from] BuildError),
    /// An unexpected response of the service, or none.
    #[error("unexpected response of the service: {0}")]
    Service(String),
}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> DemoError {
    let what = what.into();
    move |source| DemoError::Io { what, source }
}

/// Runs the demo, and prints each step.
///
/// # Errors
/// [`DemoError`]
pub async fn run() -> Result<(), DemoError> {
    let zone = TimeZone::system();
    let sample = Sample::new(Timestamp::now(), zone);
    let state = StateDir::new().map_err(io_error("make a directory for the journal"))?;
    let output = PathBuf::from(OUTPUT);
    std::fs::create_dir_all(&output).map_err(io_error(format!("make the directory {OUTPUT}")))?;

    let cluster = MemoryRedis::start(sample.keys()).await.map_err(io_error("start its Redis"))?;
    let storage =
        Storage::start(sample.snapshots(), sample.journal()).await.map_err(io_error("start its gateway"))?;
    let mail_server = MailServer::start().await.map_err(io_error("start its mail server"))?;
    step(1, "A simulated NS8 node, in memory:");
    say(&format!("Redis on {}, with the cluster \"Acme\": {}", cluster.address, sample.description()));
    say(&format!("rclone gateway, cluster API and Loki on {}", storage.address));
    say(&format!("mail server on {}", mail_server.address));

    let settings = settings(&sample, &cluster, &storage, &mail_server, &state.0)?;
    telemetry::start_logging(&settings.log);
    let application = Service::build(settings).await?;
    let address = application.address().map_err(io_error("ask for the service's address"))?;
    let shutdown = CancellationToken::new();
    let service = tokio::spawn(application.run_until(shutdown.clone()));
    let client = Client::new(format!("http://{address}"));
    step(2, &format!("The real service, on http://{address}"));

    let webhook = sample.webhook();
    step(3, "Alertmanager posts the alert of NS8's own rule to /alert:");
    say(webhook["alerts"][0]["annotations"]["summary_en"].as_str().unwrap_or_default());
    let receipt = client.post("/alert", &webhook).await?;
    say(&format!("200 {receipt}: the alert is in the journal and can't be lost"));

    step(4, "The service waits for the backup run to finish:");
    let finished = wait_for_report(&client, async |note: &str| {
        say(note);
        // The run goes on meanwhile, as it does on a node.
        cluster.write(sample.late_result());
    })
    .await?;
    say("the last application has finished successfully");

    step(5, "It has read the cluster and the log, and checked the destination and the repository:");
    let report = client.get(&format!("/api/reports/{finished}")).await?;
    say(&format!("outcome {}", report["outcome"].as_str().unwrap_or_default()));

    step(6, "It has sent one email by SMTP:");
    let mail = within_limit(mail_server.received()).await?;
    let files = [
        ("mail.html", report["mail"]["html"].as_str().unwrap_or_default().as_bytes()),
        ("mail.txt", report["mail"]["text"].as_str().unwrap_or_default().as_bytes()),
        ("mail.eml", &mail),
    ];
    for (name, content) in files {
        let path = output.join(name);
        std::fs::write(&path, content).map_err(io_error(format!("write {}", path.display())))?;
    }
    println!();
    let subject = format!("Subject: {}", report["mail"]["subject"].as_str().unwrap_or_default());
    for line in subject.lines().chain(report["mail"]["text"].as_str().unwrap_or_default().lines()) {
        println!("{}", wrap(line, "    "));
    }

    println!();
    shutdown.cancel();
    let _ = service.await;
    let (html, received) = (at(&output, "mail.html"), at(&output, "mail.eml"));
    println!("{}", wrap(&format!("Open {html} in a browser; {received} is the email as received."), ""));
    Ok(())
}

fn at(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

/// The widest line that is printed, in characters: the usual terminal.
const WIDTH: usize = 80;

/// Breaks a line between words, so that it fits the terminal. Its first line begins with `mark`, the others are indented as far,
/// and as far as the line itself. A longer word stays whole, so that it can be copied.
fn wrap(line: &str, mark: &str) -> String {
    let text = line.trim_start();
    let indent = line.len() - text.len();
    let mut wrapped = format!("{mark}{}", " ".repeat(indent));
    let margin = " ".repeat(mark.chars().count() + indent);
    let mut column = margin.len();
    for (index, word) in text.split(' ').enumerate() {
        let width = word.chars().count();
        if index > 0 {
            let fits = column + 1 + width <= WIDTH;
            wrapped += if fits { " " } else { "\n" };
            if !fits {
                wrapped += &margin;
            }
            column = if fits { column + 1 } else { margin.len() };
        }
        wrapped += word;
        column += width;
    }
    wrapped.trim_end().to_owned()
}

fn step(number: usize, text: &str) {
    println!("\n{}", wrap(text, &format!("{number}. ")));
}

fn say(text: &str) {
    println!("{}", wrap(text, "   - "));
    let _ = io::stdout().flush();
}

/// The service's configuration, as the module's unit sets it on a node but for the short waits.
fn settings(
    sample: &Sample,
    cluster: &MemoryRedis,
    storage: &Storage,
    mail_server: &MailServer,
    state: &Path,
) -> Result<Settings, Problems> {
    // An invalid filter must not spoil the demo.
    let is_filter = |text: &String| tracing_subscriber::EnvFilter::builder().parse(text).is_ok();
    let log = std::env::var("RUST_LOG").ok().filter(is_filter).unwrap_or_else(|| "warn".into());
    Settings::from_vars([
        ("RECEIVER_PORT", "0".to_owned()),
        ("CORRELATOR_WAIT_SECONDS", "2".into()),
        ("CORRELATOR_SETTLE_SECONDS", "60".into()),
        ("REDIS_URL", format!("redis://{}", cluster.address)),
        ("REPO_CHECK_GATEWAY_URL", format!("http://{}", storage.address)),
        ("REPO_CHECK_API_URL", format!("http://{}", storage.address)),
        ("REPO_CHECK_API_USER", "module/backup-monitor1".into()),
        ("REPO_CHECK_API_PASSWORD", "demo".into()),
        ("LOKI_URL", format!("http://{}", storage.address)),
        ("CLUSTER_ADMIN_URL", "https://leader.acme.example/cluster-admin/".into()),
        ("SMTP_ENABLED", "1".into()),
        ("SMTP_HOST", mail_server.address.ip().to_string()),
        ("SMTP_PORT", mail_server.address.port().to_string()),
        ("SMTP_ENCRYPTION", "none".into()),
        ("MAIL_FROM", "Backup monitor <backup-monitor@leader.acme.example>".into()),
        ("MAIL_TO", "Administrator <admin@acme.example>".into()),
        ("STATE_DIR", state.display().to_string()),
        ("TZ", sample.zone_name()),
        ("RUST_LOG", log),
    ])
}

/// Polls the service until the report is there, and returns its number. `on_wait` gets what it is waiting for, once.
async fn wait_for_report(client: &Client, on_wait: impl AsyncFn(&str)) -> Result<i64, DemoError> {
    let mut has_waited = false;
    let poll = async {
        loop {
            let status = client.get("/api/status").await?;
            if let Some(note) = status["jobs"][0]["note"].as_str()
                && !has_waited
            {
                has_waited = true;
                on_wait(note).await;
            }
            if let Some(id) = status["reports"][0]["id"].as_i64() {
                return Ok(id);
            }
            sleep(POLL).await;
        }
    };
    within_limit(poll).await?
}

async fn within_limit<T>(work: impl Future<Output = T>) -> Result<T, DemoError> {
    tokio::time::timeout_at(Instant::now() + LIMIT, work)
        .await
        .map_err(|_| DemoError::Service(format!("no result within {} seconds", LIMIT.as_secs())))
}

/// A client of the service's HTTP API.
struct Client {
    base: String,
    http: reqwest::Client,
}

impl Client {
    fn new(base: String) -> Self {
        Self { base, http: http::client() }
    }

    async fn get(&self, path: &str) -> Result<Value, DemoError> {
        self.send(self.http.get(format!("{}{path}", self.base))).await
    }

    async fn post(&self, path: &str, body: &Value) -> Result<Value, DemoError> {
        self.send(self.http.post(format!("{}{path}", self.base)).json(body)).await
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Value, DemoError> {
        let service = |error: reqwest::Error| DemoError::Service(error.to_string());
        let answer = request.send().await.map_err(service)?;
        answer.error_for_status().map_err(service)?.json().await.map_err(service)
    }
}

/// A directory for the journal, removed at the end.
struct StateDir(PathBuf);

impl StateDir {
    fn new() -> io::Result<Self> {
        let path = std::env::temp_dir().join(format!("ns8-backup-monitor-demo-{}", std::process::id()));
        std::fs::create_dir_all(&path)?;
        Ok(Self(path))
    }
}

impl Drop for StateDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_line_is_wrapped_between_words_and_keeps_its_indent() {
        let wrapped = wrap(&format!("  {}", "word ".repeat(40)), "   - ");
        assert!(wrapped.lines().all(|line| line.chars().count() <= WIDTH), "{wrapped}");
        assert!(wrapped.starts_with("   -   word"), "{wrapped}");
        assert!(wrapped.lines().skip(1).all(|line| line.starts_with("       word")), "{wrapped}");
        assert_eq!(wrapped.matches("word").count(), 40);
    }

    #[test]
    fn a_line_that_fits_and_a_word_that_does_not_stay_as_they_are() {
        assert_eq!(wrap("è qui", "- "), "- è qui");
        assert_eq!(wrap("", "    "), "");
        let word = "x".repeat(100);
        assert_eq!(wrap(&format!("see {word}"), ""), format!("see\n{word}"));
    }
}
