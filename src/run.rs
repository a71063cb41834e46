// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! One run of one application.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

/// The longest that a run is believed to have taken. Whatever is longer has a wrong start.
const LONGEST_RUN: Duration = Duration::from_secs(7 * 86_400);
/// A backup that takes longer than this is slow, and is given twice as long as the last time before it counts as late, whatever the settle
/// time or the grace.
pub const SLOW_BACKUP: Duration = Duration::from_secs(15 * 60);

/// The result of one run of one application.
///
/// The figures come from `restic stats latest` after the run (ns8-core, `node/bin/run-backup`): when the run failed, they
/// are those of an older snapshot, or zero when restic could not be asked.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Run {
    /// When it began. The hand-made layout does not know.
    pub start: Option<Timestamp>,
    /// When it ended.
    pub end: Timestamp,
    /// How many of its steps failed; 0 is a success.
    pub errors: u64,
    /// Bytes in the latest snapshot.
    pub size: Option<u64>,
    /// Files in the latest snapshot.
    pub files: Option<u64>,
    /// What failed, in words. Only the hand-made layout has it.
    pub error: Option<String>,
}

impl Run {
    /// True when nothing failed (`success = errors == 0`, ns8-core's `list-backups`).
    pub fn is_ok(&self) -> bool {
        self.errors == 0
    }

    /// How long it took. None when its start is not known, lies after its end, or is no start of a backup.
    pub fn duration(&self) -> Option<Duration> {
        let duration = self.end.duration_since(self.start?).try_into().ok()?;
        (duration <= LONGEST_RUN).then_some(duration)
    }
}
