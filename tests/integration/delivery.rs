// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Mail servers as they are: with TLS and login, slow, refusing, away.

use serde_json::json;

use crate::support::{
    redis::Redis,
    sample::{webhook, write_partial_night},
    service::{Service, Settings},
    smtp::{Security, SmtpServer},
};

async fn cluster() -> (Redis, Settings) {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    (redis, settings)
}

/// Waits until the first report's mail is in this state; gives the delivery.
async fn delivery(service: &Service, state: &str) -> serde_json::Value {
    service
        .status_shows(&format!("a mail that is {state}"), |status| {
            let delivery = &status["reports"][0]["delivery"];
            (delivery["state"] == state).then(|| delivery.clone())
        })
        .await
}

/// Waits until the first report's mail was tried in vain; gives the error.
async fn error(service: &Service) -> String {
    service
        .status_shows("a failed attempt", |status| {
            status["reports"][0]["delivery"]["last_error"].as_str().map(str::to_owned)
        })
        .await
}

#[tokio::test]
async fn every_kind_of_smarthost_is_spoken_to() {
    for (security, login) in [
        (Security::None, false),
        (Security::None, true),
        (Security::StartTls, false),
        (Security::StartTls, true),
        (Security::Tls, false),
        (Security::Tls, true),
    ] {
        let (_redis, mut settings) = cluster().await;
        let smtp = SmtpServer::start(security, login).await;
        smtp.configure(&mut settings);
        let service = settings.start().await;
        service.alert(webhook()).await;
        smtp.received(1).await;
        delivery(&service, "sent").await;
    }
}

#[tokio::test]
async fn a_certificate_is_checked_when_it_is_to_be() {
    for security in [Security::StartTls, Security::Tls] {
        let (_redis, mut settings) = cluster().await;
        let smtp = SmtpServer::start(security, false).await;
        smtp.configure(&mut settings);
        settings.set("SMTP_TLSVERIFY", "1");
        let service = settings.start().await;
        service.alert(webhook()).await;
        let reason = error(&service).await;
        assert!(reason.contains("certificate"), "{reason}");
        service.stop().await;
        assert!(smtp.mails().is_empty());

        // Once the certificate is trusted, the mail that was queued is sent.
        settings.set("SSL_CERT_FILE", smtp.certificate());
        let service = settings.start().await;
        service.alert(webhook()).await;
        let state = service
            .status_shows("the mail", |status| {
                let reports = status["reports"].as_array()?;
                reports.iter().find(|report| report["delivery"]["attempts"].as_u64() > Some(0)).cloned()
            })
            .await;
        assert_eq!(state["id"], 1);
    }
}

#[tokio::test]
async fn a_wrong_password_is_said_and_the_mail_kept() {
    let (_redis, mut settings) = cluster().await;
    let smtp = SmtpServer::start(Security::StartTls, true).await;
    smtp.configure(&mut settings);
    settings.set("SMTP_PASSWORD", "wrong-pa55word");
    let service = settings.start().await;
    service.alert(webhook()).await;
    let reason = error(&service).await;
    assert!(reason.contains("logging in"), "{reason}");
    assert!(!service.log().join("\n").contains("wrong-pa55word"), "a password must not be logged");
    assert_eq!(delivery(&service, "queued").await["attempts"], 1);
}

#[tokio::test]
async fn a_server_without_starttls_gets_nothing() {
    let (_redis, mut settings) = cluster().await;
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    settings.set("SMTP_ENCRYPTION", "starttls");
    let service = settings.start().await;
    service.alert(webhook()).await;
    let reason = error(&service).await;
    assert!(reason.contains("STARTTLS"), "{reason}");
    assert_eq!(smtp.count("mail"), 0);
}

#[tokio::test]
async fn a_recipient_that_is_refused_does_not_keep_the_others_from_it() {
    let (_redis, mut settings) = cluster().await;
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    settings.set("MAIL_TO", "a@example.org, gone@example.org, Ada <c@example.org>");
    smtp.answer("rcpt", Some("gone@example.org"), "550 5.1.1 no such user");
    let service = settings.start().await;
    service.alert(webhook()).await;
    let mails = smtp.received(1).await;
    assert_eq!(mails[0].to, ["a@example.org", "c@example.org"]);
    let delivery = delivery(&service, "sent").await;
    assert_eq!(delivery["accepted"], json!(["a@example.org", "c@example.org"]));
    assert_eq!(delivery["refused"][0]["address"], "gone@example.org");
    assert!(delivery["refused"][0]["reason"].as_str().unwrap().contains("no such user"), "{delivery}");
}

#[tokio::test]
async fn who_is_deferred_gets_it_later_and_nobody_gets_it_twice() {
    let (_redis, mut settings) = cluster().await;
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    settings.set("MAIL_TO", "a@example.org, slow@example.org, gone@example.org");
    smtp.answer("rcpt", Some("slow@example.org"), "451 4.7.1 greylisted");
    smtp.answer("rcpt", Some("gone@example.org"), "550 5.1.1 no such user");
    let service = settings.start().await;
    service.alert(webhook()).await;
    smtp.received(1).await;
    let first = delivery(&service, "queued").await;
    assert_eq!(first["accepted"], json!(["a@example.org"]));
    assert!(first["last_error"].as_str().unwrap().contains("gone@example.org"), "{first}");

    // The pause is 30 s; a test has no time for that, but the journal can be told that it is over.
    service.kill();
    make_due(&settings);
    smtp.answer_well();
    let service = settings.start().await;
    let mails = smtp.received(2).await;
    assert_eq!(mails[1].to, ["slow@example.org"]);
    assert_eq!(mails[0].message_id, mails[1].message_id);
    let last = delivery(&service, "sent").await;
    assert_eq!(last["accepted"], json!(["a@example.org", "slow@example.org"]));
}

/// Sets the time of the next attempt to now, as if the pause were over.
fn make_due(settings: &Settings) {
    let journal = rusqlite::Connection::open(settings.state_dir().join("journal.sqlite")).unwrap();
    journal.execute_batch("UPDATE deliveries SET next_attempt_at = 0").unwrap();
}

#[tokio::test]
async fn a_mail_that_is_not_taken_now_is_tried_again() {
    for (step, reply) in [
        ("mail", "451 4.3.0 try again later"),
        ("rcpt", "452 4.2.2 mailbox full"),
        ("data", "421 4.3.2 shutting down"),
        ("data", "554 5.7.1 rejected"),
        ("rcpt", "550 5.7.1 relaying denied"),
    ] {
        let (_redis, mut settings) = cluster().await;
        let smtp = SmtpServer::plain().await;
        smtp.configure(&mut settings);
        smtp.answer(step, None, reply);
        let service = settings.start().await;
        service.alert(webhook()).await;
        let reason = error(&service).await;
        let words = reply.split_once(' ').unwrap().1;
        assert!(reason.contains(words), "{reply}: {reason}");
        let queued = delivery(&service, "queued").await;
        assert_eq!((&queued["accepted"], &queued["refused"]), (&json!([]), &json!([])), "{reply}");
        service.kill();
        make_due(&settings);
        smtp.answer_well();
        let service = settings.start().await;
        smtp.received(1).await;
        assert_eq!(delivery(&service, "sent").await["attempts"], 2);
    }
}

#[tokio::test]
async fn reports_are_kept_without_a_mail_server_and_sent_once_there_is_one() {
    let (_redis, mut settings) = cluster().await;
    let service = settings.start().await;
    let receipt = service.alert(webhook()).await;
    let report = service.report_of(&receipt).await;
    assert_eq!(report["delivery"]["state"], "queued");
    let (_, ready) = service.get("/readyz").await;
    assert!(ready["reasons"].to_string().contains("SMTP_ENABLED"), "{ready}");
    service.stop().await;

    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    let service = settings.start().await;
    let mails = smtp.received(1).await;
    assert!(mails[0].subject.contains("Nightly S3"));
    delivery(&service, "sent").await;
}

/// Sets back the time when the first report's mail was queued, by three days.
fn make_old(settings: &Settings) {
    let journal = rusqlite::Connection::open(settings.state_dir().join("journal.sqlite")).unwrap();
    let three_days = 3 * 24 * 3600 * 1000;
    journal
        .execute("UPDATE deliveries SET queued_at = queued_at - ?, next_attempt_at = 0", [three_days])
        .unwrap();
}

#[tokio::test]
async fn a_report_waits_for_email_to_be_configured_however_long() {
    let (_redis, mut settings) = cluster().await;
    let service = settings.start().await;
    let receipt = service.alert(webhook()).await;
    service.report_of(&receipt).await;
    service.stop().await;
    make_old(&settings);
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    let service = settings.start().await;
    smtp.received(1).await;
    delivery(&service, "sent").await;
}

#[tokio::test]
async fn however_old_a_mail_is_it_is_not_given_up_untried() {
    let (_redis, mut settings) = cluster().await;
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    smtp.answer("mail", None, "451 4.3.0 try again later");
    let service = settings.start().await;
    service.alert(webhook()).await;
    error(&service).await;
    service.stop().await;
    make_old(&settings);
    smtp.answer_well();
    let service = settings.start().await;
    assert_eq!(delivery(&service, "sent").await["attempts"], 2);
    service.stop().await;
}

#[tokio::test]
async fn a_mail_whose_answer_is_lost_is_given_three_times_under_one_message_id() {
    let (_redis, mut settings) = cluster().await;
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    smtp.lose_answers();
    let mut service = settings.start().await;
    service.alert(webhook()).await;
    for times in 1..=2 {
        smtp.received(times).await;
        let queued = service
            .status_shows("an attempt that was perhaps accepted", |status| {
                let delivery = &status["reports"][0]["delivery"];
                (delivery["perhaps"][0]["times"] == times).then(|| delivery.clone())
            })
            .await;
        assert_eq!((&queued["state"], &queued["accepted"]), (&json!("queued"), &json!([])));
        service.kill();
        make_due(&settings);
        service = settings.start().await;
    }
    let mails = smtp.received(3).await;
    assert!(mails.iter().all(|mail| mail.message_id == mails[0].message_id), "{mails:?}");
    let sent = delivery(&service, "sent").await;
    assert_eq!((&sent["accepted"], &sent["refused"]), (&json!([]), &json!([])));
    assert_eq!(sent["perhaps"][0]["address"], "admin@example.org");
    let (_, page) = service.get("/").await;
    assert!(page.as_str().unwrap().contains("perhaps accepted for admin@example.org"), "{page}");
}

#[tokio::test]
async fn headers_are_what_mail_programs_and_administrators_expect() {
    let (_redis, mut settings) = cluster().await;
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    settings
        .set("MAIL_FROM", "backup-monitor@b\u{fc}cher.example")
        .set(
            "MAIL_TO",
            "a@example.org, Ada <a@EXAMPLE.org>, \u{dc}nal <b@b\u{fc}cher.example>, b@xn--bcher-kva.example",
        )
        .set("MAIL_REPLY_TO", "helpdesk@example.org");
    let service = settings.start().await;
    service.alert(webhook()).await;
    let mails = smtp.received(1).await;
    assert_eq!(mails[0].to, ["a@example.org", "b@xn--bcher-kva.example"]);
    let header = |name: &str| mails[0].headers[name].as_str().unwrap_or_default().to_owned();
    assert_eq!(header("From"), "Backup monitor <backup-monitor@xn--bcher-kva.example>");
    assert_eq!(header("To"), "a@example.org, \u{dc}nal <b@xn--bcher-kva.example>");
    assert_eq!(header("List-Id"), "Backup monitor <backup-monitor.xn--bcher-kva.example>");
    assert_eq!(header("Auto-Submitted"), "auto-generated");
    assert_eq!(header("X-Auto-Response-Suppress"), "All");
    assert_eq!(header("Reply-To"), "helpdesk@example.org");
    assert!(header("Message-ID").ends_with("@xn--bcher-kva.example>"), "{}", header("Message-ID"));
    let long: Vec<_> = mails[0].text.lines().filter(|line| line.chars().count() > 76).collect();
    assert!(long.iter().all(|line| line.starts_with("      ")), "{long:?}");
    delivery(&service, "sent").await;
}

#[tokio::test]
async fn a_short_host_name_is_not_what_a_server_is_greeted_with() {
    let (_redis, mut settings) = cluster().await;
    let smtp = SmtpServer::plain().await;
    smtp.configure(&mut settings);
    let service = settings.start().await;
    service.alert(webhook()).await;
    smtp.received(1).await;
    let name = smtp.greeted_as();
    assert!(name.contains('.') && !name.ends_with(".localdomain"), "{name}");
}
