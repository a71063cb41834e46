// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Clients that want to silence the service or to outgrow its memory, on all connections that they can get. Each test prints its
//! figures. `ATTACK_LONG=1` runs the long forms.

use std::{
    io::{Read, Write},
    time::{Duration, Instant},
};

use reqwest::StatusCode;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    task::JoinSet,
};

use crate::support::{
    eventually,
    redis::Redis,
    sample,
    service::{Service, Settings},
    smtp::SmtpServer,
};

/// What the whole process may take, in bytes.
const MEMORY_LIMIT: u64 = 64 * 1024 * 1024;
/// Within what time the alert that counts is answered. A service that is not optimized is some times slower, on a machine that
/// other tests share; what is starved waits for ten seconds and more.
const ANSWER_LIMIT: Duration = Duration::from_secs(if cfg!(debug_assertions) { 5 } else { 1 });
const FIRING: &str = r#"{"status":"firing","labels":{"alertname":"BackupFailed","id":"1"}}"#;

/// How many, in the short form and in the long one.
fn scale(short: usize, long: usize) -> usize {
    if std::env::var_os("ATTACK_LONG").is_some() { long } else { short }
}

/// As on a node: what is logged for each connection would be measured, too.
fn settings() -> Settings {
    let mut settings = Settings::new();
    settings.set("RUST_LOG", "info");
    settings
}

fn address(service: &Service) -> String {
    service.base.trim_start_matches("http://").to_owned()
}

async fn connect(address: &str) -> TcpStream {
    TcpStream::connect(address).await.unwrap()
}

/// Posts the alert that counts on a connection of its own, again and again; gives the longest time to its answer. From a thread of
/// its own, so that not the attackers' part of the test is measured.
async fn slowest_answer(address: &str, posts: usize) -> Duration {
    let body = format!("{{\"alerts\":[{FIRING}]}}");
    let request = format!("POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: {}\r\n\r\n{body}", body.len());
    let address = address.to_owned();
    let post = move || {
        let began = Instant::now();
        let mut stream = std::net::TcpStream::connect(&address).unwrap();
        stream.write_all(request.as_bytes()).unwrap();
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).unwrap();
        assert_eq!(&answer, b"HTTP/1.1 200");
        began.elapsed()
    };
    tokio::task::spawn_blocking(move || (0..posts).map(|_| post()).max().unwrap()).await.unwrap()
}

fn assert_figures(attack: &str, service: &Service, slowest: Duration) {
    let memory = service.peak_memory();
    eprintln!("{attack}: the alert is answered within {slowest:?}, peak memory {} KiB", memory / 1024);
    assert!(slowest < ANSWER_LIMIT, "{attack}: {slowest:?}");
    assert!(memory < MEMORY_LIMIT, "{attack}: {memory} bytes");
}

/// Opens connections and sends each the same; they stay open until what is returned is dropped.
async fn crowd(address: &str, count: usize, bytes: &[u8]) -> Vec<TcpStream> {
    let mut crowd = Vec::new();
    for _ in 0..count {
        let mut stream = connect(address).await;
        // One that is closed at once has met with the limits.
        let _ = stream.write_all(bytes).await;
        crowd.push(stream);
    }
    crowd
}

#[tokio::test]
async fn half_heads_and_half_bodies_do_not_delay_the_alert() {
    let service = settings().start().await;
    let address = address(&service);
    let count = scale(700, 10_000);
    for (attack, bytes) in [
        ("half heads", &b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Le"[..]),
        ("half bodies", b"POST /alert HTTP/1.1\r\nHost: x\r\nContent-Length: 900000\r\n\r\n{\"alerts\":[{\"labels\":{\"a\":\""),
    ] {
        let flood = tokio::spawn({
            let address = address.clone();
            async move { crowd(&address, count, bytes).await }
        });
        let during = slowest_answer(&address, 20).await;
        let mut crowd = flood.await.unwrap();
        let after = slowest_answer(&address, 20).await;
        assert_figures(&format!("{count} {attack}"), &service, during.max(after));
        // The first one has been let go.
        let mut rest = Vec::new();
        let end = tokio::time::timeout(Duration::from_secs(60), crowd[0].read_to_end(&mut rest));
        end.await.expect("the first of the crowd was cut off").ok();
    }
}

#[tokio::test]
async fn clients_that_never_read_are_closed_and_do_not_delay_the_alert() {
    let service = settings().start().await;
    let address = address(&service);
    let count = scale(100, 600);
    let mut crowds = Vec::new();
    for path in ["/api/status", "/nothing", "/metrics"] {
        let pipelined = format!("GET {path} HTTP/1.1\r\nHost: x\r\n\r\n").repeat(2000);
        crowds.extend((0..count / 3).map(|_| {
            let (address, pipelined) = (address.clone(), pipelined.clone());
            tokio::spawn(async move {
                let mut stream = connect(&address).await;
                let _ = stream.write_all(pipelined.as_bytes()).await;
                // Nothing is read until the service has closed the connection.
                while stream.write_all(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n").await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                }
            })
        }));
    }
    let slowest = slowest_answer(&address, 50).await;
    assert_figures(&format!("{count} clients that never read"), &service, slowest);
    let began = Instant::now();
    for client in crowds {
        tokio::time::timeout(Duration::from_secs(60), client).await.expect("it was closed").unwrap();
    }
    eprintln!("the last of them was closed after {:?} more", began.elapsed());
    assert_eq!(service.get("/healthz").await.0, StatusCode::OK);
}

/// Bodies that take much memory where they are kept as a whole, each of about `size` bytes.
fn bodies(size: usize) -> Vec<(&'static str, String)> {
    let fill = |unit: &str| unit.repeat(size / unit.len());
    let alerts = |list: String| format!("{{\"alerts\":[{list}null]}}");
    let backups: String = (0..size / 130)
        .map(|id| {
            FIRING
                .replace("\"1\"", &format!("\"{id}\""))
                .replace("}}", &format!("}},\"fingerprint\":\"{id:x}\"}},"))
        })
        .collect();
    vec![
        ("zeros", alerts(fill("0,"))),
        ("empty objects", alerts(fill("{},"))),
        ("lists in an alert", alerts(format!("{{\"x\":[{}0]}},", fill("[],")))),
        ("one long annotation", alerts(format!("{{\"annotations\":{{\"summary\":\"{}\"}}}},", fill("x")))),
        ("unrelated alerts", alerts(fill(&FIRING.replace("BackupFailed", "DiskFull").replace("}}", "}},")))),
        ("alerts about backups", alerts(backups)),
        ("a long member", format!("{{\"status\":\"{}\"}}", fill("x"))),
    ]
}

#[tokio::test]
async fn many_large_bodies_at_once_stay_within_the_memory() {
    let service = settings().start().await;
    let address = address(&service);
    let count = scale(100, 400);
    let (mut posts, kinds) = (JoinSet::new(), bodies(1024 * 1024 - 100));
    for number in 0..count {
        let (_, body) = kinds[number % kinds.len()].clone();
        let request = service.http.post(service.url("/alert")).body(body).timeout(Duration::from_secs(120));
        posts.spawn(async move {
            request.send().await.map(|answer| answer.status().as_u16()).unwrap_or_default()
        });
    }
    let slowest = slowest_answer(&address, 20).await;
    let statuses = posts.join_all().await;
    let taken = statuses.iter().filter(|status| **status == 200).count();
    eprintln!("{taken} of {count} bodies of 1 MiB were taken, the others are to come again");
    // 503 asks for another try; 0 is a connection that was closed while the body was being sent.
    assert!(statuses.iter().all(|status| [0, 200, 503].contains(status)), "{statuses:?}");
    assert_figures(&format!("{count} bodies of 1 MiB"), &service, slowest);
}

#[tokio::test]
async fn the_alert_that_counts_is_found_in_a_storm_of_others() {
    let service = settings().start().await;
    for (kind, body) in bodies(scale(3, 15) * 1024 * 1024) {
        let began = Instant::now();
        let posted = body.replace("null]}", &format!("{FIRING}]}}"));
        let receipt = service.alert(posted).await;
        eprintln!("{kind}: {} bytes in {:?}: {receipt}", body.len(), began.elapsed());
        let expected = usize::from(kind != "a long member");
        assert!(receipt["accepted"].as_u64().unwrap() >= expected as u64, "{kind}: {receipt}");
    }
    assert_figures("large bodies one by one", &service, Duration::ZERO);
}

#[tokio::test]
async fn long_heads_are_refused_and_stay_within_the_memory() {
    let service = settings().start().await;
    let address = address(&service);
    let long = format!("GET / HTTP/1.1\r\nHost: x\r\nX: {}", "x".repeat(380_000));
    let crowd = crowd(&address, scale(200, 512), long.as_bytes()).await;
    let slowest = slowest_answer(&address, 20).await;
    assert_figures(&format!("{} heads of 380 kB", crowd.len()), &service, slowest);
    for head in [
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\nX: {}\r\n\r\n", "x".repeat(20_000)),
        format!("GET /healthz HTTP/1.1\r\nHost: x\r\n{}\r\n", "X: y\r\n".repeat(100)),
    ] {
        let mut stream = connect(&address).await;
        let _ = stream.write_all(head.as_bytes()).await;
        let mut answer = [0; 12];
        stream.read_exact(&mut answer).await.unwrap();
        assert_eq!(&answer, b"HTTP/1.1 431");
    }
}

#[tokio::test]
async fn a_connection_is_closed_after_so_many_requests() {
    let service = settings().start().await;
    let mut stream = connect(&address(&service)).await;
    for number in 1..=100 {
        stream.write_all(b"GET /healthz HTTP/1.1\r\nHost: x\r\n\r\n").await.unwrap();
        let mut answer = String::new();
        while !answer.ends_with("ok\n") {
            let mut bytes = [0; 1024];
            let read = stream.read(&mut bytes).await.unwrap();
            assert!(read > 0, "closed after {number} requests: {answer}");
            answer.push_str(std::str::from_utf8(&bytes[..read]).unwrap());
        }
        assert_eq!(answer.contains("connection: close"), number == 100, "{number}: {answer}");
    }
    assert_eq!(stream.read(&mut [0]).await.unwrap(), 0);
}

#[tokio::test]
async fn what_is_refused_is_counted_and_shows_in_readiness() {
    let service = settings().start().await;
    for _ in 0..3 {
        assert_eq!(service.post_alert("nonsense").await.0, StatusCode::BAD_REQUEST);
    }
    let page = service.http.post(service.url("/alert")).header("origin", "http://evil.example").body("{}");
    assert_eq!(page.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    let rebound = service.http.post(service.url("/alert")).header("host", "evil.example").body("{}");
    assert_eq!(rebound.send().await.unwrap().status(), StatusCode::FORBIDDEN);
    eventually("the refusals in readiness", || async {
        let (_, ready) = service.get("/readyz").await;
        let reasons = ready["reasons"].to_string();
        (reasons.contains("3 with HTTP 400") && reasons.contains("2 with HTTP 403")).then_some(())
    })
    .await;
    let (_, metrics) = service.get("/metrics").await;
    let line = "ns8_backup_monitor_alerts_total{result=\"refused\"} 5";
    assert!(metrics.as_str().unwrap().lines().any(|found| found == line), "{metrics}");
    // The log is not filled.
    let logged = service.log().iter().filter(|line| line.contains("webhook rejected")).count();
    assert_eq!(logged, 2);
}

#[tokio::test]
async fn others_than_loopback_read_with_the_token_alone() {
    let mut settings = settings();
    settings
        .set("RECEIVER_HOST", "127.0.0.2")
        .set("RECEIVER_TOKEN", "t0ken")
        .set("RECEIVER_METRICS_TOKEN", "f1gures");
    let service = settings.start().await;
    for (path, without) in [
        ("/healthz", 200),
        ("/metrics?token=f1gures", 200),
        ("/metrics", 401),
        ("/api/status", 401),
        ("/", 401),
    ] {
        assert_eq!(service.get(path).await.0.as_u16(), without, "{path}");
        let authorized = service.http.get(service.url(path)).bearer_auth("t0ken").send().await.unwrap();
        assert_eq!(authorized.status(), StatusCode::OK, "{path}");
    }
}

#[tokio::test]
async fn a_report_is_sent_again_ten_times_an_hour() {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    sample::write_partial_night(&redis).await;
    let mut settings = settings();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let service = settings.start().await;
    let receipt = service.alert(sample::webhook()).await;
    service.report_of(&receipt).await;
    let send = || async {
        let url = service.url(&format!("/api/reports/{}/send", receipt["job"]));
        service.http.post(url).send().await.unwrap()
    };
    for _ in 0..10 {
        assert_eq!(send().await.status(), StatusCode::ACCEPTED);
    }
    let answer = send().await;
    assert_eq!(answer.status(), StatusCode::TOO_MANY_REQUESTS);
    let wait: u64 = answer.headers()["retry-after"].to_str().unwrap().parse().unwrap();
    assert!((3500..=3600).contains(&wait), "{wait}");
    // A report that is not there takes no place.
    let missing = service.http.post(service.url("/api/reports/999/send")).send().await.unwrap();
    assert_eq!(missing.status(), StatusCode::NOT_FOUND);
}
