// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Why an application's backup failed, as a value with its evidence. Pure.
//!
//! [`words`] knows what restic, rclone and storages say, [`locks`] how old a lock is. [`diagnose`](crate::diagnose) finds the cause.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod locks;
pub mod words;

use std::fmt;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// Why the backup of an application failed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cause {
    /// The destination does not answer, or answers with an error of its own (5xx).
    StorageUnreachable,
    /// The destination denies access: 401, 403, a revoked key, an expired secret.
    AccessDenied,
    /// The destination is full, or over its quota.
    StorageFull,
    /// Another restic process that is alive holds a lock on the repository, or one that can't be told from a live one yet.
    LockedLive,
    /// An interrupted restic left a lock behind. A live one refreshes its lock every five minutes, so that one that is older than 30
    /// minutes is dead (restic's `lock.go`).
    LockedStale,
    /// The repository has another password than the destination.
    WrongPassword,
    /// There is no repository at its place.
    RepositoryMissing,
    /// The repository's data are damaged.
    RepositoryDamaged,
    /// The application's own dump failed (`module-dump-state`).
    DumpFailed,
    /// Some of the application's files could not be read.
    FilesUnreadable,
    /// The node's disk is full.
    DiskFull,
    /// The backup was killed: out of memory, or by SIGKILL.
    Killed,
    /// A restart or shutdown of the service or node ended the backup (SIGTERM).
    Interrupted,
    /// The data were saved; only the removal of old snapshots failed.
    RetentionFailed,
    /// The data were saved; only the statistics could not be read.
    StatisticsFailed,
    /// The data were saved; only what the application does afterwards failed (`module-cleanup-state`).
    CleanupFailed,
    /// It never got its turn, as its backup was already running.
    AlreadyRunning,
    /// The plan has no destination that the cluster knows.
    NoDestination,
    /// Nothing that was found out says why.
    Unknown,
}

impl Cause {
    /// All causes.
    pub const ALL: [Cause; 19] = [
        Cause::StorageUnreachable,
        Cause::AccessDenied,
        Cause::StorageFull,
        Cause::LockedLive,
        Cause::LockedStale,
        Cause::WrongPassword,
        Cause::RepositoryMissing,
        Cause::RepositoryDamaged,
        Cause::DumpFailed,
        Cause::FilesUnreadable,
        Cause::DiskFull,
        Cause::Killed,
        Cause::Interrupted,
        Cause::RetentionFailed,
        Cause::StatisticsFailed,
        Cause::CleanupFailed,
        Cause::AlreadyRunning,
        Cause::NoDestination,
        Cause::Unknown,
    ];

    /// Its code, in the API and on the pages.
    pub const fn as_str(self) -> &'static str {
        match self {
            Cause::StorageUnreachable => "storage-unreachable",
            Cause::AccessDenied => "access-denied",
            Cause::StorageFull => "storage-full",
            Cause::LockedLive => "locked-live",
            Cause::LockedStale => "locked-stale",
            Cause::WrongPassword => "wrong-password",
            Cause::RepositoryMissing => "repository-missing",
            Cause::RepositoryDamaged => "repository-damaged",
            Cause::DumpFailed => "dump-failed",
            Cause::FilesUnreadable => "files-unreadable",
            Cause::DiskFull => "disk-full",
            Cause::Killed => "killed",
            Cause::Interrupted => "interrupted",
            Cause::RetentionFailed => "retention-failed",
            Cause::StatisticsFailed => "statistics-failed",
            Cause::CleanupFailed => "cleanup-failed",
            Cause::AlreadyRunning => "already-running",
            Cause::NoDestination => "no-destination",
            Cause::Unknown => "unknown",
        }
    }

    /// True when the storage is at fault: it is away, denies access, is full or damaged. A lock, a password or a missing repository is not.
    pub const fn blames_storage(self) -> bool {
        matches!(
            self,
            Cause::StorageUnreachable | Cause::AccessDenied | Cause::StorageFull | Cause::RepositoryDamaged
        )
    }

    /// True for what a check of the storage and its repositories can find.
    pub const fn is_of_storage(self) -> bool {
        self.blames_storage()
            || matches!(
                self,
                Cause::LockedLive | Cause::LockedStale | Cause::WrongPassword | Cause::RepositoryMissing
            )
    }

    /// True when this run's data were saved all the same.
    pub const fn saved_data(self) -> bool {
        matches!(self, Cause::RetentionFailed | Cause::StatisticsFailed | Cause::CleanupFailed)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.as_str())
    }
}

/// A cause with what shows it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnosis {
    /// Why it failed.
    pub cause: Cause,
    /// The telling lines, most telling first, at most eight: of the run's log, else restic's message. Cleaned, secrets struck out.
    #[serde(default)]
    pub evidence: Vec<String>,
    /// The lock on the repository, where that is the cause.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock: Option<Lock>,
}

/// A lock on a repository, as restic describes it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Lock {
    /// The host that made it. In NS8, the node's host name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub host: Option<String>,
    /// The process on it. 1 for a restic in a container, so that it says nothing about whether it is alive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pid: Option<u32>,
    /// When it was made or last refreshed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_at: Option<Timestamp>,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cause_has_its_code_in_json() {
        for cause in Cause::ALL {
            assert_eq!(serde_json::to_value(cause).unwrap(), cause.as_str());
        }
    }
}
