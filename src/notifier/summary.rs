// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The summary's mail. It has the frame and the sections of a report's, and two parts of its own: the strips of runs and the oldest restore
//! points.

mod headline;
mod parts;
mod view;

use askama::Template;

use self::view::SummaryView;
use super::{
    format::Format,
    message::Message,
    phrases::summary::SummaryTexts,
    render::{colour, edge, opening},
};
use crate::summary::Summary;

/// Writes the mail of a summary.
pub fn compose(summary: &Summary, format: &Format) -> Message {
    let view = SummaryView::new(summary, format);
    let text = Text { view: &view }.render().expect("writing to memory does not fail");
    let html = Html { view: &view }.render().expect("writing to memory does not fail");
    Message { subject: view.subject, outcome: None, text, html }
}

#[derive(Template)]
#[template(path = "summary.txt", escape = "none")]
struct Text<'a> {
    view: &'a SummaryView,
}

#[derive(Template)]
#[template(path = "summary.html")]
struct Html<'a> {
    view: &'a SummaryView,
}

impl Text<'_> {
    fn texts(&self) -> &'static SummaryTexts {
        self.view.language.phrases().summary()
    }
}

impl Html<'_> {
    fn texts(&self) -> &'static SummaryTexts {
        self.view.language.phrases().summary()
    }
}

#[cfg(test)]
mod tests;
