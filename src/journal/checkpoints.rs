// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Marks: what the watchers keep over restarts, in JSON, each under a key of its own. Each function runs within one transaction.

use rusqlite::{Connection, params};

use super::rows;

/// A checkpoint to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// Its key, such as `run/1`.
    pub key: String,
    /// What it says.
    pub value: String,
}

pub(super) fn put(connection: &Connection, checkpoint: &Checkpoint) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO checkpoints (key, value) VALUES (?, ?)")?
        .execute(params![checkpoint.key, checkpoint.value])
        .map(drop)
}

/// The checkpoints whose keys begin with `prefix`, by the rest of their keys.
pub(super) fn all(connection: &Connection, prefix: &str) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare_cached(
            "SELECT substr(key, length(?1) + 1) AS rest, value FROM checkpoints WHERE substr(key, 1, length(?1)) = ?1",
        )?
        .query_map([prefix], |row| Ok((rows::text(row, "rest")?, rows::text(row, "value")?)))?
        .collect()
}
