// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The output of the task `read-backup-snapshots`, taken in item by item: a list may be long.

use std::fmt;

use jiff::Timestamp;
use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, SeqAccess, Visitor},
};

use super::findings::{Snapshot, Snapshots};
use crate::times::{Implausible, past_second};

/// What a list of snapshots says.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) enum SnapshotList {
    /// It is no list.
    #[default]
    None,
    /// The snapshots in it, each with its time and its bytes.
    Items(Vec<(Option<i64>, Option<i64>)>),
}

/// One item of the list. The rest of it is not used.
#[derive(Deserialize)]
struct Item {
    timestamp: Option<i64>,
    /// -1 when it is not known.
    #[serde(default)]
    total_bytes: Option<i64>,
}

impl SnapshotList {
    /// What can be restored, as of `now`. A snapshot that was made in the future, or long before NS8, is no restore point to name.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn snapshots(self, now: Timestamp) -> Result<Snapshots, String> {
        let Self::Items(items) = self else {
            return Err("unexpected output of the task: it is no list".into());
        };
        let mut odd: Option<String> = None;
        let mut last: Option<Snapshot> = None;
        for (timestamp, bytes) in &items {
            let time = timestamp.ok_or_else(|| "it has no time".to_owned());
            match time.and_then(|second| past_second(second, now).map_err(|why: Implausible| why.to_string()))
            {
                Ok(time) if last.is_none_or(|last| last.time < time) => {
                    last = Some(Snapshot { time, size: bytes.and_then(|bytes| u64::try_from(bytes).ok()) });
                }
                Ok(_) => {}
                Err(why) => odd = Some(why),
            }
        }
        match (last, odd) {
            (None, Some(why)) => Err(format!("the times of its snapshots can't be true: {why}")),
            (last, odd) => {
                if let Some(why) = odd {
                    tracing::warn!("the time of a snapshot can't be true: {why}");
                }
                Ok(Snapshots { count: items.len(), last })
            }
        }
    }
}

impl<'de> Deserialize<'de> for SnapshotList {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = SnapshotList;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a list of snapshots")
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<SnapshotList, A::Error> {
                let mut items = Vec::new();
                while let Some(Item { timestamp, total_bytes }) = list.next_element()? {
                    items.push((timestamp, total_bytes));
                }
                Ok(SnapshotList::Items(items))
            }
            // restic prints `null` for a repository without snapshots.
            fn visit_unit<E>(self) -> Result<SnapshotList, E> {
                Ok(SnapshotList::Items(Vec::new()))
            }
            // What a failed task puts out besides is not looked at.
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<SnapshotList, A::Error> {
                while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
                Ok(SnapshotList::None)
            }
            fn visit_str<E>(self, _: &str) -> Result<SnapshotList, E> {
                Ok(SnapshotList::None)
            }
            fn visit_bool<E>(self, _: bool) -> Result<SnapshotList, E> {
                Ok(SnapshotList::None)
            }
            fn visit_i64<E>(self, _: i64) -> Result<SnapshotList, E> {
                Ok(SnapshotList::None)
            }
            fn visit_u64<E>(self, _: u64) -> Result<SnapshotList, E> {
                Ok(SnapshotList::None)
            }
            fn visit_f64<E>(self, _: f64) -> Result<SnapshotList, E> {
                Ok(SnapshotList::None)
            }
        }
        deserializer.deserialize_any(Any)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    fn read(output: Value) -> Result<Snapshots, String> {
        let list: SnapshotList = serde_json::from_value(output).unwrap();
        list.snapshots("2026-11-22T07:00:00Z".parse().unwrap())
    }

    #[test]
    fn the_last_snapshot_is_the_newest_wherever_it_stands() {
        let output = json!([
            {"timestamp": 1_763_863_200, "id": "b", "total_bytes": 700, "backup_start": "x", "backup_end": "y"},
            {"timestamp": 1_763_776_800, "id": "a", "total_bytes": -1},
        ]);
        let last = Snapshot { time: Timestamp::from_second(1_763_863_200).unwrap(), size: Some(700) };
        assert_eq!(read(output), Ok(Snapshots { count: 2, last: Some(last) }));
    }

    #[test]
    fn a_size_of_minus_one_is_not_known() {
        let snapshots = read(json!([{"timestamp": 1_763_776_800, "total_bytes": -1}])).unwrap();
        assert_eq!(snapshots.last.unwrap().size, None);
    }

    #[test]
    fn a_repository_without_snapshots_is_well_and_empty() {
        for output in [json!([]), Value::Null] {
            assert_eq!(read(output), Ok(Snapshots { count: 0, last: None }));
        }
    }

    #[test]
    fn a_snapshot_of_the_future_is_not_the_last_one() {
        let items = json!([{"timestamp": 4_102_444_800_i64}, {"timestamp": 1_763_776_800}, {"timestamp": 0}]);
        let snapshots = read(items).unwrap();
        assert_eq!((snapshots.count, snapshots.last.unwrap().time.as_second()), (3, 1_763_776_800));
    }

    #[test]
    fn impossible_times_do_not_make_a_repository_empty() {
        for timestamp in [json!(i64::MAX), json!(4_102_444_800_i64), json!(-1), Value::Null] {
            let error = read(json!([{"timestamp": timestamp}])).unwrap_err();
            assert!(error.contains("can't be true"), "{error}");
        }
    }
}
