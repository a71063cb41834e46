// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The commands, as an administrator runs them.

use std::{collections::BTreeMap, process::Output};

use serde_json::Value;

use crate::support::{
    alertmanager::Alertmanager,
    cluster_api::ClusterApi,
    gateway::Gateway,
    process::free_port,
    redis::Redis,
    repositories::{PASSWORD, Repositories},
    sample::{webhook, write_partial_night},
    service::{Service, Settings},
    smtp::{Security, SmtpServer},
};

fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

#[tokio::test]
async fn a_wrong_environment_is_listed_and_ends_with_78() {
    let mut settings = Settings::new();
    settings.set("RECEIVER_PORT", "many").set("MAIL_TO", "nobody").set("SMTP_PASSWORD", "s3cr3t");
    for arguments in [&[][..], &["serve"], &["check"], &["send-test"], &["report"]] {
        let output = settings.run(arguments).await;
        assert_eq!(output.status.code(), Some(78), "{arguments:?}");
        let message = stderr(&output);
        assert!(message.contains("2 environment variables are wrong"), "{message}");
        assert!(message.contains("\n  RECEIVER_PORT: \"many\" is not a whole number"), "{message}");
        assert!(message.contains("\n  MAIL_TO: "), "{message}");
        assert!(!message.contains("s3cr3t"), "{message}");
    }
}

#[tokio::test]
async fn a_port_that_is_taken_is_said_to_be() {
    let taken = std::net::TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let mut settings = Settings::new();
    settings.set("RECEIVER_PORT", taken.local_addr().unwrap().port());
    let output = settings.run(&["serve"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("RECEIVER_PORT"), "{}", stderr(&output));
}

#[tokio::test]
async fn check_asks_everybody() {
    let redis = Redis::start().await;
    let repositories = Repositories::new();
    let gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    let smtp = SmtpServer::start(Security::StartTls, true).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("REPO_CHECK_GATEWAY_URL", gateway.url());
    api.configure(&mut settings);
    smtp.configure(&mut settings);
    let output = settings.run(&["check"]).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(0), "{text}");
    assert_eq!(text.lines().filter(|line| line.ends_with(" ok")).count(), 6, "{text}");

    settings.set("REPO_CHECK_API_PASSWORD", "wrong").set("SMTP_PASSWORD", "wrong");
    settings.set("REDIS_URL", "redis://127.0.0.1:1").set("REPO_CHECK_GATEWAY_URL", "http://127.0.0.1:1");
    let output = settings.run(&["check"]).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    for (what, words) in [
        ("Redis", "Connection refused"),
        ("gateway", "127.0.0.1:1"),
        ("cluster API", "login of module/backup-monitor1 rejected"),
        ("mail server", "logging in"),
    ] {
        let line = text.lines().find(|line| line.starts_with(what)).unwrap_or_default();
        assert!(line.contains("FAILED") && line.contains(words), "{what}: {text}");
    }
}

#[tokio::test]
async fn check_skips_what_is_off_and_fails_without_mail() {
    let redis = Redis::start().await;
    let repositories = Repositories::new();
    let gateway = Gateway::start(repositories.path()).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("REPO_CHECK_GATEWAY_URL", gateway.url());
    let output = settings.run(&["check"]).await;
    let text = stdout(&output);
    assert_eq!(output.status.code(), Some(1), "{text}");
    assert!(text.contains("mail server    FAILED   mail is off"), "{text}");
    assert!(text.contains("cluster API    skipped"), "{text}");
}

#[tokio::test]
async fn send_test_sends_a_mail() {
    let smtp = SmtpServer::start(Security::Tls, true).await;
    let mut settings = Settings::new();
    smtp.configure(&mut settings);
    settings.set("CLUSTER_NAME", "Acme");
    let output = settings.run(&["send-test"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("admin@example.org: accepted"), "{}", stdout(&output));
    let output = settings.run(&["send-test", "Ada <ada@example.org>"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let mails = smtp.received(2).await;
    assert_eq!(mails[0].subject, "[Acme] Backup monitor: test email");
    assert_eq!(mails[1].to, ["ada@example.org"]);
    assert_ne!(mails[0].message_id, mails[1].message_id);

    smtp.answer("rcpt", None, "550 no such user");
    let output = settings.run(&["send-test"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stdout(&output).contains("rejected: 550 no such user"), "{}", stdout(&output));
    let output = Settings::new().run(&["send-test"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("SMTP_ENABLED"), "{}", stderr(&output));
    let output = settings.run(&["send-test", "nobody"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("\"nobody\" is not an email address"), "{}", stderr(&output));
}

#[tokio::test]
async fn report_prints_what_a_mail_would_say() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let repositories = Repositories::new();
    repositories.make("mail1", PASSWORD, 3, 1000);
    let gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("REPO_CHECK_GATEWAY_URL", gateway.url());
    api.configure(&mut settings);
    for arguments in [&["report"][..], &["report", "1"]] {
        let output = settings.run(arguments).await;
        assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
        let text = stdout(&output);
        assert!(text.starts_with("Acme · Backup PARTIAL\nmail1 failed (Nightly S3, 1 of 4)"), "{text}");
        assert!(text.contains("3 snapshots in total"), "{text}");
        assert!(text.ends_with("Decision: hold (Not sent: no recipients configured)\n"), "{text}");
    }
    settings.set("MAIL_TO", "admin@example.org");
    let text = stdout(&settings.run(&["report", "1"]).await);
    assert!(text.ends_with("Decision: send (New problem)\n"), "{text}");
    let output = settings.run(&["report", "7"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("there is no plan 7"), "{}", stderr(&output));
    assert_eq!(stdout(&output), "");
    assert_eq!(settings.run(&["report", "../1"]).await.status.code(), Some(2));
    settings.set("REDIS_URL", "redis://127.0.0.1:1");
    let output = settings.run(&["report"]).await;
    assert_eq!(output.status.code(), Some(1));
    assert!(stderr(&output).contains("Redis can't be reached"), "{}", stderr(&output));
}

#[tokio::test]
async fn the_demo_shows_a_mail_and_leaves_it_behind() {
    let settings = Settings::new();
    let output = settings.run(&["demo"]).await;
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    let text = stdout(&output);
    assert!(text.contains("Subject: [Acme] Backup: mail1 failed, could not dump its data"), "{text}");
    // Each of its parts has answered: the log, the repository.
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    for part in ["container state improper", "7 snapshots in total"] {
        assert!(words.contains(part), "{part} is not in {text}");
    }
    let left = settings.state_dir().parent().unwrap().join("demo-output");
    for name in ["mail.html", "mail.txt", "mail.eml"] {
        assert!(left.join(name).metadata().unwrap().len() > 500, "{name}");
    }
}

#[tokio::test]
async fn check_covers_what_is_watched_and_says_it_as_json() {
    let redis = Redis::start().await;
    let alertmanager = Alertmanager::start("http://127.0.0.1:1/alert").await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("ALERTMANAGER_URL", &alertmanager.base);
    settings.set("WATCH_RUNS", "true").set("WATCH_MISSING_GRACE_SECONDS", "7200");
    let check = async |settings: &Settings| {
        let output = settings.run(&["check", "--json"]).await;
        let answer: Value = serde_json::from_slice(&output.stdout).unwrap();
        (output.status.code(), answer)
    };
    let states = |answer: &Value| {
        let checks = answer["checks"].as_array().unwrap().iter();
        let state = |check: &Value| format!("{} {}", check["name"], check["state"]).replace('"', "");
        checks.map(state).collect::<Vec<_>>().join(", ")
    };
    // Nobody plays the gateway here.
    let (code, answer) = check(&settings).await;
    assert_eq!(
        states(&answer),
        "journal off, redis ok, gateway failed, api off, logs off, mail failed, alertmanager ok, runs ok, schedules ok, zone ok, \
         reports off, receiver off, heartbeat off, webhook off"
    );
    assert_eq!((code, &answer["ok"]), (Some(1), &false.into()));

    // Something answers there, but it is no Alertmanager.
    settings.set("ALERTMANAGER_URL", format!("{}/elsewhere", alertmanager.base));
    let (_, answer) = check(&settings).await;
    let checks = answer["checks"].as_array().unwrap();
    let found = checks.iter().find(|check| check["name"] == "alertmanager").unwrap();
    assert!(found["reason"].as_str().unwrap().contains("is ALERTMANAGER_URL the address"), "{found}");
}

/// The state of each check, as the command and as the service have them.
async fn states(settings: &Settings, service: &Service) -> [BTreeMap<String, String>; 2] {
    let of = |answer: &Value| -> BTreeMap<String, String> {
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let checks = answer["checks"].as_array().unwrap().iter();
        checks.map(|check| (text(&check["name"]), text(&check["state"]))).collect()
    };
    let output = settings.run(&["check", "--json"]).await;
    let check: Value = serde_json::from_slice(&output.stdout).unwrap();
    let status = service.get_json("/api/status").await;
    let (_, ready) = service.get("/readyz").await;
    assert_eq!((&ready["ready"], &ready["reasons"]), (&status["ready"], &status["reasons"]));
    for reason in ready["reasons"].as_array().unwrap() {
        let is_of_a_check = |told: &Value| told["state"] == "failed" && told["reason"] == *reason;
        assert!(status["checks"].as_array().unwrap().iter().any(is_of_a_check), "{status}");
    }
    let is_ok = !of(&check).values().any(|state| state == "failed");
    assert_eq!((output.status.success(), &check["ok"]), (is_ok, &Value::Bool(is_ok)), "{check}");
    [of(&check), of(&status)]
}

#[tokio::test]
async fn command_readiness_and_page_tell_the_same_of_each_check() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let repositories = Repositories::new();
    let gateway = Gateway::start(repositories.path()).await;
    let api = ClusterApi::start(&gateway.url()).await;
    let smtp = SmtpServer::plain().await;
    for (failing, variable, value) in [
        ("", "CLUSTER_NAME", "Acme"),
        ("mail", "SMTP_ENABLED", ""),
        ("mail", "MAIL_TO", ""),
        ("redis", "REDIS_URL", "redis://127.0.0.1:1"),
        ("gateway", "REPO_CHECK_GATEWAY_URL", "http://127.0.0.1:1"),
        ("api", "REPO_CHECK_API_PASSWORD", "wrong"),
        ("zone", "TZ", "Mars/Olympus"),
    ] {
        let mut settings = Settings::new();
        settings.set("REDIS_URL", redis.url()).set("REPO_CHECK_GATEWAY_URL", gateway.url());
        settings.set("RECEIVER_TOKEN", "t0ken").set("RECEIVER_PORT", free_port());
        settings.set("MODULE_ID", "backup-monitor1");
        api.configure(&mut settings);
        smtp.configure(&mut settings);
        settings.set(variable, value);
        let service = settings.start().await;
        let [check, status] = states(&settings, &service).await;
        assert_eq!(check.keys().collect::<Vec<_>>(), status.keys().collect::<Vec<_>>());
        for (name, state) in check.iter().filter(|(name, _)| *name != "duty") {
            assert_eq!(state, &status[name], "{name}: {status:?}");
            assert_eq!(state == "failed", name == failing, "{name}: {status:?}");
        }
        service.stop().await;
    }
}

#[tokio::test]
async fn a_mail_that_the_server_does_not_take_is_a_failed_check_everywhere() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("RECEIVER_PORT", free_port());
    smtp.configure(&mut settings);
    smtp.answer("data", None, "451 try later");
    let service = settings.start().await;
    service.alert(webhook()).await;
    service.status_shows("a deferred mail", |status| (status["ready"] == false).then_some(())).await;
    let [check, status] = states(&settings, &service).await;
    assert_eq!((check["mail"].as_str(), status["mail"].as_str()), ("failed", "failed"));
}
