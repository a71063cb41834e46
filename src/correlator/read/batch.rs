// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Commands for Redis, each with the reader of its own answer.
//!
//! A [`Batch`] is one round trip. Adding a command gives a [`Reply`], which holds the command's answer once the batch has
//! been sent; so commands and answers can't get out of step, whatever is left out or added between them.

use std::{
    collections::BTreeMap,
    fmt::Display,
    sync::{Arc, OnceLock},
};

use deadpool_redis::redis::{Pipeline, Value, aio::ConnectionLike};

use super::error::ReadError;

/// The longest name or label that is kept, in characters.
const MAX_LABEL: usize = 200;
/// How many keys one SCAN visits. More than a cluster has, so that one round trip finds every plan; even so many take
/// Redis some tens of milliseconds.
const SCAN_COUNT: usize = 100_000;

/// Commands that are sent together.
#[derive(Default)]
pub(super) struct Batch {
    pipeline: Pipeline,
    slots: Vec<Arc<OnceLock<Value>>>,
}

/// The answer to one command of a [`Batch`].
pub(super) struct Reply<T> {
    slot: Arc<OnceLock<Value>>,
    read: fn(Value) -> T,
}

impl<T> Reply<T> {
    /// The answer. That of a command that was never sent reads as that of an absent key.
    pub fn read(self) -> T {
        let answer = Arc::into_inner(self.slot).and_then(OnceLock::into_inner);
        (self.read)(answer.unwrap_or(Value::Nil))
    }
}

/// A page of SCAN.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct ScanPage {
    /// Where the next page begins. None after the last one.
    pub next: Option<String>,
    /// The keys of this one.
    pub keys: Vec<String>,
}

impl Batch {
    /// GET, of a name or label; None when it is absent or empty.
    pub fn label(&mut self, key: &str) -> Reply<Option<String>> {
        self.add(&["GET", key], |value| text(value).and_then(label))
    }

    /// MGET, of names or labels.
    pub fn labels(&mut self, keys: impl IntoIterator<Item = String>) -> Reply<Vec<Option<String>>> {
        let command: Vec<String> = std::iter::once("MGET".to_owned()).chain(keys).collect();
        if command.len() == 1 {
            // Redis refuses an MGET without keys: none is sent.
            return Reply { slot: Arc::default(), read: labels };
        }
        self.add(&command, labels)
    }

    /// HGET, of a name or label; None when it is absent or empty.
    pub fn field(&mut self, key: &str, field: &str) -> Reply<Option<String>> {
        self.add(&["HGET", key, field], |value| text(value).and_then(label))
    }

    /// HGETALL, as a map; empty when the key is absent or of another type.
    pub fn hash(&mut self, key: impl Display) -> Reply<BTreeMap<String, String>> {
        self.add(&["HGETALL", &key.to_string()], |value| pairs(value).into_iter().collect())
    }

    /// HGETALL, as a list, for a hash that is only iterated over.
    pub fn pairs(&mut self, key: impl Display) -> Reply<Vec<(String, String)>> {
        self.add(&["HGETALL", &key.to_string()], pairs)
    }

    /// HKEYS: the names of a hash's fields.
    pub fn fields(&mut self, key: impl Display) -> Reply<Vec<String>> {
        self.add(&["HKEYS", &key.to_string()], names)
    }

    /// SMEMBERS, of a set of names.
    pub fn members(&mut self, key: impl Display) -> Reply<Vec<String>> {
        self.add(&["SMEMBERS", &key.to_string()], names)
    }

    /// SCAN: the keys that match `pattern`, from `cursor` on; `0` is the beginning.
    pub fn scan(&mut self, pattern: &str, cursor: &str) -> Reply<ScanPage> {
        self.add(&["SCAN", cursor, "MATCH", pattern, "COUNT", &SCAN_COUNT.to_string()], scan_page)
    }

    fn add<T>(&mut self, command: &[impl AsRef<str>], read: fn(Value) -> T) -> Reply<T> {
        self.pipeline.add_command({
            let mut words = command.iter().map(AsRef::as_ref);
            let mut redis_command = deadpool_redis::redis::cmd(words.next().unwrap_or_default());
            for word in words {
                redis_command.arg(word);
            }
            redis_command
        });
        let slot = Arc::default();
        self.slots.push(Arc::clone(&slot));
        Reply { slot, read }
    }

    /// True when there is no command.
    pub fn is_empty(&self) -> bool {
        self.slots.is_empty()
    }

    /// Sends all commands and waits for their answers, which their [`Reply`]s then hold.
    ///
    /// # Errors
    /// [`ReadError::Broken`], and [`ReadError::Refused`] when Redis refuses one of them.
    pub async fn send(self, connection: &mut impl ConnectionLike) -> Result<(), ReadError> {
        let Self { mut pipeline, slots } = self;
        let answers: Vec<Value> =
            pipeline.ignore_errors().query_async(connection).await.map_err(ReadError::Broken)?;
        for (slot, answer) in slots.into_iter().zip(answers) {
            // A key of another type than NS8 gives it reads as absent. Any other refusal is not about one key.
            if let Value::ServerError(error) = &answer
                && error.code() != "WRONGTYPE"
            {
                return Err(ReadError::refused(error));
            }
            // Each slot is filled here only.
            let _ = slot.set(answer);
        }
        Ok(())
    }
}

/// A text that people or NS8 gave as a name: one line, and not empty.
#[expect(clippy::needless_pass_by_value, reason = "what an Option<String> goes through")]
pub(super) fn label(text: String) -> Option<String> {
    let text = crate::text::one_line(&text, MAX_LABEL);
    (!text.is_empty()).then_some(text)
}

fn labels(value: Value) -> Vec<Option<String>> {
    items(value).into_iter().map(|item| text(item).and_then(label)).collect()
}

fn names(value: Value) -> Vec<String> {
    labels(value).into_iter().flatten().collect()
}

fn pairs(value: Value) -> Vec<(String, String)> {
    let items = items(value);
    let mut pairs = Vec::with_capacity(items.len() / 2);
    let mut items = items.into_iter();
    while let (Some(field), Some(value)) = (items.next(), items.next()) {
        if let (Some(field), Some(value)) = (text(field), text(value)) {
            pairs.push((field, value));
        }
    }
    pairs
}

fn scan_page(value: Value) -> ScanPage {
    let mut page = items(value).into_iter();
    let next = page.next().and_then(text).filter(|cursor| cursor != "0");
    let keys = page.next().map(items).unwrap_or_default();
    ScanPage { next, keys: keys.into_iter().filter_map(text).collect() }
}

/// A value as text. Bytes that are not UTF-8 are replaced: a label may hold anything.
fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
        Value::SimpleString(text) => Some(text),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// The items of a list, set, or hash.
fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) | Value::Set(items) => items,
        Value::Map(pairs) => pairs.into_iter().flat_map(|(field, value)| [field, value]).collect(),
        _ => Vec::new(),
    }
}
