// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Whatever the cluster and whoever is told: no audience reads a word of a plan that is not its own.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::{
    audience::AudiencePlans,
    logs::findings::{ApplicationLog, ClusterBackupLog, LogLine, LogReport, Starter},
};

/// The marks of a plan: whatever is about it, and about it alone, has one of these in it.
fn marks(number: usize) -> [String; 4] {
    [
        format!("Plan<{number}>"),
        format!("label<{number}>"),
        format!("store<{number}>"),
        format!("line<{number}>"),
    ]
}

/// A plan whose name, applications, destination and log hold its marks.
fn marked(
    number: usize,
    states: &[State],
) -> (Plan, Vec<ApplicationLog>, RepositoryReport, DestinationReport) {
    let [name, label, store, line] = marks(number);
    let id = PlanId::new(number.to_string()).unwrap();
    let applications: Vec<Application> = states
        .iter()
        .enumerate()
        .map(|(index, state)| {
            let module = format!("app{number}x{index}");
            let start = "2026-11-22T01:00:00Z";
            match state {
                State::Ok => ok(&module, Some(&label), "1", start, 3, 1 << 30),
                State::Failed => failed(&module, Some(&label), "1", start, 3),
                State::Missing | State::Pending => {
                    Application { state: *state, ..application(&module, Some(&label), "2") }
                }
            }
        })
        .collect();
    let log = |application: &Application| ApplicationLog {
        plan: id.clone(),
        module: application.module.clone(),
        started_by: Some(Starter::Timer),
        lines: vec![LogLine { at: seven(), text: format!("Fatal: {line}: connection refused") }],
    };
    let logs = applications.iter().filter(|known| known.state == State::Failed).map(log).collect();
    let destination = Destination {
        id: DestinationId::new(format!("00000000-0000-0000-0000-{number:012}")).unwrap(),
        name: Some(store.clone()),
        url: Some(format!("s3:{store}")),
    };
    let repository = RepositoryReport {
        destination: Some(destination.id.clone()),
        module: ModuleId::new(format!("app{number}x0")).unwrap(),
        health: Health::Error,
        detail: Some(Detail::Restic { message: format!("Fatal: {line}") }),
        snapshots: None,
    };
    let of_destination =
        DestinationReport { destination: destination.clone(), health: Health::Unreachable, detail: None };
    let plan = Plan { destination: Some(destination), ..plan(&number.to_string(), &name, applications) };
    (plan, logs, repository, of_destination)
}

fn states() -> impl Strategy<Value = Vec<State>> {
    let state = prop_oneof![Just(State::Ok), Just(State::Failed), Just(State::Missing), Just(State::Pending)];
    proptest::collection::vec(state, 1..4)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(96))]

    #[test]
    fn no_audience_reads_a_word_of_a_plan_that_is_not_its_own(
        plans in proptest::collection::vec(states(), 2..6),
        seen in proptest::collection::vec(any::<bool>(), 6),
        quiet in proptest::collection::vec(any::<bool>(), 6),
        is_italian in any::<bool>(),
    ) {
        let (mut all, mut logs, mut repos) = (Vec::new(), LogReport::default(), RepoReport::default());
        for (number, states) in plans.iter().enumerate() {
            let (plan, of_plan, repository, destination) = marked(number, states);
            let line = LogLine { at: seven(), text: format!("[ERROR] line<{number}>") };
            logs.cluster_backup.push(ClusterBackupLog { plan: plan.id.clone(), lines: vec![line] });
            logs.applications.extend(of_plan);
            repos.repositories.push(repository);
            repos.destinations.push(destination);
            all.push(plan);
        }
        let mut report = report(all, Some(repos));
        report.logs = Some(logs.clone());
        // One that names no plan, and says what it likes.
        let words: Vec<String> = (0..plans.len()).flat_map(marks).collect();
        report.alerts.push(Alert { plan: None, summary: Some(words.join(" ")), ..alert("1", &words.join(" ")) });
        let correlation = report.correlation.clone();
        let report = Report::new(
            report.id, report.created_at, report.cluster.clone(), report.alerts.clone(), correlation, Some(logs), report.repos,
        );

        let own: BTreeSet<PlanId> = (0..plans.len())
            .filter(|number| seen[*number])
            .map(|number| PlanId::new(number.to_string()).unwrap())
            .collect();
        let left_out: Vec<PlanId> = (0..plans.len())
            .filter(|number| quiet[*number])
            .map(|number| PlanId::new(number.to_string()).unwrap())
            .collect();
        let told = report.for_audience(&AudiencePlans::These(own.clone()), &left_out);
        prop_assert_eq!(told.is_none(), own.is_empty());
        let Some(told) = told else { return Ok(()) };
        let language = if is_italian { Language::Italian } else { Language::English };
        let format = Format { language, zone: TimeZone::get("Europe/Rome").unwrap(), links: links() };
        let Message { subject, text, html, .. } = compose(&told, &format);
        let json = serde_json::to_string(&told).unwrap();
        let html = html.replace("&lt;", "<").replace("&gt;", ">").replace("&#60;", "<").replace("&#62;", ">");
        for number in (0..plans.len()).filter(|number| !seen[*number]) {
            let module = format!("app{number}x");
            for mark in marks(number).iter().chain([&module]) {
                for (what, words) in [("subject", &subject), ("text", &text), ("HTML", &html), ("report", &json)] {
                    prop_assert!(!words.contains(mark.as_str()), "{what} of {own:?} has {mark}: {words}");
                }
            }
        }
        // What is its own is there, unless nothing is said of it.
        for plan in own.iter().filter(|plan| !left_out.contains(plan)) {
            prop_assert!(text.contains(&format!("Plan<{plan}>")) || own.len() == 1, "{text}");
        }
    }
}
