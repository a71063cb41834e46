// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The emails in full: read the snapshots in `src/notifier/snapshots/` as an administrator would.

mod audiences;
mod bounds;
mod gaps;
mod incidents;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use super::{format::Format, links::Links, view::View, *};
use crate::{
    alert::{Alert, Source},
    correlator::correlation::{
        Application, Correlation, Destination, MissingReason, Outcome, Plan, PlanIssue, State,
    },
    ids::{DestinationId, JobId, ModuleId, NodeId, PlanId},
    language::Language,
    repo_check::findings::{
        DestinationReport, Detail, Health, RepoReport, RepositoryReport, Snapshot, Snapshots,
    },
    report::{
        Report,
        history::{History, PastRun, RunRecord},
    },
    run::Run,
    version::VERSION,
};

const S3: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

/// Seven in the morning in Rome.
fn seven() -> Timestamp {
    at("2026-11-22T06:00:00Z")
}

fn destination() -> Destination {
    Destination {
        id: DestinationId::new(S3).unwrap(),
        name: Some("AWS S3".into()),
        url: Some("s3:s3.eu-south-1.amazonaws.com/acme-backup".into()),
    }
}

fn application(module: &str, label: Option<&str>, node: &str) -> Application {
    Application {
        module: ModuleId::new(module).unwrap(),
        label: label.map(Into::into),
        node: NodeId::new(node).unwrap(),
        node_label: (node == "1").then(|| "leader".into()),
        state: State::Ok,
        last_run: None,
        missing_reason: None,
        repository_path: Some(format!("x/uuid-of-{module}")),
        is_own_word: false,
        diagnosis: None,
    }
}

fn run(start: &str, minutes: i64, errors: u64, size: u64) -> Run {
    let start = at(start);
    Run {
        start: Some(start),
        end: start + SignedDuration::from_mins(minutes),
        errors,
        size: Some(size),
        files: Some(4211),
        error: None,
    }
}

fn ok(module: &str, label: Option<&str>, node: &str, start: &str, minutes: i64, size: u64) -> Application {
    Application { last_run: Some(run(start, minutes, 0, size)), ..application(module, label, node) }
}

fn failed(module: &str, label: Option<&str>, node: &str, start: &str, minutes: i64) -> Application {
    Application {
        state: State::Failed,
        last_run: Some(run(start, minutes, 1, 0)),
        ..application(module, label, node)
    }
}

fn plan(id: &str, name: &str, applications: Vec<Application>) -> Plan {
    Plan {
        id: PlanId::new(id).unwrap(),
        name: Some(name.into()),
        destination: Some(destination()),
        schedule: Some("*-*-* 02:00:00".into()),
        due: Some(at("2026-11-22T01:00:00Z")),
        next: Some(at("2026-11-23T01:00:00Z")),
        outcome: Outcome::of_applications(applications.iter().map(|application| application.state)),
        applications,
        issues: vec![],
    }
}

fn alert(plan: &str, name: &str) -> Alert {
    Alert {
        name: "BackupFailed".into(),
        plan: Some(PlanId::new(plan).unwrap()),
        plan_name: Some(name.into()),
        node: Some(NodeId::new("1").unwrap()),
        summary: Some(format!("Backup job {name} (ID: {plan}) has failed.")),
        summary_it: Some(format!("Backup {name} (ID: {plan}) fallito.")),
        starts_at: Some(at("2026-11-22T01:14:12Z")),
        fingerprint: Some("556cb799a73e1c32".into()),
        source: Source::Webhook,
        run: None,
    }
}

fn report(plans: Vec<Plan>, repos: Option<RepoReport>) -> Report {
    let alerts = plans.iter().map(|plan| alert(plan.id.as_str(), plan.title())).collect();
    let correlation = Correlation {
        at: seven(),
        cluster: Some("Acme".into()),
        outcome: Correlation::worst(&plans),
        read_error: None,
        internal_error: None,
        plans,
    };
    Report::new(JobId(12), seven(), "Acme".into(), alerts, correlation, None, repos)
}

fn destination_report(health: Health, detail: Option<Detail>) -> DestinationReport {
    DestinationReport { destination: destination(), health, detail }
}

fn repository(module: &str, health: Health, detail: Option<Detail>) -> RepositoryReport {
    RepositoryReport {
        destination: Some(destination().id),
        module: ModuleId::new(module).unwrap(),
        health,
        detail,
        snapshots: None,
    }
}

fn readable(module: &str, count: usize, last: Option<(&str, Option<u64>)>) -> RepositoryReport {
    let last = last.map(|(time, size)| Snapshot { time: at(time), size });
    RepositoryReport { snapshots: Some(Snapshots { count, last }), ..repository(module, Health::Ok, None) }
}

fn nightly() -> Plan {
    plan(
        "1",
        "Nightly S3",
        vec![
            failed("mail1", Some("Mail server"), "1", "2026-11-22T01:04:10Z", 10),
            ok("nextcloud1", Some("Files"), "1", "2026-11-22T01:14:12Z", 22, 13_207_024_435),
            ok("webtop1", None, "1", "2026-11-22T01:36:40Z", 3, 734_003_200),
            ok("samba1", Some("Domain controller"), "2", "2026-11-22T01:00:05Z", 134, 214_748_364_800),
        ],
    )
}

fn locked() -> Detail {
    Detail::Restic {
        message:
            "Fatal: unable to create lock in backend: repository is already locked exclusively by PID 71 on \
                  leader by root (UID 0, GID 0)\nlock was created at 2026-11-21 23:10:00 (3h4m1s ago)"
                .into(),
    }
}

/// One application failed, as its repository is locked, while the others are fine.
fn one_locked() -> Report {
    let repos = RepoReport {
        destinations: vec![destination_report(Health::Ok, None)],
        repositories: vec![repository("mail1", Health::Locked, Some(locked()))],
    };
    report(vec![nightly()], Some(repos))
}

/// The repository is well: what failed is the application, or what came after its snapshot.
fn partial() -> Report {
    let mut plan = nightly();
    plan.applications[2] = failed("webtop1", None, "1", "2026-11-22T01:36:40Z", 3);
    let repos = RepoReport {
        destinations: vec![destination_report(Health::Ok, None)],
        repositories: vec![
            readable("mail1", 7, Some(("2026-11-21T01:04:11Z", Some(12_884_901_888)))),
            readable("webtop1", 1, Some(("2026-11-22T01:36:50Z", None))),
        ],
    };
    report(vec![plan], Some(repos))
}

/// The destination does not answer: everything failed.
fn repo_failure() -> Report {
    let plan = plan(
        "1",
        "Nightly S3",
        vec![
            failed("mail1", Some("Mail server"), "1", "2026-11-22T01:00:04Z", 1),
            failed("nextcloud1", None, "1", "2026-11-22T01:01:12Z", 1),
        ],
    );
    let repos = RepoReport {
        destinations: vec![destination_report(
            Health::Unreachable,
            Some(Detail::GatewayStatus { status: 503 }),
        )],
        repositories: vec![
            repository("mail1", Health::Unreachable, Some(Detail::DestinationSilent)),
            repository("nextcloud1", Health::Unreachable, Some(Detail::DestinationSilent)),
        ],
    };
    report(vec![plan], Some(repos))
}

/// Two plans with all that can be odd, and every kind of repository.
fn odd() -> Report {
    let missing = |module: &str, missing_reason: MissingReason, last_run: Option<Run>| Application {
        state: State::Missing,
        missing_reason: Some(missing_reason),
        last_run,
        ..application(module, None, "2")
    };
    let mut first = plan(
        "1",
        "Nightly S3",
        vec![
            missing("samba1", MissingReason::NotSince, Some(run("2026-11-20T01:00:05Z", 30, 0, 1024))),
            missing("dokuwiki1", MissingReason::NeverRan, None),
            missing("mail2", MissingReason::Unreadable { reason: "it is not a JSON object".into() }, None),
            Application {
                last_run: Some(Run {
                    start: None,
                    error: Some("tar: /srv/state: Cannot open\n<script>alert(1)</script>".into()),
                    ..run("2026-11-22T01:36:40Z", 3, 1, 0)
                }),
                ..failed("ejabberd1", Some("Chat & <Talk>"), "1", "2026-11-22T01:36:40Z", 3)
            },
            failed("mail1", None, "1", "2026-11-22T01:36:40Z", 3),
            ok("webtop1", None, "1", "2026-11-22T01:36:40Z", 3, 734_003_200),
        ],
    );
    first.issues = vec![
        PlanIssue::RemovedModule { module: "nextcloud3".into() },
        PlanIssue::PlanError { error: "disk full".into(), at: at("2026-11-22T01:50:00Z") },
    ];
    let mut second = plan(
        "2",
        "Offsite",
        vec![Application {
            state: State::Pending,
            missing_reason: Some(MissingReason::NeverRan),
            ..application("samba1", None, "2")
        }],
    );
    second.due = None;
    second.next = None;
    second.destination = None;
    second.issues = vec![
        PlanIssue::UnreadableSchedule { reason: "the schedule \"nightly\" can't be read: x".into() },
        PlanIssue::NoDestination,
    ];
    let mut third = plan("9", "", vec![]);
    third.name = None;
    third.issues = vec![PlanIssue::PlanNotFound];
    let repos = RepoReport {
        destinations: vec![destination_report(Health::Ok, None)],
        repositories: vec![
            repository("samba1", Health::Unknown, Some(Detail::NotAsked)),
            repository("dokuwiki1", Health::NotFound, Some(Detail::Restic { message: "Fatal: no".into() })),
            repository("mail2", Health::Unknown, Some(Detail::NotAsked)),
            readable("ejabberd1", 0, None),
            repository("mail1", Health::Corrupted, Some(Detail::Restic { message: "Fatal: bad".into() })),
        ],
    };
    report(vec![first, second, third], Some(repos))
}

fn success() -> Report {
    let mut plan = nightly();
    plan.applications[0] = ok("mail1", Some("Mail server"), "1", "2026-11-22T01:04:10Z", 10, 1024);
    plan.outcome = Outcome::Success;
    report(vec![plan], None)
}

fn unknown() -> Report {
    let reason = "Redis can't be reached: Connection refused (os error 111)".into();
    let correlation = Correlation::unread(seven(), None, reason);
    Report::new(JobId(12), seven(), "Acme".into(), vec![alert("1", "Nightly S3")], correlation, None, None)
}

fn pending() -> Report {
    let mut plan = nightly();
    plan.applications[3] = Application {
        state: State::Pending,
        missing_reason: Some(MissingReason::NotSince),
        last_run: Some(run("2026-11-21T01:00:05Z", 134, 0, 214_748_364_800)),
        ..application("samba1", Some("Domain controller"), "2")
    };
    plan.outcome = Outcome::Pending;
    let repos = RepoReport {
        destinations: vec![destination_report(Health::Ok, None)],
        repositories: vec![readable("mail1", 7, Some(("2026-11-21T01:04:11Z", Some(12_884_901_888))))],
    };
    report(vec![plan], Some(repos))
}

/// A run that was followed: well again, but one backup has lost most of its files.
fn recovered() -> Report {
    let earlier = |plan: &Plan| PastRun { report: None, run: RunRecord::new(plan, None).unwrap() };
    let mut before = nightly();
    before.applications[0] = ok("mail1", Some("Mail server"), "1", "2026-11-21T01:04:10Z", 10, 1_072_693_248);
    before.applications[2] = ok("webtop1", None, "1", "2026-11-21T01:36:40Z", 3, 12_884_901_888);
    let mut plan = nightly();
    plan.applications[0] = ok("mail1", Some("Mail server"), "1", "2026-11-22T01:04:10Z", 10, 1_073_741_824);
    plan.outcome = Outcome::Success;
    let history = History {
        runs: [(plan.id.clone(), vec![earlier(&before)])].into(),
        told: [(plan.id.clone(), Outcome::Partial)].into(),
        ..History::default()
    };
    let began_at = at("2026-11-22T01:00:05Z");
    let raised = Alert::raised(Source::Run, "BackupRun", plan.id.clone(), plan.name.clone(), began_at);
    let mut report = Report { alerts: vec![raised], ..report(vec![plan], None) };
    report.compare(&history);
    report
}

/// A plan that did not run, noticed without any alert.
fn missing() -> Report {
    let mut plan = nightly();
    for application in &mut plan.applications {
        application.state = State::Missing;
        application.missing_reason = Some(MissingReason::NotSince);
        application.last_run = Some(run("2026-11-21T01:00:05Z", 30, 0, 1_073_741_824));
    }
    plan.outcome = Outcome::Missing;
    let due = plan.due.unwrap();
    let raised = Alert::raised(Source::Schedule, "NsBackupMissing", plan.id.clone(), plan.name.clone(), due);
    let repos = RepoReport { destinations: vec![destination_report(Health::Ok, None)], repositories: vec![] };
    Report { alerts: vec![raised], ..report(vec![plan], Some(repos)) }
}

fn links() -> Links {
    Links {
        cluster_admin: Some("https://leader.example.org/cluster-admin/".parse().unwrap()),
        module: ModuleId::new("backup-monitor1").ok(),
    }
}

fn view(report: &Report, language: Language) -> View {
    let format = Format { language, zone: TimeZone::get("Europe/Rome").unwrap(), links: links() };
    fitting(report, &format).0
}

/// All reports in all languages, by the name of their snapshots.
fn all() -> Vec<(String, View)> {
    let reports = [
        ("one_locked", one_locked()),
        ("partial", partial()),
        ("repo_failure", repo_failure()),
        ("odd", odd()),
        ("success", success()),
        ("unknown", unknown()),
        ("pending", pending()),
        ("recovered", recovered()),
        ("missing", missing()),
        ("full", incidents::full()),
        ("killed_by_update", incidents::killed_by_update()),
        ("dump_failed", incidents::dump_failed()),
        ("forty_of_sixty", incidents::forty_of_sixty()),
        ("many", incidents::many(12, 15)),
        ("over", incidents::over()),
    ];
    reports
        .iter()
        .flat_map(|(name, report)| {
            Language::ALL
                .iter()
                .map(move |language| (format!("{name}_{}", language.code()), view(report, *language)))
        })
        .collect()
}

/// The mail as version 0.1.0 signs it, so that a new version changes no snapshot.
fn of_any_version(mail: &str) -> String {
    mail.replace(&format!("ns8-backup-monitor {VERSION}"), "ns8-backup-monitor 0.1.0")
}

#[test]
fn emails_read_as_they_should() {
    for (name, view) in all() {
        let text = format!("Subject: {}\n\n{}", view.subject, render::text(&view));
        insta::assert_snapshot!(format!("{name}.txt"), of_any_version(&text));
    }
}

#[test]
fn html_emails_look_as_they_should() {
    for (name, view) in all() {
        insta::assert_snapshot!(format!("{name}.html"), of_any_version(&render::html(&view)));
    }
}
