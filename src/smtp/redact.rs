// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The password stays out of what is told.

use base64::{Engine, prelude::BASE64_STANDARD};
use secrecy::ExposeSecret;

use super::auth::{self, Credentials};

/// The shortest run of Base64 that may hold a password.
const SHORTEST: usize = 16;

/// A server's words without the password. Some servers repeat the command that they refuse, and AUTH holds the password:
/// as Base64, alone or behind the user's name.
pub fn without_password(words: &str, credentials: &Credentials) -> String {
    let mut words = without_base64(words);
    let password = credentials.password.expose_secret();
    if !password.is_empty() {
        for form in [auth::plain(credentials), BASE64_STANDARD.encode(password), password.to_owned()] {
            words = words.replace(&form, "…");
        }
    }
    words
}

/// Leaves out what may be Base64.
fn without_base64(words: &str) -> String {
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let mut kept = String::with_capacity(words.len());
    for part in words.split_inclusive(|c: char| !is_base64(c)) {
        let body = part.trim_end_matches(|c: char| !is_base64(c));
        if body.len() < SHORTEST {
            kept.push_str(part);
        } else {
            kept.push('…');
            kept.push_str(&part[body.len()..]);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    fn credentials(password: &str) -> Credentials {
        Credentials { user: "u".into(), password: password.into() }
    }

    #[test]
    fn a_repeated_auth_command_does_not_bring_the_password_into_a_log() {
        let words = "535 5.7.8 AUTH PLAIN AHVzZXIAY29ycmVjdCBob3JzZQ== refused: authentication failed";
        let told = without_password(words, &credentials("correct horse"));
        assert_eq!(told, "535 5.7.8 AUTH PLAIN … refused: authentication failed");
    }

    #[test]
    fn nor_does_a_short_one() {
        let told = without_password("500 dGVzdA== or AHUAdGVzdA== or test?", &credentials("test"));
        assert_eq!(told, "500 … or … or …?");
    }
}
