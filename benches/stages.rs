// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The pure stages, measured: reading a webhook, classifying a large cluster, writing a long mail.
//!
//! `cargo bench` prints the figures; docs/performance.md holds those that were measured, and how.

use std::{collections::HashMap, hint::black_box};

use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ns8_backup_monitor::{
    alertmanager::{AlertNames, parse_webhook},
    correlator::{
        classify,
        facts::{ClusterFacts, DestinationFacts, ModuleFacts, PlanFacts, Scope},
        status::from_node_hash,
    },
    ids::{DestinationId, JobId, ModuleId, NodeId, PlanId},
    language::Language,
    notifier::{self, format::Format, links::Links},
    report::Report,
};

const DESTINATION: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";

fn now() -> Timestamp {
    "2026-11-22T07:00:00Z".parse().expect("a time")
}

/// A cluster with so many plans of so many applications each; the first of every so many applications failed.
fn cluster(plans: usize, applications: usize, failing: usize) -> ClusterFacts {
    let mut facts = ClusterFacts { name: Some("Acme".into()), ..ClusterFacts::default() };
    let destination = DestinationId::new(DESTINATION).expect("an id");
    facts
        .destinations
        .insert(destination, DestinationFacts { name: Some("S3".into()), ..Default::default() });
    let due = now() - SignedDuration::from_hours(5);
    for plan in 0..plans {
        let plan_id = PlanId::new(plan.to_string()).expect("an id");
        let mut instances = Vec::new();
        let mut statuses = HashMap::new();
        for application in 0..applications {
            let module = ModuleId::new(format!("app{}", plan * applications + application)).expect("an id");
            let node = NodeId::new((application % 10 + 1).to_string()).expect("an id");
            let end = due.as_second() + 60 * (i64::try_from(application).unwrap() + 1);
            let errors = u32::from(application % failing == 0);
            let json = format!(
                r#"{{"start": {}, "total_size": 734003200, "total_file_count": 4211, "snapshots_count": 3, "errors": {errors}, "end": {end}}}"#,
                end - 60
            );
            instances.push(module.to_string());
            statuses.insert(module.clone(), from_node_hash(&json, now()));
            facts.nodes.insert(node.clone(), None);
            let module_facts = ModuleFacts {
                node,
                uuid: Some("f5d24fcd-819c-4b1d-98ad-a1b2ebcee8cf".into()),
                label: Some("An application".into()),
                image_url: Some("ghcr.io/nethserver/app:1.0.0".into()),
            };
            facts.modules.insert(module, module_facts);
        }
        let plan_facts = PlanFacts {
            name: Some(format!("Plan {plan}")),
            repository: Some(DESTINATION.into()),
            schedule: Some("*-*-* 02:00:00".into()),
            enabled: true,
            retention: Some(3),
            instances,
            result: None,
        };
        facts.plans.insert(plan_id.clone(), plan_facts);
        facts.statuses.insert(plan_id, statuses);
    }
    facts
}

fn webhook(criterion: &mut Criterion) {
    let names: AlertNames = ["BackupFailed", "NsBackupFailed"].into_iter().collect();
    let mut group = criterion.benchmark_group("parse a webhook");
    for name in ["webhook-ns8-backupfailed.json", "webhook-ns8-unrelated.json"] {
        let path = format!("{}/tests/fixtures/alertmanager/{name}", env!("CARGO_MANIFEST_DIR"));
        let body = std::fs::read(path).expect("the fixture");
        group.throughput(Throughput::Bytes(body.len() as u64));
        group.bench_function(name, |bencher| bencher.iter(|| parse_webhook(black_box(&body), &names)));
    }
    group.finish();
}

fn classification(criterion: &mut Criterion) {
    let facts = cluster(100, 100, 10);
    let scope = Scope::about([]);
    criterion.bench_function("classify 10 000 statuses", |bencher| {
        bencher.iter(|| classify(black_box(&facts), &scope, now(), &TimeZone::UTC));
    });
}

/// What `run-backup` writes for each application; reading it is the larger part of the work.
fn statuses(criterion: &mut Criterion) {
    let json = r#"{"start": 1763776801, "total_size": 734003200, "total_file_count": 4211, "snapshots_count": 3, "errors": 0, "end": 1763776925}"#;
    criterion.bench_function("read 10 000 statuses", |bencher| {
        bencher.iter(|| {
            for _ in 0..10_000 {
                let _ = black_box(from_node_hash(black_box(json), now()));
            }
        });
    });
}

fn rendering(criterion: &mut Criterion) {
    for (failing, name) in
        [(10, "write the mail of 1 000 applications"), (1, "write the mail of 1 000 failed applications")]
    {
        render(criterion, failing, name);
    }
}

fn render(criterion: &mut Criterion, failing: usize, name: &str) {
    let facts = cluster(1, 1000, failing);
    let correlation = classify(&facts, &Scope::about([]), now(), &TimeZone::UTC);
    let report = Report::new(JobId(1), now(), "Acme".into(), Vec::new(), correlation, None, None);
    let format = Format { language: Language::English, zone: TimeZone::UTC, links: Links::default() };
    criterion.bench_function(name, |bencher| {
        bencher.iter(|| notifier::compose(black_box(&report), &format));
    });
}

criterion_group!(benches, webhook, statuses, classification, rendering);
criterion_main!(benches);
