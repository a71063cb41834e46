// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! SIGKILL at random points of the conversation with the mail server: no mail is lost, and one that comes twice comes
//! under one Message-ID.
//!
//! `KILLS` says how many; 1000 take about four minutes.

use std::{
    collections::{BTreeMap, hash_map::RandomState},
    hash::{BuildHasher, Hasher},
    time::Duration,
};

use reqwest::StatusCode;

use crate::support::{
    redis::Redis,
    sample::{webhook, write_partial_night},
    service::{Service, Settings},
    smtp::SmtpServer,
};

/// A number below `end`.
fn random(end: u64) -> u64 {
    RandomState::new().build_hasher().finish() % end
}

/// Waits until the mail server has reached the step once more. Looked at more often than elsewhere: the conversation
/// takes some milliseconds.
async fn reached(smtp: &SmtpServer, step: &str, before: usize) {
    let look = async {
        while smtp.count(step) <= before {
            tokio::time::sleep(Duration::from_micros(200)).await;
        }
    };
    tokio::time::timeout(Duration::from_secs(60), look)
        .await
        .unwrap_or_else(|_| panic!("{step} was not reached"));
}

async fn is_sent(service: &Service) {
    service
        .status_shows("the mail sent", |status| {
            (status["reports"][0]["delivery"]["state"] == "sent").then_some(())
        })
        .await;
}

#[tokio::test]
async fn no_kill_loses_a_mail_or_sends_it_under_another_message_id() {
    let kills = std::env::var("KILLS").map_or(20, |kills| kills.parse().expect("KILLS is a number"));
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    settings.set("MAIL_TO", "a@example.org, b@example.org");
    let mut service = settings.start().await;
    service.alert(webhook()).await;
    is_sent(&service).await;

    for _ in 0..kills {
        let step = ["ehlo", "mail", "rcpt", "data", "taken"][usize::try_from(random(5)).unwrap()];
        let before = smtp.count(step);
        // Half of them right at the step, half somewhere after it.
        let is_held = step != "taken" && random(2) == 0;
        if is_held {
            smtp.hang_at(step);
        }
        let answer = service.http.post(service.url("/api/reports/1/send")).send().await.unwrap();
        assert_eq!(answer.status(), StatusCode::ACCEPTED);
        reached(&smtp, step, before).await;
        tokio::time::sleep(Duration::from_micros(random(2000))).await;
        service.kill();
        smtp.go_on();
        service = settings.start().await;
        is_sent(&service).await;
    }

    let mut mails: BTreeMap<String, usize> = BTreeMap::new();
    for mail in smtp.mails() {
        assert_eq!(mail.to, ["a@example.org", "b@example.org"]);
        *mails.entry(mail.message_id).or_default() += 1;
    }
    let twice = mails.values().filter(|times| **times == 2).count();
    println!("{kills} kills: {} mails, {twice} of them twice", mails.len());
    assert_eq!(mails.len(), kills + 1, "{mails:?}");
    assert!(mails.values().all(|times| *times <= 2), "{mails:?}");
}
