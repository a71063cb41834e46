// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which mail server, and how it is spoken to.

use std::fmt;

use secrecy::SecretString;

/// How the connection to the mail server is secured, in the words of NS8's `encrypt_smtp`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Encryption {
    /// Plain text.
    None,
    /// Plain text that must be upgraded by STARTTLS before anything else is said.
    StartTls,
    /// TLS from the first byte.
    Tls,
}

impl fmt::Display for Encryption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Encryption::None => "no encryption",
            Encryption::StartTls => "STARTTLS",
            Encryption::Tls => "TLS",
        })
    }
}

/// The mail server: NS8's smarthost.
///
/// Names, values and defaults are those of `agent.get_smarthost_settings` in ns8-core. Its two truth values are
/// written as `1` or as an empty text, so that here, and only here, empty means no rather than unset.
#[derive(Debug, Clone)]
pub struct SmtpSettings {
    /// `SMTP_ENABLED`
    pub enabled: bool,
    /// `SMTP_HOST`
    pub host: Option<String>,
    /// `SMTP_PORT`
    pub port: u16,
    /// `SMTP_USERNAME`: without one there is no login.
    pub username: Option<String>,
    /// `SMTP_PASSWORD`
    pub password: SecretString,
    /// `SMTP_ENCRYPTION`
    pub encryption: Encryption,
    /// `SMTP_TLSVERIFY`: whether the server's certificate must be valid for its name.
    pub tls_verify: bool,
}
