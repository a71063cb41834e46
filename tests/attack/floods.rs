// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A flood of alerts about plans that the cluster does not have: a bounded number of jobs and mails, a bounded journal, and the report that
//! counts in time and still there.

use std::{
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
    },
    time::{Duration, Instant},
};

use jiff::Timestamp;
use serde_json::json;

use crate::{
    short_or_long,
    support::{
        alertmanager::backup_failed,
        eventually,
        redis::Redis,
        sample::{add_plan, due, schedule, status, webhook_for, write_partial_night},
        service::Settings,
        smtp::SmtpServer,
    },
    unsettled::is_idle,
};

/// How many alerts each webhook of the flood has.
const ALERTS: usize = 50;
/// How many clients post.
const CLIENTS: usize = 4;
/// `CORRELATOR_WAIT_SECONDS`
const WAIT: Duration = Duration::from_secs(1);

/// The plan that really fails.
const REAL: &str = "Weekly local";

/// A webhook of alerts that never came before.
fn forged(number: usize) -> String {
    let alert = |index: usize| {
        let id = format!("{number}-{index}");
        let mut alert = backup_failed(&id, &"x".repeat(200), "1");
        alert["status"] = "firing".into();
        alert["startsAt"] = Timestamp::now().to_string().into();
        alert["fingerprint"] = format!("forged-{id}").into();
        alert
    };
    let alerts: Vec<_> = (0..ALERTS).map(alert).collect();
    json!({"version": "4", "status": "firing", "alerts": alerts}).to_string()
}

fn journal_bytes(settings: &Settings) -> u64 {
    let files = std::fs::read_dir(settings.state_dir()).unwrap();
    files.map(|file| file.unwrap().metadata().unwrap().len()).sum()
}

#[tokio::test]
async fn a_flood_makes_few_mails_and_a_small_journal_and_does_not_delay_the_report_that_counts() {
    let flood = short_or_long(Duration::from_secs(5), Duration::from_secs(30));
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings
        .set("REDIS_URL", redis.url())
        .set("CORRELATOR_WAIT_SECONDS", WAIT.as_secs())
        .set("RUST_LOG", "warn,ns8_backup_monitor=info");
    smtp.configure(&mut settings);
    let service = settings.start().await;
    let (posted, is_over) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicBool::new(false)));
    let began = Instant::now();
    let clients: Vec<_> = (0..CLIENTS)
        .map(|_| {
            let (http, url) = (service.http.clone(), service.url("/alert"));
            let (posted, is_over) = (Arc::clone(&posted), Arc::clone(&is_over));
            tokio::spawn(async move {
                while !is_over.load(Ordering::Relaxed) {
                    let number = posted.fetch_add(1, Ordering::Relaxed);
                    // Whether it is answered well is the service's business: it may refuse.
                    let _ = http.post(&url).body(forged(number)).send().await;
                }
            })
        })
        .collect();

    tokio::time::sleep(flood / 2).await;
    // Only now another plan fails. Its alert finds the places taken that plans have which are not known.
    let due = due();
    add_plan(&redis, "2", REAL, &schedule(due), "samba1").await;
    redis.hset("node/2/backup_status/2", &[("samba1", &status(due, 5, 1))]).await;
    assert!(!smtp.mails().iter().any(|mail| mail.text.contains(REAL)), "nobody knows of it yet");
    let raised = Instant::now();
    service.alert(webhook_for("2", REAL)).await;
    let answered = raised.elapsed();
    let mail_about_it = || smtp.mails().into_iter().any(|mail| mail.text.contains(REAL));
    eventually("the mail that counts", || std::future::ready(mail_about_it().then_some(()))).await;
    let mailed = raised.elapsed();
    tokio::time::sleep(flood.saturating_sub(began.elapsed())).await;
    is_over.store(true, Ordering::Relaxed);
    for client in clients {
        client.await.unwrap();
    }
    let lasted = began.elapsed();
    eventually("everything done", || async { is_idle(&service).await.then_some(()) }).await;
    let page = service.get_json("/api/reports?limit=1000").await;
    let (reports, mails, bytes) =
        (page["total"].as_u64().unwrap(), smtp.mails().len(), journal_bytes(&settings));
    println!(
        "attack: floods: {} webhooks of {ALERTS} alerts in {:.0} s: {reports} reports, {mails} mails, {} kB of journal; the alert that counts answered in {} ms, mailed in {:.1} s",
        posted.load(Ordering::Relaxed),
        lasted.as_secs_f64(),
        bytes / 1000,
        answered.as_millis(),
        mailed.as_secs_f64()
    );
    let windows = lasted.as_secs() / WAIT.as_secs() + 2;
    assert!(reports <= windows, "{reports} reports in {windows} windows");
    assert!(u64::try_from(mails).unwrap() <= windows, "{mails} mails in {windows} windows");
    let listed = page["reports"].to_string();
    assert!(listed.contains(REAL), "the report that counts is still there");
    assert!(bytes < 8_000_000 + windows * 200_000, "{bytes} bytes");
    // Its own wait, one settle time more at most, and the time that everything takes on a busy machine.
    assert!(mailed < WAIT * 2 + Duration::from_secs(8), "{mailed:?}");
    assert!(answered < Duration::from_secs(1), "{answered:?}");
}
