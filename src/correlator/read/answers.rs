//! The answers to a pipeline as texts, lists and hashes, whatever a key turns out to hold.

use std::collections::BTreeMap;

use deadpool_redis::redis::Value;

/// The longest name or label that is kept, in characters.
const MAX_LABEL: usize = 200;

/// The answers to a pipeline, taken in the order of its commands.
pub(super) struct Answers(pub std::vec::IntoIter<Value>);

impl Answers {
    fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Nil)
    }

    /// A name or label; None when it is absent or empty.
    pub fn text(&mut self) -> Option<String> {
        text(self.next()).and_then(label)
    }

    /// A list or set of names; None where an item is absent or empty.
    pub fn texts(&mut self) -> Vec<Option<String>> {
        items(self.next()).into_iter().map(|item| text(item).and_then(label)).collect()
    }

    /// A hash as a map; empty when the key is absent or of another type.
    pub fn hash(&mut self) -> BTreeMap<String, String> {
        self.pairs().into_iter().collect()
    }

    /// A hash as a list, for one that is only gone through.
    pub fn pairs(&mut self) -> Vec<(String, String)> {
        let items = items(self.next());
        let mut pairs = Vec::with_capacity(items.len() / 2);
        let mut items = items.into_iter();
        while let (Some(field), Some(value)) = (items.next(), items.next()) {
            if let (Some(field), Some(value)) = (text(field), text(value)) {
                pairs.push((field, value));
            }
        }
        pairs
    }

    /// A page of SCAN: the cursor to go on from, and the keys.
    pub fn scan_page(&mut self) -> (String, Vec<String>) {
        let mut page = items(self.next()).into_iter();
        let cursor = page.next().and_then(text).unwrap_or_else(|| "0".into());
        let keys = page.next().map(items).unwrap_or_default();
        (cursor, keys.into_iter().filter_map(text).collect())
    }
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

/// A text that people or NS8 gave as a name: one line, and not empty.
#[expect(clippy::needless_pass_by_value, reason = "what an Option<String> goes through")]
pub(super) fn label(text: String) -> Option<String> {
    let text = crate::text::one_line(&text, MAX_LABEL);
    (!text.is_empty()).then_some(text)
}

/// The items of a list, set, or hash.
fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) | Value::Set(items) => items,
        Value::Map(pairs) => pairs.into_iter().flat_map(|(field, value)| [field, value]).collect(),
        _ => Vec::new(),
    }
}
