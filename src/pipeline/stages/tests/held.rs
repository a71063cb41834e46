// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What must neither be held back nor get lost.

use super::*;

/// A look at plan 1 by a poll, five minutes after it was due.
async fn poll(monitor: &mut Monitor, found: &[Found], due: Timestamp) -> Decision {
    monitor.alert(Source::Poll, found, due, due, due + SignedDuration::from_mins(5)).await
}

/// A run that the watcher followed, and that was not the one of `due`.
async fn run_after(
    monitor: &mut Monitor,
    found: &[Found],
    began_at: Timestamp,
    due: Timestamp,
    now: Timestamp,
) -> Decision {
    let mut plan = plan("1", found, began_at);
    plan.due = Some(due);
    let run = ObservedRun { began_at, until: None, results: BTreeMap::new() };
    let alert = Alert::raised(Source::Run, "BackupRun", plan.id.clone(), None, began_at);
    monitor.report(Alert { run: Some(run), ..alert }, vec![plan], None, now).await
}

const RUNS: [Found; 2] = [("mail1", Pending, None), ("web1", Pending, None)];

#[tokio::test]
async fn a_run_that_began_by_a_slow_clock_before_it_was_due_is_the_one_that_was_due() {
    let both = [MAIL_FAILS[0], ("web1", Failed, None)];
    for (found, expected) in [(ALL_WELL, SendReason::Recovered), (both, SendReason::Changed)] {
        let mut monitor = Monitor::new(&[]);
        monitor.run(&MAIL_FAILS, at(-1)).await;
        assert!(!poll(&mut monitor, &RUNS, at(0)).await.is_send());
        let began_at = at(0) - SignedDuration::from_secs(2);
        let now = at(0) + SignedDuration::from_mins(10);
        let decision = run_after(&mut monitor, &found, began_at, at(-1), now).await;
        assert_eq!(decision, Decision::Send(expected));
        let incident = monitor.stages.journal.incidents(10).await.unwrap().remove(0);
        assert_eq!(incident.closed_at.is_some(), expected == SendReason::Recovered);
        assert_eq!((incident.incident.failing_runs, incident.incident.last_run), (2, at(0)));
    }
}

#[tokio::test]
async fn what_comes_late_of_the_hour_before_does_not_close_what_was_due_since() {
    let mut monitor = Monitor::new(&[]);
    monitor.run(&MAIL_FAILS, at(-2)).await;
    poll(&mut monitor, &RUNS, at(0)).await;
    let (began_at, now) = (at(-1) + SignedDuration::from_mins(10), at(0) + SignedDuration::from_mins(10));
    run_after(&mut monitor, &ALL_WELL, began_at, at(-1), now).await;
    assert_eq!(monitor.stages.journal.incidents(10).await.unwrap()[0].closed_at, None);
}
