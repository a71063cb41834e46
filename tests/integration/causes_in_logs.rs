// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The cause that the run's own lines make, printed by a real restic that really fails as it does in a backup.

use std::{path::Path, process::Command};

use jiff::{SignedDuration, Timestamp};
use ns8_backup_monitor::{
    logs::findings::{ApplicationLog, LogLine, LogReport, Starter},
    report::Report,
};
use serde_json::Value;

use crate::{
    causes::{application, report},
    support::{
        gateway::Gateway,
        process::free_port,
        redis::Redis,
        repositories::{PASSWORD, Repositories, restic},
        sample::write_partial_night,
        service::Settings,
    },
};

/// The lines that a command prints.
fn lines_of(command: &mut Command) -> Vec<String> {
    let output = command.output().unwrap();
    let printed = [output.stdout, output.stderr].concat();
    String::from_utf8_lossy(&printed).lines().map(str::to_owned).collect()
}

/// What the report says of mail1, whose backup failed and printed these lines: as in JSON.
async fn diagnosis(printed: Vec<String>) -> Value {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    let report: Report = serde_json::from_value(report(&settings).await).unwrap();
    let at = Timestamp::now() - SignedDuration::from_secs(1);
    let lines = printed.into_iter().map(|text| LogLine { at, text }).collect();
    let application_log = ApplicationLog {
        plan: serde_json::from_value("1".into()).unwrap(),
        module: serde_json::from_value("mail1".into()).unwrap(),
        started_by: Some(Starter::Timer),
        lines,
    };
    let logs = LogReport { applications: vec![application_log], ..LogReport::default() };
    let Report { id, created_at, cluster, alerts, correlation, repos, .. } = report;
    let report = Report::new(id, created_at, cluster, alerts, correlation, Some(logs), repos);
    let report = serde_json::to_value(report).unwrap();
    application(&report, "mail1").clone()
}

fn step_failed(step: &str, code: i32) -> String {
    format!("[ERROR] {step}: Command '['podman', 'run']' returned non-zero exit status {code}.")
}

/// Runs commands in a mount namespace of their own, where `dir` is a disk of a megabyte.
fn on_a_small_disk(dir: &Path, script: &str) -> Command {
    let mount = format!(
        "mount -t tmpfs -o size=1m tmpfs '{}' && {{ {script}
}}",
        dir.display()
    );
    let mut command = Command::new("unshare");
    command.args(["--map-root-user", "--mount", "sh", "-c", &mount]).env("RESTIC_PASSWORD", PASSWORD);
    command
}

/// Backs up more than there is room for behind rclone, until restic has tried again for a while. Gives restic's lines and rclone's.
fn fill_a_small_disk() -> (Vec<String>, Vec<String>) {
    let dir = tempfile::tempdir().unwrap();
    let (disk, data, log) = (dir.path().join("disk"), dir.path().join("data"), dir.path().join("rclone.log"));
    std::fs::create_dir(&disk).unwrap();
    let port = free_port();
    let script = format!(
        "head -c 20000000 /dev/urandom >'{data}'
         rclone serve restic --addr 127.0.0.1:{port} '{disk}' >'{log}' 2>&1 &
         rclone=$!
         tries=0
         until restic --no-cache -q -r rest:http://127.0.0.1:{port}/mail/ init 2>/dev/null; do
             tries=$((tries + 1))
             [ $tries -lt 100 ] || break
             sleep 0.1
         done
         timeout -k 5 -s INT 15 restic --no-cache -r rest:http://127.0.0.1:{port}/mail/ backup '{data}' 2>&1
         kill $rclone",
        data = data.display(),
        disk = disk.display(),
        log = log.display(),
    );
    let of_restic = lines_of(&mut on_a_small_disk(&disk, &script));
    let of_rclone = std::fs::read_to_string(&log).unwrap().lines().map(str::to_owned).collect();
    (of_restic, of_rclone)
}

/// rclone makes a 500 of a full disk: only its own lines, in the gateway's journal, say what it is.
#[tokio::test]
async fn a_destination_without_room_is_full_where_the_gateways_lines_say_so() {
    let (mut of_restic, of_rclone) = fill_a_small_disk();
    of_restic.push(step_failed("restic backup failed", 1));
    let shown = [&of_restic[..], &of_rclone[..]].concat().join("\n");
    assert!(shown.contains("500 Internal Server Error"), "{shown}");
    let of_all = diagnosis([of_rclone, of_restic.clone()].concat()).await;
    assert_eq!(of_all["cause"], "storage-full", "{of_all}\n{shown}");
    assert_eq!(diagnosis(of_restic).await["cause"], "storage-unreachable");
}

/// NethServer/dev#8164: core runs `restic init` where `restic snapshots` failed for a passing error of the storage.
#[tokio::test]
async fn a_config_file_that_already_exists_is_a_consequence() {
    let repositories = Repositories::new();
    repositories.make("mail1", PASSWORD, 1, 1000);
    let mut gateway = Gateway::start(repositories.path()).await;
    gateway.stop_backend();
    let away = format!("rest:{}/x/", gateway.url());
    let mut snapshots = Command::new("timeout");
    snapshots.args(["-s", "INT", "5", "restic", "--no-cache", "-r", &away, "snapshots"]);
    let mut printed = lines_of(snapshots.env("RESTIC_PASSWORD", PASSWORD));
    let repository = repositories.repository("mail1").display().to_string();
    printed.extend(lines_of(restic(&repository, PASSWORD).arg("init")));
    printed.push(step_failed("restic init failed", 1));
    let shown = printed.join("\n");
    assert!(shown.contains("config file already exists") && shown.contains("503"), "{shown}");
    let diagnosis = diagnosis(printed).await;
    assert_eq!(diagnosis["cause"], "storage-unreachable", "{diagnosis}\n{shown}");
    assert!(!diagnosis["evidence"].to_string().contains("already exists"), "{diagnosis}");
}

/// NethServer/dev#8077: a lock that an interrupted backup left stops every later retention, and no backup.
#[tokio::test]
async fn a_lock_that_stops_the_retention_has_not_kept_the_data_from_being_saved() {
    let repositories = Repositories::new();
    repositories.make("mail1", PASSWORD, 1, 1000);
    // Of a backup, which others may join; `forget --prune` wants to be alone.
    repositories.shared_lock("mail1", 180);
    let repository = repositories.repository("mail1").display().to_string();
    let mut printed = lines_of(restic(&repository, PASSWORD).args(["backup", "/etc/hostname"]));
    let forget = ["forget", "--keep-last", "1", "--prune"];
    printed.extend(lines_of(restic(&repository, PASSWORD).args(forget)));
    printed.push(step_failed("retention policy failed for mail/x", 11));
    let shown = printed.join("\n");
    let diagnosis = diagnosis(printed).await;
    assert_eq!(diagnosis["cause"], "retention-failed", "{diagnosis}\n{shown}");
    assert_eq!(diagnosis["lock"]["host"], "node1", "{diagnosis}\n{shown}");
    assert_eq!(diagnosis["lock"]["pid"], 1);
}

#[tokio::test]
async fn an_index_that_is_damaged_stops_the_backup() {
    let repositories = Repositories::new();
    repositories.make("mail1", PASSWORD, 2, 1000);
    let repository = repositories.repository("mail1").display().to_string();
    let index = repositories.repository("mail1").join("index");
    for entry in std::fs::read_dir(index).unwrap() {
        let path = entry.unwrap().path();
        std::fs::remove_file(&path).unwrap();
        std::fs::write(&path, vec![0xa5; 200]).unwrap();
    }
    let mut printed = lines_of(restic(&repository, PASSWORD).args(["backup", "/etc/hostname"]));
    printed.push(step_failed("restic backup failed", 1));
    let shown = printed.join("\n");
    let diagnosis = diagnosis(printed).await;
    assert_eq!(diagnosis["cause"], "repository-damaged", "{diagnosis}\n{shown}");
}
