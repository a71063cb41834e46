// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A real Alertmanager with NS8's configuration, posting to the service.

use std::process::Command;

use serde_json::{Value, json};
use tempfile::TempDir;

use super::{
    fixture,
    process::{Process, free_port},
};

pub struct Alertmanager {
    _process: Process,
    _dir: TempDir,
    pub base: String,
}

impl Alertmanager {
    /// Starts it with `tests/fixtures/alertmanager/alertmanager-ns8.yml`, its receiver turned to `webhook`.
    pub async fn start(webhook: &str) -> Self {
        Self::start_on(free_port(), webhook).await
    }

    /// Starts it on a port that is known already.
    pub async fn start_on(port: u16, webhook: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let config = dir.path().join("alertmanager.yml");
        let ns8s = fixture("alertmanager-ns8.yml");
        let ours = ns8s.replace("http://127.0.0.1:9099/alert", webhook);
        assert_ne!(ns8s, ours, "the fixture names the receiver's default address");
        std::fs::write(&config, ours).unwrap();
        let mut command = Command::new("prometheus-alertmanager");
        command
            .arg(format!("--config.file={}", config.display()))
            .arg(format!("--storage.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"))
            .arg("--cluster.listen-address=");
        let mut process = Process::start(&mut command, &dir.path().join("alertmanager.log"));
        process.listens("Alertmanager", port).await;
        Self { _process: process, _dir: dir, base: format!("http://127.0.0.1:{port}") }
    }

    /// Raises alerts, as Prometheus does.
    pub async fn raise(&self, alerts: &[Value]) {
        let url = format!("{}/api/v2/alerts", self.base);
        let answer = ns8_backup_monitor::http::client().post(url).json(alerts).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

impl Alertmanager {
    /// Silences all alerts with a label, for an hour.
    pub async fn silence(&self, label: &str, value: &str) {
        let now = jiff::Timestamp::now();
        let silence = json!({
            "matchers": [{"name": label, "value": value, "isRegex": false, "isEqual": true}],
            "startsAt": now.to_string(), "endsAt": (now + jiff::SignedDuration::from_hours(1)).to_string(),
            "createdBy": "test", "comment": "test",
        });
        let url = format!("{}/api/v2/silences", self.base);
        let answer = ns8_backup_monitor::http::client().post(url).json(&silence).send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.text().await.unwrap());
    }
}

/// NS8's alert about a plan, as its rule in ns8-metrics makes it.
pub fn backup_failed(id: &str, name: &str, node: &str) -> Value {
    json!({
        "labels": {
            "alertname": "BackupFailed", "id": id, "name": name, "node": node, "severity": "critical",
            "service": "backup", "instance": "10.5.4.1:9100", "job": "providers", "target_type": "node",
        },
        "annotations": {
            "summary_en": format!("Backup job {name} (ID: {id}) has failed."),
            "summary_it": format!("Backup {name} (ID: {id}) fallito."),
        },
        "generatorURL": "http://leader.example.org:9091/graph?g0.expr=node_backup_status+%3D%3D+0&g0.tab=1",
    })
}

/// An alert of another kind.
pub fn disk_space_low() -> Value {
    json!({"labels": {"alertname": "DiskSpaceLow", "node": "1", "service": "storage", "severity": "warning"}})
}
