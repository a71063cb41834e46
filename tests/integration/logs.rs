// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The backup's own words: the journals of real runs, moved to tonight, behind a stand-in for Loki, through the real service.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use crate::support::{
    loki::{Entry, Journal, Loki, PASSWORD},
    redis::Redis,
    sample::{self, add_module, add_plan, webhook_for, write_cluster},
    service::{Service, Settings},
    smtp::SmtpServer,
};

const APPLICATIONS: [&str; 2] = ["notes1", "wiki1"];

/// A cluster whose plan ran as recorded, with its first application's turn beginning at `began`.
struct Night {
    redis: Redis,
    plan: &'static str,
    journal: Journal,
}

impl Night {
    async fn new(name: &str, plan: &'static str, began: Timestamp) -> Self {
        let journal = Journal::recorded(name).moved(&format!("notes1: starting backup {plan}"), began);
        let redis = Redis::start().await;
        write_cluster(&redis).await;
        for module in APPLICATIONS {
            add_module(&redis, module, "1").await;
        }
        let minute = began - SignedDuration::from_secs(began.as_second().rem_euclid(60));
        add_plan(&redis, plan, "Nightly", &sample::schedule(minute), &APPLICATIONS.join(" ")).await;
        for module in APPLICATIONS {
            let start = journal.when(&format!("{module}: starting backup {plan}")).unwrap().as_second();
            let failed = journal.when(&format!("{module}: backup {plan} failed"));
            let completed = journal.when(&format!("{module}: backup {plan} completed"));
            let Some(end) = failed.or(completed) else { continue };
            let status = json!({
                "start": start, "end": end.as_second(), "errors": u8::from(failed.is_some()),
                "total_size": 1000, "total_file_count": 3, "snapshots_count": 1,
            });
            redis.hset(&format!("node/1/backup_status/{plan}"), &[(module, &status.to_string())]).await;
        }
        Self { redis, plan, journal }
    }

    /// One that ended some twenty minutes ago.
    async fn recorded(name: &str, plan: &'static str) -> Self {
        Self::new(name, plan, sample::due()).await
    }

    /// One whose application has just failed: its log is on its way.
    async fn just_now() -> Self {
        let recorded = Journal::recorded("timer-dump-failed");
        let turn = recorded.when("notes1: starting backup 1").unwrap();
        let length = recorded.0.last().unwrap().at.duration_since(turn);
        Self::new("timer-dump-failed", "1", Timestamp::now() - length).await
    }

    fn settings(&self, loki: &Loki) -> Settings {
        let mut settings = Settings::new();
        settings.set("REDIS_URL", self.redis.url());
        loki.configure(&mut settings);
        settings
    }

    async fn report(&self, service: &Service) -> Value {
        let receipt = service.alert(webhook_for(self.plan, "Nightly")).await;
        service.report_of(&receipt).await
    }

    async fn report_with(&self, loki: &Loki) -> Value {
        let service = self.settings(loki).start().await;
        self.report(&service).await
    }
}

/// The labels of what a module's user writes.
fn labels(module: &str) -> BTreeMap<String, String> {
    [("node_id", "1"), ("module_id", module)].map(|(name, value)| (name.into(), value.into())).into()
}

fn lines<'a>(report: &'a Value, module: &str) -> Vec<&'a str> {
    let applications = report["logs"]["applications"].as_array().unwrap_or_else(|| panic!("{report}"));
    let log = applications.iter().find(|log| log["module"] == module).unwrap_or_else(|| panic!("{report}"));
    log["lines"].as_array().unwrap().iter().map(|line| line["text"].as_str().unwrap()).collect()
}

#[tokio::test]
async fn each_recorded_run_is_told_in_its_own_words() {
    let expected = [
        ("timer-dump-failed", "1", "timer", "database dump failed: connection refused"),
        ("manual-dump-failed", "1", "person", "database dump failed: connection refused"),
        ("timer-destination-dead", "2", "timer", "unexpected HTTP response (503)"),
        ("timer-locked", "1", "timer", "repository is already locked exclusively by PID 1"),
        ("timer-wrong-password", "1", "timer", "Fatal: wrong password or no key found"),
    ];
    for (name, plan, starter, words) in expected {
        let (loki, night) = (Loki::start().await, Night::recorded(name, plan).await);
        loki.ship(night.journal.0.clone());
        let report = night.report_with(&loki).await;
        assert_eq!(report["logs"]["trouble"], json!(null), "{name}");
        assert_eq!(report["logs"]["applications"][0]["started_by"], starter, "{name}");
        let lines = lines(&report, "notes1");
        assert!(lines.iter().any(|line| line.contains(words)), "{name}: {lines:#?}");
        assert!(
            !lines.iter().any(|line| line.contains("wiki1") || line.contains("level=info")),
            "{lines:#?}"
        );

        // Two queries for a node, each within the run's time.
        let asked = loki.asked();
        assert_eq!(asked.len(), 2, "{asked:?}");
        for parameters in asked {
            assert_eq!((parameters["direction"].as_str(), parameters["limit"].as_str()), ("forward", "5000"));
            let time = |name: &str| Timestamp::from_nanosecond(parameters[name].parse().unwrap()).unwrap();
            let began = night.journal.when("notes1: starting").unwrap();
            let ended = night.journal.0.last().unwrap().at;
            assert!(time("start") <= began && began.duration_since(time("start")).as_mins() < 10);
            assert!(time("end") >= ended - SignedDuration::from_mins(1));
            assert!(time("end").duration_since(ended).as_mins() < 10);
        }
    }
}

#[tokio::test]
async fn of_a_night_that_went_well_nothing_is_asked() {
    let (loki, night) = (Loki::start().await, Night::recorded("timer-success", "1").await);
    loki.ship(night.journal.0.clone());
    let report = night.report_with(&loki).await;
    assert_eq!((&report["outcome"], &report["logs"]), (&json!("SUCCESS"), &json!(null)));
    assert_eq!(loki.asked(), []);
}

#[tokio::test]
async fn a_log_that_is_late_is_waited_for_across_a_restart() {
    let (loki, night) = (Loki::start().await, Night::just_now().await);
    let mut settings = night.settings(&loki);
    settings.set("CORRELATOR_WAIT_SECONDS", "5");
    let service = settings.start().await;
    let receipt = service.alert(webhook_for("1", "Nightly")).await;
    let waits = |status: &Value| {
        let job = &status["jobs"][0];
        (job["stage"] == "correlated" && job["note"] == "log lines of the run").then_some(())
    };
    service.status_shows("the job waiting for the log", waits).await;
    service.kill();
    loki.ship(night.journal.0.clone());
    let service = settings.start().await;
    let report = service.report_of(&receipt).await;
    assert!(lines(&report, "notes1").contains(&"database dump failed: connection refused"), "{report}");
    assert_eq!(report["logs"]["trouble"], json!(null));
}

#[tokio::test]
async fn a_log_that_never_comes_does_not_hold_the_mail() {
    let (loki, night) = (Loki::start().await, Night::just_now().await);
    let report = night.report_with(&loki).await;
    assert_eq!(lines(&report, "notes1"), [""; 0]);
    assert_eq!(report["logs"]["trouble"], json!(null));
    // Four readings of two queries each.
    assert_eq!(loki.asked().len(), 8);
}

/// The trouble that a report and its mail tell of, with these settings beside a Loki that has everything.
async fn trouble(change: impl FnOnce(&mut Settings, &Loki)) -> Value {
    let (loki, night) = (Loki::start().await, Night::recorded("timer-dump-failed", "1").await);
    loki.ship(night.journal.0.clone());
    let smtp = SmtpServer::plain().await;
    let mut settings = night.settings(&loki);
    smtp.configure(&mut settings);
    change(&mut settings, &loki);
    let service = settings.start().await;
    let report = night.report(&service).await;
    // The report goes out whatever becomes of the log.
    smtp.received(1).await;
    let told = service.log().join("\n") + &report.to_string();
    assert!(!told.contains(PASSWORD) && !told.contains("wrong secret"), "{told}");
    assert_eq!(lines(&report, "notes1"), [""; 0]);
    report["logs"]["trouble"].clone()
}

#[tokio::test]
async fn without_a_loki_the_mail_goes_out_and_the_report_says_so() {
    let absent = trouble(|settings, _| {
        settings.unset("LOKI_URL");
    });
    assert_eq!(absent.await, json!({"kind": "not_configured"}));

    let away = trouble(|settings, _| {
        settings.set("LOKI_URL", "http://127.0.0.1:1");
    });
    assert_eq!(away.await["kind"], "silent");

    let no_address = trouble(|settings, _| {
        settings.set("LOKI_URL", "ftp://127.0.0.1");
    });
    let reason = no_address.await["reason"].to_string();
    assert!(reason.contains("LOKI_URL"), "{reason}");
}

#[tokio::test]
async fn a_loki_that_refuses_is_told_of() {
    let refuses = trouble(|settings, _| {
        settings.set("LOKI_PASSWORD", "wrong secret");
    });
    let reason = "HTTP 401: LOKI_USERNAME and LOKI_PASSWORD are not accepted";
    assert_eq!(refuses.await, json!({"kind": "refused", "reason": reason}));
}

#[tokio::test]
async fn a_loki_that_hangs_holds_the_mail_for_seconds_only() {
    let began = std::time::Instant::now();
    let hangs = trouble(|_, loki| loki.hang()).await;
    assert_eq!(hangs, json!({"kind": "silent", "reason": "no answer within 10 seconds"}));
    assert!(began.elapsed().as_secs() < 40, "{:?}", began.elapsed());
}

#[tokio::test]
async fn an_answer_without_end_is_not_read_to_its_end() {
    let (loki, night) = (Loki::start().await, Night::recorded("timer-dump-failed", "1").await);
    loki.answer_with_megabytes(50);
    let service = night.settings(&loki).start().await;
    let report = night.report(&service).await;
    assert_eq!(report["logs"]["trouble"], json!({"kind": "too_much"}));
    let peak = service.peak_memory() / (1 << 20);
    assert!(peak < 64, "{peak} MiB");
}

#[tokio::test]
async fn a_log_of_many_pages_is_read_on() {
    let (loki, night) = (Loki::start().await, Night::recorded("timer-dump-failed", "1").await);
    let at = night.journal.when("notes1: starting").unwrap();
    let line = json!({
        "MESSAGE": "copying a table", "PRIORITY": "6", "SYSLOG_IDENTIFIER": "runagent", "_SYSTEMD_UNIT": "session-c1.scope",
    });
    // More than a page, of the same time even.
    let entry = Entry { at, labels: labels("notes1"), line: line.to_string() };
    loki.ship(std::iter::repeat_n(entry, 4000));
    loki.ship((0..4000).map(|number| Entry {
        at: at + SignedDuration::from_micros(number),
        labels: labels("notes1"),
        line: line.to_string(),
    }));
    loki.ship(night.journal.0.clone());
    let report = night.report_with(&loki).await;
    assert_eq!(report["logs"]["trouble"], json!(null));
    assert!(lines(&report, "notes1").contains(&"database dump failed: connection refused"), "{report}");
}

#[tokio::test]
async fn a_storm_of_lines_is_cut_short() {
    let (loki, night) = (Loki::start().await, Night::recorded("timer-dump-failed", "1").await);
    let at = night.journal.when("notes1: starting").unwrap();
    loki.ship((0..12_000).map(|number| {
        let message = format!("error: open {number}/{}: permission denied", "x".repeat(1500));
        let line = json!({
            "MESSAGE": message, "PRIORITY": "3", "SYSLOG_IDENTIFIER": "runagent", "_SYSTEMD_UNIT": "session-c1.scope",
        });
        Entry { at: at + SignedDuration::from_micros(number), labels: labels("notes1"), line: line.to_string() }
    }));
    loki.ship(night.journal.0.clone());
    let service = night.settings(&loki).start().await;
    let report = night.report(&service).await;
    assert_eq!(report["logs"]["trouble"], json!({"kind": "too_much"}));
    let lines = lines(&report, "notes1");
    assert!(lines.iter().any(|line| line.starts_with("error: open 0/")), "{lines:#?}");
    assert!(lines.iter().map(|line| line.len()).sum::<usize>() <= 16 * 1024);
    let peak = service.peak_memory() / (1 << 20);
    assert!(peak < 96, "{peak} MiB");
}

#[tokio::test]
async fn check_asks_loki_for_an_answer() {
    let (loki, redis) = (Loki::start().await, Redis::start().await);
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    loki.configure(&mut settings);
    let logs = async |settings: &Settings| {
        let output = settings.run(&["check", "--json"]).await;
        let text = String::from_utf8(output.stdout).unwrap() + &String::from_utf8_lossy(&output.stderr);
        assert!(!text.contains(PASSWORD), "{text}");
        let checks: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
        checks["checks"].as_array().unwrap().iter().find(|check| check["name"] == "logs").unwrap().clone()
    };
    assert_eq!(logs(&settings).await["state"], "ok");
    settings.set("LOKI_USERNAME", "another");
    assert_eq!(logs(&settings).await["state"], "failed");
    settings.unset("LOKI_URL");
    assert_eq!(logs(&settings).await["state"], "off");
}
