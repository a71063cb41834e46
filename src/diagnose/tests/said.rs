// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Causes that the run's own lines make.

use super::{Cause, Night, assert_cause};

/// Retries that ended badly, a denied and a full storage, a stale lock, damaged data.
const AT_THE_STORAGE: [(Cause, &str, &str); 8] = [
    (
        Cause::StorageUnreachable,
        "connect: connection refused",
        r#"core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Stat(<config/>) returned error, retrying after 896.709181ms: Head "http://127.0.0.1:4694/x/config": dial tcp 127.0.0.1:4694: connect: connection refused
        notes: Fatal: unable to open config file: Head "http://127.0.0.1:4694/x/config": dial tcp 127.0.0.1:4694: connect: connection refused
        notes: Is there a repository at the following location?
        notes: rest:http://127.0.0.1:4694/REPO/
        notes: Initializing repository at path REPO
        notes: Fatal: create repository at rest:http://127.0.0.1:4694/REPO/ failed: Fatal: unable to open repository at rest:http://127.0.0.1:4694/REPO/: dial tcp 127.0.0.1:4694: connect: connection refused
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)"#,
    ),
    (
        Cause::StorageUnreachable,
        "(500): 500 Internal Server Error",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        notes: Save(<data/1dfeacf5bf>) returned error, retrying after 1.2s: unexpected HTTP response (500): 500 Internal Server Error
        notes: Fatal: unable to save snapshot: unexpected HTTP response (500): 500 Internal Server Error
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::AccessDenied,
        "403 Forbidden",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Stat(<config/>) failed: unexpected HTTP response (403): 403 Forbidden
        notes: Fatal: unable to open config file: unexpected HTTP response (403): 403 Forbidden
        notes: Is there a repository at the following location?
        notes: rest:http://127.0.0.1:4694/REPO/
        notes: Initializing repository at path REPO
        notes: Fatal: create repository at rest:http://127.0.0.1:4694/REPO/ failed: Fatal: unable to open repository at rest:http://127.0.0.1:4694/REPO/: unexpected HTTP response (403): 403 Forbidden
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::StorageFull,
        "507 Insufficient Storage",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        notes: Save(<data/1dfeacf5bf>) returned error, retrying after 1.2s: unexpected HTTP response (507): 507 Insufficient Storage
        notes: Fatal: unable to save snapshot: unexpected HTTP response (507): 507 Insufficient Storage
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::LockedStale,
        "already locked exclusively by PID 1 on node1",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: unable to create lock in backend: repository is already locked exclusively by PID 1 on node1 by root (UID 0, GID 0)
        notes: lock was created at 2026-11-25 10:35:30 (3h10m0.535018661s ago)
        notes: storage ID 8292ae4d
        notes: the `unlock` command can be used to remove stale locks
        notes: Initializing repository at path REPO
        notes: Fatal: create repository at rest:http://127.0.0.1:4694/REPO/ failed: Fatal: unable to open repository at rest:http://127.0.0.1:4694/REPO/: config file already exists
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::RepositoryMissing,
        "The specified bucket does not exist",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Fatal: unable to open config file: The specified bucket does not exist
        notes: Is there a repository at the following location?
        notes: rest:http://127.0.0.1:4694/REPO/
        notes: Initializing repository at path REPO
        notes: Fatal: create repository at rest:http://127.0.0.1:4694/REPO/ failed: Fatal: unable to open repository at rest:http://127.0.0.1:4694/REPO/: The specified bucket does not exist
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::RepositoryDamaged,
        "LoadRaw(<index/1e2696f7c5>): invalid data returned",
        r#"core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        notes: using parent snapshot 9f3707e6
        notes: LoadRaw(<index/1e2696f7c5>): invalid data returned
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 1.
        core: {"message_type":"exit_error","code":1,"message":"LoadRaw(\u003cindex/1e2696f7c5\u003e): invalid data returned"}
        core: [ERROR] restic stats failed for REPO: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)"#,
    ),
    // A file that restic can't compare with the last snapshot, as its part of the repository is gone: exit code 3, as for a file that can't be
    // read.
    (
        Cause::RepositoryDamaged,
        "the repository could be damaged",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        notes: using parent snapshot 0fcf08f8
        notes: Load(<data/be1b32df05>, 249, 250) failed: <data/be1b32df05> does not exist
        notes: error: tree a38010e1346fa445236576c76a77cf861e26415689849ae211085215e8d8e3ce could not be loaded; the repository could be damaged: ReadFull(<data/be1b32df05>): <data/be1b32df05> does not exist
        notes: snapshot dc5856af saved
        notes: Warning: at least one source file could not be read
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 3.
        core: notes1: backup 1 failed (exit code 1)",
    ),
];

/// What fails on the node: files, disk, memory, a signal.
const ON_THE_NODE: [(Cause, &str, &str); 11] = [
    (
        Cause::DumpFailed,
        "module-dump-state failed",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: pg_dump: error: connection to server on socket failed: FATAL: password authentication failed for user notes
        notes: [ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 1.
        notes: [ERROR] module-backup aborted.
        core: Fatal: repository does not exist: unable to open config file: <config/> does not exist
        core: [ERROR] restic stats failed for REPO: PODMAN returned non-zero exit status 10.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::FilesUnreadable,
        "error: failed to save /srv/volumes/data/x: read /srv/volumes/data/x: input/output error",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        notes: error: failed to save /srv/volumes/data/x: read /srv/volumes/data/x: input/output error
        notes: snapshot 9ce682e1 saved
        notes: Warning: at least one source file could not be read
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 3.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::DiskFull,
        "No space left on device",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: pg_dump: error: could not write to output file: No space left on device
        notes: [ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 1.
        notes: [ERROR] module-backup aborted.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::DiskFull,
        "restic-temp-pack-217821977: no space left on device",
        r#"core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        notes: Fatal: unable to save snapshot: failed to save blob from file "/srv/volumes/data/x": Write: write /tmp/restic-temp-pack-217821977: no space left on device
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)"#,
    ),
    (
        Cause::Killed,
        "restic backup failed",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        kernel: Out of memory: Killed process 4242 (restic) total-vm:1048576kB, anon-rss:900000kB
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 137.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::Killed,
        "module-dump-state failed",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: [ERROR] module-dump-state failed. Command '['module-dump-state', '1']' died with <Signals.SIGKILL: 9>.
        notes: [ERROR] module-backup aborted.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::Killed,
        "status=9/KILL",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        systemd: backup1.service: Main process exited, code=killed, status=9/KILL
        systemd: backup1.service: Failed with result 'signal'.",
    ),
    // NethServer/dev#8077
    (
        Cause::Interrupted,
        "status=15/TERM",
        "core: notes1: starting backup 1 at Wed Nov 25 03:12:04 2026
        notes: Repository is present at path REPO
        systemd: backup1.service: Main process exited, code=killed, status=15/TERM
        systemd: backup1.service: Failed with result 'signal'.",
    ),
    (
        Cause::Interrupted,
        "signal terminated received, cleaning up",
        "core: notes1: starting backup 1 at Wed Nov 25 03:12:04 2026
        notes: Repository is present at path REPO
        notes: signal terminated received, cleaning up
        notes: Fatal: unable to save snapshot: context canceled
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::Interrupted,
        "failed (exit code -15)",
        "core: notes1: starting backup 1 at Wed Nov 25 03:12:04 2026
        notes: Repository is present at path REPO
        core: notes1: backup 1 failed (exit code -15)",
    ),
    (
        Cause::AlreadyRunning,
        "notes1: gave up retrying after 3600s",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Another module-backup is already running
        core: notes1: already running, queued for retry
        core: Waiting 60s before retrying 1 module(s)...
        core: notes1: starting backup 1 at Wed Nov 25 02:33:58 2026
        notes: Another module-backup is already running
        core: notes1: still running, will retry
        core: notes1: gave up retrying after 3600s
        core: Backup 1 finished with failures: notes1",
    ),
];

/// What fails once the data are saved.
const AFTER_THE_DATA: [(Cause, &str, &str); 2] = [
    (
        Cause::RetentionFailed,
        "retention policy failed",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        notes: snapshot 9f3707e6 saved
        core: repo already locked, waiting up to 0s for the lock
        core: unable to create lock in backend: repository is already locked by PID 1 on node1 by root (UID 0, GID 0)
        core: lock was created at 2026-11-25 10:35:28 (3h10m1.237547036s ago)
        core: storage ID cf889b0b
        core: the `unlock` command can be used to remove stale locks
        core: [ERROR] retention policy failed for REPO: PODMAN returned non-zero exit status 11.
        core: notes1: backup 1 failed (exit code 1)",
    ),
    (
        Cause::CleanupFailed,
        "module-cleanup-state failed",
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Repository is present at path REPO
        notes: snapshot 9f3707e6 saved
        notes: rm: cannot remove 'dump.sql': Operation not permitted
        notes: [ERROR] module-cleanup-state failed. Command '['module-cleanup-state', '1']' returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    ),
];

const STATISTICS: &str = r#"core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
    notes: Repository is present at path REPO
    notes: snapshot 9f3707e6 saved
    core: {"message_type":"exit_error","code":1,"message":"Fatal: unable to open config file: unexpected HTTP response (500): 500 Internal Server Error\nIs there a repository at the following location?\nrest:http://127.0.0.1:4694/REPO/"}
    core: [ERROR] restic stats failed for REPO: PODMAN returned non-zero exit status 1.
    core: notes1: backup 1 completed"#;

#[test]
fn what_the_storage_says_is_the_cause() {
    for (cause, first, script) in AT_THE_STORAGE {
        let diagnosis = assert_cause(&Night::told(script), cause, first);
        assert!(!diagnosis.cause.saved_data(), "{diagnosis:?}");
    }
}

#[test]
fn what_fails_on_the_node_is_not_the_storage_s_fault() {
    for (cause, first, script) in ON_THE_NODE {
        let diagnosis = assert_cause(&Night::told(script), cause, first);
        assert!(!cause.blames_storage() && !cause.saved_data() && diagnosis.lock.is_none(), "{diagnosis:?}");
    }
}

#[test]
fn what_fails_after_the_data_were_saved_is_told_as_that() {
    for (cause, first, script) in AFTER_THE_DATA {
        assert_cause(&Night::told(script), cause, first);
        assert!(cause.saved_data());
        // The same without the snapshot: then nothing says that the data are there.
        let unsaved: Vec<&str> = script.lines().filter(|line| !line.contains(" saved")).collect();
        let diagnosis = Night::told(&unsaved.join("\n")).diagnosis("notes1").unwrap();
        assert!(!diagnosis.cause.saved_data(), "{diagnosis:?}");
    }
}

#[test]
fn a_lock_that_stops_the_retention_is_told_with_it() {
    let diagnosis = Night::told(AFTER_THE_DATA[0].2).diagnosis("notes1").unwrap();
    let lock = diagnosis.lock.unwrap();
    assert_eq!((lock.host.as_deref(), lock.pid), (Some("node1"), Some(1)));
}

/// `run-backup` counts an error, and says "completed" all the same.
#[test]
fn figures_that_could_not_be_read_fail_no_data() {
    let night = Night::told(STATISTICS).with_errors("notes1", 1);
    assert_cause(&night, Cause::StatisticsFailed, "restic stats failed");
}

#[test]
fn what_was_not_reached_was_ended_by_what_ended_the_run() {
    let night = Night::told(
        "core: notes1: starting backup 1 at Wed Nov 25 03:12:04 2026
        systemd: backup1.service: Main process exited, code=killed, status=15/TERM
        systemd: backup1.service: Failed with result 'signal'.",
    );
    for module in ["notes1", "wiki1"] {
        let diagnosis = night.diagnosis(module).unwrap();
        assert_eq!(diagnosis.cause, Cause::Interrupted, "{module}: {diagnosis:?}");
    }
}

#[test]
fn an_application_that_was_busy_first_failed_for_what_it_failed_for_then() {
    let night = Night::told(
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Another module-backup is already running
        core: notes1: already running, queued for retry
        core: Waiting 60s before retrying 1 module(s)...
        core: notes1: starting backup 1 at Wed Nov 25 01:34:58 2026
        notes: database is in recovery
        notes: [ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 1.
        notes: [ERROR] module-backup aborted.
        core: notes1: backup 1 failed on retry (exit code 1)
        core: Backup 1 finished with failures: notes1",
    );
    assert_cause(&night, Cause::DumpFailed, "module-dump-state failed");
}

/// Of a storm of errors, the lines that name the step and the snapshot are kept.
#[test]
fn a_storm_of_errors_does_not_hide_the_step_that_failed() {
    let storm = |line: &str| -> String {
        (0..300).map(|number| line.replace("NUMBER", &number.to_string()) + "\n").collect()
    };
    let unreadable = format!(
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        {}notes: snapshot 9ce682e1 saved
        notes: Warning: at least one source file could not be read
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 3.
        core: notes1: backup 1 failed (exit code 1)",
        storm(
            "notes: error: failed to save /srv/volumes/data/NUMBER: open /srv/volumes/data/NUMBER: permission denied"
        )
    );
    assert_cause(&Night::told(&unreadable), Cause::FilesUnreadable, "permission denied");
    let retention = format!(
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: snapshot 9f3707e6 saved
        {}core: [ERROR] retention policy failed for REPO: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
        storm("core: Load(<data/NUMBER>, 249, 250) failed: <data/NUMBER> does not exist")
    );
    assert_cause(&Night::told(&retention), Cause::RetentionFailed, "retention policy failed");
}
