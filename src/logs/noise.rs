// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What is noise, and how telling the rest is: rules over a line's text. Pure.

/// How telling a line is, most telling first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    /// The application's own dump, right before it failed.
    Dump,
    /// An error that can be the first.
    Cause,
    /// An error that follows from another, or repeats it.
    Consequence,
    /// `run-backup` on its way.
    Marker,
    /// Anything else.
    Other,
}

/// What restic, podman and the agent say while all is well, by how it begins.
const CHATTER: [&str; 46] = [
    // restic backup
    "using parent snapshot",
    "no parent snapshot found",
    "open repository",
    "lock repository",
    "load index files",
    "start scan",
    "start backup on",
    "scan finished",
    "Files: ",
    "Dirs: ",
    "Added to the repo",
    "processed ",
    "Repository is present at path",
    "created restic repository",
    "created new cache",
    // restic forget
    "Applying Policy",
    "ID  ",
    "-----",
    "loading indexes",
    "loading all snapshots",
    "finding data that is still in use",
    "searching used packs",
    "collecting packs",
    "to repack:",
    "this removes:",
    "to delete:",
    "total prune:",
    "remaining:",
    "unused size after prune",
    "rebuilding index",
    "repacking packs",
    "saving index",
    "deleting obsolete index",
    "deleting unreferenced",
    // podman
    "Trying to pull",
    "Getting image source signatures",
    "Copying blob",
    "Copying config",
    "Writing manifest",
    "Storing signatures",
    "conmon ",
    // the agent
    "task/",
    "Handler of ",
    // run-backup, once it has told what counts
    "Waiting 60s before retrying",
    "Please note that knowledge of your password",
    "irrecoverably lost",
];

/// What an error is told by, in lower case.
const ERRORS: [&str; 44] = [
    "error",
    "fatal",
    "panic",
    "fail",
    "denied",
    "refused",
    "rejected",
    "unable to",
    "cannot",
    "can't",
    "could not",
    "couldn't",
    "not permitted",
    "no space left",
    "no such",
    "not found",
    "quota",
    "too many",
    "too large",
    "timed out",
    "timeout",
    "deadline exceeded",
    "killed",
    "out of memory",
    "oom",
    "terminated",
    "signal ",
    "aborted",
    "already locked",
    "lock was created",
    "`unlock`",
    "already running",
    "still running",
    "gave up",
    "corrupt",
    "damaged",
    "invalid",
    "mismatch",
    "unauthorized",
    "forbidden",
    "expired",
    "broken pipe",
    "traceback",
    "exception",
];

/// Errors that follow from another one, or only repeat it, in lower case.
const CONSEQUENCES: [&str; 10] = [
    "module-backup aborted",
    "restic init failed",
    "restic backup failed",
    "restic stats failed",
    "upload of json manifest failed",
    // After any failed `snapshots` core tries `init`, also where the repository is there.
    "config file already exists",
    "is there a repository at the following location",
    "context canceled",
    "\"exit_error\"",
    "signal interrupt received",
];

/// True for lines of restic's tables that have no first column.
pub fn is_indented(text: &str) -> bool {
    text.starts_with("         ")
}

/// True when a cleaned text is not worth keeping.
pub fn is_noise(text: &str) -> bool {
    if text.is_empty() || CHATTER.iter().any(|chatter| text.starts_with(chatter)) {
        return true;
    }
    if text.starts_with('{') {
        return is_progress(text);
    }
    let first = text.split(' ').next().unwrap_or_default();
    // `[0:00] 100.00%  10 / 10 packs processed`, `ebe2e51d  2026-11-25 …`, `3 snapshots`, a container's id.
    let is_clock = first.len() > 2
        && first.starts_with('[')
        && first.ends_with(']')
        && first.bytes().all(|byte| byte.is_ascii_digit() || b"[:]".contains(&byte));
    let is_hex = first.bytes().all(|byte| byte.is_ascii_hexdigit());
    let is_row = first.len() == 8 && is_hex && text.get(8..11).is_some_and(|next| next == "  2");
    let is_container = first.len() == 64 && is_hex && first.len() == text.len();
    is_clock || is_row || is_container || text == "done" || is_count(text)
}

/// `3 snapshots`, `keep 3 snapshots:`, `1 snapshots have been removed, running prune`, `removing 2 old packs`.
fn is_count(text: &str) -> bool {
    let text =
        ["keep ", "remove ", "removing "].iter().find_map(|verb| text.strip_prefix(verb)).unwrap_or(text);
    let digits = text.bytes().take_while(u8::is_ascii_digit).count();
    let what = text.get(digits..).unwrap_or_default();
    digits > 0 && [" snapshots", " old packs", " old index"].iter().any(|thing| what.starts_with(thing))
}

/// restic's JSON, but for its errors; statistics have no type.
fn is_progress(text: &str) -> bool {
    let is_error = ["exit_error", "\"error\""].iter().any(|word| text.contains(word));
    let is_restic = text.contains("\"message_type\"") || text.contains("\"total_size\"");
    is_restic && !is_error
}

/// True when systemd says that a unit did not end by itself.
pub fn tells_of_an_end(text: &str) -> bool {
    const ENDS: [&str; 11] = [
        // 128 and the signal's number: run-backup ends like that when it handles it.
        "code=exited, status=143",
        "code=exited, status=137",
        "code=killed",
        "code=dumped",
        "result 'signal'",
        "result 'core-dump'",
        "result 'timeout'",
        "result 'oom-kill'",
        "OOM killer",
        "timed out",
        "Killing process",
    ];
    ENDS.iter().any(|end| text.contains(end))
}

/// True when the kernel says that it killed a process for want of memory.
pub fn tells_of_a_kill(text: &str) -> bool {
    text.contains("Killed process") || text.contains("oom-kill:")
}

/// How telling a line is by itself.
pub fn rank(text: &str) -> Rank {
    if is_marker(text) {
        return Rank::Marker;
    }
    let lower = text.to_lowercase();
    if CONSEQUENCES.iter().any(|words| lower.contains(words)) || lower.starts_with("rest:http") {
        Rank::Consequence
    } else if ERRORS.iter().any(|words| lower.contains(words)) {
        Rank::Cause
    } else {
        Rank::Other
    }
}

/// True for what `run-backup` says of its own progress, and for a saved snapshot: that says what was done, not why it went wrong.
fn is_marker(text: &str) -> bool {
    super::markers::Marker::parse(text).is_some_and(|marker| !marker.tells_why())
        || (text.starts_with("snapshot ") && text.ends_with(" saved"))
        || text.starts_with("Initializing repository at path")
}

/// True for what says how a backup ended, and with which step: without it, nobody can tell what the errors before it did.
pub fn is_outcome(text: &str) -> bool {
    use super::markers::Marker;
    let is_step = || {
        let steps = ["module-dump-state", "module-cleanup-state", "restic ", "retention policy"];
        let error = text.strip_prefix("[ERROR] ");
        error.is_some_and(|error| {
            steps.iter().any(|step| error.starts_with(step)) && error.contains(" failed")
        })
    };
    let is_saved = || text.starts_with("snapshot ") && text.ends_with(" saved");
    is_step() || is_saved() || matches!(Marker::parse(text), Some(Marker::Ends(..)))
}

/// True when the application's own dump is said to have failed.
pub fn is_dump_failure(text: &str) -> bool {
    text.contains("module-dump-state failed")
}

/// A line without what is different each time that it is repeated: how long restic waits before it tries again.
pub fn without_pause(text: &str) -> String {
    const PAUSE: &str = "retrying after ";
    let Some((before, after)) = text.split_once(PAUSE) else { return text.to_owned() };
    let rest = after.split_once(':').map_or("", |(_, rest)| rest);
    format!("{before}{PAUSE}{rest}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn progress_and_tables_are_noise() {
        for line in [
            "",
            "ID        Time                 Host            Tags        Reasons        Paths                     Size",
            "---------------------------------",
            "ebe2e51d  2026-11-25 01:33:16  node1.example.org              last snapshot  /srv/state/data           2.861 MiB",
            "[0:00] 100.00%  10 / 10 packs processed",
            "[1:02:03] 100.00%  10 / 10 packs processed",
            "3 snapshots",
            "keep 3 snapshots:",
            "1 snapshots have been removed, running prune",
            "removing 2 old packs",
            "done",
            r#"{"total_size":0,"total_file_count":0,"snapshots_count":0}"#,
            r#"{"message_type":"status","percent_done":0.5}"#,
            "1d31ec4d327c6ef0978b6dd0607a1f831dc30729a2b22735cd315c6fa107fa41",
            "task/node/1/9d118bfd: action \"run-backup\" status is \"aborted\" (1) at step 50run_backup",
        ] {
            assert!(is_noise(line), "{line:?}");
        }
        assert!(is_indented("                                                       /srv/state/environment"));
    }

    #[test]
    fn what_may_be_a_cause_is_not() {
        for line in [
            "database dump failed: connection refused",
            "[ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 1.",
            r#"{"message_type":"exit_error","code":12,"message":"Fatal: wrong password or no key found"}"#,
            r#"{"message_type":"error","error":{"message":"permission denied"},"during":"archival","item":"/srv/x"}"#,
            "error: open /srv/state/x: permission denied",
            "storage ID ca559a34",
            "snapshot 349574ff saved",
            "3 errors",
            "deadbeef is no snapshot",
        ] {
            assert!(!is_noise(line), "{line:?}");
        }
    }

    #[test]
    fn a_cause_comes_before_what_follows_from_it() {
        let ranks = [
            ("Fatal: wrong password or no key found", Rank::Cause),
            ("unable to create lock in backend: repository is already locked by PID 1", Rank::Cause),
            (
                "Fatal: create repository at rest:http://x/ failed: config file already exists",
                Rank::Consequence,
            ),
            ("[ERROR] restic init failed: Command …", Rank::Consequence),
            (
                r#"{"message_type":"exit_error","code":12,"message":"Fatal: wrong password"}"#,
                Rank::Consequence,
            ),
            ("notes1: backup 1 failed (exit code 1)", Rank::Marker),
            ("notes1: starting backup 1 at Wed Nov 25 01:31:26 2026", Rank::Marker),
            ("notes1: gave up retrying after 3600s", Rank::Cause),
            ("notes1: already running, queued for retry", Rank::Cause),
            ("snapshot 349574ff saved", Rank::Marker),
            ("pg_dump: saving search_path", Rank::Other),
        ];
        for (line, expected) in ranks {
            assert_eq!(rank(line), expected, "{line}");
        }
    }

    #[test]
    fn a_line_is_the_same_however_long_restic_waits() {
        let line = |pause: &str| {
            without_pause(&format!("Stat(<config/>) returned error, retrying after {pause}: 503"))
        };
        assert_eq!(line("688.449618ms"), line("1m19.749806128s"));
    }
}
