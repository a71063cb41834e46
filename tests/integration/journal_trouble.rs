// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A journal that can't be written: Alertmanager is told to come again, and nothing is overwritten.

use std::{fs, os::unix::fs::PermissionsExt, process::Command};

use reqwest::StatusCode;

use crate::support::{eventually, sample::webhook, service::Settings};

#[tokio::test]
async fn a_damaged_journal_is_not_touched_and_alertmanager_told_to_come_again() {
    let settings = Settings::new();
    let path = settings.state_dir().join("journal.sqlite");
    fs::create_dir_all(settings.state_dir()).unwrap();
    fs::write(&path, "this is not a database at all".repeat(100)).unwrap();
    let before = fs::read(&path).unwrap();
    let service = settings.start().await;
    let (status, answer) = service.post_alert(webhook()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer["error"].as_str().unwrap().contains("damaged"), "{answer}");
    let (_, ready) = service.get("/readyz").await;
    assert!(ready["reasons"].to_string().contains("damaged"), "{ready}");
    assert_eq!(service.get("/").await.0, StatusCode::OK, "the page says what is wrong");
    assert_eq!(fs::read(&path).unwrap(), before);

    // Once the file is out of the way, the service goes on without a restart.
    fs::rename(&path, settings.state_dir().join("damaged.sqlite")).unwrap();
    eventually("an accepted alert", || async {
        (service.post_alert(webhook()).await.0 == StatusCode::OK).then_some(())
    })
    .await;
}

#[tokio::test]
async fn a_journal_of_a_newer_version_is_left_alone() {
    let settings = Settings::new();
    let service = settings.start().await;
    service.alert(webhook()).await;
    service.stop().await;
    let path = settings.state_dir().join("journal.sqlite");
    let journal = rusqlite::Connection::open(&path).unwrap();
    journal.execute_batch("PRAGMA user_version = 1000").unwrap();
    drop(journal);
    let before = fs::read(&path).unwrap();
    let service = settings.start().await;
    let (status, answer) = service.post_alert(webhook()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer["error"].as_str().unwrap().contains("version 1000"), "{answer}");
    assert_eq!(fs::read(&path).unwrap(), before);
}

#[tokio::test]
async fn a_second_service_on_the_same_journal_takes_nothing() {
    let settings = Settings::new();
    let first = settings.start().await;
    first.alert(webhook()).await;
    let second = settings.start().await;
    let (status, answer) = second.post_alert(webhook()).await;
    assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE);
    assert!(answer["error"].as_str().unwrap().contains("in use"), "{answer}");
}

/// A small file system of its own, to be filled. Not every machine lets a test mount one.
struct SmallDisk {
    dir: tempfile::TempDir,
}

impl SmallDisk {
    fn mount() -> Option<Self> {
        let dir = tempfile::tempdir().unwrap();
        let mut command = Command::new("mount");
        command.args(["-t", "tmpfs", "-o", "size=1m", "tmpfs"]).arg(dir.path());
        let mounted = command.output().is_ok_and(|output| output.status.success());
        mounted.then_some(Self { dir })
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(self.dir.path()).output();
    }
}

#[tokio::test]
async fn a_full_disk_refuses_alerts_until_there_is_space() {
    let Some(disk) = SmallDisk::mount() else {
        // The journal's own tests fill it to SQLite's limit, which ends in the same error.
        eprintln!("this machine does not let a test mount a file system; skipped");
        return;
    };
    let mut settings = Settings::new();
    settings.set("STATE_DIR", disk.dir.path().join("state").display());
    let service = settings.start().await;
    service.alert(webhook()).await;
    let filler = disk.dir.path().join("filler");
    // dd ends in an error when the disk is full, as it should.
    let _ =
        Command::new("dd").args(["if=/dev/zero", "bs=1k"]).arg(format!("of={}", filler.display())).output();
    let answer = eventually("a refused alert", || async {
        let alert = crate::support::sample::webhook_for(&"x".repeat(60), "a plan whose alert needs space");
        let (status, answer) = service.post_alert(alert).await;
        (status == StatusCode::SERVICE_UNAVAILABLE).then_some(answer)
    })
    .await;
    assert!(answer["error"].as_str().unwrap().contains("full"), "{answer}");
    let (_, ready) = service.get("/readyz").await;
    assert!(ready["reasons"].to_string().contains("full"), "{ready}");

    fs::remove_file(filler).unwrap();
    eventually("an accepted alert", || async {
        (service.post_alert(webhook()).await.0 == StatusCode::OK).then_some(())
    })
    .await;
    let status = service.get_json("/api/status").await;
    assert_eq!(status["jobs"].as_array().unwrap().len(), 1, "what was accepted before is still there");
}

#[tokio::test]
async fn nobody_else_may_read_the_journal() {
    let settings = Settings::new();
    let service = settings.start().await;
    service.alert(webhook()).await;
    let mode = fs::metadata(settings.state_dir()).unwrap().permissions().mode();
    assert_eq!(mode & 0o777, 0o700);
}
