// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! English words for causes.

use super::English;
use crate::{
    cause::Cause,
    notifier::phrases::causes::{CauseFacts, CausePhrases, LockFacts, StepFacts},
};

impl CausePhrases for English {
    fn cause_clause(&self, cause: Cause, many: bool) -> Option<&'static str> {
        Some(match (cause, many) {
            (Cause::StorageUnreachable, _) => "storage is unreachable",
            (Cause::AccessDenied, _) => "storage denies access",
            (Cause::StorageFull, _) => "storage is full",
            (Cause::LockedLive, false) => "repository is locked",
            (Cause::LockedLive, true) => "repositories are locked",
            (Cause::LockedStale, false) => "stale lock on the repository",
            (Cause::LockedStale, true) => "stale locks on the repositories",
            (Cause::WrongPassword, false) => "repository has another password",
            (Cause::WrongPassword, true) => "repositories have another password",
            (Cause::RepositoryMissing, false) => "repository is missing",
            (Cause::RepositoryMissing, true) => "repositories are missing",
            (Cause::RepositoryDamaged, false) => "repository is damaged",
            (Cause::RepositoryDamaged, true) => "repositories are damaged",
            (Cause::DumpFailed, _) => "could not dump its data",
            (Cause::FilesUnreadable, _) => "files could not be read",
            (Cause::DiskFull, _) => "the node's disk is full",
            (Cause::Killed, _) => "the backup was killed",
            (Cause::Interrupted, _) => "interrupted by a restart",
            (Cause::RetentionFailed, _) => "data saved, old snapshots not removed",
            (Cause::StatisticsFailed, _) => "data saved, statistics not readable",
            (Cause::CleanupFailed, _) => "data saved, cleanup failed",
            (Cause::AlreadyRunning, _) => "its backup was already running",
            (Cause::NoDestination, _) => "no destination",
            (Cause::Unknown, _) => return None,
        })
    }

    fn cause_sentence(&self, cause: Cause, facts: &CauseFacts) -> String {
        let destination = facts.destination.unwrap_or("The destination");
        let many = facts.applications > 1;
        let repository = if many { "The repositories" } else { "The repository" };
        let (is, has) = if many { ("are", "have") } else { ("is", "has") };
        match cause {
            Cause::StorageUnreachable => format!("{destination} is unreachable or returns errors."),
            Cause::AccessDenied => format!("{destination} denies access."),
            Cause::StorageFull => format!("{destination} is full or over its quota."),
            Cause::LockedLive => {
                format!("{repository} {is} locked{}: a backup may still be running.", lock(facts.lock))
            }
            Cause::LockedStale => {
                format!(
                    "{repository} {is} locked{}: an interrupted backup left the lock behind.",
                    lock(facts.lock)
                )
            }
            Cause::WrongPassword => {
                let of = facts.destination.unwrap_or("the destination");
                format!("{repository} {has} a password other than that of {of}.")
            }
            Cause::RepositoryMissing => {
                let at = facts.destination.unwrap_or("the destination");
                format!("{repository} {is} not at {at}.")
            }
            Cause::RepositoryDamaged => format!("{repository} {is} damaged."),
            Cause::DumpFailed if many => {
                "The applications could not dump their data, so nothing was saved.".into()
            }
            Cause::DumpFailed => "The application could not dump its data, so nothing was saved.".into(),
            Cause::FilesUnreadable => "Some files could not be read.".into(),
            Cause::DiskFull => match facts.node {
                Some(node) => format!("The disk of {node} is full."),
                None => "The disk of the node is full.".into(),
            },
            Cause::Killed => "The backup was killed, for example because memory ran out.".into(),
            Cause::Interrupted => "A restart or shutdown interrupted the backup.".into(),
            Cause::RetentionFailed => "The data was saved. Only the removal of old snapshots failed.".into(),
            Cause::StatisticsFailed => "The data was saved. Only its statistics could not be read.".into(),
            Cause::CleanupFailed => {
                "The data was saved. Only the application's cleanup afterwards failed.".into()
            }
            Cause::AlreadyRunning => "It never got its turn, because its backup was already running.".into(),
            Cause::NoDestination => "The plan has no destination that the cluster knows.".into(),
            Cause::Unknown => "The cause is not known.".into(),
        }
    }

    fn cause_step(&self, cause: Cause, facts: &StepFacts) -> String {
        let StepFacts { applications, count, node, .. } = *facts;
        let destination = facts.destination.unwrap_or("the destination");
        let (repository, its) = if count > 1 { ("repositories", "their") } else { ("repository", "its") };
        match cause {
            Cause::StorageUnreachable => format!(
                "Check that {destination} is up, can be reached and has free space: provider, network, name resolution. The \
                 rclone gateway logs its errors, on {node}:"
            ),
            Cause::AccessDenied => format!(
                "Check with the provider that the access key for {destination} is valid and may write, then enter the \
                 current one in cluster-admin."
            ),
            Cause::StorageFull => format!(
                "Make room at {destination}: raise its quota, or delete what is not a backup. Never delete files of a \
                 repository by hand."
            ),
            Cause::LockedLive => format!(
                "Wait until any backup of {applications} has ended: a lock older than 30 minutes is dead, and plain \
                 unlock then removes it. These commands remove it sooner, and can damage a backup that is running: make sure \
                 that there is none. On {node}:"
            ),
            Cause::LockedStale => format!("Remove the stale lock of {applications}. On {node}:"),
            Cause::WrongPassword => format!(
                "Another password than that of {destination} opens the {repository} of {applications}. This happens when a \
                 destination is removed and added again. To reach the earlier snapshots, add it with its earlier password."
            ),
            Cause::RepositoryMissing => format!(
                "If {applications} has never been backed up to {destination}, the next run creates the {repository}. \
                 Otherwise, find out what was moved or deleted there."
            ),
            Cause::RepositoryDamaged => format!(
                "Check the {repository} of {applications}. Do not delete anything: older snapshots may still be good. \
                 On {node}:"
            ),
            Cause::DumpFailed => {
                format!(
                    "Check that {applications} and {its} database work; the log says what failed. On {node}:"
                )
            }
            Cause::FilesUnreadable => {
                format!(
                    "Check the files of {applications} that the log names: permissions, file system. On {node}:"
                )
            }
            Cause::DiskFull => format!("Free disk space on {node}:"),
            Cause::Killed => format!("Find out what killed the backup. On {node}:"),
            Cause::Interrupted => format!(
                "If updates or reboots of {node} fall into the time of the backup, move one of the two. Last boots:"
            ),
            Cause::RetentionFailed => format!(
                "The next run tries again to remove old snapshots. If it fails again, check {destination} for free \
                 space and permission to delete."
            ),
            Cause::StatisticsFailed => "Nothing is lost. If it happens again, check the log.".into(),
            Cause::CleanupFailed => {
                format!("Check that {applications} works as usual; the log says what failed. On {node}:")
            }
            Cause::AlreadyRunning => {
                format!("Check whether a backup of {applications} is still running, or hangs. On {node}:")
            }
            Cause::NoDestination => "In cluster-admin, set an existing destination for the plan.".into(),
            Cause::Unknown => format!("Check the log of the backup of {applications}. On {node}:"),
        }
    }
}

/// ` by node1 (lock 3 h old)`
fn lock(lock: Option<LockFacts>) -> String {
    let Some(lock) = lock else { return String::new() };
    let by = lock.host.map(|host| format!(" by {host}")).unwrap_or_default();
    let age = lock.age.map(|age| format!(" (lock {age} old)")).unwrap_or_default();
    format!("{by}{age}")
}
