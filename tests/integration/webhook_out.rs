// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reports by webhook, and reports to several audiences, each of which sees its own plans alone.

use serde_json::{Value, json};

use crate::support::{
    eventually,
    redis::Redis,
    sample::{DESTINATION, add_module, add_plan, schedule, status, webhook, write_partial_night},
    service::{Service, Settings},
    smtp::SmtpServer,
    webhooks::{KEY, TOKEN, Webhooks},
};

async fn hooked() -> (Redis, Webhooks, Settings) {
    let (redis, webhooks) = (Redis::start().await, Webhooks::start().await);
    write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("RUST_LOG", "trace").set("SUMMARY", "off");
    webhooks.configure(&mut settings);
    (redis, webhooks, settings)
}

/// Neither the token nor the key in the address is anybody else's.
fn assert_secret(service: &Service) {
    let log = service.log();
    assert!(log.iter().all(|line| !line.contains(TOKEN) && !line.contains(KEY)), "a secret is in the log");
}

/// The newest report's delivery on a channel, once it is in this state.
async fn delivery(service: &Service, channel: &str, state: &str) -> Value {
    service
        .status_shows(&format!("{channel} {state}"), |status| {
            let deliveries = status["reports"][0]["deliveries"].as_array()?;
            let delivery = deliveries.iter().find(|delivery| delivery["channel"] == channel)?;
            (delivery["state"] == state).then(|| delivery.clone())
        })
        .await
}

#[tokio::test]
async fn a_report_is_posted_as_json_and_nobody_has_to_have_mail() {
    let (_redis, webhooks, settings) = hooked().await;
    let service = settings.start().await;
    service.alert(webhook()).await;
    let posted = webhooks.receives(1).await.remove(0);
    assert_eq!(posted.header("authorization"), format!("Bearer {TOKEN}"));
    assert_eq!(posted.header("content-type"), "application/json");
    assert!(posted.header("idempotency-key").starts_with("report-1."), "{posted:?}");
    let body = &posted.body;
    assert_eq!(
        (&body["version"], &body["kind"], &body["cluster"]),
        (&json!(1), &json!("report"), &json!("Acme"))
    );
    assert!(body["subject"].as_str().unwrap().contains("mail1 failed"), "{body}");
    assert!(body["text"].as_str().unwrap().contains("mail1"), "{body}");
    assert_eq!(body["report"]["outcome"], "PARTIAL");
    assert_eq!(body["report"]["correlation"]["plans"][0]["id"], "1");
    delivery(&service, "webhook", "sent").await;
    let (_, ready) = service.get("/readyz").await;
    assert_eq!(ready["ready"], true, "{ready}");
    assert_secret(&service);
}

#[tokio::test]
async fn what_is_not_taken_is_posted_again_under_the_same_key_also_after_a_restart() {
    let (_redis, webhooks, settings) = hooked().await;
    webhooks.answer(500);
    let service = settings.start().await;
    service.alert(webhook()).await;
    let waiting = delivery(&service, "webhook", "queued").await;
    webhooks.receives(1).await;
    eventually("the reason", || async {
        let waiting = delivery(&service, "webhook", "queued").await;
        (waiting["last_error"] == "webhook: HTTP 500 Internal Server Error").then_some(())
    })
    .await;
    assert_eq!(waiting["audience"], "all/en/failure");
    assert_secret(&service);
    service.kill();
    webhooks.answer(204);
    // It waits half a minute for the next attempt, or until somebody asks for it.
    let service = settings.start().await;
    let answer = service.http.post(service.url("/api/reports/1/send")).send().await.unwrap();
    assert_eq!(answer.status(), 202);
    let posted = webhooks.receives(2).await;
    delivery(&service, "webhook", "sent").await;
    assert_eq!(posted[0].body["report"]["id"], posted[1].body["report"]["id"]);
    let journal =
        |index: usize| posted[index].header("idempotency-key").rsplit('.').next().unwrap().to_owned();
    assert_eq!(journal(0), journal(1));
    assert_secret(&service);
}

#[tokio::test]
async fn a_webhook_that_hangs_holds_up_no_mail_and_is_shown() {
    let (_redis, webhooks, mut settings) = hooked().await;
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    webhooks.answer(0);
    let service = settings.start().await;
    service.alert(webhook()).await;
    webhooks.receives(1).await;
    delivery(&service, "mail", "sent").await;
    assert_eq!(smtp.mails().len(), 1);
    let check = service
        .status_shows("the webhook's check", |status| {
            let checks = status["checks"].as_array()?;
            let check = checks.iter().find(|check| check["name"] == "webhook")?;
            (check["state"] == "failed").then(|| check["reason"].as_str().unwrap_or_default().to_owned())
        })
        .await;
    assert!(check.contains("no answer within 10 seconds"), "{check}");
    assert_secret(&service);
}

#[tokio::test]
async fn the_test_goes_to_the_webhook_too() {
    let (_redis, webhooks, settings) = hooked().await;
    let output = settings.run(&["send-test"]).await;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success() && words.contains("webhook: accepted"), "{output:?}");
    let posted = webhooks.posted().remove(0);
    assert_eq!((&posted.body["kind"], &posted.body["cluster"]), (&json!("test"), &json!("Acme")));
    webhooks.answer(403);
    let output = settings.run(&["send-test"]).await;
    let words = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(
        !output.status.success() && words.contains("webhook: rejected: HTTP 403 Forbidden"),
        "{output:?}"
    );
}

#[tokio::test]
async fn each_audience_gets_a_mail_of_its_own_plans_in_its_language() {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    let due = write_partial_night(&redis).await;
    add_module(&redis, "crm1", "1").await;
    add_plan(&redis, "2", "Hourly CRM", &schedule(due), "crm1").await;
    redis.hset("cluster/backup/2", &[("repository", DESTINATION)]).await;
    redis.hset("node/1/backup_status/2", &[("crm1", &status(due, 5, 1))]).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("SUMMARY", "off");
    smtp.configure(&mut settings);
    settings
        .set("MAIL_TO", "all@example.org")
        .set("MAIL_TO_PLAN_1", "one@example.org;language=it")
        .set("MAIL_TO_PLAN_2", "two@example.org, all@example.org");
    let service = settings.start().await;
    // No plan is named: all that ran recently are told.
    let names_none =
        webhook().replace("\"id\":\"1\"", "\"x\":\"1\"").replace("\"backup_id\":\"1\"", "\"y\":\"1\"");
    service.alert(names_none).await;
    let mails = eventually("three mails", || {
        let mails = smtp.mails();
        std::future::ready((mails.len() >= 3).then_some(mails))
    })
    .await;
    let to = |address: &str| {
        let mail = mails.iter().find(|mail| mail.to == [address]).unwrap_or_else(|| panic!("{mails:?}"));
        format!("{} {} {} {}", mail.subject, mail.text, mail.html, mail.headers)
    };
    let (all, one, two) = (to("all@example.org"), to("one@example.org"), to("two@example.org"));
    assert!(all.contains("crm1") && all.contains("mail1") && all.contains("Hourly CRM"), "{all}");
    assert!(one.contains("mail1") && !one.contains("crm1") && !one.contains("Hourly CRM"), "{one}");
    assert!(two.contains("crm1") && !two.contains("mail1") && !two.contains("Nightly S3"), "{two}");
    assert!(one.contains("lang=\"it\"") && two.contains("lang=\"en\""));
    let ids: std::collections::BTreeSet<&str> = mails.iter().map(|mail| mail.message_id.as_str()).collect();
    assert_eq!(ids.len(), 3);
}
