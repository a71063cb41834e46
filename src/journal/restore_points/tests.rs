// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;
use crate::{journal::Journal, repo_check::findings::Snapshot};

const HERE: &str = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8";

fn at(second: i64) -> Timestamp {
    Timestamp::from_second(1_795_600_000 + second).unwrap()
}

fn found(module: &str, health: Health, snapshots: Option<(usize, i64)>, asked: i64) -> ProvedRepository {
    let snapshots = snapshots.map(|(count, second)| Snapshots {
        count,
        last: Some(Snapshot { time: at(second), size: Some(700) }),
    });
    let proof = ProofMemory {
        asked_at: Some(at(asked)),
        since: Some(at(0)),
        retention: Some(3),
        kept_since: Some(at(0)),
        most: Some(3),
    };
    ProvedRepository {
        plan: PlanId::new("1").unwrap(),
        module: ModuleId::new(module).unwrap(),
        destination: DestinationId::new(HERE).unwrap(),
        health,
        snapshots,
        proof,
    }
}

#[tokio::test]
async fn what_was_proved_is_there_after_a_restart_and_stays_while_it_can_not_be_read() {
    let dir = tempfile::tempdir().unwrap();
    let journal = Journal::start(dir.path().into());
    let first =
        vec![found("mail1", Health::Ok, Some((3, 10)), 20), found("webtop1", Health::Unreachable, None, 20)];
    journal.note_proof(first.clone(), at(20)).await.unwrap();
    journal.note_proof(vec![found("mail1", Health::Locked, None, 90)], at(90)).await.unwrap();
    journal.close().await;

    let journal = Journal::start(dir.path().into());
    let [mail, webtop] = &journal.restore_points_all().await.unwrap()[..] else { panic!("not two") };
    assert_eq!((mail.newest, mail.count, mail.size), (Some(at(10)), Some(3), Some(700)));
    assert_eq!(
        (mail.proved_at, mail.health, mail.proof.asked_at),
        (Some(at(20)), Health::Locked, Some(at(90)))
    );
    assert_eq!(mail.proof, found("mail1", Health::Ok, None, 90).proof);
    assert_eq!((webtop.newest, webtop.count, webtop.proved_at), (None, None, None));
    assert_eq!((webtop.health, webtop.proof.asked_at), (Health::Unreachable, Some(at(20))));

    let gone = vec![(mail.plan.clone(), mail.module.clone(), mail.destination.clone())];
    journal.forget_restore_points(gone).await.unwrap();
    let left = journal.restore_points_all().await.unwrap();
    assert_eq!(left.iter().map(|record| record.module.as_str()).collect::<Vec<_>>(), ["webtop1"]);
}

#[test]
fn that_snapshots_are_gone_is_news_to_a_report_though_the_proof_saw_it_first() {
    let connection = Connection::open_in_memory().unwrap();
    let unreadable = rows::UnreadableRows::default();
    connection.execute_batch(include_str!("../migrations/0001_tables.sql")).unwrap();
    connection.execute_batch(include_str!("../migrations/0002_decisions.sql")).unwrap();
    let database = Database { connection: &connection, unreadable: &unreadable };
    let plan = PlanId::new("1").unwrap();
    for count in [30, 2] {
        note_proof(&database, &[found("mail1", Health::Ok, Some((count, 10)), 20)], at(20)).unwrap();
    }
    assert_eq!(all(&database).unwrap()[0].count, Some(2));
    assert_eq!(snapshot_counts(&database, &plan).unwrap()[0].2, 30);

    // A row whose health is none is left out, and noted.
    connection.execute("UPDATE restore_points SET health = 'GOOD'", []).unwrap();
    assert_eq!(all(&database).unwrap(), []);
    assert_eq!(unreadable.count(), 1);
}
