// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Months of runs in a moment: what was found goes through the last stage and the journal, as of times of our choice.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, tz::TimeZone};
use proptest::prelude::*;

use super::*;
use crate::{
    alert::{Alert, ObservedRun, Source},
    cause::{Cause, Diagnosis},
    correlator::correlation::{Application, Destination, MissingReason},
    ids::{DestinationId, ModuleId, NodeId},
    journal::{About, DeliveryId},
    logs::findings::{ApplicationLog, ClusterBackupLog, LogLine, UnitLog},
    notifier::{
        decision::{HoldReason, SendReason},
        delivery::{Channel, Delivery, DeliveryState},
    },
    repo_check::findings::{Health, RepositoryReport, Snapshot, Snapshots},
    report::incident::{KnownFrom, News},
    run::Run,
};

mod held;

use State::{Failed, Missing, Ok as Well, Pending};

const WAIT: Duration = Duration::from_secs(30);

fn at(hour: i64) -> Timestamp {
    Timestamp::from_second(1_795_312_800 + hour * 3600).unwrap()
}

/// How an application came out, and why.
type Found = (&'static str, State, Option<Cause>);

fn application((module, state, cause): &Found, began_at: Timestamp) -> Application {
    let run = Run {
        start: Some(began_at),
        end: began_at + SignedDuration::from_mins(3),
        errors: u64::from(*state != Well),
        size: (*state == Well).then_some(734_003_200),
        files: None,
        error: None,
    };
    Application {
        module: ModuleId::new(module).unwrap(),
        label: None,
        node: NodeId::new("1").unwrap(),
        node_label: None,
        state: *state,
        last_run: matches!(state, Well | Failed).then_some(run),
        missing_reason: matches!(state, Missing | Pending).then_some(MissingReason::NotSince),
        repository_path: None,
        is_own_word: false,
        diagnosis: cause.map(|cause| Diagnosis { cause, evidence: vec![], lock: None }),
    }
}

/// The words from which the causes follow that the applications have.
fn logs(correlation: &Correlation) -> LogReport {
    let mut logs = LogReport::default();
    for plan in &correlation.plans {
        for application in &plan.applications {
            let Some(diagnosis) = &application.diagnosis else { continue };
            let at = application.last_run.as_ref().unwrap().end;
            let text = match diagnosis.cause {
                Cause::StorageFull => "Fatal: unable to save snapshot: 507 Insufficient Storage",
                Cause::StorageUnreachable => "Fatal: unable to open config file: 500 Internal Server Error",
                Cause::DumpFailed => {
                    "[ERROR] module-dump-state failed. Check if the module is fully configured."
                }
                Cause::Interrupted => "backup1.service: Main process exited, code=killed, status=15/TERM",
                Cause::LockedLive => {
                    "unable to create lock in backend: repository is already locked by PID 1 on node1 by root\n\
                     lock was created at 2026-11-25 01:37:45 (11s ago)"
                }
                Cause::LockedStale => {
                    "unable to create lock in backend: repository is already locked by PID 1 on node1 by root\n\
                     lock was created at 2026-11-25 01:37:45 (5h0m11s ago)"
                }
                Cause::Unknown => continue,
                cause => panic!("no words for {cause}"),
            };
            logs.applications.push(ApplicationLog {
                plan: plan.id.clone(),
                module: application.module.clone(),
                started_by: None,
                lines: text.lines().map(|text| LogLine { at, text: text.to_owned() }).collect(),
            });
        }
    }
    logs
}

fn destination() -> DestinationId {
    DestinationId::new("48ce000a-79b7-5fe6-8558-177fd70c27b4").unwrap()
}

fn plan(id: &str, found: &[Found], began_at: Timestamp) -> Plan {
    let applications: Vec<Application> = found.iter().map(|found| application(found, began_at)).collect();
    Plan {
        id: PlanId::new(id).unwrap(),
        name: None,
        destination: Some(Destination { id: destination(), name: None, url: None }),
        schedule: None,
        due: Some(began_at),
        next: None,
        outcome: Outcome::of_applications(applications.iter().map(|application| application.state)),
        applications,
        issues: vec![],
    }
}

/// The last stage over a journal of its own, and the mails that came of it.
struct Monitor {
    stages: Stages,
    dir: tempfile::TempDir,
    settings: Arc<Settings>,
    mails: Vec<Mail>,
}

/// A mail as it was given to the mail server.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mail {
    report: JobId,
    reason: SendReason,
    outcome: Outcome,
    /// The reports whose mails it answers.
    answers: Vec<JobId>,
}

impl Monitor {
    fn new(variables: &[(&str, &str)]) -> Self {
        let given = [("MAIL_TO", "admin@example.org"), ("REDIS_URL", "redis://127.0.0.1:1")];
        let settings = Settings::from_vars(given.into_iter().chain(variables.iter().copied())).unwrap();
        let dir = tempfile::tempdir().unwrap();
        let settings = Arc::new(settings);
        Self { stages: stages(&settings, dir.path()), dir, settings, mails: Vec::new() }
    }

    /// As after a kill: nothing but the file is left.
    async fn restart(&mut self) {
        let stages = stages(&self.settings, self.dir.path());
        let before = std::mem::replace(&mut self.stages, stages);
        before.journal.close().await;
    }

    async fn report(
        &mut self,
        alert: Alert,
        plans: Vec<Plan>,
        repos: Option<RepoReport>,
        now: Timestamp,
    ) -> Decision {
        let journal = self.stages.journal.clone();
        let id = journal.accept(vec![alert], now, WAIT).await.unwrap().unwrap();
        let job = journal.job(id).await.unwrap().unwrap();
        let correlation = Correlation {
            at: now,
            cluster: Some("Acme".into()),
            outcome: Correlation::worst(&plans),
            read_error: None,
            internal_error: None,
            plans,
        };
        let logs = Some(logs(&correlation));
        self.stages.report(&job, correlation, logs, repos, now).await.unwrap();
        for outgoing in journal.outgoing(Channel::Mail, now).await.unwrap().0 {
            let sent = Delivery { state: DeliveryState::Sent, sent_at: Some(now), ..outgoing.delivery };
            journal.record_delivery(outgoing.id, 0, sent).await.unwrap();
            let About::Report(report) = outgoing.about else { panic!("{:?}", outgoing.about) };
            let stored = journal.report(report).await.unwrap().unwrap().readable().unwrap();
            let Some(Decision::Send(reason)) = stored.decision else { panic!("{:?}", stored.decision) };
            self.mails.push(Mail {
                report,
                reason,
                outcome: outgoing.message.outcome.unwrap(),
                answers: outgoing.threads.iter().map(|start| start.report).collect(),
            });
        }
        match journal.report(id).await.unwrap() {
            Some(stored) => stored.readable().unwrap().decision.unwrap(),
            None => Decision::Hold(HoldReason::NothingNew),
        }
    }

    /// A run that the watcher followed, ten minutes after it began.
    async fn run(&mut self, found: &[Found], began_at: Timestamp) -> Decision {
        let plan = plan("1", found, began_at);
        let run = ObservedRun { began_at, until: None, results: BTreeMap::new() };
        let alert = Alert::raised(Source::Run, "BackupRun", plan.id.clone(), None, began_at);
        let alert = Alert { run: Some(run), ..alert };
        self.report(alert, vec![plan], None, began_at + SignedDuration::from_mins(10)).await
    }

    /// NS8's alert about the last run.
    async fn alert(
        &mut self,
        source: Source,
        found: &[Found],
        began_at: Timestamp,
        starts_at: Timestamp,
        now: Timestamp,
    ) -> Decision {
        let plan = plan("1", found, began_at);
        let alert = Alert::raised(source, "BackupFailed", plan.id.clone(), None, starts_at);
        self.report(alert, vec![plan], None, now).await
    }

    async fn last_report(&self) -> Report {
        let newest = self.stages.journal.reports(Default::default(), 1).await.unwrap().reports.remove(0).id();
        self.stages.journal.report(newest).await.unwrap().unwrap().readable().unwrap().report
    }

    fn reasons(&self) -> Vec<SendReason> {
        self.mails.iter().map(|mail| mail.reason).collect()
    }
}

fn stages(settings: &Arc<Settings>, dir: &std::path::Path) -> Stages {
    let journal = Journal::start(dir.to_path_buf());
    let reader = ClusterReader::new(&settings.redis_url, settings.zone.clone()).unwrap();
    let checker = Arc::new(RepoChecker::new(settings.repo_check.clone()));
    let logs = Arc::new(LogReader::new(settings));
    Stages::new(Arc::clone(settings), journal, reader, logs, checker, Arc::default())
}

const MAIL_FAILS: [Found; 2] = [("mail1", Failed, Some(Cause::StorageFull)), ("web1", Well, None)];
const ALL_WELL: [Found; 2] = [("mail1", Well, None), ("web1", Well, None)];

#[tokio::test]
async fn an_hourly_plan_that_fails_all_day_makes_one_mail_a_day() {
    let mut monitor = Monitor::new(&[]);
    for hour in 0..48 {
        monitor.run(&MAIL_FAILS, at(hour)).await;
        // NS8's alert repeats every three hours on both ways.
        if hour % 3 == 0 {
            for source in [Source::Webhook, Source::Poll] {
                let now = at(hour) + SignedDuration::from_mins(20);
                monitor.alert(source, &MAIL_FAILS, at(hour), at(0), now).await;
            }
        }
    }
    monitor.run(&ALL_WELL, at(48)).await;
    use SendReason::{New, Recovered, Reminder};
    assert_eq!(monitor.reasons(), [New, Reminder, Reminder, Recovered]);
    let first = monitor.mails[0].report;
    assert!(monitor.mails[1..].iter().all(|mail| mail.answers == [first]), "{:?}", monitor.mails);
    let incident = monitor.last_report().await.incidents.remove(0);
    assert_eq!((incident.since, incident.failing_runs, incident.is_over), (at(0), 48, true));
}

#[tokio::test]
async fn a_nightly_plan_is_reported_each_night_and_its_news_first() {
    let mut monitor = Monitor::new(&[]);
    monitor.run(&ALL_WELL, at(-24)).await;
    for night in 0..3 {
        monitor.run(&MAIL_FAILS, at(24 * night)).await;
        monitor.restart().await;
    }
    let said = monitor.last_report().await.incidents.remove(0);
    assert_eq!((said.failing_runs, said.applications[0].failing_runs), (3, 3));
    let restorable = said.applications[0].restorable.clone().unwrap();
    assert_eq!(
        (restorable.at, restorable.known_from),
        (at(-24) + SignedDuration::from_mins(3), KnownFrom::Success)
    );
    assert!(said.first_subject.is_some() && said.news.is_empty());

    // An hour later another application fails, too: that does not wait.
    let both = [MAIL_FAILS[0], ("web1", Failed, None)];
    assert_eq!(monitor.run(&both, at(49)).await, Decision::Send(SendReason::Changed));
    let said = monitor.last_report().await.incidents.remove(0);
    assert_eq!(said.news, [News::Application { module: ModuleId::new("web1").unwrap() }]);
    // And then it is known why, from a look at the same run.
    let both = [MAIL_FAILS[0], ("web1", Failed, Some(Cause::DumpFailed))];
    let now = at(50);
    let decision = monitor.alert(Source::Poll, &both, at(49), at(0), now).await;
    assert_eq!(decision, Decision::Send(SendReason::Changed));
    let decision = monitor.alert(Source::Poll, &both, at(49), at(0), at(54)).await;
    assert_eq!(decision, Decision::Hold(HoldReason::NothingNew));
}

#[tokio::test]
async fn only_from_the_third_failure_in_a_row_on_and_then_also_when_it_is_over() {
    let mut monitor = Monitor::new(&[("NOTIFY_AFTER_FAILURES", "3")]);
    let too_few = Decision::Hold(HoldReason::TooFew);
    for night in 0..2 {
        assert_eq!(monitor.run(&MAIL_FAILS, at(24 * night)).await, too_few);
        // Looking at it more often makes no more failures of it.
        let now = at(24 * night + 1);
        assert_eq!(monitor.alert(Source::Webhook, &MAIL_FAILS, at(24 * night), at(0), now).await, too_few);
    }
    // Well again in between: nobody was told, and nobody is.
    assert_eq!(monitor.run(&ALL_WELL, at(48)).await, Decision::Hold(HoldReason::AllWell));
    for night in 3..5 {
        assert_eq!(monitor.run(&MAIL_FAILS, at(24 * night)).await, too_few);
    }
    assert_eq!(monitor.run(&MAIL_FAILS, at(24 * 5)).await, Decision::Send(SendReason::New));
    assert_eq!(monitor.run(&ALL_WELL, at(24 * 6)).await, Decision::Send(SendReason::Recovered));
}

#[tokio::test]
async fn what_is_muted_is_kept_and_mailed_once_it_is_not_muted_any_more() {
    // at(0) is on 22 November.
    let day = |hour| TimeZone::UTC.to_datetime(at(hour)).date();
    let mut monitor = Monitor::new(&[("NOTIFY_MUTED", &format!("mail1={},2={}", day(24), day(240)))]);
    for night in 0..2 {
        assert_eq!(monitor.run(&MAIL_FAILS, at(24 * night)).await, Decision::Hold(HoldReason::Muted));
    }
    assert_eq!(monitor.last_report().await.outcome, Outcome::RepoFailure);
    assert_eq!(monitor.run(&MAIL_FAILS, at(48)).await, Decision::Send(SendReason::New));
    assert_eq!(monitor.last_report().await.incidents[0].failing_runs, 3);
    let other = plan("2", &MAIL_FAILS, at(49));
    let alert = Alert::raised(Source::Webhook, "BackupFailed", other.id.clone(), None, at(49));
    assert_eq!(monitor.report(alert, vec![other], None, at(50)).await, Decision::Hold(HoldReason::Muted));
}

#[tokio::test]
async fn an_application_that_is_muted_does_not_hush_the_others() {
    let until = TimeZone::UTC.to_datetime(at(240)).date();
    let mut monitor = Monitor::new(&[("NOTIFY_MUTED", &format!("mail1={until}"))]);
    let both = [MAIL_FAILS[0], ("web1", Failed, None)];
    assert_eq!(monitor.run(&both, at(0)).await, Decision::Send(SendReason::New));
    // That web1 is well again is told, though mail1 still fails.
    assert_eq!(monitor.run(&MAIL_FAILS, at(1)).await, Decision::Send(SendReason::Changed));
    let news = [News::Recovered { module: ModuleId::new("web1").unwrap() }];
    assert_eq!(monitor.last_report().await.incidents[0].news, news);
    assert_eq!(monitor.run(&MAIL_FAILS, at(2)).await, Decision::Hold(HoldReason::Muted));
    assert_eq!(monitor.run(&both, at(3)).await, Decision::Send(SendReason::Changed));
}

#[tokio::test]
async fn an_unchanged_plan_does_not_ride_along_in_the_mail_of_another() {
    let mut monitor = Monitor::new(&[]);
    monitor.run(&MAIL_FAILS, at(0)).await;
    // 38 seconds later an alert about another plan makes all that ran recently be looked at.
    let other = [("samba1", Failed, None), ("samba2", Well, None)];
    let plans = vec![plan("1", &MAIL_FAILS, at(0)), plan("2", &other, at(0))];
    let now = at(0) + SignedDuration::from_mins(11);
    let alert = Alert {
        plan: None,
        ..Alert::raised(Source::Webhook, "BackupFailed", plans[1].id.clone(), None, at(0))
    };
    assert_eq!(monitor.report(alert, plans, None, now).await, Decision::Send(SendReason::New));
    let mut report = monitor.last_report().await;
    assert_eq!((report.correlation.plans.len(), report.quiet.len()), (2, 1));
    assert_eq!((report.outcome, monitor.mails[1].outcome), (Outcome::RepoFailure, Outcome::Partial));
    let log = report.logs.as_mut().unwrap();
    for id in ["1", "2"].map(|id| PlanId::new(id).unwrap()) {
        log.units.push(UnitLog { plan: id.clone(), node: NodeId::new("1").unwrap(), lines: vec![] });
        log.cluster_backup.push(ClusterBackupLog { plan: id, lines: vec![] });
    }
    let mailed = report.for_mail();
    let log = mailed.logs.as_ref().unwrap();
    let plans = (log.units.iter().map(|log| &log.plan)).chain(log.cluster_backup.iter().map(|log| &log.plan));
    assert_eq!(plans.map(PlanId::as_str).collect::<Vec<_>>(), ["2", "2"]);
    let told: Vec<_> = mailed.correlation.plans.iter().map(|plan| plan.id.as_str()).collect();
    assert_eq!((told, mailed.incidents.len()), (vec!["2"], 1));
    assert_eq!(monitor.mails[1].answers, [], "it begins a thread of its own");
}

#[tokio::test]
async fn a_run_that_hangs_on_a_dead_destination_is_one_incident_with_what_becomes_of_it() {
    let mut monitor = Monitor::new(&[]);
    monitor.run(&ALL_WELL, at(-24)).await;
    let hangs = plan("1", &[("mail1", Pending, None), ("web1", Pending, None)], at(0));
    let now = at(0) + SignedDuration::from_mins(31);
    let alert = Alert::raised(Source::Stuck, "BackupStuck", hangs.id.clone(), None, at(0));
    assert_eq!(monitor.report(alert, vec![hangs], None, now).await, Decision::Send(SendReason::New));
    assert_eq!(monitor.last_report().await.incidents[0].since, at(0));
    // At last it fails, two hours later; its first application began a minute after the run was due.
    let began_at = at(0) + SignedDuration::from_mins(1);
    let failed = [("mail1", Failed, None), ("web1", Failed, None)];
    let mut failed = plan("1", &failed, began_at);
    failed.due = Some(at(0));
    let run = ObservedRun { began_at, until: None, results: BTreeMap::new() };
    let alert = Alert::raised(Source::Run, "BackupRun", failed.id.clone(), None, began_at);
    monitor.report(Alert { run: Some(run), ..alert }, vec![failed], None, at(2)).await;
    let said = monitor.last_report().await.incidents.remove(0);
    assert_eq!((said.since, said.failing_runs, said.news.len()), (at(0), 1, 2));
    assert_eq!(monitor.mails[1].answers, [monitor.mails[0].report]);
    assert_eq!(
        monitor.stages.journal.last_runs(10).await.unwrap().len(),
        2,
        "what hung is no run of its own"
    );
}

/// What the repositories were found to hold.
fn repos(module: &str, health: Health, last: Option<Timestamp>) -> RepoReport {
    let snapshots = last.map(|time| Snapshots { count: 7, last: Some(Snapshot { time, size: Some(42) }) });
    let module = ModuleId::new(module).unwrap();
    let repository =
        RepositoryReport { destination: Some(destination()), module, health, detail: None, snapshots };
    RepoReport { destinations: vec![], repositories: vec![repository] }
}

#[tokio::test]
async fn what_can_be_restored_stays_known_when_the_repository_can_not_be_read_any_more() {
    let mut monitor = Monitor::new(&[]);
    for (night, health, last) in [(0, Health::Ok, Some(at(-20))), (1, Health::Unreachable, None)] {
        let plan = plan("1", &MAIL_FAILS, at(24 * night));
        let alert = Alert::raised(Source::Webhook, "BackupFailed", plan.id.clone(), None, at(0));
        monitor.report(alert, vec![plan], Some(repos("mail1", health, last)), at(24 * night + 1)).await;
        monitor.restart().await;
    }
    let restorable = monitor.last_report().await.incidents[0].applications[0].restorable.clone().unwrap();
    assert_eq!((restorable.at, restorable.as_of, restorable.size), (at(-20), at(1), Some(42)));
    assert_eq!((restorable.known_from, restorable.destination), (KnownFrom::Journal, Some(destination())));
}

/// NethServer/dev#8077: the nightly update restarts the containers of a module whose backup runs. Its restic is killed and leaves a lock; what
/// had not run then has no status. In the nights after it the data are saved, but retention fails at the lock.
#[tokio::test]
async fn a_nightly_update_that_kills_a_backup_and_its_stale_lock_are_one_incident() {
    let mut monitor = Monitor::new(&[]);
    let killed = [("mail1", Failed, Some(Cause::Interrupted)), ("web1", Missing, None)];
    let locked = [("mail1", Failed, Some(Cause::LockedStale)), ("web1", Well, None)];
    monitor.run(&ALL_WELL, at(-24)).await;
    monitor.run(&killed, at(0)).await;
    monitor.run(&locked, at(24)).await;
    let said = monitor.last_report().await.incidents.remove(0);
    let module = |name| ModuleId::new(name).unwrap();
    let news = [
        News::Cause { module: module("mail1"), before: Cause::Interrupted, now: Cause::LockedStale },
        News::Recovered { module: module("web1") },
    ];
    assert_eq!(said.news, news);
    monitor.run(&locked, at(48)).await;
    monitor.run(&ALL_WELL, at(72)).await;
    use SendReason::{Changed, New, Recovered, Reminder};
    assert_eq!(monitor.reasons(), [New, Changed, Reminder, Recovered]);
    assert!(monitor.mails[1..].iter().all(|mail| mail.answers == [monitor.mails[0].report]));
    assert_eq!(monitor.stages.journal.incidents(10).await.unwrap().len(), 1);
}

/// NethServer/dev#8164: a passing 500 of the storage leaves locks behind, so that the next runs fail for another reason than the first.
#[tokio::test]
async fn a_passing_error_of_the_storage_and_the_locks_that_it_leaves_are_one_incident() {
    let mut monitor = Monitor::new(&[]);
    let fails = |cause| [("mail1", Failed, cause), ("web1", Failed, cause)];
    for (night, cause) in [
        (0, Cause::StorageUnreachable),
        (1, Cause::LockedLive),
        (2, Cause::LockedStale),
        (3, Cause::LockedStale),
    ] {
        monitor.run(&fails(Some(cause)), at(24 * night)).await;
    }
    // In a look that finds no cause, it is the one that was known.
    monitor.run(&fails(Some(Cause::Unknown)), at(24 * 4)).await;
    use SendReason::{Changed, New, Reminder};
    assert_eq!(monitor.reasons(), [New, Changed, Changed, Reminder, Reminder]);
    let incident = monitor.stages.journal.incidents(10).await.unwrap().remove(0).incident;
    assert_eq!((incident.failing_runs, incident.applications[0].cause), (5, Some(Cause::LockedStale)));
}

/// NethServer/dev#8125: before core 3.21 the alert resolves with the beginning of each run and fires anew at its end, and a reboot loses it.
#[tokio::test]
async fn an_alert_that_fires_anew_with_each_run_or_is_lost_is_still_one_incident() {
    for reboots_after in [None, Some(10)] {
        let mut monitor = Monitor::new(&[]);
        for hour in 0..20 {
            let (began_at, now) = (at(hour), at(hour) + SignedDuration::from_mins(10));
            // Nobody follows runs here: the alert is all there is, and its start is another one each time.
            if reboots_after != Some(hour) {
                monitor.alert(Source::Webhook, &MAIL_FAILS, began_at, now, now).await;
            }
        }
        assert_eq!(monitor.reasons(), [SendReason::New], "{reboots_after:?}");
        let incidents = monitor.stages.journal.incidents(10).await.unwrap();
        assert_eq!((incidents.len(), incidents[0].incident.since), (1, at(0)));
        let counted = if reboots_after.is_some() { 19 } else { 20 };
        assert_eq!(incidents[0].incident.failing_runs, counted);
    }
}

#[tokio::test]
async fn the_end_of_a_run_that_was_told_while_it_went_on_is_told_too() {
    let mut monitor = Monitor::new(&[]);
    let at_first = [("mail1", Failed, None), ("web1", Pending, None)];
    assert_eq!(monitor.run(&at_first, at(0)).await, Decision::Send(SendReason::New));
    assert_eq!(monitor.mails[0].outcome, Outcome::Pending);
    let in_the_end = [("mail1", Failed, None), ("web1", Well, None)];
    let decision = monitor.alert(Source::Poll, &in_the_end, at(0), at(0), at(1)).await;
    assert_eq!(decision, Decision::Send(SendReason::Changed));
    assert_eq!(monitor.mails[1].outcome, Outcome::Partial);
}

#[tokio::test]
async fn a_mail_that_reached_nobody_begins_no_thread() {
    let mut monitor = Monitor::new(&[]);
    monitor.run(&MAIL_FAILS, at(0)).await;
    let journal = monitor.stages.journal.clone();
    let stored = journal.report(monitor.mails[0].report).await.unwrap().unwrap().readable().unwrap();
    let failed = Delivery { state: DeliveryState::Failed, ..stored.delivery };
    journal.record_delivery(DeliveryId(1), 0, failed).await.unwrap();
    assert_eq!(monitor.run(&MAIL_FAILS, at(1)).await, Decision::Send(SendReason::New));
    assert_eq!(monitor.mails[1].answers, []);
}

#[derive(Debug, Clone)]
struct NightScript {
    mail: State,
    web: State,
    is_seen_by_alert: bool,
    restarts: bool,
    is_looked_at_again: bool,
}

fn nights() -> impl Strategy<Value = Vec<NightScript>> {
    let state = || prop_oneof![4 => Just(Well), 2 => Just(Failed), 1 => Just(Missing)];
    let night = (state(), state(), any::<bool>(), any::<bool>(), any::<bool>());
    let night = night.prop_map(|(mail, web, is_seen_by_alert, restarts, is_looked_at_again)| NightScript {
        mail,
        web,
        is_seen_by_alert,
        restarts,
        is_looked_at_again,
    });
    prop::collection::vec(night, 30)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Each incident of a month has one thread, one opening, a reminder or news each night (or none but news, with a long repeat time), and one
    /// closing, whatever brings the runs, however often they are looked at, and however often the service is restarted.
    #[test]
    fn a_month_of_nights_has_the_incidents_that_it_should(script in nights(), is_patient in any::<bool>()) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let repeat = if is_patient { "2678400" } else { "72000" };
            let mut monitor = Monitor::new(&[("NOTIFY_REPEAT_SECONDS", repeat)]);
            // What is expected: the mails of each incident, by what is said in them.
            let mut expected: Vec<Vec<SendReason>> = Vec::new();
            let mut before: Option<Vec<(&str, State)>> = None;
            for (night, script) in script.iter().enumerate() {
                let began_at = at(24 * i64::try_from(night).unwrap());
                let found = [("mail1", script.mail, None), ("web1", script.web, None)];
                let unwell: Vec<(&str, State)> =
                    found.iter().map(|(name, state, _)| (*name, *state)).filter(|(_, state)| *state != Well).collect();
                if script.is_seen_by_alert && !unwell.is_empty() {
                    let now = began_at + SignedDuration::from_mins(10);
                    monitor.alert(Source::Webhook, &found, began_at, now, now).await;
                } else {
                    monitor.run(&found, began_at).await;
                }
                if script.restarts {
                    monitor.restart().await;
                }
                if script.is_looked_at_again && !unwell.is_empty() {
                    let again = began_at + SignedDuration::from_hours(3);
                    monitor.alert(Source::Poll, &found, began_at, began_at, again).await;
                }
                before = match (before.take(), unwell.is_empty()) {
                    (None, true) => None,
                    (None, false) => {
                        expected.push(vec![SendReason::New]);
                        Some(unwell)
                    }
                    (Some(_), true) => {
                        expected.last_mut().unwrap().push(SendReason::Recovered);
                        None
                    }
                    (Some(before), false) => {
                        let mails = expected.last_mut().unwrap();
                        if before != unwell {
                            mails.push(SendReason::Changed);
                        } else if !is_patient {
                            mails.push(SendReason::Reminder);
                        }
                        Some(unwell)
                    }
                };
            }
            let mut threads: Vec<Vec<SendReason>> = Vec::new();
            let mut opened: Option<JobId> = None;
            for mail in &monitor.mails {
                match mail.answers.as_slice() {
                    [] => {
                        opened = Some(mail.report);
                        threads.push(vec![without_history(mail.reason)]);
                    }
                    [first] => {
                        assert_eq!(Some(*first), opened);
                        threads.last_mut().unwrap().push(mail.reason);
                    }
                    several => panic!("{several:?}"),
                }
            }
            assert_eq!(threads, expected);
            let incidents = monitor.stages.journal.incidents(100).await.unwrap();
            assert_eq!(incidents.len(), expected.len());
            let ids: BTreeSet<i64> = incidents.iter().map(|record| record.id).collect();
            assert_eq!(ids.len(), incidents.len());
            assert_eq!(incidents.iter().filter(|record| record.closed_at.is_none()).count(), usize::from(before.is_some()));
        });
    }
}

/// The opening of an incident, whatever was told of the plan before.
fn without_history(reason: SendReason) -> SendReason {
    assert!(matches!(reason, SendReason::New | SendReason::Changed), "{reason:?}");
    SendReason::New
}
