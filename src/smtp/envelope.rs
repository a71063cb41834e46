// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! From whom, for whom, what: as it goes over the wire.

use lettre::Address;

/// An address as MAIL and RCPT have it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Path {
    /// The address; its domain is ASCII.
    pub address: String,
    /// Whether its local part has letters beyond ASCII, which only a server with SMTPUTF8 takes.
    pub needs_utf8: bool,
}

impl Path {
    /// The address with its domain as `xn--`, as every server takes it.
    ///
    /// # Errors
    /// The domain can't be written so, because it is none.
    pub fn of(address: &Address) -> Result<Self, String> {
        let domain = ascii_domain(address.domain())?;
        let user = address.user();
        Ok(Self { address: format!("{user}@{domain}"), needs_utf8: !user.is_ascii() })
    }
}

/// An internationalised domain in ASCII letters; any other as it is.
///
/// # Errors
/// It is no domain.
pub fn ascii_domain(domain: &str) -> Result<String, String> {
    if domain.is_ascii() {
        return Ok(domain.to_owned());
    }
    idna::domain_to_ascii(domain).map_err(|_| format!("{domain:?} is no domain"))
}

/// A mail and who shall have it.
#[derive(Debug, Clone)]
pub struct Envelope {
    /// MAIL FROM
    pub sender: Path,
    /// RCPT TO
    pub recipients: Vec<Path>,
    /// The mail as DATA has it: lines end with CRLF, dots are doubled at their beginning; without the last dot.
    pub data: Vec<u8>,
    /// The mail's length in bytes, dots not doubled (RFC 1870).
    pub size: u64,
}

impl Envelope {
    /// Puts a mail into an envelope.
    pub fn new(sender: Path, recipients: Vec<Path>, message: &[u8]) -> Self {
        let mut data = Vec::with_capacity(message.len() + message.len() / 64);
        let mut doubled = 0;
        let mut begins_line = true;
        let mut rest = message.iter().copied().peekable();
        while let Some(byte) = rest.next() {
            match byte {
                // A line ends with both or not at all: a lone one would end a line for some servers and not for others.
                b'\r' | b'\n' => {
                    if byte == b'\r' {
                        rest.next_if_eq(&b'\n');
                    }
                    data.extend(b"\r\n");
                    begins_line = true;
                    continue;
                }
                b'.' if begins_line => {
                    data.push(b'.');
                    doubled += 1;
                }
                _ => {}
            }
            data.push(byte);
            begins_line = false;
        }
        if !begins_line {
            data.extend(b"\r\n");
        }
        let size = (data.len() - doubled) as u64;
        Self { sender, recipients, data, size }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn path(address: &str) -> Result<Path, String> {
        Path::of(&address.parse().unwrap())
    }

    #[test]
    fn only_the_local_part_needs_smtputf8() {
        let path = path("admin@bücher.example").unwrap();
        assert_eq!((path.address.as_str(), path.needs_utf8), ("admin@xn--bcher-kva.example", false));
        let path = self::path("jürgen@bücher.example").unwrap();
        assert_eq!((path.address.as_str(), path.needs_utf8), ("jürgen@xn--bcher-kva.example", true));
        assert_eq!(self::path("a@[192.0.2.1]").unwrap().address, "a@[192.0.2.1]");
    }

    #[test]
    fn lines_are_ended_and_dots_doubled() {
        for (message, data) in [
            ("a\r\n.\r\n..b\r\n", "a\r\n..\r\n...b\r\n"),
            ("a\n.b\rc\r\r\nd", "a\r\n..b\r\nc\r\n\r\nd\r\n"),
            (".", "..\r\n"),
            ("", ""),
        ] {
            let sender = path("a@example.org").unwrap();
            let envelope = Envelope::new(sender, vec![], message.as_bytes());
            assert_eq!(String::from_utf8_lossy(&envelope.data), data);
            let undoubled =
                envelope.data.len() - data.split("\r\n").filter(|line| line.starts_with('.')).count();
            assert_eq!(envelope.size, undoubled as u64);
        }
    }
}
