// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! From the alert to the mail.

use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{
    alertmanager::{Alertmanager, backup_failed, disk_space_low},
    redis::Redis,
    sample::{self, webhook, webhook_for, write_partial_night, write_status},
    service::{Service, Settings},
    smtp::SmtpServer,
};

/// Redis with a partial night, a mail server, and the service between them.
async fn start(change: impl FnOnce(&mut Settings)) -> (Redis, Timestamp, SmtpServer, Settings, Service) {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    let due = write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    change(&mut settings);
    let service = settings.start().await;
    (redis, due, smtp, settings, service)
}

#[tokio::test]
async fn a_real_alertmanagers_webhook_becomes_one_mail() {
    let (_redis, _, smtp, _, service) = start(|_| {}).await;
    let alertmanager = Alertmanager::start(&service.url("/alert")).await;
    alertmanager.raise(&[backup_failed("1", sample::PLAN, "1"), disk_space_low()]).await;
    let mail = smtp.received(1).await.remove(0);
    assert_eq!(mail.subject, "[Acme] Backup: mail1 failed (Nightly S3, 1 of 4)");
    assert_eq!(mail.to, ["admin@example.org"]);
    assert_eq!(mail.headers["Auto-Submitted"], "auto-generated");
    for text in ["[failed] mail1 (Mail server), node 1 (leader)", "BackupFailed", "700 MiB"] {
        assert!(mail.text.contains(text), "{text} is not in {}", mail.text);
    }
    assert!(mail.html.contains("mail1 (Mail server)"));
    // The other alert came as well, and was counted as none of ours.
    service.status_shows("no job", |status| (status["jobs"] == json!([])).then_some(())).await;
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn alerts_that_arrive_while_a_job_waits_make_one_mail() {
    let (redis, due, smtp, _, service) =
        start(|settings| _ = settings.set("CORRELATOR_WAIT_SECONDS", "3")).await;
    sample::add_plan(&redis, "2", "Offsite", &sample::schedule(due), "webtop1").await;
    redis.hset("node/1/backup_status/2", &[("webtop1", &sample::status(due, 3, 1))]).await;
    let first = service.alert(webhook()).await;
    let second = service.alert(webhook_for("2", "Offsite")).await;
    let again = service.alert(webhook()).await;
    assert_eq!((&first["job"], &first["job"]), (&second["job"], &again["job"]));
    let report = service.report_of(&first).await;
    assert_eq!(report["alerts"].as_array().unwrap().len(), 2);
    let mail = smtp.received(1).await.remove(0);
    assert!(
        mail.subject.ends_with("mail1 and webtop1 failed (Nightly S3 and Offsite, 2 of 5)"),
        "{}",
        mail.subject
    );
}

#[tokio::test]
async fn a_plan_still_running_is_waited_for() {
    let (redis, due, smtp, _, service) = start(|_| {}).await;
    redis.run(&["HDEL", "node/1/backup_status/1", "webtop1"]).await;
    // The node has given a sign of life just now.
    let minute = Timestamp::now().duration_since(due).as_mins();
    write_status(&redis, due, "nextcloud1", minute, 0).await;
    let receipt = service.alert(webhook()).await;
    let note = service
        .status_shows("the job waiting", |status| status["jobs"][0]["note"].as_str().map(str::to_owned))
        .await;
    assert_eq!(note, "Nightly S3 (1 still running)");
    write_status(&redis, due, "webtop1", minute, 0).await;
    let report = service.report_of(&receipt).await;
    assert_eq!(report["outcome"], "PARTIAL");
    smtp.received(1).await;
}

#[tokio::test]
async fn what_does_not_settle_is_told_as_pending_and_again_when_it_has() {
    let (redis, due, smtp, _, service) =
        start(|settings| _ = settings.set("CORRELATOR_SETTLE_SECONDS", "2")).await;
    redis.run(&["HDEL", "node/1/backup_status/1", "webtop1"]).await;
    let minute = Timestamp::now().duration_since(due).as_mins();
    write_status(&redis, due, "nextcloud1", minute, 0).await;
    service.alert(webhook()).await;
    let mail = smtp.received(1).await.remove(0);
    assert_eq!(mail.headers["X-Backup-Outcome"], "PENDING");
    assert!(
        mail.subject.ends_with("mail1 failed, webtop1 still running (Nightly S3, 2 of 4)"),
        "{}",
        mail.subject
    );
    assert!(mail.text.contains("[still running] webtop1"), "{}", mail.text);

    write_status(&redis, due, "webtop1", minute, 1).await;
    let mail = smtp.received(2).await.remove(1);
    assert!(mail.subject.ends_with("mail1 and webtop1 failed (Nightly S3, 2 of 4)"), "{}", mail.subject);
}

#[tokio::test]
async fn a_second_look_that_finds_nothing_new_tells_nothing() {
    let (redis, due, smtp, _, service) =
        start(|settings| _ = settings.set("CORRELATOR_SETTLE_SECONDS", "1")).await;
    redis.run(&["HDEL", "node/1/backup_status/1", "webtop1"]).await;
    let minute = Timestamp::now().duration_since(due).as_mins();
    write_status(&redis, due, "nextcloud1", minute, 0).await;
    service.alert(webhook()).await;
    smtp.received(1).await;
    // The follow-up waits for ten times the wait; then it is there, and looks, and waits on.
    let looks = service
        .status_shows("the follow-up looking", |status| {
            let job = &status["jobs"][0];
            (job["follow_up"] == true && job["looks"].as_u64() > Some(0)).then(|| job["looks"].clone())
        })
        .await;
    assert_eq!(looks, 1);
    assert_eq!(smtp.mails().len(), 1);
}

#[tokio::test]
async fn the_same_problem_is_told_once_and_what_is_new_in_it_at_once_in_its_thread() {
    let (redis, due, smtp, _, service) = start(|_| {}).await;
    let first = service.alert(webhook()).await;
    service.report_of(&first).await;
    smtp.received(1).await;

    // Alertmanager repeats its alert every three hours.
    let second = service.alert(webhook()).await;
    let report = service.report_of(&second).await;
    assert_eq!(report["delivery"]["state"], "unchanged");

    // The next run fails in the same way: nothing new within the repeat time, whatever brings it.
    let later = due + SignedDuration::from_mins(1);
    write_status(&redis, later, "mail1", 6, 1).await;
    let third = service.alert(webhook()).await;
    let report = service.report_of(&third).await;
    assert_eq!(report["decision"], json!({"send": false, "reason": "unchanged"}));

    // In the one after that another application fails, too: that is told at once, in the same thread.
    let later = due + SignedDuration::from_mins(2);
    write_status(&redis, later, "mail1", 6, 1).await;
    write_status(&redis, later, "samba1", 7, 1).await;
    let fourth = service.alert(webhook()).await;
    let report = service.report_of(&fourth).await;
    assert_eq!(report["decision"], json!({"send": true, "reason": "changed"}));
    assert_eq!(report["incidents"][0]["news"], json!([{"kind": "application", "module": "samba1"}]));
    let mails = smtp.received(2).await;
    assert_ne!(mails[0].message_id, mails[1].message_id);
    assert_eq!(mails.len(), 2);
    assert_eq!(mails[0].headers["In-Reply-To"], Value::Null);
    for header in ["In-Reply-To", "References"] {
        assert_eq!(mails[1].headers[header], mails[0].message_id, "{header}");
    }
}

#[tokio::test]
async fn after_the_repeat_time_an_unchanged_problem_is_told_again() {
    let (_redis, _, smtp, _, service) =
        start(|settings| _ = settings.set("NOTIFY_REPEAT_SECONDS", "0")).await;
    for count in 1..=2 {
        let receipt = service.alert(webhook()).await;
        service.report_of(&receipt).await;
        smtp.received(count).await;
    }
}

#[tokio::test]
async fn an_alert_whose_trouble_is_over_is_told_as_a_success() {
    let (redis, due, smtp, _, service) = start(|_| {}).await;
    write_status(&redis, due, "mail1", 20, 0).await;
    let receipt = service.alert(webhook()).await;
    let report = service.report_of(&receipt).await;
    assert_eq!(report["repos"], json!(null), "nobody is asked when all is well");
    let mail = smtp.received(1).await.remove(0);
    assert_eq!(mail.subject, "[Acme] Backup: all 4 applications backed up (Nightly S3)");
}

#[tokio::test]
async fn an_alert_that_names_no_plan_reads_all_that_ran_recently() {
    let (_redis, _, smtp, _, service) = start(|_| {}).await;
    let body = r#"{"alerts":[{"status":"firing","labels":{"alertname":"NsBackupFailed"}}]}"#;
    service.alert(body).await;
    let mail = smtp.received(1).await.remove(0);
    assert!(mail.subject.ends_with("mail1 failed (Nightly S3, 1 of 4)"), "{}", mail.subject);
}

#[tokio::test]
async fn a_plan_of_which_nothing_ran_is_missing() {
    let (redis, _, smtp, _, service) = start(|_| {}).await;
    for key in ["node/1/backup_status/1", "node/2/backup_status/1"] {
        redis.run(&["DEL", key]).await;
    }
    let body = webhook().replace("BackupFailed", "NsBackupMissing");
    let receipt = service.alert(body).await;
    assert_eq!(service.report_of(&receipt).await["outcome"], "MISSING");
    let mail = smtp.received(1).await.remove(0);
    assert_eq!(mail.subject, "[Acme] Backup: none of the 4 backups ran (Nightly S3)");
}

#[tokio::test]
async fn mails_are_written_in_italian_too_and_in_the_configured_zone() {
    let (_redis, due, smtp, _, service) = start(|settings| {
        settings.set("MAIL_LANGUAGE", "it").set("TZ", "Asia/Kolkata").set("CLUSTER_NAME", "Società Élite");
    })
    .await;
    service.alert(webhook()).await;
    let mail = smtp.received(1).await.remove(0);
    // The schedule is read in the zone as well, so that the plan was due at another time and the run may be of an earlier one.
    assert!(mail.subject.starts_with("[Società Élite] Backup: "), "{}", mail.subject);
    assert!(mail.text.contains("Allarme BackupFailed: Backup Nightly S3 (ID: 1) fallito."), "{}", mail.text);
    assert!(mail.text.contains(" IST"), "{}", mail.text);
    assert!(due < Timestamp::now());
}

#[tokio::test]
async fn text_from_outside_breaks_neither_header_nor_html() {
    let (redis, due, smtp, _, service) = start(|_| {}).await;
    let evil = "Night\r\nBcc: evil@example.org\r\n\r\n<script>alert(1)</script>";
    redis.hset("cluster/backup/1", &[("name", evil)]).await;
    redis.set("cluster/ui_name", "Acme\r\nX-Evil: 1").await;
    redis.set("module/mail1/ui_name", "</td><img src=x onerror=alert(1)>").await;
    let result = json!({"result": "error", "timestamp": Timestamp::now(), "error": "<b>bold</b>\u{1b}[31m"});
    let field = |name: &str| result[name].as_str().unwrap().to_owned();
    redis.run(&["HDEL", "node/1/backup_status/1", "mail1"]).await;
    let fields =
        [("result", &*field("result")), ("timestamp", &*field("timestamp")), ("error", &*field("error"))];
    redis.hset("module/mail1/backup/1/status", &fields).await;
    assert!(due < Timestamp::now());
    service.alert(webhook()).await;
    let mail = smtp.received(1).await.remove(0);
    let names: Vec<&str> = mail.headers.as_object().unwrap().keys().map(String::as_str).collect();
    assert!(!names.iter().any(|name| ["bcc", "x-evil"].contains(&name.to_lowercase().as_str())), "{names:?}");
    assert_eq!(mail.to, ["admin@example.org"]);
    for tag in ["<script", "<img", "<b>bold"] {
        assert!(!mail.html.contains(tag), "{tag} is in the HTML");
    }
    assert!(mail.html.contains("&#60;b&#62;bold"), "the text itself is shown");
    assert!(!mail.text.contains('\u{1b}'));
}

#[tokio::test]
async fn sigterm_ends_the_service_within_five_seconds() {
    let (_redis, _, smtp, settings, service) =
        start(|settings| _ = settings.set("CORRELATOR_WAIT_SECONDS", "3600")).await;
    let receipt = service.alert(webhook()).await;
    let (code, took) = service.stop().await;
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(5), "{took:?}");
    // What was in hand is in the journal.
    let mut settings = settings;
    settings.set("CORRELATOR_WAIT_SECONDS", "1");
    let service = settings.start().await;
    service.report_of(&receipt).await;
    smtp.received(1).await;
}

#[tokio::test]
async fn sigterm_does_not_wait_for_a_mail_server_that_hangs() {
    let (_redis, _, smtp, _, service) = start(|_| {}).await;
    smtp.hang_at("data");
    service.alert(webhook()).await;
    smtp.reached("data", 0).await;
    let (code, took) = service.stop().await;
    assert_eq!(code, 0);
    assert!(took < Duration::from_secs(5), "{took:?}");
}
