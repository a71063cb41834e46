// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What a server says that it can do (RFC 5321, section 4.1.1.1).

use super::reply::Reply;

/// What the reply to EHLO announces. Nothing, where the server only knows HELO.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    /// STARTTLS (RFC 3207)
    pub starttls: bool,
    /// 8BITMIME (RFC 6152)
    pub eight_bit_mime: bool,
    /// SMTPUTF8 (RFC 6531)
    pub smtp_utf8: bool,
    /// SIZE (RFC 1870): whether it is announced.
    pub size: bool,
    /// The largest mail that the server takes, in bytes, where it says so.
    pub largest: Option<u64>,
    /// AUTH (RFC 4954): the mechanisms, in capital letters. None when there is no login.
    pub auth: Option<Vec<String>>,
}

impl Capabilities {
    /// Reads the reply to EHLO. Keywords come in any case, and AUTH also in its old form, `AUTH=LOGIN`.
    pub fn of(reply: &Reply) -> Self {
        let mut capabilities = Self::default();
        // The first line is the greeting.
        for line in reply.lines.iter().skip(1) {
            let line = String::from_utf8_lossy(line).to_ascii_uppercase();
            let mut words = line.split_ascii_whitespace().flat_map(|word| match word.strip_prefix("AUTH=") {
                Some(mechanism) => vec!["AUTH", mechanism],
                None => vec![word],
            });
            match words.next() {
                Some("STARTTLS") => capabilities.starttls = true,
                Some("8BITMIME") => capabilities.eight_bit_mime = true,
                Some("SMTPUTF8") => capabilities.smtp_utf8 = true,
                Some("SIZE") => {
                    capabilities.size = true;
                    // 0 means that there is no limit.
                    let limit = words.next().and_then(|word| word.parse().ok());
                    capabilities.largest = limit.filter(|limit| *limit > 0);
                }
                Some("AUTH") => {
                    let mechanisms = capabilities.auth.get_or_insert_default();
                    mechanisms.extend(words.filter(|word| !word.is_empty()).map(str::to_owned));
                }
                _ => {}
            }
        }
        capabilities
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(lines: &[&str]) -> Capabilities {
        let lines = lines.iter().map(|line| line.as_bytes().to_vec()).collect();
        Capabilities::of(&Reply { code: Some(250), lines })
    }

    #[test]
    fn keywords_come_in_any_case() {
        let capabilities = of(&["mx", "StartTLS", "8bitmime", "smtputf8", "size 1000", "Auth plain  Login"]);
        assert_eq!(
            capabilities,
            Capabilities {
                starttls: true,
                eight_bit_mime: true,
                smtp_utf8: true,
                size: true,
                largest: Some(1000),
                auth: Some(vec!["PLAIN".into(), "LOGIN".into()]),
            }
        );
    }

    #[test]
    fn the_old_form_of_auth_counts_too() {
        for lines in [
            &["mx", "AUTH=LOGIN PLAIN"][..],
            &["mx", "AUTH LOGIN", "AUTH=PLAIN"],
            &["mx", "auth=login auth=plain"],
        ] {
            let mechanisms = of(lines).auth.unwrap();
            assert!(
                mechanisms.iter().any(|word| word == "LOGIN")
                    && mechanisms.iter().any(|word| word == "PLAIN")
            );
        }
        assert_eq!(of(&["mx", "AUTH"]).auth, Some(vec![]));
    }

    #[test]
    fn the_greeting_is_no_keyword_and_zero_no_limit() {
        assert_eq!(of(&["STARTTLS"]), Capabilities::default());
        let capabilities = of(&["mx", "SIZE 0"]);
        assert!(capabilities.size && capabilities.largest.is_none());
    }
}
