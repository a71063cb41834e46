// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! `check`: does everything that the service needs answer?

use tokio::join;

use crate::{
    alertmanager::client::Alertmanager,
    checks::{Check, CheckState, Subject},
    config::Settings,
    correlator::read::ClusterReader,
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
            CheckState::Ok => println!("{title:14} ok"),
            CheckState::Failed => println!("{title:14} FAILED   {reason}"),
            CheckState::Off => println!("{title:14} skipped  {reason}"),
        }
    }
    ok
}

async fn ask(settings: &Settings) -> Vec<Check> {
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
