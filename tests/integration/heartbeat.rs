// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The sign of life, through the death of each part that the service needs.

use std::fs;

use crate::support::{
    eventually,
    heartbeats::{Heartbeats, TOKEN},
    redis::Redis,
    sample::{webhook, write_partial_night},
    service::{Service, Settings},
    smtp::SmtpServer,
};

const ALIVE: &str = "GET …";
const TROUBLE: &str = "GET …/fail";

/// A monitor that somebody waits for, with everything it needs.
async fn monitored() -> (Redis, SmtpServer, Heartbeats, Settings) {
    let (redis, smtp, heartbeats) =
        (Redis::start().await, SmtpServer::plain().await, Heartbeats::start().await);
    write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("RUST_LOG", "trace");
    smtp.configure(&mut settings);
    heartbeats.configure(&mut settings);
    (redis, smtp, heartbeats, settings)
}

/// The address is what lets us in: it is nobody else's.
fn assert_secret(service: &Service) {
    let log = service.log();
    assert!(log.iter().all(|line| !line.contains(TOKEN)), "the token is in the log");
}

/// The check as it is shown: its state, and its reason.
async fn shown(service: &Service, state: &str) -> String {
    service
        .status_shows(&format!("the heartbeat being {state}"), |status| {
            let checks = status["checks"].as_array()?;
            let check = checks.iter().find(|check| check["name"] == "heartbeat")?;
            (check["state"] == state).then(|| check["reason"].as_str().unwrap_or_default().to_owned())
        })
        .await
}

#[tokio::test]
async fn it_stops_with_redis_and_goes_on_with_it() {
    let (redis, _smtp, heartbeats, mut settings) = monitored().await;
    settings.set("WATCH_RUNS", "true");
    let service = settings.start().await;
    heartbeats.hears(ALIVE).await;
    assert_eq!(shown(&service, "ok").await, "");
    redis.process().hang();
    heartbeats.hears(TROUBLE).await;
    redis.process().go_on();
    heartbeats.hears(ALIVE).await;
    assert_secret(&service);
}

#[tokio::test]
async fn it_stops_when_no_mail_gets_out() {
    let (_redis, smtp, heartbeats, settings) = monitored().await;
    smtp.answer("data", None, "451 4.3.0 not today");
    let service = settings.start().await;
    heartbeats.hears(ALIVE).await;
    service.alert(webhook()).await;
    heartbeats.hears(TROUBLE).await;
    assert!(smtp.count("data") > 0);
    assert_secret(&service);
}

#[tokio::test]
async fn it_stops_when_the_journal_can_not_be_written() {
    let (_redis, _smtp, heartbeats, settings) = monitored().await;
    let path = settings.state_dir().join("journal.sqlite");
    fs::create_dir_all(settings.state_dir()).unwrap();
    fs::write(&path, "this is not a database at all".repeat(100)).unwrap();
    let service = settings.start().await;
    heartbeats.hears(TROUBLE).await;
    fs::remove_file(&path).unwrap();
    heartbeats.hears(ALIVE).await;
    assert_secret(&service);
}

#[tokio::test]
async fn a_service_that_is_dead_or_stopped_is_silent() {
    let (_redis, _smtp, of_killed, settings) = monitored().await;
    let (killed, stopped, clock) = (settings.start().await, monitored().await, monitored().await);
    let (stopped_service, _living) = (stopped.3.start().await, clock.3.start().await);
    of_killed.hears(ALIVE).await;
    stopped.2.hears(ALIVE).await;
    killed.kill();
    stopped_service.stop().await;
    let heard = [of_killed.asked(), stopped.2.asked()];
    // One that lives shows that the time for another sign has passed.
    clock.2.next().await;
    clock.2.next().await;
    assert_eq!([of_killed.asked(), stopped.2.asked()], heard);
}

#[tokio::test]
async fn without_an_address_for_trouble_it_is_silent() {
    let (_redis, _smtp, heartbeats, mut settings) = monitored().await;
    settings.unset("HEARTBEAT_FAIL_URL").set("REDIS_URL", "redis://127.0.0.1:1");
    let service = settings.start().await;
    let is_troubled = || service.log().iter().any(|line| line.contains("no heartbeat: "));
    eventually("trouble", || std::future::ready(is_troubled().then_some(()))).await;
    assert_eq!(heartbeats.asked(), Vec::<String>::new());
    let metrics = service.http.get(service.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(!metrics.contains("heartbeats_total{"), "{metrics}");
}

#[tokio::test]
async fn one_that_is_not_taken_is_shown_logged_once_and_given_again() {
    let (_redis, _smtp, heartbeats, settings) = monitored().await;
    heartbeats.answer("200 OK", "OK (not found)");
    let service = settings.start().await;
    let reason = shown(&service, "failed").await;
    assert_eq!(reason, "the heartbeat is not taken: there is no such check at that address");

    // Another reason, and the same trouble.
    heartbeats.answer("302 Found\r\nLocation: https://elsewhere.example.org/", "");
    assert_eq!(heartbeats.next().await, ALIVE);
    eventually("another reason", || async {
        shown(&service, "failed").await.contains("HTTP 302: it redirects").then_some(())
    })
    .await;
    // However long the answer is, and even if it never ends, its status counts.
    heartbeats.answer("200 OK\r\nX-Filler: x", &"x".repeat(1 << 20));
    assert_eq!(shown(&service, "ok").await, "");
    let complaints =
        service.log().iter().filter(|line| line.contains("not taken") && line.contains("WARN")).count();
    assert_eq!(complaints, 1, "{:?}", service.log());
    assert_secret(&service);
    let metrics = service.http.get(service.url("/metrics")).send().await.unwrap().text().await.unwrap();
    assert!(metrics.contains("ns8_backup_monitor_heartbeats_total{result=\"alive\"} 1"), "{metrics}");
    let failed = metrics
        .lines()
        .find_map(|line| line.strip_prefix("ns8_backup_monitor_heartbeats_total{result=\"failed\"} "));
    assert!(failed.unwrap().parse::<u32>().unwrap() >= 2, "{metrics}");
}

#[tokio::test]
async fn a_wrong_address_is_not_quoted() {
    let mut settings = Settings::new();
    settings.set("HEARTBEAT_URL", format!("hc-ping.example.org/{TOKEN}")).set("HEARTBEAT_SECONDS", 5);
    let output = settings.run(&["serve"]).await;
    let words = String::from_utf8_lossy(&output.stderr);
    assert_eq!(output.status.code(), Some(78), "{words}");
    assert!(
        words.contains("HEARTBEAT_URL: is not a") && words.contains("HEARTBEAT_SECONDS: \"5\""),
        "{words}"
    );
    assert!(!words.contains(TOKEN), "{words}");
}
