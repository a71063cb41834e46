// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Alerts fetched from Alertmanager: a stock cluster, on which no webhook is configured.

use crate::support::{
    alertmanager::{Alertmanager, backup_failed, disk_space_low},
    eventually,
    prometheus::Prometheus,
    redis::Redis,
    sample::{self, write_partial_night},
    service::{Service, Settings},
    smtp::SmtpServer,
};

/// An Alertmanager that posts to nobody.
async fn alertmanager() -> Alertmanager {
    Alertmanager::start("http://127.0.0.1:1/alert").await
}

/// Redis with a partial night and a mail server.
async fn node(alertmanager_url: &str) -> (Redis, SmtpServer, Settings) {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    settings.set("ALERTMANAGER_URL", alertmanager_url).set("ALERTMANAGER_POLL_SECONDS", "1");
    smtp.configure(&mut settings);
    (redis, smtp, settings)
}

/// Waits until Alertmanager has been asked a few times more.
async fn some_polls(service: &Service) {
    let polls = || service.log().iter().filter(|line| line.contains("alerts fetched")).count();
    let before = polls();
    eventually("three more polls", || std::future::ready((polls() >= before + 3).then_some(()))).await;
}

#[tokio::test]
async fn a_failing_plan_of_a_stock_cluster_is_reported_once() {
    let alertmanager = alertmanager().await;
    let prometheus = Prometheus::start(alertmanager.base.strip_prefix("http://").unwrap()).await;
    let (_redis, smtp, mut settings) = node(&alertmanager.base).await;
    settings.set("WATCH_RUNS", "true").set("WATCH_MISSING_GRACE_SECONDS", "7200");
    let service = settings.start().await;
    prometheus.write_backup_status("1", sample::PLAN, 0);
    let mail = smtp.received(1).await.remove(0);
    assert_eq!(mail.subject, "[Acme] Backup: mail1 failed (Nightly S3, 1 of 4)");
    assert!(mail.text.contains("Backup job Nightly S3 (ID: 1) has failed."), "{}", mail.text);
    some_polls(&service).await;

    // Not again after a restart, either.
    assert_eq!(service.stop().await.0, 0);
    let service = settings.start().await;
    some_polls(&service).await;
    assert_eq!(smtp.mails().len(), 1);
    assert_eq!(service.get_json("/api/reports").await["total"], 1);
    assert_eq!(service.get_json("/api/status").await["jobs"], serde_json::json!([]));
}

#[tokio::test]
async fn the_same_alert_by_webhook_and_by_poll_makes_one_report() {
    let (_redis, smtp, mut settings) = node("http://127.0.0.1:1").await;
    let port = crate::support::process::free_port();
    settings.set("RECEIVER_PORT", port);
    let alertmanager = Alertmanager::start(&format!("http://127.0.0.1:{port}/alert")).await;
    settings.set("ALERTMANAGER_URL", &alertmanager.base);
    let service = settings.start().await;
    alertmanager.raise(&[backup_failed("1", sample::PLAN, "1"), disk_space_low()]).await;
    smtp.received(1).await;
    // The webhook waits for its group; once it has come, both ways have been taken.
    eventually("the webhook", || async {
        let (_, metrics) = service.get("/metrics").await;
        let line = "ns8_backup_monitor_alerts_total{result=\"accepted\"} 1";
        metrics.as_str()?.lines().any(|found| found == line).then_some(())
    })
    .await;
    some_polls(&service).await;
    assert_eq!(service.get_json("/api/reports").await["total"], 1);
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn an_alert_about_a_run_that_was_reported_says_in_the_log_why_it_brings_nothing() {
    let alertmanager = alertmanager().await;
    let (redis, smtp, mut settings) = node(&alertmanager.base).await;
    let service = settings.set("WATCH_RUNS", "true").set("CORRELATOR_SETTLE_SECONDS", "1").start().await;
    eventually("the plan", || async {
        (service.get_json("/api/plans").await["plans"] != serde_json::json!([])).then_some(())
    })
    .await;
    let now = jiff::Timestamp::now();
    for (module, node) in sample::MODULES {
        let errors = u32::from(module == "samba1");
        crate::support::run_backup::write_result(&redis, node, "1", module, (now, now), errors, 700).await;
    }
    smtp.received(1).await;
    alertmanager.raise(&[backup_failed("1", sample::PLAN, "1")]).await;
    eventually("the reason in the log", || async {
        let is_reason =
            |line: &String| line.contains("nothing is mailed") && line.contains("\"reason\":\"NothingNew\"");
        service.log().iter().any(is_reason).then_some(())
    })
    .await;
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn an_alertmanager_that_is_away_shows_in_readyz_and_is_logged_once() {
    let port = crate::support::process::free_port();
    let (_redis, smtp, settings) = node(&format!("http://127.0.0.1:{port}")).await;
    let service = settings.start().await;
    let reason = eventually("the reason", || async {
        let (_, ready) = service.get("/readyz").await;
        let reasons = ready["reasons"].as_array()?.clone();
        reasons.first().and_then(|reason| reason.as_str()).map(str::to_owned)
    })
    .await;
    assert!(reason.contains("Alertmanager can't be asked for its alerts: 127.0.0.1"), "{reason}");

    // As it comes, its alerts do.
    let alertmanager = Alertmanager::start_on(port, "http://127.0.0.1:1/alert").await;
    alertmanager.raise(&[backup_failed("1", sample::PLAN, "1")]).await;
    smtp.received(1).await;
    let (status, _) = service.get("/readyz").await;
    assert_eq!(status, 200);
    let warnings =
        service.log().iter().filter(|line| line.contains("\"WARN\"") && line.contains("asked for")).count();
    assert_eq!(warnings, 1);
}

#[tokio::test]
async fn a_silenced_alert_is_not_taken() {
    let alertmanager = alertmanager().await;
    alertmanager.silence("alertname", "BackupFailed").await;
    let (_redis, smtp, settings) = node(&alertmanager.base).await;
    alertmanager.raise(&[backup_failed("1", sample::PLAN, "1")]).await;
    let service = settings.start().await;
    some_polls(&service).await;
    assert_eq!(service.get_json("/api/status").await["jobs"], serde_json::json!([]));
    assert!(smtp.mails().is_empty());
}
