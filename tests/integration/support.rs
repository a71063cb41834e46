// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The parts, and how a test speaks to them.

pub mod alertmanager;
pub mod cluster_api;
pub mod gateway;
pub mod heartbeats;
pub mod loki;
pub mod mail_servers;
pub mod oracle;
pub mod process;
pub mod prometheus;
pub mod redis;
pub mod repositories;
pub mod run_backup;
pub mod sample;
pub mod scripted;
pub mod service;
pub mod smtp;
pub mod webhooks;

use std::{future::Future, time::Duration};

use tokio::time::{Instant, sleep};

/// How long anything in a test may take to come true. Far more than it needs, for a machine that is busy.
pub const PATIENCE: Duration = Duration::from_secs(60);
/// How often it is looked for.
const POLL: Duration = Duration::from_millis(50);

/// Waits until `look` finds something.
pub async fn eventually<T, F: Future<Output = Option<T>>>(what: &str, mut look: impl FnMut() -> F) -> T {
    let deadline = Instant::now() + PATIENCE;
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(Instant::now() < deadline, "{what} did not come within {} s", PATIENCE.as_secs());
        sleep(POLL).await;
    }
}

/// A file of the project.
pub fn project_file(path: &str) -> std::path::PathBuf {
    std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path)
}

/// A payload captured from a real Alertmanager.
pub fn fixture(name: &str) -> String {
    let path = project_file("tests/fixtures/alertmanager").join(name);
    std::fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}
