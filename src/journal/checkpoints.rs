//! Marks: what the watchers keep over restarts, in JSON, each under a key of its own. Each function runs within one transaction.

use rusqlite::{Connection, params};

/// A mark to be set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mark {
    /// Its key, such as `run/1`.
    pub key: String,
    /// What it says.
    pub value: String,
}

pub(super) fn put(connection: &Connection, mark: &Mark) -> rusqlite::Result<()> {
    connection
        .prepare_cached("INSERT OR REPLACE INTO marks (key, value) VALUES (?, ?)")?
        .execute(params![mark.key, mark.value])
        .map(drop)
}

/// The marks whose keys begin with `prefix`, by the rest of their keys.
pub(super) fn all(connection: &Connection, prefix: &str) -> rusqlite::Result<Vec<(String, String)>> {
    connection
        .prepare_cached(
            "SELECT substr(key, length(?1) + 1), value FROM marks WHERE substr(key, 1, length(?1)) = ?1",
        )?
        .query_map([prefix], |row| Ok((row.get(0)?, row.get(1)?)))?
        .collect()
}
