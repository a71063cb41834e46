// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A clock that is set by seconds, days or years, in either direction: nothing accepted is given up because of it, and nothing is reported
//! twice. The service's own clock is moved, by libfaketime; its monotonic time goes on as a kernel's does.

use std::{collections::BTreeMap, path::PathBuf};

use jiff::{SignedDuration, Timestamp};

use crate::{
    support::{
        eventually,
        redis::Redis,
        run_backup::{Backup, Night},
        sample::{MODULES, webhook_for, write_cluster, write_partial_night},
        service::{Service, Settings},
        smtp::SmtpServer,
    },
    unsettled::is_idle,
};

/// How far the clock is off from the real time, in libfaketime's words: each is set after the one before.
const JUMPS: [&str; 8] = ["+7s", "-7s", "+3d", "-3d", "+20y", "-20y", "+400d", "+0"];

struct Clock {
    file: PathBuf,
}

impl Clock {
    /// Gives the service a clock of its own, which is right at first.
    fn of(settings: &mut Settings) -> Self {
        let library = ["x86_64", "aarch64"]
            .map(|machine| format!("/usr/lib/{machine}-linux-gnu/faketime/libfaketime.so.1"))
            .into_iter()
            .find(|path| std::path::Path::new(path).exists())
            .expect("faketime is installed, as tests/run.sh does");
        let clock = Self { file: settings.state_dir().with_file_name("clock") };
        clock.set("+0");
        settings
            .set("LD_PRELOAD", library)
            .set("FAKETIME_TIMESTAMP_FILE", clock.file.display())
            .set("FAKETIME_NO_CACHE", "1")
            .set("FAKETIME_DONT_FAKE_MONOTONIC", "1");
        clock
    }

    fn set(&self, offset: &str) {
        // Replaced whole: the service reads it at any moment.
        let new = self.file.with_extension("new");
        std::fs::write(&new, offset).unwrap();
        std::fs::rename(new, &self.file).unwrap();
    }
}

async fn node() -> (Redis, SmtpServer, Settings, Clock) {
    let redis = Redis::start().await;
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let clock = Clock::of(&mut settings);
    (redis, smtp, settings, clock)
}

/// How often each mail was taken, by its Message-ID.
fn times_taken(smtp: &SmtpServer) -> BTreeMap<String, usize> {
    let mut times = BTreeMap::new();
    for mail in smtp.mails() {
        *times.entry(mail.message_id).or_default() += 1;
    }
    times
}

/// What the service takes for now.
fn service_time(service: &Service) -> Timestamp {
    let log = service.log();
    let line: serde_json::Value = serde_json::from_str(log.last().unwrap()).unwrap();
    line["timestamp"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn a_job_that_waits_while_the_clock_is_set_gets_its_report_once() {
    let (redis, smtp, settings, clock) = node().await;
    write_partial_night(&redis).await;
    let service = settings.start().await;
    for (number, jump) in JUMPS.iter().enumerate() {
        let plan = format!("jump-{number}");
        let receipt = service.alert(webhook_for(&plan, &plan)).await;
        clock.set(jump);
        let report = service.report_of(&receipt).await;
        assert_eq!(
            report["plans"][0]["id"].as_str().or(report["correlation"]["plans"][0]["id"].as_str()),
            Some(plan.as_str()),
            "{jump}: {report}"
        );
        if jump.ends_with('y') {
            let off = service_time(&service).duration_since(Timestamp::now()).abs();
            assert!(off > SignedDuration::from_hours(24 * 365 * 19), "the clock is moved: {off}");
        }
    }
    let page = eventually("every mail sent", || async {
        let page = service.get_json("/api/reports?limit=100").await;
        let is_sent = |report: &serde_json::Value| report["delivery"]["state"] == "sent";
        page["reports"].as_array().unwrap().iter().all(is_sent).then_some(page)
    })
    .await;
    let mails = times_taken(&smtp);
    println!(
        "attack: clocks, waiting jobs: {} jumps, {} reports, {} mails",
        JUMPS.len(),
        page["total"],
        mails.len()
    );
    assert_eq!((mails.len(), &page["total"]), (JUMPS.len(), &JUMPS.len().into()), "{mails:?}");
    assert!(mails.values().all(|times| *times == 1), "{mails:?}");
}

#[tokio::test]
async fn a_mail_that_is_deferred_while_the_clock_is_set_is_sent_once_the_server_takes_it() {
    let (redis, smtp, settings, clock) = node().await;
    write_partial_night(&redis).await;
    smtp.answer("mail", None, "451 4.3.0 try again later");
    let service = settings.start().await;
    // Each new mail has the queue looked at, so that those that are due by the new time are tried as well.
    for (number, jump) in JUMPS.iter().enumerate() {
        let plan = format!("deferred-{number}");
        let receipt = service.alert(webhook_for(&plan, &plan)).await;
        let path = format!("/api/reports/{}", receipt["job"]);
        service.report_of(&receipt).await;
        eventually("a first attempt", || async {
            let report = service.get_json(&path).await;
            assert_eq!(report["delivery"]["state"], "queued", "{jump}: {report}");
            report["delivery"]["attempts"].as_u64().is_some_and(|attempts| attempts > 0).then_some(())
        })
        .await;
        clock.set(jump);
    }
    let attempts = smtp.count("mail");
    smtp.answer_well();
    // Started again, it looks at once; without, it does at the latest within a minute.
    service.stop().await;
    clock.set("-5d");
    let service = settings.start().await;
    eventually("every mail sent", || async { is_idle(&service).await.then_some(()) }).await;
    let mails = times_taken(&smtp);
    println!(
        "attack: clocks, deferred mails: {} jumps, {attempts} attempts deferred, {} mails sent",
        JUMPS.len(),
        mails.len()
    );
    assert_eq!(mails.len(), JUMPS.len(), "{mails:?}");
    assert!(mails.values().all(|times| *times == 1), "{mails:?}");
}

#[tokio::test]
async fn a_run_that_is_followed_while_the_clock_is_set_is_reported_once() {
    let (redis, smtp, mut settings, clock) = node().await;
    write_cluster(&redis).await;
    settings.set("WATCH_RUNS", "true").set("CORRELATOR_SETTLE_SECONDS", "5");
    let service = settings.start().await;
    let follows = || service.log().iter().any(|line| line.contains("watching backup runs from now on"));
    eventually("runs being followed", || std::future::ready(follows().then_some(()))).await;
    let night = Night { plan: "1", began_at: Timestamp::now() - SignedDuration::from_mins(12) };
    let mut places = BTreeMap::new();
    for (index, (module, node)) in MODULES.iter().enumerate() {
        // The other nodes' clocks are right; ours is set between the results.
        clock.set(["+3d", "-3d", "-7s", "+0"][index]);
        let place: &mut i64 = places.entry(*node).or_default();
        let how = if index == 0 { Backup::Fails } else { Backup::Ok };
        night.back_up(&redis, node, module, *place, how).await;
        *place += 1;
    }
    smtp.received(1).await;
    eventually("everything done", || async { is_idle(&service).await.then_some(()) }).await;
    clock.set("+2h");
    clock.set("+0");
    let receipt = service.alert(webhook_for("1", "Nightly S3")).await;
    service.report_of(&receipt).await;
    let mails = times_taken(&smtp);
    println!("attack: clocks, followed runs: 4 jumps in one run, {} mails", mails.len());
    assert_eq!(
        mails.len(),
        1,
        "{:?}",
        smtp.mails().iter().map(|mail| mail.subject.clone()).collect::<Vec<_>>()
    );
}
