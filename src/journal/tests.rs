// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::{
    alert::{ObservedRun, Source},
    alertmanager::{AlertNames, parse_webhook},
    audience::AudiencePlans,
    config::NotifyOn,
    correlator::correlation::{Correlation, Outcome},
    logs::findings::LogReport,
    notifier::{
        decision::{Found, HoldReason, Origin, Policy},
        delivery::{Channel, Delivery, DeliveryState},
        message::Message,
        notification::Notification,
    },
    report::Report,
};

const WAIT: Duration = Duration::from_secs(30);
const DAY: SignedDuration = SignedDuration::from_hours(24);

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

pub(super) fn noon() -> Timestamp {
    at("2026-11-22T12:00:00Z")
}

fn alert(plan: &str) -> Alert {
    let names: AlertNames = ["BackupFailed"].into_iter().collect();
    let body = format!(
        r#"{{"alerts":[{{"status":"firing","labels":{{"alertname":"BackupFailed","id":"{plan}"}}}}]}}"#
    );
    parse_webhook(body.as_bytes(), &names).unwrap().accepted.remove(0)
}

fn report(id: JobId, created_at: Timestamp) -> Report {
    let correlation = Correlation::unread(created_at, None, "Redis is down".into());
    Report::new(id, created_at, "Acme".into(), vec![alert("1")], correlation, None, None)
}

fn new_report(id: JobId, created_at: Timestamp, digest: &str) -> NewReport {
    NewReport {
        report: report(id, created_at),
        message: Message {
            subject: "subject".into(),
            outcome: None,
            text: "text".into(),
            html: "html".into(),
        },
        found: Found {
            notifications: vec![Notification {
                plan: "1".into(),
                digest: digest.into(),
                outcome: Outcome::Unknown,
                unwell: vec![],
            }],
            outcome: Outcome::Unknown,
            recovered: vec![],
            shrunk: vec![],
        },
        origin: Origin { has_alarmed: true, is_repeated_on_purpose: true },
        policy: Policy {
            on: NotifyOn::Failure,
            repeat: DAY,
            after_failures: 1,
            muted: BTreeSet::new(),
            has_recipients: true,
        },
        readers: vec![Reader {
            audience: "all/en/failure".into(),
            plans: AudiencePlans::All,
            on: NotifyOn::Failure,
            channel: Channel::Mail,
            quiet: vec![],
            message: None,
        }],
        runs: vec![],
        looks: vec![],
    }
}

pub(super) struct Fixture {
    pub(super) journal: Journal,
    dir: tempfile::TempDir,
}

impl Fixture {
    pub(super) fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        Self { journal: Journal::start(dir.path().into()), dir }
    }

    async fn restart(self) -> Self {
        self.journal.close().await;
        Self { journal: Journal::start(self.dir.path().into()), dir: self.dir }
    }

    /// Accepts an alert.
    pub(super) async fn accept(&self, now: Timestamp) {
        self.journal.accept(vec![alert("1")], now, WAIT).await.unwrap().unwrap();
    }

    /// Accepts an alert and ends its job with a report that says `digest`; gives the state of its mail.
    pub(super) async fn tell(&self, now: Timestamp, digest: &str) -> DeliveryState {
        let id = self.journal.accept(vec![alert("1")], now, WAIT).await.unwrap().unwrap();
        self.journal.finish(new_report(id, now, digest), Afterwards::Done).await.unwrap();
        self.journal.report(id).await.unwrap().unwrap().readable().unwrap().delivery.state
    }
}

#[tokio::test]
async fn an_accepted_alert_survives_a_restart() {
    let fixture = Fixture::new();
    let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    let fixture = fixture.restart().await;
    let jobs = fixture.journal.jobs().await.unwrap();
    let expected = Job {
        id,
        created_at: noon(),
        due_at: at("2026-11-22T12:00:30Z"),
        stage: Stage::Waiting,
        follow_up: false,
        reads: 0,
        note: None,
        alerts: vec![alert("1")],
        alerts_kept: 1,
        failures: 0,
        failure: None,
    };
    assert_eq!(jobs, [expected]);
}

#[tokio::test]
async fn alerts_join_the_job_that_still_waits() {
    let Fixture { journal, .. } = Fixture::new();
    let first = journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    let later = at("2026-11-22T12:00:20Z");
    let second = journal.accept(vec![alert("1"), alert("2")], later, WAIT).await.unwrap().unwrap();
    assert_eq!(first, second);
    let jobs = journal.jobs().await.unwrap();
    assert_eq!(jobs[0].alerts, [alert("1"), alert("2")]);
    assert_eq!(jobs[0].due_at, at("2026-11-22T12:00:30Z"), "the first alert sets the time");

    assert_eq!(journal.advance(first, correlated(), 2).await.unwrap(), Advance::Done);
    let third = journal.accept(vec![alert("1")], later, WAIT).await.unwrap().unwrap();
    assert_ne!(first, third, "a job that has begun is not joined");
}

fn correlated() -> Stage {
    Stage::Correlated { correlation: Correlation::unread(noon(), None, "x".into()), log_reads: 0 }
}

#[tokio::test]
async fn an_alert_that_joins_while_the_cluster_is_read_is_not_left_out() {
    let Fixture { journal, .. } = Fixture::new();
    let id = journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    journal.accept(vec![alert("2")], noon(), WAIT).await.unwrap().unwrap();
    assert_eq!(journal.advance(id, correlated(), 1).await.unwrap(), Advance::AlertsJoined);
    assert_eq!(journal.jobs().await.unwrap()[0].stage, Stage::Waiting);
    assert_eq!(journal.advance(id, correlated(), 2).await.unwrap(), Advance::Done);
    assert_eq!(journal.jobs().await.unwrap()[0].stage, correlated());
}

#[tokio::test]
async fn a_stage_that_was_reached_survives_a_restart() {
    let fixture = Fixture::new();
    let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    fixture.journal.advance(id, correlated(), 1).await.unwrap();
    let fixture = fixture.restart().await;
    let job = fixture.journal.jobs().await.unwrap().remove(0);
    assert_eq!((job.stage, job.reads), (correlated(), 1));
}

#[tokio::test]
async fn a_job_that_lingers_keeps_its_stage_across_a_restart() {
    let fixture = Fixture::new();
    let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    fixture.journal.advance(id, correlated(), 1).await.unwrap();
    let correlation = Correlation::unread(noon(), None, "x".into());
    let stage = Stage::Correlated { correlation: correlation.clone(), log_reads: 2 };
    let later = noon() + SignedDuration::from_secs(90);
    fixture.journal.linger(id, stage.clone(), later, "the log".into()).await.unwrap();
    let fixture = fixture.restart().await;
    let job = fixture.journal.jobs().await.unwrap().remove(0);
    assert_eq!((job.stage, job.due_at, job.note.as_deref()), (stage, later, Some("the log")));
    let due = fixture.journal.due_jobs().await.unwrap().remove(0);
    assert!(!due.is_waiting);
    // What comes after it has begun, too.
    let logged = Stage::Logged { correlation, logs: Some(LogReport::default()) };
    fixture.journal.advance(id, logged.clone(), 1).await.unwrap();
    assert_eq!(fixture.journal.jobs().await.unwrap()[0].stage, logged);
    assert!(!fixture.journal.due_jobs().await.unwrap()[0].is_waiting);
}

#[test]
fn stages_of_0_1_0_knew_no_log() {
    let stage = |stage: &Stage| {
        let mut data = serde_json::to_value(stage).unwrap();
        let fields = data.as_object_mut().unwrap();
        fields.remove("logs");
        fields.remove("log_reads");
        serde_json::from_value::<Stage>(data).unwrap()
    };
    assert_eq!(stage(&correlated()), correlated());
    let correlation = Correlation::unread(noon(), None, "x".into());
    let checked = Stage::Checked { correlation, logs: None, repos: None };
    assert_eq!(stage(&checked), checked);
}

#[tokio::test]
async fn data_of_another_version_starts_the_job_again() {
    let fixture = Fixture::new();
    let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    fixture.journal.advance(id, correlated(), 1).await.unwrap();
    let Fixture { journal, dir } = fixture;
    journal.close().await;
    let file = rusqlite::Connection::open(dir.path().join(FILE_NAME)).unwrap();
    file.execute_batch("UPDATE jobs SET data = '{\"stage\":\"correlated\",\"new\":1}'").unwrap();
    drop(file);
    let journal = Journal::start(dir.path().into());
    let job = journal.jobs().await.unwrap().remove(0);
    assert_eq!((job.stage, job.alerts.len()), (Stage::Waiting, 1));
}

#[tokio::test]
async fn a_finished_job_is_a_report_with_a_queued_mail() {
    let Fixture { journal, .. } = Fixture::new();
    let id = journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    journal.finish(new_report(id, noon(), "a"), Afterwards::Done).await.unwrap();
    assert!(journal.jobs().await.unwrap().is_empty());
    let stored = journal.report(id).await.unwrap().unwrap().readable().unwrap();
    assert_eq!(stored.report, report(id, noon()));
    assert_eq!(stored.mail.html, "html");
    assert_eq!(stored.delivery.state, DeliveryState::Queued);
    let summary = journal.reports(ReportFilter::default(), 10).await.unwrap().reports.remove(0);
    let summary = summary.readable().unwrap();
    assert_eq!((summary.id, summary.outcome), (id, Outcome::Unknown));
    let (due, next) = journal.outgoing(Channel::Mail, noon()).await.unwrap();
    assert_eq!(due[0].about, About::Report(id));
    assert_eq!(next, Some(noon()));
    let (due, _) = journal.outgoing(Channel::Mail, at("2026-11-22T11:59:59Z")).await.unwrap();
    assert!(due.is_empty());
}

#[tokio::test]
async fn what_has_not_changed_is_told_again_only_after_a_while() {
    let fixture = Fixture::new();
    assert_eq!(fixture.tell(noon(), "a").await, DeliveryState::Queued);
    assert_eq!(fixture.tell(noon() + SignedDuration::from_hours(3), "a").await, DeliveryState::Unchanged);
    assert_eq!(fixture.tell(noon() + SignedDuration::from_hours(6), "b").await, DeliveryState::Queued);
    assert_eq!(fixture.tell(noon() + SignedDuration::from_hours(29), "b").await, DeliveryState::Unchanged);
    assert_eq!(fixture.tell(noon() + SignedDuration::from_hours(30), "b").await, DeliveryState::Queued);
}

#[tokio::test]
async fn what_could_not_be_delivered_was_not_told() {
    let fixture = Fixture::new();
    fixture.tell(noon(), "a").await;
    let (mut due, _) = fixture.journal.outgoing(Channel::Mail, noon()).await.unwrap();
    let outgoing = due.remove(0);
    let given_up = Delivery { state: DeliveryState::Failed, ..outgoing.delivery };
    fixture.journal.record_delivery(outgoing.id, 0, given_up).await.unwrap();
    assert_eq!(fixture.tell(noon() + SignedDuration::from_hours(3), "a").await, DeliveryState::Queued);
}

#[tokio::test]
async fn a_second_look_that_finds_nothing_new_leaves_no_report() {
    let fixture = Fixture::new();
    fixture.tell(noon(), "a").await;
    let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    let new = NewReport {
        origin: Origin { has_alarmed: true, is_repeated_on_purpose: false },
        ..new_report(id, noon(), "a")
    };
    assert!(!fixture.journal.finish(new, Afterwards::Done).await.unwrap().keeps_report());
    assert!(fixture.journal.report(id).await.unwrap().is_none());
    assert!(fixture.journal.jobs().await.unwrap().is_empty());
}

#[tokio::test]
async fn a_follow_up_is_a_job_of_its_own_that_no_alert_joins() {
    let Fixture { journal, .. } = Fixture::new();
    let id = journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    let later = at("2026-11-22T12:05:00Z");
    journal.finish(new_report(id, noon(), "a"), Afterwards::FollowUp(later)).await.unwrap();
    let other = journal.accept(vec![alert("2")], noon(), WAIT).await.unwrap().unwrap();
    let jobs = journal.jobs().await.unwrap();
    assert_eq!(jobs.len(), 2);
    assert!(jobs[0].follow_up && jobs[0].due_at == later && jobs[0].alerts == [alert("1")]);
    assert_eq!(jobs[1].id, other);
}

#[tokio::test]
async fn reports_are_kept_for_ninety_days_and_a_thousand_of_them() {
    let fixture = Fixture::new();
    let deliver = async |fixture: &Fixture, now| {
        for outgoing in fixture.journal.outgoing(Channel::Mail, now).await.unwrap().0 {
            let sent = Delivery { state: DeliveryState::Sent, ..outgoing.delivery };
            fixture.journal.record_delivery(outgoing.id, 0, sent).await.unwrap();
        }
    };
    fixture.tell(noon(), "first").await;
    deliver(&fixture, noon()).await;
    let much_later = noon() + DAY * 91;
    fixture.tell(much_later, "second").await;
    let count = async || fixture.journal.reports(ReportFilter::default(), 9999).await.unwrap().reports.len();
    assert_eq!(count().await, 2, "the newest hundred are kept, whatever the clock says");
    for index in 0..99 {
        fixture.tell(much_later, &format!("then {index}")).await;
        deliver(&fixture, much_later).await;
    }
    assert_eq!(count().await, 100, "the first is gone");
    for index in 0..1010 {
        fixture.tell(much_later, &index.to_string()).await;
        deliver(&fixture, much_later).await;
    }
    let kept = fixture.journal.reports(ReportFilter::default(), 9999).await.unwrap().reports;
    assert_eq!(kept.len(), 1000);
    assert!(kept.is_sorted_by(|left, right| left.id() > right.id()));
}

#[tokio::test]
async fn numbers_are_never_used_twice() {
    let fixture = Fixture::new();
    let first = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    let mut new = new_report(first, noon(), "a");
    new.origin.is_repeated_on_purpose = false;
    new.found.notifications.clear();
    fixture.journal.finish(new, Afterwards::Done).await.unwrap();
    let fixture = fixture.restart().await;
    let second = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    assert!(second > first);
}

#[tokio::test]
async fn requests_that_arrive_together_are_all_answered() {
    let Fixture { journal, .. } = Fixture::new();
    let requests = (0..500).map(|index| {
        let journal = journal.clone();
        let alert = Alert { source: Source::Schedule, ..alert(&index.to_string()) };
        tokio::spawn(async move { journal.accept(vec![alert], noon(), WAIT).await })
    });
    for request in requests.collect::<Vec<_>>() {
        request.await.unwrap().unwrap();
    }
    assert_eq!(journal.jobs().await.unwrap()[0].alerts.len(), 500);
}

#[tokio::test]
async fn a_full_disk_is_an_error_that_goes_away_when_there_is_space() {
    let fixture = Fixture::new();
    fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    // SQLite's own limit on the file's size ends in the same error as a full disk.
    let limit = async |pages: &'static str| {
        fixture.journal.writer.call(move |connection| connection.execute_batch(pages)).await.unwrap();
    };
    limit("PRAGMA max_page_count = 1").await;
    let many: Vec<Alert> = (0..2000)
        .map(|index| Alert { source: Source::Schedule, ..alert(&format!("plan-{index}")) })
        .collect();
    let error = fixture.journal.accept(many.clone(), noon(), WAIT).await.unwrap_err();
    assert!(matches!(error, JournalError::Full(_) | JournalError::Unusable { .. }), "{error}");
    limit("PRAGMA max_page_count = 1000000").await;
    fixture.journal.accept(many, noon(), WAIT).await.unwrap().unwrap();
    let kept: usize = fixture.journal.jobs().await.unwrap().iter().map(|job| job.alerts.len()).sum();
    assert_eq!(kept, 2001);
}

#[tokio::test]
async fn a_damaged_journal_refuses_until_it_is_moved_away() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join(FILE_NAME);
    std::fs::write(&path, b"no database".repeat(1000)).unwrap();
    let journal = Journal::start(dir.path().into());
    let error = journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap_err();
    assert!(matches!(error, JournalError::Damaged { .. }), "{error}");
    std::fs::rename(&path, dir.path().join("damaged.sqlite")).unwrap();
    let deadline = std::time::Instant::now() + Duration::from_secs(10);
    while let Err(error) = journal.accept(vec![alert("1")], noon(), WAIT).await {
        assert!(std::time::Instant::now() < deadline, "{error}");
        tokio::task::yield_now().await;
    }
}

fn from_alertmanager(source: Source, starts_at: &str) -> Alert {
    Alert {
        source,
        fingerprint: Some("556cb799a73e1c32".into()),
        starts_at: Some(at(starts_at)),
        ..alert("1")
    }
}

#[tokio::test]
async fn an_alert_that_was_polled_is_taken_once_until_it_fires_anew() {
    let fixture = Fixture::new();
    let poll =
        |starts_at| fixture.journal.accept(vec![from_alertmanager(Source::Poll, starts_at)], noon(), WAIT);
    let first = "2026-11-22T11:59:00.324Z";
    assert_eq!(poll(first).await.unwrap(), Some(JobId(1)));
    assert_eq!(poll(first).await.unwrap(), None);
    fixture.journal.finish(new_report(JobId(1), noon(), "a"), Afterwards::Done).await.unwrap();
    assert_eq!(poll(first).await.unwrap(), None);
    assert_eq!(poll("2026-11-22T12:30:00Z").await.unwrap(), Some(JobId(2)));
}

#[tokio::test]
async fn the_same_alert_by_webhook_and_by_poll_is_taken_once() {
    let webhook = || from_alertmanager(Source::Webhook, "2026-11-22T11:59:00.324619882Z");
    let poll = || from_alertmanager(Source::Poll, "2026-11-22T11:59:00.324Z");
    let minutes = SignedDuration::from_mins;

    let fixture = Fixture::new();
    fixture.journal.accept(vec![webhook()], noon(), WAIT).await.unwrap();
    assert_eq!(fixture.journal.accept(vec![poll()], noon(), WAIT).await.unwrap(), None);

    let fixture = Fixture::new();
    fixture.journal.accept(vec![poll()], noon(), WAIT).await.unwrap();
    fixture.journal.finish(new_report(JobId(1), noon(), "a"), Afterwards::Done).await.unwrap();
    // Alertmanager is told which job it was; that one is done.
    let later = noon() + minutes(5);
    assert_eq!(fixture.journal.accept(vec![webhook()], later, WAIT).await.unwrap(), Some(JobId(1)));
    assert!(fixture.journal.jobs().await.unwrap().is_empty());
    // Its reminder is one.
    let reminder = noon() + minutes(185);
    assert_eq!(fixture.journal.accept(vec![webhook()], reminder, WAIT).await.unwrap(), Some(JobId(2)));
}

#[tokio::test]
async fn an_alert_that_stays_is_polled_anew_as_often_as_a_webhook_is_repeated() {
    let fixture = Fixture::new();
    let poll = |now| {
        fixture.journal.accept(vec![from_alertmanager(Source::Poll, "2026-11-22T11:59:00Z")], now, WAIT)
    };
    let hours = SignedDuration::from_hours;
    assert!(poll(noon()).await.unwrap().is_some());
    assert!(poll(noon() + hours(2)).await.unwrap().is_none());
    assert!(poll(noon() + hours(3)).await.unwrap().is_some());
    assert!(poll(noon() + hours(5)).await.unwrap().is_none());
    // The clock was set back.
    assert!(poll(noon() - hours(24)).await.unwrap().is_some());
}

#[tokio::test]
async fn what_comes_late_of_a_run_that_was_told_is_looked_at() {
    let fixture = Fixture::new();
    let began_at = "2026-11-22T02:00:00Z";
    fixture.journal.accept(vec![run("1", began_at)], noon(), WAIT).await.unwrap();
    let close = || {
        let closed = Observation { closed: vec![run("1", began_at)], ..Observation::default() };
        fixture.journal.observe(closed, noon(), WAIT)
    };
    // By the job that still waits,
    close().await.unwrap();
    assert_eq!(fixture.journal.jobs().await.unwrap().len(), 1);
    // else by its follow-up, at once,
    let follow_up = Afterwards::FollowUp(noon() + DAY);
    fixture.journal.finish(new_report(JobId(1), noon(), "a"), follow_up).await.unwrap();
    close().await.unwrap();
    let job = fixture.journal.jobs().await.unwrap().remove(0);
    assert_eq!((job.id, job.follow_up, job.due_at), (JobId(2), true, noon()));
    // else by a new one.
    fixture.journal.finish(new_report(job.id, noon(), "b"), Afterwards::Done).await.unwrap();
    close().await.unwrap();
    let job = fixture.journal.jobs().await.unwrap().remove(0);
    assert_eq!((job.id, job.follow_up, job.due_at), (JobId(3), true, noon()));
}

#[tokio::test]
async fn one_job_takes_a_bounded_number_of_alerts() {
    let fixture = Fixture::new();
    let alerts: Vec<Alert> =
        (1..=501).map(|plan| Alert { source: Source::Schedule, ..alert(&plan.to_string()) }).collect();
    assert_eq!(fixture.journal.accept(alerts, noon(), WAIT).await.unwrap(), Some(JobId(2)));
    let sizes: Vec<usize> =
        fixture.journal.jobs().await.unwrap().iter().map(|job| job.alerts.len()).collect();
    assert_eq!(sizes, [500, 1]);
}

#[tokio::test]
async fn posted_alerts_about_unknown_plans_beyond_a_few_become_a_look_at_all_plans() {
    let fixture = Fixture::new();
    let alerts: Vec<Alert> = (1..=2000).map(|plan| alert(&plan.to_string())).collect();
    assert_eq!(fixture.journal.accept(alerts, noon(), WAIT).await.unwrap(), Some(JobId(1)));
    let jobs = fixture.journal.jobs().await.unwrap();
    assert_eq!(jobs.len(), 1);
    let (named, all): (Vec<_>, Vec<_>) = jobs[0].alerts.iter().partition(|alert| alert.plan.is_some());
    assert_eq!((named.len(), all.len()), (50, 1));
}

#[tokio::test]
async fn posted_jobs_beyond_the_quota_wait_one_settle_time_more() {
    let fixture = Fixture::new();
    let mut waits = Vec::new();
    for _ in 0..40 {
        let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
        let job = fixture.journal.job(id).await.unwrap().unwrap();
        waits.push(job.due_at.duration_since(noon()).as_secs());
        fixture.journal.finish(new_report(id, noon(), "a"), Afterwards::Done).await.unwrap();
    }
    assert_eq!(waits, [[30; 30].to_vec(), [60; 10].to_vec()].concat());
    // Who watches has no quota.
    let watched = Alert { source: Source::Schedule, ..alert("2") };
    let id = fixture.journal.accept(vec![watched], noon(), WAIT).await.unwrap().unwrap();
    let job = fixture.journal.job(id).await.unwrap().unwrap();
    assert_eq!(job.due_at.duration_since(noon()).as_secs(), 30);
}

#[tokio::test]
async fn reports_about_unknown_plans_alone_go_first() {
    let fixture = Fixture::new();
    fixture.tell(noon(), "real").await;
    for index in 0..110_i64 {
        let id =
            fixture.journal.accept(vec![alert(&format!("no-{index}"))], noon(), WAIT).await.unwrap().unwrap();
        fixture.journal.finish(new_report(id, noon(), &index.to_string()), Afterwards::Done).await.unwrap();
        let write = move |database: &Database| {
            database.execute("UPDATE deliveries SET state = 'sent'", [])?;
            database.execute(
                "INSERT OR IGNORE INTO report_plans VALUES (?, ?)",
                params![format!("no-{index}"), id.0],
            )
        };
        fixture.journal.writer.call(write).await.unwrap();
    }
    fixture.tell(noon(), "again").await;
    let kept = fixture.journal.reports(ReportFilter::default(), 9999).await.unwrap().reports;
    assert_eq!(kept.len(), 102);
    assert_eq!(kept.last().unwrap().id(), JobId(1), "the real one is still there");
}

#[tokio::test]
async fn a_mail_put_off_before_the_clock_was_set_back_is_not_late_for_that() {
    let fixture = Fixture::new();
    fixture.tell(noon(), "a").await;
    let (due, _) = fixture.journal.outgoing(Channel::Mail, noon()).await.unwrap();
    let put_off = Delivery { attempts: 1, next_attempt_at: noon() + DAY, ..due[0].delivery.clone() };
    fixture.journal.record_delivery(DeliveryId(1), 0, put_off).await.unwrap();
    assert_eq!(fixture.journal.outgoing(Channel::Mail, noon()).await.unwrap().0.len(), 1);
}

fn run(plan: &str, began_at: &str) -> Alert {
    let followed = ObservedRun { began_at: at(began_at), until: None, results: Default::default() };
    let alert = Alert::raised(Source::Run, "BackupRun", plan.parse().unwrap(), None, followed.began_at);
    Alert { run: Some(followed), ..alert }
}

#[tokio::test]
async fn a_job_tells_of_one_run_of_each_plan() {
    let fixture = Fixture::new();
    let accept = |alert| fixture.journal.accept(vec![alert], noon(), WAIT);
    assert_eq!(accept(alert("1")).await.unwrap(), Some(JobId(1)));
    assert_eq!(accept(run("1", "2026-11-22T02:00:00Z")).await.unwrap(), Some(JobId(1)));
    assert_eq!(accept(run("2", "2026-11-22T02:00:00Z")).await.unwrap(), Some(JobId(1)));
    assert_eq!(accept(run("1", "2026-11-22T03:00:00Z")).await.unwrap(), Some(JobId(2)));
    assert_eq!(accept(run("1", "2026-11-22T03:00:00Z")).await.unwrap(), Some(JobId(2)));
    assert_eq!(accept(run("11", "2026-11-22T03:00:00Z")).await.unwrap(), Some(JobId(1)));
}

#[tokio::test]
async fn alerts_and_marks_are_kept_together() {
    let fixture = Fixture::new();
    let checkpoint = |value: &str| Checkpoint { key: "runs/1".into(), value: value.into() };
    let observe = |checkpoint| {
        let seen =
            Observation { alerts: vec![alert("1")], checkpoints: vec![checkpoint], ..Observation::default() };
        fixture.journal.observe(seen, noon(), WAIT)
    };
    observe(checkpoint("{}")).await.unwrap();
    assert_eq!(fixture.journal.checkpoints("runs/").await.unwrap(), [("1".into(), "{}".into())]);
    assert_eq!(fixture.journal.checkpoints("schedules/").await.unwrap(), []);
    observe(checkpoint("[]")).await.unwrap();
    assert_eq!(fixture.journal.checkpoints("runs/").await.unwrap(), [("1".into(), "[]".into())]);
    assert_eq!(fixture.journal.jobs().await.unwrap().len(), 1);
}

#[tokio::test]
async fn a_report_that_nobody_wants_a_mail_about_is_kept() {
    let fixture = Fixture::new();
    let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    let mut new = new_report(id, noon(), "a");
    (new.found.outcome, new.origin.has_alarmed) = (Outcome::Success, false);
    new.found.notifications[0].outcome = Outcome::Success;
    let decision = fixture.journal.finish(new, Afterwards::Done).await.unwrap();
    assert_eq!(decision, Decision::Hold(HoldReason::AllWell));
    let stored = fixture.journal.report(id).await.unwrap().unwrap().readable().unwrap();
    assert_eq!((stored.delivery.state, stored.decision), (DeliveryState::Suppressed, Some(decision)));
    assert!(fixture.journal.outgoing(Channel::Mail, noon()).await.unwrap().0.is_empty());
    // It was not told: the same by an alert is news.
    assert_eq!(fixture.tell(noon(), "a").await, DeliveryState::Queued);
}

#[tokio::test]
async fn a_mail_can_be_sent_again_after_it_was_given_up() {
    let fixture = Fixture::new();
    fixture.tell(noon(), "a").await;
    let id = JobId(1);
    let stored = fixture.journal.report(id).await.unwrap().unwrap().readable().unwrap();
    let failed = Delivery { state: DeliveryState::Failed, attempts: 9, ..stored.delivery };
    fixture.journal.record_delivery(DeliveryId(id.0), 0, failed).await.unwrap();
    let later = noon() + DAY * 7;
    assert!(fixture.journal.resend(id, later).await.unwrap());
    let (due, _) = fixture.journal.outgoing(Channel::Mail, later).await.unwrap();
    assert_eq!((due[0].queued_at, due[0].resends, due[0].delivery.attempts), (later, 1, 0));
    // What is known of an attempt that began before does not count any more.
    let late = Delivery { state: DeliveryState::Sent, ..due[0].delivery.clone() };
    fixture.journal.record_delivery(DeliveryId(id.0), 0, late).await.unwrap();
    assert_eq!(fixture.journal.mails_queued().await.unwrap(), 1);
    assert!(!fixture.journal.resend(JobId(99), later).await.unwrap());
}

#[tokio::test]
async fn reports_are_listed_page_by_page_as_they_fit() {
    let fixture = Fixture::new();
    for digest in ["a", "b", "c", "d", "e"] {
        fixture.tell(noon(), digest).await;
    }
    let ids = |page: &ReportPage| page.reports.iter().map(|report| report.id().0).collect::<Vec<_>>();
    let list = |filter: ReportFilter| fixture.journal.reports(filter, 2);
    let first = list(ReportFilter::default()).await.unwrap();
    assert_eq!((ids(&first), first.total), (vec![5, 4], 5));
    let second = list(ReportFilter { before: Some(JobId(4)), ..ReportFilter::default() }).await.unwrap();
    assert_eq!((ids(&second), second.total), (vec![3, 2], 5));
    let unknown =
        list(ReportFilter { outcome: Some(Outcome::Unknown), ..ReportFilter::default() }).await.unwrap();
    assert_eq!(unknown.total, 5);
    for filter in [
        ReportFilter { outcome: Some(Outcome::Failure), ..ReportFilter::default() },
        ReportFilter { plan: Some("1".parse().unwrap()), ..ReportFilter::default() },
        ReportFilter { application: Some("mail1".parse().unwrap()), ..ReportFilter::default() },
    ] {
        assert_eq!(list(filter).await.unwrap().total, 0);
    }
}

#[tokio::test]
async fn a_job_that_is_given_up_leaves_a_report_and_what_it_was_about() {
    let fixture = Fixture::new();
    let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    assert_eq!(fixture.journal.job_failed(id, "a bug".into(), noon()).await.unwrap(), 1);
    assert_eq!(fixture.journal.job_failed(id, "a bug".into(), noon()).await.unwrap(), 2);
    let job = fixture.journal.job(id).await.unwrap().unwrap();
    assert_eq!((job.failures, job.failure.as_deref()), (2, Some("a bug")));
    fixture.journal.finish(new_report(id, noon(), "a"), Afterwards::Abandoned("a bug".into())).await.unwrap();
    assert_eq!(fixture.journal.jobs().await.unwrap(), []);
    let abandoned = AbandonedJob { id, at: noon(), reason: "a bug".into() };
    assert_eq!(fixture.journal.abandoned_jobs(noon()).await.unwrap(), [abandoned]);
    assert_eq!(fixture.journal.abandoned_jobs(noon() + DAY).await.unwrap(), []);
}

#[tokio::test]
async fn a_step_that_succeeds_ends_the_count_of_failures() {
    let fixture = Fixture::new();
    let id = fixture.journal.accept(vec![alert("1")], noon(), WAIT).await.unwrap().unwrap();
    fixture.journal.job_failed(id, "a bug".into(), noon()).await.unwrap();
    fixture.journal.postpone(id, noon(), "waiting".into()).await.unwrap();
    assert_eq!(fixture.journal.job(id).await.unwrap().unwrap().failures, 0);
}

#[tokio::test]
async fn a_job_is_split_into_one_for_each_plan() {
    let fixture = Fixture::new();
    let alerts = vec![alert("1"), alert("2")];
    let id = fixture.journal.accept(alerts, noon(), WAIT).await.unwrap().unwrap();
    let job = fixture.journal.job(id).await.unwrap().unwrap();
    let groups = vec![vec![alert("1")], vec![alert("2")]];
    fixture.journal.split(job, groups.clone()).await.unwrap();
    let jobs = fixture.journal.jobs().await.unwrap();
    assert_eq!(jobs.iter().map(|job| job.alerts.clone()).collect::<Vec<_>>(), groups);
    assert!(jobs.iter().all(|job| job.created_at == noon() && job.id != id));
}
