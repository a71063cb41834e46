// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The journal's schema, as the steps that lead to it: a new file takes all of them, a file of an earlier version those that it lacks.
//!
//! A step that was released is never changed: there are files that took it as it was. What is to be different comes as another step.

use rusqlite::Connection;

/// The steps, oldest first. The first is version 1 (`PRAGMA user_version`).
const STEPS: &[&str] =
    &[include_str!("migrations/0001_tables.sql"), include_str!("migrations/0002_decisions.sql")];

/// The version that this program reads and writes.
#[expect(clippy::cast_possible_wrap, clippy::cast_possible_truncation, reason = "there are a few steps")]
pub(super) const LATEST: i32 = STEPS.len() as i32;

/// Takes a file from `version` to [`LATEST`]; 0 is a file without tables. All of it or nothing: a crash in between leaves the file as it was.
pub(super) fn apply(connection: &Connection, version: i32, application_id: i32) -> rusqlite::Result<()> {
    let taken = usize::try_from(version).unwrap_or_default();
    let steps = STEPS.get(taken..).unwrap_or_default();
    if steps.is_empty() {
        return Ok(());
    }
    let result = connection.execute_batch(&format!(
        "BEGIN IMMEDIATE; {} PRAGMA application_id = {application_id}; PRAGMA user_version = {LATEST}; COMMIT;",
        steps.concat()
    ));
    match result {
        Ok(()) if version > 0 => tracing::info!(from = version, to = LATEST, "the journal is migrated"),
        Ok(()) => {}
        Err(_) => drop(connection.execute_batch("ROLLBACK")),
    }
    result
}

#[cfg(test)]
mod tests;
