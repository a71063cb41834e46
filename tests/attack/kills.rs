// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! SIGKILL at any moment, while alerts are posted and mails are given: what was answered with 200 is reported, and each mail has one
//! Message-ID however often it comes.

use std::{
    collections::{BTreeMap, BTreeSet},
    time::Duration,
};

use reqwest::StatusCode;

use crate::{
    Chance, short_or_long,
    support::{
        eventually,
        redis::Redis,
        sample::{webhook_for, write_partial_night},
        service::{Service, Settings},
        smtp::SmtpServer,
    },
    unsettled::is_idle,
};

/// Posts alerts about new plans until the service is gone. Gives those that were accepted.
async fn post_until_gone(http: reqwest::Client, url: String, first: usize) -> Vec<String> {
    let mut accepted = Vec::new();
    for number in first..first + 5 {
        let plan = format!("plan-{number}");
        let Ok(answer) = http.post(&url).body(webhook_for(&plan, &plan)).send().await else { break };
        // The status is the promise, whether or not the rest of the answer arrives.
        if answer.status() == StatusCode::OK {
            accepted.push(plan);
        }
        tokio::time::sleep(Duration::from_millis(100)).await;
    }
    accepted
}

/// What was reported so far. Of plans that the cluster does not have, few reports are kept, so that one look at the end would not do.
#[derive(Default)]
struct Reported {
    plans: BTreeSet<String>,
    sent: BTreeSet<String>,
}

impl Reported {
    async fn look(&mut self, service: &Service) {
        let page = service.get_json("/api/reports?limit=1000").await;
        for report in page["reports"].as_array().unwrap() {
            let plans = report["plans"].as_array().unwrap().iter();
            self.plans.extend(plans.map(|plan| plan["id"].as_str().unwrap().to_owned()));
            if report["delivery"]["state"] == "sent" {
                self.sent.insert(report["id"].to_string());
            }
        }
    }
}

#[tokio::test]
async fn no_kill_loses_an_accepted_alert_or_gives_a_mail_another_message_id() {
    let kills = short_or_long(20, 300);
    let mut chance = Chance::new("kills");
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let smtp = SmtpServer::plain().await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url());
    smtp.configure(&mut settings);
    let mut accepted = Vec::new();
    let mut reported = Reported::default();
    for kill in 0..kills {
        let service = settings.start().await;
        reported.look(&service).await;
        let posts = tokio::spawn(post_until_gone(service.http.clone(), service.url("/alert"), kill * 5));
        let moment = Duration::from_millis(chance.below(1800).try_into().unwrap());
        tokio::time::sleep(moment).await;
        service.kill();
        accepted.extend(posts.await.unwrap());
    }
    let service = settings.start().await;
    eventually("everything done", || async { is_idle(&service).await.then_some(()) }).await;

    reported.look(&service).await;
    let lost: Vec<&String> = accepted.iter().filter(|plan| !reported.plans.contains(*plan)).collect();
    let mut mails: BTreeMap<String, usize> = BTreeMap::new();
    for mail in smtp.mails() {
        *mails.entry(mail.message_id).or_default() += 1;
    }
    let twice = mails.values().filter(|times| **times > 1).count();
    println!(
        "attack: kills: {kills} kills, {} alerts accepted, {} lost, {} mails, {twice} of them twice or more",
        accepted.len(),
        lost.len(),
        mails.len()
    );
    assert!(lost.is_empty(), "{lost:?}");
    // One Message-ID a report: a mail under another would be one too many here.
    assert_eq!(reported.sent.len(), mails.len());
}
