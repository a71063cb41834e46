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

/// What was read of mail1's repository.
fn read(count: usize, last: Option<Timestamp>) -> RepoReport {
    let mut repos = repos("mail1", Health::Ok, last);
    let last = last.map(|time| Snapshot { time, size: Some(42) });
    repos.repositories[0].snapshots = Some(Snapshots { count, last });
    repos
}

async fn fails_with(monitor: &mut Monitor, repos: RepoReport, night: i64) -> Decision {
    let plan = plan("1", &MAIL_FAILS, at(24 * night));
    let alert = Alert::raised(Source::Webhook, "BackupFailed", plan.id.clone(), None, at(0));
    monitor.report(alert, vec![plan], Some(repos), at(24 * night + 1)).await
}

#[tokio::test]
async fn that_most_snapshots_are_gone_is_told_however_long_it_is_muted() {
    for muted in ["mail1", "1"] {
        let muted = format!("{muted}={}", TimeZone::UTC.to_datetime(at(24)).date());
        let mut monitor = Monitor::new(&[("NOTIFY_MUTED", &muted)]);
        for (night, count) in [(0, 30), (1, 2)] {
            assert!(!fails_with(&mut monitor, read(count, Some(at(-24))), night).await.is_send());
        }
        let decision = fails_with(&mut monitor, read(2, Some(at(-24))), 2).await;
        assert_eq!(decision, Decision::Send(SendReason::New));
        let thinned = monitor.last_report().await.changes.thinned;
        assert_eq!(thinned.iter().map(|drop| (drop.before, drop.now)).collect::<Vec<_>>(), [(30, 2)]);
        fails_with(&mut monitor, read(2, Some(at(-24))), 3).await;
        assert_eq!(monitor.last_report().await.changes.thinned, [], "it was told");
    }
}

#[tokio::test]
async fn that_most_snapshots_are_gone_does_not_wait_for_more_failures() {
    let mut monitor = Monitor::new(&[("NOTIFY_AFTER_FAILURES", "3")]);
    let decision = fails_with(&mut monitor, read(30, Some(at(-24))), 0).await;
    assert_eq!(decision, Decision::Hold(HoldReason::TooFew));
    let decision = fails_with(&mut monitor, read(2, Some(at(-24))), 1).await;
    assert_eq!(decision, Decision::Send(SendReason::New));
    // Nor is it said twice.
    let again = fails_with(&mut monitor, read(2, Some(at(-24))), 1).await;
    assert_eq!(again, Decision::Hold(HoldReason::TooFew));
}

#[tokio::test]
async fn a_backup_that_lost_most_of_its_data_is_told_though_all_that_fails_is_muted() {
    let until = TimeZone::UTC.to_datetime(at(240)).date();
    let held = Decision::Hold(HoldReason::Muted);
    for (muted, expected) in [
        (format!("mail1={until}"), Decision::Send(SendReason::New)),
        (format!("mail1={until},web1={until}"), held),
        (format!("1={until}"), held),
    ] {
        let mut monitor = Monitor::new(&[("NOTIFY_MUTED", &muted)]);
        monitor.run(&ALL_WELL, at(-24)).await;
        let mut plan = plan("1", &MAIL_FAILS, at(0));
        plan.applications[1].last_run.as_mut().unwrap().size = Some(1000);
        let alert = Alert::raised(Source::Webhook, "BackupFailed", plan.id.clone(), None, at(0));
        assert_eq!(monitor.report(alert, vec![plan], None, at(1)).await, expected, "{muted}");
    }
}

#[tokio::test]
async fn a_snapshot_that_was_seen_to_be_gone_is_not_told_as_restorable_again() {
    let mut monitor = Monitor::new(&[]);
    monitor.run(&ALL_WELL, at(-24)).await;
    let unreadable = repos("mail1", Health::Unreachable, None);
    let nights = [(read(1, Some(at(-24))), true), (read(0, None), false), (unreadable, false)];
    for (night, (repos, is_restorable)) in (0..).zip(nights) {
        fails_with(&mut monitor, repos, night).await;
        monitor.restart().await;
        let said = monitor.last_report().await.incidents.remove(0);
        assert_eq!(said.applications[0].restorable.is_some(), is_restorable, "night {night}");
        let kept = monitor.stages.journal.incidents(1).await.unwrap().remove(0).incident;
        assert_eq!(kept.applications[0].restorable.is_some(), is_restorable, "night {night}");
    }
}

#[tokio::test]
async fn whoever_was_told_that_nothing_is_known_is_told_what_is_known_then() {
    for names_plan in [true, false] {
        let mut monitor = Monitor::new(&[]);
        monitor.run(&MAIL_FAILS, at(0)).await;
        let plan = plan("1", &MAIL_FAILS, at(0));
        let alert = Alert::raised(Source::Poll, "BackupFailed", plan.id.clone(), None, at(0));
        let alert = if names_plan { alert } else { Alert { plan: None, ..alert } };
        // Redis is down.
        let journal = monitor.stages.journal.clone();
        let id = journal.accept(vec![alert.clone()], at(3), WAIT).await.unwrap().unwrap();
        let job = journal.job(id).await.unwrap().unwrap();
        let unread = Correlation::unread(at(3), None, "connection refused".into());
        monitor.stages.report(&job, unread, None, None, at(3)).await.unwrap();
        assert_eq!(monitor.last_report().await.outcome, Outcome::Unknown);
        // The follow-up reads what was mailed before.
        let follow_up = journal.due_jobs().await.unwrap()[0].id;
        let job = journal.job(follow_up).await.unwrap().unwrap();
        assert!(job.follow_up);
        let correlation = Correlation {
            at: at(4),
            cluster: Some("Acme".into()),
            outcome: plan.outcome,
            read_error: None,
            internal_error: None,
            plans: vec![plan.clone()],
        };
        let words = Some(logs(&correlation));
        monitor.stages.report(&job, correlation, words, None, at(4)).await.unwrap();
        let stored = journal.report(follow_up).await.unwrap().unwrap().readable().unwrap();
        assert_eq!(stored.decision, Some(Decision::Send(SendReason::Changed)), "names plan: {names_plan}");
        // Once.
        assert!(!monitor.report(alert, vec![plan], None, at(5)).await.is_send());
    }
}
