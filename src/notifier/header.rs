// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Headers as they go over the wire: ASCII, folded, and read back by a mail program as they were meant.

use base64::{Engine, prelude::BASE64_STANDARD};
use lettre::message::{
    Mailbox,
    header::{HeaderName, HeaderValue},
};

use crate::smtp::envelope::Path;

/// How many bytes go into one encoded word, which has 75 characters at most (RFC 2047), and stands behind the name of its
/// header.
const ENCODED_BYTES: usize = 42;
/// Between the parts of a header that is folded.
const FOLD: &str = "\r\n ";

/// A header with a free text, such as the subject.
pub fn text(name: &'static str, text: &str) -> HeaderValue {
    let name = HeaderName::new_from_ascii_str(name);
    if needs_encoding(text) {
        return HeaderValue::dangerous_new_pre_encoded(name, text.to_owned(), encoded_words(text));
    }
    HeaderValue::new(name, text.to_owned())
}

/// A header with addresses.
pub fn mailboxes(name: &'static str, mailboxes: &[Mailbox]) -> HeaderValue {
    let plain: Vec<_> = mailboxes.iter().map(Mailbox::to_string).collect();
    let encoded: Vec<_> = mailboxes.iter().map(mailbox).collect();
    let separator = format!(",{FOLD}");
    HeaderValue::dangerous_new_pre_encoded(
        HeaderName::new_from_ascii_str(name),
        plain.join(", "),
        encoded.join(&separator),
    )
}

/// A header whose value is ASCII as it stands.
pub fn fixed(name: &'static str, value: &str) -> HeaderValue {
    HeaderValue::new(HeaderName::new_from_ascii_str(name), value.to_owned())
}

fn mailbox(mailbox: &Mailbox) -> String {
    let path = Path::of(&mailbox.email);
    let address = path.as_ref().map_or_else(|_| mailbox.email.to_string(), |path| path.address.clone());
    if !address.is_ascii() {
        // Only servers with SMTPUTF8 take such an address in a header. In this form everybody reads it, and nobody is
        // kept from the mail because somebody else has such an address (RFC 6857, section 3.2.1).
        return format!("{}: ;", encoded_words(&mailbox.to_string()));
    }
    match &mailbox.name {
        Some(name) => format!("{} <{address}>", phrase(name)),
        None => address,
    }
}

/// A name before an address.
fn phrase(name: &str) -> String {
    let is_atom = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-/=?^_`{|}~ ".contains(c);
    if needs_encoding(name) || name.len() > ENCODED_BYTES {
        encoded_words(name)
    } else if name.chars().all(is_atom) && !name.trim().is_empty() {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('\\', "\\\\").replace('"', "\\\""))
    }
}

/// Beyond ASCII, and what would be taken for an encoded word though it is meant as it stands.
fn needs_encoding(text: &str) -> bool {
    !text.is_ascii() || text.contains("=?") || text.contains(char::is_control)
}

fn encoded_words(text: &str) -> String {
    let mut words = Vec::new();
    let mut rest = text;
    while !rest.is_empty() {
        let end = (0..=rest.len().min(ENCODED_BYTES)).rev().find(|end| rest.is_char_boundary(*end));
        let (word, after) = rest.split_at(end.unwrap_or(rest.len()));
        words.push(format!("=?utf-8?b?{}?=", BASE64_STANDARD.encode(word)));
        rest = after;
    }
    words.join(FOLD)
}

#[cfg(test)]
mod tests {
    use lettre::message::header::Headers;

    use super::*;

    fn line(value: HeaderValue) -> String {
        let mut headers = Headers::new();
        headers.insert_raw(value);
        headers.to_string()
    }

    fn to(list: &[&str]) -> String {
        let list: Vec<Mailbox> = list.iter().map(|text| text.parse().unwrap()).collect();
        line(mailboxes("To", &list))
    }

    #[test]
    fn what_looks_like_an_encoded_word_is_encoded() {
        assert_eq!(line(text("Subject", "=?utf-8?q?x?=")), "Subject: =?utf-8?b?PT91dGYtOD9xP3g/PQ==?=\r\n");
        assert_eq!(line(text("Subject", "[Acme] Backup FAILURE")), "Subject: [Acme] Backup FAILURE\r\n");
        let long = line(text("Subject", &"àé".repeat(60)));
        assert!(long.lines().count() > 3 && long.lines().all(|line| line.len() <= 78), "{long}");
    }

    #[test]
    fn addresses_are_ascii() {
        assert_eq!(
            to(&[
                "a@example.org",
                "Ada <b@bücher.example>",
                "\"Roe, J.\" <c@example.org>",
                "Ünal <d@example.org>"
            ]),
            "To: a@example.org,\r\n Ada <b@xn--bcher-kva.example>,\r\n \"Roe, J.\" <c@example.org>,\r\n \
             =?utf-8?b?w5xuYWw=?= <d@example.org>\r\n"
        );
        let group = to(&["jürgen@example.org"]);
        assert_eq!(group, "To: =?utf-8?b?asO8cmdlbkBleGFtcGxlLm9yZw==?=: ;\r\n");
    }
}
