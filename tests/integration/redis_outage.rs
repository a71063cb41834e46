// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Redis away, silent, or unwilling: the job waits, and in the end it is told, as silence is worse.

use serde_json::json;

use crate::support::{
    redis::Redis,
    sample::{webhook, write_partial_night},
    service::Settings,
    smtp::SmtpServer,
};

#[tokio::test]
async fn a_job_waits_for_a_redis_that_is_down_and_is_told_when_it_is_back() {
    let mut redis = Redis::stopped();
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let service = settings.start().await;
    let receipt = service.alert(webhook()).await;
    let note = service
        .status_shows("the job waiting", |status| status["jobs"][0]["note"].as_str().map(str::to_owned))
        .await;
    assert!(note.contains("Redis can't be reached"), "{note}");
    redis.start_again().await;
    write_partial_night(&redis).await;
    let report = service.report_of(&receipt).await;
    // The service may have looked between two writes of the sample; its follow-up then tells the rest.
    assert_ne!(report["outcome"], "UNKNOWN");
    smtp.received(1).await;
}

#[tokio::test]
async fn a_redis_that_hangs_costs_time_but_no_report() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let service = settings.start().await;
    redis.process().hang();
    let receipt = service.alert(webhook()).await;
    let note = service
        .status_shows("the job waiting", |status| status["jobs"][0]["note"].as_str().map(str::to_owned))
        .await;
    assert!(note.contains("no response") || note.contains("timed out"), "{note}");
    // Meanwhile the receiver takes alerts and says what is wrong.
    assert_eq!(service.alert(webhook()).await["job"], receipt["job"]);
    let (_, ready) = service.get("/readyz").await;
    assert!(ready["reasons"].to_string().contains("Redis"), "{ready}");
    redis.process().go_on();
    assert_eq!(service.report_of(&receipt).await["outcome"], "PARTIAL");
    assert_eq!(smtp.received(1).await.len(), 1);
}

#[tokio::test]
async fn after_the_settle_time_it_is_told_as_unknown_and_again_when_redis_is_back() {
    let mut redis = Redis::stopped();
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("CORRELATOR_SETTLE_SECONDS", "2");
    settings.set("CLUSTER_NAME", "Acme");
    smtp.configure(&mut settings);
    let service = settings.start().await;
    let receipt = service.alert(webhook()).await;
    let report = service.report_of(&receipt).await;
    assert_eq!(report["outcome"], "UNKNOWN");
    assert_eq!(report["repos"], json!(null));
    let mail = smtp.received(1).await.remove(0);
    assert_eq!(mail.subject, "[Acme] Backup: the cluster could not be read (Nightly S3)");
    let words = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("Redis can't be reached"), "{}", mail.text);

    redis.start_again().await;
    write_partial_night(&redis).await;
    let mail = smtp.received(2).await.remove(1);
    assert!(mail.subject.ends_with("mail1 failed (Nightly S3, 1 of 4)"), "{}", mail.subject);
}

#[tokio::test]
async fn a_redis_that_refuses_is_quoted() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    redis.run(&["ACL", "SETUSER", "default", "resetkeys", "~nothing"]).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    let service = settings.start().await;
    service.alert(webhook()).await;
    let note = service
        .status_shows("the job waiting", |status| status["jobs"][0]["note"].as_str().map(str::to_owned))
        .await;
    assert!(note.contains("Redis denies access: NOPERM"), "{note}");
}
