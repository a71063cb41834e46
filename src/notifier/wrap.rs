// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Lines of a mail's text, as long as they should be (RFC 5322, section 2.1.1; RFC 3676).

/// How long a line of prose is, in characters.
const WIDTH: usize = 76;

/// Prose wrapped at 76 characters, between words, aligned with what it continues. Commands and what is quoted stay as
/// they are, as does whatever has no spaces, such as a URL: whoever copies it needs all of it.
pub fn wrapped(text: &str) -> String {
    let mut lines: Vec<String> = Vec::new();
    for line in text.split('\n') {
        if line.chars().count() <= WIDTH || is_verbatim(line) {
            lines.push(line.to_owned());
        } else {
            wrap(line, &mut lines);
        }
    }
    lines.join("\n")
}

/// Commands are indented, quotations marked, by the template of the text.
fn is_verbatim(line: &str) -> bool {
    line.starts_with("      ") || line.trim_start().starts_with('>')
}

fn wrap(line: &str, lines: &mut Vec<String>) {
    let content = line.trim_start_matches(' ');
    let indent = line.len() - content.len();
    // What continues an item of a list stands below its text.
    let mark = content.split(' ').next().filter(|mark| {
        *mark == "-" || mark.strip_suffix('.').is_some_and(|number| number.parse::<u32>().is_ok())
    });
    let hanging = " ".repeat(indent + mark.map_or(0, |mark| mark.len() + 1));
    let mut current = " ".repeat(indent);
    let mut width = indent;
    let mut is_empty = true;
    for word in content.split(' ') {
        let length = word.chars().count();
        // A mark alone is no line.
        let may_break = !is_empty && width > hanging.len();
        if may_break && width + 1 + length > WIDTH {
            lines.push(std::mem::replace(&mut current, hanging.clone()));
            width = hanging.len();
            is_empty = true;
        }
        if !is_empty {
            current.push(' ');
            width += 1;
        }
        current.push_str(word);
        width += length;
        is_empty = false;
    }
    lines.push(current);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prose_is_wrapped_between_words_and_aligned() {
        let text = format!(
            "1. {}\n- {}\n  {}\nshort",
            "word ".repeat(20).trim(),
            "word ".repeat(20).trim(),
            "word ".repeat(20).trim()
        );
        let wrapped = wrapped(&text);
        assert!(wrapped.lines().all(|line| line.len() <= WIDTH), "{wrapped}");
        let starts: Vec<_> = wrapped.lines().map(|line| &line[..4.min(line.len())]).collect();
        assert_eq!(starts, ["1. w", "   w", "- wo", "  wo", "  wo", "  wo", "shor"]);
        let joined = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        assert_eq!(joined(&wrapped), joined(&text));
    }

    #[test]
    fn what_is_copied_stays_whole() {
        let command = format!("      api-cli run run-backup --data '{}'", "x ".repeat(50));
        let quote = format!("  > {}", "Fatal: unable to open ".repeat(6));
        let url = format!("See https://example.org/{} now", "x".repeat(100));
        assert_eq!(wrapped(&command), command);
        assert_eq!(wrapped(&quote), quote);
        assert_eq!(wrapped(&url), format!("See\nhttps://example.org/{}\nnow", "x".repeat(100)));
    }

    #[test]
    fn a_long_first_word_does_not_leave_its_mark() {
        let item = format!("- {} end", "x".repeat(90));
        assert_eq!(wrapped(&item), format!("- {}\n  end", "x".repeat(90)));
    }
}
