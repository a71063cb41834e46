// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `check`: does everything that the service needs answer?

use std::time::Duration;

use secrecy::ExposeSecret;
use serde::Deserialize;
use tokio::join;

use crate::{
    alertmanager::client::Alertmanager,
    checks::{Check, CheckState, Subject},
    config::Settings,
    correlator::read::ClusterReader,
    duty::{self, Duty},
    http,
    logs::LogReader,
    repo_check::RepoChecker,
    smtp::MailServer,
    watch::events,
};

/// Asks Redis, the gateway, the cluster API, Loki, the mail server and whatever is watched, and prints a line for each, or all of it as JSON.
/// False when one fails. What is off by configuration is not asked and does not fail, except for mail.
pub async fn check(settings: &Settings, as_json: bool) -> bool {
    let checks = ask(settings).await;
    let ok = checks.iter().all(|check| check.state != CheckState::Failed);
    if as_json {
        println!("{}", serde_json::json!({"ok": ok, "checks": checks}));
        return ok;
    }
    println!("{:14} ok", "configuration");
    for Check { subject, state, reason, .. } in &checks {
        let (title, reason) = (subject.title(), reason.as_deref().unwrap_or_default());
        match state {
            CheckState::Ok if reason.is_empty() => println!("{title:14} ok"),
            CheckState::Ok => println!("{title:14} ok       {reason}"),
            CheckState::Failed => println!("{title:14} FAILED   {reason}"),
            CheckState::Off => println!("{title:14} skipped  {reason}"),
        }
    }
    ok
}

/// All checks: what can be asked for from here, and what only the service itself knows, as far as it runs.
async fn ask(settings: &Settings) -> Vec<Check> {
    let (mut checks, service) = join!(ask_others(settings), ask_service(settings));
    match service {
        Ok(told) => {
            for subject in OF_THE_SERVICE {
                checks.extend(
                    told.iter().find(|told| told.name == subject.name()).map(|told| told.check(subject)),
                );
            }
            // It knows of mails that the server did not take, whatever that says now.
            let stuck = told.into_iter().find(|told| told.name == Subject::Mail.name() && told.is_failed());
            if let Some((mail, stuck)) =
                checks.iter_mut().find(|check| check.subject == Subject::Mail).zip(stuck)
                && mail.state == CheckState::Ok
            {
                *mail = stuck.check(Subject::Mail);
            }
        }
        Err(reason) => checks.extend(OF_THE_SERVICE.map(|subject| Check {
            subject,
            name: subject.name(),
            state: CheckState::Off,
            reason: Some(match subject.off(settings) {
                Some(meaning) => meaning.to_owned(),
                None => format!("the service is not asked: {reason}"),
            }),
        })),
    }
    if let Some(instance) = &settings.instance
        && !checks.iter().any(|check| check.subject == Subject::Duty && check.state != CheckState::Off)
    {
        let duty = match duty::watch::glance(instance, settings).await {
            Ok(duty) => Some(duty),
            Err(_) => settings.duty_fault().map(|_| Duty::Starting),
        };
        if let Some(duty) = duty {
            checks.retain(|check| check.subject != Subject::Duty);
            checks.push(Check::of_duty(&duty, settings));
        }
    }
    checks.retain(|check| check.subject != Subject::Duty || settings.instance.is_some());
    checks.sort_by_key(|check| check.subject);
    checks
}

/// What nobody but the running service knows. The heartbeat's address is not asked from here: it would take that for a sign of life;
/// nor is the webhook, which would get a report of nothing.
const OF_THE_SERVICE: [Subject; 6] = [
    Subject::Journal,
    Subject::Reports,
    Subject::Receiver,
    Subject::Heartbeat,
    Subject::Duty,
    Subject::Webhook,
];
/// How long the service gets to answer.
const SERVICE_TIMEOUT: Duration = Duration::from_secs(10);
/// The most that is read of its answer, in bytes.
const SERVICE_BYTES: usize = 4 * 1024 * 1024;

/// A check as the service tells it.
#[derive(Deserialize)]
struct Told {
    name: String,
    state: CheckState,
    reason: Option<String>,
}

impl Told {
    fn is_failed(&self) -> bool {
        self.state == CheckState::Failed
    }

    fn check(&self, subject: Subject) -> Check {
        Check { subject, name: subject.name(), state: self.state, reason: self.reason.clone() }
    }
}

/// The checks of the running service, or why it can't be asked.
async fn ask_service(settings: &Settings) -> Result<Vec<Told>, String> {
    #[derive(Deserialize)]
    struct Status {
        checks: Vec<Told>,
    }
    let receiver = &settings.receiver;
    if receiver.port == 0 {
        return Err("RECEIVER_PORT is 0".into());
    }
    let host = match receiver.host.contains(':') {
        true => format!("[{}]", receiver.host),
        false => receiver.host.clone(),
    };
    let mut request =
        http::client().get(format!("http://{host}:{}/api/status", receiver.port)).timeout(SERVICE_TIMEOUT);
    if let Some(token) = &receiver.token {
        request = request.bearer_auth(token.expose_secret());
    }
    let answer = request.send().await.map_err(|error| http::reason(&error))?;
    if !answer.status().is_success() {
        return Err(format!("{host}:{} answers with {}", receiver.port, answer.status()));
    }
    let body = http::body(answer, SERVICE_BYTES).await?;
    let status: Status = serde_json::from_slice(&body).map_err(|error| http::json_reason(&error))?;
    Ok(status.checks)
}

async fn ask_others(settings: &Settings) -> Vec<Check> {
    let checker = RepoChecker::new(settings.repo_check.clone());
    let logs = LogReader::new(settings);
    let redis = async { ClusterReader::new(&settings.redis_url, settings.zone.clone())?.ping().await };
    let mail = async {
        match settings.mail_gaps() {
            gaps if gaps.is_empty() => {
                let server = MailServer::new(settings.smtp.clone(), &settings.mail.from.email);
                server.check().await.map_err(|failure| failure.to_string())
            }
            gaps => Err(gaps.join("; ")),
        }
    };
    let alertmanager = async {
        let Some(url) = &settings.watch.alertmanager else { return Ok(()) };
        Alertmanager::new(url, settings.receiver.alert_names.clone()).alerts().await.map(drop)
    };
    let zone = async { settings.zone_fault().map_or(Ok(()), Err) };
    let (redis, gateway, api, loki, mail, alertmanager, runs, schedules, zone) = join!(
        Subject::Redis.check(settings, redis),
        Subject::Gateway.check(settings, checker.ping_gateway()),
        Subject::Api.check(settings, checker.ping_api()),
        Subject::Logs.check(settings, logs.ping()),
        Subject::Mail.check(settings, mail),
        Subject::Alertmanager.check(settings, alertmanager),
        Subject::Runs.check(settings, events::probe(&settings.redis_url)),
        // Nothing but Redis is needed for it.
        Subject::Schedules.check(settings, async { Ok::<(), String>(()) }),
        Subject::Zone.check(settings, zone),
    );
    vec![redis, gateway, api, loki, mail, alertmanager, runs, schedules, zone]
}
