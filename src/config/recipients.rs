// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Lists of recipients with what each wants: `admin@example.org, Ada <ada@example.org>;language=it;notify=always`. Pure.

use lettre::message::{Mailbox, Mailboxes};

use super::words::one_of;
use crate::{
    audience::{AudiencePlans, NotifyOn, Recipient},
    language::Language,
};

/// Reads a language's code.
pub(super) fn language(text: &str) -> Result<Language, String> {
    let codes: Vec<_> = Language::ALL.iter().map(|language| (language.code(), *language)).collect();
    one_of(text, &codes)
}

/// Reads which runs are reported.
pub(super) fn notify_on(text: &str) -> Result<NotifyOn, String> {
    one_of(text, &[NotifyOn::Failure, NotifyOn::Always].map(|on| (on.as_str(), on)))
}

/// Reads one address.
pub(super) fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|error| {
        format!(
            "is not a mail address ({error}); expected such as admin@example.org or Admin <admin@example.org>"
        )
    })
}

/// Reads a comma-separated list of recipients that see `plans`. A comma after the last one is no error.
///
/// # Errors
/// What is wrong with it, in words that follow the text.
pub(super) fn list(text: &str, plans: &AudiencePlans) -> Result<Vec<Recipient>, String> {
    let list = text.trim_end_matches(|c: char| c == ',' || c.is_whitespace());
    let plain = |mailbox| Recipient { mailbox, plans: plans.clone(), language: None, on: None };
    // Without options, whatever a header may hold is a list of addresses.
    if let Ok(mailboxes) = list.parse::<Mailboxes>() {
        return Ok(mailboxes.into_iter().map(plain).collect());
    }
    split(list, ',').into_iter().map(|entry| recipient(entry.trim(), plans)).collect()
}

fn recipient(entry: &str, plans: &AudiencePlans) -> Result<Recipient, String> {
    let mut parts = split(entry, ';').into_iter().map(str::trim);
    let address = parts.next().unwrap_or_default();
    let mailbox = mailbox(address)
        .map_err(|error| format!("has an address that can't be read: {address:?} {error}"))?;
    let mut recipient = Recipient { mailbox, plans: plans.clone(), language: None, on: None };
    for option in parts.filter(|option| !option.is_empty()) {
        let wrong = |why: String| format!("has the option {option:?} for {address}, which {why}");
        let (name, value) = option.split_once('=').unwrap_or((option, ""));
        match name.trim().to_ascii_lowercase().as_str() {
            "language" => recipient.language = Some(language(value.trim()).map_err(wrong)?),
            "notify" => recipient.on = Some(notify_on(value.trim()).map_err(wrong)?),
            _ => return Err(wrong("is neither language=… nor notify=…".into())),
        }
    }
    Ok(recipient)
}

/// Splits at `separator`, but not within quotes.
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut is_quoted, mut is_escaped) = (false, false);
    text.split(|c: char| {
        let was_escaped = std::mem::take(&mut is_escaped);
        match c {
            '\\' if is_quoted && !was_escaped => is_escaped = true,
            '"' if !was_escaped => is_quoted = !is_quoted,
            _ => return c == separator && !is_quoted,
        }
        false
    })
    .collect()
}
