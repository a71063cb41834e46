// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use jiff::SignedDuration;

use super::super::tests::{Fixture, noon};
use crate::{
    ids::JobId,
    journal::{About, Checkpoint, DeliveryId, Heir, NewNotice, NoticeKind},
    notifier::{
        delivery::{Channel, Delivery, DeliveryState},
        message::Message,
    },
};

/// That many reports whose mails wait.
async fn waiting(count: u32) -> Fixture {
    let fixture = Fixture::new();
    for number in 0..count {
        assert_eq!(fixture.tell(noon(), &number.to_string()).await, DeliveryState::Queued);
    }
    fixture
}

#[tokio::test]
async fn a_mail_that_somebody_asks_for_is_found_behind_any_number_that_are_kept_back() {
    let fixture = waiting(30).await;
    let journal = &fixture.journal;
    assert_eq!(journal.kept_back(Channel::Mail).await.unwrap().len(), 30, "all are kept back from now on");
    assert!(journal.asked_for(Channel::Mail, noon()).await.unwrap().is_empty());
    assert!(journal.resend(JobId(30), noon()).await.unwrap());
    let asked = journal.asked_for(Channel::Mail, noon()).await.unwrap();
    assert_eq!(
        asked.iter().map(|mail| (mail.about, mail.resends)).collect::<Vec<_>>(),
        [(About::Report(JobId(30)), 1)]
    );
    assert_eq!(journal.kept_back(Channel::Mail).await.unwrap().len(), 29);
    // Asking once more changes nothing, and what was asked for is not dropped.
    assert!(journal.resend(JobId(30), noon()).await.unwrap());
    // Each report has one delivery, so that their numbers are the same.
    for id in [DeliveryId(29), DeliveryId(30)] {
        journal.drop_kept_back(id, "reports are sent by another instance".into()).await.unwrap();
    }
    assert_eq!(journal.asked_for(Channel::Mail, noon()).await.unwrap()[0].resends, 1);
    let dropped = journal.report(JobId(29)).await.unwrap().unwrap().readable().unwrap().delivery;
    assert_eq!(dropped.state, DeliveryState::Unchanged);
    assert_eq!(dropped.last_error.as_deref(), Some("reports are sent by another instance"));
}

#[tokio::test]
async fn a_mail_that_is_being_sent_for_the_first_time_is_not_sent_twice_when_somebody_asks_for_it() {
    let fixture = waiting(1).await;
    let (journal, report, id) = (&fixture.journal, JobId(1), DeliveryId(1));
    journal.note_message_id(id, "<1@example.org>".into()).await.unwrap();
    assert!(journal.resend(report, noon()).await.unwrap());
    assert!(journal.asked_for(Channel::Mail, noon()).await.unwrap().is_empty());
    // After an attempt that failed, those who have it already are still known.
    let delivery = journal.outgoing(Channel::Mail, noon()).await.unwrap().0.remove(0).delivery;
    let later = noon() + SignedDuration::from_mins(30);
    let accepted = vec!["a@example.org".to_owned()];
    let tried = Delivery { attempts: 1, next_attempt_at: later, accepted: accepted.clone(), ..delivery };
    journal.record_delivery(id, 0, tried).await.unwrap();
    assert!(journal.resend(report, noon()).await.unwrap());
    assert_eq!(journal.asked_for(Channel::Mail, noon()).await.unwrap()[0].delivery.accepted, accepted);
}

#[tokio::test]
async fn there_is_something_left_while_a_job_or_a_mail_is() {
    let fixture = Fixture::new();
    let journal = &fixture.journal;
    assert!(!journal.is_behind().await.unwrap());
    fixture.accept(noon()).await;
    assert!(journal.is_behind().await.unwrap(), "a job");
    fixture.tell(noon(), "a").await;
    assert!(journal.jobs().await.unwrap().is_empty());
    assert!(journal.is_behind().await.unwrap(), "a mail");
    journal.drop_kept_back(DeliveryId(1), "it was sent".into()).await.unwrap();
    assert!(!journal.is_behind().await.unwrap());
}

fn heir(audience: &str, text: Option<&str>) -> Heir {
    let message = text.map(|text| Message {
        subject: "its own".into(),
        outcome: None,
        text: text.into(),
        html: String::new(),
    });
    Heir { audience: audience.into(), message }
}

/// The mails that wait, by audience, with their texts.
async fn waiting_for(fixture: &Fixture) -> Vec<(String, String)> {
    let (due, _) = fixture.journal.outgoing(Channel::Mail, noon()).await.unwrap();
    due.into_iter().map(|mail| (mail.audience, mail.message.text)).collect()
}

#[tokio::test]
async fn a_mail_whose_audience_is_gone_goes_to_its_heirs_and_is_dropped_without_any() {
    let fixture = waiting(2).await;
    let journal = &fixture.journal;
    let ids: Vec<DeliveryId> =
        journal.outgoing(Channel::Mail, noon()).await.unwrap().0.iter().map(|mail| mail.id).collect();
    journal.note_message_id(ids[0], "<1@example.org>".into()).await.unwrap();
    journal.inherit(ids[0], vec![heir("all/it/failure", None), heir("all/it/always", None)]).await.unwrap();
    journal.inherit(ids[1], Vec::new()).await.unwrap();
    let told = |audience: &str| (audience.to_owned(), "text".to_owned());
    assert_eq!(waiting_for(&fixture).await, [told("all/it/failure"), told("all/it/always")]);
    // Who takes the mail over answers nobody's mail but goes on with it: it may have been tried.
    let (due, _) = journal.outgoing(Channel::Mail, noon()).await.unwrap();
    assert_eq!(due[0].message_id.as_deref(), Some("<1@example.org>"));
    assert_eq!(due[1].message_id, None);
    let dropped = journal.report(JobId(2)).await.unwrap().unwrap().readable().unwrap().delivery;
    assert_eq!(dropped.state, DeliveryState::Suppressed);
    assert_eq!(dropped.last_error.as_deref(), Some("none of its recipients is configured any more"));
}

#[tokio::test]
async fn an_heir_that_may_not_see_all_gets_a_mail_of_its_own_and_nobody_two() {
    let fixture = waiting(1).await;
    let journal = &fixture.journal;
    let id = journal.outgoing(Channel::Mail, noon()).await.unwrap().0[0].id;
    journal
        .inherit(id, vec![heir("1/en/failure", Some("of 1")), heir("2/en/failure", Some("of 2"))])
        .await
        .unwrap();
    let expected = [("1/en/failure", "of 1"), ("2/en/failure", "of 2")].map(|(a, b)| (a.into(), b.into()));
    assert_eq!(waiting_for(&fixture).await, expected);
    let id = journal.outgoing(Channel::Mail, noon()).await.unwrap().0[0].id;
    journal.inherit(id, vec![heir("2/en/failure", None)]).await.unwrap();
    assert_eq!(waiting_for(&fixture).await, [("2/en/failure".to_owned(), "of 2".to_owned())]);
}

#[tokio::test]
async fn what_one_audience_never_got_is_told_as_long_as_another_did() {
    let fixture = waiting(1).await;
    let journal = &fixture.journal;
    let id = journal.outgoing(Channel::Mail, noon()).await.unwrap().0[0].id;
    journal.inherit(id, vec![heir("all/en/failure", None), heir("all/it/failure", None)]).await.unwrap();
    let (due, _) = journal.outgoing(Channel::Mail, noon()).await.unwrap();
    let ended = |index: usize, state| Delivery { state, ..due[index].delivery.clone() };
    journal.record_delivery(due[0].id, 0, ended(0, DeliveryState::Failed)).await.unwrap();
    // The other still waits: what the report says is not news.
    assert_eq!(fixture.tell(noon(), "0").await, DeliveryState::Unchanged);
    journal.record_delivery(due[1].id, 0, ended(1, DeliveryState::Failed)).await.unwrap();
    assert_eq!(fixture.tell(noon(), "0").await, DeliveryState::Queued);
}

#[tokio::test]
async fn a_notice_goes_out_by_mail_and_webhook_with_what_says_that_it_does() {
    let Fixture { journal, .. } = &waiting(0).await;
    let notice = |to_webhook| NewNotice {
        kind: NoticeKind::Gaps,
        audience: "all/en/failure".into(),
        to_webhook,
        message: Message { subject: "gaps".into(), outcome: None, text: "t".into(), html: "h".into() },
        payload: serde_json::json!([{"kind": "no-plan"}]),
    };
    let said = Checkpoint { key: "said".into(), value: "now".into() };
    journal.queue_notices(vec![notice(true), notice(false)], vec![said], noon()).await.unwrap();
    let about = async |channel| {
        let (due, _) = journal.outgoing(channel, noon()).await.unwrap();
        due.iter().map(|outgoing| outgoing.about.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(about(Channel::Mail).await, ["gaps-1", "gaps-2"]);
    assert_eq!(about(Channel::Webhook).await, ["gaps-1"]);
    let id = journal.outgoing(Channel::Webhook, noon()).await.unwrap().0[0].id;
    assert_eq!(journal.payload(id).await.unwrap().as_deref(), Some(r#"[{"kind":"no-plan"}]"#));
    assert_eq!(journal.checkpoints("said").await.unwrap().len(), 1);
}
