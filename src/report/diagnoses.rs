// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The cause of each application that is not well, from the parts of a report.
//!
//! An application's own lines and repository change its own cause alone; what concerns several comes from the plan, the gateway and systemd,
//! none of which an application can write.

use jiff::Timestamp;

use crate::{
    cause::words::{self, Trouble},
    correlator::correlation::{Application, Plan, State},
    diagnose::{self, Answer, Facts},
    logs::findings::LogReport,
    repo_check::findings::{DestinationReport, Detail, Health, RepoReport, RepositoryReport},
};

/// Sets the diagnosis of each application of a plan that is not well, as far as there is one.
pub(super) fn diagnose(
    plan: &mut Plan,
    logs: Option<&LogReport>,
    repos: Option<&RepoReport>,
    now: Timestamp,
) {
    let unit = format!("backup{}.service", plan.id);
    let diagnoses: Vec<_> = plan
        .applications
        .iter()
        .map(|application| {
            (application.state != State::Ok)
                .then(|| facts(plan, application, &unit, logs, repos, now))
                .and_then(|facts| diagnose::diagnose(&facts))
        })
        .collect();
    for (application, diagnosis) in plan.applications.iter_mut().zip(diagnoses) {
        application.diagnosis = diagnosis;
    }
}

fn facts<'a>(
    plan: &Plan,
    application: &'a Application,
    unit: &'a str,
    logs: Option<&'a LogReport>,
    repos: Option<&RepoReport>,
    now: Timestamp,
) -> Facts<'a> {
    let has_failed = application.state == State::Failed;
    let own_log = logs.and_then(|logs| logs.of(&plan.id, &application.module));
    let unit_log = logs.and_then(|logs| logs.of_unit(&plan.id, &application.node));
    let repository = repos.and_then(|repos| repos.repository(plan, application));
    Facts {
        has_failed,
        has_destination: plan.destination.is_some(),
        unit,
        run: application.last_run.as_ref().filter(|_| has_failed),
        log: own_log.map(|log| log.lines.as_slice()).unwrap_or_default(),
        unit_log: unit_log.map(|log| log.lines.as_slice()).unwrap_or_default(),
        repository: repository.map(answer_of_repository),
        destination: repos.and_then(|repos| repos.destination(plan)).map(answer_of_destination),
        has_snapshot_of_run: repos.is_some_and(|repos| repos.saved_at(plan, application).is_some()),
        asked_at: now,
    }
}

fn answer_of_repository(report: &RepositoryReport) -> Answer {
    let words = words_of(report.detail.as_ref());
    let trouble = match report.health {
        Health::Ok | Health::Unknown | Health::Unconfigured => None,
        Health::Unreachable => Some(Trouble::Unreachable),
        Health::Locked => Some(Trouble::Locked),
        Health::Corrupted => Some(Trouble::Damaged),
        Health::WrongPassword => Some(Trouble::WrongPassword),
        Health::NotFound => Some(Trouble::Missing),
        // A disk that is full where restic was asked is not the one of the backup.
        Health::Error => words::trouble(&words).filter(|trouble| *trouble != Trouble::DiskFull),
    };
    Answer { trouble, words }
}

fn answer_of_destination(report: &DestinationReport) -> Answer {
    const INSUFFICIENT_STORAGE: u16 = 507;
    let trouble = match (report.health, &report.detail) {
        (_, Some(Detail::GatewayStatus { status: INSUFFICIENT_STORAGE })) => Some(Trouble::Full),
        (Health::Unreachable, _) => Some(Trouble::Unreachable),
        _ => None,
    };
    Answer { trouble, words: words_of(report.detail.as_ref()) }
}

/// restic's own words. What we say of an answer is no evidence.
fn words_of(detail: Option<&Detail>) -> String {
    match detail {
        Some(Detail::Restic { message }) => message.clone(),
        _ => String::new(),
    }
}
