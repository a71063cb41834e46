// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What must not be concluded.

use super::{Cause, Night, assert_cause};

#[test]
fn the_standing_question_alone_proves_no_missing_repository() {
    let night = Night::told(
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Fatal: unable to open config file: context canceled
        notes: Is there a repository at the following location?
        notes: rest:http://127.0.0.1:4694/REPO/
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    );
    assert_cause(&night, Cause::Unknown, "");
}

/// NethServer/dev#8164.
#[test]
fn a_config_file_that_already_exists_is_a_consequence() {
    let script = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Initializing repository at path REPO
        notes: Fatal: create repository at rest:http://127.0.0.1:4694/REPO/ failed: Fatal: unable to open repository at rest:http://127.0.0.1:4694/REPO/: config file already exists
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)";
    let alone = assert_cause(&Night::told(script), Cause::Unknown, "restic init failed");
    assert!(!alone.evidence.join("\n").contains("already exists"), "{alone:?}");
    let passing = "notes: Stat(<config/>) returned error, retrying after 1.2s: unexpected HTTP response (500): 500 Internal Server Error
        notes: Initializing";
    let after = Night::told(&script.replacen("notes: Initializing", passing, 1));
    assert_cause(&after, Cause::StorageUnreachable, "(500)");
}

#[test]
fn a_missing_repository_that_init_could_not_make_is_not_the_cause() {
    let night = Night::told(
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Fatal: repository does not exist: unable to open config file: <config/> does not exist
        notes: Is there a repository at the following location?
        notes: rest:http://127.0.0.1:4694/REPO/
        notes: Initializing repository at path REPO
        notes: Fatal: create repository at rest:http://127.0.0.1:4694/REPO/ failed: Fatal: unable to open repository at rest:http://127.0.0.1:4694/REPO/: unexpected HTTP response (403): 403 Forbidden
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)",
    );
    assert_cause(&night, Cause::AccessDenied, "403 Forbidden");
}

#[test]
fn a_kill_of_another_plan_s_service_interrupts_nothing_here() {
    let script = "core: notes1: starting backup 1 at Wed Nov 25 03:12:04 2026
        systemd: UNIT: Main process exited, code=killed, status=15/TERM
        systemd: UNIT: Failed with result 'signal'.
        notes: database is in recovery
        notes: [ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)";
    for unit in ["backup2.service", "backup11.service", "nginx.service"] {
        let night = Night::told(&script.replace("UNIT", unit));
        assert_cause(&night, Cause::DumpFailed, "module-dump-state failed");
        // wiki1 has no result, and nothing says why.
        assert_eq!(night.diagnosis("wiki1"), None, "{unit}");
    }
    // The application stops its own services for its dump.
    let own = script.replace("systemd: UNIT", "notes: notes-db.service");
    assert_cause(&Night::told(&own), Cause::DumpFailed, "module-dump-state failed");
}

#[test]
fn a_lock_of_unknown_age_is_taken_for_a_live_one() {
    let script = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: unable to create lock in backend: repository is already locked exclusively by PID 1 on node1 by root (UID 0, GID 0)
        AGE
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)";
    for age in ["", "notes: lock was created at 2026-11-25 01:37:45 (long ago)", "notes: storage ID ca559a34"]
    {
        let night = Night::told(&script.replace("AGE", age));
        let diagnosis = assert_cause(&night, Cause::LockedLive, "already locked");
        assert_eq!(diagnosis.lock.unwrap().created_at, None);
    }
}

/// The snapshot lacks files: it is no backup that one may rely on.
#[test]
fn exit_code_3_is_never_saved_data() {
    let script = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: error: failed to save /srv/volumes/data/x: open /srv/volumes/data/x: permission denied
        notes: snapshot 9ce682e1 saved
        notes: Warning: at least one source file could not be read
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 3.
        core: notes1: backup 1 failed (exit code 1)";
    for words in
        ["permission denied", "connection timed out", "no such file or directory", "stale NFS file handle"]
    {
        let night = Night::told(&script.replace("permission denied", words));
        let diagnosis = assert_cause(&night, Cause::FilesUnreadable, words);
        assert!(!diagnosis.cause.saved_data() && !diagnosis.cause.blames_storage());
    }
}

#[test]
fn a_wrong_password_is_not_believed_where_the_keys_could_not_be_read() {
    let script = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: List(key) returned error, retrying after 1.041658606s: unexpected HTTP response (503): 503 Service Unavailable
        notes: List(key) returned error, retrying after 2.830341624s: unexpected HTTP response (503): 503 Service Unavailable
        notes: signal interrupt received, cleaning up
        notes: Fatal: wrong password or no key found
        notes: Initializing repository at path REPO
        notes: Fatal: create repository at rest:http://127.0.0.1:4694/REPO/ failed: Fatal: unable to open repository at rest:http://127.0.0.1:4694/REPO/: config file already exists
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)";
    assert_cause(&Night::told(script), Cause::StorageUnreachable, "List(key)");
    let denied = script
        .replace("List(key) returned error, retrying after 1.041658606s", "List(key) failed")
        .replace("(503): 503 Service Unavailable", "(403): 403 Forbidden");
    assert_cause(&Night::told(&denied), Cause::AccessDenied, "List(key)");
}

/// A storage's passing error, hours before what ended the backup.
#[test]
fn a_request_that_went_well_at_its_second_try_is_no_cause() {
    let script = "core: notes1: starting backup 1 at Wed Nov 25 03:12:04 2026
        notes: Repository is present at path REPO
        notes: Save(<data/1dfeacf5bf>) returned error, retrying after 1.2s: unexpected HTTP response (500): 500 Internal Server Error
        notes: Save(<data/1dfeacf5bf>) operation successful after 1 retries
        notes: signal terminated received, cleaning up
        notes: Fatal: unable to save snapshot: context canceled
        notes: [ERROR] restic backup failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)";
    assert_cause(&Night::told(script), Cause::Interrupted, "signal terminated received");
    // Another one did not.
    let unlike = script.replace("Save(<data/1dfeacf5bf>) operation", "Save(<data/2222222222>) operation");
    assert_cause(&Night::told(&unlike), Cause::StorageUnreachable, "(500)");
    // The keys could be read in the end.
    let password = "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: List(key) returned error, retrying after 1.2s: unexpected HTTP response (500): 500 Internal Server Error
        notes: List(key) operation successful after 1 retries
        notes: Fatal: wrong password or no key found
        notes: [ERROR] restic init failed: PODMAN returned non-zero exit status 1.
        core: notes1: backup 1 failed (exit code 1)";
    assert_cause(&Night::told(password), Cause::WrongPassword, "wrong password");
}

#[test]
fn an_application_s_own_words_blame_no_storage() {
    for words in [
        "database dump failed: connection refused",
        "curl: (22) The requested URL returned error: 403 Forbidden",
        "unable to open config file: no such file or directory",
        "repository is already locked by PID 7 on db",
        "Fatal: wrong password or no key found",
    ] {
        let night = Night::told(&format!(
            "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
            notes: {words}
            notes: [ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 1.
            core: notes1: backup 1 failed (exit code 1)"
        ));
        let diagnosis = assert_cause(&night, Cause::DumpFailed, "module-dump-state failed");
        assert!(diagnosis.evidence.iter().any(|line| line == words) && diagnosis.lock.is_none());
    }
}

/// A run on the leader begins with it. It fails no application.
#[test]
fn the_cluster_s_own_backup_is_no_cause() {
    let night = Night::told(
        "core: [ERROR] upload of cluster backup GPG file failed: 503 Server Error: Service Unavailable for url: http://127.0.0.1:4694/x
        core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        core: [ERROR] upload of JSON manifest failed: 503 Server Error: Service Unavailable for url: http://127.0.0.1:4694/x.json
        core: notes1: backup 1 failed (exit code 1)",
    );
    assert_cause(&night, Cause::Unknown, "");
}

#[test]
fn of_what_is_well_or_still_to_come_there_is_no_cause() {
    let night = Night::told(
        "core: notes1: starting backup 1 at Wed Nov 25 01:33:58 2026
        notes: Stat(<config/>) returned error, retrying after 1.2s: unexpected HTTP response (500): 500 Internal Server Error
        notes: Stat(<config/>) operation successful after 1 retries
        notes: snapshot 9f3707e6 saved
        core: notes1: backup 1 completed",
    );
    assert_eq!(night.diagnosis("notes1"), None);
    assert_eq!(night.diagnosis("wiki1"), None);
}
