// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Loki's answer to `query_range`: streams of entries. Each entry is read, and left out or shortened, as it goes by, so that an answer is
//! never held twice. Pure.

use std::{collections::HashMap, fmt};

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, SeqAccess, Visitor},
};

use super::entries::Entry;

/// One page of an answer.
#[derive(Debug, Default)]
pub struct Page {
    /// The entries that may be a backup's words, in the order of time.
    pub entries: Vec<Entry>,
    /// How many entries it had, noise included.
    pub count: usize,
    /// The time of the last one, in nanoseconds since 1970.
    pub last: Option<i64>,
}

#[derive(Deserialize)]
struct Answer {
    data: Data,
}

#[derive(Deserialize)]
struct Data {
    #[serde(rename = "resultType")]
    kind: String,
    result: Vec<Stream>,
}

#[derive(Deserialize)]
struct Stream {
    #[serde(default)]
    stream: HashMap<String, String>,
    values: Values,
}

/// The entries of one stream.
#[derive(Default)]
struct Values {
    entries: Vec<Entry>,
    count: usize,
    last: Option<i64>,
}

/// One value: the time in nanoseconds as text, the line, and from Loki 3 on possibly more.
struct Pair(i64, Option<Entry>);

impl<'de> Deserialize<'de> for Pair {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct PairVisitor;

        impl<'de> Visitor<'de> for PairVisitor {
            type Value = Pair;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a time and a line")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Pair, A::Error> {
                let missing = || serde::de::Error::custom("a time and a line are missing");
                let time: String = seq.next_element()?.ok_or_else(missing)?;
                let line: String = seq.next_element()?.ok_or_else(missing)?;
                while seq.next_element::<IgnoredAny>()?.is_some() {}
                let time: i64 = time.parse().map_err(serde::de::Error::custom)?;
                let at = Timestamp::from_nanosecond(time.into()).map_err(serde::de::Error::custom)?;
                Ok(Pair(time, Entry::parse(at, &line)))
            }
        }

        deserializer.deserialize_seq(PairVisitor)
    }
}

impl<'de> Deserialize<'de> for Values {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor;

        impl<'de> Visitor<'de> for ValuesVisitor {
            type Value = Values;

            fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
                f.write_str("a list of entries")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Values, A::Error> {
                let mut values = Values::default();
                while let Some(Pair(time, entry)) = seq.next_element()? {
                    values.count = values.count.saturating_add(1);
                    values.last = values.last.max(Some(time));
                    values.entries.extend(entry);
                }
                Ok(values)
            }
        }

        deserializer.deserialize_seq(ValuesVisitor)
    }
}

impl Page {
    /// Reads an answer.
    ///
    /// # Errors
    /// Why it is none. What stands there is not quoted.
    pub fn parse(body: &[u8]) -> Result<Self, String> {
        let answer: Answer =
            serde_json::from_slice(body).map_err(|error| crate::http::json_reason(&error))?;
        if answer.data.kind != "streams" {
            return Err("it holds no streams".into());
        }
        let mut page = Self::default();
        for Stream { stream, values } in answer.data.result {
            let module = stream.get("module_id").map(String::as_str);
            page.count = page.count.saturating_add(values.count);
            page.last = page.last.max(values.last);
            page.entries.extend(values.entries.into_iter().map(|entry| entry.with_module(module)));
        }
        // Each stream is in order, but all of them together are not.
        page.entries.sort_by_key(|entry| entry.at);
        Ok(page)
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn line(text: &str) -> String {
        json!({"MESSAGE": text, "SYSLOG_IDENTIFIER": "runagent", "_SYSTEMD_UNIT": "session-c1.scope"})
            .to_string()
    }

    #[test]
    fn streams_are_merged_by_time() {
        let body = json!({"status": "success", "data": {"resultType": "streams", "result": [
            {"stream": {"node_id": "1", "module_id": "b1"}, "values": [["3", line("third")], ["5", "not JSON"]]},
            {"values": [["2", line("second"), {"structuredMetadata": {}}]], "stream": {"node_id": "1"}},
        ], "stats": {}}});
        let page = Page::parse(body.to_string().as_bytes()).unwrap();
        let said: Vec<(&str, Option<&str>)> =
            page.entries.iter().map(|entry| (entry.text.as_str(), entry.module.as_deref())).collect();
        assert_eq!(said, [("second", None), ("third", Some("b1"))]);
        assert_eq!((page.count, page.last), (3, Some(5)));
    }

    #[test]
    fn what_is_no_answer_is_said_to_be_none() {
        for body in [
            "",
            "<html>",
            "[]",
            r#"{"status":"error"}"#,
            r#"{"data":{"resultType":"matrix","result":[]}}"#,
            r#"{"data":{"resultType":"streams","result":[{"stream":{},"values":[["x","y"]]}]}}"#,
            r#"{"data":{"resultType":"streams","result":[{"stream":{},"values":[["1"]]}]}}"#,
        ] {
            assert!(Page::parse(body.as_bytes()).is_err(), "{body}");
        }
    }

    proptest! {
        #[test]
        fn nothing_panics(body in any::<String>(), time in any::<String>(), text in any::<String>()) {
            let _ = Page::parse(body.as_bytes());
            let body = json!({"data": {"resultType": "streams", "result": [{"stream": {}, "values": [[time, text]]}]}});
            let _ = Page::parse(body.to_string().as_bytes());
        }
    }
}
