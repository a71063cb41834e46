// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! restic's words: what an error of `restic snapshots --json` means for the repository.

use serde::Deserialize;

use super::Health;
use crate::{
    cause::words::{self, Trouble},
    redact::redact,
    text,
};

/// How much of restic's message is kept, in characters. Its errors are a line or two.
const MAX_MESSAGE: usize = 600;

/// How many of the lines about snapshots that could not be loaded are kept, besides the last.
const SHOWN_LINES: usize = 3;

/// How much of an output is looked at, in bytes.
const MAX_OUTPUT: usize = 64 * 1024;

/// What restic 0.17 and later writes with `--json` when it fails.
#[derive(Deserialize)]
struct ExitError {
    message_type: String,
    code: i32,
    message: String,
}

/// What an error output says: the repository's health, and the message itself without what surrounds it and without secrets.
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
    let (said, request) = match code {
        10 => (Some(Trouble::Missing), None),
        11 => (Some(Trouble::Locked), None),
        _ => {
            let said = words::trouble(message);
            let said = said.or((code == 12).then_some(Trouble::WrongPassword));
            // Code 12 only says that no key fits: also where the keys could not be read. And what restic gave up on is not always in
            // its last words.
            let is_open = matches!(said, None | Some(Trouble::WrongPassword));
            let request = is_open.then(|| failed_request(output, said)).flatten();
            (request.map(|(trouble, _)| trouble).or(said), request.map(|(_, line)| line))
        }
    };
    let mut shown = shorten(message);
    if let Some(line) = request.map(redact)
        && !shown.contains(&line)
    {
        shown = text::lines(&format!("{line}\n{shown}"), MAX_MESSAGE);
    }
    (said.map_or(Health::Error, health), shown)
}

/// What restic says on its standard error of snapshots that it could not load, though it ends as if all were well. None when it says nothing
/// of the kind.
pub fn read_unloaded(output: &str) -> Option<(Health, String)> {
    let output = end_of(output);
    let lines: Vec<&str> = output
        .lines()
        .map(str::trim)
        .filter(|line| {
            line.contains("could not load snapshot")
                || line.contains("failed to load snapshot")
                || (line.starts_with("List(snapshot)") && !words::is_retry(line))
        })
        .collect();
    let last = lines.len().checked_sub(1)?;
    let trouble = lines.iter().find_map(|line| words::trouble(line));
    // The first ones and the last: there may be one for each of many snapshots.
    let shown: Vec<&str> = lines
        .iter()
        .enumerate()
        .filter(|(index, _)| *index < SHOWN_LINES || *index == last)
        .map(|(_, line)| *line)
        .collect();
    Some((trouble.map_or(Health::Error, health), fit(&shown.join("\n"))))
}

/// The last request to the destination that failed, where that is why restic gave up.
fn failed_request(output: &str, said: Option<Trouble>) -> Option<(Trouble, &str)> {
    let lines: Vec<&str> = output.lines().map(str::trim).collect();
    let is_why = |(index, line): &(usize, &&str)| {
        words::is_request(line)
            && (said.is_none() || words::is_of_keys(line))
            && !words::is_overcome(line, lines.iter().skip(*index).copied())
    };
    let requests = lines.iter().enumerate().filter(is_why);
    requests.filter_map(|(_, line)| Some((words::trouble(line)?, *line))).next_back()
}

/// The repository's health in that trouble. Of those that have no word of their own, the message says more.
const fn health(trouble: Trouble) -> Health {
    match trouble {
        Trouble::Unreachable => Health::Unreachable,
        Trouble::Locked => Health::Locked,
        Trouble::WrongPassword => Health::WrongPassword,
        Trouble::Missing => Health::NotFound,
        Trouble::Damaged => Health::Corrupted,
        Trouble::Denied | Trouble::Full | Trouble::DiskFull => Health::Error,
    }
}

/// The end of an output, where restic says why it gave up.
fn end_of(output: &str) -> &str {
    let mut from = output.len().saturating_sub(MAX_OUTPUT);
    while !output.is_char_boundary(from) {
        from = from.saturating_add(1);
    }
    output.get(from..).unwrap_or_default()
}

/// The part of an output that says what went wrong: from restic's "Fatal:" on, else its last lines.
fn shorten(output: &str) -> String {
    // restic prints `null` for snapshots that it could not load, which core's action can't read.
    let output = output.split("Traceback (most recent call last)").next().unwrap_or_default().trim();
    let from_fatal = output.find("Fatal:").map_or(output, |position| &output[position..]);
    let lines: Vec<&str> = from_fatal.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    let said =
        if from_fatal.starts_with("Fatal:") { &lines[..] } else { &lines[lines.len().saturating_sub(4)..] };
    fit(&said.join("\n"))
}

/// Fit to be kept: without secrets, which are struck out before the cut could hide what ends them.
fn fit(message: &str) -> String {
    text::lines(&redact(&text::lines(message, usize::MAX)), MAX_MESSAGE)
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
            (
                "Fatal: unable to open config file: unexpected HTTP response (401): 401 Unauthorized\nIs there a repository at the \
                 following location?\nrest:http://127.0.0.1:4694/",
                Health::Error,
            ),
            (
                "Fatal: unable to open config file: unexpected HTTP response (429): 429 Too Many Requests\nIs there a repository at \
                 the following location?\nrest:http://127.0.0.1:4694/",
                Health::Unreachable,
            ),
            (
                "Fatal: unable to open config file: client.Head: Head \"http://127.0.0.1:4694/config\": EOF\nIs there a repository \
                 at the following location?",
                Health::Unreachable,
            ),
            (
                "Fatal: unable to open config file: <config/> does not exist\nIs there a repository at the following location?",
                Health::NotFound,
            ),
            (
                "Fatal: unable to open config file: something new\nIs there a repository at the following location?",
                Health::Error,
            ),
            ("Fatal: <key/998d1f8704> does not exist", Health::Corrupted),
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

    /// As restic 0.18 prints it when a storage answers 503 to the list of keys, or to nothing but it, and somebody ends it.
    #[test]
    fn no_key_found_is_no_wrong_password_where_the_keys_could_not_be_read() {
        let retry = "List(key) returned error, retrying after 688.649291ms: unexpected HTTP response (503): 503 Service Unavailable";
        let no_key =
            r#"{"message_type":"exit_error","code":12,"message":"Fatal: wrong password or no key found"}"#;
        let (health, message) =
            read_error(&format!("{retry}\nsignal interrupt received, cleaning up\n{no_key}\n"));
        assert_eq!(
            (health, message),
            (Health::Unreachable, format!("{retry}\nFatal: wrong password or no key found"))
        );
        let of_config = retry.replace("List(key)", "Stat(<config/>)");
        assert_eq!(read_error(&format!("{of_config}\n{no_key}\n")).0, Health::WrongPassword);
        let read_then = "List(key) operation successful after 1 retries";
        let output = format!("{retry}\n{read_then}\n{no_key}\n");
        assert_eq!(
            read_error(&output),
            (Health::WrongPassword, "Fatal: wrong password or no key found".into())
        );
    }

    #[test]
    fn what_was_tried_again_says_why_restic_was_ended() {
        let output = "Stat(<config/>) returned error, retrying after 783.53561ms: unexpected HTTP response (503): 503 Service \
                      Unavailable\n[2Ksignal interrupt received, cleaning up\n{\"message_type\":\"exit_error\",\"code\":1,\
                      \"message\":\"Fatal: unable to open config file: context canceled\\nIs there a repository at the following \
                      location?\\nrest:http://127.0.0.1:4694/\"}\n";
        let (health, message) = read_error(output);
        assert_eq!(health, Health::Unreachable);
        assert!(message.contains("(503)") && message.contains("context canceled"), "{message}");
    }

    #[test]
    fn snapshots_that_were_not_loaded_are_seen_though_restic_ends_well() {
        let expected = [
            (
                "List(snapshot) failed: unexpected HTTP response (401): 401 Unauthorized\ncould not load snapshots: unexpected HTTP \
                 response (401): 401 Unauthorized\n",
                Some(Health::Error),
            ),
            (
                "Load(<snapshot/31eee02c07>, 0, 0) failed: <snapshot/31eee02c07> does not exist\nIgnoring \"31eee02c\": failed to \
                 load snapshot 31eee02c: <snapshot/31eee02c07> does not exist\n",
                Some(Health::Corrupted),
            ),
            ("could not load snapshot 384ecfd3: ciphertext verification failed\n", Some(Health::Corrupted)),
            ("could not load snapshot 384ecfd3: context canceled\n", Some(Health::Error)),
            ("List(snapshot) returned error, retrying after 1s: unexpected HTTP response (500)\n", None),
            ("Trying to pull image...\n", None),
            ("", None),
        ];
        for (output, health) in expected {
            assert_eq!(read_unloaded(output).map(|(health, _)| health), health, "{output}");
        }
    }

    #[test]
    fn secrets_are_struck_out_of_all_that_is_kept() {
        let url = "rest:https://acme:hunter2@127.0.0.1:4694/";
        let request = format!(
            "Stat(<config/>) returned error, retrying after 783ms: Head \"{url}\": unexpected HTTP response (503)"
        );
        for output in [
            format!("Fatal: unable to open config file: {url}: connection refused"),
            format!(
                "{request}\n{{\"message_type\":\"exit_error\",\"code\":1,\"message\":\"Fatal: something new\"}}"
            ),
            "Fatal: Command '['restic', '--password', 'hunter2']' failed".into(),
            format!("{{\"message_type\":\"exit_error\",\"code\":1,\"message\":\"Fatal: {url}\"}}"),
        ] {
            let message = read_error(&output).1;
            assert!(!message.contains("hunter2") && message.contains("***"), "{output}: {message}");
        }
        let (_, message) = read_unloaded(&format!("could not load snapshot 384ecfd3: {url}: EOF")).unwrap();
        assert_eq!(message, "could not load snapshot 384ecfd3: rest:https://***@127.0.0.1:4694/: EOF");
        // The password goes on where the message is cut.
        let long = format!("Fatal: --password {}", "hunter2".repeat(200));
        assert_eq!(read_error(&long).1, "Fatal: --password ***");
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
