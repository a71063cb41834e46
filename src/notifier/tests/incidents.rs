// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reports whose causes are known, of one application and of many.

use super::*;
use crate::{
    cause::{Cause, Diagnosis, Lock},
    report::incident::{FailingApplication, KnownFrom, News, PlanIncident, Restorable},
};

pub(super) fn diagnosed(application: Application, cause: Cause, evidence: &[&str]) -> Application {
    let lock = (cause == Cause::LockedLive || cause == Cause::LockedStale).then(|| Lock {
        host: Some("leader".into()),
        pid: Some(1),
        created_at: Some(at("2026-11-22T01:06:00Z")),
    });
    let evidence = evidence.iter().map(|line| (*line).to_owned()).collect();
    Application { diagnosis: Some(Diagnosis { cause, evidence, lock }), ..application }
}

/// A report whose plans have these diagnoses, whatever is found in its log and repositories.
pub(super) fn diagnosed_report(plans: Vec<Plan>, repos: Option<RepoReport>) -> Report {
    let mut report = report(plans.clone(), repos);
    for (plan, known) in report.correlation.plans.iter_mut().zip(plans) {
        for (application, known) in plan.applications.iter_mut().zip(known.applications) {
            application.diagnosis = known.diagnosis;
        }
    }
    report
}

pub(super) fn failing(module: &str, failing_runs: u32, last: Option<&str>) -> FailingApplication {
    FailingApplication {
        module: ModuleId::new(module).unwrap(),
        failing_runs,
        restorable: last.map(|time| Restorable {
            at: at(time),
            as_of: at("2026-11-21T06:00:00Z"),
            destination: Some(destination().id),
            size: Some(12_884_901_888),
            known_from: KnownFrom::Journal,
        }),
    }
}

pub(super) fn incident(
    failing_runs: u32,
    since: &str,
    applications: Vec<FailingApplication>,
) -> PlanIncident {
    PlanIncident {
        plan: PlanId::new("1").unwrap(),
        since: at(since),
        failing_runs,
        first_report: Some(JobId(9)),
        first_subject: None,
        is_over: false,
        applications,
        news: Vec::new(),
    }
}

/// The third night with a full storage, and another application has joined.
pub(super) fn full() -> Report {
    let mut plan = nightly();
    let evidence = [
        "Fatal: unable to save snapshot: server response unexpected: 507 Insufficient Storage (507)",
        "ERROR: Storage usage exceeds the quota of bucket acme-backup",
    ];
    plan.applications[0] = diagnosed(plan.applications[0].clone(), Cause::StorageFull, &evidence);
    let mut report = diagnosed_report(
        vec![plan],
        Some(RepoReport {
            destinations: vec![destination_report(Health::Ok, None)],
            repositories: vec![readable("mail1", 7, Some(("2026-11-18T23:04:11Z", Some(12_884_901_888))))],
        }),
    );
    let incident = incident(3, "2026-11-20T01:00:05Z", vec![failing("mail1", 3, None)]);
    let before = News::Cause {
        module: ModuleId::new("mail1").unwrap(),
        before: Cause::StorageUnreachable,
        now: Cause::StorageFull,
    };
    report.incidents = vec![PlanIncident { news: vec![before], ..incident }];
    report
}

/// The update at 03:12 has killed the backup: what it was at has left a lock, what came after it has no result.
pub(super) fn killed_by_update() -> Report {
    let mut plan = nightly();
    let killed = ["backup1.service: Main process exited, code=killed, status=15/TERM"];
    plan.applications[0] = diagnosed(
        plan.applications[0].clone(),
        Cause::LockedStale,
        &[
            "Fatal: unable to create lock in backend: repository is already locked by PID 1 on leader by root (UID 0, GID 0)",
        ],
    );
    for index in [1, 3] {
        let missing = Application {
            state: State::Missing,
            missing_reason: Some(MissingReason::NotSince),
            last_run: Some(run("2026-11-21T01:00:05Z", 30, 0, 1_073_741_824)),
            ..plan.applications[index].clone()
        };
        plan.applications[index] = diagnosed(missing, Cause::Interrupted, &killed);
    }
    let repos = RepoReport {
        destinations: vec![destination_report(Health::Ok, None)],
        repositories: vec![
            repository("mail1", Health::Locked, Some(locked())),
            readable("nextcloud1", 30, Some(("2026-11-21T01:04:11Z", Some(12_884_901_888)))),
            readable("samba1", 30, Some(("2026-11-21T01:20:11Z", Some(12_884_901_888)))),
        ],
    };
    let mut report = diagnosed_report(vec![plan], Some(repos));
    report.incidents = vec![incident(
        1,
        "2026-11-22T01:00:05Z",
        vec![
            failing("mail1", 1, Some("2026-11-21T01:04:11Z")),
            failing("nextcloud1", 1, None),
            failing("samba1", 1, None),
        ],
    )];
    report
}

/// The application could not dump its data.
pub(super) fn dump_failed() -> Report {
    let mut plan = nightly();
    plan.applications[0] = diagnosed(
        plan.applications[0].clone(),
        Cause::DumpFailed,
        &[
            "pg_dump: error: connection to server failed: FATAL: the database system is in recovery mode",
            "module-dump-state failed: Command '['module-dump-state']' returned non-zero exit status 1.",
        ],
    );
    let repos = RepoReport {
        destinations: vec![destination_report(Health::Ok, None)],
        repositories: vec![readable("mail1", 7, Some(("2026-11-21T01:04:11Z", Some(12_884_901_888))))],
    };
    let mut report = diagnosed_report(vec![plan], Some(repos));
    report.incidents = vec![incident(1, "2026-11-22T01:00:05Z", vec![failing("mail1", 1, None)])];
    report
}

/// `failed` of `total` applications on five nodes: half for a full storage, the rest for locks and unknown causes.
pub(super) fn many(failed: usize, total: usize) -> Report {
    let node = |index: usize| (index % 5 + 1).to_string();
    let applications = (0..total).map(|index| {
        let module = format!("nextcloud{}", index + 1);
        if index >= failed {
            return ok(&module, Some("Files"), &node(index), "2026-11-22T01:36:40Z", 3, 734_003_200);
        }
        let application = super::failed(&module, Some("Files"), &node(index), "2026-11-22T01:04:10Z", 10);
        match index % 4 {
            0 | 1 => diagnosed(application, Cause::StorageFull, &["Fatal: 507 Insufficient Storage"]),
            2 => diagnosed(application, Cause::LockedStale, &["Fatal: repository is already locked"]),
            _ => diagnosed(application, Cause::Unknown, &[]),
        }
    });
    let plan = plan("1", "Nightly S3", applications.collect());
    let repositories = (0..failed).map(|index| {
        readable(&format!("nextcloud{}", index + 1), 7, Some(("2026-11-21T01:04:11Z", Some(12_884_901_888))))
    });
    let repos = RepoReport {
        destinations: vec![destination_report(Health::Ok, None)],
        repositories: repositories.collect(),
    };
    let mut report = diagnosed_report(vec![plan], Some(repos));
    let applications = (0..failed).map(|index| failing(&format!("nextcloud{}", index + 1), 1, None));
    report.incidents = vec![incident(1, "2026-11-22T01:00:05Z", applications.collect())];
    report
}

/// All of them for the same.
pub(super) fn forty_of_sixty() -> Report {
    let mut report = many(40, 60);
    for application in &mut report.correlation.plans[0].applications {
        if let Some(diagnosis) = &mut application.diagnosis {
            diagnosis.cause = Cause::StorageUnreachable;
        }
    }
    report
}

/// Working again after three days.
pub(super) fn over() -> Report {
    let mut plan = nightly();
    plan.applications[0] = ok("mail1", Some("Mail server"), "1", "2026-11-22T01:04:10Z", 10, 12_884_901_888);
    plan.outcome = Outcome::Success;
    let incident = PlanIncident { is_over: true, ..incident(3, "2026-11-19T01:00:05Z", Vec::new()) };
    Report { incidents: vec![incident], ..report(vec![plan], None) }
}

#[test]
fn the_subject_says_what_why_and_where() {
    let subject = |report: &Report, language| view(report, language).subject;
    let expected = [
        (full(), "[Acme] Backup: mail1 failed, storage is full (Nightly S3, 1 of 4)"),
        (dump_failed(), "[Acme] Backup: mail1 failed, could not dump its data (Nightly S3, 1 of 4)"),
        (
            forty_of_sixty(),
            "[Acme] Backup: 40 of 60 applications failed, storage is unreachable (Nightly S3)",
        ),
        (over(), "[Acme] Backup: working again after 3 days, all 4 applications backed up (Nightly S3)"),
        (killed_by_update(), "[Acme] Backup: 1 of 4 applications failed, 2 did not run (Nightly S3)"),
    ];
    for (report, expected) in expected {
        assert_eq!(subject(&report, Language::English), expected);
    }
    assert_eq!(
        subject(&full(), Language::Italian),
        "[Acme] Backup: mail1 fallito, storage pieno (Nightly S3, 1 su 4)"
    );
}

/// All that is said of causes, to be read as a whole.
#[test]
fn every_cause_has_its_words() {
    use crate::notifier::phrases::{CauseFacts, LockFacts, StepFacts};
    for language in Language::ALL {
        let phrases = language.phrases();
        let mut words = String::new();
        for cause in Cause::ALL {
            words.push_str(&format!("{cause}\n"));
            for count in [1, 2] {
                let lock = matches!(cause, Cause::LockedLive | Cause::LockedStale)
                    .then_some(LockFacts { host: Some("node1"), age: Some("3 h") });
                let node = phrases.node("1", None);
                let facts =
                    CauseFacts { applications: count, destination: Some("AWS S3"), node: Some(&node), lock };
                let applications = phrases.list(&["mail1", "webtop1"][..count]);
                let step = StepFacts {
                    applications: &applications,
                    count,
                    destination: Some("AWS S3"),
                    node: Some(&node),
                    has_dead_lock: count > 1,
                };
                words.push_str(&format!("  {}\n", phrases.cause_clause(cause, count > 1).unwrap_or("-")));
                words.push_str(&format!("  {}\n", phrases.cause_sentence(cause, &facts)));
                words.push_str(&format!("  > {}\n", phrases.cause_step(cause, &step)));
            }
        }
        insta::assert_snapshot!(format!("causes_{}", language.code()), words);
    }
}
