// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The HTTP table of the design, from outside.

use reqwest::{Method, StatusCode};
use serde_json::json;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::support::{fixture, redis::Redis, sample, service::Settings, smtp::SmtpServer};

#[tokio::test]
async fn payloads_of_a_real_alertmanager_are_counted() {
    let service = Settings::new().start().await;
    let expected = [
        ("webhook-ns8-backupfailed.json", 2, 0),
        ("webhook-custom-rule.json", 1, 0),
        ("webhook-ns8-one-firing-one-resolved.json", 1, 1),
        ("webhook-ns8-unrelated.json", 0, 1),
    ];
    for (name, accepted, ignored) in expected {
        let receipt = service.alert(fixture(name)).await;
        let job = if accepted > 0 { json!(1) } else { json!(null) };
        assert_eq!(receipt, json!({"accepted": accepted, "ignored": ignored, "job": job}), "{name}");
    }
}

#[tokio::test]
async fn what_is_no_webhook_is_refused_and_never_logged() {
    let service = Settings::new().start().await;
    for body in ["", "SECRET{", "[]", "\"SECRET\"", "17", "null"] {
        let (status, answer) = service.post_alert(body).await;
        assert_eq!(status, StatusCode::BAD_REQUEST, "{body}: {answer}");
        assert!(answer["error"].as_str().unwrap().contains("not an Alertmanager webhook"), "{answer}");
    }
    let log = service.log().join("\n");
    assert!(log.contains("webhook rejected"), "{log}");
    assert!(!log.contains("SECRET"), "{log}");
}

#[tokio::test]
async fn odd_but_harmless_payloads_are_accepted() {
    let service = Settings::new().start().await;
    for body in ["{}", r#"{"alerts":null}"#, r#"{"alerts":[null,3,{"labels":[]}],"new":{"x":[1]}}"#] {
        let receipt = service.alert(body).await;
        assert_eq!(receipt["accepted"], 0, "{body}");
    }
}

#[tokio::test]
async fn a_body_over_sixteen_mib_is_refused_however_it_is_sent() {
    let service = Settings::new().start().await;
    let limit = 16 * 1024 * 1024;
    let padded = |size: usize| {
        let frame = r#"{"alerts":[],"padding":""}"#;
        frame.replace("\"\"}", &format!("\"{}\"}}", "x".repeat(size - frame.len())))
    };
    service.alert(padded(limit)).await;
    let (status, _) = service.post_alert(padded(limit + 1)).await;
    assert_eq!(status, StatusCode::PAYLOAD_TOO_LARGE);

    // In chunks, without saying how much is to come.
    let mut stream = TcpStream::connect(service.base.trim_start_matches("http://")).await.unwrap();
    let head = "POST /alert HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n";
    stream.write_all(head.as_bytes()).await.unwrap();
    let chunk = format!("10000\r\n{}\r\n", " ".repeat(0x10000));
    for _ in 0..=limit / 0x10000 {
        if stream.write_all(chunk.as_bytes()).await.is_err() {
            break;
        }
    }
    let mut answer = [0; 12];
    stream.read_exact(&mut answer).await.unwrap();
    assert_eq!(&answer, b"HTTP/1.1 413");
    let (_, ready) = service.get("/readyz").await;
    assert!(ready["reasons"].to_string().contains("2 with HTTP 413"), "{ready}");
}

#[tokio::test]
async fn the_token_is_asked_for_when_there_is_one() {
    let service = Settings::new().set("RECEIVER_TOKEN", "t0ken").start().await;
    let post = |authorization: Option<&'static str>| {
        let request = service.http.post(service.url("/alert")).body(fixture("webhook-ns8-unrelated.json"));
        let request = match authorization {
            Some(value) => request.header("Authorization", value),
            None => request,
        };
        async { request.send().await.unwrap().status() }
    };
    for wrong in
        [None, Some("t0ken"), Some("Bearer"), Some("Bearer t0ke"), Some("Bearer t0ken2"), Some("Basic t0ken")]
    {
        assert_eq!(post(wrong).await, StatusCode::UNAUTHORIZED, "{wrong:?}");
    }
    assert_eq!(post(Some("Bearer t0ken")).await, StatusCode::OK);
    assert_eq!(service.get("/healthz").await.0, StatusCode::OK);
    assert!(!service.log().join("\n").contains("t0ken"));
}

#[tokio::test]
async fn unknown_paths_are_not_found_and_other_methods_not_allowed() {
    let service = Settings::new().start().await;
    for path in
        ["/alerts", "/alert/x", "/api", "/api/report", "/api/reports/1/x", "/favicon.ico", "/%2e%2e/etc"]
    {
        let (status, body) = service.get(path).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{path}");
        assert!(body["error"].is_string(), "{path}: {body}");
    }
    let reading = [
        "/",
        "/api/status",
        "/api/reports",
        "/api/reports/1",
        "/api/incidents",
        "/healthz",
        "/readyz",
        "/metrics",
    ];
    for path in reading {
        for method in [Method::POST, Method::PUT, Method::DELETE, Method::PATCH, Method::OPTIONS] {
            let answer = service.http.request(method.clone(), service.url(path)).send().await.unwrap();
            assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method} {path}");
            assert_eq!(answer.headers()["allow"], "GET, HEAD", "{method} {path}");
        }
    }
    for method in [Method::GET, Method::HEAD, Method::PUT, Method::DELETE] {
        let answer = service.http.request(method.clone(), service.url("/alert")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::METHOD_NOT_ALLOWED, "{method}");
        assert_eq!(answer.headers()["allow"], "POST");
    }
}

#[tokio::test]
async fn a_report_that_is_not_there_is_not_found() {
    let service = Settings::new().start().await;
    for id in ["1", "0", "-1", "x", "99999999999999999999"] {
        let (status, body) = service.get(&format!("/api/reports/{id}")).await;
        assert_eq!(status, StatusCode::NOT_FOUND, "{id}: {body}");
    }
    assert_eq!(service.get_json("/api/reports").await, json!({"reports": [], "total": 0}));
    assert_eq!(service.get_json("/api/incidents").await, json!({"incidents": []}));
    assert_eq!(service.get("/api/reports?limit=0").await.0, StatusCode::BAD_REQUEST);
    assert_eq!(service.get("/api/reports?limit=many").await.0, StatusCode::BAD_REQUEST);
}

#[tokio::test]
async fn readiness_says_what_is_in_the_way() {
    let service = Settings::new().start().await;
    let (status, body) = service.get("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert_eq!(body["ready"], false);
    let reasons = body["reasons"].to_string();
    for reason in ["Redis can't be reached", "SMTP_ENABLED", "MAIL_TO"] {
        assert!(reasons.contains(reason), "{reason} is not in {reasons}");
    }
    assert_eq!(service.get("/healthz").await.0, StatusCode::OK);

    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let service = settings.start().await;
    assert_eq!(service.get("/readyz").await, (StatusCode::OK, json!({"ready": true, "reasons": []})));
}

#[tokio::test]
async fn status_reports_and_page_show_what_happened() {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    sample::write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let service = settings.start().await;
    let receipt = service.alert(sample::webhook()).await;
    let report = service.report_of(&receipt).await;
    assert_eq!(report["outcome"], "PARTIAL");
    assert_eq!(report["correlation"]["plans"][0]["applications"][0]["state"], "failed");
    assert!(report["mail"]["html"].as_str().unwrap().starts_with("<!DOCTYPE html>"));
    smtp.received(1).await;
    service
        .status_shows("the mail as sent", |status| {
            (status["reports"][0]["delivery"]["state"] == "sent").then_some(())
        })
        .await;

    let status = service.get_json("/api/status").await;
    assert_eq!(status["version"], ns8_backup_monitor::version::VERSION);
    assert_eq!(status["ready"], true);
    assert_eq!(status["jobs"], json!([]));
    let summary = &status["reports"][0];
    assert_eq!(summary["subject"], "[Acme] Backup: mail1 failed (Nightly S3, 1 of 4)");
    assert_eq!(summary["plans"], json!([{"id": "1", "name": "Nightly S3", "outcome": "PARTIAL"}]));
    assert_eq!(summary["delivery"]["accepted"], json!(["admin@example.org"]));
    let reports = service.get_json("/api/reports?limit=1").await;
    assert_eq!(reports["reports"][0], *summary);

    let answer = service.http.get(service.url("/")).send().await.unwrap();
    assert_eq!(answer.headers()["content-type"], "text/html; charset=utf-8");
    let policy = answer.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.contains("default-src 'none'"), "{policy}");
    let page = answer.text().await.unwrap();
    for text in ["PARTIAL", "mail1 failed (Nightly S3, 1 of 4)", "admin@example.org", "Ready"] {
        assert!(page.contains(text), "{text} is not on the page");
    }
    assert!(!page.contains("<script"), "the page needs no script");

    let (_, metrics) = service.get("/metrics").await;
    let metrics = metrics.as_str().unwrap();
    for line in [
        "ns8_backup_monitor_alerts_total{result=\"accepted\"} 1",
        "ns8_backup_monitor_reports_total{outcome=\"PARTIAL\"} 1",
        "ns8_backup_monitor_mail_attempts_total{result=\"sent\"} 1",
        "ns8_backup_monitor_ready 1",
    ] {
        assert!(metrics.lines().any(|found| found == line), "{line} is not in {metrics}");
    }
}
