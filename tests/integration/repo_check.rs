// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Real repositories behind a real gateway: what restic says is what is told.

use serde_json::{Value, json};

use crate::support::{
    cluster_api::ClusterApi,
    gateway::Gateway,
    redis::Redis,
    repositories::{PASSWORD, Repositories},
    sample::{
        DESTINATION, MODULES, add_module, path_of, webhook, write_cluster, write_partial_night, write_status,
    },
    service::{Service, Settings},
};

struct Storage {
    repositories: Repositories,
    gateway: Gateway,
    api: ClusterApi,
}

async fn storage() -> Storage {
    let repositories = Repositories::new();
    let gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    Storage { repositories, gateway, api }
}

fn settings(redis: &Redis, storage: &Storage) -> Settings {
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("REPO_CHECK_GATEWAY_URL", storage.gateway.url());
    storage.api.configure(&mut settings);
    settings
}

async fn report(service: &Service) -> Value {
    let receipt = service.alert(webhook()).await;
    service.report_of(&receipt).await
}

fn repository<'a>(report: &'a Value, module: &str) -> &'a Value {
    let repositories = report["repos"]["repositories"].as_array().unwrap();
    repositories.iter().find(|repository| repository["module"] == module).unwrap()
}

#[tokio::test]
async fn each_trouble_of_a_repository_is_recognised_in_restics_own_words() {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    for (module, _) in MODULES {
        write_status(&redis, due, module, 5, 1).await;
    }
    add_module(&redis, "dokuwiki1", "1").await;
    let members = "mail1 nextcloud1 webtop1 samba1 dokuwiki1";
    redis.hset("cluster/backup/1", &[("instances", members)]).await;
    redis.hset("node/1/backup_status/1", &[("dokuwiki1", &crate::support::sample::status(due, 5, 1))]).await;

    let storage = storage().await;
    storage.repositories.make("mail1", PASSWORD, 2, 1000);
    storage.repositories.make("nextcloud1", PASSWORD, 1, 1_000_000);
    storage.repositories.make("webtop1", "another password", 1, 1000);
    storage.repositories.make("dokuwiki1", PASSWORD, 1, 1000);
    storage.repositories.damage("dokuwiki1");
    let _lock = storage.repositories.lock("nextcloud1", &storage.gateway.url()).await;

    let service = settings(&redis, &storage).start().await;
    let report = report(&service).await;
    assert_eq!(report["repos"]["destinations"][0]["health"], "OK", "{report}");
    let expected = [
        ("mail1", "OK", None),
        ("nextcloud1", "LOCKED", Some("already locked exclusively by PID")),
        ("webtop1", "WRONG_PASSWORD", Some("wrong password or no key found")),
        ("samba1", "NOT_FOUND", Some("Is there a repository at the following location?")),
        ("dokuwiki1", "CORRUPTED", Some("ciphertext verification failed")),
    ];
    for (module, health, words) in expected {
        let repository = repository(&report, module);
        assert_eq!(repository["health"], health, "{module}: {repository}");
        match words {
            None => assert_eq!(repository["cause"], json!(null)),
            Some(words) => {
                let message = repository["cause"]["message"].as_str().unwrap();
                assert!(message.contains(words), "{module}: {message}");
            }
        }
    }
    let snapshots = &repository(&report, "mail1")["snapshots"];
    assert_eq!(snapshots["count"], 2);
    assert!(snapshots["last"]["time"].is_string(), "{snapshots}");
    // Not every repository is unhealthy, so that the storage alone is not to blame.
    assert_eq!(report["outcome"], "FAILURE");

    let text = report["mail"]["text"].as_str().unwrap();
    for line in [
        "runagent -m nextcloud1 restic-wrapper --backup 1 unlock",
        "runagent -m dokuwiki1 restic-wrapper --backup 1 check",
        "> Fatal: wrong password or no key found",
        "2 snapshots in total",
    ] {
        assert!(text.contains(line), "{line} is not in {text}");
    }
    // Asked about each once, after one login.
    assert_eq!(storage.api.count("login"), 1);
    let asked = storage.api.asked();
    assert_eq!(asked.len(), 5);
    assert!(asked.contains(&json!({"repository": DESTINATION, "path": path_of("mail1")})), "{asked:?}");
}

#[tokio::test]
async fn a_destination_that_does_not_answer_is_the_storages_fault() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let mut storage = storage().await;
    storage.repositories.make("mail1", PASSWORD, 1, 1000);
    storage.gateway.stop_backend();
    let service = settings(&redis, &storage).start().await;
    let report = report(&service).await;
    let destination = &report["repos"]["destinations"][0];
    assert_eq!(destination["health"], "UNREACHABLE");
    assert_eq!(destination["cause"], json!({"kind": "gateway_status", "status": 503}));
    assert_eq!(repository(&report, "mail1")["health"], "UNREACHABLE", "{report}");
    assert_eq!(report["outcome"], "REPO_FAILURE");
    let subject = report["mail"]["subject"].as_str().unwrap();
    assert_eq!(subject, "[Acme] Backup: mail1 failed, storage is unreachable (Nightly S3, 1 of 4)");
}

#[tokio::test]
async fn a_backend_that_hangs_is_given_up_in_time() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let storage = storage().await;
    storage.gateway.backend().hang();
    let mut settings = settings(&redis, &storage);
    settings.set("REPO_CHECK_TIMEOUT_SECONDS", "1");
    let report = report(&settings.start().await).await;
    assert_eq!(
        report["repos"]["destinations"][0]["cause"],
        json!({"kind": "no_answer", "seconds": 1}),
        "{report}"
    );
    assert_eq!(repository(&report, "mail1")["health"], "UNREACHABLE");
    storage.gateway.backend().go_on();
}

#[tokio::test]
async fn without_the_api_only_destinations_are_asked() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let storage = storage().await;
    let mut settings = settings(&redis, &storage);
    settings.unset("REPO_CHECK_API_URL");
    let report = report(&settings.start().await).await;
    assert_eq!(report["repos"]["destinations"][0]["health"], "OK");
    let repository = repository(&report, "mail1");
    assert_eq!(repository["health"], "UNKNOWN");
    assert_eq!(repository["cause"]["kind"], "not_asked");
    assert_eq!(report["outcome"], "PARTIAL");
    assert_eq!(storage.api.count("login"), 0);
}

#[tokio::test]
async fn a_gateway_that_is_away_is_told_apart_from_a_destination_that_is() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    let report = report(&settings.start().await).await;
    let destination = &report["repos"]["destinations"][0];
    assert_eq!(destination["health"], "UNKNOWN", "a gateway that is away says nothing about the destination");
    assert_eq!(destination["cause"]["kind"], "gateway_silent");
    assert_eq!(report["outcome"], "PARTIAL");
    let text = report["mail"]["text"].as_str().unwrap();
    assert!(text.contains("systemctl status rclone-gateway"), "{text}");
}

#[tokio::test]
async fn a_busy_api_is_asked_again_and_a_stale_token_renewed() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let storage = storage().await;
    storage.repositories.make("mail1", PASSWORD, 1, 1000);
    storage.api.answer_next("login", &[503]);
    storage.api.answer_next("tasks", &[429, 500, 401]);
    storage.api.answer_next("status", &[429, 400, 502]);
    let mut settings = settings(&redis, &storage);
    settings.set("NOTIFY_REPEAT_SECONDS", "0");
    let service = settings.start().await;
    assert_eq!(repository(&report(&service).await, "mail1")["health"], "OK");
    assert_eq!(storage.api.count("login"), 3, "503, then 200, and once more after the 401");

    // The token of one report serves the next, until it is no longer taken.
    assert_eq!(repository(&report(&service).await, "mail1")["health"], "OK");
    assert_eq!(storage.api.count("login"), 3);
    storage.api.forget_tokens();
    assert_eq!(repository(&report(&service).await, "mail1")["health"], "OK");
    assert_eq!(storage.api.count("login"), 4);
}

#[tokio::test]
async fn an_api_that_does_not_let_us_is_said_to() {
    for (step, statuses, words) in [
        ("tasks", &[403][..], "not allowed"),
        ("tasks", &[404], "agent is not running"),
        ("tasks", &[503, 401, 429, 401], "not authorized (401)"),
        ("login", &[401], "login of module/backup-monitor1 rejected"),
        ("login", &[429, 403], "login of module/backup-monitor1 rejected"),
    ] {
        let redis = Redis::start().await;
        write_partial_night(&redis).await;
        let storage = storage().await;
        storage.api.answer_next(step, statuses);
        let report = report(&settings(&redis, &storage).start().await).await;
        let repository = repository(&report, "mail1");
        assert_eq!(repository["health"], "UNKNOWN", "{step} {statuses:?}");
        let reason = repository["cause"]["reason"].as_str().unwrap();
        assert!(reason.contains(words), "{step} {statuses:?}: {reason}");
        assert_eq!(report["outcome"], "PARTIAL", "what is not known is not blamed on the storage");
    }
}

#[tokio::test]
async fn an_application_without_an_image_or_a_plan_without_a_destination_is_unconfigured() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    redis.run(&["DEL", "module/mail1/environment"]).await;
    let storage = storage().await;
    let mut settings = settings(&redis, &storage);
    settings.set("NOTIFY_REPEAT_SECONDS", "0");
    let service = settings.start().await;
    assert_eq!(repository(&report(&service).await, "mail1")["cause"]["kind"], "no_path");

    redis.hset("cluster/backup/1", &[("repository", "")]).await;
    let report = report(&service).await;
    assert_eq!(repository(&report, "mail1")["health"], "UNCONFIGURED");
    assert_eq!(repository(&report, "mail1")["cause"]["kind"], "no_destination");
    assert!(report["mail"]["text"].as_str().unwrap().contains("This plan has no destination."));
    assert!(storage.api.asked().is_empty());
}
