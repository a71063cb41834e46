// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The backup of the cluster's own configuration, without which a lost cluster can't be rebuilt: it holds the passwords of all repositories.
//! Pure.
//!
//! The leader's `run-backup` uploads it before anything else. When that fails it says so in one line of the log and goes on; without a
//! passphrase there is none at all.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    coverage::gap::{Gap, GapFacts, GapKind},
    logs::findings::LogLine,
};

/// How it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ClusterBackupState {
    /// It was uploaded.
    Ok,
    /// That failed the last time.
    Failed,
    /// There is none, as no passphrase is set.
    NoPassword,
    /// Nobody has said anything of it.
    #[default]
    Unknown,
}

/// What is known of it; kept in the journal.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct ClusterBackup {
    /// How it is.
    pub state: ClusterBackupState,
    /// When it was uploaded or failed, or when the passphrase was looked for.
    pub at: Option<Timestamp>,
}

impl ClusterBackup {
    /// What is known at `now`, after it was asked whether there is a passphrase, and what the log says since the last time. None where one of
    /// them could not be asked.
    #[must_use]
    pub fn after(self, password_exists: Option<bool>, log: Option<&[LogLine]>, now: Timestamp) -> Self {
        if password_exists == Some(false) {
            return Self { state: ClusterBackupState::NoPassword, at: Some(now) };
        }
        let said = log.and_then(|lines| lines.iter().rev().find_map(said));
        match said {
            // The failures of before the passphrase are overcome.
            Some(said) if self.state != ClusterBackupState::NoPassword || said.at > self.at => said,
            _ if self.state == ClusterBackupState::NoPassword && password_exists == Some(true) => {
                Self { state: ClusterBackupState::Unknown, at: Some(now) }
            }
            _ => self,
        }
    }

    /// What is not protected.
    pub fn gap(self) -> Option<Gap> {
        let kind = match self.state {
            ClusterBackupState::Failed => GapKind::ClusterBackupFailed,
            ClusterBackupState::NoPassword => GapKind::ClusterBackupNoPassword,
            ClusterBackupState::Ok | ClusterBackupState::Unknown => return None,
        };
        let run_at = self.at.filter(|_| kind == GapKind::ClusterBackupFailed);
        Some(Gap { facts: GapFacts { run_at, ..GapFacts::default() }, ..Gap::new(kind) })
    }
}

/// What a line of `run-backup` says of it.
fn said(line: &LogLine) -> Option<ClusterBackup> {
    let is = |words: &str| line.text.contains(words);
    let state =
        if is("[ERROR] upload of cluster backup GPG file failed") || is("[ERROR] cluster-backup failed") {
            ClusterBackupState::Failed
        } else if is("Cluster backup uploaded as ") {
            ClusterBackupState::Ok
        } else {
            return None;
        };
    Some(ClusterBackup { state, at: Some(line.at) })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(hour: i64) -> Timestamp {
        Timestamp::from_second(1_795_500_000 + hour * 3600).unwrap()
    }

    const FAILED: &str =
        "[ERROR] upload of cluster backup GPG file failed: [Errno 2] No such file or directory";
    const UPLOADED: &str = "Cluster backup uploaded as 48ce000a/cluster-backup-1.json.gz.gpg";

    #[test]
    fn the_last_word_of_the_log_counts_and_no_passphrase_before_it() {
        use ClusterBackupState::{Failed, NoPassword, Ok, Unknown};
        // before, whether there is a passphrase, lines, after
        let cases: [(_, _, &[(i64, &str)], _); 12] = [
            ((Unknown, None), Some(true), &[], (Unknown, None)),
            ((Unknown, None), Some(false), &[(1, UPLOADED)], (NoPassword, Some(9))),
            ((Unknown, None), Some(true), &[(1, UPLOADED)], (Ok, Some(1))),
            (
                (Unknown, None),
                None,
                &[(1, FAILED), (2, "Trying to pull image"), (3, UPLOADED)],
                (Ok, Some(3)),
            ),
            ((Ok, Some(1)), Some(true), &[(3, "[ERROR] cluster-backup failed: x")], (Failed, Some(3))),
            // Nothing new.
            ((Ok, Some(1)), Some(true), &[], (Ok, Some(1))),
            ((Failed, Some(1)), None, &[], (Failed, Some(1))),
            // The passphrase was set at last.
            ((NoPassword, Some(5)), Some(true), &[], (Unknown, Some(9))),
            ((NoPassword, Some(5)), Some(true), &[(4, FAILED)], (Unknown, Some(9))),
            ((NoPassword, Some(5)), Some(true), &[(6, UPLOADED)], (Ok, Some(6))),
            ((NoPassword, Some(5)), None, &[], (NoPassword, Some(5))),
            ((Failed, Some(1)), Some(false), &[], (NoPassword, Some(9))),
        ];
        for ((before, since), password, lines, (state, expected_at)) in cases {
            let lines: Vec<LogLine> =
                lines.iter().map(|(hour, text)| LogLine { at: at(*hour), text: (*text).into() }).collect();
            let before = ClusterBackup { state: before, at: since.map(at) };
            let after = before.after(password, Some(&lines), at(9));
            let expected = ClusterBackup { state, at: expected_at.map(at) };
            assert_eq!(after, expected, "{before:?}, {password:?}, {lines:?}");
        }
        let failed = ClusterBackup { state: Failed, at: Some(at(1)) };
        assert_eq!(failed.after(None, None, at(9)), failed, "nobody could be asked");
    }

    #[test]
    fn a_cluster_without_it_is_a_gap() {
        let gap = |state| ClusterBackup { state, at: Some(at(1)) }.gap().map(|gap| gap.kind);
        assert_eq!(gap(ClusterBackupState::Ok), None);
        assert_eq!(gap(ClusterBackupState::Unknown), None);
        assert_eq!(gap(ClusterBackupState::Failed), Some(GapKind::ClusterBackupFailed));
        assert_eq!(gap(ClusterBackupState::NoPassword), Some(GapKind::ClusterBackupNoPassword));
    }
}
