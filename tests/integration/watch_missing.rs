// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Plans that do not run when they are due. Months of them pass in the unit tests of `watch::schedule`.

use jiff::{SignedDuration, Timestamp};

use crate::support::{
    gateway::Gateway,
    redis::Redis,
    run_backup::write_result,
    sample::{self, write_cluster},
    service::Settings,
    smtp::SmtpServer,
};

/// A plan that is due some seconds from now, by when the service has to have started, and counts as missing two seconds later.
async fn node() -> (Redis, SmtpServer, Settings, Timestamp) {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    write_cluster(&redis).await;
    let due = Timestamp::from_second(Timestamp::now().as_second() + 6).unwrap();
    sample::add_plan(&redis, "1", sample::PLAN, &sample::schedule(due), "mail1 samba1").await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    settings.set("WATCH_RUNS", "true").set("WATCH_MISSING_GRACE_SECONDS", "2");
    smtp.configure(&mut settings);
    (redis, smtp, settings, due)
}

#[tokio::test]
async fn a_plan_that_did_not_run_is_told_without_any_alert_and_once() {
    let (_redis, smtp, settings, due) = node().await;
    let service = settings.start().await;
    let mail = smtp.received(1).await.remove(0);
    assert!(Timestamp::now() >= due + SignedDuration::from_secs(2));
    assert_eq!(mail.subject, "[Acme] Backup: mail1 and samba1 did not run (Nightly S3, 2 of 2)");
    // Prose is wrapped.
    let words = mail.text.split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(words.contains("no application had reported by the end of the grace period"), "{words}");
    assert_eq!(service.stop().await.0, 0);

    let service = settings.start().await;
    service.status_shows("readiness", |status| status["ready"].as_bool()?.then_some(())).await;
    assert_eq!(service.get_json("/api/reports").await["total"], 1);
}

#[tokio::test]
async fn a_plan_that_runs_late_has_recovered() {
    let (redis, smtp, settings, _) = node().await;
    let service = settings.start().await;
    smtp.received(1).await;
    let now = Timestamp::now();
    for (node, module) in [("1", "mail1"), ("2", "samba1")] {
        write_result(&redis, node, "1", module, (now, now), 0, 734_003_200).await;
    }
    let mail = smtp.received(2).await.remove(1);
    assert!(mail.subject.starts_with("[Acme] Backup: working again after "), "{}", mail.subject);
    assert!(mail.subject.ends_with("both applications backed up (Nightly S3)"), "{}", mail.subject);
    let plans = service.get_json("/api/plans").await;
    assert_eq!(plans["plans"][0]["runs"][0]["outcome"], "SUCCESS");
    assert_eq!(plans["plans"][0]["runs"][1]["outcome"], "MISSING");
}

#[tokio::test]
async fn a_plan_that_ran_is_not_missed() {
    let (redis, smtp, mut settings, due) = node().await;
    settings.unset("WATCH_RUNS");
    let service = settings.start().await;
    // Whoever waits for the next plan sees that this one was looked at.
    sample::add_plan(&redis, "2", "Other", &sample::schedule(due + SignedDuration::from_secs(1)), "webtop1")
        .await;
    write_result(&redis, "1", "1", "mail1", (due, due), 0, 1).await;
    let mail = smtp.received(1).await.remove(0);
    assert!(mail.subject.contains("did not run (Other"), "{}", mail.subject);
    assert_eq!(service.get_json("/api/reports").await["total"], 1);
}

#[tokio::test]
async fn a_run_that_hangs_on_a_dead_destination_is_told_once_after_the_settle_time() {
    let (redis, smtp, mut settings, due) = node().await;
    let root = tempfile::tempdir().unwrap();
    let mut gateway = Gateway::start(root.path()).await;
    gateway.stop_backend();
    settings.set("REPO_CHECK_GATEWAY_URL", gateway.url()).set("WATCH_MISSING_GRACE_SECONDS", "600");
    settings.set("CORRELATOR_WAIT_SECONDS", "0").set("CORRELATOR_SETTLE_SECONDS", "2");
    let service = settings.start().await;
    let first = smtp.received(1).await.remove(0);
    assert!(Timestamp::now() >= due + SignedDuration::from_secs(2));
    assert_eq!(first.headers["X-Backup-Outcome"], "PENDING");
    assert!(first.text.contains("seems to be stuck"), "{}", first.text);
    let report = service.get_json("/api/reports/1").await;
    assert_eq!(report["alerts"][0]["source"], "stuck");
    assert_eq!(report["repos"]["destinations"][0]["health"], "UNREACHABLE");
    // A restart does not tell it again.
    service.kill();
    let service = settings.start().await;
    // In the end restic gives up.
    for (node, module) in [("1", "mail1"), ("2", "samba1")] {
        write_result(&redis, node, "1", module, (due, Timestamp::now()), 1, 0).await;
    }
    let second = smtp.received(2).await.remove(1);
    assert_eq!(second.headers["In-Reply-To"], first.message_id);
    let incidents = service.get_json("/api/incidents").await;
    assert_eq!(incidents["incidents"][0]["failing_runs"], 1, "{incidents}");
    assert_eq!(incidents["incidents"].as_array().unwrap().len(), 1);
}
