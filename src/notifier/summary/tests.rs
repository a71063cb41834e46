// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The summaries in full: read the snapshots in `src/notifier/summary/snapshots/` as an administrator would, on Monday at seven.

use jiff::{Timestamp, ToSpan, civil::Date, tz::TimeZone};

use super::*;
use crate::{
    cause::Cause,
    config::Cadence,
    correlator::correlation::Outcome,
    coverage::gap::{ApplicationRef, Gap, GapKind, PlanRef},
    ids::{DestinationId, ModuleId, NodeId, PlanId},
    language::Language,
    notifier::{links::Links, view::MAX_HTML},
    summary::{Application, Day, Growth, Incident, OpenGap, PlanRuns, RestorePoint},
    version::VERSION,
};

const S3: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";
const APPLICATIONS: [(&str, Option<&str>); 6] = [
    ("mail1", Some("Mail server")),
    ("nextcloud1", Some("Cloud")),
    ("webtop1", None),
    ("samba1", Some("Domain controller")),
    ("mattermost1", None),
    ("traefik1", None),
];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn plan_id(id: &str) -> PlanId {
    PlanId::new(id).unwrap()
}

fn module(id: &str) -> ModuleId {
    ModuleId::new(id).unwrap()
}

fn application((id, label): (&str, Option<&str>)) -> Application {
    Application { module: module(id), label: label.map(Into::into), node: NodeId::new("1").unwrap() }
}

fn reference(id: &str, label: Option<&str>) -> ApplicationRef {
    ApplicationRef { module: module(id), label: label.map(Into::into), node: NodeId::new("1").unwrap() }
}

/// Nightly runs from Tuesday to Monday, each with its outcome: `+` well, `/` in part, `x` failed, `-` missing, `.` none.
fn plan(id: &str, name: &str, week: &str) -> PlanRuns {
    let tuesday: Date = "2026-11-17".parse().unwrap();
    let days: Vec<Day> = week
        .chars()
        .enumerate()
        .map(|(index, mark)| Day {
            date: tuesday + i32::try_from(index).unwrap().days(),
            outcome: match mark {
                '+' => Some(Outcome::Success),
                '/' => Some(Outcome::Partial),
                'x' => Some(Outcome::Failure),
                '-' => Some(Outcome::Missing),
                _ => None,
            },
            is_forgotten: false,
        })
        .collect();
    PlanRuns {
        id: plan_id(id),
        name: Some(name.into()),
        destination: Some("AWS S3".into()),
        enabled: true,
        runs: days.iter().filter(|day| day.outcome.is_some()).count(),
        successful: days.iter().filter(|day| day.outcome == Some(Outcome::Success)).count(),
        days,
    }
}

fn point(index: usize, newest: Option<&str>) -> RestorePoint {
    RestorePoint {
        plan: plan_id("1"),
        plan_name: Some("Nightly S3".into()),
        application: application(APPLICATIONS[index]),
        destination: Some("AWS S3".into()),
        newest: newest.map(at),
        proved_at: (index != 2).then(|| at("2026-11-23T01:20:00Z")),
        at_risk_seconds: newest
            .map(|newest| at("2026-11-23T06:00:00Z").duration_since(at(newest)).as_secs().max(86_400)),
    }
}

/// Monday at seven in Rome.
fn all_well() -> Summary {
    Summary {
        cluster: "Acme".into(),
        cadence: Cadence::Weekly,
        is_first: false,
        from: at("2026-11-16T06:00:00Z"),
        to: at("2026-11-23T06:00:00Z"),
        read_at: at("2026-11-23T05:59:30Z"),
        applications: 6,
        protected: 6,
        unprotected: Vec::new(),
        next_run: Some(at("2026-11-24T01:00:00Z")),
        plans: vec![plan("1", "Nightly S3", "+++++++"), plan("2", "Sunday NAS", ".....+.")],
        restore_points: (0..6).map(|index| point(index, Some("2026-11-23T01:05:00Z"))).collect(),
        gaps: Vec::new(),
        growth: vec![Growth {
            destination: DestinationId::new(S3).unwrap(),
            name: "AWS S3".into(),
            size: 442_381_631_488,
            applications: 6,
            growth: Some(13_207_024_435),
        }],
        incidents: Vec::new(),
    }
}

fn gap(kind: GapKind, plan: Option<(&str, &str)>, applications: &[(&str, Option<&str>)]) -> OpenGap {
    let mut gap = Gap::new(kind);
    gap.plan = plan.map(|(id, name)| PlanRef { id: plan_id(id), name: Some(name.into()) });
    match applications {
        [(id, label)] => gap.application = Some(reference(id, *label)),
        many => gap.applications = many.iter().map(|(id, label)| reference(id, *label)).collect(),
    }
    OpenGap { gap, since: at("2026-11-20T06:00:00Z") }
}

fn with_gaps() -> Summary {
    let (cloud, mattermost) = (APPLICATIONS[1], APPLICATIONS[4]);
    Summary {
        protected: 4,
        unprotected: vec![application(cloud), application(mattermost)],
        gaps: vec![
            gap(GapKind::SuccessWithoutSnapshot, Some(("1", "Nightly S3")), &[cloud]),
            gap(GapKind::NoPlan, None, &[mattermost]),
            gap(GapKind::PlanDisabled, Some(("3", "Old NAS")), &[("wiki1", None), ("samba1", None)]),
            gap(GapKind::ClusterBackupNoPassword, None, &[]),
            gap(GapKind::OwnNodeOnly, None, &[APPLICATIONS[3]]),
        ],
        ..all_well()
    }
}

fn with_incidents() -> Summary {
    let incident = |since: &str, closed_at: Option<&str>, outcome, cause, modules: &[&str]| Incident {
        plan: plan_id("1"),
        plan_name: Some("Nightly S3".into()),
        since: at(since),
        closed_at: closed_at.map(at),
        failing_runs: if closed_at.is_some() { 1 } else { 3 },
        outcome,
        cause,
        applications: modules.iter().map(|id| module(id)).collect(),
    };
    let mut summary = Summary {
        protected: 5,
        unprotected: vec![application(APPLICATIONS[2])],
        plans: vec![plan("1", "Nightly S3", "+/++/xx"), plan("2", "Sunday NAS", ".....-.")],
        incidents: vec![
            incident(
                "2026-11-21T01:00:00Z",
                None,
                Outcome::Failure,
                Some(Cause::StorageFull),
                &["mail1", "webtop1"],
            ),
            incident(
                "2026-11-18T01:00:00Z",
                Some("2026-11-19T01:12:00Z"),
                Outcome::Partial,
                None,
                &["webtop1"],
            ),
        ],
        ..all_well()
    };
    summary.restore_points = (0..6).map(|index| point(index, Some("2026-11-22T01:05:00Z"))).collect();
    summary.restore_points[0] = point(2, None);
    summary.restore_points[2] = point(1, Some("2026-11-22T01:05:00Z"));
    summary.restore_points[1] = point(0, Some("2026-11-20T01:05:00Z"));
    summary
}

fn first_without_runs() -> Summary {
    Summary {
        is_first: true,
        protected: 0,
        unprotected: APPLICATIONS.into_iter().map(application).collect(),
        plans: vec![plan("1", "Nightly S3", ".......")],
        restore_points: (0..6).map(|index| point(index, None)).collect(),
        growth: Vec::new(),
        ..all_well()
    }
}

fn first_with_runs() -> Summary {
    let mut growth = all_well().growth;
    growth[0].growth = None;
    Summary { is_first: true, plans: vec![plan("1", "Nightly S3", "......+")], growth, ..all_well() }
}

fn format(language: Language) -> Format {
    let links = Links {
        cluster_admin: Some("https://leader.example.org/cluster-admin/".parse().unwrap()),
        module: ModuleId::new("backup-monitor1").ok(),
    };
    Format { language, zone: TimeZone::get("Europe/Rome").unwrap(), links }
}

fn wrapped(text: &str) -> String {
    crate::notifier::wrap::wrapped(text)
}

#[test]
fn the_mails_read_well() {
    let cases = [
        ("all_well", all_well()),
        ("gaps", with_gaps()),
        ("incidents", with_incidents()),
        ("first_without_runs", first_without_runs()),
        ("first_with_runs", first_with_runs()),
    ];
    for (name, summary) in cases {
        for language in Language::ALL {
            let message = compose(&summary, &format(*language));
            let version = |text: &str| text.replace(VERSION, "VERSION");
            let text = format!("Subject: {}\n\n{}", message.subject, wrapped(&message.text));
            let code = language.code();
            insta::assert_snapshot!(format!("{name}_{code}.txt"), version(&text));
            insta::assert_snapshot!(format!("{name}_{code}.html"), version(&message.html));
        }
    }
}

#[test]
fn a_large_cluster_gets_a_mail_that_no_program_cuts() {
    let mut summary = with_gaps();
    let many = |index: usize| {
        (format!("nextcloud{index}"), Some("A label that is quite long, as people write".to_owned()))
    };
    let names: Vec<(String, Option<String>)> = (0..500).map(many).collect();
    summary.plans =
        (0..50).map(|index| plan(&index.to_string(), &"Long plan name ".repeat(4), "+/x-++.")).collect();
    summary.restore_points = names
        .iter()
        .map(|(id, label)| RestorePoint {
            application: application((id, label.as_deref())),
            ..point(0, Some("2026-11-20T01:05:00Z"))
        })
        .collect();
    summary.unprotected = names.iter().map(|(id, label)| application((id, label.as_deref()))).collect();
    let refs: Vec<(&str, Option<&str>)> =
        names.iter().map(|(id, label)| (id.as_str(), label.as_deref())).collect();
    summary.gaps = GapKind::ALL
        .into_iter()
        .flat_map(|kind| (0..50).map(move |index| (kind, index.to_string())))
        .map(|(kind, id)| gap(kind, Some((&id, "Nightly")), &refs))
        .collect();
    let incident = with_incidents().incidents[0].clone();
    summary.incidents =
        vec![Incident { applications: names.iter().map(|(id, _)| module(id)).collect(), ..incident }; 50];
    summary.growth = vec![all_well().growth[0].clone(); 50];
    for language in Language::ALL {
        let message = compose(&summary, &format(*language));
        assert!(message.html.len() < MAX_HTML, "{}", message.html.len());
        assert!(message.text.len() < MAX_HTML, "{}", message.text.len());
    }
}

#[test]
fn what_others_have_written_is_escaped() {
    let mut summary = with_incidents();
    summary.cluster = "<b>\r\nBcc: x".into();
    summary.plans[0].name = Some("<script>".into());
    let message = compose(&summary, &format(Language::English));
    assert!(!message.html.contains("<script>") && !message.html.contains("<b>"));
    assert!(!message.subject.contains(['\r', '\n']), "{:?}", message.subject);
}
