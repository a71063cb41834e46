// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The journals of real runs (`tests/fixtures/loki`), moved in time: what is found of each application, and what would be quoted.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};

use super::{
    entries::Entry,
    findings::{ApplicationLog, LogLine, LogTrouble, Starter},
    keep::{MAX_LINES, telling},
    report::Assembly,
    report::{NodeEntries, Reading},
};
use crate::{
    correlator::correlation::{Application, Correlation, Outcome, Plan, State},
    ids::{ModuleId, NodeId, PlanId},
    run::Run,
};

/// One recorded entry.
#[derive(Clone)]
pub(crate) struct Recorded {
    pub at: Timestamp,
    pub module: Option<String>,
    pub line: String,
}

pub(crate) fn record(name: &str) -> Vec<Recorded> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/loki").join(name).with_extension("jsonl");
    let text = std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    let entry = |line: &str| {
        let entry: Value = serde_json::from_str(line).unwrap();
        let nanoseconds: i128 = entry["ts"].as_str().unwrap().parse().unwrap();
        Recorded {
            at: Timestamp::from_nanosecond(nanoseconds).unwrap(),
            module: entry["stream"]["module_id"].as_str().map(str::to_owned),
            line: entry["line"].as_str().unwrap().to_owned(),
        }
    };
    text.lines().map(entry).collect()
}

/// An entry that is not in the recording.
fn written(at: Timestamp, unit: &str, identifier: &str, message: &str) -> Recorded {
    let about = if identifier == "systemd" { "backup1.service" } else { "" };
    let fields =
        json!({"MESSAGE": message, "SYSLOG_IDENTIFIER": identifier, "_SYSTEMD_UNIT": unit, "UNIT": about});
    Recorded { at, module: None, line: fields.to_string() }
}

fn moved(record: &[Recorded], by: SignedDuration) -> Vec<Recorded> {
    record.iter().map(|entry| Recorded { at: entry.at + by, ..entry.clone() }).collect()
}

fn entries(record: &[Recorded]) -> Vec<NodeEntries> {
    let parse =
        |entry: &Recorded| Some(Entry::parse(entry.at, &entry.line)?.with_module(entry.module.as_deref()));
    vec![NodeEntries::new(NodeId::new("1").unwrap(), record.iter().filter_map(parse).collect())]
}

fn assemble(correlation: &Correlation, nodes: &[NodeEntries], trouble: Option<LogTrouble>) -> Reading {
    let mut assembly = Assembly::new(correlation);
    nodes.iter().for_each(|node| assembly.take(node));
    assembly.finish(trouble)
}

/// When a line was written that contains `text`.
fn when(record: &[Recorded], text: &str) -> Option<Timestamp> {
    record.iter().find(|entry| entry.line.contains(text)).map(|entry| entry.at)
}

/// What the statuses say of a recorded run: whoever has "completed" is well, and whoever has no end is missing.
pub(crate) fn correlation(record: &[Recorded], id: &str) -> Correlation {
    let second = |at: Timestamp| Timestamp::from_second(at.as_second()).unwrap();
    let application = |module: &str| {
        let start = when(record, &format!("{module}: starting backup {id}"));
        let failed = when(record, &format!("{module}: backup {id} failed"));
        let completed = when(record, &format!("{module}: backup {id} completed"));
        let state = match (failed, completed) {
            (Some(_), _) => State::Failed,
            (_, Some(_)) => State::Ok,
            _ => State::Missing,
        };
        let run = |end| Run {
            start: start.map(second),
            end: second(end),
            errors: u64::from(state == State::Failed),
            size: None,
            files: None,
            error: None,
        };
        Application {
            module: ModuleId::new(module).unwrap(),
            label: None,
            node: NodeId::new("1").unwrap(),
            node_label: None,
            state,
            last_run: failed.or(completed).map(run),
            missing_reason: None,
            repository_path: None,
            is_own_word: false,
            diagnosis: None,
        }
    };
    let applications = vec![application("notes1"), application("wiki1")];
    let outcome = Outcome::of_applications(applications.iter().map(|application| application.state));
    let plan = Plan {
        id: PlanId::new(id).unwrap(),
        name: None,
        destination: None,
        schedule: None,
        due: record.first().map(|entry| second(entry.at)),
        next: None,
        outcome,
        applications,
        issues: Vec::new(),
    };
    let at = record.last().unwrap().at + SignedDuration::from_secs(30);
    Correlation { at, cluster: None, outcome, read_error: None, internal_error: None, plans: vec![plan] }
}

fn read(record: &[Recorded], plan: &str) -> Reading {
    read_for(&correlation(record, plan), record)
}

/// What is found in the record of what `correlation` tells of.
pub(crate) fn read_for(correlation: &Correlation, record: &[Recorded]) -> Reading {
    assemble(correlation, &entries(record), None)
}

fn log_of<'a>(reading: &'a Reading, module: &str) -> &'a ApplicationLog {
    reading.report.applications.iter().find(|log| log.module.as_str() == module).unwrap()
}

fn lines(log: &ApplicationLog) -> Vec<&str> {
    log.lines.iter().map(|line| line.text.as_str()).collect()
}

fn told(log: &ApplicationLog) -> Vec<&str> {
    telling(log).into_iter().map(|line| line.text.as_str()).collect()
}

/// Lines of one that must not come with those of the other.
const OF_WIKI: [&str; 3] = ["wiki1", "/wiki/", "snapshot ffd5153a saved"];

#[test]
fn each_recorded_failure_is_told_by_the_line_that_tells_it() {
    let expected = [
        ("timer-dump-failed", "1", "notes1", Starter::Timer, "database dump failed: connection refused"),
        ("manual-dump-failed", "1", "notes1", Starter::Person, "database dump failed: connection refused"),
        ("timer-destination-dead", "2", "notes1", Starter::Timer, "unexpected HTTP response (503)"),
        ("timer-destination-dead", "2", "wiki1", Starter::Timer, "unexpected HTTP response (503)"),
        ("timer-locked", "1", "notes1", Starter::Timer, "repository is already locked exclusively by PID 1"),
        ("timer-wrong-password", "1", "notes1", Starter::Timer, "Fatal: wrong password or no key found"),
        ("timer-wrong-password", "1", "wiki1", Starter::Timer, "Fatal: wrong password or no key found"),
    ];
    for days in [0, 200, -700] {
        for (name, plan, module, starter, line) in expected {
            let record = moved(&record(name), SignedDuration::from_hours(24 * days));
            let reading = read(&record, plan);
            let log = log_of(&reading, module);
            assert_eq!(log.started_by, Some(starter), "{name}");
            let told = told(log);
            assert!(
                told.len() <= 8 && told[..2].iter().any(|told| told.contains(line)),
                "{name} {module}: {told:#?}"
            );
            assert!(!reading.may_be_early, "{name}");
        }
    }
}

#[test]
fn an_application_has_its_own_lines_and_nothing_else() {
    let reading = read(&record("timer-dump-failed"), "1");
    assert_eq!(
        lines(log_of(&reading, "notes1")),
        [
            "notes1: starting backup 1 at Wed Nov 25 01:33:58 2026",
            "database dump failed: connection refused",
            "[ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 1.",
            "[ERROR] module-backup aborted.",
            "notes1: backup 1 failed (exit code 1)",
        ]
    );
    // wiki1 was well: nobody asks what it said.
    assert_eq!(reading.report.applications.len(), 1);
    for name in ["timer-dump-failed", "manual-dump-failed", "timer-locked", "timer-wrong-password"] {
        let reading = read(&record(name), "1");
        for line in lines(log_of(&reading, "notes1")) {
            assert!(!OF_WIKI.iter().any(|of_wiki| line.contains(of_wiki)), "{name}: {line}");
            assert!(
                !line.contains("container ") && !line.contains("level=") && !line.contains("cluster backup"),
                "{line}"
            );
        }
    }
}

#[test]
fn a_run_by_hand_is_told_as_one_by_the_timer() {
    let texts = |name| {
        let reading = read(&record(name), "1");
        let log = log_of(&reading, "notes1");
        told(log).into_iter().map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(texts("manual-dump-failed"), texts("timer-dump-failed"));
}

#[test]
fn all_lines_of_a_lock_are_kept() {
    let reading = read(&record("timer-locked"), "1");
    let lines = lines(log_of(&reading, "notes1"));
    for part in [
        "repository is already locked exclusively by PID 1 on node1.example.org by root (UID 0, GID 0)",
        "lock was created at 2026-11-25 01:37:45 (10.998996273s ago)",
        "storage ID ca559a34",
        "the `unlock` command can be used to remove stale locks",
        "config file already exists",
        r#"{"message_type":"exit_error","code":11,"#,
        "notes1: backup 1 failed (exit code 1)",
    ] {
        assert!(lines.iter().any(|line| line.contains(part)), "{part}: {lines:#?}");
    }
}

#[test]
fn restic_s_retries_are_kept_from_the_first_to_the_last() {
    let reading = read(&record("timer-destination-dead"), "2");
    for ApplicationLog { lines, .. } in &reading.report.applications {
        let is_retry = |line: &&LogLine| line.text.contains("retrying after") && line.text.contains("(503)");
        let count = lines.iter().filter(is_retry).count();
        assert!((1..=2).contains(&count), "{lines:#?}");
    }
    let notes = lines(log_of(&reading, "notes1")).join("\n");
    assert!(notes.contains("(500)") && notes.contains("(503)"), "{notes}");
    assert!(notes.contains("signal interrupt received, cleaning up"), "{notes}");
}

#[test]
fn the_cluster_s_own_backup_is_kept_apart() {
    for name in ["timer-dump-failed", "manual-dump-failed"] {
        let reading = read(&record(name), "1");
        let [backup] = &reading.report.cluster_backup[..] else { panic!("{name}: {reading:?}") };
        assert_eq!(backup.lines.len(), 1);
        assert!(
            backup.lines[0].text.starts_with("[ERROR] upload of cluster backup GPG file failed"),
            "{name}"
        );
    }
}

#[test]
fn of_a_night_that_went_well_nothing_is_told() {
    let record = record("timer-success");
    let reading = read(&record, "1");
    assert_eq!(reading.report.applications, []);
}

#[test]
fn what_is_not_in_the_log_yet_may_come() {
    let all = record("timer-dump-failed");
    let correlation = correlation(&all, "1");
    let end = when(&all, "notes1: backup 1 failed").unwrap();
    let shipped: Vec<Recorded> = all.iter().filter(|entry| entry.at < end).cloned().collect();
    let read = |correlation: &Correlation, shipped: &[Recorded], trouble| {
        assemble(correlation, &entries(shipped), trouble)
    };
    assert!(read(&correlation, &[], None).may_be_early);
    assert!(read(&correlation, &shipped, None).may_be_early);
    assert!(!read(&correlation, &all, None).may_be_early);
    // Nothing more comes where nobody can be asked, or long after.
    assert!(!read(&correlation, &[], Some(LogTrouble::NotConfigured)).may_be_early);
    let late = Correlation { at: correlation.at + SignedDuration::from_hours(1), ..correlation };
    assert!(!read(&late, &[], None).may_be_early);
}

#[test]
fn the_run_that_the_status_tells_of_counts() {
    let failed = record("timer-wrong-password");
    // The run before had another cause.
    let before = moved(&record("timer-locked"), SignedDuration::from_mins(-10));
    let both = [before, failed.clone()].concat();
    let reading = assemble(&correlation(&failed, "1"), &entries(&both), None);
    let lines = lines(log_of(&reading, "notes1"));
    assert!(lines.iter().any(|line| line.contains("wrong password")), "{lines:#?}");
    assert!(!lines.iter().any(|line| line.contains("locked")), "{lines:#?}");
}

#[test]
fn an_application_that_was_busy_has_two_turns() {
    let mut record = record("timer-dump-failed");
    let at = record[0].at - SignedDuration::from_secs(70);
    record.insert(
        0,
        written(at, "backup1.service", "runagent", "notes1: starting backup 1 at Wed Nov 25 01:32:40 2026"),
    );
    record.insert(1, written(at, "backup1.service", "runagent", "Another module-backup is already running"));
    record.insert(2, written(at, "backup1.service", "runagent", "notes1: already running, queued for retry"));
    record
        .insert(3, written(at, "backup1.service", "runagent", "Waiting 60s before retrying 1 module(s)..."));
    let reading = read(&record, "1");
    let lines = lines(log_of(&reading, "notes1"));
    assert!(lines.contains(&"notes1: already running, queued for retry"), "{lines:#?}");
    assert!(lines.contains(&"database dump failed: connection refused"), "{lines:#?}");
}

#[test]
fn a_killed_run_is_told_of_who_ran_and_who_was_not_reached() {
    let killed = "backup1.service: Main process exited, code=killed, status=15/TERM";
    let record = record("timer-dump-failed");
    let at = when(&record, "database dump failed").unwrap();
    let mut record: Vec<Recorded> = record.into_iter().filter(|entry| entry.at <= at).collect();
    record.push(written(at, "init.scope", "systemd", killed));
    record.push(written(at, "init.scope", "systemd", "backup1.service: Failed with result 'signal'."));
    let reading = read(&record, "1");
    assert!(lines(log_of(&reading, "notes1")).contains(&killed));
    assert_eq!(lines(log_of(&reading, "wiki1"))[0], killed);
    let (plan, node) = (PlanId::new("1").unwrap(), NodeId::new("1").unwrap());
    let unit = reading.report.of_unit(&plan, &node).unwrap();
    assert_eq!(unit.lines[0].text, killed);
    // Of a run that ended by itself, systemd says nothing that counts.
    assert_eq!(read(&super::recorded_tests::record("timer-dump-failed"), "1").report.units, []);
}

#[test]
fn the_kernel_s_word_is_told_of_whose_turn_it_was() {
    let oom = "Out of memory: Killed process 4242 (restic) total-vm:1048576kB, anon-rss:900000kB";
    let mut record = record("timer-dump-failed");
    let at = when(&record, "database dump failed").unwrap();
    record.push(written(at, "", "kernel", oom));
    record.push(written(
        at - SignedDuration::from_hours(1),
        "",
        "kernel",
        "Out of memory: Killed process 1 (other)",
    ));
    let reading = read(&record, "1");
    let lines = lines(log_of(&reading, "notes1"));
    assert!(lines.contains(&oom) && !lines.iter().any(|line| line.contains("(other)")), "{lines:#?}");
}

#[test]
fn a_failed_retention_is_told_with_the_saved_snapshot() {
    let mut record = record("timer-dump-failed");
    record.retain(|entry| !entry.line.contains("wiki1: backup 1 completed"));
    let at = when(&record, "Applying Policy").unwrap();
    for message in [
        "unable to create lock in backend: repository is already locked by PID 1 on node1 by root (UID 0, GID 0)",
        "[ERROR] retention policy failed for x/wiki/y: Command '['podman', 'run']' returned non-zero exit status 11.",
        "wiki1: backup 1 failed (exit code 1)",
    ] {
        record.push(written(at, "backup1.service", "runagent", message));
    }
    record.sort_by_key(|entry| entry.at);
    let reading = read(&record, "1");
    let wiki = log_of(&reading, "wiki1");
    assert!(lines(wiki).contains(&"snapshot ffd5153a saved"));
    assert!(
        told(wiki)[0].contains("already locked") && told(wiki)[1].contains("retention policy failed"),
        "{:?}",
        told(wiki)
    );
}

#[test]
fn a_rootful_module_s_lines_are_those_of_the_unit() {
    let mut record = record("timer-dump-failed");
    for entry in &mut record {
        if entry.module.as_deref() == Some("notes1") && entry.line.contains("runagent") {
            entry.module = None;
            entry.line = entry.line.replace("session-c30.scope", "backup1.service");
        }
    }
    let reading = read(&record, "1");
    assert_eq!(told(log_of(&reading, "notes1"))[0], "database dump failed: connection refused");
}

#[test]
fn a_thousand_failed_applications_stay_small() {
    let storm = |module: &str, at: Timestamp| {
        let line = |number: u32| {
            let text = format!("error: open /srv/volumes/{}/{number}: permission denied", "x".repeat(900));
            let mut entry = written(at, "session-c1.scope", "runagent", &text);
            entry.module = Some(module.to_owned());
            entry
        };
        (0..20).map(line).collect::<Vec<_>>()
    };
    let start = Timestamp::from_second(1_795_570_000).unwrap();
    let (mut record, mut applications) = (Vec::new(), Vec::new());
    let template = correlation(&super::recorded_tests::record("timer-dump-failed"), "1");
    for number in 0..1000_i64 {
        let (module, at) = (format!("app{number}"), start + SignedDuration::from_secs(10 * number));
        let end = at + SignedDuration::from_secs(9);
        record.push(written(at, "backup1.service", "runagent", &format!("{module}: starting backup 1 at x")));
        record.extend(storm(&module, at + SignedDuration::from_secs(1)));
        record.push(written(
            end,
            "backup1.service",
            "runagent",
            &format!("{module}: backup 1 failed (exit code 1)"),
        ));
        let mut application = template.plans[0].applications[0].clone();
        application.module = ModuleId::new(&module).unwrap();
        let run = application.last_run.as_mut().unwrap();
        (run.start, run.end) = (Some(at), end);
        applications.push(application);
    }
    let mut correlation = template;
    correlation.plans[0].applications = applications;
    let began = std::time::Instant::now();
    let reading = assemble(&correlation, &entries(&record), None);
    assert_eq!(reading.report.applications.len(), 1000);
    let size = serde_json::to_vec(&reading.report).unwrap().len();
    assert!(size < 2 * 1024 * 1024, "{size} bytes");
    assert!(
        reading.report.applications.iter().all(|log| !log.lines.is_empty() && log.lines.len() <= MAX_LINES)
    );
    assert!(told(log_of(&reading, "app999"))[0].contains("permission denied"));
    // Far from a square of the number of applications.
    assert!(began.elapsed().as_secs() < 20, "{:?}", began.elapsed());
}
