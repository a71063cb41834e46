// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Pages and metrics show the plans that the cluster has now, whatever the journal remembers.

use jiff::Timestamp;
use serde_json::{Value, json};

use crate::support::{
    eventually,
    redis::Redis,
    run_backup::write_result,
    sample::{self, MODULES, add_module, add_plan, write_cluster, write_partial_night},
    service::{Service, Settings},
};

/// A service that follows the runs of a cluster whose plan 1 has run once.
async fn after_a_night(redis: &Redis, settings: &mut Settings) -> Service {
    write_cluster(redis).await;
    settings.set("REDIS_URL", redis.url()).set("WATCH_RUNS", "true").set("CORRELATOR_SETTLE_SECONDS", "1");
    let service = settings.start().await;
    plans_show(&service, "plan 1", |plans| plans.len() == 1).await;
    let now = Timestamp::now();
    for (module, node) in MODULES {
        let (errors, size) = if module == "samba1" { (1, 0) } else { (0, 734_003_200) };
        write_result(redis, node, "1", module, (now, now), errors, size).await;
    }
    plans_show(&service, "the run", |plans| plans[0]["runs"][0]["report"].is_number()).await;
    service
}

async fn plans_show(service: &Service, what: &str, is_there: impl Fn(&[Value]) -> bool) -> Vec<Value> {
    eventually(what, || async {
        let plans = service.get_json("/api/plans").await["plans"].as_array().unwrap().clone();
        is_there(&plans).then_some(plans)
    })
    .await
}

/// Has the cluster read at once, as any application that reports does.
async fn look(redis: &Redis) {
    redis.run(&["PUBLISH", "node/1/event/backup-status-changed", "{}"]).await;
}

/// What is told of a plan's runs.
fn series(metrics: &Value, plan: &str) -> Vec<String> {
    let label = format!("{{plan=\"{plan}\",");
    metrics
        .as_str()
        .unwrap()
        .lines()
        .filter(|line| line.contains(&label) && !line.contains("_restore_point_"))
        .map(str::to_owned)
        .collect()
}

#[tokio::test]
async fn a_plan_that_is_deleted_goes_and_a_new_one_is_there_before_it_has_run() {
    let redis = Redis::start().await;
    let mut settings = Settings::new();
    let service = after_a_night(&redis, &mut settings).await;
    assert_eq!(series(&service.get("/metrics").await.1, "1").len(), 1 + 4 + 3 * 3 + 1);

    redis.run(&["DEL", "cluster/backup/1"]).await;
    add_plan(&redis, "2", "Weekly", "Sun *-*-* 03:00:00", "mail1 samba1").await;
    look(&redis).await;
    let plans = plans_show(&service, "plan 2 alone", |plans| plans.len() == 1 && plans[0]["id"] == "2").await;
    assert_eq!((&plans[0]["name"], &plans[0]["enabled"]), (&json!("Weekly"), &json!(true)));
    assert_eq!(plans[0]["runs"], json!([]));
    assert!(plans[0]["next"].is_string(), "{plans:?}");
    let states: Vec<_> =
        plans[0]["applications"].as_array().unwrap().iter().map(|app| &app["state"]).collect();
    assert_eq!(states, [&Value::Null, &Value::Null]);

    let metrics = service.get("/metrics").await.1;
    assert_eq!(series(&metrics, "1"), Vec::<String>::new());
    let enabled = "ns8_backup_monitor_plan_enabled{plan=\"2\",plan_name=\"Weekly\"} 1";
    assert_eq!(series(&metrics, "2"), [enabled]);
    let page = service.get("/").await.1;
    let page = page.as_str().unwrap();
    let listed = page.split("<h2>").find(|part| part.starts_with("Backup plans")).unwrap();
    assert!(listed.contains("Weekly") && listed.contains("No runs yet") && listed.contains("2 applications"));
    assert!(!listed.contains(sample::PLAN), "{listed}");
    // What happened stays on record.
    let reports = service.get_json("/api/reports?plan=1").await;
    assert_eq!(reports["total"], 1, "{reports}");

    // Without Redis, a restart still has them, and says as of when.
    let before = service.get_json("/api/plans").await;
    service.stop().await;
    settings.set("REDIS_URL", "redis://127.0.0.1:1");
    let service = settings.start().await;
    let after = service.get_json("/api/plans").await;
    assert_eq!(after["plans"][0]["name"], "Weekly");
    assert!(after["as_of"].as_str().unwrap() <= before["as_of"].as_str().unwrap(), "{after}");
}

#[tokio::test]
async fn applications_are_shown_where_they_are_and_in_the_plans_that_they_are_in() {
    let redis = Redis::start().await;
    let mut settings = Settings::new();
    let service = after_a_night(&redis, &mut settings).await;
    // mail1 moves, webtop1 is removed, wiki1 comes; the plan is renamed and switched off.
    redis.hset("cluster/module_node", &[("mail1", "2")]).await;
    redis.run(&["HDEL", "cluster/module_node", "webtop1"]).await;
    add_module(&redis, "wiki1", "1").await;
    let plan = [("instances", "mail1 nextcloud1 webtop1 samba1 wiki1"), ("name", "Nightly"), ("enabled", "")];
    redis.hset("cluster/backup/1", &plan).await;
    look(&redis).await;
    let plans = plans_show(&service, "the new name", |plans| plans[0]["name"] == "Nightly").await;
    assert_eq!((&plans[0]["enabled"], &plans[0]["next"]), (&json!(false), &Value::Null));
    let applications: Vec<_> = plans[0]["applications"]
        .as_array()
        .unwrap()
        .iter()
        .map(|app| (app["id"].as_str().unwrap(), app["node"].as_str().unwrap(), app["state"].as_str()))
        .collect();
    let expected = [
        ("mail1", "2", Some("ok")),
        ("nextcloud1", "1", Some("ok")),
        ("samba1", "2", Some("failed")),
        ("wiki1", "1", None),
    ];
    assert_eq!(applications, expected);
    let metrics = service.get("/metrics").await.1;
    let of = |application: &str| {
        let label = format!("application=\"{application}\"");
        series(&metrics, "1").into_iter().filter(|line| line.contains(&label)).collect::<Vec<_>>()
    };
    assert!(of("mail1").iter().all(|line| line.contains("node=\"2\"")), "{metrics}");
    assert_eq!((of("webtop1").len(), of("wiki1").len()), (0, 0), "{metrics}");
    assert!(metrics.as_str().unwrap().contains("plan_enabled{plan=\"1\",plan_name=\"Nightly\"} 0"));
}

#[tokio::test]
async fn where_nothing_is_watched_the_cluster_is_read_for_those_who_look_once_a_minute() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    let service = settings.start().await;
    let plans = service.get_json("/api/plans").await;
    assert_eq!(plans["plans"][0]["name"], sample::PLAN);
    // No report has been made, so that Redis' own results are all that is known.
    assert_eq!(plans["plans"][0]["applications"][0]["state"], "failed");
    assert_eq!(plans["plans"][0]["applications"][1]["size"], 734_003_200);

    let reads =
        |service: &Service| service.log().iter().filter(|line| line.contains("\"cluster read\"")).count();
    let before = reads(&service);
    for path in ["/api/plans", "/metrics", "/", "/api/plans"] {
        service.get(path).await;
    }
    assert_eq!(reads(&service), before, "read again within the minute");
}

#[tokio::test]
async fn a_cluster_that_was_never_read_has_the_plans_that_the_journal_remembers() {
    let service = Settings::new().start().await;
    assert_eq!(service.get_json("/api/plans").await, json!({"as_of": null, "plans": []}));
    let page = service.get("/").await.1;
    assert!(page.as_str().unwrap().contains("the cluster has not been read yet"), "{page}");
}
