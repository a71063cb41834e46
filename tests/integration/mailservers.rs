// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Real mail servers: Postfix and Exim from Debian's packages. Run by `tests/run.sh mailservers`, as root, as they need it.

use ns8_backup_monitor::smtp::{MailServer, RecipientResult, settings::Encryption};

use crate::support::{eventually, mail_servers::RealServer};

const MESSAGE: &[u8] =
    b"From: me@example.org\r\nSubject: test\r\nMessage-ID: <1@example.org>\r\n\r\n.a line with a dot\r\n";

async fn send(
    server: &RealServer,
    port: u16,
    encryption: Encryption,
    to: &[&str],
) -> Result<Vec<RecipientResult>, ns8_backup_monitor::smtp::Failure> {
    let from = "me@example.org".parse().unwrap();
    let to: Vec<_> = to.iter().map(|user| format!("{user}@example.org").parse().unwrap()).collect();
    MailServer::new(server.settings(port, encryption), &from).send_to(&from, &to, MESSAGE).await
}

async fn expect_mails(server: &RealServer, user: &str, count: usize) {
    let mails = eventually(&format!("mail {count} for {user}"), || {
        let mails = server.mailbox(user);
        std::future::ready((mails.len() >= count).then_some(mails))
    })
    .await;
    assert_eq!(mails.len(), count);
    assert!(mails.iter().all(|mail| mail.contains("\n.a line with a dot")), "{mails:?}");
}

async fn takes_mails(server: RealServer) {
    let mut count = 0;
    for (port, encryption) in [
        (server.plain, Encryption::None),
        (server.plain, Encryption::StartTls),
        (server.tls, Encryption::Tls),
    ] {
        let results = send(&server, port, encryption, &["a", "gone", "grey", "full", "b"]).await.unwrap();
        count += 1;
        assert_eq!(
            (&results[0], &results[4]),
            (&RecipientResult::Accepted, &RecipientResult::Accepted),
            "{results:?}"
        );
        assert!(
            matches!(&results[1], RecipientResult::Refused(words) if words.starts_with("550")),
            "{results:?}"
        );
        assert!(
            matches!(&results[2], RecipientResult::Deferred(words) if words.contains("greylisted")),
            "{results:?}"
        );
        assert!(
            matches!(&results[3], RecipientResult::Deferred(words) if words.contains("full")),
            "{results:?}"
        );
        expect_mails(&server, "a", count).await;
        expect_mails(&server, "b", count).await;
    }
    let failure = send(&server, server.full, Encryption::StartTls, &["a"]).await.unwrap_err();
    assert!(failure.what.contains("sending as") && failure.reason.starts_with("452"), "{failure}");

    let results = send(&server, server.two, Encryption::StartTls, &["a", "b", "c"]).await.unwrap();
    assert_eq!(results, [RecipientResult::Accepted, RecipientResult::Accepted, RecipientResult::Accepted]);
    expect_mails(&server, "c", 1).await;
    expect_mails(&server, "a", count + 1).await;

    let mut settings = server.settings(server.plain, Encryption::StartTls);
    let from = "me@example.org".parse().unwrap();
    MailServer::new(settings.clone(), &from).check().await.unwrap();
    settings.password = "wrong-pa55word".into();
    let failure = MailServer::new(settings, &from).check().await.unwrap_err().to_string();
    assert!(failure.contains("logging in") && !failure.contains("pa55"), "{failure}");
}

#[tokio::test]
#[ignore = "needs Postfix and root: tests/run.sh mailservers"]
async fn postfix_takes_mails() {
    takes_mails(RealServer::postfix().await).await;
}

#[tokio::test]
#[ignore = "needs Exim and root: tests/run.sh mailservers"]
async fn exim_takes_mails() {
    takes_mails(RealServer::exim().await).await;
}
