// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Python's `smtplib`, which sends a mail as the product does: what it delivers, the product must deliver.

use std::{
    io::{BufRead, BufReader, Write},
    process::{ChildStdin, ChildStdout, Command, Stdio},
};

use serde_json::Value;

use super::{process::Process, project_file};

/// A Python that waits for servers to be tried.
pub struct Oracle {
    _process: Process,
    input: ChildStdin,
    output: BufReader<ChildStdout>,
}

impl Oracle {
    pub fn start() -> Self {
        let mut child = Command::new("/usr/bin/python3")
            .arg(project_file("tests/integration/support/oracle.py"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let input = child.stdin.take().unwrap();
        let output = BufReader::new(child.stdout.take().unwrap());
        Self { _process: Process::of(child), input, output }
    }

    /// Sends a mail to this server; gives who has it, and the error.
    pub fn send(&mut self, server: &Value) -> (Vec<String>, Option<String>) {
        writeln!(self.input, "{server}").unwrap();
        self.input.flush().unwrap();
        let mut line = String::new();
        self.output.read_line(&mut line).unwrap();
        let answer: Value = serde_json::from_str(&line).unwrap();
        let accepted = answer["accepted"].as_array().unwrap().iter();
        (
            accepted.map(|address| address.as_str().unwrap().to_owned()).collect(),
            answer["error"].as_str().map(str::to_owned),
        )
    }
}
