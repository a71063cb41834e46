// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::{
    correlator::{
        facts::{DestinationFacts, ModuleFacts},
        status::from_node_hash,
    },
    ids::NodeId,
};

const CLOUD: &str = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8";
const OWN: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn now() -> Timestamp {
    at("2026-11-25T12:00:00Z")
}

/// A cluster with two destinations and these modules.
fn cluster(modules: &[&str]) -> ClusterFacts {
    let mut facts = ClusterFacts::default();
    for module in modules {
        let node = ModuleFacts::on(NodeId::new("1").unwrap());
        facts.modules.insert(ModuleId::new(module).unwrap(), node);
    }
    for (id, name, provider) in [(CLOUD, "Cloud", "backblaze"), (OWN, "Our node", "cluster")] {
        let destination = DestinationFacts {
            name: Some(name.into()),
            provider: Some(provider.into()),
            ..DestinationFacts::default()
        };
        facts.destinations.insert(DestinationId::new(id).unwrap(), destination);
    }
    facts
}

fn plan(instances: &[&str]) -> PlanFacts {
    PlanFacts {
        name: Some("Nightly".into()),
        repository: Some(CLOUD.into()),
        schedule: Some("*-*-* 02:00:00".into()),
        enabled: true,
        retention: Some(3),
        instances: instances.iter().map(|&name| name.into()).collect(),
        result: None,
    }
}

fn add(facts: &mut ClusterFacts, id: &str, plan: PlanFacts) {
    facts.plans.insert(PlanId::new(id).unwrap(), plan);
}

/// A member reported at this time.
fn report(facts: &mut ClusterFacts, id: &str, module: &str, end: &str) {
    let end = at(end);
    let json = format!(r#"{{"start": {0}, "end": {0}, "errors": 0}}"#, end.as_second());
    let status = from_node_hash(&json, now());
    assert!(status.is_ok());
    let statuses = facts.statuses.entry(PlanId::new(id).unwrap()).or_default();
    statuses.insert(ModuleId::new(module).unwrap(), status);
}

/// The gaps, each as its key and its further applications. All modules hold data but for those whose names begin with `traefik`.
fn found_since(facts: &ClusterFacts, since: &[(&str, &str)]) -> Vec<(String, Vec<String>)> {
    let has_data = |module: &ModuleId| !module.as_str().starts_with("traefik");
    let known = |module: ModuleId| Unplanned { has_data: has_data(&module), module, label: None };
    let unplanned: Vec<Unplanned> = unprotected(facts).into_iter().map(known).collect();
    let since = since.iter().map(|(plan, since)| (PlanId::new(plan).unwrap(), at(since))).collect();
    find(facts, &unplanned, &since, now(), &TimeZone::UTC)
        .iter()
        .map(|gap| {
            let applications = gap.applications.iter().map(|application| application.module.to_string());
            (gap.key(), applications.collect())
        })
        .collect()
}

fn found(facts: &ClusterFacts) -> Vec<(String, Vec<String>)> {
    found_since(facts, &[])
}

fn gap(key: &str, applications: &[&str]) -> (String, Vec<String>) {
    (key.into(), applications.iter().map(|&name| name.into()).collect())
}

#[test]
fn an_application_is_protected_by_an_enabled_plan_with_a_destination() {
    let mut facts = cluster(&["mail1", "wiki1", "traefik1"]);
    add(&mut facts, "1", plan(&["mail1", "gone1"]));
    assert_eq!(found(&facts), [gap("no-plan//wiki1/", &[])]);
    add(&mut facts, "2", plan(&["wiki1"]));
    assert_eq!(found(&facts), []);
}

#[test]
fn a_plan_that_does_nothing_is_a_gap_and_names_what_only_it_has() {
    let mut facts = cluster(&["mail1", "wiki1", "traefik1"]);
    add(&mut facts, "1", plan(&["mail1"]));
    add(&mut facts, "2", PlanFacts { enabled: false, ..plan(&["mail1", "wiki1", "traefik1"]) });
    assert_eq!(found(&facts), [gap("plan-disabled/2//", &["wiki1"])]);
    // What another plan protects may be in a disabled one.
    add(&mut facts, "1", plan(&["mail1", "wiki1"]));
    assert_eq!(found(&facts), []);

    for repository in [None, Some("elsewhere"), Some("../x")] {
        let broken = PlanFacts { repository: repository.map(Into::into), ..plan(&["mail1", "wiki1"]) };
        add(&mut facts, "1", broken);
        let expected = [
            gap("plan-disabled/2//", &["mail1", "wiki1"]),
            gap("plan-no-destination/1//", &["mail1", "wiki1"]),
        ];
        assert_eq!(found(&facts), expected, "{repository:?}");
    }
    add(&mut facts, "1", plan(&["mail1", "wiki1"]));
    add(&mut facts, "3", plan(&["gone1"]));
    assert_eq!(found(&facts), [gap("plan-empty/3//", &[])]);
}

#[test]
fn a_plan_that_was_due_three_times_and_did_not_run_is_a_gap() {
    let mut facts = cluster(&["mail1", "wiki1"]);
    add(&mut facts, "1", plan(&["mail1", "wiki1"]));
    // Due at two o'clock of the 25th, the 24th and the 23rd.
    report(&mut facts, "1", "wiki1", "2026-11-23T02:05:00Z");
    report(&mut facts, "1", "mail1", "2026-11-01T02:05:00Z");
    assert_eq!(found(&facts), []);
    report(&mut facts, "1", "wiki1", "2026-11-22T02:05:00Z");
    assert_eq!(found(&facts), [gap("plan-not-running/1//", &["mail1", "wiki1"])]);
    let unplanned = [];
    let gaps = find(&facts, &unplanned, &BTreeMap::new(), now(), &TimeZone::UTC);
    let expected = GapFacts {
        last_run: Some(at("2026-11-22T02:05:00Z")),
        due_since: Some(at("2026-11-23T02:00:00Z")),
        period_seconds: Some(86_400),
        ..GapFacts::default()
    };
    assert_eq!(gaps[0].facts, expected);
    // Its schedule was changed since.
    assert_eq!(found_since(&facts, &[("1", "2026-11-23T10:00:00Z")]), []);
}

#[test]
fn a_plan_that_has_never_run_counts_from_when_it_was_first_seen() {
    let mut facts = cluster(&["mail1"]);
    add(&mut facts, "1", plan(&["mail1"]));
    assert_eq!(found(&facts), []);
    assert_eq!(found_since(&facts, &[("1", "2026-11-23T02:00:00Z")]), []);
    assert_eq!(
        found_since(&facts, &[("1", "2026-11-23T01:59:59Z")]),
        [gap("plan-not-running/1//", &["mail1"])]
    );
    // One that is not due any more is not late.
    for schedule in ["2020-01-01", "no schedule at all", ""] {
        add(&mut facts, "1", PlanFacts { schedule: Some(schedule.into()), ..plan(&["mail1"]) });
        assert_eq!(found_since(&facts, &[("1", "2019-01-01T00:00:00Z")]), [], "{schedule}");
    }
}

#[test]
fn backups_on_the_clusters_own_node_alone_are_one_gap_a_destination() {
    let mut facts = cluster(&["mail1", "wiki1", "files1"]);
    let on = |destination: &str, instances: &[&str]| PlanFacts {
        repository: Some(destination.into()),
        ..plan(instances)
    };
    add(&mut facts, "1", on(OWN, &["mail1", "wiki1", "files1"]));
    add(&mut facts, "2", on(CLOUD, &["files1"]));
    let expected = [gap(&format!("own-node-only///{OWN}"), &["mail1", "wiki1"])];
    assert_eq!(found(&facts), expected);
    // Another plan to the same place makes it no safer, nor does a disabled one.
    add(&mut facts, "3", on(OWN, &["mail1"]));
    add(&mut facts, "4", PlanFacts { enabled: false, ..on(CLOUD, &["mail1", "wiki1"]) });
    assert_eq!(found(&facts), expected);
}
