// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reading values out of JSON whose grammar the scanner has checked: nothing is built of what is not asked for, and a text that is
//! not valid Unicode is read as far as it goes.
//!
//! On other bytes nothing here panics; what is incomplete, as at the end of an alert that was cut, is left out.

/// The members of an object, in their order: names, and values as they stand there.
pub(super) fn members(object: &[u8]) -> impl Iterator<Item = (String, &[u8])> {
    let mut rest = object.trim_ascii_start().strip_prefix(b"{").unwrap_or_default();
    std::iter::from_fn(move || {
        let (name, after) = value(rest)?;
        let (value, after) = value(after.trim_ascii_start().strip_prefix(b":")?)?;
        let after = after.trim_ascii_start();
        rest = after.strip_prefix(b",").unwrap_or_default();
        Some((text(name)?, value))
    })
}

/// The value of an object's member. Of several with this name, the last counts.
pub(super) fn member<'a>(object: &'a [u8], name: &str) -> Option<&'a [u8]> {
    members(object).filter(|(found, _)| found == name).last().map(|(_, value)| value)
}

/// A text, or a number or truth value as text.
pub(super) fn text(value: &[u8]) -> Option<String> {
    let value = value.trim_ascii();
    match value.first()? {
        b'"' => Some(unescape(value.strip_prefix(b"\"")?.strip_suffix(b"\"")?)),
        b'{' | b'[' | b'n' => None,
        _ => Some(String::from_utf8_lossy(value).into_owned()),
    }
}

/// Splits off the value at the beginning. None when it is not complete.
fn value(bytes: &[u8]) -> Option<(&[u8], &[u8])> {
    let bytes = bytes.trim_ascii_start();
    let length = match bytes.first()? {
        b'"' => string_length(bytes)?,
        b'{' | b'[' => nested_length(bytes)?,
        _ => bytes.iter().position(|byte| b",:]} \t\r\n".contains(byte)).filter(|length| *length > 0)?,
    };
    bytes.split_at_checked(length)
}

/// The length of the string at the beginning, with its quotes.
fn string_length(bytes: &[u8]) -> Option<usize> {
    let mut escaped = false;
    let end = bytes.iter().skip(1).position(|byte| {
        let ends = !escaped && *byte == b'"';
        escaped = !escaped && *byte == b'\\';
        ends
    })?;
    end.checked_add(2)
}

/// The length of the object or list at the beginning.
fn nested_length(bytes: &[u8]) -> Option<usize> {
    let (mut depth, mut at) = (0_usize, 0_usize);
    loop {
        let length = match bytes.get(at)? {
            b'"' => string_length(bytes.get(at..)?)?,
            b'{' | b'[' => {
                depth = depth.saturating_add(1);
                1
            }
            b'}' | b']' => {
                depth = depth.saturating_sub(1);
                1
            }
            _ => 1,
        };
        at = at.saturating_add(length);
        if depth == 0 {
            return Some(at);
        }
    }
}

/// What a string says. Half of a surrogate pair, or bytes that are not UTF-8, become U+FFFD.
fn unescape(mut inner: &[u8]) -> String {
    let mut text = Vec::with_capacity(inner.len());
    while let Some(position) = inner.iter().position(|byte| *byte == b'\\') {
        text.extend_from_slice(&inner[..position]);
        let escape = inner.get(position.saturating_add(1)).copied();
        inner = inner.get(position.saturating_add(2)..).unwrap_or_default();
        let character = match escape {
            Some(b'n') => '\n',
            Some(b't') => '\t',
            Some(b'r') => '\r',
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'u') => unicode_escape(&mut inner),
            Some(other) => char::from(other),
            None => char::REPLACEMENT_CHARACTER,
        };
        text.extend_from_slice(character.encode_utf8(&mut [0; 4]).as_bytes());
    }
    text.extend_from_slice(inner);
    String::from_utf8_lossy(&text).into_owned()
}

/// The character that `\u` begins, of which `rest` is what follows.
fn unicode_escape(rest: &mut &[u8]) -> char {
    fn unit(bytes: &[u8]) -> Option<u16> {
        let digits = std::str::from_utf8(bytes.get(..4)?).ok()?;
        u16::from_str_radix(digits, 16).ok()
    }
    let Some(first) = unit(rest) else { return char::REPLACEMENT_CHARACTER };
    *rest = &rest[4..];
    let second = rest.strip_prefix(b"\\u").and_then(unit);
    match (char::from_u32(first.into()), second) {
        (Some(character), _) => character,
        (None, Some(second)) => match char::decode_utf16([first, second]).next() {
            Some(Ok(character)) => {
                *rest = &rest[6..];
                character
            }
            _ => char::REPLACEMENT_CHARACTER,
        },
        (None, None) => char::REPLACEMENT_CHARACTER,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;

    use super::*;

    #[test]
    fn what_is_not_unicode_is_read_as_far_as_it_goes() {
        assert_eq!(text(br#""a\ud800b""#).unwrap(), "a\u{fffd}b");
        assert_eq!(text(br#""\ud83d\ude00""#).unwrap(), "😀");
        assert_eq!(text(br#""\ude00\ud83d\u0041""#).unwrap(), "\u{fffd}\u{fffd}A");
        assert_eq!(text(b"\"a\xffb\"").unwrap(), "a\u{fffd}b");
        assert_eq!(text(br#""\u12""#).unwrap(), "\u{fffd}12");
    }

    #[test]
    fn what_was_cut_is_left_out() {
        let names = |object: &str| members(object.as_bytes()).map(|(name, _)| name).collect::<Vec<_>>();
        assert_eq!(names(r#"{"a":1,"b":{"c":2},"d":"x"#), ["a", "b"]);
        assert_eq!(names(r#"{"a":1,"b":{"c":2},"d":12"#), ["a", "b"]);
        assert_eq!(member(br#"{"a":1,"a":[2]}"#, "a").unwrap(), b"[2]");
    }

    proptest! {
        /// Strings are read as serde_json reads them.
        #[test]
        fn strings_are_read_as_elsewhere(expected in any::<String>()) {
            let json = serde_json::to_string(&expected).unwrap();
            prop_assert_eq!(text(json.as_bytes()).unwrap(), expected);
        }

        /// Members are found as serde_json finds them.
        #[test]
        fn members_are_found_as_elsewhere(keys in prop::collection::btree_map(".{0,4}", prop_oneof![
            any::<i32>().prop_map(Value::from), ".{0,4}".prop_map(Value::from),
            prop::collection::vec(".{0,4}", 0..3).prop_map(Value::from)], 0..5), pretty in any::<bool>()) {
            let object = Value::Object(keys.into_iter().collect());
            let json = if pretty { serde_json::to_string_pretty(&object) } else { serde_json::to_string(&object) };
            let json = json.unwrap();
            let found: serde_json::Map<String, Value> = members(json.as_bytes())
                .map(|(name, value)| (name, serde_json::from_slice(value).unwrap()))
                .collect();
            prop_assert_eq!(Value::Object(found), object);
        }

        /// Bytes that are not JSON make it neither panic nor run for ever.
        #[test]
        fn no_bytes_make_it_panic(bytes in prop::collection::vec(prop_oneof![any::<u8>(), prop::sample::select(b"{}[]\",:\\u0d8".to_vec())], 0..60)) {
            let _ = (text(&bytes), members(&bytes).count());
        }
    }
}
