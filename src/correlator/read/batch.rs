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
/// How many bytes of a label are read: so many characters have no more. A module may write anything into its own.
const MAX_LABEL_BYTES: usize = 4 * MAX_LABEL;
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

/// The answer to [`Batch::labels`].
pub(super) enum Labels {
    /// In one.
    All(Reply<Vec<Option<String>>>),
    /// Each for itself.
    Each(Vec<Reply<Option<String>>>),
}

impl Labels {
    /// The labels, in the order of their keys.
    pub fn read(self) -> Vec<Option<String>> {
        match self {
            Self::All(reply) => reply.read(),
            Self::Each(replies) => replies.into_iter().map(Reply::read).collect(),
        }
    }
}

/// The answer to [`Batch::some_fields`].
pub(super) struct Fields<const N: usize> {
    names: [&'static str; N],
    reply: Reply<Vec<Option<String>>>,
}

impl<const N: usize> Fields<N> {
    /// The fields that are there, by their names.
    pub fn read(self) -> BTreeMap<String, String> {
        let fields = self.names.into_iter().zip(self.reply.read());
        fields.filter_map(|(name, value)| Some((name.to_owned(), value?))).collect()
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
    /// GET, of a number that NS8 counts up.
    pub fn number(&mut self, key: &str) -> Reply<Option<u64>> {
        self.add(&["GET", key], |value| text(value)?.parse().ok())
    }

    /// GETRANGE, of a name or label; None when it is absent or empty. Its length is not limited by who wrote it.
    pub fn label(&mut self, key: impl Display) -> Reply<Option<String>> {
        let last = (MAX_LABEL_BYTES - 1).to_string();
        self.add(&["GETRANGE", &key.to_string(), "0", &last], |value| text(value).and_then(label))
    }

    /// MGET, of names or labels; or, `piecemeal`, the beginning of each by GETRANGE, whatever their sizes.
    pub fn labels(&mut self, keys: impl IntoIterator<Item = String>, piecemeal: bool) -> Labels {
        if piecemeal {
            return Labels::Each(keys.into_iter().map(|key| self.label(key)).collect());
        }
        let command: Vec<String> = std::iter::once("MGET".to_owned()).chain(keys).collect();
        if command.len() == 1 {
            // Redis refuses an MGET without keys: none is sent.
            return Labels::Each(Vec::new());
        }
        let read = |value| items(value).into_iter().map(|item| text(item).and_then(label)).collect();
        Labels::All(self.add(&command, read))
    }

    /// HGET, of a name or label; None when it is absent or empty.
    pub fn field(&mut self, key: impl Display, field: &str) -> Reply<Option<String>> {
        self.add(&["HGET", &key.to_string(), field], |value| text(value).and_then(label))
    }

    /// HSTRLEN: how many bytes a field of a hash has; 0 when it is absent.
    pub fn size(&mut self, key: impl Display, field: &str) -> Reply<usize> {
        self.add(&["HSTRLEN", &key.to_string(), field], size)
    }

    /// HMGET: those of these fields of a hash that it has.
    pub fn some_fields<const N: usize>(&mut self, key: impl Display, fields: [&'static str; N]) -> Fields<N> {
        let key = key.to_string();
        let command: Vec<&str> = ["HMGET", &key].into_iter().chain(fields).collect();
        Fields {
            names: fields,
            reply: self.add(&command, |value| items(value).into_iter().map(text).collect()),
        }
    }

    /// EXISTS: true when any of these keys is there.
    pub fn any_exists(&mut self, keys: impl IntoIterator<Item = String>) -> Reply<bool> {
        let command: Vec<String> = std::iter::once("EXISTS".to_owned()).chain(keys).collect();
        if command.len() == 1 {
            // Redis refuses to say so of no key: nothing is asked.
            return Reply { slot: Arc::default(), read: |_| false };
        }
        self.add(&command, |value| size(value) > 0)
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

    /// SMISMEMBER: of each of these names, whether it is in the set.
    pub fn are_members(&mut self, key: impl Display, names: &[&str]) -> Reply<Vec<bool>> {
        let key = key.to_string();
        let command: Vec<&str> = ["SMISMEMBER", &key].into_iter().chain(names.iter().copied()).collect();
        self.add(&command, |value| items(value).into_iter().map(|item| size(item) > 0).collect())
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

fn names(value: Value) -> Vec<String> {
    items(value).into_iter().filter_map(|item| text(item).and_then(label)).collect()
}

#[expect(clippy::needless_pass_by_value, reason = "as the other readers")]
fn size(value: Value) -> usize {
    match value {
        Value::Int(number) => usize::try_from(number).unwrap_or(usize::MAX),
        _ => 0,
    }
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
