// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What the installed restic says of a storage that answers each request alike. Run with restic 0.14 and 0.18.

use std::{
    io::{BufRead, BufReader},
    process::{Command, Stdio},
};

use ns8_backup_monitor::repo_check::{findings::Health, restic::read_error};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

use crate::support::repositories::{PASSWORD, restic};

/// Starts a storage that answers each request with this status, or hangs up. Gives its address.
async fn storage(status: Option<&'static str>) -> String {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let address = format!("rest:http://{}/", listener.local_addr().unwrap());
    tokio::spawn(async move {
        while let Ok((mut connection, _)) = listener.accept().await {
            tokio::spawn(async move {
                let _ = connection.read(&mut [0; 4096]).await;
                if let Some(status) = status {
                    let answer =
                        format!("HTTP/1.1 {status}\r\ncontent-length: 0\r\nconnection: close\r\n\r\n");
                    let _ = connection.write_all(answer.as_bytes()).await;
                }
            });
        }
    });
    address
}

/// What `restic snapshots` prints as it fails. From 0.17 on it tries most of them again for a quarter of an hour: then it is interrupted at
/// its second try, as core's agent ends it.
fn fail(repository: &str) -> String {
    let mut command = restic(repository, PASSWORD);
    command.args(["snapshots", "--json"]).stdout(Stdio::null()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap();
    let mut output = String::new();
    let mut is_interrupted = false;
    for line in BufReader::new(child.stderr.take().unwrap()).lines().map_while(Result::ok) {
        if line.contains("retrying after") && !is_interrupted {
            is_interrupted = true;
            Command::new("kill").args(["-INT", &child.id().to_string()]).status().unwrap();
        }
        output.push_str(&line);
        output.push('\n');
    }
    assert!(!child.wait().unwrap().success(), "{output}");
    output
}

#[tokio::test]
async fn only_a_storage_that_says_so_has_no_repository() {
    let expected = [
        (Some("401 Unauthorized"), Health::Error, "401"),
        (Some("403 Forbidden"), Health::Error, "403"),
        (Some("404 Not Found"), Health::NotFound, "does not exist"),
        (Some("429 Too Many Requests"), Health::Unreachable, "429"),
        (Some("500 Internal Server Error"), Health::Unreachable, "500"),
        (Some("503 Service Unavailable"), Health::Unreachable, "503"),
        (None, Health::Unreachable, "EOF"),
    ];
    for (status, health, words) in expected {
        let repository = storage(status).await;
        let output = tokio::task::spawn_blocking(move || fail(&repository)).await.unwrap();
        // Otherwise it would prove nothing.
        assert!(output.contains("Is there a repository at the following location?"), "{output}");
        let (found, message) = read_error(&output);
        assert_eq!(found, health, "{status:?}: {output}");
        assert!(message.contains(words), "{status:?}: {words} is not in {message}");
    }
}
