// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Backup runs, followed through Redis.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::{
    eventually,
    redis::Redis,
    run_backup::{Backup, Night, write_result},
    sample::{MODULES, write_cluster, write_partial_night},
    service::{Service, Settings},
    smtp::{Mail, SmtpServer},
};

/// A node whose service follows runs, and nothing else.
async fn node(notify_on: &str) -> (Redis, SmtpServer, Settings) {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    write_cluster(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("WATCH_RUNS", "true").set("NOTIFY_ON", notify_on);
    settings.set("CORRELATOR_WAIT_SECONDS", "0").set("CORRELATOR_SETTLE_SECONDS", "2");
    smtp.configure(&mut settings);
    (redis, smtp, settings)
}

/// Starts the service for the first time, and waits until it follows runs: what has run before is not told.
async fn first_start(settings: &Settings) -> Service {
    let service = settings.start().await;
    let follows = || service.log().iter().any(|line| line.contains("watching backup runs from now on"));
    eventually("runs being followed", || std::future::ready(follows().then_some(()))).await;
    service
}

/// A generator of numbers that need not be good. A failed test prints its seed; `TEST_SEED` sets it, to see the same again.
struct Chance(u64);

impl Chance {
    fn new() -> Self {
        let seed = match std::env::var("TEST_SEED") {
            Ok(seed) => {
                seed.parse().unwrap_or_else(|error| panic!("TEST_SEED={seed:?} is no number: {error}"))
            }
            Err(_) => Timestamp::now().as_microsecond().unsigned_abs(),
        };
        println!("TEST_SEED={seed} gives the same nights again");
        Self(seed)
    }

    fn below(&mut self, limit: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % limit
    }
}

/// What the reports say: for each run by its beginning, the outcomes that were reported of it.
async fn reported(service: &Service) -> BTreeMap<Timestamp, Vec<String>> {
    let list = service.get_json("/api/reports?limit=1000").await;
    let mut outcomes: BTreeMap<Timestamp, Vec<String>> = BTreeMap::new();
    for summary in list["reports"].as_array().unwrap() {
        let report = service.get_json(&format!("/api/reports/{}", summary["id"])).await;
        for alert in report["alerts"].as_array().unwrap() {
            let began_at: Timestamp = alert["run"]["began_at"].as_str().unwrap().parse().unwrap();
            outcomes.entry(began_at).or_default().push(report["outcome"].as_str().unwrap().to_owned());
        }
    }
    outcomes
}

/// The outcome of a night, by the script's own count.
fn expected(backups: &[Backup]) -> &'static str {
    let ok = backups.iter().filter(|backup| **backup == Backup::Ok).count();
    match ok {
        0 => "FAILURE",
        _ if ok == backups.len() => "SUCCESS",
        _ => "PARTIAL",
    }
}

#[tokio::test]
async fn a_month_of_nights_with_restarts_has_exactly_the_reports_that_it_should() {
    const NIGHTS: i64 = 30;
    let (redis, smtp, mut settings) = node("always").await;
    // Longer than a busy machine takes from one application to the next.
    settings.set("CORRELATOR_SETTLE_SECONDS", "6");
    let mut chance = Chance::new();
    let mut service = Some(first_start(&settings).await);
    let mut script: BTreeMap<Timestamp, Vec<String>> = BTreeMap::new();
    // The month lies behind us, so that nothing of it is still due or running.
    let first =
        Timestamp::from_second(Timestamp::now().as_second()).unwrap() - SignedDuration::from_hours(24 * 40);
    for number in 0..NIGHTS {
        let night = Night { plan: "1", began_at: first + SignedDuration::from_hours(24 * number) };
        // Every tenth night nobody runs at all: the nodes were off.
        if number % 10 == 7 {
            continue;
        }
        let backups: Vec<Backup> = MODULES
            .iter()
            .map(|_| match (number % 5, chance.below(4)) {
                (1 | 2, 0 | 1) => Backup::Fails,
                (4, 0) => Backup::Hangs,
                _ => Backup::Ok,
            })
            .collect();
        if backups.iter().all(|backup| *backup == Backup::Hangs) {
            continue;
        }
        let kill_at = chance.below(MODULES.len() * 2);
        let mut place = BTreeMap::new();
        for (step, ((module, node), how)) in MODULES.iter().zip(&backups).enumerate() {
            let place = place.entry(node).or_insert(0);
            night.back_up(&redis, node, module, *place, *how).await;
            *place += 1;
            if step == kill_at {
                service.take().unwrap().kill();
                // Some nights the rest of the run passes while nobody listens.
                if chance.below(2) == 0 {
                    service = Some(settings.start().await);
                }
            }
        }
        let running = match service.take() {
            Some(running) => running,
            None => settings.start().await,
        };
        let first_start = MODULES.iter().zip(&backups).filter(|(_, how)| **how != Backup::Hangs);
        // The first application of each node begins with the night; one that hangs there leaves no trace.
        let began_at = first_start
            .map(|((module, node), _)| {
                let before = MODULES.iter().filter(|(_, other)| other == node);
                let place = before.take_while(|(other, _)| other != module).count().cast_signed() as i64;
                night.began_at + SignedDuration::from_mins(3 * place)
            })
            .min()
            .unwrap();
        script.insert(began_at, vec![expected(&backups).to_owned()]);
        eventually(&format!("the report of night {number}, {backups:?}"), || async {
            let plans = running.get_json("/api/plans").await;
            let last = &plans["plans"][0]["runs"][0];
            (last["began_at"] == began_at.to_string().as_str()).then_some(())
        })
        .await;
        service = Some(running);
    }
    let service = service.unwrap();
    service
        .status_shows("everything told", |status| {
            let is_sent = |report: &Value| {
                report["delivery"]["state"] == "sent" || report["decision"]["reason"] == "unchanged"
            };
            let all_sent = status["reports"].as_array()?.iter().all(is_sent);
            (status["jobs"].as_array()?.is_empty() && all_sent).then_some(())
        })
        .await;
    assert_eq!(reported(&service).await, script);
    // A mail that was being handed over when the service was killed may come twice, under one Message-ID.
    let mut mails = smtp.mails();
    let mut seen = BTreeSet::new();
    mails.retain(|mail| seen.insert(mail.message_id.clone()));
    let list = service.get_json("/api/reports?limit=1000").await;
    // Within the repeat time, the second of two nights that fail in the same way is no news.
    let is_mailed = |report: &&Value| report["decision"]["send"] == true;
    assert_eq!(mails.len(), list["reports"].as_array().unwrap().iter().filter(is_mailed).count());
    check_threads(&service, &mails, &script).await;
}

/// Each incident has one thread, begun by the mail that opened it and ended by the one that closed it, and the nodes' restarts in between change
/// nothing about that.
async fn check_threads(service: &Service, mails: &[Mail], script: &BTreeMap<Timestamp, Vec<String>>) {
    let mut expected = 0;
    let mut is_open = false;
    for outcomes in script.values() {
        let is_well = outcomes == &["SUCCESS"];
        expected += usize::from(!is_well && !is_open);
        is_open = !is_well;
    }
    let listed = service.get_json("/api/incidents").await;
    let incidents = listed["incidents"].as_array().unwrap();
    assert_eq!(incidents.len(), expected, "{listed}");
    assert_eq!(
        incidents.iter().filter(|incident| incident["closed_at"].is_null()).count(),
        usize::from(is_open)
    );
    let mut threads: BTreeMap<String, Vec<&Mail>> = BTreeMap::new();
    for mail in mails {
        let is_well = mail.headers["X-Backup-Outcome"] == "SUCCESS";
        match mail.headers["In-Reply-To"].as_str() {
            Some(first) => {
                assert_eq!(mail.headers["References"], first);
                threads.get_mut(first).expect("a mail answers one that came before").push(mail);
            }
            None if !is_well => _ = threads.insert(mail.message_id.clone(), vec![mail]),
            None => {}
        }
    }
    assert_eq!(threads.len(), expected);
    let closings =
        |thread: &[&Mail]| thread.iter().filter(|mail| mail.subject.contains("working again")).count();
    for (place, thread) in threads.values().enumerate() {
        assert!(closings(thread) <= 1, "{thread:?}");
        assert_eq!(
            closings(thread),
            usize::from(thread.last().unwrap().subject.contains("working again")),
            "{place}"
        );
    }
    let closed: usize = threads.values().map(|thread| closings(thread)).sum();
    assert_eq!(closed, expected - usize::from(is_open));
}

/// A night of today or before in which every application is backed up, but those that `how` says otherwise of.
async fn night(redis: &Redis, days_ago: i64, how: &[(&str, Backup)]) {
    let began_at = Timestamp::from_second(Timestamp::now().as_second()).unwrap();
    let night = Night { plan: "1", began_at: began_at - SignedDuration::from_hours(24 * days_ago) };
    let mut place = BTreeMap::new();
    for (module, node) in MODULES {
        let place = place.entry(node).or_insert(0);
        let backup = how.iter().find(|(name, _)| *name == module).map_or(Backup::Ok, |(_, backup)| *backup);
        night.back_up(redis, node, module, *place, backup).await;
        *place += 1;
    }
}

/// Waits until so many runs are known; gives the state of the last one's mail.
async fn runs(service: &Service, count: usize) -> String {
    eventually(&format!("{count} runs"), || async {
        let plans = service.get_json("/api/plans").await;
        let runs = plans["plans"][0]["runs"].as_array()?.clone();
        let report = service.get_json(&format!("/api/reports/{}", runs.first()?["report"])).await;
        (runs.len() == count).then(|| report["delivery"]["state"].as_str().unwrap().to_owned())
    })
    .await
}

#[tokio::test]
async fn of_runs_that_are_well_only_the_one_after_a_failure_is_mailed() {
    let (redis, smtp, settings) = node("failure").await;
    let service = first_start(&settings).await;
    night(&redis, 9, &[]).await;
    assert_eq!(runs(&service, 1).await, "unneeded");
    night(&redis, 8, &[("mail1", Backup::Fails)]).await;
    assert_eq!(smtp.received(1).await[0].subject, "[Acme] Backup: mail1 failed (Nightly S3, 1 of 4)");
    runs(&service, 2).await;
    night(&redis, 7, &[]).await;
    let mail = smtp.received(2).await.remove(1);
    assert_eq!(
        mail.subject,
        "[Acme] Backup: working again after 24 h, all 4 applications backed up (Nightly S3)"
    );
    runs(&service, 3).await;
    night(&redis, 6, &[]).await;
    assert_eq!(runs(&service, 4).await, "unneeded");
    assert_eq!(smtp.mails().len(), 2);
}

#[tokio::test]
async fn a_backup_that_shrank_is_pointed_out_though_it_succeeded() {
    let (redis, smtp, settings) = node("failure").await;
    let service = first_start(&settings).await;
    night(&redis, 9, &[]).await;
    runs(&service, 1).await;
    let began_at =
        Timestamp::from_second(Timestamp::now().as_second()).unwrap() - SignedDuration::from_hours(24);
    for (module, node) in MODULES {
        let size = if module == "mail1" { 7_340_032 } else { 734_003_200 };
        write_result(&redis, node, "1", module, (began_at, began_at), 0, size).await;
    }
    let mail = smtp.received(1).await.remove(0);
    assert!(mail.subject.ends_with("mail1 shrank from 700 MiB to 7.0 MiB (Nightly S3)"), "{}", mail.subject);
    for text in [
        "mail1 (Mail server)",
        "contains only 7.0 MiB in 7340 files",
        "contained 700 MiB in 734003 files",
        "2.1 GiB",
    ] {
        assert!(mail.text.contains(text), "{text} is not in {}", mail.text);
    }
}

#[tokio::test]
async fn what_ran_before_the_service_was_installed_is_not_told() {
    let (redis, smtp, settings) = node("always").await;
    write_partial_night(&redis).await;
    let service = first_start(&settings).await;
    // The pages show it all the same.
    let plan = &service.get_json("/api/plans").await["plans"][0];
    assert_eq!((&plan["runs"][0]["outcome"], &plan["runs"][0]["report"]), (&"PARTIAL".into(), &Value::Null));
    night(&redis, 0, &[]).await;
    assert!(smtp.received(1).await[0].subject.contains("all 4 applications backed up"));
    assert_eq!(service.get_json("/api/reports").await["total"], 1);
}

#[tokio::test]
async fn before_core_3_20_modules_tell_of_themselves() {
    let (redis, smtp, settings) = node("always").await;
    let modules = ["mail1", "samba1"];
    redis.run(&["HDEL", "cluster/backup/1", "instances"]).await;
    for module in modules {
        redis.run(&["SADD", &format!("module/{module}/backups"), "1"]).await;
    }
    let _service = first_start(&settings).await;
    let now = Timestamp::now().as_second().to_string();
    for module in modules {
        let status = [("start", now.as_str()), ("end", &now), ("errors", "0"), ("total_size", "1000")];
        redis.hset(&format!("module/{module}/backup_status/1"), &status).await;
        redis.run(&["PUBLISH", &format!("module/{module}/event/backup-status-changed"), "{}"]).await;
    }
    let subject = &smtp.received(1).await[0].subject;
    assert!(subject.contains("both applications backed up"), "{subject}");
}

#[tokio::test]
async fn runs_are_caught_up_after_redis_was_away() {
    let (mut redis, smtp, settings) = node("always").await;
    let service = first_start(&settings).await;
    night(&redis, 9, &[]).await;
    runs(&service, 1).await;
    // It comes back with nothing in it, as after a restart without its file; the cluster is then written again.
    redis.start_again().await;
    write_cluster(&redis).await;
    night(&redis, 8, &[("samba1", Backup::Fails)]).await;
    let subject = &smtp.received(2).await[1].subject;
    assert!(subject.contains("samba1 failed"), "{subject}");
}

#[tokio::test]
async fn plans_and_metrics_show_what_ran_and_a_mail_can_be_sent_again() {
    let (redis, smtp, settings) = node("always").await;
    let service = first_start(&settings).await;
    night(&redis, 9, &[]).await;
    runs(&service, 1).await;
    night(&redis, 8, &[("mail1", Backup::Fails)]).await;
    runs(&service, 2).await;
    let plan = &service.get_json("/api/plans").await["plans"][0];
    assert_eq!((&plan["name"], &plan["destination"]), (&"Nightly S3".into(), &"AWS S3".into()));
    let counts = |run: &Value| (run["outcome"].clone(), run["ok"].clone(), run["failed"].clone());
    assert_eq!(counts(&plan["runs"][0]), ("PARTIAL".into(), 3.into(), 1.into()));
    assert_eq!(counts(&plan["runs"][1]), ("SUCCESS".into(), 4.into(), 0.into()));
    let mail = &plan["applications"][0];
    assert_eq!(
        (&mail["id"], &mail["state"], &mail["label"]),
        (&"mail1".into(), &"failed".into(), &"Mail server".into())
    );
    // Its size is that of its last good backup.
    assert_eq!(mail["size"], 734_003_200);
    assert_eq!(mail["sizes"].as_array().unwrap().len(), 1);
    assert_eq!(plan["applications"][1]["sizes"].as_array().unwrap().len(), 2);

    let metrics = service.get("/metrics").await.1;
    for (name, application, value) in [
        ("last_result", "application=\"mail1\",node=\"1\"", "0"),
        ("last_result", "application=\"samba1\",node=\"2\"", "1"),
        ("size_bytes", "application=\"mail1\",node=\"1\"", "734003200"),
        ("duration_seconds", "application=\"samba1\",node=\"2\"", "180"),
    ] {
        let line = format!(
            "ns8_backup_monitor_application_{name}{{plan=\"1\",plan_name=\"Nightly S3\",{application}}} {value}"
        );
        assert!(metrics.as_str().unwrap().lines().any(|found| found == line), "{line} is not in {metrics}");
    }

    let page = service.get_json("/api/reports?application=mail1&outcome=PARTIAL&plan=1").await;
    assert_eq!(page["total"], 1);
    let id = &page["reports"][0]["id"];
    smtp.received(2).await;
    let send = service.http.post(service.url(&format!("/api/reports/{id}/send"))).send().await.unwrap();
    assert_eq!(send.status(), 202);
    let mails = smtp.received(3).await;
    assert_eq!(mails[1].subject, mails[2].subject);
    assert_ne!(mails[1].message_id, mails[2].message_id);
    let unknown = service.http.post(service.url("/api/reports/99/send")).send().await.unwrap();
    assert_eq!(unknown.status(), 404);
}

#[tokio::test]
async fn what_comes_late_of_a_run_is_told_too() {
    let (redis, smtp, settings) = node("failure").await;
    let service = first_start(&settings).await;
    night(&redis, 9, &[("samba1", Backup::Hangs)]).await;
    let subject = &smtp.received(1).await[0].subject;
    assert!(subject.ends_with("samba1 did not run (Nightly S3, 1 of 4)"), "{subject}");
    // It has taken its time, and failed.
    let began_at =
        Timestamp::from_second(Timestamp::now().as_second()).unwrap() - SignedDuration::from_hours(24 * 9);
    let end = began_at + SignedDuration::from_mins(55);
    write_result(&redis, "2", "1", "samba1", (began_at, end), 1, 0).await;
    let mail = smtp.received(2).await.remove(1);
    assert!(mail.subject.ends_with("samba1 failed (Nightly S3, 1 of 4)"), "{}", mail.subject);
    assert!(mail.text.contains("samba1"), "{}", mail.text);
    let plans = service.get_json("/api/plans").await;
    assert_eq!(plans["plans"][0]["runs"].as_array().unwrap().len(), 1);
}
