// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Real restic repositories below a destination's directory: healthy, locked, with another password, damaged.

use std::{
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use super::{
    eventually,
    process::Process,
    project_file,
    sample::{DESTINATION, path_of},
};

/// The password of the cluster's destination.
pub const PASSWORD: &str = "the destination's password";

/// The directory of all destinations, which rclone serves.
pub struct Repositories {
    dir: tempfile::TempDir,
}

/// restic with this password, without a cache: a cache would answer for a damaged repository.
pub fn restic(repository: &str, password: &str) -> Command {
    let mut command = Command::new("restic");
    command.args(["--no-cache", "-r", repository]).env("RESTIC_PASSWORD", password);
    command
}

fn run(command: &mut Command) {
    let output = command.output().unwrap();
    assert!(output.status.success(), "{command:?}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Repositories {
    pub fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        std::fs::create_dir(dir.path().join(DESTINATION)).unwrap();
        Self { dir }
    }

    pub fn path(&self) -> &Path {
        self.dir.path()
    }

    /// Where a module's repository is, or would be.
    pub fn repository(&self, module: &str) -> PathBuf {
        self.dir.path().join(DESTINATION).join(path_of(module))
    }

    /// Makes a module's repository with so many snapshots of a file of `bytes`.
    pub fn make(&self, module: &str, password: &str, snapshots: usize, bytes: usize) {
        let repository = self.repository(module);
        std::fs::create_dir_all(&repository).unwrap();
        let repository = repository.display().to_string();
        run(restic(&repository, password).arg("init"));
        let source = self.dir.path().join(format!("{module}.data"));
        // Not compressible and not the same twice.
        let noise: Vec<u8> =
            (0..bytes).map(|index| (index.wrapping_mul(2_654_435_761) >> 7).to_le_bytes()[0]).collect();
        std::fs::write(&source, noise).unwrap();
        for _ in 0..snapshots {
            run(restic(&repository, password).arg("backup").arg(&source));
        }
    }

    /// Overwrites the repository's configuration, so that it can't be decrypted.
    pub fn damage(&self, module: &str) {
        let config = self.repository(module).join("config");
        let mut bytes = std::fs::read(&config).unwrap();
        bytes[20..40].fill(0xa5);
        // restic makes its files read-only.
        std::fs::remove_file(&config).unwrap();
        std::fs::write(&config, bytes).unwrap();
    }

    /// Overwrites what the repository's snapshots are listed from. restic then ends as if all were well.
    pub fn damage_snapshots(&self, module: &str) {
        for entry in std::fs::read_dir(self.repository(module).join("snapshots")).unwrap() {
            let path = entry.unwrap().path();
            let mut bytes = std::fs::read(&path).unwrap();
            bytes[20..40].fill(0xa5);
            std::fs::remove_file(&path).unwrap();
            std::fs::write(&path, bytes).unwrap();
        }
    }

    /// Leaves an exclusive lock in the repository that is so old, as a prune does that was killed.
    pub fn stale_lock(&self, module: &str, minutes: u32) {
        self.leave_lock(module, minutes, "exclusive");
    }

    /// Leaves a lock that lets backups through, as a backup does that was killed.
    pub fn shared_lock(&self, module: &str, minutes: u32) {
        self.leave_lock(module, minutes, "shared");
    }

    fn leave_lock(&self, module: &str, minutes: u32, kind: &str) {
        let mut command = Command::new("python3");
        command.arg(project_file("tests/integration/support/stale_lock.py"));
        command.arg(self.repository(module)).args([&minutes.to_string(), kind]);
        run(command.env("RESTIC_PASSWORD", PASSWORD));
    }

    /// Starts a restic that holds an exclusive lock on the repository for as long as the test runs.
    pub async fn lock(&self, module: &str, gateway: &str) -> Process {
        let url = format!("rest:{gateway}/{DESTINATION}/{}", path_of(module));
        let mut command = restic(&url, PASSWORD);
        // Reading everything at a KiB a second takes hours.
        command.args(["--limit-download", "1", "check", "--read-data"]);
        let child = command.stdout(Stdio::null()).stderr(Stdio::null()).spawn().unwrap();
        let process = Process::of(child);
        let locks = self.repository(module).join("locks");
        eventually("the lock of the live restic", || {
            let mut entries = std::fs::read_dir(&locks).unwrap();
            std::future::ready(entries.next())
        })
        .await
        .unwrap();
        process
    }
}
