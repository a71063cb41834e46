// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The three layouts of a backup status, read into a [`Run`].

use std::{collections::BTreeMap, fmt};

use jiff::{Timestamp, civil::DateTime, tz::TimeZone};
use serde::{Deserialize, Deserializer, de::Visitor};

use crate::{
    redact::redact,
    run::Run,
    text,
    times::{CLOCK_SLACK, Implausible, later, past, past_second},
};

/// How much of a hand-made error text is kept, in characters.
const MAX_ERROR: usize = 600;

/// How much is kept of the reason why a status can't be read, in characters.
const MAX_REASON: usize = 200;

/// The most that is believed of a backup: bytes (4 EiB), files, and failed steps. `run-backup` counts the last with one digit.
const MAX_SIZE: u64 = 1 << 62;
const MAX_FILES: u64 = 1_000_000_000_000;
const MAX_ERRORS: u64 = 1_000_000;

/// A status that can't be read. It says nothing: not that its application ran, nor that its node is at work.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct UnreadableStatus {
    /// What is wrong with it, in words.
    pub reason: String,
}

impl UnreadableStatus {
    /// What is larger than a status can be.
    pub(super) fn too_large() -> Self {
        unreadable("it is too large")
    }
}

/// The reason may quote what stands there, and a module may write anything there: it is cut.
fn unreadable(reason: impl fmt::Display) -> UnreadableStatus {
    UnreadableStatus { reason: text::one_line(&reason.to_string(), MAX_REASON) }
}

/// A status as it was found: a run, or why it can't be read.
pub type Status = Result<Run, UnreadableStatus>;

/// Reads a field of `node/<n>/backup_status/<id>`, which is JSON: core 3.20 and later.
///
/// # Errors
/// [`UnreadableStatus`] when it is not what `run-backup` writes, does not say when the run ended, or says what can't be true as of
/// `now`.
pub fn from_node_hash(json: &str, now: Timestamp) -> Status {
    // serde would read a list's items as the fields.
    if !json.trim_start().starts_with('{') {
        return Err(unreadable("it is not a JSON object"));
    }
    let figures: Figures = serde_json::from_str(json).map_err(|error| unreadable(NotFigures(error)))?;
    figures.into_run(now)
}

/// Reads the hash `module/<mid>/backup_status/<id>`: before core 3.20.
///
/// # Errors
/// As [`from_node_hash`].
pub fn from_module_hash(hash: &BTreeMap<String, String>, now: Timestamp) -> Status {
    Figures::from_hash(hash)?.into_run(now)
}

/// Reads a hash `…/status` of a hand-made set-up: `result`, `timestamp` and `error`. `zone` is where a time is meant
/// that names no zone of its own.
///
/// # Errors
/// [`UnreadableStatus`] when it lacks a result or a time, or they are not what they should be, or can't be true as of `now`.
pub fn from_result_hash(hash: &BTreeMap<String, String>, now: Timestamp, zone: &TimeZone) -> Status {
    let field = |name: &str| hash.get(name).map(|text| text.trim()).filter(|text| !text.is_empty());
    let timestamp = field("timestamp").ok_or_else(|| unreadable("it has no timestamp"))?;
    let end = iso_8601(timestamp, zone)
        .ok_or_else(|| unreadable(format!("its timestamp {timestamp:?} is not ISO 8601")))?;
    let end = past(end, now).map_err(|error| unreadable(NoEnd(error)))?;
    let errors = match field("result") {
        Some("success") => 0,
        Some("error") => 1,
        Some(other) => {
            return Err(unreadable(format!("its result is {other:?}, neither \"success\" nor \"error\"")));
        }
        None => return Err(unreadable("it has no result")),
    };
    // Secrets before the cut, which would hide what ends them.
    let error = field("error").map(|error| text::lines(&redact(&text::lines(error, usize::MAX)), MAX_ERROR));
    Ok(Run { start: None, end, errors, size: None, files: None, error })
}

/// The newer of two statuses of one application. One that can be read goes before one that can't.
///
/// # Errors
/// When neither can be read.
pub fn newer(left: Status, right: Status) -> Status {
    match (left, right) {
        (Ok(left), Ok(right)) => Ok(if right.end > left.end { right } else { left }),
        (Err(_), right @ Ok(_)) => right,
        (left, _) => left,
    }
}

/// serde_json's reason without its position, which says nothing to an administrator.
struct NotFigures(serde_json::Error);

impl fmt::Display for NotFigures {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.classify() {
            serde_json::error::Category::Data => write!(f, "it has unexpected values ({})", self.0),
            _ => f.write_str("it is not JSON"),
        }
    }
}

/// What `run-backup` writes, in JSON or as the fields of a hash.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
struct Figures {
    start: Number,
    end: Number,
    errors: Number,
    total_size: Number,
    total_file_count: Number,
}

impl Figures {
    fn from_hash(hash: &BTreeMap<String, String>) -> Result<Self, UnreadableStatus> {
        let number = |field: &str| match hash.get(field) {
            None => Ok(Number(None)),
            Some(text) => Number::from_text(text)
                .ok_or_else(|| unreadable(format!("{field} is {text:?}, not a number"))),
        };
        Ok(Self {
            start: number("start")?,
            end: number("end")?,
            errors: number("errors")?,
            total_size: number("total_size")?,
            total_file_count: number("total_file_count")?,
        })
    }

    fn into_run(self, now: Timestamp) -> Result<Run, UnreadableStatus> {
        let end = self.end.0.ok_or_else(|| unreadable("it does not say when the run ended"))?;
        let end = past_second(end, now).map_err(|error| unreadable(NoEnd(error)))?;
        let start = self.start.0.map(|start| past_second(start, now)).transpose();
        let start = start.map_err(|error| unreadable(format_args!("its start: {error}")))?;
        if let Some(start) = start
            && start > later(end, CLOCK_SLACK)
        {
            return Err(unreadable(format_args!("it starts at {start} and ends at {end}")));
        }
        // ns8-core's `list-backups` takes an absent field for no error.
        let errors = self.errors.0.unwrap_or_default();
        let errors = u64::try_from(errors).map_err(|_| unreadable("its number of errors is negative"))?;
        // A negative number stands for an unknown one, as in restic's own figures.
        let figure = |number: Number| number.0.and_then(|number| u64::try_from(number).ok());
        let (size, files) = (figure(self.total_size), figure(self.total_file_count));
        let limits = [
            ("number of errors", Some(errors), MAX_ERRORS),
            ("size", size, MAX_SIZE),
            ("number of files", files, MAX_FILES),
        ];
        for (what, figure, limit) in limits {
            if let Some(figure) = figure.filter(|figure| *figure > limit) {
                return Err(unreadable(format_args!("its {what} is {figure}")));
            }
        }
        // The clock was set back a little meanwhile: then it is not known when it began.
        let start = start.filter(|start| *start <= end);
        Ok(Run { start, end, errors, size, files, error: None })
    }
}

/// Why a run has no end that can be believed.
struct NoEnd(Implausible);

impl fmt::Display for NoEnd {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "its end: {}", self.0)?;
        match self.0 {
            Implausible::Future(_) => f.write_str("; its node's clock may be wrong"),
            Implausible::NoTime(_) | Implausible::LongAgo(_) => Ok(()),
        }
    }
}

/// A whole number, however it was written: as a number, with a fraction, or as text. Null is no number.
#[derive(Debug, Clone, Copy, Default)]
struct Number(Option<i64>);

impl Number {
    fn from_text(text: &str) -> Option<Self> {
        let text = text.trim();
        let number = text.parse().ok().or_else(|| text.parse().ok().and_then(Self::from_float));
        number.map(|number| Self(Some(number)))
    }

    #[expect(clippy::cast_possible_truncation, reason = "within LIMIT only a fraction is cut")]
    fn from_float(number: f64) -> Option<i64> {
        // Up to here every whole number has a float of its own; sizes and times stay far below.
        const LIMIT: f64 = 9_007_199_254_740_992.0;
        (number.abs() <= LIMIT).then_some(number as i64)
    }
}

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl Visitor<'_> for Any {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a number")
            }
            fn visit_i64<E>(self, number: i64) -> Result<Number, E> {
                Ok(Number(Some(number)))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Number, E> {
                i64::try_from(number)
                    .map(|number| Number(Some(number)))
                    .map_err(|_| E::custom("a number is too large"))
            }
            fn visit_f64<E: serde::de::Error>(self, number: f64) -> Result<Number, E> {
                Number::from_float(number)
                    .map(|number| Number(Some(number)))
                    .ok_or_else(|| E::custom("a number is too large"))
            }
            fn visit_str<E: serde::de::Error>(self, text: &str) -> Result<Number, E> {
                Number::from_text(text).ok_or_else(|| E::custom(format_args!("{text:?} is not a number")))
            }
            fn visit_unit<E>(self) -> Result<Number, E> {
                Ok(Number(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

/// A time with an offset, or without one in `zone`.
fn iso_8601(text: &str, zone: &TimeZone) -> Option<Timestamp> {
    text.parse::<Timestamp>().ok().or_else(|| {
        let local: DateTime = text.parse().ok()?;
        local.to_zoned_datetime(zone.clone()).ok().map(|zoned| zoned.timestamp())
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use proptest::prelude::*;

    use super::*;

    fn node_status(json: &str) -> Result<Run, String> {
        from_node_hash(json, now()).map_err(|error| error.to_string())
    }

    fn hash(fields: &[(&str, &str)]) -> BTreeMap<String, String> {
        fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect()
    }

    fn now() -> Timestamp {
        "2026-11-22T07:00:00Z".parse().unwrap()
    }

    fn second(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    const AS_RUN_BACKUP_WRITES_IT: &str = r#"{"start": 1763776801, "total_size": 734003200,
        "total_file_count": 4211, "snapshots_count": 3, "errors": 0, "end": 1763776925}"#;

    #[test]
    fn a_node_hash_holds_json() {
        let run = node_status(AS_RUN_BACKUP_WRITES_IT).unwrap();
        let expected = Run {
            start: Some(second(1_763_776_801)),
            end: second(1_763_776_925),
            errors: 0,
            size: Some(734_003_200),
            files: Some(4211),
            error: None,
        };
        assert_eq!(run, expected);
        assert!(run.is_ok());
        assert_eq!(run.duration(), Some(Duration::from_secs(124)));
    }

    #[test]
    fn a_module_hash_holds_the_same_figures_as_texts() {
        let fields = hash(&[
            ("start", "1763776801"),
            ("end", "1763776925"),
            ("errors", "1"),
            ("total_size", "734003200"),
            ("total_file_count", "4211"),
        ]);
        let run = from_module_hash(&fields, now()).unwrap();
        assert!(!run.is_ok());
        assert_eq!(run.size, Some(734_003_200));
    }

    #[test]
    fn a_result_hash_holds_words() {
        let rome = TimeZone::get("Europe/Rome").unwrap();
        let status = |result, timestamp| {
            let fields = hash(&[("result", result), ("timestamp", timestamp), ("error", "disk on fire")]);
            from_result_hash(&fields, now(), &rome).map_err(|error| error.to_string())
        };
        let run = status("error", "2026-11-22T02:14:00+01:00").unwrap();
        assert_eq!((run.end.to_string().as_str(), run.errors), ("2026-11-22T01:14:00Z", 1));
        assert_eq!(run.error.as_deref(), Some("disk on fire"));
        assert_eq!(run.duration(), None);
        // A time without an offset is the node's.
        assert_eq!(status("success", "2026-11-22 02:14:00").unwrap().end.to_string(), "2026-11-22T01:14:00Z");
        assert!(status("failed", "2026-11-22T01:14:00Z").unwrap_err().contains("\"failed\""));
        assert!(status("success", "yesterday").unwrap_err().contains("ISO 8601"));
        assert!(status("success", "2100-01-01T00:00:00Z").unwrap_err().contains("in the future"));
    }

    #[test]
    fn the_words_of_a_result_hash_have_no_secret() {
        let error = |error: &str| {
            let fields =
                hash(&[("result", "error"), ("timestamp", "2026-11-22T02:14:00Z"), ("error", error)]);
            from_result_hash(&fields, now(), &TimeZone::UTC).unwrap().error.unwrap()
        };
        assert_eq!(
            error("RESTIC_PASSWORD=ab,cdef restic: exit code 1"),
            "RESTIC_PASSWORD=*** restic: exit code 1"
        );
        assert_eq!(error(&format!("x --token {}", "hunter2".repeat(MAX_ERROR))), "x --token ***");
    }

    #[test]
    fn numbers_may_be_written_as_text_or_with_a_fraction() {
        let run = node_status(r#"{"start": "1763776801", "end": 1763776925.7, "total_size": null}"#).unwrap();
        assert_eq!(run.end, second(1_763_776_925));
        assert_eq!((run.size, run.errors), (None, 0));
    }

    #[test]
    fn a_clock_that_was_set_back_during_a_run_costs_its_start_only() {
        let run = node_status(r#"{"start": 1763776985, "end": 1763776925}"#).unwrap();
        assert_eq!((run.start, run.end), (None, second(1_763_776_925)));
    }

    #[test]
    fn what_can_not_be_read_is_said_with_a_reason() {
        let wrong = [
            ("", "not a JSON object"),
            ("{", "not JSON"),
            ("[1]", "not a JSON object"),
            ("\"ok\"", "not a JSON object"),
            (r#"{"end": "soon"}"#, "\"soon\" is not a number"),
            (r#"{"end": [1]}"#, "unexpected values"),
            (r#"{"end": 1e300}"#, "too large"),
            (r#"{"end": 9000000000000}"#, "is no time"),
            (r#"{"end": 1763776925, "errors": -1}"#, "negative"),
            (r#"{"end": 1763776925, "errors": 1e9}"#, "its number of errors is 1000000000"),
            (r#"{"end": 1763776925, "total_size": 9223372036854775807}"#, "its size is"),
            (r#"{"end": 1763776925, "total_file_count": 9000000000000}"#, "its number of files is"),
            (r#"{"end": 4102444800}"#, "its end: 2100-01-01T00:00:00Z is in the future; its node's clock"),
            (r#"{"end": 1}"#, "its end: 1970-01-01T00:00:01Z is too long ago"),
            (
                r#"{"start": -377705023201, "end": 1763776925}"#,
                "its start: -009999-01-02T01:59:59Z is too long",
            ),
            (r#"{"start": 1763780526, "end": 1763776925}"#, "it starts at 2025-11-22T03:02:06Z and ends at"),
            (r#"{"start": 1, "errors": 0}"#, "does not say when the run ended"),
        ];
        for (json, reason) in wrong {
            let error = node_status(json).unwrap_err();
            assert!(error.contains(reason), "{json}: {error}");
        }
        let fields = hash(&[("end", "x")]);
        let error = from_module_hash(&fields, now()).unwrap_err().to_string();
        assert_eq!(error, "end is \"x\", not a number");
    }

    proptest! {
        #[test]
        fn whatever_is_read_ended_in_the_past_and_not_before_it_began(
            start in any::<i64>(), end in any::<i64>(), near in -10_000i64..10_000, size in any::<i64>(), at in any::<i64>(),
        ) {
            let span = Timestamp::MAX.as_second() - Timestamp::MIN.as_second();
            let at = Timestamp::from_second(Timestamp::MIN.as_second() + at.rem_euclid(span)).unwrap();
            for (start, end) in [(start, end), (at.as_second() - near, at.as_second() - near / 2)] {
                let json = format!(r#"{{"start":{start},"end":{end},"total_size":{size},"errors":1}}"#);
                if let Ok(run) = from_node_hash(&json, at) {
                    prop_assert!(run.end <= later(at, CLOCK_SLACK) && run.start.is_none_or(|start| start <= run.end));
                    let _ = run.duration();
                }
            }
        }
    }

    #[test]
    fn the_newest_status_that_can_be_read_counts() {
        let ended = |second: i64| node_status(&format!(r#"{{"end": {}}}"#, 1_763_776_925 + second)).unwrap();
        let broken = || from_node_hash("broken", now());
        assert_eq!(newer(Ok(ended(1)), Ok(ended(2))), Ok(ended(2)));
        assert_eq!(newer(Ok(ended(2)), Ok(ended(1))), Ok(ended(2)));
        assert_eq!(newer(broken(), Ok(ended(1))), Ok(ended(1)));
        assert_eq!(newer(Ok(ended(1)), broken()), Ok(ended(1)));
        assert!(newer(broken(), broken()).is_err());
    }
}
