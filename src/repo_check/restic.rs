// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! restic's words: what an error of `restic snapshots --json` means for the repository.

use serde::Deserialize;

use super::Health;
use crate::text;

/// How much of restic's message is kept, in characters. Its errors are a line or two.
const MAX_MESSAGE: usize = 600;

/// How much of an output is looked at, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

/// What restic 0.17 and later writes with `--json` when it fails.
#[derive(Deserialize)]
struct ExitError {
    message_type: String,
    code: i32,
    message: String,
}

/// What an error output says: the repository's health, and the message itself without what surrounds it.
///
/// The output is the standard error of a task of the cluster's agent, so that other lines may stand around restic's.
pub fn read_error(output: &str) -> (Health, String) {
    let output = end_of(output);
    let exit_error = output
        .lines()
        .filter_map(|line| serde_json::from_str::<ExitError>(line.trim()).ok())
        .rfind(|error| error.message_type == "exit_error");
    let (code, message) = match &exit_error {
        Some(error) => (error.code, error.message.as_str()),
        None => (1, output),
    };
    // Exit codes since restic 0.17; before, every failure is 1.
    let health = match code {
        10 => Health::NotFound,
        11 => Health::Locked,
        12 => Health::WrongPassword,
        _ => classify(message),
    };
    (health, shorten(message))
}

/// The end of an output, where restic says why it gave up.
fn end_of(output: &str) -> &str {
    let mut from = output.len().saturating_sub(MAX_OUTPUT);
    while !output.is_char_boundary(from) {
        from = from.saturating_add(1);
    }
    output.get(from..).unwrap_or_default()
}

/// What a message in words means. The order matters: a repository that can't be reached also makes restic ask "Is there a
/// repository at the following location?".
fn classify(message: &str) -> Health {
    const UNREACHABLE: [&str; 16] = [
        "connection refused",
        "connection reset",
        "connection timed out",
        "context deadline exceeded",
        "i/o timeout",
        "no such host",
        "no route to host",
        "network is unreachable",
        "host is down",
        "server misbehaving",
        "tls handshake",
        "500 internal server error",
        "502 bad gateway",
        "503 service unavailable",
        "504 gateway",
        "unexpected http response (5",
    ];
    const LOCKED: [&str; 1] = ["repository is already locked"];
    const WRONG_PASSWORD: [&str; 1] = ["wrong password or no key found"];
    const CORRUPTED: [&str; 8] = [
        "ciphertext verification failed",
        "is damaged",
        "invalid data returned",
        "hash does not match",
        "unexpected end of json",
        "invalid character",
        "unmarshal",
        "repository contains errors",
    ];
    const NOT_FOUND: [&str; 2] =
        ["is there a repository at the following location?", "repository does not exist"];

    let message = message.to_lowercase();
    let has = |phrases: &[&str]| phrases.iter().any(|phrase| message.contains(phrase));
    if has(&UNREACHABLE) {
        Health::Unreachable
    } else if has(&LOCKED) {
        Health::Locked
    } else if has(&WRONG_PASSWORD) {
        Health::WrongPassword
    } else if has(&CORRUPTED) {
        Health::Corrupted
    } else if has(&NOT_FOUND) {
        Health::NotFound
    } else {
        Health::Error
    }
}

/// The part of an output that says what went wrong: from restic's "Fatal:" on, else its last lines.
fn shorten(output: &str) -> String {
    let output = output.trim();
    let from_fatal = output.find("Fatal:").map_or(output, |position| &output[position..]);
    let lines: Vec<&str> = from_fatal.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said =
        if from_fatal.starts_with("Fatal:") { &lines[..] } else { &lines[lines.len().saturating_sub(4)..] };
    text::lines(&said.join("\n"), MAX_MESSAGE)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages_of_restic_0_14_to_0_18_are_understood() {
        let expected = [
            (
                "Fatal: unable to create lock in backend: repository is already locked exclusively by PID 71 on leader \
                 by root (UID 0, GID 0)\nlock was created at 2026-11-22 02:10:00 (5m1s ago)\nstorage ID 8e2c1d2a\nthe \
                 `unlock` command can be used to remove stale locks",
                Health::Locked,
            ),
            (
                "Fatal: unable to open config file: Stat: stat /r/config: no such file or directory\nIs there a \
                 repository at the following location?\n/r",
                Health::NotFound,
            ),
            ("Fatal: repository does not exist: unable to open config file", Health::NotFound),
            ("Fatal: wrong password or no key found", Health::WrongPassword),
            ("Fatal: config or key 100f8f56 is damaged: ciphertext verification failed", Health::Corrupted),
            ("Fatal: Unmarshal: unexpected end of JSON input", Health::Corrupted),
            (
                "Fatal: unable to open config file: client.Head: Head \"http://127.0.0.1:9/config\": dial tcp \
                 127.0.0.1:9: connect: connection refused\nIs there a repository at the following location?",
                Health::Unreachable,
            ),
            (
                "Fatal: unable to open config file: unexpected HTTP response (503): 503 Service Unavailable\nIs there a \
                 repository at the following location?",
                Health::Unreachable,
            ),
            ("Fatal: server response unexpected: 500 Internal Server Error (500)", Health::Unreachable),
            ("Fatal: Get \"http://x/\": context deadline exceeded", Health::Unreachable),
            ("Fatal: unexpected HTTP response (403): 403 Forbidden", Health::Error),
            ("something else", Health::Error),
            ("", Health::Error),
        ];
        for (output, health) in expected {
            assert_eq!(read_error(output).0, health, "{output}");
        }
    }

    #[test]
    fn exit_codes_of_restic_0_17_go_before_words() {
        let output = |code: i32| {
            format!(
                "Trying to pull image...\n\
                 {{\"message_type\":\"exit_error\",\"code\":{code},\"message\":\"Fatal: something new\"}}\n"
            )
        };
        let expected =
            [(10, Health::NotFound), (11, Health::Locked), (12, Health::WrongPassword), (1, Health::Error)];
        for (code, health) in expected {
            assert_eq!(read_error(&output(code)), (health, "Fatal: something new".into()), "{code}");
        }
    }

    #[test]
    fn the_message_is_kept_without_what_surrounds_it() {
        let output = "a warning of podman\n\nFatal: wrong password or no key found\n  \n";
        assert_eq!(read_error(output).1, "Fatal: wrong password or no key found");
        assert_eq!(read_error("1\n2\n3\n4\n5\n").1, "2\n3\n4\n5");
        let long = "é".repeat(2000);
        assert_eq!(read_error(&long).1.chars().count(), MAX_MESSAGE + 1);
    }
}
