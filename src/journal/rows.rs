// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reading rows so that a damaged one costs itself alone: texts are read whatever bytes they hold, numbers are brought into their range, and
//! what can't be read at all is noted.

use std::{
    collections::HashSet,
    fmt,
    ops::Deref,
    sync::{Mutex, PoisonError},
};

use jiff::Timestamp;
use rusqlite::{Connection, Row, types::ValueRef};
use serde::{Serialize, de::DeserializeOwned};

/// How many damaged rows are told apart. A file with more is beyond telling.
const MAX_NOTED: usize = 10_000;

/// The rows that could not be read: each is logged once, and all are counted.
#[derive(Debug, Default)]
pub(super) struct UnreadableRows(Mutex<HashSet<(&'static str, String)>>);

impl UnreadableRows {
    /// Notes that the row with this key could not be read.
    pub fn note(&self, table: &'static str, key: impl fmt::Display, reason: &str) {
        let key = key.to_string();
        let mut noted = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if noted.len() < MAX_NOTED && noted.insert((table, key.clone())) {
            tracing::error!(
                table,
                key,
                reason,
                "a row of the journal can't be read; the others are not affected"
            );
        }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// The open file within one transaction, with the place where damaged rows are noted.
pub(super) struct Database<'a> {
    pub connection: &'a Connection,
    pub unreadable: &'a UnreadableRows,
}

impl Deref for Database<'_> {
    type Target = Connection;
    fn deref(&self) -> &Connection {
        self.connection
    }
}

/// A text, whatever bytes it has; empty where there is none.
pub(super) fn text(row: &Row, column: &str) -> rusqlite::Result<String> {
    Ok(optional_text(row, column)?.unwrap_or_default())
}

/// A text, whatever bytes it has.
pub(super) fn optional_text(row: &Row, column: &str) -> rusqlite::Result<Option<String>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Null => None,
        ValueRef::Text(bytes) | ValueRef::Blob(bytes) => Some(String::from_utf8_lossy(bytes).into_owned()),
        ValueRef::Integer(number) => Some(number.to_string()),
        ValueRef::Real(number) => Some(number.to_string()),
    })
}

/// A whole number; 0 where there is none.
pub(super) fn number(row: &Row, column: &str) -> rusqlite::Result<i64> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(number) => number,
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => 0,
    })
}

/// A number of things: what is below 0 or too large is brought into the range.
pub(super) fn count(row: &Row, column: &str) -> rusqlite::Result<u32> {
    Ok(u32::try_from(number(row, column)?.max(0)).unwrap_or(u32::MAX))
}

/// A time, as it stands in the file: milliseconds since 1970.
pub(super) fn time(row: &Row, column: &str) -> rusqlite::Result<Timestamp> {
    Ok(from_millis(number(row, column)?))
}

/// A time that may be absent.
pub(super) fn optional_time(row: &Row, column: &str) -> rusqlite::Result<Option<Timestamp>> {
    Ok(match row.get_ref(column)? {
        ValueRef::Integer(millis) => Some(from_millis(millis)),
        ValueRef::Null | ValueRef::Real(_) | ValueRef::Text(_) | ValueRef::Blob(_) => None,
    })
}

/// A value in JSON, or why it can't be read.
pub(super) fn json<T: DeserializeOwned>(row: &Row, column: &str) -> rusqlite::Result<Result<T, String>> {
    let text = text(row, column)?;
    Ok(serde_json::from_str(&text).map_err(|error| format!("{column}: {error}")))
}

/// An enum's value, which stands in its column as its bare word, or why it can't be read.
pub(super) fn word<T: DeserializeOwned>(row: &Row, column: &str) -> rusqlite::Result<Result<T, String>> {
    let word = text(row, column)?;
    Ok(serde_json::from_value(word.into()).map_err(|error| format!("{column}: {error}")))
}

/// A value of ours as JSON.
pub(super) fn to_json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("our own values have text keys and no failing serializer")
}

/// A time as it stands in the file.
pub(super) fn from_millis(millis: i64) -> Timestamp {
    Timestamp::from_millisecond(millis).unwrap_or(Timestamp::UNIX_EPOCH)
}
