// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Conversations without a server: what each reply leads to, and what no replies may lead to.

use proptest::prelude::*;

use super::*;
use crate::smtp::{RecipientResult, envelope::Path};

const TO: [&str; 3] = ["a@example.org", "b@example.org", "c@example.org"];

/// What the server's side does when we read.
#[derive(Debug, Clone)]
enum Turn {
    Says(Vec<u8>),
    Closes,
    IsSilent,
}

fn says(text: &str) -> Turn {
    Turn::Says(text.as_bytes().to_vec())
}

fn task(encryption: Encryption, with_login: bool, to: &[&str]) -> Task {
    let path = |address: &str| Path::of(&address.parse().unwrap()).unwrap();
    let recipients = to.iter().map(|address| path(address)).collect();
    Task {
        server: "mail server mx:25".into(),
        encryption,
        credentials: with_login
            .then(|| Credentials { user: "user".into(), password: "correct horse".into() }),
        envelope: Some(Envelope::new(path("me@example.org"), recipients, b"Subject: x\r\n\r\n.x\r\n")),
    }
}

/// What was written, and what came of it.
struct Told {
    lines: Vec<String>,
    result: Result<Vec<RecipientResult>, Failure>,
}

/// Lets a server of this character take part in as many connections as are wanted. It is told what was written last, and
/// how often this was.
fn converse(task: &Task, mut server: impl FnMut(&str, usize) -> Turn) -> Told {
    let mut rounds = Rounds::new(task.envelope.as_ref().unwrap());
    let mut lines: Vec<String> = vec![];
    let mut failure = None;
    while failure.is_none() && rounds.connect() {
        lines.push("connect".into());
        let mut dialogue =
            Dialogue::new(task, &mut rounds, vec!["host.example.org".into(), "[127.0.0.1]".into()]);
        loop {
            match dialogue.next_action() {
                Action::Write(bytes, _) => {
                    lines.push(String::from_utf8(bytes).unwrap().trim_end().to_owned());
                }
                Action::Read(_) => {
                    let last = lines.last().unwrap().clone();
                    let times = lines.iter().filter(|line| **line == last).count();
                    match server(&last, times) {
                        Turn::Says(bytes) => dialogue.feed(&bytes),
                        Turn::Closes => dialogue.lose(Loss::Closed),
                        Turn::IsSilent => dialogue.lose(Loss::TimedOut),
                    }
                }
                Action::StartTls => {
                    lines.push("TLS".into());
                    dialogue.secured();
                }
                Action::Close => break,
            }
        }
        failure = dialogue.finish().failure;
    }
    Told { lines, result: rounds.result(failure) }
}

/// A server that is as it should be.
fn well(line: &str) -> Turn {
    says(match line.split_whitespace().next().unwrap_or_default() {
        "connect" => "220 mx\r\n",
        "EHLO" => "250-mx\r\n250-STARTTLS\r\n250-SIZE 1000\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n",
        "DATA" => "354 go on\r\n",
        "AUTH" => "235 welcome\r\n",
        "STARTTLS" => "220 go on\r\n",
        "QUIT" => "221 bye\r\n",
        _ => "250 OK\r\n",
    })
}

fn rcpt(address: &str) -> String {
    format!("RCPT TO:<{address}>")
}

fn is_refused(fate: &RecipientResult) -> bool {
    matches!(fate, RecipientResult::Refused(_))
}

fn is_deferred(fate: &RecipientResult) -> bool {
    matches!(fate, RecipientResult::Deferred(_))
}

#[test]
fn a_mail_is_given_in_the_order_of_rfc_5321() {
    let told = converse(&task(Encryption::StartTls, true, &TO[..2]), |line, _| well(line));
    assert_eq!(told.result, Ok(vec![RecipientResult::Accepted; 2]));
    let expected = [
        "connect",
        "EHLO host.example.org",
        "STARTTLS",
        "TLS",
        "EHLO host.example.org",
        "AUTH CRAM-MD5",
        "MAIL FROM:<me@example.org> SIZE=18",
        "RCPT TO:<a@example.org>",
        "RCPT TO:<b@example.org>",
        "DATA",
        "Subject: x\r\n\r\n..x",
        ".",
        "QUIT",
    ];
    assert_eq!(told.lines, expected);
}

#[test]
fn what_was_known_before_tls_is_forgotten() {
    let told = converse(&task(Encryption::StartTls, true, &TO), |line, times| match (line, times) {
        ("EHLO host.example.org", 2) => says("250 mx\r\n"),
        _ => well(line),
    });
    let failure = told.result.unwrap_err();
    assert!(failure.reason.contains("AUTH"), "{failure}");
    assert!(!told.lines.iter().any(|line| line.starts_with("AUTH")), "{:?}", told.lines);
}

#[test]
fn plain_text_behind_starttls_is_no_reply() {
    let injected = "220 go on\r\n250 mx\r\n250 OK\r\n250 OK\r\n354 go on\r\n250 taken\r\n";
    let told = converse(&task(Encryption::StartTls, false, &TO), |line, times| match (line, times) {
        ("STARTTLS", _) => says(injected),
        ("EHLO host.example.org", 2) => Turn::Closes,
        _ => well(line),
    });
    assert!(told.result.is_err(), "{:?}", told.result);
}

#[test]
fn an_old_or_picky_server_is_greeted_in_another_way() {
    let old = converse(&task(Encryption::None, false, &TO), |line, _| match line {
        line if line.starts_with("EHLO") => says("500 what?\r\n"),
        _ => well(line),
    });
    assert_eq!(
        old.lines[1..4],
        ["EHLO host.example.org", "HELO host.example.org", "MAIL FROM:<me@example.org>"]
    );
    assert_eq!(old.result, Ok(vec![RecipientResult::Accepted; 3]));
    let picky = converse(&task(Encryption::None, false, &TO), |line, _| match line {
        "EHLO host.example.org" => says("504 5.5.2 need a full name\r\n"),
        _ => well(line),
    });
    assert_eq!(picky.lines[1..3], ["EHLO host.example.org", "EHLO [127.0.0.1]"]);
    assert_eq!(picky.result, Ok(vec![RecipientResult::Accepted; 3]));
}

#[test]
fn the_next_mechanism_is_tried_where_one_is_refused() {
    let told = converse(&task(Encryption::None, true, &TO), |line, _| match line {
        "AUTH CRAM-MD5" => says("504 not really\r\n"),
        line if line.starts_with("AUTH PLAIN") => says("535 nor this\r\n"),
        line if line.starts_with("AUTH LOGIN") => says("334 UGFzc3dvcmQ6\r\n"),
        "Y29ycmVjdCBob3JzZQ==" => says("235 welcome\r\n"),
        _ => well(line),
    });
    assert_eq!(told.result, Ok(vec![RecipientResult::Accepted; 3]));
    let refused = converse(&task(Encryption::None, true, &TO), |line, _| match line {
        line if line.starts_with("AUTH") => says(&format!("535 refused: {line}\r\n")),
        _ => well(line),
    });
    let told = refused.result.unwrap_err().to_string();
    assert!(told.contains("logging in") && !told.contains("Y29ycmVjdCBob3JzZQ"), "{told}");
}

#[test]
fn who_is_refused_keeps_nobody_from_the_mail() {
    for reply in ["550 no\r\n", "571 no\r\n", "451 later\r\n", "nonsense\r\n", "354 what\r\n"] {
        let told = converse(&task(Encryption::None, false, &TO), |line, _| {
            if line == rcpt(TO[1]) { says(reply) } else { well(line) }
        });
        let fates = told.result.unwrap();
        assert_eq!(
            (&fates[0], &fates[2]),
            (&RecipientResult::Accepted, &RecipientResult::Accepted),
            "{reply}"
        );
        assert_eq!(is_refused(&fates[1]), reply.starts_with('5'), "{reply}");
    }
}

#[test]
fn a_server_that_hangs_up_on_one_is_asked_about_the_others_at_once() {
    for turn in [says("421 bye\r\n"), Turn::Closes, Turn::IsSilent] {
        let told = converse(&task(Encryption::None, false, &TO), |line, _| {
            if line == rcpt(TO[1]) { turn.clone() } else { well(line) }
        });
        let fates = told.result.unwrap();
        assert_eq!(
            (&fates[0], &fates[2]),
            (&RecipientResult::Accepted, &RecipientResult::Accepted),
            "{turn:?}"
        );
        assert!(is_deferred(&fates[1]), "{turn:?}");
        let connections = told.lines.iter().filter(|line| *line == "connect").count();
        // Who closes without a word may mean the one before: each is asked about alone.
        assert_eq!(connections, if matches!(turn, Turn::Closes) { 3 } else { 2 }, "{turn:?}");
    }
    // It takes one, and then hangs up.
    let mut has_taken = false;
    let told = converse(&task(Encryption::None, false, &TO), |line, _| {
        if line != rcpt(TO[0]) && std::mem::take(&mut has_taken) {
            return Turn::Closes;
        }
        has_taken = line == rcpt(TO[0]);
        well(line)
    });
    let fates = told.result.unwrap();
    assert!(is_deferred(&fates[0]));
    assert_eq!(fates[1..], [RecipientResult::Accepted, RecipientResult::Accepted]);
    // It says no, and then hangs up: nobody else is to blame.
    let mut has_refused = false;
    let told = converse(&task(Encryption::None, false, &TO), |line, _| {
        if line == rcpt(TO[0]) {
            has_refused = true;
            says("550 no\r\n")
        } else if line == rcpt(TO[1]) && std::mem::take(&mut has_refused) {
            Turn::Closes
        } else {
            well(line)
        }
    });
    let fates = told.result.unwrap();
    assert!(is_refused(&fates[0]));
    assert_eq!(fates[1..], [RecipientResult::Accepted, RecipientResult::Accepted]);
}

#[test]
fn those_that_are_too_many_get_it_in_another_transaction() {
    let mut taken = 0;
    let told = converse(&task(Encryption::None, false, &TO), |line, _| {
        if line.starts_with("MAIL") {
            taken = 0;
        } else if line.starts_with("RCPT") {
            taken += 1;
            if taken > 2 {
                return says("452 4.5.3 too many recipients\r\n");
            }
        }
        well(line)
    });
    assert_eq!(told.result, Ok(vec![RecipientResult::Accepted; 3]));
    assert_eq!(told.lines.iter().filter(|line| *line == "connect").count(), 1);
    // A full mailbox says the same, and stays full.
    let told = converse(&task(Encryption::None, false, &TO), |line, _| {
        if line == rcpt(TO[2]) { says("452 4.2.2 mailbox full\r\n") } else { well(line) }
    });
    assert!(is_deferred(&told.result.unwrap()[2]));
}

#[test]
fn a_mail_that_is_refused_for_all_is_tried_for_each() {
    for step in ["DATA", "."] {
        let mut to = vec![];
        let told = converse(&task(Encryption::None, false, &TO), |line, _| {
            if line.starts_with("MAIL") {
                to.clear();
            } else if line.starts_with("RCPT") {
                to.push(line.to_owned());
            } else if line == step && to.contains(&rcpt(TO[1])) {
                return says("550 5.1.1 b does not exist\r\n");
            }
            well(line)
        });
        let fates = told.result.unwrap();
        assert!(is_refused(&fates[1]), "{step}");
        assert_eq!(
            (&fates[0], &fates[2]),
            (&RecipientResult::Accepted, &RecipientResult::Accepted),
            "{step}"
        );
    }
}

#[test]
fn an_answer_to_the_dot_that_is_lost_means_perhaps() {
    for turn in [
        Turn::Closes,
        Turn::IsSilent,
        says("nonsense\r\n"),
        says("\r\n"),
        says("354 again\r\n"),
        says("699 what\r\n"),
    ] {
        let told = converse(&task(Encryption::None, false, &TO), |line, _| {
            if line == "." { turn.clone() } else { well(line) }
        });
        assert!(
            told.result.unwrap().iter().all(|fate| matches!(fate, RecipientResult::Perhaps(_))),
            "{turn:?}"
        );
        assert_eq!(told.lines.iter().filter(|line| *line == ".").count(), 1);
    }
    for (turn, is_accepted) in
        [("250\r\n", true), ("266 odd\r\n", true), ("250 \u{e4}\r\n", true), ("451 later\r\n", false)]
    {
        let told =
            converse(
                &task(Encryption::None, false, &TO),
                |line, _| {
                    if line == "." { says(turn) } else { well(line) }
                },
            );
        assert_eq!(told.result.unwrap() == vec![RecipientResult::Accepted; 3], is_accepted, "{turn:?}");
    }
}

#[test]
fn an_early_reply_is_not_the_dots() {
    // Both at once, before the mail was written.
    let told = converse(&task(Encryption::None, false, &TO), |line, _| match line {
        "DATA" => says("354 go on\r\n250 taken\r\n"),
        "." => Turn::Closes,
        _ => well(line),
    });
    assert!(told.result.unwrap().iter().all(|fate| matches!(fate, RecipientResult::Perhaps(_))));
    let told = converse(&task(Encryption::None, false, &TO[..1]), |line, _| match line {
        "DATA" => says("354 go on\r\n552 too much\r\n"),
        _ => well(line),
    });
    assert!(is_refused(&told.result.unwrap()[0]));
    assert!(!told.lines.contains(&".".to_owned()), "{:?}", told.lines);
}

#[test]
fn only_a_local_part_beyond_ascii_needs_smtputf8() {
    let to = ["a@bücher.example", "jürgen@example.org"];
    let told = converse(&task(Encryption::None, false, &to), |line, _| well(line));
    let fates = told.result.unwrap();
    assert_eq!(fates[0], RecipientResult::Accepted);
    assert!(is_refused(&fates[1]), "{fates:?}");
    assert!(told.lines.contains(&rcpt("a@xn--bcher-kva.example")));
    let told = converse(&task(Encryption::None, false, &to), |line, _| match line {
        line if line.starts_with("EHLO") => says("250-mx\r\n250-8BITMIME\r\n250 SMTPUTF8\r\n"),
        _ => well(line),
    });
    assert_eq!(told.result, Ok(vec![RecipientResult::Accepted; 2]));
    assert!(
        told.lines.contains(&"MAIL FROM:<me@example.org> BODY=8BITMIME SMTPUTF8".to_owned()),
        "{:?}",
        told.lines
    );
}

#[test]
fn a_mail_that_is_too_large_is_not_sent() {
    let told = converse(&task(Encryption::None, false, &TO), |line, _| match line {
        line if line.starts_with("EHLO") => says("250-mx\r\n250 SIZE 17\r\n"),
        _ => well(line),
    });
    let failure = told.result.unwrap_err().to_string();
    assert!(failure.contains("18 bytes") && failure.contains("17"), "{failure}");
    assert!(!told.lines.iter().any(|line| line.starts_with("MAIL")));
}

/// Whether the first reply in these bytes is complete and a 2xx; read apart from the reader that is tested.
fn is_taken(bytes: &[u8]) -> bool {
    for line in bytes.split_inclusive(|byte| *byte == b'\n') {
        let has_code = line.len() >= 3 && line[..3].iter().all(u8::is_ascii_digit);
        if has_code && line.get(3) == Some(&b'-') {
            continue;
        }
        return has_code && line[0] == b'2';
    }
    false
}

fn turn() -> impl Strategy<Value = Turn> {
    let good = prop::sample::select(vec![
        "220 mx\r\n",
        "250 OK\r\n",
        "354 go\r\n",
        "235 in\r\n",
        "334 eA==\r\n",
        "250\r\n",
    ]);
    let odd = prop::sample::select(vec![
        "421 bye\r\n",
        "450 later\r\n",
        "452 too many\r\n",
        "550 no\r\n",
        "571\r\n",
        "250-a\r\nb\r\n",
        "\r\n",
        "25",
        "250-more\r\n",
        "699 x\r\n",
        "250-mx\r\n250-STARTTLS\r\n250-SMTPUTF8\r\n250 AUTH PLAIN LOGIN CRAM-MD5\r\n",
        "354 go\r\n250 early\r\n",
        "250 a\n250 b\n",
    ]);
    prop_oneof![
        8 => good.prop_map(says),
        4 => odd.prop_map(says),
        1 => prop::collection::vec(any::<u8>(), 1..40).prop_map(Turn::Says),
        1 => Just(Turn::Closes),
        1 => Just(Turn::IsSilent),
    ]
}

/// Mostly a server that is as it should be, so that the end is reached; `None` is its turn.
fn turns() -> impl Strategy<Value = Vec<Option<Turn>>> {
    prop::collection::vec(prop_oneof![3 => Just(None), 2 => turn().prop_map(Some)], 0..60)
}

proptest! {
    /// PROPTEST_CASES sets how many are tried.
    #[test]
    fn nobody_has_the_mail_without_a_2xx_to_its_dot_and_nobody_is_refused_after_one(
        turns in turns(),
        encryption in prop::sample::select(vec![Encryption::None, Encryption::StartTls, Encryption::Tls]),
        with_login in any::<bool>(),
    ) {
        let task = task(encryption, with_login, &["a@example.org", "b@example.org", "jürgen@example.org"]);
        let envelope = task.envelope.as_ref().unwrap();
        let mut rounds = Rounds::new(envelope);
        let mut turns = turns.into_iter();
        let mut given = vec![];
        let mut failure = None;
        while failure.is_none() && rounds.connect() {
            let mut dialogue = Dialogue::new(&task, &mut rounds, vec!["[127.0.0.1]".into()]);
            // What was written last, what came since, and who was taken in this transaction.
            let (mut last, mut came) = ("connect".to_owned(), vec![]);
            let mut taken: Vec<String> = vec![];
            let mut steps = 0;
            loop {
                steps += 1;
                prop_assert!(steps < 1000, "it has no end");
                let mut settle = |last: &str, came: &[u8]| {
                    if let Some(address) = last.strip_prefix("RCPT TO:<") {
                        if is_taken(came) {
                            taken.push(address.trim_end_matches('>').to_owned());
                        }
                    } else if last.starts_with("MAIL") {
                        taken.clear();
                    } else if last == "." && is_taken(came) {
                        given.append(&mut taken);
                    }
                };
                match dialogue.next_action() {
                    Action::Write(bytes, _) => {
                        settle(&last, &came);
                        came.clear();
                        last = String::from_utf8(bytes).unwrap().trim_end().to_owned();
                    }
                    Action::Read(_) => match turns.next().unwrap_or(Some(Turn::Closes)).unwrap_or_else(|| well(&last)) {
                        Turn::Says(bytes) => {
                            dialogue.feed(&bytes);
                            came.extend(bytes);
                        }
                        Turn::Closes => dialogue.lose(Loss::Closed),
                        Turn::IsSilent => dialogue.lose(Loss::TimedOut),
                    },
                    Action::StartTls => dialogue.secured(),
                    Action::Close => {
                        settle(&last, &came);
                        break;
                    }
                }
            }
            failure = dialogue.finish().failure;
        }
        let result = rounds.result(failure);
        for (place, path) in envelope.recipients.iter().enumerate() {
            let is_given = given.contains(&path.address);
            let fate = result.as_ref().ok().map(|fates| &fates[place]);
            prop_assert_eq!(is_given, fate == Some(&RecipientResult::Accepted), "{}: {:?}", path.address, fate);
            let times = given.iter().filter(|address| **address == path.address).count();
            prop_assert!(times <= 1, "{} got it {} times", path.address, times);
        }
    }
}
