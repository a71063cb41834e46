// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What no backup protects: found in a real Redis, mailed once, and gone when it is closed.

use serde_json::Value;

use crate::support::{
    eventually,
    redis::Redis,
    sample::write_partial_night,
    service::{Service, Settings},
    smtp::SmtpServer,
};

const CLOUD: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";

/// A cluster with an application in no plan, and whoever is told of it.
async fn uncovered() -> (Redis, SmtpServer, Settings) {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    write_partial_night(&redis).await;
    redis.hset("cluster/module_node", &[("cloud1", "1"), ("proxy1", "1")]).await;
    redis.set("module/cloud1/ui_name", "Cloud\nBcc: x@example.org").await;
    redis.run(&["SADD", "module/proxy1/flags", "core_module", "no_data_backup"]).await;
    // A module may write anything there; it is its own loss.
    redis.set("module/cloud1/flags", "no set at all").await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    (redis, smtp, settings)
}

/// The gaps' kinds with the applications that each is about, once they are as `wanted`.
async fn gaps_are(service: &Service, wanted: &[(&str, &str)]) -> Value {
    eventually(&format!("{wanted:?}"), || async {
        let answer = service.get_json("/api/gaps").await;
        let gaps = answer["gaps"].as_array().unwrap();
        let kinds: Vec<(&str, &str)> = gaps
            .iter()
            .map(|gap| {
                let application = gap["application"].as_str().or(gap["plan"].as_str());
                (gap["kind"].as_str().unwrap(), application.unwrap_or_default())
            })
            .collect();
        (kinds == wanted).then(|| answer.clone())
    })
    .await
}

#[tokio::test]
async fn an_application_without_a_plan_is_mailed_once_and_gone_when_a_plan_has_it() {
    let (redis, smtp, mut settings) = uncovered().await;
    settings.set("COVERAGE_GRACE_SECONDS", 0);
    let service = settings.start().await;
    let gaps = gaps_are(&service, &[("no-plan", "cloud1")]).await;
    let gap = &gaps["gaps"][0];
    assert_eq!(gap["application_label"], "Cloud Bcc: x@example.org");
    assert!(gap["what"].as_str().unwrap().contains("is in no backup plan"), "{gap}");
    let mails = eventually("the mail", || async {
        let mails = smtp.mails();
        (!mails.is_empty()).then_some(mails)
    })
    .await;
    assert!(mails[0].subject.contains("is in no plan"), "{}", mails[0].subject);
    assert!(!mails[0].subject.contains('\n'));

    // It is not told again by the next start.
    service.kill();
    let service = settings.start().await;
    let gaps = gaps_are(&service, &[("no-plan", "cloud1")]).await;
    assert!(gaps["gaps"][0]["reported_at"].is_string(), "{gaps}");
    assert_eq!(gaps["gaps"][0]["since"], gap["since"]);
    service.kill();

    redis
        .hset(
            "cluster/backup/9",
            &[
                ("name", "Weekly"),
                ("repository", CLOUD),
                ("schedule", "Mon *-*-* 03:00:00"),
                ("enabled", "1"),
                ("instances", "cloud1"),
            ],
        )
        .await;
    let service = settings.start().await;
    gaps_are(&service, &[]).await;
    service.kill();

    redis.hset("cluster/backup/9", &[("enabled", "")]).await;
    let service = settings.start().await;
    gaps_are(&service, &[("plan-disabled", "9")]).await;
    eventually("the second mail", || async { (smtp.mails().len() == 2).then_some(()) }).await;
    let subject = &smtp.mails()[1].subject;
    assert!(subject.contains("only in disabled plan Weekly"), "{subject}");
    assert_eq!(redis.denied().await, 0);
}

#[tokio::test]
async fn a_new_gap_is_listed_at_once_and_mailed_after_the_grace() {
    let (_redis, smtp, settings) = uncovered().await;
    let service = settings.start().await;
    let gaps = gaps_are(&service, &[("no-plan", "cloud1")]).await;
    assert_eq!(gaps["gaps"][0]["reported_at"], Value::Null);
    assert!(smtp.mails().is_empty());
}

#[tokio::test]
async fn each_way_in_which_a_plan_protects_nothing_is_found() {
    const OWN: &str = "9fca94f0-6ffb-4f2f-a1d0-3f7d3b1b9c11";
    let (redis, _smtp, settings) = uncovered().await;
    let own = [("name", "Our node"), ("provider", "cluster"), ("url", "webdav:http://10.5.4.2:4694")];
    redis.hset(&format!("cluster/backup_repository/{OWN}"), &own).await;
    redis.hset("cluster/module_node", &[("off1", "1"), ("late1", "1"), ("near1", "1")]).await;
    for (id, repository, enabled, instances) in [
        ("5", CLOUD, "", "off1"),
        ("6", CLOUD, "1", "late1"),
        ("7", CLOUD, "1", "gone1"),
        ("8", OWN, "1", "near1"),
        ("9", "", "1", "cloud1"),
    ] {
        let plan = [
            ("name", "Plan"),
            ("repository", repository),
            ("schedule", "hourly"),
            ("enabled", enabled),
            ("instances", instances),
        ];
        redis.hset(&format!("cluster/backup/{id}"), &plan).await;
    }
    // One ran four days ago, the other just now.
    for (plan, module, days) in [("6", "late1", 4), ("8", "near1", 0)] {
        let end = jiff::Timestamp::now().as_second() - days * 86_400;
        let status = format!(r#"{{"start": {}, "end": {end}, "errors": 0}}"#, end - 60);
        redis.hset(&format!("node/1/backup_status/{plan}"), &[(module, &status)]).await;
    }
    let service = settings.start().await;
    let expected = [
        ("plan-disabled", "5"),
        ("plan-no-destination", "9"),
        ("plan-not-running", "6"),
        ("plan-empty", "7"),
        ("own-node-only", ""),
    ];
    let gaps = gaps_are(&service, &expected).await;
    assert_eq!(gaps["gaps"][0]["applications"][0]["id"], "off1");
    assert_eq!(gaps["gaps"][2]["period_seconds"], 3600);
    assert_eq!(gaps["gaps"][4]["destination_name"], "Our node");
    assert_eq!(gaps["gaps"][4]["applications"][0]["id"], "near1");
}

#[tokio::test]
async fn what_a_module_writes_as_its_flags_counts_for_itself_alone() {
    let (redis, _smtp, settings) = uncovered().await;
    let flags = |module: &str| format!("module/{module}/flags");
    let modules = ["near1", "list1", "hash1", "huge1", "quiet1", "plain1"];
    for module in modules {
        redis.hset("cluster/module_node", &[(module, "1")]).await;
    }
    redis.run(&["SADD", &flags("near1"), "NO_DATA_BACKUP", "no_data_backup ", ""]).await;
    redis.run(&["RPUSH", &flags("list1"), "no_data_backup"]).await;
    redis.hset(&flags("hash1"), &[("no_data_backup", "1")]).await;
    let many: Vec<String> = (0..20_000).map(|number| format!("flag-{number}")).collect();
    let huge = flags("huge1");
    let words: Vec<&str> = ["SADD", &huge].into_iter().chain(many.iter().map(String::as_str)).collect();
    redis.run(&words).await;
    redis.run(&["SADD", &flags("quiet1"), "no_data_backup", "\r\n", "*"]).await;
    let service = settings.start().await;
    let uncovered = ["cloud1", "hash1", "huge1", "list1", "near1", "plain1"];
    gaps_are(&service, &uncovered.map(|module| ("no-plan", module))).await;
    assert_eq!(redis.denied().await, 0);
}

#[tokio::test]
async fn whoever_sees_one_plan_is_told_of_its_gaps_alone() {
    let (redis, smtp, mut settings) = uncovered().await;
    redis.hset("cluster/backup/9", &[("name", "Broken"), ("enabled", "1"), ("instances", "cloud1")]).await;
    redis.hset("cluster/module_node", &[("lost1", "1")]).await;
    settings.set("COVERAGE_GRACE_SECONDS", 0).unset("MAIL_TO").set("MAIL_TO_PLAN_9", "nine@example.org");
    let service = settings.start().await;
    gaps_are(&service, &[("no-plan", "lost1"), ("plan-no-destination", "9")]).await;
    let mail = eventually("the mail", || async { smtp.mails().pop() }).await;
    assert!(mail.subject.contains("plan Broken has no destination"), "{}", mail.subject);
    // What is about no plan waits for somebody who sees all.
    let gaps = service.get_json("/api/gaps").await;
    let reported = |kind: &str| {
        let gap = gaps["gaps"].as_array().unwrap().iter().find(|gap| gap["kind"] == kind).unwrap();
        gap["reported_at"].is_string()
    };
    assert!(!reported("no-plan") && reported("plan-no-destination"), "{gaps}");
}
