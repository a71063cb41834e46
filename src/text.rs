// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Text from outside, made fit to be shown: labels, names, and other programs' messages.

/// One line: control characters and line ends become spaces, and what is longer than `max` characters is cut.
pub fn one_line(text: &str, max: usize) -> String {
    cut(&text.replace(char::is_control, " "), max)
}

/// Lines: control characters other than line ends become spaces, and what is longer than `max` characters is cut.
pub fn lines(text: &str, max: usize) -> String {
    cut(&text.replace(|c: char| c.is_control() && c != '\n', " "), max)
}

fn cut(text: &str, max: usize) -> String {
    let text = text.trim();
    match text.char_indices().nth(max) {
        Some((position, _)) => format!("{}…", &text[..position]),
        None => text.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn control_characters_do_not_pass() {
        assert_eq!(one_line(" a\r\nBcc: b\u{1b}[31m ", 100), "a  Bcc: b [31m");
        assert_eq!(lines("a\r\nb\u{7}\n", 100), "a \nb");
    }

    #[test]
    fn long_text_is_cut_between_characters() {
        assert_eq!(one_line("àèìòù", 3), "àèì…");
        assert_eq!(one_line("àèì", 3), "àèì");
    }
}
