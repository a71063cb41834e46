// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The cause of each failed application, from what a real restic says of a repository that is really in that state.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{
    cluster_api::ClusterApi,
    gateway::Gateway,
    redis::Redis,
    repositories::{PASSWORD, Repositories},
    sample::{add_module, status, webhook, write_cluster, write_partial_night},
    service::Settings,
};

/// Writes a night in which all of these failed, on node 1. They are the plan's members.
pub async fn write_failed_night(redis: &Redis, modules: &[&str]) {
    let due = write_cluster(redis).await;
    redis.hset("cluster/backup/1", &[("instances", &modules.join(" "))]).await;
    let failed = status(due, 5, 1);
    for module in modules {
        add_module(redis, module, "1").await;
        redis.hset("node/1/backup_status/1", &[(module, &failed)]).await;
    }
}

/// A service that asks this gateway and API.
pub fn settings(redis: &Redis, gateway: &Gateway, api: &ClusterApi) -> Settings {
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("REPO_CHECK_GATEWAY_URL", gateway.url());
    api.configure(&mut settings);
    settings
}

pub async fn report(settings: &Settings) -> Value {
    let service = settings.start().await;
    let receipt = service.alert(webhook()).await;
    service.report_of(&receipt).await
}

/// The application in the report's first plan.
pub fn application<'a>(report: &'a Value, module: &str) -> &'a Value {
    let applications = report["correlation"]["plans"][0]["applications"].as_array();
    let applications = applications.unwrap_or_else(|| panic!("no applications in {report}"));
    applications.iter().find(|application| application["module"] == module).unwrap()
}

pub fn repository<'a>(report: &'a Value, module: &str) -> &'a Value {
    let repositories = report["repos"]["repositories"].as_array().unwrap();
    repositories.iter().find(|repository| repository["module"] == module).unwrap()
}

#[tokio::test]
async fn the_state_of_a_repository_is_the_cause_that_the_report_names() {
    let redis = Redis::start().await;
    let expected = [
        ("mail1", "wrong-password", "wrong password or no key found"),
        ("nextcloud1", "locked-live", "already locked exclusively by PID"),
        ("webtop1", "locked-stale", "lock was created at"),
        ("samba1", "repository-missing", "config"),
        ("dokuwiki1", "repository-damaged", "ciphertext verification failed"),
        // restic ends with 0, and says on standard error that it could not load any snapshot.
        ("roundcube1", "repository-damaged", "load snapshot"),
        // Nothing is wrong with it now, and no line says what was.
        ("ejabberd1", "unknown", ""),
    ];
    write_failed_night(&redis, &expected.map(|(module, ..)| module)).await;
    let repositories = Repositories::new();
    repositories.make("mail1", "another password", 1, 1000);
    repositories.make("nextcloud1", PASSWORD, 1, 1_000_000);
    repositories.make("webtop1", PASSWORD, 1, 1000);
    repositories.stale_lock("webtop1", 31);
    repositories.make("dokuwiki1", PASSWORD, 1, 1000);
    repositories.damage("dokuwiki1");
    repositories.make("roundcube1", PASSWORD, 2, 1000);
    repositories.damage_snapshots("roundcube1");
    repositories.make("ejabberd1", PASSWORD, 1, 1000);
    let gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    let _live = repositories.lock("nextcloud1", &gateway.url()).await;

    let report = report(&settings(&redis, &gateway, &api)).await;
    for (module, cause, words) in expected {
        let diagnosis = &application(&report, module);
        assert_eq!(diagnosis["cause"], cause, "{module}: {diagnosis}, {}", repository(&report, module));
        let evidence = diagnosis["evidence"].to_string();
        assert!(evidence.contains(words), "{module}: {words} is not in {evidence}");
    }
    let lock = &application(&report, "webtop1")["lock"];
    assert_eq!((&lock["host"], &lock["pid"]), (&json!("node1"), &json!(1)));
    let created: Timestamp = lock["created_at"].as_str().unwrap().parse().unwrap();
    let age = Timestamp::now().duration_since(created).as_mins();
    assert!((31..36).contains(&age), "{age} minutes");
    // What could not be loaded is promised to nobody.
    let unloaded = repository(&report, "roundcube1");
    assert_eq!((&unloaded["health"], &unloaded["snapshots"]), (&json!("CORRUPTED"), &Value::Null));
    assert_eq!(repository(&report, "ejabberd1")["snapshots"]["count"], 1);
    // Locks, a password and a missing repository are not the storage's.
    assert_eq!(report["outcome"], "FAILURE");
}

#[tokio::test]
async fn a_storage_that_denies_access_has_no_missing_repository() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let repositories = Repositories::new();
    repositories.make("mail1", PASSWORD, 1, 1000);
    let mut gateway = Gateway::start(repositories.path()).await;
    gateway.stop_backend();
    gateway.start_backend_with(repositories.path(), &["--user", "acme", "--pass", "since changed"]).await;
    let api = ClusterApi::start(&gateway.url()).await;
    let report = report(&settings(&redis, &gateway, &api)).await;
    assert_eq!(repository(&report, "mail1")["health"], "ERROR", "{report}");
    assert_eq!(application(&report, "mail1")["cause"], "access-denied");
    assert_eq!(report["outcome"], "REPO_FAILURE");
}
