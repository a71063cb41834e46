// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A real Prometheus with NS8's rule, and the node exporter whose textfile collector holds `node_backup_status`.

use std::{path::PathBuf, process::Command};

use tempfile::TempDir;

use super::process::{Process, free_port};

pub struct Prometheus {
    _exporter: Process,
    _prometheus: Process,
    dir: TempDir,
}

/// The expression and labels of ns8-metrics' rule, as `ns8-facts.md` gives them.
const RULE: &str = r#"
groups:
- name: backup
  rules:
  - alert: BackupFailed
    expr: node_backup_status == 0
    for: 0m
    labels: {severity: critical, service: backup}
    annotations:
      summary_en: 'Backup job {{ $labels.name }} (ID: {{ $labels.id }}) has failed.'
      summary_it: 'Backup {{ $labels.name }} (ID: {{ $labels.id }}) fallito.'
"#;

impl Prometheus {
    /// Starts it; it raises its alerts at `alertmanager`, an address such as `127.0.0.1:9093`.
    pub async fn start(alertmanager: &str) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let textfiles = dir.path().join("textfiles");
        std::fs::create_dir(&textfiles).unwrap();
        let exporter_port = free_port();
        let mut exporter = Command::new("prometheus-node-exporter");
        exporter
            .arg("--collector.disable-defaults")
            .arg("--collector.textfile")
            .arg(format!("--collector.textfile.directory={}", textfiles.display()))
            .arg(format!("--web.listen-address=127.0.0.1:{exporter_port}"));
        let mut exporter = Process::start(&mut exporter, &dir.path().join("exporter.log"));
        exporter.listens("the node exporter", exporter_port).await;

        let config = format!(
            "global: {{scrape_interval: 1s, evaluation_interval: 1s}}
rule_files: [rules.yml]
alerting: {{alertmanagers: [{{static_configs: [{{targets: ['{alertmanager}']}}]}}]}}
scrape_configs:
- job_name: providers
  static_configs: [{{targets: ['127.0.0.1:{exporter_port}'], labels: {{node: '1', target_type: node}}}}]
"
        );
        std::fs::write(dir.path().join("prometheus.yml"), config).unwrap();
        std::fs::write(dir.path().join("rules.yml"), RULE).unwrap();
        let port = free_port();
        let mut prometheus = Command::new("prometheus");
        prometheus
            .arg(format!("--config.file={}", dir.path().join("prometheus.yml").display()))
            .arg(format!("--storage.tsdb.path={}", dir.path().join("data").display()))
            .arg(format!("--web.listen-address=127.0.0.1:{port}"));
        let mut prometheus = Process::start(&mut prometheus, &dir.path().join("prometheus.log"));
        prometheus.listens("Prometheus", port).await;
        Self { _exporter: exporter, _prometheus: prometheus, dir }
    }

    /// Writes the metric as `run-backup` does: 0 at the first failure.
    pub fn write_backup_status(&self, id: &str, name: &str, value: u8) {
        let path: PathBuf = self.dir.path().join("textfiles/backup_status.prom");
        let metric = format!(
            "# TYPE node_backup_status gauge\nnode_backup_status{{id=\"{id}\",name=\"{name}\"}} {value}\n"
        );
        // The collector must not find half a file.
        let half = path.with_extension("half");
        std::fs::write(&half, metric).unwrap();
        std::fs::rename(half, path).unwrap();
    }
}
