// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A backup as its log tells it: which of its steps failed, and what was said before that.
//!
//! `run-backup` and `module-backup` (ns8-core) name each step that failed in a line of their own, after all that the step printed:
//!
//! ```text
//! dump       [ERROR] module-dump-state failed. …
//! open       [ERROR] restic init failed: …           snapshots, and init where that fails
//! save       [ERROR] restic backup failed: …
//! clean up   [ERROR] module-cleanup-state failed. …
//! statistics [ERROR] restic stats failed for …       runs always, also after a step before it failed
//! retention  [ERROR] retention policy failed for …   runs after a backup that was saved
//! ```

use jiff::Timestamp;
use serde::Deserialize;

use crate::logs::findings::LogLine;

/// A step of a backup.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Step {
    Dump,
    Open,
    Save,
    CleanUp,
    Statistics,
    Retention,
}

/// A line of the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Line {
    pub at: Timestamp,
    pub text: String,
}

/// A step that failed.
#[derive(Debug)]
pub struct Failure {
    pub step: Step,
    /// The line that says so.
    pub proof: Line,
    /// What was printed before it.
    pub lines: Vec<Line>,
    /// The exit code of the command that failed: 128 and the signal's number where it was killed.
    pub code: Option<i32>,
}

/// How a backup was ended from outside.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    /// SIGTERM or SIGINT.
    Term,
    /// SIGKILL.
    Kill,
}

/// The last attempt at a backup in a run. One that finds the application busy is followed by others.
#[derive(Debug, Default)]
pub struct Attempt {
    pub failures: Vec<Failure>,
    /// The line that says that a snapshot was saved.
    pub saved: Option<Line>,
    /// The line that says that its backup was already running.
    pub busy: Option<Line>,
    /// The line by which systemd or the kernel says that something was killed.
    pub killed: Option<(Signal, Line)>,
    /// `run-backup`'s verdict that it failed, with the exit code of `module-backup`.
    pub verdict: Option<(Line, Option<i32>)>,
    /// What was printed after the last step that failed.
    pub rest: Vec<Line>,
}

/// What restic prints with `--json` in place of a message.
#[derive(Deserialize)]
struct ExitError {
    message_type: String,
    message: String,
}

const STEPS: [(&str, Step); 6] = [
    ("module-dump-state failed", Step::Dump),
    ("restic init failed", Step::Open),
    ("restic backup failed", Step::Save),
    ("module-cleanup-state failed", Step::CleanUp),
    ("restic stats failed", Step::Statistics),
    ("retention policy failed", Step::Retention),
];

impl Attempt {
    /// Reads the lines of one application's backup. `unit` is the service that ran the plan, such as `backup1.service`.
    pub fn read(lines: &[LogLine], unit: &str) -> Self {
        let mut attempt = Self::default();
        for line in lines.iter().flat_map(split) {
            attempt.take(line, unit);
        }
        attempt
    }

    fn take(&mut self, line: Line, unit: &str) {
        let text = line.text.as_str();
        if text.contains(": starting backup ") {
            *self = Self::default();
        } else if let Some(step) = failed_step(text) {
            let code = exit_code(text);
            let lines = std::mem::take(&mut self.rest);
            self.failures.push(Failure { step, proof: line, lines, code });
        } else if is_busy(text) {
            self.busy = Some(line);
        } else if let Some(signal) = signal(text, unit) {
            self.killed.get_or_insert((signal, line));
        } else if text.contains(": backup ") && text.contains(" failed ") && text.contains("(exit code ") {
            let code = exit_code(text);
            self.verdict = Some((line, code));
        } else {
            if is_saved(text) {
                self.saved = Some(line.clone());
            }
            self.rest.push(line);
        }
    }

    /// The step that failed first among those.
    pub fn failed(&self, steps: &[Step]) -> Option<&Failure> {
        self.failures.iter().find(|failure| steps.contains(&failure.step))
    }
}

/// The lines in an entry: restic's JSON holds several, and so may a message.
fn split(entry: &LogLine) -> Vec<Line> {
    let text = entry.text.trim();
    let message = text.starts_with('{').then(|| serde_json::from_str::<ExitError>(text).ok()).flatten();
    let message = message.filter(|error| error.message_type == "exit_error").map(|error| error.message);
    let lines = message.as_deref().unwrap_or(text).lines().map(str::trim).filter(|line| !line.is_empty());
    lines.map(|line| Line { at: entry.at, text: line.to_owned() }).collect()
}

fn failed_step(text: &str) -> Option<Step> {
    let error = text.strip_prefix("[ERROR] ")?;
    STEPS.iter().find(|(words, _)| error.starts_with(words)).map(|(_, step)| *step)
}

fn is_busy(text: &str) -> bool {
    text.ends_with(": already running, queued for retry")
        || text.ends_with(": still running, will retry")
        || text.contains(": gave up retrying after ")
        || text == "Another module-backup is already running"
}

/// `snapshot 349574ff saved`
fn is_saved(text: &str) -> bool {
    let id = text.strip_prefix("snapshot ").and_then(|rest| rest.strip_suffix(" saved"));
    id.is_some_and(|id| id.len() >= 8 && id.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// How a line says that the plan's service, or something for want of memory, was killed.
///
/// Of other services, only the kernel's kills count: an application may well stop its own while it dumps.
fn signal(text: &str, unit: &str) -> Option<Signal> {
    const OUT_OF_MEMORY: [&str; 5] = [
        "killed by the OOM killer",
        "Failed with result 'oom-kill'",
        "Out of memory: Killed process",
        "Memory cgroup out of memory: Killed process",
        "oom-kill:constraint=",
    ];
    if OUT_OF_MEMORY.iter().any(|words| text.contains(words)) {
        return Some(Signal::Kill);
    }
    let of_unit = text.strip_prefix(unit)?.strip_prefix(": ")?;
    match of_unit {
        _ if of_unit.contains("code=killed, status=9/KILL") => Some(Signal::Kill),
        _ if of_unit.contains("code=killed, status=15/TERM")
            || of_unit.contains("code=exited, status=143")
            || of_unit.contains("Failed with result 'signal'") =>
        {
            Some(Signal::Term)
        }
        _ => None,
    }
}

/// The exit code at the end of a line: `exit status 137.`, `(exit code 1)`, `died with <Signals.SIGTERM: 15>`.
fn exit_code(text: &str) -> Option<i32> {
    let number = |words: &str| {
        let (_, rest) = text.rsplit_once(words)?;
        let end = rest.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(rest.len());
        rest.get(..end)?.parse::<i32>().ok()
    };
    let of_signal = || {
        let (_, signal) = text.rsplit_once("died with <Signals.")?;
        let (_, number) = signal.trim_end_matches(['>', '.']).split_once(": ")?;
        number.parse::<i32>().ok()?.checked_add(128)
    };
    // Python's subprocess has the negative number of the signal.
    let code = of_signal().or_else(|| number("exit status ")).or_else(|| number("(exit code "))?;
    if code < 0 { code.checked_neg()?.checked_add(128) } else { Some(code) }
}

/// What systemd says of the plan's service as a whole, which no application writes.
pub fn signal_of_unit(lines: &[LogLine], unit: &str) -> Option<(Signal, Line)> {
    lines.iter().flat_map(split).find_map(|line| Some((signal(&line.text, unit)?, line)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_exit_code_is_that_of_the_command() {
        let expected = [
            (
                "[ERROR] restic backup failed: Command '['podman']' returned non-zero exit status 137.",
                Some(137),
            ),
            (
                "[ERROR] restic stats failed for a/b: Command '['x']' returned non-zero exit status 12",
                Some(12),
            ),
            (
                "[ERROR] restic backup failed: Command '['podman']' died with <Signals.SIGTERM: 15>.",
                Some(143),
            ),
            ("mail1: backup 1 failed (exit code -9)", Some(137)),
            ("mail1: backup 1 failed (exit code 1)", Some(1)),
            ("mail1: backup 1 failed (exit code 99999999999999)", None),
            ("nothing", None),
        ];
        for (text, code) in expected {
            assert_eq!(exit_code(text), code, "{text}");
        }
    }

    #[test]
    fn an_applications_own_service_that_it_stops_is_no_kill_of_the_backup() {
        let unit = "backup1.service";
        assert_eq!(signal("mariadb.service: Main process exited, code=killed, status=15/TERM", unit), None);
        assert_eq!(
            signal("backup1.service: Main process exited, code=killed, status=15/TERM", unit),
            Some(Signal::Term)
        );
        assert_eq!(
            signal("backup1.service: Main process exited, code=killed, status=9/KILL", unit),
            Some(Signal::Kill)
        );
        assert_eq!(signal("backup11.service: Main process exited, code=killed, status=9/KILL", unit), None);
    }
}
