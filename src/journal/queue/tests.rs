// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use jiff::SignedDuration;

use super::super::tests::{Fixture, noon};
use crate::{
    ids::JobId,
    journal::{About, DeliveryId},
    notifier::delivery::{Channel, Delivery, DeliveryState},
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
