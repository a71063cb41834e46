// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! How long a check may take, and what becomes of what was not asked or answers again.

use std::time::{Duration, Instant};

use serde_json::{Value, json};

use crate::{
    causes::{application, report, repository, settings, write_failed_night},
    support::{
        cluster_api::ClusterApi,
        gateway::Gateway,
        redis::Redis,
        repositories::{PASSWORD, Repositories},
        sample::{webhook, write_partial_night},
    },
};

/// The names of 60 applications.
fn sixty() -> Vec<String> {
    (1..=60).map(|number| format!("mail{number}")).collect()
}

fn count(report: &Value, cause: &Value) -> usize {
    let repositories = report["repos"]["repositories"].as_array().unwrap();
    repositories.iter().filter(|repository| repository["cause"] == *cause).count()
}

#[tokio::test]
async fn sixty_repositories_that_hang_do_not_hold_the_report() {
    let redis = Redis::start().await;
    let names = sixty();
    write_failed_night(&redis, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let repositories = Repositories::new();
    let gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    // The destination answers the gateway; no task about a repository ends.
    api.hang_at("status");
    let mut settings = settings(&redis, &gateway, &api);
    settings.set("REPO_CHECK_TIMEOUT_SECONDS", 2).set("REPO_CHECK_TOTAL_SECONDS", 4);
    let began = Instant::now();
    let report = report(&settings).await;
    // Four at once for 2 s each would take 30 s.
    assert!(began.elapsed() < Duration::from_secs(20), "{:?}", began.elapsed());
    api.go_on();

    assert_eq!(report["repos"]["destinations"][0]["health"], "OK");
    let asked = api.asked().len();
    assert!((4..=12).contains(&asked), "{asked} were asked");
    let not_reached = count(&report, &json!({"kind": "not_reached", "seconds": 4}));
    assert!(not_reached >= 48, "{not_reached}: {report}");
    assert_eq!(report["repos"]["repositories"].as_array().unwrap().len(), 60);
    // Of one that nobody asked, nothing is known, and nobody is blamed.
    let last = repository(&report, "mail60");
    assert_eq!((&last["health"], &last["cause"]["kind"]), (&json!("UNKNOWN"), &json!("not_reached")));
    assert_eq!(application(&report, "mail60")["cause"], "unknown");
    assert_eq!(report["outcome"], "FAILURE");
}

#[tokio::test]
async fn a_storage_that_hangs_is_asked_once_for_sixty_applications() {
    let redis = Redis::start().await;
    let names = sixty();
    write_failed_night(&redis, &names.iter().map(String::as_str).collect::<Vec<_>>()).await;
    let repositories = Repositories::new();
    let gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    gateway.backend().hang();
    let mut settings = settings(&redis, &gateway, &api);
    settings.set("REPO_CHECK_TIMEOUT_SECONDS", 2).set("REPO_CHECK_TOTAL_SECONDS", 6);
    let report = report(&settings).await;
    gateway.backend().go_on();

    assert_eq!(report["repos"]["destinations"][0]["health"], "UNREACHABLE");
    // Those that were under way when the first one had no answer.
    assert!(api.asked().len() <= 4, "{} were asked", api.asked().len());
    assert!(count(&report, &json!({"kind": "destination_silent"})) >= 56, "{report}");
    assert_eq!(application(&report, "mail60")["cause"], "storage-unreachable");
    assert_eq!(report["outcome"], "REPO_FAILURE");
}

#[tokio::test]
async fn a_repository_that_can_be_read_overrules_the_probe_before_it() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let repositories = Repositories::new();
    repositories.make("mail1", PASSWORD, 1, 1000);
    let mut gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    gateway.stop_backend();
    api.hang_at("login");
    let service = settings(&redis, &gateway, &api).start().await;
    let receipt = service.alert(webhook()).await;
    // The probe is over, and has failed, when the repository is to be asked.
    api.reached("login", 0).await;
    gateway.start_backend(repositories.path()).await;
    api.go_on();
    let report = service.report_of(&receipt).await;

    assert_eq!(repository(&report, "mail1")["health"], "OK", "{report}");
    let destination = &report["repos"]["destinations"][0];
    assert_eq!(
        (&destination["health"], &destination["cause"]["kind"]),
        (&json!("OK"), &json!("answered_again"))
    );
    assert_eq!(destination["cause"]["before"], json!({"kind": "gateway_status", "status": 503}));
    // The storage is not to blame for what is not known.
    assert_eq!(report["outcome"], "PARTIAL");
}
