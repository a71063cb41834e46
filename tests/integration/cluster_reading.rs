// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Redis as NS8 fills it: three layouts, many nodes, a fixed number of round trips.

use jiff::Timestamp;
use serde_json::Value;

use crate::support::{
    redis::Redis,
    sample::{self, add_module, add_plan, due, schedule, status, webhook, write_cluster},
    service::Settings,
};

/// The states of plan 1's applications, as `report` would tell them.
async fn states(redis: &Redis) -> Vec<(String, String)> {
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("CORRELATOR_SETTLE_SECONDS", "2");
    let service = settings.start().await;
    let receipt = service.alert(webhook()).await;
    let report = service.report_of(&receipt).await;
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let plan = report["correlation"]["plans"][0].clone();
    let applications = plan["applications"].as_array().unwrap();
    applications
        .iter()
        .map(|application| (text(&application["module"]), text(&application["state"])))
        .collect()
}

fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(module, state)| (module.to_string(), state.to_string())).collect()
}

#[tokio::test]
async fn all_three_layouts_are_read() {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    // Core 3.20 and later.
    redis.hset("node/1/backup_status/1", &[("mail1", &status(due, 5, 0))]).await;
    // Before: a hash for each module.
    let start = (due.as_second() + 60).to_string();
    let end = (due.as_second() + 120).to_string();
    let figures = [("start", &*start), ("end", &*end), ("errors", "1"), ("total_size", "5")];
    redis.hset("module/nextcloud1/backup_status/1", &figures).await;
    // Hand-made.
    let time = Timestamp::now().to_string();
    let result = [("result", "error"), ("timestamp", &*time), ("error", "no space left on device")];
    redis.hset("module/webtop1/backup/1/status", &result).await;
    let result = [("result", "success"), ("timestamp", &*time), ("error", "")];
    redis.hset("module/samba1/backup/1/status", &result).await;
    let expected = [("mail1", "ok"), ("nextcloud1", "failed"), ("webtop1", "failed"), ("samba1", "ok")];
    assert_eq!(states(&redis).await, pairs(&expected));
}

#[tokio::test]
async fn before_core_3_20_each_module_knew_its_plans() {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    redis.run(&["HDEL", "cluster/backup/1", "instances"]).await;
    redis.run(&["SADD", "module/mail1/backups", "1", "2"]).await;
    redis.run(&["SADD", "module/samba1/backups", "1"]).await;
    redis.run(&["SADD", "module/webtop1/backups", "2"]).await;
    let end = (due.as_second() + 120).to_string();
    redis.hset("module/mail1/backup_status/1", &[("end", &*end), ("errors", "0")]).await;
    redis.hset("module/samba1/backup_status/1", &[("end", &*end), ("errors", "1")]).await;
    assert_eq!(states(&redis).await, pairs(&[("mail1", "ok"), ("samba1", "failed")]));
}

#[tokio::test]
async fn keys_that_are_not_what_they_should_be_spoil_only_themselves() {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    redis.set("node/2/backup_status/1", "a text where a hash should be").await;
    redis.run(&["DEL", "module/mail1/ui_name"]).await;
    redis.run(&["SADD", "module/mail1/ui_name", "a", "set"]).await;
    let statuses =
        [("mail1", &*status(due, 5, 1)), ("nextcloud1", "\u{fffd}<not json>"), ("stranger1", "{}")];
    redis.hset("node/1/backup_status/1", &statuses).await;
    redis.hset("node/1/backup_status/1", &[("webtop1", &status(due, 9, 0))]).await;
    redis.run(&["HDEL", "cluster/module_node", "samba1"]).await;
    let found = states(&redis).await;
    assert_eq!(found[0], ("mail1".into(), "failed".into()));
    assert_eq!(found[2], ("webtop1".into(), "ok".into()));
    // nextcloud1's status can't be read; samba1 is no longer installed.
    assert_eq!(found.len(), 3);
}

/// What the service asks of Redis to report on all plans, by command.
async fn asked(redis: &Redis) -> (Value, u64, Vec<String>) {
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    redis.calls().await;
    let output = settings.run(&["report"]).await;
    let text = String::from_utf8_lossy(&output.stdout).into_owned();
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(output.status.success(), "{text}\n{log}");
    let entries: Vec<Value> = log.lines().filter_map(|line| serde_json::from_str(line).ok()).collect();
    let read = entries.iter().find(|entry| entry["message"] == "cluster read").expect("it was read");
    let trips = read["round_trips"].as_u64().unwrap();
    let commands = redis.calls().await.into_keys().collect();
    (Value::String(text), trips, commands)
}

#[tokio::test]
async fn a_cluster_of_fifty_nodes_costs_no_more_round_trips_than_one() {
    let redis = Redis::start().await;
    let due = due();
    add_module(&redis, "mail1", "1").await;
    add_plan(&redis, "1", "Small", &schedule(due), "mail1").await;
    let (_, small, _) = asked(&redis).await;

    for node in 1..=50 {
        for app in ["mail", "webtop"] {
            add_module(&redis, &format!("{app}{node}"), &node.to_string()).await;
        }
    }
    for plan in 1..=10 {
        let instances: Vec<String> = (1..=50).map(|node| format!("mail{node} webtop{node}")).collect();
        add_plan(&redis, &plan.to_string(), &format!("Plan {plan}"), &schedule(due), &instances.join(" "))
            .await;
        for node in 1..=50 {
            let key = format!("node/{node}/backup_status/{plan}");
            let (mail, webtop) = (format!("mail{node}"), format!("webtop{node}"));
            redis
                .hset(&key, &[(&mail, &status(due, 3, 0)), (&webtop, &status(due, 6, u32::from(node == 7)))])
                .await;
        }
    }
    let (text, large, commands) = asked(&redis).await;
    assert!(
        text.as_str().unwrap().contains("webtop7 failed, no destination (10 plans, 10 of 1000)"),
        "{text}"
    );
    assert_eq!(large, small, "round trips");
    assert!(large <= 5, "{large} round trips");
    assert!(!commands.iter().any(|command| command == "keys"), "{commands:?}");
    assert!(commands.iter().any(|command| command == "scan"), "{commands:?}");
}

#[tokio::test]
async fn nothing_is_asked_that_the_user_default_may_not() {
    let redis = Redis::start().await;
    sample::write_partial_night(&redis).await;
    redis.run(&["ACL", "LOG", "RESET"]).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    let service = settings.start().await;
    for _ in 0..2 {
        let receipt = service.alert(webhook()).await;
        service.report_of(&receipt).await;
        service.get("/readyz").await;
    }
    assert_eq!(redis.denied().await, 0, "Redis has logged refusals");
}

#[tokio::test]
async fn without_a_list_of_modules_those_that_have_reported_are_known() {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    redis.run(&["DEL", "cluster/module_node"]).await;
    redis
        .hset("node/1/backup_status/1", &[("mail1", &status(due, 5, 1)), ("webtop1", &status(due, 6, 0))])
        .await;
    redis
        .hset("node/2/backup_status/1", &[("samba1", &status(due, 5, 0)), ("nextcloud1", &status(due, 6, 0))])
        .await;
    let expected = [("mail1", "failed"), ("nextcloud1", "ok"), ("webtop1", "ok"), ("samba1", "ok")];
    assert_eq!(states(&redis).await, pairs(&expected));
}

/// What an application may write with its own user: a lie about its backup, and much of it.
#[tokio::test]
async fn an_application_that_writes_anything_speaks_for_itself_only() {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    for (module, node, minute, errors) in
        [("mail1", "1", 5, 0), ("webtop1", "1", 9, 1), ("samba1", "2", 8, 0)]
    {
        redis.hset(&format!("node/{node}/backup_status/1"), &[(module, &status(due, minute, errors))]).await;
    }
    // Of nextcloud1 there is only its own word: figures that are too large, and a result of the future.
    let huge = "9".repeat(9 * 1024 * 1024);
    redis.set("module/nextcloud1/ui_name", &huge).await;
    redis.hset("module/nextcloud1/environment", &[("IMAGE_URL", &huge)]).await;
    redis.hset("module/nextcloud1/backup_status/1", &[("end", &huge), ("junk", &huge)]).await;
    let result = [("result", "success"), ("timestamp", "2100-01-01T00:00:00Z"), ("error", "")];
    redis.hset("module/nextcloud1/backup/1/status", &result).await;
    // Where a node has the result, the application's own is of no interest.
    let end = (due.as_second() + 600).to_string();
    redis.hset("module/webtop1/backup_status/1", &[("end", &*end), ("errors", "0")]).await;
    let expected = [("mail1", "ok"), ("nextcloud1", "missing"), ("webtop1", "failed"), ("samba1", "ok")];
    assert_eq!(states(&redis).await, pairs(&expected));
    let (text, trips, _) = asked(&redis).await;
    assert!(text.as_str().unwrap().contains("it is too large"), "{text}");
    assert!(trips <= 6, "{trips} round trips");
}

#[tokio::test]
async fn plans_are_found_without_going_through_all_keys() {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    redis.set("cluster/backup_sequence", "7").await;
    add_plan(&redis, "7", "Second", &schedule(due), "mail1").await;
    let (text, trips, commands) = asked(&redis).await;
    let text = text.as_str().unwrap();
    assert!(text.contains("Second") && text.contains(sample::PLAN), "{text}");
    assert!(!commands.iter().any(|command| command == "scan"), "{commands:?}");
    assert!(trips <= 4, "{trips} round trips");
}

#[tokio::test]
async fn data_beyond_all_measure_are_not_taken_in_and_that_is_said() {
    let redis = Redis::start().await;
    write_cluster(&redis).await;
    redis.hset("node/1/backup_status/1", &[("mail1", &"9".repeat(9 * 1024 * 1024))]).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    let output = settings.run(&["report"]).await;
    assert!(!output.status.success());
    let log = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(log.contains("the cluster's data exceed 8 MiB"), "{log}");
}
