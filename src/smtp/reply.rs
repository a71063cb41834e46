// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A server's replies (RFC 5321, section 4.2), read as leniently as Python's `smtplib` reads them, with which NS8 checks
//! a mail server.

use std::collections::VecDeque;

/// The longest line that is kept, in bytes; what is beyond is skipped. `smtplib` gives up there.
const LONGEST_LINE: usize = 8192;
/// The longest reply, in bytes, over all its lines.
const LONGEST_REPLY: usize = 1024 * 1024;
/// How much of a reply is told.
const LONGEST_WORDS: usize = 500;

/// What a reply says, by its first digit.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Verdict {
    /// 2xx: done.
    Done,
    /// 3xx: go on.
    GoOn,
    /// 4xx: not now.
    NotNow,
    /// 5xx: never.
    Never,
    /// No code, or one that SMTP does not know: nothing can be concluded.
    Unreadable,
}

/// One reply.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The code of the last line. None when that is no number of three digits.
    pub code: Option<u16>,
    /// The lines' texts. An unreadable line is there as a whole.
    pub lines: Vec<Vec<u8>>,
}

impl Reply {
    /// What the code says. Which of ten, or of a hundred, it is, does not matter: 266 is as good as 250, 571 as bad as 550.
    pub fn verdict(&self) -> Verdict {
        match self.code {
            Some(200..=299) => Verdict::Done,
            Some(300..=399) => Verdict::GoOn,
            Some(400..=499) => Verdict::NotNow,
            Some(500..=599) => Verdict::Never,
            _ => Verdict::Unreadable,
        }
    }

    /// Whether the server hangs up after it (421).
    pub fn is_goodbye(&self) -> bool {
        self.code == Some(421)
    }

    /// The reply on one line, for people: any bytes are shown, nothing controls a terminal, and it has an end.
    pub fn words(&self) -> String {
        let mut words = self.code.map(|code| format!("{code:03}")).unwrap_or_default();
        for line in &self.lines {
            words.push(' ');
            words.push_str(&text(line));
            if words.len() > 4 * LONGEST_WORDS {
                break;
            }
        }
        match crate::text::one_line(&words, LONGEST_WORDS) {
            nothing if nothing.is_empty() => "an empty line".into(),
            words => words,
        }
    }
}

/// Bytes as text: UTF-8 if they are, else Latin-1, which old servers write and in which every byte is a letter.
fn text(bytes: &[u8]) -> String {
    match str::from_utf8(bytes) {
        Ok(text) => text.to_owned(),
        Err(_) => bytes.iter().map(|&byte| char::from(byte)).collect(),
    }
}

/// The reply is longer than anybody reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the reply does not end within {} KiB", LONGEST_REPLY / 1024)]
pub struct TooLong;

/// Makes replies of bytes, however they come in.
#[derive(Debug, Default)]
pub struct ReplyReader {
    /// Bytes that have come and belong to no line yet.
    bytes: VecDeque<u8>,
    /// The line being read, without what is too long of it.
    line: Vec<u8>,
    /// The lines of the reply being read.
    lines: Vec<Vec<u8>>,
    /// How long the reply is so far.
    size: usize,
    /// No more bytes will come.
    ended: bool,
}

impl ReplyReader {
    /// Takes what has come.
    pub fn feed(&mut self, bytes: &[u8]) {
        self.bytes.extend(bytes);
    }

    /// The connection has ended: what has come of a line is all of it.
    pub fn end(&mut self) {
        self.ended = true;
    }

    /// Whether bytes have come that belong to no reply yet.
    pub fn is_empty(&self) -> bool {
        self.bytes.is_empty() && self.line.is_empty() && self.lines.is_empty()
    }

    /// Throws away what has come.
    pub fn clear(&mut self) {
        *self = Self { ended: self.ended, ..Self::default() };
    }

    /// The next reply, if all of it has come.
    ///
    /// As `smtplib` has it: lines end with LF, CR before it or not; the fourth byte says whether another line follows,
    /// which may have another code; the last line's code counts; a line without code is the last.
    ///
    /// # Errors
    /// [`TooLong`]: nothing more can be read from this server.
    pub fn next_reply(&mut self) -> Result<Option<Reply>, TooLong> {
        while let Some(line) = self.next_line()? {
            let (code, text) = split(&line);
            let goes_on = code.is_some() && line.get(3) == Some(&b'-');
            self.lines.push(text.trim_ascii().to_owned());
            if !goes_on {
                self.size = 0;
                return Ok(Some(Reply { code, lines: std::mem::take(&mut self.lines) }));
            }
        }
        Ok(None)
    }

    fn next_line(&mut self) -> Result<Option<Vec<u8>>, TooLong> {
        while let Some(byte) = self.bytes.pop_front() {
            self.size += 1;
            if self.size > LONGEST_REPLY {
                return Err(TooLong);
            }
            if byte == b'\n' {
                return Ok(Some(std::mem::take(&mut self.line)));
            }
            if self.line.len() < LONGEST_LINE {
                self.line.push(byte);
            }
        }
        let is_last = self.ended && !self.line.is_empty();
        Ok(is_last.then(|| std::mem::take(&mut self.line)))
    }
}

/// The code of a line, and its text.
fn split(line: &[u8]) -> (Option<u16>, &[u8]) {
    match line {
        [a, b, c, rest @ ..] if [a, b, c].iter().all(|digit| digit.is_ascii_digit()) => {
            let code = [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(*digit - b'0'));
            (Some(code), rest.get(1..).unwrap_or_default())
        }
        _ => (None, line),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(bytes: &[u8]) -> Option<Reply> {
        let mut reader = ReplyReader::default();
        reader.feed(bytes);
        reader.next_reply().unwrap()
    }

    fn verdict(bytes: &[u8]) -> Verdict {
        read(bytes).unwrap().verdict()
    }

    #[test]
    fn a_code_is_judged_by_its_first_digit() {
        for (bytes, expected) in [
            (&b"250 OK\r\n"[..], Verdict::Done),
            (b"266 odd\r\n", Verdict::Done),
            (b"354 go\r\n", Verdict::GoOn),
            (b"499 later\r\n", Verdict::NotNow),
            (b"571 no\r\n", Verdict::Never),
            (b"099 what\r\n", Verdict::Unreadable),
            (b"699 what\r\n", Verdict::Unreadable),
        ] {
            assert_eq!(verdict(bytes), expected, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn short_and_odd_lines_are_read() {
        for bytes in [
            &b"250\r\n"[..],
            b"250\n",
            b"250 \r\n",
            b"250\tOK\r\n",
            b"250_OK\r\n",
            b"250OK\r\n",
            b"250-one\r\n250\r\n",
            b"500-another code\r\n250 OK\r\n",
        ] {
            assert_eq!(verdict(bytes), Verdict::Done, "{}", bytes.escape_ascii());
        }
        for bytes in [&b"\r\n"[..], b"25\r\n", b" 250 OK\r\n", b"OK\r\n", b"250-one\r\ntwo\r\n"] {
            assert_eq!(verdict(bytes), Verdict::Unreadable, "{}", bytes.escape_ascii());
        }
    }

    #[test]
    fn any_bytes_are_words() {
        let latin = read(b"550 Empf\xe4nger unbekannt\r\n").unwrap();
        assert_eq!(latin.words(), "550 Empfänger unbekannt");
        let utf8 = read("550-Empfänger\r\n550 unbekannt\u{1b}[31m\r\n".as_bytes()).unwrap();
        assert_eq!(utf8.words(), "550 Empfänger unbekannt [31m");
        assert_eq!(read(b"\r\n").unwrap().words(), "an empty line");
    }

    #[test]
    fn a_reply_comes_in_any_pieces() {
        let mut reader = ReplyReader::default();
        for byte in b"250-first\r\n250 second\r\n" {
            assert_eq!(reader.next_reply(), Ok(None));
            reader.feed(&[*byte]);
        }
        assert_eq!(reader.next_reply().unwrap().unwrap().lines, [b"first".to_vec(), b"second".to_vec()]);
        assert!(reader.is_empty());
    }

    #[test]
    fn the_last_line_needs_no_end_once_the_connection_has_ended() {
        let mut reader = ReplyReader::default();
        reader.feed(b"250 OK");
        assert_eq!(reader.next_reply(), Ok(None));
        reader.end();
        assert_eq!(reader.next_reply().unwrap().unwrap().code, Some(250));
        // But more was to come here.
        let mut reader = ReplyReader::default();
        reader.feed(b"250-more\r\n");
        reader.end();
        assert_eq!(reader.next_reply(), Ok(None));
    }

    #[test]
    fn what_is_too_long_has_an_end() {
        let mut reader = ReplyReader::default();
        let long = [b"250 ".to_vec(), vec![b'x'; 100_000], b"\r\n".to_vec()].concat();
        reader.feed(&long);
        let reply = reader.next_reply().unwrap().unwrap();
        assert!(reply.lines[0].len() <= LONGEST_LINE && reply.words().chars().count() <= LONGEST_WORDS + 1);
        for _ in 0..LONGEST_REPLY / 8 {
            reader.feed(b"250-xy\r\n");
        }
        reader.feed(b"250 end\r\n");
        assert_eq!(reader.next_reply(), Err(TooLong));
    }
}
