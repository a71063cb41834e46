// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What holds for every mail: its length, and that its numbers are those of its lists.

use proptest::prelude::*;

use super::{
    incidents::{diagnosed, diagnosed_report, failing, incident, many},
    *,
};
use crate::{
    cause::Cause,
    notifier::view::{MAX_HTML, MAX_SUBJECT},
};

#[test]
fn a_mail_is_never_cut_by_gmail_however_many_applications_failed() {
    for (failed, total) in [(1, 1000), (40, 60), (200, 200), (1000, 1000), (5000, 10_000)] {
        let report = many(failed, total);
        for language in Language::ALL {
            let html = render::html(&view(&report, *language));
            assert!(html.len() < MAX_HTML, "{failed} of {total}: {} bytes", html.len());
        }
    }
}

#[test]
fn neither_do_many_plans_make_it_long() {
    for outcome in [State::Failed, State::Ok, State::Missing] {
        let plans: Vec<Plan> = (1..=300)
            .map(|id| {
                let name = format!("Plan {id} of a customer with a rather long name");
                let mut application = failed("mail1", Some("Label"), "1", "2026-11-22T01:04:10Z", 10);
                application.state = outcome;
                let applications = if id % 3 == 0 { vec![] } else { vec![application] };
                let mut plan =
                    Plan { id: PlanId::new(id.to_string()).unwrap(), ..plan("1", &name, applications) };
                if id % 3 == 0 && outcome != State::Ok {
                    plan.issues = vec![PlanIssue::PlanNotFound];
                }
                if id % 3 == 0 && outcome == State::Ok {
                    plan.outcome = Outcome::Success;
                }
                plan
            })
            .collect();
        let mut report = diagnosed_report(plans, None);
        report.incidents = (1..=300)
            .map(|id: u32| crate::report::incident::PlanIncident {
                plan: PlanId::new(id.to_string()).unwrap(),
                ..incident(3, "2026-11-20T01:00:05Z", Vec::new())
            })
            .collect();
        for language in Language::ALL {
            let html = render::html(&view(&report, *language));
            assert!(html.len() < MAX_HTML, "{outcome:?}: {} bytes", html.len());
        }
    }
}

#[test]
fn what_a_mail_leaves_out_is_on_the_page_that_it_links_to() {
    let text = render::text(&view(&many(5000, 5000), Language::English));
    assert!(text.contains("Report 12 has the whole list."), "{text}");
    assert!(text.contains("#/apps/backup-monitor1?page=reports&report=12"), "{text}");
}

fn state() -> impl Strategy<Value = (State, Cause)> {
    let states =
        prop_oneof![Just(State::Ok), Just(State::Failed), Just(State::Missing), Just(State::Pending)];
    (states, proptest::sample::select(&Cause::ALL[..]))
}

prop_compose! {
    fn any_plan(id: u32)(
        name in "[A-Za-z éà]{0,80}",
        states in proptest::collection::vec(state(), 1..30),
    ) -> Plan {
        let applications = states.into_iter().enumerate().map(|(index, (state, cause))| {
            let module = format!("a-module-with-quite-a-long-name{index}");
            let application = Application {
                state,
                missing_reason: matches!(state, State::Missing | State::Pending).then_some(MissingReason::NeverRan),
                ..failed(&module, Some("Label"), "1", "2026-11-22T01:04:10Z", 10)
            };
            if state == State::Failed { diagnosed(application, cause, &["Fatal: <b>no</b>"]) } else { application }
        });
        Plan { id: PlanId::new(id.to_string()).unwrap(), ..plan("1", &name, applications.collect()) }
    }
}

proptest! {
    #[test]
    fn a_subject_is_short_and_its_numbers_are_those_of_the_lists(
        plans in (any_plan(1), any_plan(2), any_plan(3), 1usize..=3)
            .prop_map(|(a, b, c, count)| [a, b, c].into_iter().take(count).collect::<Vec<_>>()),
        cluster in "[A-Za-z0-9 .-]{1,60}",
    ) {
        let mut report = diagnosed_report(plans, None);
        report.cluster = cluster;
        let members = |state: State| -> usize {
            let unwell = report.correlation.plans.iter().filter(|plan| plan.outcome != Outcome::Success);
            unwell.map(|plan| plan.count(state)).sum()
        };
        for language in Language::ALL {
            let view = view(&report, *language);
            prop_assert!(view.subject.chars().count() < MAX_SUBJECT, "{}", view.subject);
            prop_assert!(render::html(&view).len() < MAX_HTML);
            let counts = [State::Failed, State::Missing, State::Pending].map(members);
            let numbers: Vec<usize> = view
                .headline
                .split(|character: char| !character.is_ascii_digit())
                .filter_map(|digits| digits.parse().ok())
                .collect();
            // Two or fewer are named; else each count that is not zero is told.
            if counts.iter().sum::<usize>() > 6 {
                for count in counts.into_iter().filter(|count| *count > 0) {
                    prop_assert!(numbers.contains(&count), "{count} in {}", view.headline);
                }
            }
            // The cards of the overview hold each of them once.
            let text = render::text(&view);
            for plan in report.correlation.plans.iter().filter(|plan| plan.outcome != Outcome::Success) {
                for application in plan.applications.iter().filter(|application| application.state != State::Ok) {
                    prop_assert!(text.contains(application.module.as_str()), "{} in\n{text}", application.module);
                }
            }
        }
    }

    #[test]
    fn what_can_be_restored_and_the_failed_runs_are_told_of_each_application(runs in 1u32..400, hours in 0i64..2000) {
        let last = seven() - SignedDuration::from_hours(hours);
        let mut plan = nightly();
        plan.applications[0] = diagnosed(plan.applications[0].clone(), Cause::StorageFull, &[]);
        let mut report = diagnosed_report(vec![plan], None);
        let known = failing("mail1", runs, Some(&last.to_string()));
        report.incidents = vec![incident(runs, "2026-11-20T01:00:05Z", vec![known])];
        let text = render::text(&view(&report, Language::English));
        let flat = text.split_whitespace().collect::<Vec<_>>().join(" ");
        prop_assert!(flat.contains(&format!("Failed runs in a row: {runs}.")), "{}", text);
        prop_assert!(flat.contains("Last known snapshot: "), "{}", text);
        prop_assert!(flat.contains("as of Sat 21 Nov 2026 07:00 CET"), "{}", text);
    }
}
