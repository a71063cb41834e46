//! The notifier: one mail that says what happened, sent until it is accepted.
//!
//! [`view`] says what a report says, in words of a [`Language`]; [`render`] makes text and HTML of it; [`message`] the mail.
//! [`delivery_worker`] takes it to the mail server through [`smtp`], and [`delivery`] says what follows from how that went. [`telling`] tells what was told
//! already.

pub mod delivery;
pub mod format;
pub mod message;
pub mod notification;
mod phrases;
pub mod render;
pub mod retry;
pub mod smtp;
mod steps;
pub mod view;

pub use phrases::{Sentence, Word};

use self::{format::Format, message::Message, view::View};
use crate::report::Report;

/// Writes the mail that tells a report.
pub fn compose(report: &Report, format: &Format) -> Message {
    let view = View::new(report, format);
    Message { subject: view.subject(), text: render::text(&view), html: render::html(&view) }
}

#[cfg(test)]
mod tests;
