// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The rclone gateway: a real haproxy in front of a real `rclone serve restic`, wired as on a node.

use std::{path::Path, process::Command};

use tempfile::TempDir;

use super::process::{Process, free_port};

pub struct Gateway {
    _haproxy: Process,
    rclone: Option<Process>,
    dir: TempDir,
    rclone_port: u16,
    pub port: u16,
}

impl Gateway {
    /// Serves the destinations below `root`.
    pub async fn start(root: &Path) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let (port, rclone_port) = (free_port(), free_port());
        // What decides on the node, too: the health request needs no credentials, and REST is asked for by a header.
        let config = format!(
            "global\n  maxconn 100\n\
             defaults\n  mode http\n  timeout connect 5s\n  timeout client 30s\n  timeout server 30s\n\
             frontend gateway\n  bind 127.0.0.1:{port}\n\
             \x20 acl health_request path_end _probe_rest_404\n\
             \x20 acl is_rest hdr(Accept) -m sub application/vnd.x.restic.rest.v2\n\
             \x20 acl is_rest url_param(create) -m str true\n\
             \x20 acl is_restic hdr(User-Agent) -m beg Go-http-client\n\
             \x20 http-request deny deny_status 401 unless health_request or is_rest or is_restic\n\
             \x20 use_backend rest if is_rest or is_restic\n\
             backend rest\n  server rclone 127.0.0.1:{rclone_port}\n"
        );
        std::fs::write(dir.path().join("haproxy.cfg"), config).unwrap();
        let mut command = Command::new("/usr/sbin/haproxy");
        command.arg("-db").arg("-f").arg(dir.path().join("haproxy.cfg"));
        let mut haproxy = Process::start(&mut command, &dir.path().join("haproxy.log"));
        haproxy.listens("haproxy", port).await;
        let mut gateway = Self { _haproxy: haproxy, rclone: None, dir, rclone_port, port };
        gateway.start_backend(root).await;
        gateway
    }

    pub async fn start_backend(&mut self, root: &Path) {
        self.start_backend_with(root, &[]).await;
    }

    /// With more options for rclone, such as `--user` and `--pass`, which nobody knows here.
    pub async fn start_backend_with(&mut self, root: &Path, options: &[&str]) {
        let mut command = Command::new("rclone");
        command
            .args(["serve", "restic", "--addr", &format!("127.0.0.1:{}", self.rclone_port)])
            .args(options)
            .arg(root)
            .env("RCLONE_CONFIG", "/dev/null");
        let rclone = Process::start(&mut command, &self.dir.path().join("rclone.log"));
        self.rclone.insert(rclone).listens("rclone", self.rclone_port).await;
    }

    /// Stops what is behind haproxy, which then answers 503.
    pub fn stop_backend(&mut self) {
        self.rclone.take().expect("rclone runs").kill();
    }

    /// What is behind haproxy hangs, and so does every request.
    pub fn backend(&self) -> &Process {
        self.rclone.as_ref().expect("rclone runs")
    }

    pub fn url(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }
}

impl Drop for Gateway {
    /// What both say is of use where a test fails.
    fn drop(&mut self) {
        if std::thread::panicking() {
            for log in ["haproxy.log", "rclone.log"] {
                let lines = std::fs::read_to_string(self.dir.path().join(log)).unwrap_or_default();
                eprintln!("{log}: {}", lines.trim());
            }
        }
    }
}
