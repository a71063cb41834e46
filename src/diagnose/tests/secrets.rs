// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Secrets in the words of restic and of runs.

use super::super::*;

fn facts(repository: Option<Answer>) -> Facts<'static> {
    Facts {
        has_failed: true,
        has_destination: true,
        unit: "backup1.service",
        run: None,
        log: &[],
        unit_log: &[],
        repository,
        destination: None,
        has_snapshot_of_run: false,
        asked_at: "2026-11-22T07:00:00Z".parse().unwrap(),
    }
}

#[test]
fn evidence_has_no_secret_whoever_said_it() {
    let words = "Fatal: s3:https://acme:hunter2@s3.example.org/b: connection refused";
    let struck = ["Fatal: s3:https://***@s3.example.org/b: connection refused"];
    let answer = Answer { trouble: Some(Trouble::Unreachable), words: words.into() };
    assert_eq!(diagnose(&facts(Some(answer))).unwrap().evidence, struck);
    let run = Run {
        start: None,
        end: facts(None).asked_at,
        errors: 1,
        size: None,
        files: None,
        error: Some(words.into()),
    };
    assert_eq!(diagnose(&Facts { run: Some(&run), ..facts(None) }).unwrap().evidence, struck);
}

#[test]
fn a_secret_that_is_cut_is_struck_out_first() {
    let password = "hunter2".repeat(100);
    let words = format!("Fatal: --password {password}");
    let answer = Answer { trouble: Some(Trouble::Unreachable), words };
    assert_eq!(diagnose(&facts(Some(answer))).unwrap().evidence, ["Fatal: --password ***"]);
}
