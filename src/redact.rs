// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Secrets are struck out of other programs' words before these are kept anywhere: dumps, restic and scripts print URLs, environments,
//! headers and their own arguments when they fail.
//!
//! In doubt more is struck out than is secret. What has been through here once is not changed by a second time.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands in a secret's place.
pub const STRUCK: &str = "***";

/// What a secret is called, at the end of a name or in it: `RESTIC_PASSWORD`, `--api-token`, `AccountKey`, `X-Amz-Signature`.
const NAMES: &str = "passw|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|auth[_-]?key|private[_-]?key|\
                     session[_-]?key|credential|signature|cookie";

const QUOTES: [char; 3] = ['"', '\'', '`'];

/// How far a secret goes from where its name ends.
#[derive(Clone, Copy)]
enum Value {
    /// A quoted string, or all up to white space: environments and options, where any other character may be in it.
    Word,
    /// The same, if it is `user:password`. In quotes it is one without the colon too.
    Pair,
    /// A quoted string, or all up to what ends a field of JSON, a query or a sentence.
    Field,
    /// A quoted string.
    Quoted,
    /// Up to the quote that was opened before the name, as in `'--password=…'`.
    Argument,
}

/// A name, and how far the secret behind it goes.
struct Named {
    name: Regex,
    value: Value,
}

/// A secret that is known by its form, and what is written instead. `$1` is what stays.
struct Form {
    pattern: Regex,
    instead: &'static str,
    /// True where a URL's scheme would be taken for a user: URLs have forms of their own.
    is_schemeless: bool,
}

/// Programs that take a password with a short option: its letters, and whether it may be the next argument in a command line. MySQL's
/// has to follow at once; but in a list it is struck out in either case.
const SHORT_OPTIONS: [(&str, &str, Value, bool); 5] = [
    ("mysql|mariadb", "p", Value::Word, false),
    ("curl", "[a-zA-Z]*[uU]", Value::Pair, true),
    ("redis-cli|valkey-cli", "a", Value::Word, true),
    ("sshpass", "p", Value::Word, true),
    ("ldap[a-z]+", "w", Value::Word, true),
];

fn compile(pattern: &str) -> Regex {
    Regex::new(pattern).expect("a pattern of ours")
}

/// Every line that names a secret has one of these, and most lines have none: one search is cheaper than all of them.
static HINT: LazyLock<Regex> = LazyLock::new(|| {
    let programs = SHORT_OPTIONS.map(|(programs, ..)| programs).join("|");
    compile(&format!("(?i-u:{NAMES}|pass|sig|key|authorization|{programs})"))
});

/// Before all others, as these may tear a secret to pieces.
static ARGUMENTS: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let open = r#"(?:^|[ \t\n\[({,=:])\\*["'`]"#;
    let next = r#"\\*["'`][ \t]*,[ \t]*"#;
    let name = format!("(?:[a-z0-9_.-]*(?:{NAMES})[a-z0-9_.-]*|(?:[a-z0-9_.-]*[_.-])?(?:pass|sig|key))");
    let mut rules = vec![
        // '--password=…', '--env=RESTIC_PASSWORD=…', '-eRESTIC_PASSWORD=…'
        (format!("(?i){open}(?:--?[a-z][a-z-]*=|-[a-z])?{name}="), Value::Argument),
        // '--password', '…'
        (format!("(?i)--?[a-z0-9-]*(?:{NAMES}|pass|key)[a-z0-9-]*{next}"), Value::Quoted),
    ];
    for (programs, letters, value, may_be_next) in SHORT_OPTIONS {
        let program = format!(r"(?-u:\b)(?:{programs})[^\n]*?");
        let space = if may_be_next { r"[ \t]*" } else { "" };
        rules.push((format!(r#"{program}["'`]-{letters}{next}"#), Value::Quoted));
        rules.push((format!(r#"{program}[ \t\[({{,=:]\\*["'`]-{letters}"#), Value::Argument));
        rules.push((format!(r"{program}[ \t]-{letters}{space}"), value));
    }
    for option in ["--user", "--proxy-user"] {
        let program = format!(r"(?-u:\b)curl(?-u:\b)[^\n]*?{option}");
        rules.push((format!("{program}{next}"), Value::Quoted));
        rules.push((format!(r"{program}(?:=|[ \t]+)"), Value::Pair));
    }
    let upper = NAMES.to_uppercase();
    rules.push((format!("[A-Z0-9_]*(?:{upper})[A-Z0-9_]*="), Value::Word));
    rules.push((r"(?-u:\b)(?:[A-Z0-9_]*_)?(?:PASS|SIG|KEY)=".into(), Value::Word));
    rules.push((format!(r"(?i)--[a-z0-9-]*(?:{NAMES}|pass|key)[a-z0-9-]*(?:=|[ \t]+)"), Value::Word));
    rules.into_iter().map(|(name, value)| Named { name: compile(&name), value }).collect()
});

/// Fields of JSON, of queries, of settings; and sentences.
static FIELDS: LazyLock<Vec<Named>> = LazyLock::new(|| {
    let named = format!(
        r#"(?i)[a-z0-9_.-]*(?:{NAMES})[a-z0-9_.-]*(?:\[[^\]\n]*\])?[\\'"`]*[ \t]*(?:=>|:=|[=:])[ \t]*"#
    );
    // Short names count alone or behind a separator: `RCLONE_CONFIG_S3_PASS=`, `&sig=`, `"key":`, but not "no key: …" in a sentence.
    let short = r#"(?i)(?:^|[^a-z0-9])(?:pass|sig)[\\'"`]*[ \t]*[=:][ \t]*"#.to_owned();
    let key = r#"(?i)(?:^|[^a-z0-9])key(?:=|[\\'"`]+[ \t]*[=:][ \t]*)"#.to_owned();
    [named, short, key].iter().map(|name| Named { name: compile(name), value: Value::Field }).collect()
});

static HEADERS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    // Everything up to the end of the line or the quotes: a header may have several parts.
    vec![form(r#"(?i)((?:proxy-)?authorization[\\'"`]*[ \t]*[:=][ \t]*[\\'"`]*)[^'"`\n]+"#, "${1}***")]
});

static FORMS: LazyLock<Vec<Form>> = LazyLock::new(|| {
    // user:password@host
    let schemeless = form(r#"()[^ \t\n'"`<>@:/=,;({\[]+:[^ \t\n'"`<>@]+@"#, "${1}***@");
    vec![
        form(r"(?i)((?:^|[^a-z0-9])bearer[ \t]+)[a-z0-9+/=._~-]{6,}", "${1}***"),
        // A password may hold a slash or an @: up to the last @.
        form(r#"(?i)([a-z][a-z0-9+.-]*://)[^ \t\n'"`<>@:/]*:[^ \t\n'"`<>]*@"#, "${1}***@"),
        form(r#"(?i)([a-z][a-z0-9+.-]*://)[^ \t\n'"`<>?#]*@"#, "${1}***@"),
        Form { is_schemeless: true, ..schemeless },
        // Keys that are known by their form: AWS, JSON web tokens, GitHub, GitLab, Slack, Google, Backblaze.
        form(r"()(?-u:\b)(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA)[A-Z0-9]{12,}", "${1}***"),
        form(r"()eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)+", "${1}***"),
        form(
            r"()(?-u:\b)(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|ya29\.)[A-Za-z0-9._-]{10,}",
            "${1}***",
        ),
        form(r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?s:.*)", "${1}***"),
    ]
});

fn form(pattern: &str, instead: &'static str) -> Form {
    Form { pattern: compile(pattern), instead, is_schemeless: false }
}

/// The text without secrets.
pub fn redact(text: &str) -> String {
    let mut text = text.to_owned();
    let is_named = HINT.is_match(&text);
    if is_named {
        HEADERS.iter().for_each(|form| form.strike(&mut text));
        ARGUMENTS.iter().for_each(|named| named.strike(&mut text));
    }
    FORMS.iter().for_each(|form| form.strike(&mut text));
    if is_named {
        FIELDS.iter().for_each(|named| named.strike(&mut text));
    }
    text
}

impl Form {
    fn strike(&self, text: &mut String) {
        if !self.pattern.is_match(text) {
            return;
        }
        let instead = |found: &Captures| {
            let whole = found.get(0).map_or("", |whole| whole.as_str());
            if self.is_schemeless && whole.contains("://") {
                return whole.to_owned();
            }
            let mut put = String::new();
            found.expand(self.instead, &mut put);
            put
        };
        *text = self.pattern.replace_all(text, instead).into_owned();
    }
}

impl Named {
    fn strike(&self, text: &mut String) {
        let mut done = String::new();
        let mut rest = text.as_str();
        while let Some(found) = self.name.find(rest) {
            let (before, after) = rest.split_at(found.end());
            done.push_str(before);
            let length = self.value.length(before, after);
            rest = after;
            if length > 0 && !is_struck(after) && !is_yes_or_no(before, after) {
                done.push_str(STRUCK);
                rest = &after[length..];
            }
        }
        if !done.is_empty() {
            done.push_str(rest);
            *text = done;
        }
    }
}

/// True when a secret has been struck out here before.
fn is_struck(value: &str) -> bool {
    let Some(after) = value.strip_prefix(STRUCK) else { return false };
    after.chars().next().is_none_or(|c| c.is_whitespace() || "\"'`\\,;&)]}".contains(c))
}

/// MySQL's "Access denied for user … (using password: YES)", which tells the cause.
fn is_yes_or_no(before: &str, after: &str) -> bool {
    before.ends_with("(using password: ") && (after.starts_with("YES)") || after.starts_with("NO)"))
}

impl Value {
    /// How long the secret at the start of `after` is, in bytes; 0 where there is none.
    fn length(self, before: &str, after: &str) -> usize {
        if let Self::Argument = self {
            let Some(at) = before.rfind(QUOTES) else { return 0 };
            let quote = before[at..].chars().next().unwrap_or('"');
            return body(after, quote, backslashes(&before[..at])).unwrap_or_else(|| line(after));
        }
        let quoted = quoted(after);
        if quoted > 0 {
            return quoted;
        }
        let word = after.find(char::is_whitespace).unwrap_or(after.len());
        match self {
            Self::Quoted | Self::Argument => 0,
            Self::Pair if !after[..word].contains(':') => 0,
            Self::Word | Self::Pair if after.starts_with(QUOTES) => 0,
            Self::Word | Self::Pair => without_tail(&after[..word]).len(),
            Self::Field => {
                let ends = |c: char| {
                    matches!(c, ' ' | '\t' | '\n' | ',' | ';' | '&' | ')' | ']' | '}') || QUOTES.contains(&c)
                };
                after.find(ends).unwrap_or(after.len())
            }
        }
    }
}

/// A word of a quoted sentence without the quote that ends that, as in "Command 'x --token=y' failed".
fn without_tail(word: &str) -> &str {
    let kept = word.trim_end_matches([',', ';', ':', '.', ')', ']', '}']);
    let shorter = kept.trim_end_matches(QUOTES);
    if shorter.is_empty() || shorter.len() == kept.len() {
        return word;
    }
    shorter.trim_end_matches('\\')
}

fn line(text: &str) -> usize {
    text.find('\n').unwrap_or(text.len())
}

fn backslashes(before: &str) -> usize {
    before.len().saturating_sub(before.trim_end_matches('\\').len())
}

/// How long the quoted string is that begins here, in bytes: up to the line's end where it has none; 0 where none begins. A shell writes a
/// quote in a string as `'a'"'"'b'` or `'a'\''b'`.
fn quoted(text: &str) -> usize {
    let escapes = text.len().saturating_sub(text.trim_start_matches('\\').len());
    let Some(quote) = text[escapes..].chars().next().filter(|c| QUOTES.contains(c)) else { return 0 };
    // A quote is one byte.
    let mark = escapes.saturating_add(1);
    let mut length = mark;
    loop {
        let Some(inner) = body(&text[length..], quote, escapes) else {
            return length.saturating_add(line(&text[length..]));
        };
        length = length.saturating_add(inner).saturating_add(mark);
        let Some(joint) =
            [r#""'"'"#, r"\''"].iter().find(|joint| quote == '\'' && text[length..].starts_with(**joint))
        else {
            return length;
        };
        length = length.saturating_add(joint.len());
    }
}

/// How long a string is whose opening quote had so many backslashes before it, without the closing one; None where that is missing.
///
/// Each level of quoting makes 1, 3, 7 … of them, and an escaped quote inside has that many more.
fn body(text: &str, quote: char, escapes: usize) -> Option<usize> {
    let period = escapes.saturating_add(1).saturating_mul(2);
    text.match_indices(quote).find_map(|(at, _)| {
        // A shell knows no escapes in such a string.
        if quote == '\'' && escapes == 0 && text[at..].starts_with(r#"'"'"'"#) {
            return Some(at);
        }
        let surplus = backslashes(&text[..at]).checked_sub(escapes)?;
        surplus.is_multiple_of(period).then_some(at.saturating_sub(escapes))
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_tells_the_cause_stays() {
        for line in [
            "Fatal: wrong password or no key found",
            "database dump failed: connection refused",
            "ERROR:  duplicate key value violates unique constraint",
            "unable to create lock in backend: repository is already locked exclusively by PID 1 on node1.example.org by root (UID 0, GID 0)",
            "lock was created at 2026-11-25 01:37:45 (10.998996273s ago)",
            "mail1: backup 1 failed (exit code 1)",
            "[ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 1.",
            "Stat(<config/>) returned error, retrying after 688.449618ms: unexpected HTTP response (500): 500 Internal Server Error",
            "rest:http://127.0.0.1:4694/c1c9d3f0-f3d4-5b60-912b-1a4a9852be82/notes/1e0d2336-30c9-46d8-88a1-14f0133d975e/",
            "Access denied for user 'root'@'localhost' (using password)",
            "snapshot ffd5153a saved",
            "mysqldump: Got error: 1045: \"Access denied for user 'root'@'localhost' (using password: YES)\" when trying to connect",
            "mysqldump -u root -p --all-databases > dump.sql; mkdir -p state",
            "['mysqldump', '--user', 'root', '--all-databases'] returned 2",
            "['podman', 'exec', 'mail1', 'tar', '-u', 'x']: exit code 1",
            "curl: (22) The requested URL returned error: 401",
            "curl -sS -u admin http://127.0.0.1/ and -o /dev/null",
            "curl --user-agent x:y http://127.0.0.1:80/",
            "MONKEY=3 TZ=Europe/Rome HOME=/root",
        ] {
            assert_eq!(redact(line), line);
        }
    }

    #[test]
    fn the_place_of_a_secret_is_still_told() {
        for (line, told) in [
            (
                "Fatal: s3:https://acme:hunter2@s3.example.org/b: denied",
                "Fatal: s3:https://***@s3.example.org/b: denied",
            ),
            ("RESTIC_PASSWORD=hunter2 restic backup", "RESTIC_PASSWORD=*** restic backup"),
            ("mysqldump --password hunter2 --all", "mysqldump --password *** --all"),
            ("Authorization: Basic aHVudGVyMg==", "Authorization: ***"),
            (r#"{"user": "a", "password": "hunter2"}"#, r#"{"user": "a", "password": ***}"#),
            ("key AKIAIOSFODNN7EXAMPLE is not known", "key *** is not known"),
            (
                "Command '['mysqldump', '--password', 'hunter2', '--all']' returned non-zero exit status 2.",
                "Command '['mysqldump', '--password', ***, '--all']' returned non-zero exit status 2.",
            ),
            (r#"["x","--token","a,b]","y"]"#, r#"["x","--token",***,"y"]"#),
            ("['mysql', '-p', 'a b', 'x']", "['mysql', '-p', ***, 'x']"),
            ("['mariadb-dump', '-phun ter2', 'x']", "['mariadb-dump', '-p***', 'x']"),
            ("mysqldump -u root -phunter2; x", "mysqldump -u root -p*** x"),
            ("curl -sSu me:hunter2 http://x/", "curl -sSu *** http://x/"),
            ("['curl', '-u', 'me:hunter2', 'http://x/']", "['curl', '-u', ***, 'http://x/']"),
            ("curl --user me:hun@ter2 http://x/", "curl --user *** http://x/"),
            ("['curl', '-ume:hunter2', 'http://x/']", "['curl', '-u***', 'http://x/']"),
            ("RESTIC_PASSWORD=ab,cdef restic", "RESTIC_PASSWORD=*** restic"),
            ("Command 'x --token=hunter2' failed", "Command 'x --token=***' failed"),
            ("['podman', '--env=DB_PASS=a, b', 'x']", "['podman', '--env=DB_PASS=***', 'x']"),
            (r#"{"Env":["A_TOKEN=x;y","B_KEY=z"],"n":1}"#, r#"{"Env":["A_TOKEN=***","B_KEY=***"],"n":1}"#),
            ("GET /?X-Amz-Signature=abcdef0123&x=1 403", "GET /?X-Amz-Signature=***&x=1 403"),
        ] {
            assert_eq!(redact(line), told);
        }
    }

    /// A secret of a form that people and programs make, without what would end it.
    fn secret() -> impl Strategy<Value = String> {
        prop_oneof!["[A-Za-z0-9!$%^*+_.-]{8,40}", "[a-f0-9]{32}", "[A-Za-z0-9+/]{38}=="]
    }

    /// As `repr` writes it.
    fn python(text: &str) -> String {
        let text = text.replace('\\', r"\\");
        if text.contains('\'') && !text.contains('"') {
            return format!("\"{text}\"");
        }
        format!("'{}'", text.replace('\'', r"\'"))
    }

    fn json(text: &str) -> String {
        format!("\"{}\"", text.replace('\\', r"\\").replace('"', "\\\""))
    }

    proptest! {
        #[test]
        fn a_secret_in_any_of_these_shapes_does_not_stay(
            secret in secret(), before in "[a-z :]{0,12}", after in "[a-z :]{0,12}", shape in 0usize..30,
        ) {
            let s = &secret;
            let shapes = [
                format!("https://user:{s}@host/path"),
                format!("rest:https://user:{s}@host:8000/"),
                format!("postgres://{s}@db/x"),
                format!("sftp user:{s}@host"),
                format!("RESTIC_PASSWORD={s}"),
                format!("RESTIC_PASSWORD='{s} and more {s}'"),
                format!("AWS_SECRET_ACCESS_KEY={s}"),
                format!("RCLONE_CONFIG_REMOTE_PASS={s}"),
                format!("RCLONE_CONFIG_REMOTE_KEY={s}"),
                format!("B2_ACCOUNT_KEY={s}"),
                format!("password: {s}"),
                format!("Password : \"{s}\""),
                format!("'password': '{s}'"),
                format!("{{\"password\":\"{s}\"}}"),
                format!("{{\\\"password\\\":\\\"{s}\\\"}}"),
                format!("client_secret={s}&x=1"),
                format!("secretAccessKey => {s}"),
                format!("--token {s}"),
                format!("--password={s}"),
                format!("Authorization: Bearer {s}"),
                format!("authorization: token {s}"),
                format!("\"Authorization\": \"Basic {s}\""),
                format!("Bearer {s}").replace(['!', '$', '%', '^', '*'], "A"),
                format!("AccountKey={s};EndpointSuffix=x"),
                format!("https://x/?sv=1&sig={s}"),
                format!("X-Amz-Security-Token={s}"),
                format!("['podman', '--env=MYSQL_ROOT_PASSWORD={s}', 'x']"),
                format!("PGPASSWORD={s} pg_dump"),
                format!("-----BEGIN RSA PRIVATE KEY-----\n{s}\n-----END"),
                format!("Set-Cookie: {s}"),
            ];
            let text = format!("{before}\n{}\n{after}", shapes[shape]);
            let told = redact(&text);
            prop_assert!(!told.contains(s.as_str()), "{text:?}: {told:?}");
            prop_assert!(told.contains(STRUCK));
        }

        /// No part of the secret stays either: `ab,cdef` is not `***,cdef`.
        #[test]
        fn whatever_a_secrets_characters_nothing_of_it_stays(
            parts in ("[A-Z][a-z]{3}[0-9]{4}", "[!-/:-@\\[-`{-~]{0,4}", "[A-Z][a-z]{3}[0-9]{4}"), after in "[a-z :,']{0,12}",
        ) {
            let s = &format!("{}{}{}", parts.0, parts.1, parts.2);
            let (repr, string, shell) = (python(s), json(s), format!("'{}'", s.replace('\'', r#"'"'"'"#)));
            let nested = json(&format!("[\"--token\",{string}]"));
            let assigned = |name: &str| (python(&format!("{name}{s}")), json(&format!("{name}{s}")));
            let (password, env, short) = (assigned("--password="), assigned("RESTIC_PASSWORD="), assigned("-p"));
            for shape in [
                format!("RESTIC_PASSWORD={s}"),
                format!("RESTIC_PASSWORD={shell}"),
                format!("B2_ACCOUNT_KEY={s} x"),
                format!("x --password {s} --all"),
                format!("x --password={s} --all"),
                format!("x --password {shell} --all"),
                format!("mysqldump -u root -p{s} --all"),
                format!("mariadb-dump -p{shell} --all"),
                format!("curl -u me:{s} http://x"),
                format!("curl --user me:{s} http://x"),
                format!("Command '['x', '--password', {repr}, 'y']' returned"),
                format!("['mysql', '-p', {repr}]"),
                format!("['mysql', {}, 'x']", short.0),
                format!("[\"mysql\",{},\"x\"]", short.1),
                format!("['curl', '-u', {repr}]"),
                format!("[\"x\",\"--token\",{string},\"y\"]"),
                format!("{{\"command\":{nested}}}"),
                format!("['x', {}, 'y']", password.0),
                format!("[\"x\",{},\"y\"]", password.1),
                format!("['podman', '--env', {}, 'y']", env.0),
                format!("[\"podman\",\"--env\",{},\"y\"]", env.1),
                format!("{{'password': {repr}}}"),
                format!("{{\"password\":{string}}}"),
            ] {
                let told = redact(&format!("{shape}\n{after}"));
                for part in [&parts.0, &parts.2] {
                    prop_assert!(!told.contains(part.as_str()), "{shape}: {told}");
                }
                prop_assert!(told.ends_with(&format!("\n{after}")), "{shape}: {told}");
                prop_assert_eq!(redact(&told), told.clone());
            }
        }

        #[test]
        fn twice_is_as_once(text in "[ a-z:=@/\"'*]{0,60}|(password|token|key|://|@|:|=| |a){0,12}") {
            let once = redact(&text);
            prop_assert_eq!(redact(&once), once.clone());
        }

        #[test]
        fn nothing_panics(text in any::<String>()) {
            let _ = redact(&text);
        }
    }
}
