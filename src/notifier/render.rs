// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! From a [`View`] to text and HTML, by the templates in `templates/`.

use askama::Template;

use super::{
    phrases::Texts,
    view::{Badge, Item, MAX_HTML, Tone, View},
};

#[derive(Template)]
#[template(path = "mail.txt", escape = "none")]
struct Text<'a> {
    view: &'a View,
}

#[derive(Template)]
#[template(path = "mail.html")]
struct Html<'a> {
    view: &'a View,
}

/// The email as plain text.
pub fn text(view: &View) -> String {
    Text { view }.render().expect("writing to memory does not fail")
}

/// The email as HTML: tables and inline styles, as mail clients need them, without images or scripts.
pub fn html(view: &View) -> String {
    Html { view }.render().expect("writing to memory does not fail")
}

/// A mail and its HTML, written with `most` of everything, or with the first of `less` by which it is shorter than [`MAX_HTML`]; else the last.
pub fn fitting<L: Copy>(most: L, less: &[L], write: impl Fn(L) -> View) -> (View, String) {
    let written = |limits| {
        let view = write(limits);
        let html = html(&view);
        (view, html)
    };
    let mut fitting = written(most);
    for limits in less {
        if fitting.1.len() < MAX_HTML {
            break;
        }
        fitting = written(*limits);
    }
    fitting
}

impl Text<'_> {
    fn texts(&self) -> &'static Texts {
        self.view.language.phrases().texts()
    }
}

impl Html<'_> {
    fn texts(&self) -> &'static Texts {
        self.view.language.phrases().texts()
    }
}

/// The lines of an item before its quotation and commands: `- [failed] mail1, node 1`, then its sentences.
pub(super) fn opening(item: &Item, numbered: &bool, number: &usize) -> Vec<String> {
    let mark = if *numbered { format!("{number}.") } else { "-".to_owned() };
    let indent = " ".repeat(mark.len() + 1);
    let mut title: Vec<&str> = Vec::new();
    title.extend(item.title.as_deref());
    title.extend(item.place.as_deref());
    let mut head = title.join(", ");
    if let Some(badge) = &item.badge {
        head = format!("[{}] {head}", badge.word).trim_end().to_owned();
    }
    let mut lines: Vec<&str> = Vec::new();
    if !title.is_empty() || item.badge.is_some() {
        lines.push(&head);
    }
    lines.extend(item.lines.iter().map(String::as_str));
    let lines = lines.iter().enumerate().map(|(index, line)| match index {
        0 => format!("{mark} {line}"),
        _ => format!("{indent}{line}"),
    });
    lines.collect()
}

/// Dark enough for white text on it (WCAG AA), in light and dark surroundings.
pub(super) fn colour(tone: &Tone) -> &'static str {
    match tone {
        Tone::Good => "#1a7f37",
        Tone::Bad => "#b42318",
        Tone::Warning => "#9a5b00",
        Tone::Busy => "#1f5fb8",
        Tone::Neutral => "#59636e",
    }
}

/// The line beside an item.
pub(super) fn edge(badge: &Option<Badge>) -> &'static str {
    badge.as_ref().map_or("#aab2bb", |badge| colour(&badge.tone))
}
