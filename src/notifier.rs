// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The notifier: one email about what happened.
//!
//! [`view`] puts a report into [`phrases`] of the configured language, [`render`] makes text and HTML of that, and [`message`] the
//! email. The [`delivery_worker`](crate::delivery_worker) hands it to the mail server through [`smtp`](crate::smtp); [`delivery`] decides what
//! follows from each attempt. [`notification`] knows what was reported before.

pub mod decision;
pub mod delivery;
pub mod format;
pub mod gaps;
mod header;
pub mod links;
pub mod message;
pub mod notification;
pub mod phrases;
pub mod render;
pub mod retry;
pub mod summary;
pub mod view;
mod wrap;

use self::{
    format::Format,
    message::Message,
    view::{Limits, View},
};
use crate::report::Report;

/// Writes the email about a report.
pub fn compose(report: &Report, format: &Format) -> Message {
    let (view, html) = fitting(report, format);
    Message { outcome: Some(report.outcome), text: render::text(&view), html, subject: view.subject }
}

/// The email about a report and its HTML, with as much in it as [`MAX_HTML`] allows.
fn fitting(report: &Report, format: &Format) -> (View, String) {
    let [most, less @ ..] = Limits::ALL;
    render::fitting(most, &less, |limits| View::with(report, format, limits))
}

#[cfg(test)]
mod tests;
