// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Secrets are struck out of a line before it is kept anywhere: dumps and restic print URLs, environments and headers when they fail.
//!
//! In doubt more is struck out than is secret.

use std::sync::LazyLock;

use regex::{Captures, Regex};

/// What stands in a secret's place.
pub const STRUCK: &str = "***";

/// What a secret is called, at the end of a name or in it: `RESTIC_PASSWORD`, `--api-token`, `AccountKey`, `X-Amz-Signature`.
const NAMES: &str = "passw|passphrase|pwd|secret|token|api[_-]?key|access[_-]?key|account[_-]?key|auth[_-]?key|private[_-]?key|\
                     session[_-]?key|credential|signature|cookie";

/// One kind of secret, and what is written instead. `$1` is what stays.
struct Rule {
    pattern: Regex,
    instead: String,
    /// True where a URL's scheme would be taken for a user: URLs have rules of their own.
    is_schemeless: bool,
}

static RULES: LazyLock<Vec<Rule>> = LazyLock::new(|| {
    // A value in quotes ends with them, another with what can't be in one.
    let value = r#"(?:\\*"[^"]*"|\\*'[^']*'|\\*`[^`]*`|[^ \t\n,;&'"`\])}]+)"#;
    let named = format!(
        r#"(?i)([a-z0-9_.-]*(?:{NAMES})[a-z0-9_.-]*(?:\[[^\]\n]*\])?[\\'"`]*[ \t]*(?:=>|:=|[=:])[ \t]*){value}"#
    );
    // Short names count alone or behind a separator: `RCLONE_CONFIG_S3_PASS=`, `&sig=`, `"key":`, but not "no key: …" in a sentence.
    let short = format!(r#"(?i)((?:^|[^a-z0-9])(?:pass|sig)[\\'"`]*[ \t]*[=:][ \t]*){value}"#);
    let key = format!(r#"(?i)((?:^|[^a-z0-9])key(?:=|[\\'"`]+[ \t]*[=:][ \t]*)){value}"#);
    let option = format!(r"(?i)(--[a-z0-9-]*(?:{NAMES}|pass|key)[a-z0-9-]*[ \t]+){value}");
    // user:password@host
    let schemeless = r#"()[^ \t\n'"`<>@:/=,;({\[]+:[^ \t\n'"`<>@]+@"#.to_owned();
    let rules = [
        // Everything up to the end of the line or the quotes: a header may have several parts.
        (r#"(?i)((?:proxy-)?authorization[\\'"`]*[ \t]*[:=][ \t]*[\\'"`]*)[^'"`\n]+"#.to_owned(), "${1}***"),
        (r"(?i)((?:^|[^a-z0-9])bearer[ \t]+)[a-z0-9+/=._~-]{6,}".into(), "${1}***"),
        // A password may hold a slash or an @: up to the last @.
        (r#"(?i)([a-z][a-z0-9+.-]*://)[^ \t\n'"`<>@:/]*:[^ \t\n'"`<>]*@"#.into(), "${1}***@"),
        (r#"(?i)([a-z][a-z0-9+.-]*://)[^ \t\n'"`<>?#]*@"#.into(), "${1}***@"),
        (schemeless.clone(), "${1}***@"),
        (named, "${1}***"),
        (short, "${1}***"),
        (key, "${1}***"),
        (option, "${1}***"),
        // Keys that are known by their form: AWS, JSON web tokens, GitHub, GitLab, Slack, Google, Backblaze.
        (r"()(?-u:\b)(?:AKIA|ASIA|AGPA|AIDA|AROA|ANPA|ANVA)[A-Z0-9]{12,}".into(), "${1}***"),
        (r"()eyJ[A-Za-z0-9_-]{6,}(?:\.[A-Za-z0-9_-]*)+".into(), "${1}***"),
        (
            r"()(?-u:\b)(?:gh[pousr]_|github_pat_|glpat-|xox[abprs]-|AIza|ya29\.)[A-Za-z0-9._-]{10,}".into(),
            "${1}***",
        ),
        (r"(-----BEGIN [A-Z ]*PRIVATE KEY-----)(?s:.*)".into(), "${1}***"),
    ];
    let compile = |(pattern, instead): (String, &str)| Rule {
        is_schemeless: pattern == schemeless,
        pattern: Regex::new(&pattern).expect("a pattern of ours"),
        instead: instead.into(),
    };
    rules.into_iter().map(compile).collect()
});

/// The text without secrets.
pub fn redact(text: &str) -> String {
    let mut text = text.to_owned();
    for rule in RULES.iter() {
        let instead = |found: &Captures| {
            let whole = found.get(0).map_or("", |whole| whole.as_str());
            if rule.is_schemeless && whole.contains("://") {
                return whole.to_owned();
            }
            let mut put = String::new();
            found.expand(&rule.instead, &mut put);
            put
        };
        if rule.pattern.is_match(&text) {
            text = rule.pattern.replace_all(&text, instead).into_owned();
        }
    }
    text
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
            ("GET /?X-Amz-Signature=abcdef0123&x=1 403", "GET /?X-Amz-Signature=***&x=1 403"),
        ] {
            assert_eq!(redact(line), told);
        }
    }

    /// A secret of a form that people and programs make, without what would end it.
    fn secret() -> impl Strategy<Value = String> {
        prop_oneof!["[A-Za-z0-9!$%^*+_.-]{8,40}", "[a-f0-9]{32}", "[A-Za-z0-9+/]{38}=="]
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
