// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Other programs: started on a free port, stopped with the test.

use std::{
    hash::{BuildHasher, Hasher, RandomState},
    net::TcpListener,
    path::Path,
    process::{Child, Command, Stdio},
};

use tokio::net::TcpStream;

use super::eventually;

/// The ports that parts are started on. The kernel gives those from 32768 on to every connection, and to every server that takes any: one of
/// another test would take the port between our look and the part's start.
const PORTS: std::ops::Range<u64> = 10_000..32_768;

/// A port that nobody listens on. Should another take it before the part that it is for, [`Process::listens`] says so.
pub fn free_port() -> u16 {
    let is_free = |port: &u16| TcpListener::bind(("127.0.0.1", *port)).is_ok();
    let random = || RandomState::new().build_hasher().finish();
    let ports = std::iter::repeat_with(|| PORTS.start + random() % (PORTS.end - PORTS.start));
    ports.map(|port| port.try_into().unwrap()).find(is_free).expect("there are some ports left")
}

/// A program that ends with its test.
pub struct Process {
    pub child: Child,
}

impl Process {
    /// Starts a program. What it prints goes to `log`, to be read when a test fails.
    pub fn start(command: &mut Command, log: &Path) -> Self {
        let log = std::fs::File::create(log).unwrap();
        let child = command
            .stdin(Stdio::null())
            .stdout(log.try_clone().unwrap())
            .stderr(log)
            .spawn()
            .unwrap_or_else(|error| panic!("{:?}: {error}", command.get_program()));
        Self { child }
    }

    /// Waits until the program listens on `port`. Whoever else may listen there, it has to go on running.
    pub async fn listens(&mut self, what: &str, port: u16) {
        eventually(&format!("{what} on port {port}"), || async move {
            TcpStream::connect(("127.0.0.1", port)).await.ok()
        })
        .await;
        assert_eq!(self.exit_code(), None, "{what} ended; see its log");
    }

    pub fn of(child: Child) -> Self {
        Self { child }
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Lets the program hang: it keeps its connections and answers nothing.
    pub fn hang(&self) {
        self.signal("STOP");
    }

    /// Lets a program that hangs go on.
    pub fn go_on(&self) {
        self.signal("CONT");
    }

    /// Asks the program to end.
    pub fn terminate(&self) {
        self.signal("TERM");
    }

    pub fn kill(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// The program's exit code, once it has ended by itself. None while it runs; -1 for a signal.
    pub fn exit_code(&mut self) -> Option<i32> {
        self.child.try_wait().unwrap().map(|status| status.code().unwrap_or(-1))
    }

    fn signal(&self, name: &str) {
        let status = Command::new("kill").args([format!("-{name}"), self.child.id().to_string()]).status();
        assert!(status.unwrap().success());
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
