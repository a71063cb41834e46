// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;

use super::*;
use crate::{
    alert::{Alert, Source},
    audience::{AudiencePlans, NotifyOn},
    cause::{Cause, Diagnosis},
    correlator::correlation::{
        Application, Correlation, Destination, MissingReason, Outcome, Plan, PlanIssue, State,
    },
    ids::{DestinationId, JobId, ModuleId, NodeId},
    language::Language,
    logs::findings::{ApplicationLog, ClusterBackupLog, LogLine, LogReport, UnitLog},
    notifier::decision::Reported,
    repo_check::findings::{DestinationReport, Detail, Health, RepoReport, RepositoryReport, Snapshots},
    report::{
        history::{SizeDrop, SnapshotDrop, StorageUsage},
        incident::{FailingApplication, News, PlanIncident},
    },
    run::Run,
};

fn now() -> Timestamp {
    "2026-11-22T06:00:00Z".parse().unwrap()
}

/// What stands in every text about a plan, and nowhere else.
fn word(plan: usize) -> String {
    format!("zq{plan}zq")
}

fn plan_id(plan: usize) -> PlanId {
    format!("plan-{}", word(plan)).parse().unwrap()
}

fn module(plan: usize) -> ModuleId {
    format!("app-{}-1", word(plan)).parse().unwrap()
}

/// Plans write to destinations of their own, or to the one that all share.
fn destination(plan: usize, is_shared: bool) -> Destination {
    let name = if is_shared { "shared".to_owned() } else { format!("dest-{}", word(plan)) };
    Destination {
        id: DestinationId::new(&name).unwrap(),
        url: Some(format!("s3:{name}/x")),
        name: Some(name),
    }
}

/// How a plan came out in a generated cluster.
#[derive(Debug, Clone)]
struct Fate {
    state: State,
    cause: Cause,
    is_shared: bool,
    is_quiet: bool,
    has_incident: bool,
    has_alert: bool,
    has_changed: bool,
}

fn fates() -> impl Strategy<Value = Vec<Fate>> {
    let states =
        prop_oneof![Just(State::Ok), Just(State::Failed), Just(State::Missing), Just(State::Pending)];
    let flags = proptest::array::uniform5(any::<bool>());
    let fate = (states, proptest::sample::select(&Cause::ALL[..]), flags).prop_map(
        |(state, cause, [is_shared, is_quiet, has_incident, has_alert, has_changed])| Fate {
            state,
            cause,
            is_shared,
            is_quiet,
            has_incident,
            has_alert,
            has_changed,
        },
    );
    proptest::collection::vec(fate, 1..7)
}

fn plan(index: usize, fate: &Fate) -> Plan {
    let word = word(index);
    let end = now() - SignedDuration::from_hours(1);
    let run = Run {
        start: Some(end - SignedDuration::from_mins(5)),
        end,
        errors: u64::from(fate.state == State::Failed),
        size: Some(1 << 30),
        files: None,
        error: Some(format!("error of {word}")),
    };
    let evidence = vec![format!("Fatal: {word} is broken")];
    let application = Application {
        module: module(index),
        label: Some(format!("label of {word}")),
        node: NodeId::new("1").unwrap(),
        node_label: None,
        state: fate.state,
        last_run: matches!(fate.state, State::Ok | State::Failed).then_some(run),
        missing_reason: matches!(fate.state, State::Missing | State::Pending)
            .then(|| MissingReason::Unreadable { reason: format!("status of {word}") }),
        repository_path: Some(format!("app/{word}")),
        is_own_word: false,
        diagnosis: (fate.state == State::Failed).then_some(Diagnosis {
            cause: fate.cause,
            evidence,
            lock: None,
        }),
    };
    Plan {
        id: plan_id(index),
        name: Some(format!("name of {word}")),
        destination: Some(destination(index, fate.is_shared)),
        schedule: None,
        due: Some(end),
        next: None,
        outcome: Outcome::of_applications([fate.state]),
        applications: vec![application],
        issues: vec![
            PlanIssue::RemovedModule { module: format!("gone-{word}") },
            PlanIssue::UnreadableSchedule { reason: format!("schedule of {word}") },
        ],
    }
}

fn logs(fates: &[Fate]) -> LogReport {
    let lines = |index: usize| vec![LogLine { at: now(), text: format!("{} says so", word(index)) }];
    let all = 0..fates.len();
    LogReport {
        applications: all
            .clone()
            .map(|index| ApplicationLog {
                plan: plan_id(index),
                module: module(index),
                started_by: None,
                lines: lines(index),
            })
            .collect(),
        units: all
            .clone()
            .map(|index| UnitLog {
                plan: plan_id(index),
                node: NodeId::new("1").unwrap(),
                lines: lines(index),
            })
            .collect(),
        cluster_backup: all
            .map(|index| ClusterBackupLog { plan: plan_id(index), lines: lines(index) })
            .collect(),
        trouble: None,
    }
}

fn repos(fates: &[Fate]) -> RepoReport {
    let all = || fates.iter().enumerate();
    let detail = |index| Some(Detail::NoAnswer { seconds: index as u64 });
    RepoReport {
        destinations: all()
            .map(|(index, fate)| DestinationReport {
                destination: destination(index, fate.is_shared),
                health: Health::Unreachable,
                detail: detail(index),
            })
            .collect(),
        repositories: all()
            .map(|(index, fate)| RepositoryReport {
                destination: Some(destination(index, fate.is_shared).id),
                module: module(index),
                health: Health::Ok,
                detail: detail(index),
                snapshots: Some(Snapshots { count: 3, last: None }),
            })
            .collect(),
    }
}

/// A report about these plans; of a cluster that could not be read where that is `is_blank`.
fn report(fates: &[Fate], is_blank: bool) -> Report {
    let mut alerts: Vec<Alert> = Vec::new();
    for (index, fate) in fates.iter().enumerate() {
        let alert = Alert::raised(
            Source::Poll,
            "BackupFailed",
            plan_id(index),
            Some(format!("name of {}", word(index))),
            now(),
        );
        let summary = Some(format!("{} has failed", word(index)));
        let alert = Alert { summary: summary.clone(), summary_it: summary, ..alert };
        // One that names its plan in its words alone.
        alerts.push(if fate.has_alert { alert } else { Alert { plan: None, ..alert } });
    }
    let correlation = match is_blank {
        true => Correlation::failed(now(), format!("panicked at {}", word(0))),
        false => Correlation {
            at: now(),
            cluster: Some("Acme".into()),
            outcome: Outcome::Success,
            read_error: None,
            internal_error: None,
            plans: fates.iter().enumerate().map(|(index, fate)| plan(index, fate)).collect(),
        },
    };
    if is_blank {
        return Report::new(JobId(12), now(), "Acme".into(), alerts, correlation, None, None);
    }
    let (logs, repos) = (Some(logs(fates)), Some(repos(fates)));
    let mut report = Report::new(JobId(12), now(), "Acme".into(), alerts, correlation, logs, repos);
    let changed = || fates.iter().enumerate().filter(|(_, fate)| fate.has_changed).map(|(index, _)| index);
    report.changes.recovered = changed().map(plan_id).collect();
    report.changes.shrunk = changed()
        .map(|index| SizeDrop {
            plan: plan_id(index),
            module: module(index),
            size: (1 << 30, 1 << 20),
            files: None,
            before: now() - SignedDuration::from_hours(24),
        })
        .collect();
    report.changes.thinned = changed()
        .map(|index| SnapshotDrop {
            plan: plan_id(index),
            module: module(index),
            destination: destination(index, false).id,
            before: 30,
            now: 1,
        })
        .collect();
    let mut usages: BTreeMap<String, StorageUsage> = BTreeMap::new();
    for (index, fate) in fates.iter().enumerate() {
        let destination = destination(index, fate.is_shared);
        let usage = StorageUsage { destination: destination.clone(), size: 0, applications: 0, growth: None };
        let usage = usages.entry(destination.id.to_string()).or_insert(usage);
        (usage.size, usage.applications) = (usage.size + (1 << 30), usage.applications + 1);
    }
    report.changes.destinations = usages.into_values().collect();
    // Each goes on with a mail that was about another plan as well.
    report.incidents = fates
        .iter()
        .enumerate()
        .filter(|(_, fate)| fate.has_incident)
        .map(|(index, _)| PlanIncident {
            plan: plan_id(index),
            since: now() - SignedDuration::from_hours(48),
            failing_runs: 3,
            first_report: Some(JobId(7)),
            first_subject: Some(format!("[Acme] Backup: {} and {} failed", word(index), word(index + 1))),
            is_over: false,
            applications: vec![FailingApplication {
                module: module(index),
                failing_runs: 3,
                restorable: None,
            }],
            news: vec![News::Application { module: module(index) }],
        })
        .collect();
    report
}

fn settings(audiences: &[(BTreeSet<usize>, bool, bool)]) -> Settings {
    let mut settings = Settings::from_vars([
        ("CLUSTER_ADMIN_URL", "https://leader.example.org/cluster-admin/"),
        ("MODULE_ID", "backup-monitor1"),
        ("NOTIFY_WEBHOOK_URL", "http://127.0.0.1:1/"),
    ])
    .unwrap();
    for (index, (plans, is_italian, wants_all)) in audiences.iter().enumerate() {
        let plans = plans.iter().map(|plan| plan_id(*plan)).collect();
        settings.mail.audiences.push(Audience::new(
            vec![format!("a{index}@example.org").parse().unwrap()],
            AudiencePlans::These(plans),
            if *is_italian { Language::Italian } else { Language::English },
            if *wants_all { NotifyOn::Always } else { NotifyOn::Failure },
        ));
    }
    settings
}

fn written_for(report: &Report, fates: &[Fate], settings: &Settings) -> Vec<Reader> {
    let (found, policy) = (Found::of(report), Policy::of(settings, now()));
    // What is quiet was told before, a minute ago.
    let before: Vec<Before> = found
        .notifications
        .iter()
        .enumerate()
        .map(|(index, notification)| {
            let is_quiet = fates.get(index).is_some_and(|fate| fate.is_quiet);
            let last = is_quiet.then(|| Reported {
                digest: notification.digest.clone(),
                outcome: notification.outcome,
                at: now() - SignedDuration::from_mins(1),
            });
            Before { last, ..Before::default() }
        })
        .collect();
    let origin = Origin { has_alarmed: true, is_repeated_on_purpose: false };
    let past = Past { found: &found, before: &before, origin, policy: &policy };
    readers(report, &past, settings)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// Whatever happened in whichever plans, an audience reads of its own alone: in the subject, the text, the HTML and the links in it.
    #[test]
    fn no_audience_reads_a_word_about_a_plan_that_it_does_not_see(
        fates in fates(),
        is_blank in prop::bool::weighted(0.15),
        audiences in proptest::collection::vec(
            (proptest::collection::btree_set(0usize..7, 1..4), any::<bool>(), any::<bool>()),
            2..4,
        ),
    ) {
        let settings = settings(&audiences);
        let report = report(&fates, is_blank);
        let readers = written_for(&report, &fates, &settings);
        for ((seen, ..), audience) in audiences.iter().zip(&settings.mail.audiences) {
            let own: Vec<&Reader> = readers
                .iter()
                .filter(|reader| reader.audience == audience.key && reader.channel == Channel::Mail)
                .collect();
            let sees_some = is_blank || (0..fates.len()).any(|plan| seen.contains(&plan));
            prop_assert_eq!(!own.is_empty(), sees_some, "{}", audience.key);
            for reader in own {
                // Never the mail of those who see everything.
                let message = reader.message.as_ref().unwrap();
                let whole = format!("{}\n{}\n{}", message.subject, message.text, message.html);
                for plan in (0..=fates.len()).filter(|plan| !seen.contains(plan)) {
                    prop_assert!(!whole.contains(&word(plan)), "{} of {}: {whole}", word(plan), audience.key);
                }
                prop_assert!(!whole.contains("page=reports"), "{whole}");
            }
        }
        // The webhook is everybody's.
        let webhook: Vec<&Reader> = readers.iter().filter(|reader| reader.channel == Channel::Webhook).collect();
        prop_assert_eq!(webhook.len(), 1);
        prop_assert!(webhook[0].message.is_none() && webhook[0].plans == AudiencePlans::All);
    }

    /// What a destination holds of plans that it does not see is none of an audience's business either.
    #[test]
    fn no_audience_is_told_what_a_destination_holds_of_plans_that_it_does_not_see(
        fates in fates(),
        seen in proptest::collection::btree_set(0usize..7, 1..4),
    ) {
        let report = report(&fates, false);
        let plans = AudiencePlans::These(seen.iter().map(|plan| plan_id(*plan)).collect());
        let Some(told) = report.for_audience(&plans, &[]) else { return Ok(()) };
        for usage in &told.changes.destinations {
            let writes_there = |plan: &&Plan| plan.destination.as_ref() == Some(&usage.destination);
            let theirs = told.correlation.plans.iter().filter(writes_there).count();
            prop_assert_eq!(usage.applications, theirs, "{:?}", usage);
        }
    }
}

#[test]
fn while_nobody_is_to_be_told_everybody_s_mail_waits() {
    let fates: Vec<Fate> = Vec::new();
    let settings = Settings::from_vars([("MAIL_LANGUAGE", "it"), ("NOTIFY_ON", "always")]).unwrap();
    let readers = written_for(&report(&fates, true), &fates, &settings);
    let waiting: Vec<_> =
        readers.iter().map(|reader| (reader.audience.as_str(), reader.channel, &reader.message)).collect();
    assert_eq!(waiting, [("all/it/always", Channel::Mail, &None)]);
}
