// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Damage of every kind, in one row at a time: it never costs another row.

use std::path::Path;

use jiff::Timestamp;
use rusqlite::Connection;

use super::*;
use crate::notifier::delivery::Channel;

/// What a column may hold that it should not. Strict tables refuse a text where a number belongs, so that numbers are odd numbers.
const TEXTS: [&str; 7] = [
    "'no such word'",
    "'{'",
    "'null'",
    "'[1,2]'",
    "'{\"stage\":\"of another version\"}'",
    "CAST(x'ff00fe' AS TEXT)",
    "''",
];
const NUMBERS: [&str; 4] = ["-1", "9223372036854775807", "-9223372036854775808", "4294967296"];

/// Two jobs and two queued reports and a run each of two plans, and what goes with them.
async fn write_journal(dir: &Path) {
    let dir = dir.to_owned();
    std::fs::copy(
        Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal/v1.sqlite"),
        dir.join(FILE_NAME),
    )
    .unwrap();
    let journal = Journal::start(dir);
    journal.job_failed(JobId(9), "a bug".into(), Timestamp::UNIX_EPOCH).await.unwrap();
    journal.close().await;
}

/// Every column of every table that rows are read from, with its type.
fn columns(connection: &Connection) -> Vec<(String, String, String)> {
    let mut statement = connection
        .prepare(
            "SELECT schema.name, column.name, column.type FROM sqlite_schema AS schema,
                pragma_table_info(schema.name) AS column
             WHERE schema.type = 'table' AND schema.name NOT LIKE 'sqlite%' ORDER BY 1, 2",
        )
        .unwrap();
    let rows = statement.query_map([], |row| Ok((row.get(0)?, row.get(1)?, row.get(2)?))).unwrap();
    rows.collect::<rusqlite::Result<_>>().unwrap()
}

/// How many rows can be had of each list.
#[derive(Debug, PartialEq, Eq)]
struct Seen {
    jobs: usize,
    due_jobs: usize,
    reports: usize,
    readable: usize,
    queued: usize,
    recent: usize,
    runs: usize,
    checkpoints: usize,
}

async fn look(journal: &Journal) -> Result<Seen, JournalError> {
    let far = "2027-01-01T00:00:00Z".parse().unwrap();
    let page = journal.reports(ReportFilter::default(), 100).await?;
    for entry in &page.reports {
        // Also a damaged one is answered.
        journal.report(entry.id()).await?;
    }
    for plan in ["1", "2"] {
        journal.history(vec![RunLook { plan: plan.parse().unwrap(), began_at: far, run: None }]).await?;
    }
    journal.mails_queued().await?;
    journal.journal_id().await?;
    Ok(Seen {
        jobs: journal.jobs().await?.len(),
        due_jobs: journal.due_jobs().await?.len(),
        reports: page.reports.len(),
        readable: page.reports.iter().filter_map(ReportEntry::readable).count(),
        queued: journal.outgoing(Channel::Mail, far).await?.0.len(),
        recent: journal.recent(100).await?.len(),
        runs: journal.last_runs(100).await?.len(),
        checkpoints: journal.checkpoints("").await?.len(),
    })
}

#[tokio::test]
async fn a_damaged_row_costs_itself_alone() {
    let template = tempfile::tempdir().unwrap();
    write_journal(template.path()).await;
    let template = template.path().join(FILE_NAME);
    let sound =
        Seen { jobs: 3, due_jobs: 3, reports: 6, readable: 6, queued: 2, recent: 6, runs: 4, checkpoints: 5 };
    let columns = columns(&Connection::open(&template).unwrap());
    let mut damages = 0;
    for (table, column, kind) in columns {
        let values: &[&str] = if kind == "INTEGER" { &NUMBERS } else { &TEXTS };
        for value in values {
            let dir = tempfile::tempdir().unwrap();
            std::fs::copy(&template, dir.path().join(FILE_NAME)).unwrap();
            let connection = Connection::open(dir.path().join(FILE_NAME)).unwrap();
            // One row; which of them does not matter.
            let key = if ["jobs", "reports", "abandoned_jobs", "deliveries", "notices"].contains(&&*table) {
                "id"
            } else {
                "1"
            };
            let update = format!(
                "PRAGMA foreign_keys = OFF;
                 UPDATE {table} SET {column} = {value} WHERE {key} = (SELECT {key} FROM {table} ORDER BY 1 LIMIT 1)
                    AND {column} IS (SELECT {column} FROM {table} LIMIT 1)"
            );
            // What a constraint refuses can't be there.
            if connection.execute_batch(&update).is_err() || connection.changes() == 0 {
                continue;
            }
            drop(connection);
            damages += 1;
            let what = format!("{table}.{column} = {value}");
            let journal = Journal::start(dir.path().into());
            let seen = look(&journal).await.unwrap_or_else(|error| panic!("{what}: {error}"));
            let is_key = column == "id";
            if !is_key {
                assert!(seen.jobs == sound.jobs && seen.due_jobs == sound.due_jobs, "{what}: {seen:?}");
                assert!(seen.reports == sound.reports && seen.recent == sound.recent, "{what}: {seen:?}");
            }
            let others = |count: usize, all: usize| all.saturating_sub(count) <= 1;
            assert!(others(seen.readable, sound.readable), "{what}: {seen:?}");
            assert!(others(seen.queued, sound.queued), "{what}: {seen:?}");
            assert!(others(seen.runs, sound.runs), "{what}: {seen:?}");
            assert!(others(seen.checkpoints, sound.checkpoints), "{what}: {seen:?}");
            if seen.readable < sound.readable || seen.runs < sound.runs {
                assert!(journal.unreadable_rows() > 0, "{what} is not noted: {seen:?}");
            }
            journal.close().await;
        }
    }
    assert!(damages > 150, "{damages} damages");
}

#[tokio::test]
async fn a_queued_mail_is_sent_whatever_else_of_its_row_is_damaged() {
    let dir = tempfile::tempdir().unwrap();
    write_journal(dir.path()).await;
    let connection = Connection::open(dir.path().join(FILE_NAME)).unwrap();
    connection
        .execute_batch(
            "UPDATE reports SET report = '{', plans = '', outcome = '?', text = CAST(x'e82066' AS TEXT) WHERE id = 6;
             UPDATE deliveries SET accepted = '{', refused = 'x', attempts = -3, outcome = '?' WHERE report_id = 6",
        )
        .unwrap();
    drop(connection);
    let journal = Journal::start(dir.path().into());
    let far = "2027-01-01T00:00:00Z".parse().unwrap();
    let outgoing = journal.outgoing(Channel::Mail, far).await.unwrap().0.pop().unwrap();
    assert_eq!((outgoing.about, outgoing.message.text.as_str()), (About::Report(JobId(6)), "\u{fffd} f"));
    assert!(outgoing.delivery.accepted.is_empty());
    assert!(matches!(journal.report(JobId(6)).await.unwrap(), Some(ReportDetail::Unreadable { .. })));
}
