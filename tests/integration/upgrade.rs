//! After an update: the journal that 0.1.0 wrote is taken over whole, and what it promised is done, once.

use std::fs;

use reqwest::StatusCode;

use crate::support::{
    eventually, project_file,
    redis::Redis,
    sample::{webhook, write_partial_night},
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
async fn a_job_that_can_not_be_driven_is_given_up_and_said_to_be_and_holds_up_no_other() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let service = settings.start().await;
    service.get_json("/readyz").await;
    service.stop().await;
    // The first job can't reach its next stage, whatever the reason: here, SQLite refuses it.
    let journal = rusqlite::Connection::open(settings.state_dir().join("journal.sqlite")).unwrap();
    journal
        .execute_batch(
            "CREATE TRIGGER poison BEFORE UPDATE OF stage ON jobs WHEN NEW.id = 1 AND NEW.stage <> OLD.stage
             BEGIN SELECT RAISE(ABORT, 'poisoned'); END",
        )
        .unwrap();
    drop(journal);

    let service = settings.start().await;
    let poisoned = service.alert(webhook()).await;
    assert_eq!(poisoned["job"], 1);
    eventually("the first failure", || async {
        service.log().iter().any(|line| line.contains("a job can't be driven")).then_some(())
    })
    .await;
    let other = service.alert(crate::support::sample::webhook_for("77", "Another")).await;
    if other["job"] != 1 {
        service.report_of(&other).await;
    }
    let report = service.report_of(&poisoned).await;
    assert_eq!(
        (&report["outcome"], &report["decision"]["send"]),
        (&"UNKNOWN".into(), &true.into()),
        "{report}"
    );
    let text = report["mail"]["text"].as_str().unwrap();
    assert!(text.contains("internal error") && text.contains("poisoned"), "{text}");
    let (status, ready) = service.get("/readyz").await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(ready["reasons"].to_string().contains("report 1"), "{ready}");
    eventually("the mail that says so", || async {
        smtp.mails().iter().any(|mail| mail.subject.contains("UNKNOWN")).then_some(())
    })
    .await;
}
