// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Logging in (RFC 4954): PLAIN, LOGIN, CRAM-MD5, in the order and manner of Python's `smtplib`.

use base64::{
    Engine, alphabet,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
    prelude::BASE64_STANDARD,
};
use hmac::{Hmac, Mac};
use md5::Md5;
use secrecy::{ExposeSecret, SecretString};

use super::reply::Reply;

/// How many challenges of one mechanism are answered. No mechanism has more than two.
const MOST_CHALLENGES: u32 = 5;

/// Servers are careless about padding.
const LENIENT: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_padding_mode(DecodePaddingMode::Indifferent)
        .with_decode_allow_trailing_bits(true),
);

/// The account at the mail server.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// The user's name.
    pub user: String,
    /// The user's password.
    pub password: SecretString,
}

/// A way to log in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mechanism {
    /// RFC 2195: the password itself is not told.
    CramMd5,
    /// RFC 4616
    Plain,
    /// What Outlook does: user and password, one after the other.
    Login,
}

impl Mechanism {
    /// All, the one to be tried first at the front.
    const ALL: [Self; 3] = [Self::CramMd5, Self::Plain, Self::Login];

    fn name(self) -> &'static str {
        match self {
            Self::CramMd5 => "CRAM-MD5",
            Self::Plain => "PLAIN",
            Self::Login => "LOGIN",
        }
    }

    /// Those of the announced mechanisms that we know, in the order in which they are tried.
    pub fn known(announced: &[String]) -> Vec<Self> {
        Self::ALL
            .into_iter()
            .filter(|mechanism| announced.iter().any(|name| name == mechanism.name()))
            .collect()
    }
}

/// One attempt to log in by one mechanism.
#[derive(Debug)]
pub struct Exchange {
    mechanism: Mechanism,
    challenges: u32,
}

impl Exchange {
    /// Begins; gives the command. PLAIN and LOGIN give their first answer along with it.
    pub fn begin(mechanism: Mechanism, credentials: &Credentials) -> (Self, String) {
        let mut exchange = Self { mechanism, challenges: 0 };
        let command = match mechanism {
            Mechanism::CramMd5 => "AUTH CRAM-MD5".into(),
            Mechanism::Plain => format!("AUTH PLAIN {}", plain(credentials)),
            Mechanism::Login => {
                exchange.challenges = 1;
                format!("AUTH LOGIN {}", BASE64_STANDARD.encode(&credentials.user))
            }
        };
        (exchange, command)
    }

    /// The answer to a challenge (334). `*`, which ends the attempt, where there is none.
    pub fn answer(&mut self, challenge: &Reply, credentials: &Credentials) -> String {
        let text: Vec<u8> =
            challenge.lines.concat().into_iter().filter(|byte| !byte.is_ascii_whitespace()).collect();
        let challenge = LENIENT.decode(text);
        self.challenges += 1;
        if self.challenges > MOST_CHALLENGES {
            return "*".into();
        }
        match (self.mechanism, challenge) {
            (Mechanism::Plain, _) => plain(credentials),
            (Mechanism::Login, challenge) => {
                let asked = challenge.map(|text| text.to_ascii_lowercase()).unwrap_or_default();
                let asks_for = |word: &[u8]| asked.windows(word.len()).any(|part| part == word);
                // Some servers ask for the name although it came along; those that ask in their own language are believed
                // to know the order.
                let wants_user = !asks_for(b"pass") && (asks_for(b"user") || self.challenges < 2);
                let answer =
                    if wants_user { &credentials.user } else { credentials.password.expose_secret() };
                BASE64_STANDARD.encode(answer)
            }
            (Mechanism::CramMd5, Ok(challenge)) => {
                let mut mac = Hmac::<Md5>::new_from_slice(credentials.password.expose_secret().as_bytes())
                    .expect("HMAC takes a key of any length");
                mac.update(&challenge);
                let digest = mac.finalize().into_bytes();
                let digest: String = digest.iter().map(|byte| format!("{byte:02x}")).collect();
                BASE64_STANDARD.encode(format!("{} {digest}", credentials.user))
            }
            (Mechanism::CramMd5, Err(_)) => "*".into(),
        }
    }
}

/// What PLAIN says: user and password.
pub(super) fn plain(Credentials { user, password }: &Credentials) -> String {
    BASE64_STANDARD.encode(format!("\0{user}\0{}", password.expose_secret()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials() -> Credentials {
        Credentials { user: "tim".into(), password: "tanstaaftanstaaf".into() }
    }

    fn challenge(text: &str) -> Reply {
        Reply { code: Some(334), lines: vec![text.into()] }
    }

    #[test]
    fn mechanisms_are_tried_in_smtplibs_order() {
        let announced = ["LOGIN", "XOAUTH2", "PLAIN", "CRAM-MD5"].map(str::to_owned);
        assert_eq!(Mechanism::known(&announced), Mechanism::ALL);
        assert_eq!(Mechanism::known(&["GSSAPI".into()]), []);
    }

    /// The example of RFC 2195.
    #[test]
    fn cram_md5_answers_with_a_digest() {
        let (mut exchange, command) = Exchange::begin(Mechanism::CramMd5, &credentials());
        assert_eq!(command, "AUTH CRAM-MD5");
        let challenge = challenge("PDE4OTYuNjk3MTcwOTUyQHBvc3RvZmZpY2UucmVzdG9uLm1jaS5uZXQ+");
        let answer = exchange.answer(&challenge, &credentials());
        assert_eq!(answer, "dGltIGI5MTNhNjAyYzdlZGE3YTQ5NWI0ZTZlNzMzNGQzODkw");
    }

    #[test]
    fn login_gives_the_name_at_once_and_then_what_is_asked_for() {
        let (mut exchange, command) = Exchange::begin(Mechanism::Login, &credentials());
        assert_eq!(command, "AUTH LOGIN dGlt");
        let password = "dGFuc3RhYWZ0YW5zdGFhZg==";
        // "Username:", although it was given; then "Password:".
        assert_eq!(exchange.answer(&challenge("VXNlcm5hbWU6"), &credentials()), "dGlt");
        assert_eq!(exchange.answer(&challenge("UGFzc3dvcmQ6"), &credentials()), password);
        let (mut exchange, _) = Exchange::begin(Mechanism::Login, &credentials());
        assert_eq!(exchange.answer(&challenge(""), &credentials()), password);
    }

    #[test]
    fn a_server_that_asks_for_ever_is_left() {
        let (mut exchange, command) = Exchange::begin(Mechanism::Plain, &credentials());
        assert_eq!(command, "AUTH PLAIN AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        let answers: Vec<_> = (0..6).map(|_| exchange.answer(&challenge("eA=="), &credentials())).collect();
        assert_eq!(answers[0], "AHRpbQB0YW5zdGFhZnRhbnN0YWFm");
        assert_eq!(answers[5], "*");
        let (mut exchange, _) = Exchange::begin(Mechanism::CramMd5, &credentials());
        assert_eq!(exchange.answer(&challenge("no Base64!"), &credentials()), "*");
    }
}
