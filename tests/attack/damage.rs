// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Damaged journals: the service starts, and either works with what can be read or says what is wrong and changes nothing.

use std::fs;

use reqwest::StatusCode;

use crate::{
    Chance, short_or_long,
    support::{project_file, sample::webhook, service::Settings},
};

/// Damages a file as disks do: bits flipped, a block of zeros, or the end missing. Says what was done.
fn damage(bytes: &mut Vec<u8>, chance: &mut Chance) -> String {
    let place = chance.below(bytes.len());
    match chance.below(4) {
        0 => {
            bytes.truncate(place);
            format!("cut at {place}")
        }
        1 => {
            let end = (place + 512).min(bytes.len());
            bytes[place..end].fill(0);
            format!("zeros at {place}")
        }
        _ => {
            let flips = 1 + chance.below(8);
            for _ in 0..flips {
                let place = chance.below(bytes.len());
                bytes[place] ^= 1 << chance.below(8);
            }
            format!("{flips} bits flipped")
        }
    }
}

#[tokio::test]
async fn a_damaged_journal_is_worked_with_or_said_to_be_damaged_and_not_touched() {
    let rounds = short_or_long(24, 500);
    let mut chance = Chance::new("damage");
    let sound = fs::read(project_file("tests/fixtures/journal/v1.sqlite")).unwrap();
    let (mut worked, mut refused) = (0, 0);
    for _ in 0..rounds {
        let mut settings = Settings::new();
        // Redis is not there, and not waited for.
        settings.set("CORRELATOR_SETTLE_SECONDS", "1");
        let path = settings.state_dir().join("journal.sqlite");
        fs::create_dir_all(settings.state_dir()).unwrap();
        let mut bytes = sound.clone();
        let what = damage(&mut bytes, &mut chance);
        fs::write(&path, &bytes).unwrap();
        let service = settings.start().await;
        for page in ["/", "/api/status", "/api/reports", "/api/reports/1", "/metrics"] {
            let (status, answer) = service.get(page).await;
            let is_sane =
                [StatusCode::OK, StatusCode::NOT_FOUND, StatusCode::SERVICE_UNAVAILABLE].contains(&status);
            assert!(is_sane, "{what}: {page}: {status} {answer}");
        }
        let (status, answer) = service.post_alert(webhook()).await;
        if status == StatusCode::OK {
            worked += 1;
            service.report_of(&answer).await;
        } else {
            refused += 1;
            assert_eq!(status, StatusCode::SERVICE_UNAVAILABLE, "{what}: {answer}");
            let (_, ready) = service.get("/readyz").await;
            assert!(
                ready["reasons"].to_string().contains("the journal")
                    || ready["reasons"].to_string().contains("not a journal"),
                "{what}: {ready}"
            );
            assert!(fs::read(&path).unwrap() == bytes, "{what}: the file was changed");
        }
        let log = service.log();
        assert!(!log.iter().any(|line| line.contains("panicked")), "{what}: {log:?}");
        assert_eq!(service.stop().await.0, 0, "{what}");
    }
    println!(
        "attack: damage: {rounds} damaged journals, {worked} worked on, {refused} refused and unchanged, 0 panics"
    );
}
