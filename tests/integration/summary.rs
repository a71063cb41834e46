// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The summary, from a real Redis to what is queued for each audience.

use jiff::{SignedDuration, Timestamp};
use serde_json::Value;

use crate::support::{
    eventually,
    redis::Redis,
    sample::{PLAN, add_plan, write_cluster, write_status},
    service::{Service, Settings},
};

/// A cluster whose four applications were backed up half an hour ago, and a service with one recipient.
async fn cluster() -> (Redis, Settings) {
    let redis = Redis::start().await;
    let due = write_cluster(&redis).await;
    for module in ["mail1", "nextcloud1", "webtop1", "samba1"] {
        write_status(&redis, due, module, 5, 0).await;
    }
    let mut settings = Settings::new();
    settings.set("MAIL_TO", "admin@example.org");
    settings.set("REDIS_URL", redis.url()).set("WATCH_RUNS", "true").set("SUMMARY", "weekly");
    (redis, settings)
}

fn journal(settings: &Settings) -> rusqlite::Connection {
    rusqlite::Connection::open(settings.state_dir().join("journal.sqlite")).unwrap()
}

/// What the journal keeps of what was sent.
fn record(settings: &Settings) -> Option<Value> {
    let text: String = journal(settings)
        .query_row("SELECT value FROM checkpoints WHERE key = 'summary'", [], |row| row.get(0))
        .ok()?;
    Some(serde_json::from_str(&text).unwrap())
}

fn keep(settings: &Settings, record: &Value) {
    let changed = journal(settings)
        .execute("UPDATE checkpoints SET value = ? WHERE key = 'summary'", [record.to_string()])
        .unwrap();
    assert_eq!(changed, 1);
}

/// A mail that was queued.
struct Mail {
    audience: String,
    subject: String,
    text: String,
    html: String,
}

/// The summaries that were queued so far.
fn queued(settings: &Settings) -> Vec<Mail> {
    let journal = journal(settings);
    let mut rows = journal
        .prepare(
            "SELECT audience, subject, text, html FROM deliveries JOIN notices ON notices.id = notice_id
             WHERE kind = 'summary' AND channel = 'mail' ORDER BY deliveries.id",
        )
        .unwrap();
    let mail = |row: &rusqlite::Row| {
        Ok(Mail { audience: row.get(0)?, subject: row.get(1)?, text: row.get(2)?, html: row.get(3)? })
    };
    rows.query_map([], mail).unwrap().map(Result::unwrap).collect()
}

/// Waits until so many are queued.
async fn summaries(settings: &Settings, count: usize) -> Vec<Mail> {
    eventually("summaries being queued", || {
        let mails = queued(settings);
        std::future::ready((mails.len() >= count).then_some(mails))
    })
    .await
}

/// Waits until the service has looked whether a summary is due.
async fn looked(settings: &Settings) -> Value {
    eventually("the first look at the clock", || std::future::ready(record(settings))).await
}

/// Waits until the cluster was read since the start, so that the clock was looked at as well.
async fn has_read_the_cluster(service: &Service) {
    eventually("the cluster being read", || {
        let has_read = service.log().iter().any(|line| line.contains("\"cluster read\""));
        std::future::ready(has_read.then_some(()))
    })
    .await;
}

/// Lets a day pass since the first start, while the service is down.
async fn a_day_later(service: Service, settings: &Settings) {
    let mut kept = looked(settings).await;
    service.stop().await;
    let start: Timestamp = kept["first_start"].as_str().unwrap().parse().unwrap();
    kept["first_start"] = (start - SignedDuration::from_hours(24)).to_string().into();
    keep(settings, &kept);
}

#[tokio::test]
async fn the_first_summary_comes_a_day_after_installation_and_only_once() {
    let (_redis, settings) = cluster().await;
    let service = settings.start().await;
    assert!(looked(&settings).await["last"].is_null());
    a_day_later(service, &settings).await;
    assert!(queued(&settings).is_empty(), "nothing is sent on the first day");

    let service = settings.start().await;
    let mails = summaries(&settings, 1).await;
    assert!(
        mails[0].subject.starts_with("[Acme] Backup summary: all 4 applications are protected"),
        "{}",
        mails[0].subject
    );
    assert!(mails[0].text.contains("This is your first summary."), "{}", mails[0].text);
    assert!(mails[0].text.contains(PLAN) && mails[0].html.contains(PLAN), "{}", mails[0].text);
    service.stop().await;

    // Its restart sends no second one: the record says so before the next look could.
    let sent = record(&settings).unwrap();
    assert!(sent["last"].is_string(), "{sent}");
    let service = settings.start().await;
    has_read_the_cluster(&service).await;
    service.stop().await;
    assert_eq!((queued(&settings).len(), record(&settings).unwrap()), (1, sent));
}

#[tokio::test]
async fn one_that_was_due_while_the_service_was_down_is_sent_when_it_is_back() {
    let (_redis, settings) = cluster().await;
    let service = settings.start().await;
    let mut kept = looked(&settings).await;
    service.stop().await;
    // Sent three weeks ago for the last time.
    let now = Timestamp::now();
    kept["first_start"] = (now - SignedDuration::from_hours(24 * 60)).to_string().into();
    kept["last"] = (now - SignedDuration::from_hours(24 * 21)).to_string().into();
    keep(&settings, &kept);
    let _service = settings.start().await;
    let mails = summaries(&settings, 1).await;
    assert!(!mails[0].text.contains("first summary"), "{}", mails[0].text);
    let kept = eventually("the record", || std::future::ready(record(&settings))).await;
    assert_eq!(kept["days"].as_array().unwrap().len(), 1, "{kept}");
}

#[tokio::test]
async fn who_wants_none_gets_none() {
    let (_redis, mut settings) = cluster().await;
    let service = settings.start().await;
    a_day_later(service, &settings).await;
    settings.set("SUMMARY", "off");
    let service = settings.start().await;
    has_read_the_cluster(&service).await;
    service.stop().await;
    assert!(record(&settings).unwrap()["last"].is_null());
    // Switched on, it comes: it was not for another reason that it did not.
    settings.set("SUMMARY", "daily");
    let _service = settings.start().await;
    summaries(&settings, 1).await;
}

#[tokio::test]
async fn each_audience_is_told_of_its_plans_in_its_language() {
    let (redis, mut settings) = cluster().await;
    add_plan(&redis, "2", "Sunday archive", "Sun 03:00", "webtop1").await;
    settings.set("MAIL_TO_PLAN_2", "capo@example.org;language=it");
    let service = settings.start().await;
    a_day_later(service, &settings).await;
    let _service = settings.start().await;
    let mails = summaries(&settings, 2).await;
    let own = mails.iter().find(|mail| mail.audience.starts_with("2/it/")).unwrap();
    assert!(own.text.contains("Riepilogo dei backup") && own.text.contains("Sunday archive"), "{}", own.text);
    assert!(own.subject.contains("nessun backup eseguito finora"), "{}", own.subject);
    for secret in [PLAN, "mail1", "samba1"] {
        assert!(!own.text.contains(secret) && !own.html.contains(secret), "{secret}: {}", own.text);
    }
    let all = mails.iter().find(|mail| mail.audience.starts_with("all/en/")).unwrap();
    assert!(all.text.contains(PLAN) && all.text.contains("Sunday archive"), "{}", all.text);
}
