// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! After an update: the journal that 0.1.0 wrote is taken over whole, and what it promised is done, once.

use std::fs;

use reqwest::StatusCode;
use serde_json::json;

use crate::support::{
    eventually, project_file,
    redis::Redis,
    sample::{webhook, webhook_for, write_partial_night},
    service::Settings,
    smtp::SmtpServer,
};

/// A state directory with the journal that the binary of 0.1.0 wrote.
fn written_by_0_1_0() -> Settings {
    let settings = Settings::new();
    fs::create_dir_all(settings.state_dir()).unwrap();
    let fixture = project_file("tests/fixtures/journal/v1.sqlite");
    fs::copy(fixture, settings.state_dir().join("journal.sqlite")).unwrap();
    settings
}

#[tokio::test]
async fn what_0_1_0_had_queued_is_sent_once_and_its_jobs_get_their_reports() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = written_by_0_1_0();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let service = settings.start().await;
    eventually("every job's report and every mail", || async {
        let status = service.get_json("/api/status").await;
        let queued = |report: &&serde_json::Value| report["delivery"]["state"] == "queued";
        let is_done = status["jobs"].as_array().unwrap().is_empty()
            && !status["reports"].as_array().unwrap().iter().any(|report| queued(&report));
        is_done.then_some(())
    })
    .await;
    let page = service.get_json("/api/reports").await;
    assert!(page["total"].as_u64().unwrap() >= 6, "{page}");
    assert!(
        page["reports"].as_array().unwrap().iter().all(|report| report["unreadable"].is_null()),
        "{page}"
    );
    let subjects: Vec<String> = smtp.mails().iter().map(|mail| mail.subject.clone()).collect();
    for queued in ["Backup PENDING: Weekly local", "Backup SUCCESS: Weekly local, recovered"] {
        assert_eq!(subjects.iter().filter(|subject| subject.contains(queued)).count(), 1, "{subjects:?}");
    }
    service.stop().await;

    let sent = smtp.mails().len();
    let service = settings.start().await;
    service.get_json("/api/reports").await;
    let receipt = service.alert(webhook()).await;
    service.report_of(&receipt).await;
    let again: Vec<String> = smtp.mails().iter().skip(sent).map(|mail| mail.subject.clone()).collect();
    assert!(!again.iter().any(|subject| subject.contains("Weekly local")), "{again:?}");
}

#[tokio::test]
async fn a_job_that_can_not_be_driven_is_given_up_and_said_to_be_and_takes_no_other_plan_with_it() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let service = settings.start().await;
    service.get_json("/readyz").await;
    service.stop().await;
    // A job about plan 1 can't reach its next stage, whatever the reason: here, SQLite refuses it.
    let journal = rusqlite::Connection::open(settings.state_dir().join("journal.sqlite")).unwrap();
    journal
        .execute_batch(
            "CREATE TRIGGER poison BEFORE UPDATE OF stage ON jobs
             WHEN NEW.stage <> OLD.stage
                AND EXISTS (SELECT 1 FROM job_alerts WHERE job_id = NEW.id AND identity LIKE '%-of-1/%')
             BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
        )
        .unwrap();
    drop(journal);

    let service = settings.start().await;
    // Both join one job.
    service.alert(webhook()).await;
    service.alert(webhook_for("77", "Another")).await;
    let reports = eventually("both reports", || async {
        let page = service.get_json("/api/reports").await;
        (page["total"] == 2).then(|| page["reports"].clone())
    })
    .await;
    let subjects: Vec<&str> =
        reports.as_array().unwrap().iter().map(|report| report["subject"].as_str().unwrap()).collect();
    assert!(subjects.iter().any(|subject| subject.contains("Another")), "{subjects:?}");
    let poisoned = reports.as_array().unwrap().iter().find(|report| report["plans"] == json!([])).unwrap();
    assert_eq!(poisoned["decision"], json!({"send": true, "reason": "new"}));
    let report = service.get_json(&format!("/api/reports/{}", poisoned["id"])).await;
    assert_eq!(report["outcome"], "UNKNOWN");
    let text = report["mail"]["text"].as_str().unwrap();
    assert!(text.contains("internal error") && text.contains("poisoned"), "{text}");
    let (status, ready) = service.get("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready["reasons"].to_string().contains("internal error"), "{ready}");
    let id = poisoned["id"].to_string();
    eventually("the mail that says so", || async {
        smtp.mails().iter().any(|mail| mail.message_id.contains(&format!("report-{id}."))).then_some(())
    })
    .await;
}
