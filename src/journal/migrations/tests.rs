// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Each step is taken by a file that the version before it wrote: `tests/fixtures/journal/v<n>.sqlite`.

use std::path::Path;

use rusqlite::Connection;
use tempfile::TempDir;

use super::LATEST;
use crate::{
    ids::JobId,
    journal::{About, FILE_NAME, Journal, Outgoing, ReportEntry, ReportFilter, Stage, store},
    notifier::delivery::{Channel, DeliveryState},
};

/// A directory with the journal that a version wrote.
fn written_by(version: i32) -> TempDir {
    let dir = tempfile::tempdir().unwrap();
    let fixtures = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/journal");
    std::fs::copy(fixtures.join(format!("v{version}.sqlite")), dir.path().join(FILE_NAME)).unwrap();
    dir
}

/// Every table and index, as SQLite describes it: columns by name and type, however they came.
fn schema(connection: &Connection) -> Vec<String> {
    let mut statement = connection
        .prepare(
            "SELECT schema.name || '.' || column.name || ' ' || column.type || ' ' || column.\"notnull\" || ' ' || column.pk
             FROM sqlite_schema AS schema, pragma_table_info(schema.name) AS column
             WHERE schema.type = 'table'
             UNION ALL SELECT type || ' ' || name FROM sqlite_schema WHERE type = 'index' ORDER BY 1",
        )
        .unwrap();
    statement.query_map([], |row| row.get(0)).unwrap().collect::<rusqlite::Result<_>>().unwrap()
}

#[test]
fn every_version_leads_to_the_schema_of_a_new_file() {
    let fresh = tempfile::tempdir().unwrap();
    let expected = schema(&store::open(fresh.path()).unwrap().connection);
    for version in 1..LATEST {
        let dir = written_by(version);
        let store = store::open(dir.path()).unwrap();
        assert_eq!(schema(&store.connection), expected, "version {version}");
        let found: i32 = store.connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
        assert_eq!(found, LATEST);
    }
}

/// What the binary of 0.1.0 wrote: six reports with their mails in every state, one job at each stage, runs, and what the watchers know.
#[tokio::test]
async fn everything_that_0_1_0_wrote_is_still_there() {
    let dir = written_by(1);
    let journal = Journal::start(dir.path().into());
    let page = journal.reports(ReportFilter::default(), 100).await.unwrap();
    let states: Vec<(i64, DeliveryState)> = page
        .reports
        .iter()
        .filter_map(ReportEntry::readable)
        .map(|report| (report.id.0, report.delivery.state))
        .collect();
    let expected = [
        (6, DeliveryState::Queued),
        (5, DeliveryState::Queued),
        (4, DeliveryState::Failed),
        (3, DeliveryState::Suppressed),
        (2, DeliveryState::Unchanged),
        (1, DeliveryState::Sent),
    ];
    assert_eq!(states, expected);
    for (id, _) in expected {
        let stored = journal.report(JobId(id)).await.unwrap().unwrap().readable().unwrap();
        assert!(
            stored.decision.is_none() && !stored.mail.html.is_empty() && !stored.report.alerts.is_empty()
        );
    }

    let stages: Vec<(i64, &str, usize)> = journal
        .jobs()
        .await
        .unwrap()
        .iter()
        .map(|job| (job.id.0, job.stage.as_str(), job.alerts.len()))
        .collect();
    assert_eq!(stages, [(7, "correlated", 1), (8, "correlated", 1), (9, "waiting", 1)]);
    let correlated = journal.job(JobId(7)).await.unwrap().unwrap();
    assert!(matches!(correlated.stage, Stage::Correlated { .. }));

    let queued: Vec<i64> = {
        let far = "2027-01-01T00:00:00Z".parse().unwrap();
        let (outgoing, _) = journal.outgoing(Channel::Mail, far).await.unwrap();
        let report = |outgoing: &Outgoing| match outgoing.about {
            About::Report(id) => id.0,
            About::Notice(..) => panic!("{outgoing:?}"),
        };
        outgoing.iter().map(report).collect()
    };
    assert_eq!(queued, [5, 6]);
    assert_eq!(journal.last_runs(100).await.unwrap().len(), 4);
    assert_eq!(journal.checkpoints("runs/").await.unwrap().len(), 2);
    assert_eq!(journal.checkpoints("schedules/").await.unwrap().len(), 2);
    assert_eq!(journal.unreadable_rows(), 0);

    // Found by what they are about, without reading them.
    let about = |filter| async { journal.reports(filter, 100).await.unwrap().total };
    let plan = ReportFilter { plan: Some("2".parse().unwrap()), ..ReportFilter::default() };
    assert_eq!(about(plan).await, 3);
    let application =
        ReportFilter { application: Some("webtop1".parse().unwrap()), ..ReportFilter::default() };
    assert_eq!(about(application).await, 3);
}

#[test]
fn a_migration_that_breaks_off_leaves_the_file_as_it_was() {
    let dir = written_by(1);
    let path = dir.path().join(FILE_NAME);
    // Something is in the way of the last table that the step makes.
    Connection::open(&path).unwrap().execute_batch("CREATE TABLE report_applications (x)").unwrap();
    assert!(store::open(dir.path()).is_err());
    let connection = Connection::open(&path).unwrap();
    let version: i32 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
    assert_eq!(version, 1);
    let marks: i64 = connection.query_row("SELECT count(*) FROM marks", [], |row| row.get(0)).unwrap();
    assert_eq!(marks, 5);
}
