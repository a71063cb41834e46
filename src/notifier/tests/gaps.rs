// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The mail about gaps.

use super::{super::gaps, *};
use crate::{
    coverage::gap::{ApplicationRef, DestinationRef, Gap, GapFacts, GapKind, KnownGap, PlanRef},
    notifier::view::{MAX_HTML, MAX_SUBJECT},
};

fn app(module: &str, label: Option<&str>) -> ApplicationRef {
    ApplicationRef {
        module: ModuleId::new(module).unwrap(),
        label: label.map(Into::into),
        node: NodeId::new("1").unwrap(),
    }
}

fn plan_ref() -> Option<PlanRef> {
    Some(PlanRef { id: PlanId::new("1").unwrap(), name: Some("Nightly S3".into()) })
}

fn s3() -> Option<DestinationRef> {
    Some(DestinationRef { id: DestinationId::new(S3).unwrap(), name: Some("AWS S3".into()) })
}

fn known(gap: Gap) -> KnownGap {
    KnownGap { gap, since: at("2026-11-20T10:00:00Z"), reported_at: None }
}

/// An application's gap in the repository of a plan.
fn of_repository(kind: GapKind, facts: GapFacts) -> KnownGap {
    known(Gap {
        plan: plan_ref(),
        application: Some(app("mail1", Some("Mail"))),
        destination: s3(),
        facts,
        ..Gap::new(kind)
    })
}

fn of_plan(kind: GapKind, applications: Vec<ApplicationRef>, facts: GapFacts) -> KnownGap {
    known(Gap { plan: plan_ref(), applications, facts, ..Gap::new(kind) })
}

fn without_plan(modules: &[(&str, Option<&str>)]) -> Vec<KnownGap> {
    let gap = |(module, label): &(&str, Option<&str>)| {
        known(Gap { application: Some(app(module, *label)), ..Gap::new(GapKind::NoPlan) })
    };
    modules.iter().map(gap).collect()
}

/// One gap of each kind.
fn each() -> Vec<KnownGap> {
    let newest = GapFacts { newest_snapshot: Some(at("2026-11-18T01:00:00Z")), ..GapFacts::default() };
    let two = || vec![app("mail1", Some("Mail")), app("wiki1", None)];
    let run = GapFacts { run_at: Some(at("2026-11-22T01:14:00Z")), ..newest };
    let mut all = vec![of_repository(GapKind::SuccessWithoutSnapshot, run)];
    all.extend(without_plan(&[("nextcloud1", Some("Cloud"))]));
    all.extend([
        of_plan(GapKind::PlanDisabled, two(), GapFacts::default()),
        of_plan(GapKind::PlanNoDestination, two(), GapFacts::default()),
        of_plan(
            GapKind::PlanNotRunning,
            two(),
            GapFacts {
                last_run: Some(at("2026-11-10T01:20:00Z")),
                due_since: Some(at("2026-11-11T01:00:00Z")),
                ..GapFacts::default()
            },
        ),
        of_repository(GapKind::SnapshotOld, newest),
        of_repository(
            GapKind::SnapshotsFew,
            GapFacts { expected_snapshots: Some(14), found_snapshots: Some(3), ..newest },
        ),
        known(Gap::new(GapKind::ClusterBackupNoPassword)),
        known(Gap {
            facts: GapFacts { run_at: Some(at("2026-11-22T01:00:00Z")), ..GapFacts::default() },
            ..Gap::new(GapKind::ClusterBackupFailed)
        }),
        of_plan(GapKind::PlanEmpty, Vec::new(), GapFacts::default()),
        known(Gap { destination: s3(), applications: two(), ..Gap::new(GapKind::OwnNodeOnly) }),
    ]);
    all
}

fn mails() -> Vec<(String, Message)> {
    let three = without_plan(&[("mail1", Some("Mail")), ("nextcloud1", Some("Cloud")), ("webtop1", None)]);
    [
        ("gaps_of_each_kind", each()),
        ("gaps_no_plan", three),
        ("gap_one", without_plan(&[("mail1", Some("Mail"))])),
    ]
    .iter()
    .flat_map(|(name, gaps)| {
        Language::ALL.iter().map(move |language| {
            let format = Format { links: links(), ..format(*language) };
            (format!("{name}_{}", language.code()), gaps::compose(gaps, "Acme", &format, seven()))
        })
    })
    .collect()
}

fn format(language: Language) -> Format {
    Format { language, zone: TimeZone::get("Europe/Rome").unwrap(), links: Links::default() }
}

fn links() -> Links {
    Links { cluster_admin: Some("https://leader.example.org/cluster-admin/".parse().unwrap()), module: None }
}

#[test]
fn mails_about_gaps_read_as_they_should() {
    for (name, Message { subject, text, html, .. }) in mails() {
        insta::assert_snapshot!(
            format!("{name}.txt"),
            of_any_version(&format!("Subject: {subject}\n\n{text}"))
        );
        insta::assert_snapshot!(format!("{name}.html"), of_any_version(&html));
    }
}

#[test]
fn every_kind_has_words_of_its_own_in_each_language() {
    for language in Language::ALL {
        let format = format(*language);
        let said: std::collections::HashSet<String> =
            each().iter().map(|known| gaps::what(&known.gap, &format, seven())).collect();
        assert_eq!(said.len(), GapKind::ALL.len());
    }
}

#[test]
fn however_many_gaps_the_mail_stays_short() {
    let name = "a plan with an extraordinarily long name that somebody gave it one day";
    let mut many: Vec<KnownGap> = Vec::new();
    for number in 0..2000 {
        let application = app(&format!("application-number{number}"), Some(&"Ä long label ".repeat(12)));
        for kind in GapKind::ALL {
            let plan = PlanRef { id: PlanId::new(number.to_string()).unwrap(), name: Some(name.into()) };
            let applications = vec![application.clone(); 50];
            many.push(known(Gap {
                plan: Some(plan),
                application: Some(application.clone()),
                applications,
                ..Gap::new(kind)
            }));
        }
    }
    for language in Language::ALL {
        let mail = gaps::compose(&many, &"Cluster ".repeat(20), &format(*language), seven());
        assert!(mail.subject.chars().count() < MAX_SUBJECT, "{}", mail.subject);
        assert!(mail.html.len() < MAX_HTML, "{} bytes", mail.html.len());
    }
}
