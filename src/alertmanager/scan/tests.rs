// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// What a scanner says of bytes that come in two pieces: what it found, and whether it was JSON of this frame.
fn scan(frame: Frame, first: &[u8], second: &[u8]) -> (Vec<String>, Result<(), Malformed>) {
    let mut scanner = Scanner::new(frame);
    let mut list = Vec::new();
    let mut note = |found: Found| {
        list.push(match found {
            Found::Alert { bytes, cut } => format!("alert {} {cut}", String::from_utf8_lossy(bytes)),
            Found::Other => "other".into(),
            Found::Member { name, value } => format!("{name} {}", String::from_utf8_lossy(value)),
        });
    };
    let result = scanner
        .feed(first, &mut note)
        .and_then(|()| scanner.feed(second, &mut note))
        .and_then(|()| scanner.finish());
    (list, result)
}

const WEBHOOK: &str = r#" {"version":"4","status" : "firing","groupLabels":{"alertname":"B\u0061ckup]}"},"x":[{"alerts":[{}]}],
    "alerts":[{"labels":{"a":"\"}],"}},null,-1.5e+3,[{}],{"b":[[],{}]} , true],"truncatedAlerts":2} "#;

#[test]
fn alerts_and_members_are_found_wherever_the_bytes_are_split() {
    let expected = [
        r#"status "firing""#,
        r#"groupLabels {"alertname":"B\u0061ckup]}"}"#,
        r#"alert {"labels":{"a":"\"}],"}} false"#,
        "other",
        "other",
        "other",
        r#"alert {"b":[[],{}]} false"#,
        "other",
        "truncatedAlerts 2",
    ];
    for at in 0..=WEBHOOK.len() {
        let (first, second) = WEBHOOK.as_bytes().split_at(at);
        let (found, result) = scan(Frame::Webhook, first, second);
        assert_eq!(found, expected, "split at {at}");
        assert_eq!(result, Ok(()), "split at {at}");
    }
}

#[test]
fn whatever_is_cut_off_is_noticed() {
    for length in 0..WEBHOOK.trim_end().len() {
        assert!(scan(Frame::Webhook, &WEBHOOK.as_bytes()[..length], b"").1.is_err(), "{length}");
    }
}

#[test]
fn nesting_has_a_bound() {
    let nested = |depth: usize| format!("{}{}", "[".repeat(depth), "]".repeat(depth));
    assert_eq!(scan(Frame::List, nested(128).as_bytes(), b"").1, Ok(()));
    assert_eq!(scan(Frame::List, nested(129).as_bytes(), b"").1, Err(Malformed::Depth));
    // What was an object or a list is known at the deepest level, too.
    assert!(scan(Frame::List, format!("{}}}", "[".repeat(128)).as_bytes(), b"").1.is_err());
}

#[test]
fn what_is_long_is_cut_and_does_not_grow_the_buffer() {
    let mut scanner = Scanner::new(Frame::Webhook);
    let mut alerts = Vec::new();
    let mut note = |found: Found| {
        if let Found::Alert { bytes, cut } = found {
            alerts.push((bytes.len(), cut));
        }
    };
    let long = "x".repeat(10 * MAX_ALERT);
    scanner
        .feed(format!(r#"{{"alerts":[{{"a":"{long}"}},{{}}],"status":"{long}"}}"#).as_bytes(), &mut note)
        .unwrap();
    assert!(scanner.memory() <= 2 * MAX_ALERT, "{}", scanner.memory());
    assert_eq!(alerts, [(MAX_ALERT, true), (2, false)]);
}

fn almost_json() -> impl Strategy<Value = Vec<u8>> {
    let token = prop::sample::select(vec![
        "{",
        "}",
        "[",
        "]",
        ",",
        ":",
        "\"a\"",
        "\"alerts\"",
        "\"status\"",
        "1",
        "-",
        "0",
        "01",
        "1.5",
        "1e5",
        "1.",
        "true",
        "nul",
        "null",
        "\"\\u12\"",
        "\"\\ud83d\"",
        "\"\\x\"",
        " ",
        "\n",
        "\"\u{1}\"",
        "é",
        "\"é\"",
    ]);
    prop_oneof![
        prop::collection::vec(token, 0..12).prop_map(|tokens| tokens.concat().into_bytes()),
        prop::collection::vec(any::<u8>(), 0..40),
    ]
}

proptest! {
    /// What serde_json takes, the scanner takes; the other way round, only text that is not Unicode and numbers of any size are taken in addition.
    #[test]
    fn the_grammar_is_json(bytes in almost_json(), webhook in any::<bool>()) {
        let frame = if webhook { Frame::Webhook } else { Frame::List };
        let parsed = serde_json::from_slice::<Value>(&bytes);
        let ours = scan(frame, &bytes, b"").1;
        match parsed {
            Ok(value) => prop_assert_eq!(ours.is_ok(), if webhook { value.is_object() } else { value.is_array() }),
            Err(error) if ours.is_ok() => {
                let words = error.to_string();
                let is_known = ["surrogate", "unicode", "hex escape", "out of range"].iter().any(|word| words.contains(word));
                prop_assert!(is_known, "{} in {:?}", words, String::from_utf8_lossy(&bytes));
            }
            Err(_) => {}
        }
    }

    /// It does not matter where the bytes are split.
    #[test]
    fn a_split_changes_nothing(bytes in almost_json(), at in any::<prop::sample::Index>()) {
        let at = at.index(bytes.len() + 1);
        let (first, second) = bytes.split_at(at);
        prop_assert_eq!(scan(Frame::Webhook, first, second), scan(Frame::Webhook, &bytes, b""));
    }
}
