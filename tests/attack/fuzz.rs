// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Everything that is read from outside, with inputs by chance: nothing panics, and nothing takes long. The inputs are texts and values of
//! the right kind with wrong things in them, as bytes that are not even JSON end at the door.

use std::{
    cell::Cell,
    collections::BTreeMap,
    time::{Duration, Instant},
};

use jiff::{Timestamp, tz::TimeZone};
use ns8_backup_monitor::{
    alertmanager::{AlertNames, List, parse_webhook},
    config::Settings,
    correlator::status,
    oncalendar::Calendar,
    repo_check::{findings::Health, restic},
    smtp::reply::ReplyReader,
};
use proptest::{
    prelude::*,
    test_runner::{Config, TestRunner},
};
use serde_json::{Map, Value};

use crate::short_or_long;

/// The longest that one input may take. A debug build on a busy machine: what is not bounded takes far more.
const SLOWEST: Duration = Duration::from_secs(2);

/// Has `read` read many inputs. It says which of them were readable: where hardly any is, nothing behind the door is tried.
fn fuzz<S: Strategy>(what: &str, inputs: &S, read: impl Fn(&S::Value) -> bool) {
    let cases = short_or_long(1000, 100_000);
    let mut runner = TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() });
    let (slowest, readable) = (Cell::new(Duration::ZERO), Cell::new(0));
    runner
        .run(inputs, |input| {
            let began = Instant::now();
            readable.set(readable.get() + u32::from(read(&input)));
            slowest.set(slowest.get().max(began.elapsed()));
            prop_assert!(began.elapsed() < SLOWEST, "it took {:?}", began.elapsed());
            Ok(())
        })
        .unwrap_or_else(|failure| panic!("{what}: {failure}"));
    let (readable, slowest) = (readable.get(), slowest.get().as_secs_f64() * 1000.0);
    println!("attack: fuzz: {what}: {cases} inputs, {readable} readable, the slowest took {slowest:.1} ms");
    assert!(readable > cases / 20 && readable <= cases, "{what}: {readable} of {cases} were readable");
}

/// Words that mean something somewhere, among any others.
fn word() -> impl Strategy<Value = String> {
    prop_oneof![
        Just("firing".to_owned()),
        Just("active".to_owned()),
        Just("BackupFailed".to_owned()),
        Just("1".to_owned()),
        Just("-1".to_owned()),
        Just("9999-12-31T23:59:59.999999999Z".to_owned()),
        Just("-009999-01-02T01:59:59Z".to_owned()),
        any::<i64>().prop_map(|number| number.to_string()),
        any::<f64>().prop_map(|number| number.to_string()),
        "\\PC{0,40}",
        ".{0,40}",
    ]
}

/// A key that is looked for, mostly.
fn key() -> impl Strategy<Value = String> {
    const KEYS: [&str; 24] = [
        "version",
        "status",
        "state",
        "alerts",
        "labels",
        "annotations",
        "alertname",
        "id",
        "backup_id",
        "name",
        "node",
        "summary",
        "startsAt",
        "fingerprint",
        "truncatedAlerts",
        "start",
        "end",
        "errors",
        "total_size",
        "total_file_count",
        "snapshots_count",
        "timestamp",
        "size",
        "message",
    ];
    prop_oneof![9 => prop::sample::select(&KEYS[..]).prop_map(str::to_owned), 1 => ".{0,8}"]
}

fn json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        any::<u64>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        word().prop_map(Value::from),
    ];
    leaf.prop_recursive(6, 60, 8, |inner| {
        let object = prop::collection::vec((key(), inner.clone()), 0..8);
        prop_oneof![
            prop::collection::vec(inner, 0..8).prop_map(Value::from),
            object.prop_map(|pairs| Value::from(pairs.into_iter().collect::<Map<_, _>>())),
        ]
    })
}

/// An alert that is read to its end, more often than not.
fn alert() -> impl Strategy<Value = Value> {
    (json(), json(), json(), word()).prop_map(|(labels, annotations, rest, starts_at)| {
        let mut labels = if labels.is_object() { labels } else { serde_json::json!({"id": labels}) };
        labels["alertname"] = "BackupFailed".into();
        serde_json::json!({
            "status": if rest.is_array() { rest } else { "firing".into() },
            "labels": labels, "annotations": annotations, "startsAt": starts_at, "fingerprint": "f",
        })
    })
}

fn names() -> AlertNames {
    ["BackupFailed"].into_iter().collect()
}

/// The text of a value, perhaps damaged.
fn damaged(value: impl Strategy<Value = Value>) -> impl Strategy<Value = Vec<u8>> {
    (value, any::<prop::sample::Index>(), any::<u8>(), 0..4_u8).prop_map(|(value, place, byte, how)| {
        let mut bytes = value.to_string().into_bytes();
        let place = place.index(bytes.len());
        match how {
            0 => bytes.truncate(place),
            1 => bytes[place] = byte,
            _ => {}
        }
        bytes
    })
}

#[test]
fn webhooks() {
    let webhook =
        prop::collection::vec(alert(), 0..6).prop_map(|alerts| serde_json::json!({"alerts": alerts}));
    fuzz("webhooks", &damaged(prop_oneof![webhook, json()]), |body| {
        let intake = parse_webhook(body, &names());
        let accepted = intake.map(|intake| intake.accepted).unwrap_or_default();
        accepted.iter().for_each(|alert| assert!(!alert.identity().is_empty()));
        !accepted.is_empty()
    });
}

#[test]
fn answers_of_alertmanagers_api() {
    // The API has an object for the status, where the webhook has a word.
    let active = alert().prop_map(|mut alert| {
        if alert["status"] == "firing" {
            alert["status"] = serde_json::json!({"state": "active"});
        }
        alert
    });
    let list = prop::collection::vec(active, 0..6).prop_map(Value::from);
    fuzz("Alertmanager's answers", &damaged(prop_oneof![list, json()]), |body| {
        let names = names();
        let mut list = List::new(&names);
        list.feed(body).and_then(|()| list.finish()).is_ok_and(|alerts| !alerts.is_empty())
    });
}

/// A number as somebody may write it: of our time, of none, or no number.
fn figure() -> impl Strategy<Value = String> {
    prop_oneof![
        6 => (1_700_000_000..1_800_000_000_i64).prop_map(|number| number.to_string()),
        2 => any::<i64>().prop_map(|number| number.to_string()),
        1 => word(),
    ]
}

/// What `run-backup` writes, with one figure that it does not, or with none that it does.
fn figures() -> impl Strategy<Value = BTreeMap<String, String>> {
    let keys = ["start", "end", "errors", "total_size", "total_file_count", "snapshots_count"];
    let named = move |values: Vec<String>| keys.map(str::to_owned).into_iter().zip(values).collect();
    let run = (
        1_700_000_000..1_799_000_000_i64,
        0..90_000_i64,
        0..4_i64,
        prop::collection::vec(0..1_000_000_i64, 3),
    );
    let run = run.prop_map(|(start, took, errors, rest)| {
        [start, start + took, errors]
            .into_iter()
            .chain(rest)
            .map(|number| number.to_string())
            .collect::<Vec<_>>()
    });
    let nearly = (run, 0..keys.len(), figure()).prop_map(|(mut values, odd, figure)| {
        values[odd] = figure;
        values
    });
    prop_oneof![
        3 => nearly.prop_map(named),
        1 => prop::collection::vec(figure(), keys.len()).prop_map(named),
    ]
}

#[test]
fn statuses() {
    // Numbers stand bare in JSON; whatever else is a text.
    let in_json = figures().prop_map(|figures| {
        let value =
            |text: String| text.parse::<i64>().map_or_else(|_| Value::from(text.clone()), Value::from);
        Value::from(figures.into_iter().map(|(key, text)| (key, value(text))).collect::<Map<_, _>>())
    });
    let result = (prop::sample::select(&["success", "error", "?"][..]), any::<i64>(), word(), 0..3_u8);
    let result = result.prop_map(|(result, seconds, word, how)| {
        let at = Timestamp::from_second(seconds % 400_000_000_000).unwrap_or_default();
        let timestamp = if how == 0 { word.clone() } else { at.to_string() };
        let pairs = [("result", result.to_owned()), ("timestamp", timestamp), ("error", word)];
        pairs.map(|(key, value)| (key.to_owned(), value)).into_iter().collect::<BTreeMap<_, _>>()
    });
    fuzz(
        "statuses",
        &(damaged(prop_oneof![3 => in_json, 1 => json()]), figures(), result),
        |(text, hash, result)| {
            // Beyond most of the figures, which are of our time.
            let now = Timestamp::from_second(1_800_000_000).unwrap();
            let read = [
                status::from_node_hash(&String::from_utf8_lossy(text), now),
                status::from_module_hash(hash, now),
                status::from_result_hash(result, now, &TimeZone::UTC),
            ];
            let Ok(newest) = read.into_iter().reduce(status::newer).unwrap() else { return false };
            let longest = Duration::from_secs(7 * 86_400);
            assert!(newest.duration().is_none_or(|duration| duration <= longest), "{newest:?}");
            true
        },
    );
}

/// A component of a calendar expression whose values go from `first` to `last`, and beyond now and then.
fn component(first: u32, last: u32) -> impl Strategy<Value = String> {
    let number = move || prop_oneof![9 => first..=last, 1 => any::<u32>()];
    (number(), number(), 0..8_u8).prop_map(|(left, right, how)| match how {
        0 | 1 => "*".to_owned(),
        2 => format!("{left}/{right}"),
        3 => format!("{}..{}", left.min(right), left.max(right)),
        4 => format!("{left},{right}"),
        _ => left.to_string(),
    })
}

#[test]
fn calendars() {
    let weekday = prop::sample::select(&["", "Mon ", "Sat,Sun ", "Mon..Fri ", "Foo "][..]);
    let date = (component(1970, 2099), component(1, 12), "[-~]", component(1, 31));
    let time = (component(0, 23), component(0, 59), component(0, 59));
    let expression =
        (weekday, date, time).prop_map(|(weekday, (year, month, dash, day), (hour, minute, second))| {
            format!("{weekday}{year}-{month}{dash}{day} {hour}:{minute}:{second}")
        });
    let zones = ["UTC", "Europe/Rome", "Australia/Lord_Howe", "Pacific/Apia"]
        .map(|name| TimeZone::get(name).unwrap());
    let at = any::<i64>().prop_map(|millis| {
        let (first, last) = (Timestamp::MIN.as_millisecond(), Timestamp::MAX.as_millisecond());
        Timestamp::from_millisecond(first + millis.rem_euclid(last - first)).unwrap()
    });
    fuzz("calendars", &(prop_oneof![3 => expression, 1 => word()], at), |(text, at)| {
        let Ok(calendar) = text.parse::<Calendar>() else { return false };
        for zone in &zones {
            assert!(calendar.previous(*at, zone).is_none_or(|previous| previous <= *at), "{text} {at}");
            assert!(calendar.next(*at, zone).is_none_or(|next| next > *at), "{text} {at}");
        }
        true
    });
}

#[test]
fn restics_words() {
    const PHRASES: [&str; 8] = [
        "Fatal: ",
        "Fatal: wrong password or no key found ",
        "dial tcp: connection refused ",
        "repository is already locked by PID ",
        "ciphertext verification failed ",
        "Is there a repository at the following location? ",
        "unexpected HTTP response (5",
        "unmarshal ",
    ];
    let fatal = prop::sample::select(&PHRASES[..]);
    let line = (fatal, word()).prop_map(|(fatal, word)| format!("{fatal}{word}"));
    let exit = (prop_oneof![0..20_i64, any::<i64>()], word()).prop_map(|(code, message)| {
        serde_json::json!({"message_type": "exit_error", "code": code, "message": message}).to_string()
    });
    let output =
        prop::collection::vec(prop_oneof![line, exit, word()], 0..20).prop_map(|lines| lines.join("\n"));
    fuzz("restic's words", &output, |output| {
        let (health, words) = restic::read_error(output);
        assert!(
            !words.chars().any(|character| character.is_ascii_control() && character != '\n'),
            "{words:?}"
        );
        health != Health::Error
    });
}

#[test]
fn replies_of_mail_servers() {
    let line = (
        prop_oneof![3 => 200..600_u16, 1 => any::<u16>()],
        prop::sample::select(&[" ", "-", ""][..]),
        word(),
        prop::sample::select(&["\r\n", "\n", ""][..]),
    );
    let line =
        line.prop_map(|(code, separator, words, end)| format!("{code}{separator}{words}{end}").into_bytes());
    let bytes = prop::collection::vec(any::<u8>(), 0..200);
    let chunks = prop::collection::vec(prop_oneof![3 => line, 1 => bytes], 0..20);
    fuzz("replies of mail servers", &chunks, |chunks| {
        let mut reader = ReplyReader::default();
        let mut replies = 0;
        for chunk in chunks {
            reader.feed(chunk);
            replies += read_all(&mut reader);
        }
        reader.end();
        replies += read_all(&mut reader);
        replies > 0
    });
}

/// Reads what there is; gives how many of the replies have a code.
fn read_all(reader: &mut ReplyReader) -> usize {
    let mut with_code = 0;
    while let Ok(Some(reply)) = reader.next_reply() {
        let _ = (reply.verdict(), reply.is_goodbye(), reply.words());
        with_code += usize::from(reply.code.is_some());
    }
    with_code
}

#[test]
fn environments() {
    const VARIABLES: [&str; 24] = [
        "RECEIVER_HOST",
        "RECEIVER_PORT",
        "RECEIVER_TOKEN",
        "RECEIVER_ALERT_NAMES",
        "CORRELATOR_WAIT_SECONDS",
        "CORRELATOR_SETTLE_SECONDS",
        "REDIS_URL",
        "REPO_CHECK_GATEWAY_URL",
        "REPO_CHECK_API_URL",
        "SMTP_ENABLED",
        "SMTP_HOST",
        "SMTP_PORT",
        "SMTP_ENCRYPTION",
        "MAIL_FROM",
        "MAIL_TO",
        "MAIL_LANGUAGE",
        "NOTIFY_ON",
        "NOTIFY_REPEAT_SECONDS",
        "NOTIFY_AFTER_FAILURES",
        "NOTIFY_MUTED",
        "ALERTMANAGER_URL",
        "WATCH_MISSING_GRACE_SECONDS",
        "STATE_DIR",
        "TZ",
    ];
    let value = prop_oneof![
        word(),
        Just("http://user:secret@[::1]:99999/%zz".to_owned()),
        Just("a@b, \"c\" <d@e>, <".to_owned()),
    ];
    let environment = prop::collection::btree_map(prop::sample::select(&VARIABLES[..]), value, 0..8);
    fuzz("environments", &environment, |variables: &BTreeMap<&str, String>| {
        match Settings::from_vars(variables.iter().map(|(name, value)| (*name, value))) {
            Ok(_) => true,
            Err(problems) => {
                // Each names its variable: that is what an administrator looks for.
                let named = variables.keys().any(|name| problems.to_string().contains(name));
                assert!(named, "{problems}");
                false
            }
        }
    });
}
