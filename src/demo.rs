//! `demo`: the whole pipeline at work on this machine, with nothing else installed.
//!
//! The service in it is the real one, configured as always by variables. What surrounds it on a node is played: a Redis
//! that holds a sample cluster in memory, the gateway and the cluster's API, and a mail server that writes what it gets
//! into a file.

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

/// Where the mail is left, within the current directory.
const OUTPUT: &str = "demo-output";
/// How often the service is asked how far it is.
const POLL: Duration = Duration::from_millis(200);
/// How long the demo may take. It needs a few seconds.
const LIMIT: Duration = Duration::from_secs(45);

/// Why the demo could not be shown.
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
    /// The service did not answer as it should.
    #[error("the service did not answer as it should: {0}")]
    Service(String),
}

fn io_error(what: impl Into<String>) -> impl FnOnce(io::Error) -> DemoError {
    let what = what.into();
    move |source| DemoError::Io { what, source }
}

/// Shows everything, step by step, on standard output.
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
    let storage = Storage::start(sample.snapshots()).await.map_err(io_error("start its gateway"))?;
    let mail_server = MailServer::start().await.map_err(io_error("start its mail server"))?;
    step(1, "A node of NS8, played in memory:");
    say(&format!("Redis on {}, with the cluster \"Acme\": {}", cluster.address, sample.description()));
    say(&format!("the rclone gateway and the cluster API on {}", storage.address));
    say(&format!("a mail server on {}", mail_server.address));

    let settings = settings(&sample, &cluster, &storage, &mail_server, &state.0)?;
    telemetry::start_logging(&settings.log);
    let application = Service::build(settings).await?;
    let address = application.address().map_err(io_error("ask for the service's address"))?;
    let shutdown = CancellationToken::new();
    let service = tokio::spawn(application.run_until(shutdown.clone()));
    let client = Client::new(format!("http://{address}"));
    step(2, &format!("The service itself, on http://{address}"));

    let webhook = sample.webhook();
    step(3, "Alertmanager's webhook is posted to /alert, as NS8's own rule raises it:");
    say(webhook["alerts"][0]["annotations"]["summary_en"].as_str().unwrap_or_default());
    let receipt = client.post("/alert", &webhook).await?;
    say(&format!("answered 200 {receipt}: the alert is in the journal, and won't be lost"));

    step(4, "The service waits until the plan has settled:");
    let finished = wait_for_report(&client, async |note: &str| {
        say(note);
        // The run goes on meanwhile, as it does on a node.
        cluster.write(sample.late_result());
    })
    .await?;
    say("the last application has finished; it was a success");

    step(5, "It read the cluster, asked the destination and the repository, and wrote one mail:");
    let report = client.get(&format!("/api/reports/{finished}")).await?;
    say(&format!("outcome {}", report["outcome"].as_str().unwrap_or_default()));

    step(6, "The mail was sent by SMTP:");
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
    println!("    Subject: {}", report["mail"]["subject"].as_str().unwrap_or_default());
    for line in report["mail"]["text"].as_str().unwrap_or_default().lines() {
        println!("    {line}");
    }

    println!();
    shutdown.cancel();
    let _ = service.await;
    println!(
        "The mail as it was received is {}; open {} in a browser.",
        at(&output, "mail.eml"),
        at(&output, "mail.html")
    );
    Ok(())
}

fn at(directory: &Path, name: &str) -> String {
    directory.join(name).display().to_string()
}

fn step(number: usize, text: &str) {
    println!("\n{number}. {text}");
}

fn say(text: &str) {
    println!("   - {text}");
    let _ = io::stdout().flush();
}

/// The variables that configure the service, as the module's unit sets them on a node; only the waits are short.
fn settings(
    sample: &Sample,
    cluster: &MemoryRedis,
    storage: &Storage,
    mail_server: &MailServer,
    state: &Path,
) -> Result<Settings, Problems> {
    // A filter that can't be read is no reason not to show anything.
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

/// Asks the service how far it is until the report is there; tells what it waits for, once. Gives the report's number.
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
        .map_err(|_| DemoError::Service(format!("nothing for {} seconds", LIMIT.as_secs())))
}

/// Asks the service over HTTP, as anybody would.
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

/// A directory for the journal, removed in the end.
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
