// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Several instances in one cluster: each report is sent once, whoever is gone, and a copy keeps quiet.

use jiff::Timestamp;
use reqwest::StatusCode;
use serde_json::{Value, json};

use crate::support::{
    eventually,
    redis::Redis,
    run_backup::write_result,
    sample::{MODULES, add_module, uuid_of, write_cluster},
    service::{Service, Settings},
    smtp::SmtpServer,
};

/// Two instances on two nodes; node 1 leads.
const FIRST: (&str, &str) = ("backup-monitor1", "1");
const SECOND: (&str, &str) = ("backup-monitor2", "2");

async fn cluster() -> (Redis, SmtpServer) {
    let redis = Redis::start().await;
    write_cluster(&redis).await;
    for (module, node) in [FIRST, SECOND] {
        add_module(&redis, module, node).await;
        redis.add_module_user(module).await;
    }
    (redis, SmtpServer::plain().await)
}

fn instance(redis: &Redis, smtp: &SmtpServer, module: &str) -> Settings {
    let mut settings = Settings::new();
    settings
        .set("REDIS_URL", redis.url())
        .set("WATCH_RUNS", "true")
        .set("CORRELATOR_SETTLE_SECONDS", "1")
        .set("REPO_CHECK_TOTAL_SECONDS", "1")
        .set("ALERTMANAGER_POLL_SECONDS", "1")
        .set("MODULE_ID", module)
        .set("LEADER_REDIS_URL", redis.module_url(module))
        .set("TAKEOVER_SECONDS", "2");
    smtp.configure(&mut settings);
    settings
}

/// All applications of the plan run, and this one fails.
async fn night(redis: &Redis, failing: &str) {
    let now = Timestamp::now();
    for (module, node) in MODULES {
        let (errors, size) = if module == failing { (1, 0) } else { (0, 734_003_200) };
        write_result(redis, node, "1", module, (now, now), errors, size).await;
    }
}

async fn has_duty(service: &Service, state: &str) -> Value {
    eventually(state, || async {
        let (_, ready) = service.get("/readyz").await;
        (ready["duty"]["state"] == state).then_some(ready)
    })
    .await
}

/// Waits until there are so many reports, and nothing is in progress or queued.
async fn told(service: &Service, count: usize) -> Vec<Value> {
    service
        .status_shows("the reports", |status| {
            let reports = status["reports"].as_array().unwrap();
            let is_done = |report: &Value| report["delivery"]["state"] != "queued";
            (status["jobs"] == json!([]) && reports.len() == count && reports.iter().all(is_done))
                .then(|| reports.clone())
        })
        .await
}

/// Waits until the instances have read so many signs.
async fn signs_are_read(redis: &Redis, count: u64) {
    let mut read = 0;
    while read < count {
        read += eventually("a look at the others", || async { redis.calls().await.get("getrange").copied() })
            .await;
    }
}

#[tokio::test]
async fn two_instances_send_each_report_once_and_the_second_takes_over_when_the_first_is_gone() {
    let (redis, smtp) = cluster().await;
    let (first_settings, second_settings) =
        (instance(&redis, &smtp, FIRST.0), instance(&redis, &smtp, SECOND.0));
    let first = first_settings.start().await;
    has_duty(&first, "active").await;
    // A third one is broken, and writes something else in the place of its sign.
    add_module(&redis, "backup-monitor3", "3").await;
    redis.hset("module/backup-monitor3/duty", &[("sign", "active")]).await;
    let second = second_settings.start().await;
    let ready = has_duty(&second, "standby").await;
    assert_eq!(ready["duty"], json!({"state": "standby", "instance": FIRST.0, "node": FIRST.1}));
    assert_eq!((&ready["ready"], &ready["reasons"]), (&json!(true), &json!([])), "nothing is wrong with it");
    let page = second.get("/").await.1.to_string();
    assert!(page.contains("Standing by: reports are sent by backup-monitor1 on node 1."), "{page}");
    let check = String::from_utf8(second_settings.run(&["check"]).await.stdout).unwrap();
    assert!(check.contains("skipped  standing by: reports are sent by backup-monitor1 on node 1"), "{check}");
    for service in [&first, &second] {
        eventually("the plan", || async {
            (service.get_json("/api/plans").await["plans"] != json!([])).then_some(())
        })
        .await;
    }

    night(&redis, "samba1").await;
    let reports = told(&first, 1).await;
    assert_eq!(reports[0]["delivery"]["state"], "sent", "{reports:?}");
    let reports = told(&second, 1).await;
    assert_eq!(reports[0]["delivery"]["state"], "unchanged", "{reports:?}");
    assert_eq!(reports[0]["delivery"]["last_error"], "reports are sent by backup-monitor1 on node 1");
    assert_eq!(smtp.mails().len(), 1);

    // What fails while nobody has taken over yet is told all the same.
    first.kill();
    night(&redis, "webtop1").await;
    let reports = told(&second, 2).await;
    assert_eq!(reports[0]["delivery"]["state"], "sent", "{reports:?}");
    has_duty(&second, "active").await;
    assert_eq!(smtp.mails().len(), 2);

    // Back again, it finds a run that was told meanwhile, and stands by.
    let first = first_settings.start().await;
    has_duty(&first, "standby").await;
    let reports = told(&first, 2).await;
    assert_eq!(reports[0]["delivery"]["state"], "unchanged", "{reports:?}");
    night(&redis, "mail1").await;
    told(&second, 3).await;
    told(&first, 3).await;
    let subjects: Vec<String> = smtp.mails().into_iter().map(|mail| mail.subject).collect();
    assert_eq!(subjects.len(), 3, "{subjects:?}");
    assert_eq!(redis.denied().await, 0, "more than a module may do");

    // What somebody asks for is sent by whom they ask.
    let id = &reports[0]["id"];
    let (status, _) = {
        let answer = first.http.post(first.url(&format!("/api/reports/{id}/send"))).send().await.unwrap();
        (answer.status(), answer.text().await.unwrap())
    };
    assert_eq!(status, StatusCode::ACCEPTED);
    smtp.received(4).await;
}

#[tokio::test]
async fn mails_that_the_active_instance_can_not_send_are_kept_by_the_other_one() {
    let (redis, smtp) = cluster().await;
    let mut first_settings = instance(&redis, &smtp, FIRST.0);
    // It has lost its way to the mail server.
    first_settings.set("SMTP_PORT", "1");
    let first = first_settings.start().await;
    has_duty(&first, "active").await;
    let second = instance(&redis, &smtp, SECOND.0).start().await;
    has_duty(&second, "standby").await;
    for service in [&first, &second] {
        eventually("the plan", || async {
            (service.get_json("/api/plans").await["plans"] != json!([])).then_some(())
        })
        .await;
    }
    night(&redis, "samba1").await;
    for service in [&first, &second] {
        service.status_shows("the report", |status| (status["reports"] != json!([])).then_some(())).await;
    }
    // Twenty a second, at most: for longer than a mail is kept beside an active instance that has nothing left.
    signs_are_read(&redis, 200).await;
    let reports = second.get_json("/api/status").await["reports"].clone();
    assert_eq!(reports[0]["delivery"]["state"], "queued", "{reports}");
    assert_eq!(smtp.mails().len(), 0);

    // One that is kept back is sent to whom asks for it.
    night(&redis, "webtop1").await;
    let newest = second
        .status_shows("the second report", |status| {
            let reports = status["reports"].as_array().unwrap();
            (reports.len() == 2).then(|| reports[0]["id"].clone())
        })
        .await;
    let answer = second.http.post(second.url(&format!("/api/reports/{newest}/send"))).send().await.unwrap();
    assert_eq!(answer.status(), StatusCode::ACCEPTED);
    smtp.received(1).await;
    has_duty(&second, "standby").await;

    first.kill();
    for report in told(&second, 2).await {
        assert_eq!(report["delivery"]["state"], "sent", "{report}");
    }
    assert_eq!(smtp.mails().len(), 2);
}

#[tokio::test]
async fn a_copy_beside_its_origin_sends_nothing_until_that_is_removed() {
    let (redis, smtp) = cluster().await;
    // The origin is active: nothing but that keeps its copy quiet.
    redis.run(&["SET", "module/backup-monitor1/duty", "active"]).await;
    let mut settings = instance(&redis, &smtp, SECOND.0);
    settings.set("MODULE_ORIGIN", FIRST.0).set("MODULE_ORIGIN_UUID", uuid_of(FIRST.0));
    let copy = settings.start().await;
    let ready = has_duty(&copy, "copy").await;
    assert_eq!(ready["ready"], false);
    let reason = ready["reasons"][0].as_str().unwrap();
    assert!(
        reason.starts_with("this is a copy of backup-monitor1 on node 1, which is still installed"),
        "{reason}"
    );
    let page = copy.get("/").await.1.to_string();
    assert!(page.contains("This is a copy of backup-monitor1 on node 1"), "{page}");
    let check = settings.run(&["check"]).await;
    let text = String::from_utf8(check.stdout).unwrap();
    assert!(text.contains("FAILED   this is a copy of backup-monitor1"), "{text}");

    night(&redis, "samba1").await;
    copy.status_shows("the report", |status| (status["reports"] != json!([])).then_some(())).await;
    // Many times the time after which another instance would have taken over.
    signs_are_read(&redis, 30).await;
    assert_eq!(smtp.mails().len(), 0);
    redis.run(&["HDEL", "cluster/module_uuid", FIRST.0]).await;
    redis.run(&["HDEL", "cluster/module_node", FIRST.0]).await;
    has_duty(&copy, "active").await;
    smtp.received(1).await;
    assert_eq!(told(&copy, 1).await[0]["delivery"]["state"], "sent");
}

#[tokio::test]
async fn a_copy_beside_a_dead_origin_sends_the_reports_and_says_so() {
    let (redis, smtp) = cluster().await;
    let mut settings = instance(&redis, &smtp, SECOND.0);
    settings.set("MODULE_ORIGIN", FIRST.0).set("MODULE_ORIGIN_UUID", uuid_of(FIRST.0));
    let copy = settings.start().await;
    let ready = has_duty(&copy, "active").await;
    assert_eq!(ready["duty"], json!({"state": "active", "instance": FIRST.0, "node": FIRST.1}));
    let page = copy.get("/").await.1.to_string();
    let words = "This is a copy of backup-monitor1 on node 1, which shows no sign of life: reports are sent from here";
    assert!(page.contains(words), "{page}");
    copy.alert(crate::support::sample::webhook()).await;
    smtp.received(1).await;
    assert_eq!(redis.denied().await, 0, "more than a module may do");
}

#[tokio::test]
async fn without_redis_an_instance_does_not_keep_its_mails_for_ever() {
    for may_be_a_copy in [false, true] {
        let (redis, smtp) = cluster().await;
        let mut settings = instance(&redis, &smtp, SECOND.0);
        settings.set("REDIS_URL", "redis://127.0.0.1:1").set("LEADER_REDIS_URL", "redis://127.0.0.1:1");
        if may_be_a_copy {
            settings.set("MODULE_ORIGIN", FIRST.0).set("MODULE_ORIGIN_UUID", uuid_of(FIRST.0));
        }
        let service = settings.start().await;
        has_duty(&service, "starting").await;
        service.alert(crate::support::sample::webhook()).await;
        assert_eq!(smtp.received(1).await[0].headers["X-Backup-Outcome"], "UNKNOWN");
    }
}

#[tokio::test]
async fn an_instance_that_can_not_give_its_sign_runs_and_says_so() {
    let (redis, smtp) = cluster().await;
    let mut settings = instance(&redis, &smtp, FIRST.0);
    settings.set("LEADER_REDIS_URL", "redis://module:s3cr3t@a b:6379");
    let service = settings.start().await;
    let ready = has_duty(&service, "active").await;
    let reason = ready["reasons"][0].as_str().unwrap();
    assert!(reason.starts_with("LEADER_REDIS_URL: is not a Redis URL"), "{reason}");
    assert!(reason.ends_with("other instances can't see that this one is alive"), "{reason}");
    let check = String::from_utf8(settings.run(&["check"]).await.stdout).unwrap();
    assert!(check.contains("FAILED   LEADER_REDIS_URL: is not a Redis URL"), "{check}");
    assert!(!format!("{ready}{check}").contains("s3cr3t"));
    service.alert(crate::support::sample::webhook()).await;
    smtp.received(1).await;
}
