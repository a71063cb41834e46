// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Each cause, from the lines that a node's journal has of it to the report. The lines are those of ns8-core 3.21 (`run-backup`,
//! `module-backup`) and restic 0.18; they go through all that reads a real journal.

mod afterwards;
mod common;
mod refuted;
mod said;
mod secrets;

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use crate::{
    cause::{Cause, Diagnosis},
    correlator::correlation::{Application, Correlation, Destination, State},
    ids::{DestinationId, JobId},
    logs::recorded_tests::{Recorded, correlation, read_for, record},
    repo_check::findings::RepoReport,
    report::Report,
};

const DESTINATION: &str = "04d5ad95-8aa0-5c29-bbab-c4c730b8928a";
/// As core prints the command that failed.
const PODMAN: &str = "Command '['podman', 'run', '--interactive', '--rm', '--replace', '--name=restic-notes1-15839', '--privileged', \
                      '--network=host', '--env=RESTIC_*', '--volume=restic-cache:/var/cache/restic', '--log-driver=none']'";

/// A night of plan 1 and its members notes1 and wiki1.
struct Night {
    record: Vec<Recorded>,
    correlation: Correlation,
    repos: Option<RepoReport>,
}

impl Night {
    fn of(record: Vec<Recorded>, plan: &str) -> Self {
        let mut correlation = correlation(&record, plan);
        correlation.plans[0].destination = Some(destination());
        Self { record, correlation, repos: None }
    }

    /// A recorded one (`tests/fixtures/loki`).
    fn recorded(name: &str, plan: &str) -> Self {
        Self::of(record(name), plan)
    }

    /// One that went like this, a line a second, each with who says it: `core` is `run-backup`, `notes` and `wiki` what runs as these
    /// applications' users. `PODMAN` stands for the command and `REPO` for the repository of notes1.
    fn told(script: &str) -> Self {
        let repository = format!("{DESTINATION}/notes/1e0d2336-30c9-46d8-88a1-14f0133d975e");
        let script = script.replace("PODMAN", PODMAN).replace("REPO", &repository);
        let start = Timestamp::from_second(1_795_570_000).unwrap();
        let lines = script.lines().map(str::trim).filter(|line| !line.is_empty());
        let entry = |(second, line): (i64, &str)| {
            let (voice, message) = line.split_once(": ").unwrap();
            written(start + SignedDuration::from_secs(second), voice, message)
        };
        Self::of((0..).zip(lines).map(entry).collect(), "1")
    }

    fn application(&mut self, module: &str) -> &mut Application {
        let applications = &mut self.correlation.plans[0].applications;
        applications.iter_mut().find(|application| application.module.as_str() == module).unwrap()
    }

    /// Whose status says that something failed, though `run-backup` says that it is completed.
    fn with_errors(mut self, module: &str, errors: u64) -> Self {
        let end = self.correlation.at;
        let application = self.application(module);
        application.state = State::Failed;
        let run = application.last_run.get_or_insert_with(|| panic!("{module} has no run at {end}"));
        (run.errors, run.size, run.files) = (errors, Some(0), Some(0));
        self
    }

    fn report(&self) -> Report {
        let logs = read_for(&self.correlation, &self.record).report;
        let (correlation, repos) = (self.correlation.clone(), self.repos.clone());
        Report::new(JobId(1), correlation.at, "Acme".into(), Vec::new(), correlation, Some(logs), repos)
    }

    fn diagnosis(&self, module: &str) -> Option<Diagnosis> {
        let report = self.report();
        let mut applications = report.correlation.plans[0].applications.iter();
        applications.find(|application| application.module.as_str() == module).unwrap().diagnosis.clone()
    }
}

fn destination() -> Destination {
    Destination {
        id: DestinationId::new(DESTINATION).unwrap(),
        name: Some("Nightly S3".into()),
        url: Some("s3:s3.example.org/acme".into()),
    }
}

/// An entry as the shipper sends it.
fn written(at: Timestamp, voice: &str, message: &str) -> Recorded {
    let (identifier, unit, module) = match voice {
        "core" => ("runagent", "backup1.service", None),
        "notes" => ("runagent", "session-c30.scope", Some("notes1")),
        "wiki" => ("runagent", "session-c31.scope", Some("wiki1")),
        "systemd" => ("systemd", "init.scope", None),
        "kernel" => ("kernel", "", None),
        _ => panic!("who is {voice}?"),
    };
    let about = message.split_once(": ").map_or("", |(unit, _)| unit);
    let line = json!({
        "MESSAGE": message, "SYSLOG_IDENTIFIER": identifier, "_SYSTEMD_UNIT": unit, "UNIT": about,
    });
    Recorded { at, module: module.map(str::to_owned), line: line.to_string() }
}

/// Checks notes1's cause and that the line is the first of the evidence.
#[track_caller]
fn assert_cause(night: &Night, cause: Cause, first: &str) -> Diagnosis {
    let diagnosis = night.diagnosis("notes1").expect("notes1 is not well");
    let said = diagnosis.evidence.first().map_or("", String::as_str);
    assert!(diagnosis.cause == cause && said.contains(first), "{cause}, {first}: {diagnosis:#?}");
    diagnosis
}

#[test]
fn each_recorded_failure_has_its_cause() {
    let expected = [
        ("timer-dump-failed", "1", "notes1", Cause::DumpFailed, "module-dump-state failed"),
        ("manual-dump-failed", "1", "notes1", Cause::DumpFailed, "module-dump-state failed"),
        ("timer-destination-dead", "2", "notes1", Cause::StorageUnreachable, "503 Service Unavailable"),
        ("timer-destination-dead", "2", "wiki1", Cause::StorageUnreachable, "503 Service Unavailable"),
        ("timer-locked", "1", "notes1", Cause::LockedLive, "already locked exclusively by PID 1"),
        ("timer-wrong-password", "1", "notes1", Cause::WrongPassword, "wrong password or no key found"),
        ("timer-wrong-password", "1", "wiki1", Cause::WrongPassword, "wrong password or no key found"),
    ];
    for (name, plan, module, cause, first) in expected {
        let diagnosis = Night::recorded(name, plan).diagnosis(module).unwrap();
        assert_eq!(diagnosis.cause, cause, "{name} {module}: {diagnosis:#?}");
        assert!(diagnosis.evidence[0].contains(first), "{name} {module}: {diagnosis:#?}");
        assert!(!diagnosis.evidence.join("\n").contains("cluster backup"), "{diagnosis:#?}");
    }
    assert_eq!(Night::recorded("timer-success", "1").diagnosis("notes1"), None);
    // The dump's own words are quoted with it.
    let dump = Night::recorded("timer-dump-failed", "1").diagnosis("notes1").unwrap();
    assert!(dump.evidence.contains(&"database dump failed: connection refused".to_owned()), "{dump:#?}");
}

#[test]
fn the_recorded_lock_is_told_with_host_and_age() {
    let night = Night::recorded("timer-locked", "1");
    let lock = night.diagnosis("notes1").unwrap().lock.unwrap();
    assert_eq!((lock.host.as_deref(), lock.pid), (Some("node1.example.org"), Some(1)));
    let said = night.record.iter().find(|entry| entry.line.contains("lock was created at")).unwrap();
    assert_eq!(said.at.duration_since(lock.created_at.unwrap()).as_secs(), 10);
}
