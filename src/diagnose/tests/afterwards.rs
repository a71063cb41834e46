// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Causes that only what was asked afterwards makes, or changes: the repository through the cluster's API, the destination at the gateway.

use super::{Cause, DESTINATION, Night, assert_cause, destination};
use crate::{
    ids::{DestinationId, ModuleId},
    repo_check::{
        findings::{DestinationReport, Detail, Health, RepoReport, RepositoryReport, Snapshot, Snapshots},
        restic::read_error,
    },
};

/// Of notes1 nothing is known but that it failed.
const VERDICT: &str = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
    core: notes1: backup 1 failed (exit code 1)";

const UNREACHABLE: &str = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
    notes: Fatal: unable to open config file: unexpected HTTP response (500): 500 Internal Server Error
    notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
    core: notes1: backup 1 failed (exit code 1)";

fn notes(health: Health, detail: Option<Detail>, snapshots: Option<Snapshots>) -> RepositoryReport {
    let (destination, module) = (DestinationId::new(DESTINATION).unwrap(), ModuleId::new("notes1").unwrap());
    RepositoryReport { destination: Some(destination), module, health, detail, snapshots }
}

/// The night once restic was asked, and said this.
fn answered(script: &str, output: &str) -> Night {
    let (health, message) = read_error(output);
    let repository = notes(health, Some(Detail::Restic { message }), None);
    let repos = RepoReport { destinations: Vec::new(), repositories: vec![repository] };
    Night { repos: Some(repos), ..Night::told(script) }
}

fn locked(age: &str) -> String {
    format!(
        r#"{{"message_type":"exit_error","code":11,"message":"unable to create lock in backend: repository is already locked exclusively by PID 1 on node1 by root (UID 0, GID 0)\nlock was created at 2026-11-25 01:37:45 ({age} ago)\nstorage ID ca559a34"}}"#
    )
}

#[test]
fn where_the_log_says_nothing_restic_s_answer_does() {
    let question = "Is there a repository at the following location?\\nrest:http://127.0.0.1:4694/x/";
    let fatal = |code: u32, words: &str| {
        format!(r#"{{"message_type":"exit_error","code":{code},"message":"Fatal: {words}\n{question}"}}"#)
    };
    let expected = [
        (
            fatal(10, "repository does not exist: unable to open config file: <config/> does not exist"),
            Cause::RepositoryMissing,
            "repository does not exist",
        ),
        (
            fatal(1, "unable to open config file: unexpected HTTP response (401): 401 Unauthorized"),
            Cause::AccessDenied,
            "401",
        ),
        (
            fatal(1, "unable to open config file: unexpected HTTP response (429): 429 Too Many Requests"),
            Cause::StorageUnreachable,
            "429",
        ),
        (
            fatal(1, "unable to open config file: unexpected HTTP response (507): 507 Insufficient Storage"),
            Cause::StorageFull,
            "507",
        ),
        (
            r#"{"message_type":"exit_error","code":12,"message":"Fatal: wrong password or no key found"}"#
                .into(),
            Cause::WrongPassword,
            "wrong password",
        ),
        (
            "Fatal: config or key 98d1f870 is damaged: ciphertext verification failed".into(),
            Cause::RepositoryDamaged,
            "ciphertext verification failed",
        ),
        (locked("29m10s"), Cause::LockedLive, "already locked"),
        (locked("31m10s"), Cause::LockedStale, "already locked"),
    ];
    for (output, cause, first) in expected {
        let diagnosis = assert_cause(&answered(VERDICT, &output), cause, first);
        assert!(!diagnosis.evidence.join("\n").contains("Is there a repository"), "{diagnosis:?}");
    }
}

#[test]
fn a_storage_that_is_full_or_denies_is_named_where_the_log_has_only_a_500() {
    assert_cause(&Night::told(UNREACHABLE), Cause::StorageUnreachable, "500");
    let full = "Fatal: unable to open config file: unexpected HTTP response (507): 507 Insufficient Storage";
    assert_cause(&answered(UNREACHABLE, full), Cause::StorageFull, "507");
    let denied = "Fatal: unable to open config file: unexpected HTTP response (403): 403 Forbidden";
    assert_cause(&answered(UNREACHABLE, denied), Cause::AccessDenied, "403");
    // Another state of later is no reason of then.
    assert_cause(&answered(UNREACHABLE, &locked("3h10m0s")), Cause::StorageUnreachable, "500");
}

#[test]
fn a_destination_that_does_not_answer_is_the_cause_where_nothing_else_is_known() {
    for (status, cause) in [(503, Cause::StorageUnreachable), (507, Cause::StorageFull)] {
        let detail = Some(Detail::GatewayStatus { status });
        let report = DestinationReport { destination: destination(), health: Health::Unreachable, detail };
        let silent = notes(Health::Unknown, Some(Detail::DestinationSilent), None);
        let repos = RepoReport { destinations: vec![report], repositories: vec![silent] };
        let night = Night { repos: Some(repos), ..Night::told(VERDICT) };
        // The status is our word, and no evidence.
        assert_eq!(assert_cause(&night, cause, "").evidence, Vec::<String>::new());
    }
}

#[test]
fn the_lock_that_the_run_met_is_stale_once_it_is_still_there_after_half_an_hour() {
    let met = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: unable to create lock in backend: repository is already locked exclusively by PID 1 on node1 by root (UID 0, GID 0)
        notes: lock was created at 2026-11-25 01:37:45 (29m30s ago)
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)";
    assert_cause(&Night::told(met), Cause::LockedLive, "already locked");
    // The report is made 33 seconds after restic said so.
    assert_cause(&answered(met, &locked("30m2s")), Cause::LockedStale, "already locked");
    // A live restic puts a new one in its place.
    assert_cause(&answered(met, &locked("4m0s")), Cause::LockedLive, "already locked");
}

#[test]
fn a_snapshot_of_the_run_proves_that_its_data_are_saved() {
    let script = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        core: [ERROR] retention policy failed for REPO: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)";
    let mut night = Night::told(script);
    let began = night.application("notes1").last_run.as_ref().unwrap().start.unwrap();
    let with_last = |seconds: i64| {
        let time = began + jiff::SignedDuration::from_secs(seconds);
        let snapshots = Snapshots { count: 3, last: Some(Snapshot { time, size: None }) };
        let repositories = vec![notes(Health::Ok, None, Some(snapshots))];
        Some(RepoReport { destinations: Vec::new(), repositories })
    };
    night.repos = with_last(1);
    assert_cause(&night, Cause::RetentionFailed, "retention policy failed");
    night.repos = with_last(-60);
    assert_cause(&night, Cause::Unknown, "retention policy failed");

    // Loki is away, and the status has one error and no figures.
    let mut night = Night::told(VERDICT).with_errors("notes1", 1);
    night.record.clear();
    night.repos = with_last(1);
    assert_cause(&night, Cause::StatisticsFailed, "");
    night.repos = with_last(-60);
    assert_cause(&night, Cause::Unknown, "");
}

#[test]
fn a_plan_without_a_destination_blames_no_storage() {
    let mut night = Night::told(
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Assertion failed
        core: notes1: backup 1 failed (exit code 2)",
    );
    night.correlation.plans[0].destination = None;
    let diagnosis = assert_cause(&night, Cause::NoDestination, "");
    assert!(!diagnosis.cause.blames_storage());
}
