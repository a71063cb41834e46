// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Text from outside, made fit for where it goes: labels, names, and other programs' messages.
//!
//! Each destination has its function here, so that nobody has to know what is dangerous where. All of them take out what can't be
//! seen, or makes text look like another: control characters and escape sequences, marks of direction, zero-width
//! characters, tags. HTML is escaped by its templates.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::fmt::Write as _;

/// A line of a mail's text, a page, an error or the log: one line, and what is longer than `max` characters is cut.
pub fn one_line(text: &str, max: usize) -> String {
    clean(text, ' ', max)
}

/// Lines, as of an error: what is longer than `max` characters is cut.
pub fn lines(text: &str, max: usize) -> String {
    clean(text, '\n', max)
}

/// The value of a mail's header: one line without anything that a mail program would decode (RFC 2047).
pub fn header(text: &str, max: usize) -> String {
    // Without a space before it, what is behind the first would begin the next.
    one_line(text, max).replace("=?", "= ?")
}

/// Lines for a terminal: nothing in them moves the cursor or changes a colour.
pub fn terminal(text: &str) -> String {
    lines(text, usize::MAX)
}

/// A string of LogQL, with its quotes.
pub fn logql_string(text: &str) -> String {
    let text = one_line(text, usize::MAX);
    format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
}

/// One segment of a URL's path. None for what would be none, or another one: nothing, `.` and `..`.
pub fn path_segment(text: &str) -> Option<String> {
    if matches!(text, "" | "." | "..") {
        return None;
    }
    let mut segment = String::with_capacity(text.len());
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            segment.push(char::from(byte));
        } else {
            // Writing to a String can't fail.
            let _ = write!(segment, "%{byte:02X}");
        }
    }
    Some(segment)
}

/// Takes out what must not be there, puts `line_end` in place of each end of a line, and cuts.
fn clean(text: &str, line_end: char, max: usize) -> String {
    // Nearly all text is short and plain.
    if text.len() <= max && text.bytes().all(|byte| matches!(byte, b' '..=b'~')) {
        return text.trim().to_owned();
    }
    let cleaned = text.chars().filter_map(|c| match c {
        // CR LF is one end of a line.
        '\n' | '\u{2028}' | '\u{2029}' => Some(line_end),
        c if c.is_control() => Some(' '),
        c if is_invisible(c) => None,
        c => Some(c),
    });
    let mut text: String = cleaned.skip_while(|c| c.is_whitespace()).collect();
    text.truncate(text.trim_end().len());
    if let Some((position, _)) = text.char_indices().nth(max) {
        text.truncate(position);
        text.push('…');
    }
    text
}

/// True for characters that show nothing themselves, but hide text or change how other text looks: most of Unicode's
/// `Default_Ignorable_Code_Point`. Variation selectors of symbols stay.
fn is_invisible(c: char) -> bool {
    matches!(c,
        '\u{AD}' // soft hyphen
        | '\u{34F}' // combining grapheme joiner
        | '\u{61C}' // Arabic letter mark
        | '\u{115F}' | '\u{1160}' | '\u{3164}' | '\u{FFA0}' // Hangul fillers
        | '\u{17B4}' | '\u{17B5}' // Khmer inherent vowels
        | '\u{180B}'..='\u{180F}' // Mongolian selectors and vowel separator
        | '\u{200B}'..='\u{200F}' // zero-width space and joiners, marks of direction
        | '\u{202A}'..='\u{202E}' // embeddings and overrides of direction
        | '\u{2060}'..='\u{206F}' // word joiner, invisible operators, isolates, deprecated formats
        | '\u{FEFF}' // byte order mark
        | '\u{FFF0}'..='\u{FFFB}' // annotations
        | '\u{1BCA0}'..='\u{1BCA3}' | '\u{1D173}'..='\u{1D17A}' // formats of shorthand and music
        | '\u{E0000}'..='\u{E0FFF}') // tags, supplementary selectors
}

/// At most so many characters of a text, with an ellipsis in place of what is left out.
pub fn shorten(text: &str, longest: usize) -> String {
    match text.char_indices().nth(longest) {
        Some((position, _)) => format!("{}…", text[..position].trim_end()),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn control_characters_do_not_pass() {
        assert_eq!(one_line(" a\r\nBcc: b\u{1b}[31m ", 100), "a  Bcc: b [31m");
        assert_eq!(lines("a\r\nb\u{7}\n", 100), "a \nb");
        assert_eq!(terminal("a\u{9b}31mb\nc"), "a 31mb\nc");
    }

    #[test]
    fn what_can_not_be_seen_does_not_pass() {
        assert_eq!(one_line("\u{202e}liam\u{202c} \u{feff}m\u{200b}ail\u{e0041}1", 100), "liam mail1");
        assert_eq!(one_line("a\u{2028}b\u{2029}c", 100), "a b c");
        assert_eq!(lines("a\u{2028}b", 100), "a\nb");
        // A symbol keeps its colour.
        assert_eq!(one_line("❤\u{fe0f}", 100), "❤\u{fe0f}");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(one_line("àèìòù", 3), "àèì…");
        assert_eq!(one_line("àèì", 3), "àèì");
        assert_eq!(one_line("àèì  ", 3), "àèì");
    }

    #[test]
    fn an_encoded_word_in_a_header_stays_as_it_is_written() {
        assert_eq!(header("=?utf-8?Q?a=0D=0ABcc:_b?=", 100), "= ?utf-8?Q?a=0D=0ABcc:_b?=");
        assert_eq!(header("=\u{200b}?utf-8?B?YQ==?=", 100), "= ?utf-8?B?YQ== ?=");
    }

    #[test]
    fn a_string_of_logql_ends_where_it_should() {
        assert_eq!(logql_string(r#"a" or "b\"#), r#""a\" or \"b\\""#);
    }

    #[test]
    fn a_segment_of_a_path_is_one_segment() {
        assert_eq!(path_segment("a/../b?c#d é").unwrap(), "a%2F..%2Fb%3Fc%23d%20%C3%A9");
        for text in ["", ".", ".."] {
            assert_eq!(path_segment(text), None, "{text:?}");
        }
    }

    fn is_bad(c: char) -> bool {
        c.is_control() || is_invisible(c) || matches!(c, '\u{2028}' | '\u{2029}')
    }

    proptest! {
        #[test]
        fn nothing_dangerous_passes(text in any::<String>(), max in 0usize..40) {
            let line = one_line(&text, max);
            prop_assert!(!line.contains(is_bad), "{line:?}");
            prop_assert!(line.chars().count() <= max + 1);
            prop_assert!(!lines(&text, max).contains(|c| c != '\n' && is_bad(c)));
            prop_assert!(!terminal(&text).contains(|c| c != '\n' && is_bad(c)));
        }

        #[test]
        fn no_header_holds_an_encoded_word(text in "[=? \\r\\n\u{200b}a]{0,20}") {
            let header = header(&text, usize::MAX);
            prop_assert!(!header.contains("=?") && !header.contains(is_bad), "{header:?}");
        }

        #[test]
        fn a_string_of_logql_has_no_bare_quote(text in "[a\"\\\\\\n]{0,20}") {
            let string = logql_string(&text);
            let mut inner = string[1..string.len() - 1].chars();
            while let Some(c) = inner.next() {
                prop_assert!(c != '"');
                if c == '\\' {
                    prop_assert!(matches!(inner.next(), Some('"' | '\\')));
                }
            }
        }

        #[test]
        fn a_url_has_one_segment_more_and_nothing_else(text in any::<String>()) {
            let base: reqwest::Url = "http://host/a/".parse().unwrap();
            if let Some(segment) = path_segment(&text) {
                let url = base.join(&format!("./{segment}")).unwrap();
                let path: Vec<&str> = url.path_segments().unwrap().collect();
                prop_assert_eq!(path, ["a", &segment]);
                prop_assert!(url.query().is_none() && url.fragment().is_none());
            }
        }

        #[test]
        fn cleaning_twice_changes_nothing(text in any::<String>()) {
            let once = lines(&text, usize::MAX);
            prop_assert_eq!(lines(&once, usize::MAX), once.clone());
        }
    }
}
