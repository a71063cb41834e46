// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Proof that success is true: real repositories are asked through the cluster, and what was called a success has to be in them.

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{
    cluster_api::{ClusterApi, SECRETS},
    eventually,
    gateway::Gateway,
    loki::{Entry, Journal, Loki},
    redis::Redis,
    repositories::{PASSWORD, Repositories},
    run_backup::write_result,
    sample::{DESTINATION, MODULES, add_module, add_plan, path_of, write_cluster, write_status},
    service::{Service, Settings},
    smtp::SmtpServer,
};

struct Cluster {
    redis: Redis,
    repositories: Repositories,
    gateway: Gateway,
    api: ClusterApi,
}

/// A night in which everything was called a success.
async fn cluster() -> Cluster {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    for (minute, (module, _)) in (5..).zip(MODULES) {
        write_status(&redis, due, module, minute, 0).await;
    }
    let repositories = Repositories::new();
    let gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    Cluster { redis, repositories, gateway, api }
}

impl Cluster {
    fn settings(&self) -> Settings {
        let mut settings = Settings::new();
        settings
            .set("REDIS_URL", self.redis.url())
            .set("REPO_CHECK_GATEWAY_URL", self.gateway.url())
            .set("WATCH_RUNS", "true")
            .set("CORRELATOR_SETTLE_SECONDS", "1");
        self.api.configure(&mut settings);
        settings
    }
}

/// Waits until each of so many repositories has been asked, and gives the table.
async fn proved(service: &Service, count: usize) -> Value {
    eventually("the proof", || async {
        let table = service.get_json("/api/restore-points").await;
        let rows = table["restore_points"].as_array().unwrap();
        let is_done = rows.len() == count && rows.iter().all(|row| !row["proved_at"].is_null());
        is_done.then(|| table.clone())
    })
    .await
}

fn row<'a>(table: &'a Value, module: &str) -> &'a Value {
    let rows = table["restore_points"].as_array().unwrap();
    rows.iter().find(|row| row["application"] == module).unwrap()
}

#[tokio::test]
async fn a_success_that_made_no_snapshot_is_found_and_secrets_are_nowhere() {
    let cluster = cluster().await;
    for (module, snapshots) in [("mail1", 3), ("nextcloud1", 1), ("samba1", 3)] {
        cluster.repositories.make(module, PASSWORD, snapshots, 1000);
    }
    // Its status says that all went well.
    cluster.repositories.make("webtop1", PASSWORD, 0, 1000);
    let settings = cluster.settings();
    let service = settings.start().await;
    let table = proved(&service, 4).await;

    let lost = &table["restore_points"][0];
    assert_eq!(
        (&lost["application"], &lost["gaps"]),
        (&json!("webtop1"), &json!(["success-without-snapshot"]))
    );
    assert_eq!((&lost["count"], &lost["newest_snapshot"]), (&json!(0), &Value::Null));
    assert_eq!(lost["recovery_point"]["words"], "all data would be lost: there is no snapshot");
    let well = row(&table, "mail1");
    assert_eq!((&well["health"], &well["count"], &well["gaps"]), (&json!("OK"), &json!(3), &json!([])));
    assert_eq!(well["application_label"], "Mail server");
    assert_eq!((&well["destination"], &well["destination_name"]), (&json!(DESTINATION), &json!("AWS S3")));
    assert!(well["age_seconds"].as_i64().unwrap() < 600 && well["size"].as_u64().unwrap() >= 1000, "{well}");
    // The plan runs once a day.
    assert_eq!(
        well["recovery_point"],
        json!({"seconds": 86_400, "words": "up to 24 h of data would be lost"})
    );
    // A young repository that has not yet as many as are kept.
    assert_eq!(row(&table, "nextcloud1")["gaps"], json!([]));

    let asked = cluster.api.asked();
    assert_eq!(asked.len(), 4, "{asked:?}");
    assert!(asked.contains(&json!({"repository": DESTINATION, "path": path_of("samba1")})), "{asked:?}");
    let table = eventually("the cluster's own backup", || async {
        let table = service.get_json("/api/restore-points").await;
        (table["cluster_backup"]["state"] == "no-password").then_some(table)
    })
    .await;

    let mut said = vec![table.to_string(), service.log().join("\n")];
    for path in ["/", "/api/status", "/api/plans", "/api/incidents", "/api/reports", "/metrics"] {
        said.push(service.get(path).await.1.to_string());
    }
    assert_eq!(service.stop().await.0, 0);
    for file in std::fs::read_dir(settings.state_dir()).unwrap() {
        said.push(String::from_utf8_lossy(&std::fs::read(file.unwrap().path()).unwrap()).into_owned());
    }
    for secret in SECRETS {
        assert!(!said.iter().any(|text| text.contains(secret)), "{secret}");
    }

    // The next day is another one's: a restart asks nothing again but for the passphrase.
    cluster.api.set_passphrase();
    let service = settings.start().await;
    eventually("the passphrase", || async {
        let table = service.get_json("/api/restore-points").await;
        (table["cluster_backup"]["state"] == "unknown").then_some(())
    })
    .await;
    let table = proved(&service, 4).await;
    assert_eq!(row(&table, "webtop1")["gaps"], json!(["success-without-snapshot"]));
    assert!(cluster.api.asked().len() <= 5, "at most one whose moment of the day was just now");
}

#[tokio::test]
async fn never_more_than_two_applications_are_asked_about_at_once() {
    let cluster = cluster().await;
    let more = ["dokuwiki1", "imapsync1", "mattermost1", "netdata1"];
    let mut names: Vec<&str> = MODULES.iter().map(|(module, _)| *module).collect();
    let now = Timestamp::now();
    for module in more {
        add_module(&cluster.redis, module, "1").await;
        names.push(module);
    }
    cluster.redis.hset("cluster/backup/1", &[("instances", &names.join(" "))]).await;
    for module in more {
        write_result(&cluster.redis, "1", "1", module, (now, now), 0, 1).await;
    }
    let service = cluster.settings().start().await;
    let table = proved(&service, 8).await;
    assert_eq!(cluster.api.most_at_once(), 2);
    // No repository was ever made.
    for module in names {
        let row = row(&table, module);
        let found = (&row["health"], &row["count"], &row["gaps"]);
        assert_eq!(found, (&json!("NOT_FOUND"), &json!(0), &json!(["success-without-snapshot"])), "{module}");
    }
}

#[tokio::test]
async fn a_run_that_begins_stops_the_proof_until_it_has_ended() {
    let cluster = cluster().await;
    cluster.api.hang_at("status");
    let service = cluster.settings().start().await;
    eventually("a question", || std::future::ready((!cluster.api.asked().is_empty()).then_some(()))).await;

    // Somebody starts the plan by hand.
    let now = Timestamp::now();
    write_result(&cluster.redis, "1", "1", "mail1", (now, now), 0, 1).await;
    let is_stopped = |line: &String| line.contains("backups run: what the repositories hold is proved later");
    eventually("the end of the proof", || {
        std::future::ready(service.log().iter().any(is_stopped).then_some(()))
    })
    .await;
    cluster.api.go_on();
    let before = cluster.api.asked().len();
    let reads = || service.log().iter().filter(|line| line.contains("\"cluster read\"")).count();
    for _ in 0..4 {
        // The run goes on, and the watcher follows it.
        let seen = reads();
        write_result(&cluster.redis, "1", "1", "mail1", (now, now), 0, 1).await;
        eventually("a look", || std::future::ready((reads() > seen).then_some(()))).await;
    }
    assert_eq!(cluster.api.asked().len(), before, "asked while backups run");
    let table = service.get_json("/api/restore-points").await;
    assert!(
        table["restore_points"].as_array().unwrap().iter().all(|row| row["proved_at"].is_null()),
        "{table}"
    );

    for (module, node) in MODULES {
        let now = Timestamp::now();
        write_result(&cluster.redis, node, "1", module, (now, now), 0, 1).await;
    }
    proved(&service, 4).await;
}

#[tokio::test]
async fn an_instance_that_stands_by_asks_nobody() {
    let cluster = cluster().await;
    for (module, node) in [("backup-monitor1", "1"), ("backup-monitor2", "2")] {
        add_module(&cluster.redis, module, node).await;
        cluster.redis.add_module_user(module).await;
    }
    // The other one is active.
    cluster.redis.run(&["SET", "module/backup-monitor1/duty", "active"]).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = cluster.settings();
    settings
        .set("MODULE_ID", "backup-monitor2")
        .set("LEADER_REDIS_URL", cluster.redis.module_url("backup-monitor2"))
        .set("TAKEOVER_SECONDS", "2");
    smtp.configure(&mut settings);
    let service = settings.start().await;
    eventually("standing by", || async {
        (service.get("/readyz").await.1["duty"]["state"] == "standby").then_some(())
    })
    .await;
    // For as long as an active one would have asked long since.
    let mut looks = 0;
    while looks < 40 {
        looks += eventually("a look at the other one", || async {
            cluster.redis.calls().await.get("getrange").copied()
        })
        .await;
    }
    assert_eq!(cluster.api.count("tasks"), 0);
    cluster.redis.run(&["DEL", "module/backup-monitor1/duty"]).await;
    proved(&service, 4).await;
    assert_eq!(cluster.redis.denied().await, 0, "more than a module may do");
}

#[tokio::test]
async fn what_runs_say_of_the_clusters_own_backup_is_told_and_no_module_can_say_it() {
    let cluster = cluster().await;
    cluster.api.set_passphrase();
    let loki = Loki::start().await;
    let before = Timestamp::now() - SignedDuration::from_hours(5);
    let failed = "upload of cluster backup GPG file failed";
    loki.ship(Journal::recorded("timer-dump-failed").moved(failed, before).0);
    let mut settings = cluster.settings();
    loki.configure(&mut settings);
    let state = async |service: &Service, expected: &str| {
        eventually(expected, || async {
            let table = service.get_json("/api/restore-points").await;
            (table["cluster_backup"]["state"] == expected).then(|| table["cluster_backup"].clone())
        })
        .await
    };
    let service = settings.start().await;
    let known = state(&service, "failed").await;
    assert_eq!(known["at"].as_str().unwrap()[..16], before.to_string()[..16]);
    assert_eq!(service.stop().await.0, 0);

    // A later run has uploaded it; what a module writes after that counts for nothing.
    let uploaded =
        Journal::recorded("timer-dump-failed").moved(failed, before + SignedDuration::from_hours(1)).0;
    let said = uploaded.into_iter().filter(|entry| entry.line.contains(failed)).map(|entry| Entry {
        line: entry
            .line
            .replace(&format!("[ERROR] {failed}"), "Cluster backup uploaded as 48ce000a/x.json.gz.gpg"),
        ..entry
    });
    loki.ship(said);
    let forged =
        Journal::recorded("timer-dump-failed").moved(failed, before + SignedDuration::from_hours(2)).0;
    let forged = forged.into_iter().filter(|entry| entry.line.contains(failed)).map(|mut entry| {
        entry.labels.insert("module_id".into(), "mail1".into());
        entry
    });
    loki.ship(forged);
    let service = settings.start().await;
    state(&service, "ok").await;
}

#[tokio::test]
async fn a_reading_of_all_repositories_takes_no_more_round_trips_than_one_of_none() {
    let cluster = cluster().await;
    // Before core 3.20 there is one more; each of many plans costs none.
    for plan in 2..=9 {
        let instances = MODULES.map(|(module, _)| module).join(" ");
        add_plan(&cluster.redis, &plan.to_string(), "Other", "*-*-* 00:00:00", &instances).await;
        cluster.redis.hset(&format!("cluster/backup/{plan}"), &[("enabled", "")]).await;
    }
    let service = cluster.settings().start().await;
    proved(&service, 4 * 9).await;
    let log = service.log();
    let trips = log.iter().filter_map(|line| {
        let entry: Value = serde_json::from_str(line).ok()?;
        (entry["message"] == "cluster read").then(|| entry["round_trips"].as_u64().unwrap())
    });
    assert!(trips.max().unwrap() <= 5);
    // Each repository once, though nine plans write to it.
    assert_eq!(cluster.api.asked().len(), 4);
}
