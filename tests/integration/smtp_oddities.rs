// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Servers with one odd reply, at each place where a reply can be: whom Python's `smtplib` delivers to, we deliver to,
//! and nobody counts as served whom the server has not promised it.

use std::time::Duration;

use ns8_backup_monitor::smtp::{
    Encryption, RecipientResult, SmtpSettings, client::MailServer, limits::Limits,
};
use serde_json::json;

use crate::support::{
    oracle::Oracle,
    scripted::{At, Odd, Script, ScriptedServer, acceptor, certificate},
    smtp::{PASSWORD, Security, USER},
};

const TO: [&str; 3] = ["a@example.org", "b@example.org", "c@example.org"];
const MESSAGE: &[u8] = b"Subject: test\r\n\r\n.a line with a dot\r\n";

const KEYWORDS: [&str; 3] = ["SIZE 1000000", "8BITMIME", "AUTH PLAIN LOGIN CRAM-MD5"];

/// The places, with the code and the text that belong there.
fn places(security: Security) -> Vec<(At, &'static str, Vec<&'static str>)> {
    let mut keywords = vec!["mx"];
    keywords.extend(KEYWORDS);
    let mut places = vec![(At::Greeting, "220", vec!["mx"])];
    if security == Security::StartTls {
        let mut first = keywords.clone();
        first.push("STARTTLS");
        places.extend([
            (At::Ehlo, "250", first),
            (At::StartTls, "220", vec!["go on"]),
            (At::EhloInTls, "250", keywords),
        ]);
    } else {
        places.push((At::Ehlo, "250", keywords));
    }
    places.extend([
        (At::Auth, "334", vec!["PGFAbXg+"]),
        (At::AuthAnswer, "235", vec!["welcome"]),
        (At::Mail, "250", vec!["OK"]),
        (At::Rcpt(TO[0]), "250", vec!["OK"]),
        (At::Rcpt(TO[1]), "250", vec!["OK"]),
        (At::Data, "354", vec!["go on"]),
        (At::Dot, "250", vec!["taken"]),
        (At::Quit, "221", vec!["bye"]),
    ]);
    places
}

/// The oddities, made of the reply that belongs there.
fn oddities(code: &str, texts: &[&str]) -> Vec<(&'static str, Odd)> {
    let reply = |separator: &str, end: &str| -> Vec<u8> {
        let last = texts.len() - 1;
        let line = |(place, text): (usize, &&str)| {
            format!("{code}{}{text}{end}", if place == last { separator } else { "-" })
        };
        texts.iter().enumerate().map(line).collect::<String>().into()
    };
    let with =
        |addition: &[u8]| [&reply(" ", "\r\n")[..reply(" ", "\r\n").len() - 2], addition, b"\r\n"].concat();
    let line = |text: &str| format!("{text}\r\n").into_bytes();
    let behind = |first: &str| [line(&format!("{code}-{first}")), reply(" ", "\r\n")].concat();
    let other_code = format!("{}66", &code[..1]);
    vec![
        ("Latin-1", Odd::Says(with(b" f\xfcr Empf\xe4nger \xff"))),
        ("NUL and control characters", Odd::Says(with(b" \0\x1b[31m\x07"))),
        ("LF alone", Odd::Says(reply(" ", "\n"))),
        ("nothing but the code", Odd::Says(line(code))),
        ("a space behind the code", Odd::Says(line(&format!("{code} ")))),
        ("a tab behind the code", Odd::Says(reply("\t", "\r\n"))),
        ("two lines", Odd::Says(behind("mx"))),
        ("an empty first line", Odd::Says(behind(""))),
        ("another code in the first line", Odd::Says([line("550-no, wait"), reply(" ", "\r\n")].concat())),
        (
            "a hundred lines",
            Odd::Says([line(&format!("{code}-mx")).repeat(100), reply(" ", "\r\n")].concat()),
        ),
        ("a long line", Odd::Says(with(&b" x".repeat(3000)))),
        ("a very long line", Odd::Says(with(&b" x".repeat(6000)))),
        ("byte after byte", Odd::SaysSlowly(reply(" ", "\r\n"))),
        ("another code of its kind", Odd::Says(line(&other_code))),
        ("no end of line, then closed", Odd::SaysAndCloses(reply(" ", ""))),
        ("closed behind it", Odd::SaysAndCloses(reply(" ", "\r\n"))),
        ("half of it, then closed", Odd::SaysAndCloses(line(&format!("{code}-more")))),
        ("an empty line", Odd::Says(line(""))),
        ("an empty line before it", Odd::Says([line(""), reply(" ", "\r\n")].concat())),
        ("no code", Odd::Says(line("hello"))),
        ("two digits", Odd::Says(line("25 OK"))),
        ("a code that there is not", Odd::Says(line("999 what"))),
        ("a reply too many", Odd::Says([reply(" ", "\r\n"), line("250 and more")].concat())),
        ("450", Odd::Says(line("450 4.7.1 greylisted"))),
        ("452", Odd::Says(line("452 4.5.3 too many"))),
        ("504", Odd::Says(line("504 5.5.2 not so"))),
        ("550 in Latin-1", Odd::Says(b"550 Empf\xe4nger unbekannt\r\n".to_vec())),
        ("571", Odd::Says(line("571 5.7.1 no"))),
        ("550, then closed", Odd::SaysAndCloses(line("550 no"))),
        ("421, then closed", Odd::SaysAndCloses(line("421 4.3.2 bye"))),
        ("closed", Odd::Closes),
        ("silent", Odd::IsSilent),
    ]
}

/// What EHLO may look like where there is a login.
const LOGINS: [&[&str]; 8] = [
    &["AUTH PLAIN"],
    &["AUTH LOGIN"],
    &["AUTH CRAM-MD5"],
    &["AUTH=PLAIN LOGIN"],
    &["auth=LOGIN"],
    &["Auth  PLAIN"],
    &["AUTH GSSAPI XOAUTH2 PLAIN"],
    &["AUTH GSSAPI", "AUTH=LOGIN"],
];

#[derive(Default)]
struct Counts {
    cases: usize,
    oracle: usize,
    ours: usize,
}

async fn plays(security: Security) {
    let key = certificate();
    let mut oracle = Oracle::start();
    let mut counts = Counts::default();
    let mut wrong = Vec::new();
    let mut cases: Vec<(String, Script)> = LOGINS
        .iter()
        .map(|keywords| {
            (format!("{keywords:?}"), Script { security, keywords: keywords.to_vec(), odd: None })
        })
        .collect();
    for (at, code, texts) in places(security) {
        for (name, odd) in oddities(code, &texts) {
            let script = Script { security, keywords: KEYWORDS.to_vec(), odd: Some((at, odd)) };
            cases.push((format!("{at:?}: {name}"), script));
        }
    }
    for (name, script) in cases {
        let is_silent = matches!(script.odd, Some((_, Odd::IsSilent)));
        let limit = Duration::from_millis(if is_silent { 500 } else { 10_000 });
        let server = ScriptedServer::start(script.clone(), acceptor(&key)).await;
        let request = json!({
            "port": server.port,
            "security": match security { Security::None => "none", Security::StartTls => "starttls", Security::Tls => "tls" },
            "user": USER,
            "password": PASSWORD,
            "from": "me@example.org",
            "to": TO,
            "timeout": limit.as_secs_f64(),
        });
        let (accepted, error);
        (oracle, (accepted, error)) = tokio::task::spawn_blocking(move || {
            let result = oracle.send(&request);
            (oracle, result)
        })
        .await
        .unwrap();
        drop(server);

        let server = ScriptedServer::start(script.clone(), acceptor(&key)).await;
        let result = send(security, server.port, limit).await;
        let fate = |place: usize| result.as_ref().ok().map(|fates| &fates[place]);
        let ours: Vec<&str> = (0..TO.len())
            .filter(|&place| fate(place) == Some(&RecipientResult::Accepted))
            .map(|place| TO[place])
            .collect();
        let mut taken = server.taken();
        taken.sort();

        counts.cases += 1;
        counts.oracle += usize::from(!accepted.is_empty());
        counts.ours += usize::from(!ours.is_empty());
        let mut complain = |what: &str| {
            wrong.push(format!(
                "{name}: {what}; smtplib {accepted:?} {error:?}, ours {result:?}, taken {taken:?}"
            ));
        };
        if let Some(missed) = accepted.iter().find(|address| !ours.contains(&address.as_str())) {
            complain(&format!("smtplib delivers to {missed}"));
        }
        if ours != taken {
            complain("what we believe is not what the server says");
        }
        // One recipient's reply keeps nobody else from the mail.
        if let Some((At::Rcpt(odd), _)) = script.odd
            && TO.iter().any(|address| *address != odd && !ours.contains(address))
        {
            complain("a recipient has kept another from it");
        }
        // After the dot, only the server's own words say that nobody has it.
        if let Some((At::Dot, odd)) = &script.odd
            && matches!(odd, Odd::Closes | Odd::IsSilent)
            && !(0..TO.len()).all(|place| matches!(fate(place), Some(RecipientResult::Perhaps(_))))
        {
            complain("it may have been accepted");
        }
    }
    let Counts { cases, oracle, ours } = counts;
    println!("{cases} servers: smtplib delivers to {oracle}, we to {ours}");
    assert!(wrong.is_empty(), "{} of {cases} servers:\n{}", wrong.len(), wrong.join("\n"));
    assert!(oracle > cases / 3, "the oracle delivers to hardly any: {oracle} of {cases}");
}

async fn send(
    security: Security,
    port: u16,
    limit: Duration,
) -> Result<Vec<RecipientResult>, ns8_backup_monitor::smtp::Failure> {
    let settings = SmtpSettings {
        enabled: true,
        host: Some("localhost".into()),
        port,
        username: Some(USER.into()),
        password: PASSWORD.into(),
        encryption: match security {
            Security::None => Encryption::None,
            Security::StartTls => Encryption::StartTls,
            Security::Tls => Encryption::Tls,
        },
        tls_verify: false,
    };
    let limits = Limits {
        greeting: limit,
        command: limit,
        data: limit,
        block: limit,
        dot: limit,
        ..Limits::default()
    };
    let from = "me@example.org".parse().unwrap();
    let to = TO.map(|address| address.parse().unwrap());
    MailServer::new(settings, &from).within(limits).send_to(&from, &to, MESSAGE).await
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_servers_in_plain_text() {
    plays(Security::None).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_servers_with_starttls() {
    plays(Security::StartTls).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn odd_servers_with_tls() {
    plays(Security::Tls).await;
}
