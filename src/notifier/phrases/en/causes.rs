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
            (Cause::DumpFailed, false) => "could not dump its data",
            (Cause::DumpFailed, true) => "could not dump their data",
            (Cause::FilesUnreadable, _) => "files could not be read",
            (Cause::DiskFull, _) => "a file system of the node is full",
            (Cause::Killed, _) => "the backup was killed",
            (Cause::Interrupted, _) => "stopped before it ended",
            (Cause::RetentionFailed, _) => "data saved, old snapshots not removed",
            (Cause::StatisticsFailed, _) => "data saved, statistics not readable",
            (Cause::CleanupFailed, _) => "data saved, cleanup failed",
            (Cause::AlreadyRunning, _) => "another backup was still running",
            (Cause::NoDestination, _) => "no destination",
            (Cause::Unknown, _) => return None,
        })
    }

    fn cause_sentence(&self, cause: Cause, facts: &CauseFacts) -> String {
        let destination = facts.destination.unwrap_or("The destination");
        let of_destination = facts.destination.unwrap_or("the destination");
        let many = facts.applications > 1;
        let repository = if many { "The repositories" } else { "The repository" };
        let (is, was) = if many { ("are", "were") } else { ("is", "was") };
        match cause {
            Cause::StorageUnreachable => format!("{destination} is unreachable or returns errors."),
            Cause::AccessDenied => format!("{destination} denies access."),
            Cause::StorageFull => format!("{destination} is full or over its quota."),
            Cause::LockedLive => format!(
                "{repository} {is} locked{}: a backup, or another restic process, may still be running.",
                lock(facts.lock)
            ),
            Cause::LockedStale => format!(
                "{repository} {is} locked{}: a restic process that was interrupted left the lock behind.",
                lock(facts.lock)
            ),
            Cause::WrongPassword => {
                format!(
                    "{repository} {was} created with a password other than the current one of {of_destination}."
                )
            }
            Cause::RepositoryMissing if many => format!("{destination} has no repositories of them."),
            Cause::RepositoryMissing => format!("{destination} has no repository of it."),
            Cause::RepositoryDamaged => format!("{repository} {is} damaged."),
            Cause::DumpFailed if many => {
                "The applications could not dump their data, so nothing was saved.".into()
            }
            Cause::DumpFailed => "The application could not dump its data, so nothing was saved.".into(),
            Cause::FilesUnreadable => {
                "Some files could not be read and are missing from the snapshot.".into()
            }
            Cause::DiskFull => match facts.node {
                Some(node) => format!("A file system on {node} is full or over its quota."),
                None => "A file system on the node is full or over its quota.".into(),
            },
            Cause::Killed => {
                "The backup was killed (SIGKILL), often because the node ran out of memory.".into()
            }
            Cause::Interrupted => {
                "The backup was stopped (SIGTERM), for example by an update, a restart or a shutdown.".into()
            }
            Cause::RetentionFailed if facts.lock.is_some() => format!(
                "The data was saved. Only old snapshots could not be removed, as {} {is} locked{}.",
                repository.to_lowercase(),
                lock(facts.lock)
            ),
            Cause::RetentionFailed => "The data was saved. Only old snapshots could not be removed.".into(),
            Cause::StatisticsFailed => "The data was saved. Only its statistics could not be read.".into(),
            Cause::CleanupFailed => {
                "The data was saved. Only the application's cleanup afterwards failed.".into()
            }
            Cause::AlreadyRunning => {
                "Skipped: another backup of the same application was still running.".into()
            }
            Cause::NoDestination => "The plan has no destination that the cluster knows.".into(),
            Cause::Unknown => "The cause is not known.".into(),
        }
    }

    fn remove_live_lock(&self) -> &'static str {
        "Only if nothing uses the repository and it can't wait: the same with unlock --remove-all."
    }

    fn found_afterwards(&self) -> &'static str {
        "That was found by the check afterwards: there are no lines of the run itself."
    }

    fn cause_step(&self, cause: Cause, facts: &StepFacts) -> String {
        let StepFacts { applications, count, .. } = *facts;
        let destination = facts.destination.unwrap_or("the destination");
        let node = facts.node.unwrap_or("the applications' nodes");
        let many = count > 1;
        let (repository, is) = if many { ("repositories", "are") } else { ("repository", "is") };
        match cause {
            Cause::StorageUnreachable => format!(
                "Check that {destination} is up, can be reached and has free space: provider, network, name resolution. \
                 The rclone gateway logs its errors, on {node}:"
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
                "Wait until no backup of {applications} is running, as the first command shows on the host that made the \
                 lock. A lock that has not been renewed for 30 minutes is dead, and unlock removes it. On {node}:"
            ),
            Cause::LockedStale => format!("Remove the stale lock of {applications}. On {node}:"),
            Cause::WrongPassword => format!(
                "This happens when a destination is removed and added again. Find the earlier password, and note the \
                 current one. Don't remove {destination} now: that would delete its plans and the current password, \
                 which newer repositories need."
            ),
            Cause::RepositoryMissing => format!(
                "If this was the first backup of {applications} to {destination}, creating the {repository} failed: see \
                 the log. Otherwise disable the plan, as its next run would create an empty repository, and find out \
                 what was moved or deleted there."
            ),
            Cause::RepositoryDamaged => format!(
                "Take {applications} out of the plan until the {repository} {is} repaired: a run that succeeds also \
                 deletes old snapshots, which may still be good. Then check what is damaged (the structure; with \
                 --read-data, all data). On {node}:"
            ),
            Cause::DumpFailed => format!(
                "Check that {applications} and {} work; the log says what failed. On {node}:",
                if many { "their databases" } else { "its database" }
            ),
            Cause::FilesUnreadable => {
                format!(
                    "Check the files of {applications} that the log names: permissions, file system. On {node}:"
                )
            }
            Cause::DiskFull => format!("Free disk space on {node}:"),
            Cause::Killed => format!("See whether the kernel ran out of memory. On {node}:"),
            Cause::Interrupted => format!(
                "Find out what stopped it: updates (on the leader) or a reboot of {node}. If it was one of them, move it \
                 or the backup to another time."
            ),
            Cause::RetentionFailed if facts.has_dead_lock => format!(
                "Remove the stale lock of {applications}: it will keep old snapshots from being removed at each run. On \
                 {node}:"
            ),
            Cause::RetentionFailed => format!(
                "The next run tries again to remove old snapshots. If it fails again, the log says why; {destination} \
                 may not allow deleting. On {node}:"
            ),
            Cause::StatisticsFailed => {
                format!(
                    "The backup of {applications} itself is not affected. If it happens again, check the log. On {node}:"
                )
            }
            Cause::CleanupFailed => format!(
                "Check that {applications} {} as usual; the log says what failed. On {node}:",
                if many { "work" } else { "works" }
            ),
            Cause::AlreadyRunning => {
                format!("Check whether a backup of {applications} is still running, or hangs. On {node}:")
            }
            Cause::NoDestination => "In cluster-admin, set an existing destination for the plan.".into(),
            Cause::Unknown => format!("Check the log of the backup of {applications}. On {node}:"),
        }
    }
}

/// ` by the host “node1” (lock 3 h old)`
fn lock(lock: Option<LockFacts>) -> String {
    let Some(lock) = lock else { return String::new() };
    let by = lock.host.map(|host| format!(" by the host “{host}”")).unwrap_or_default();
    let age = lock.age.map(|age| format!(" (lock {age} old)")).unwrap_or_default();
    format!("{by}{age}")
}
