//! The mail as it goes over the wire: headers from the configuration, body from the report.

use std::time::SystemTime;

use lettre::{
    Message as Email,
    message::{
        Mailbox, MultiPart,
        header::{HeaderName, HeaderValue},
    },
};
use serde::Serialize;

use crate::{config::MailSettings, ids::JobId, journal::Outgoing};

/// The text of a mail, without what its header needs of the configuration.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Message {
    /// The subject.
    pub subject: String,
    /// The plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
}

/// Marks a mail that a program wrote, so that no other program answers it (RFC 3834).
const AUTO_SUBMITTED: (&str, &str) = ("Auto-Submitted", "auto-generated");

/// The Message-ID of a report's mail: the same however often it is sent, and of no other report, not even of one from an
/// earlier journal, whose numbers began at 1 too.
pub fn message_id(id: JobId, resends: u32, journal_id: &str, from: &Mailbox) -> String {
    let domain = from.email.domain();
    match resends {
        0 => format!("<report-{id}.{journal_id}@{domain}>"),
        // Whoever asked for it again would not see it, if their mail program took it for the one that they have.
        again => format!("<report-{id}.again-{again}.{journal_id}@{domain}>"),
    }
}

/// Builds the mail of a report.
///
/// # Errors
/// When lettre can't: an address or the subject has something that a header can't hold.
pub fn build(
    outgoing: &Outgoing,
    mail: &MailSettings,
    journal_id: &str,
) -> Result<Email, lettre::error::Error> {
    let id = message_id(outgoing.id, outgoing.resends, journal_id, &mail.from);
    // Out of a SystemTime's range only where that has 32 bits.
    let date = SystemTime::try_from(outgoing.queued_at).unwrap_or_else(|_| SystemTime::now());
    assemble(&outgoing.message, mail, mail.to.iter().cloned(), id, date)
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
    date: SystemTime,
) -> Result<Email, lettre::error::Error> {
    let (name, value) = AUTO_SUBMITTED;
    let auto_submitted = HeaderValue::new(HeaderName::new_from_ascii_str(name), value.into());
    let builder = Email::builder()
        .from(mail.from.clone())
        .subject(crate::text::header(&message.subject, usize::MAX))
        .message_id(Some(message_id))
        .date(date)
        .raw_header(auto_submitted);
    to.into_iter()
        .fold(builder, lettre::message::MessageBuilder::to)
        .multipart(MultiPart::alternative_plain_html(message.text.clone(), message.html.clone()))
}
