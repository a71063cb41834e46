// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The mail as it goes over the wire: headers from the configuration, body from the report.

use std::time::SystemTime;

use jiff::Timestamp;
use lettre::{
    Address, Message as Email,
    address::Envelope,
    message::{Mailbox, MultiPart},
};
use serde::Serialize;

use super::{header, wrap::wrapped};
use crate::{
    config::MailSettings, correlator::correlation::Outcome, ids::JobId, smtp::envelope::ascii_domain,
};

/// The text of a mail, without what its header needs of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The subject.
    pub subject: String,
    /// How the report came out, for a header by which mail programs can sort. None in a test email.
    #[serde(skip)]
    pub outcome: Option<Outcome>,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

impl Message {
    /// What is said when even the mail can't be written as usual.
    pub fn plain(cluster: &str, report: JobId, reason: &str) -> Self {
        let text = format!(
            "The backup monitor failed to examine the backups: {reason}.\n\n\
             Check the state of the backups in cluster-admin, and the log of the backup monitor.\n\nReport {report}\n"
        );
        Self {
            subject: format!("[{cluster}] Backup: internal error of the backup monitor"),
            outcome: Some(Outcome::Unknown),
            html: String::new(),
            text,
        }
    }
}

/// What mail programs show as the sender, unless `MAIL_FROM` has a name of its own.
const SENDER: &str = "Backup monitor";

/// The Message-ID of a mail about `about`, such as `report-12`: the same however often it is sent, and of no other mail, not even of one from an
/// earlier journal, whose numbers began at 1 too. `audience` tells those apart that are about the same; None for the mail to everybody.
pub fn message_id(
    about: &str,
    audience: Option<&str>,
    resends: u32,
    journal_id: &str,
    from: &Mailbox,
) -> String {
    let domain = domain_of(&from.email);
    let to = audience.map(|key| format!("to-{:08x}.", digest(key))).unwrap_or_default();
    match resends {
        0 => format!("<{about}.{to}{journal_id}@{domain}>"),
        // Whoever asked for it again would not see it, if their mail program took it for the one that they have.
        again => format!("<{about}.{to}again-{again}.{journal_id}@{domain}>"),
    }
}

/// FNV-1a: an audience's key in letters that a Message-ID may have, the same in every version.
fn digest(key: &str) -> u32 {
    key.bytes().fold(0x811c_9dc5, |digest, byte| (digest ^ u32::from(byte)).wrapping_mul(0x0100_0193))
}

/// Builds the mail to `to`. `answered` are the Message-IDs of the mails that began its incidents, oldest first.
///
/// # Errors
/// When lettre can't: an address or the subject has something that a header can't hold.
pub fn build(
    message: &Message,
    mail: &MailSettings,
    to: &[Mailbox],
    message_id: String,
    answered: &[String],
    queued_at: Timestamp,
) -> Result<Email, lettre::error::Error> {
    // Out of a SystemTime's range only where that has 32 bits.
    let date = SystemTime::try_from(queued_at).unwrap_or_else(|_| SystemTime::now());
    assemble(message, mail, to.iter().cloned(), message_id, answered, date)
}

/// Builds a mail with these headers.
///
/// # Errors
/// As [`build`].
pub fn assemble(
    message: &Message,
    mail: &MailSettings,
    to: impl IntoIterator<Item = Mailbox>,
    message_id: String,
    answered: &[String],
    date: SystemTime,
) -> Result<Email, lettre::error::Error> {
    let mut from = mail.from.clone();
    from.name.get_or_insert_with(|| SENDER.into());
    let to: Vec<_> = to.into_iter().collect();
    let domain = domain_of(&from.email);
    // lettre would take it from the headers. Those may have addresses in a form for people.
    let recipients = to.iter().map(|mailbox| mailbox.email.clone()).collect();
    let mut builder = Email::builder()
        .envelope(Envelope::new(Some(from.email.clone()), recipients)?)
        .raw_header(header::mailboxes("From", &[from]))
        .raw_header(header::mailboxes("To", &to))
        .raw_header(header::text("Subject", &crate::text::header(&message.subject, usize::MAX)))
        .message_id(Some(message_id))
        .date(date)
        // By which mail programs sort.
        .raw_header(header::fixed("List-Id", &format!("{SENDER} <backup-monitor.{domain}>")))
        // That a program wrote it, so that no other program answers it: RFC 3834, and what Exchange has instead.
        .raw_header(header::fixed("Auto-Submitted", "auto-generated"))
        .raw_header(header::fixed("X-Auto-Response-Suppress", "All"));
    if let Some(outcome) = message.outcome {
        builder = builder.raw_header(header::fixed("X-Backup-Outcome", outcome.as_str()));
    }
    // One mail has one place in a thread: that of the oldest. Programs that go by References find the others as well.
    if let Some(first) = answered.first() {
        builder = builder.in_reply_to(first.clone()).references(answered.join(" "));
    }
    if let Some(reply_to) = &mail.reply_to {
        builder = builder.raw_header(header::mailboxes("Reply-To", std::slice::from_ref(reply_to)));
    }
    builder.multipart(MultiPart::alternative_plain_html(wrapped(&message.text), message.html.clone()))
}

/// The domain of an address in ASCII.
pub fn domain_of(address: &Address) -> String {
    ascii_domain(address.domain()).unwrap_or_else(|_| "localhost.localdomain".into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    #[test]
    fn a_mail_about_many_incidents_answers_the_oldest_and_no_line_is_too_long() {
        let settings = Settings::from_vars([("MAIL_TO", "admin@example.org")]).unwrap();
        let to = &settings.mail.audiences[0].to;
        let message =
            Message { subject: "subject".into(), outcome: None, text: "text".into(), html: "html".into() };
        let answered: Vec<String> =
            (1..=60).map(|id| format!("<report-{id}.0123456789abcdef@node1.example.org>")).collect();
        let now = Timestamp::UNIX_EPOCH;
        let mail = build(&message, &settings.mail, to, "<report-99.x@y>".into(), &answered, now).unwrap();
        let text = String::from_utf8(mail.formatted()).unwrap();
        assert!(text.lines().all(|line| line.len() <= 998));
        assert!(text.contains(&format!("In-Reply-To: {}\r\n", answered[0])), "{text}");
        let (header, _) = text.split_once("\r\n\r\n").unwrap();
        let unfolded = header.replace("\r\n ", " ");
        assert!(unfolded.contains(&format!("References: {}\r\n", answered.join(" "))), "{unfolded}");
        let first = build(&message, &settings.mail, to, "<report-1.x@y>".into(), &[], now).unwrap();
        let first = String::from_utf8(first.formatted()).unwrap();
        assert!(!first.contains("In-Reply-To") && !first.contains("References"), "{first}");
    }
}
