// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Gaps, each since it was first found, and whether it was mailed. Each function runs within one transaction.

use std::collections::HashSet;

use jiff::Timestamp;
use rusqlite::{Connection, params};
use tokio::sync::Notify;

use super::{
    Journal, JournalError, NewNotice, notices, reader,
    rows::{self, Database, to_json},
};
use crate::{
    coverage::gap::{Gap, GapSource, KnownGap},
    ids::ModuleId,
};

impl Journal {
    /// Keeps what one source has found at `now` in place of what it found before: what is still there keeps its age, what is not is forgotten.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn note_gaps(
        &self,
        source: GapSource,
        found: Vec<Gap>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        self.writer.call(move |database| note(database, source, &found, |_| true, now)).await
    }

    /// As [`note_gaps`](Self::note_gaps), for the gaps of these applications alone; those of others stay.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn note_some_gaps(
        &self,
        source: GapSource,
        about: Vec<ModuleId>,
        found: Vec<Gap>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        let is_about = move |gap: &Gap| about.iter().any(|module| gap.is_about(module));
        self.writer.call(move |database| note(database, source, &found, &is_about, now)).await
    }

    /// Queues the notices about the gaps with these keys, and notes that those are mailed: all of it or nothing.
    ///
    /// # Errors
    /// [`JournalError`]; then nothing was taken.
    pub async fn report_gaps(
        &self,
        notices: Vec<NewNotice>,
        keys: Vec<String>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        self.writer
            .call(move |database| {
                notices.iter().try_for_each(|notice| notices::queue(database, notice, now))?;
                mark_reported(database, &keys, now)
            })
            .await?;
        self.queued.iter().for_each(Notify::notify_one);
        Ok(())
    }

    /// All gaps, worst first, and of one kind the oldest first.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn gaps(&self) -> Result<Vec<KnownGap>, JournalError> {
        reader::read(&self.writer, &self.dir, list).await
    }
}

/// Replaces those gaps of a source that `is_about` is true of.
fn note(
    database: &Database,
    source: GapSource,
    found: &[Gap],
    is_about: impl Fn(&Gap) -> bool,
    now: Timestamp,
) -> rusqlite::Result<()> {
    let known: Vec<(String, Option<Gap>)> = database
        .prepare_cached("SELECT key, gap FROM gaps WHERE source = ?")?
        .query_map([source.as_str()], |row| Ok((rows::text(row, "key")?, rows::json(row, "gap")?.ok())))?
        .collect::<rusqlite::Result<_>>()?;
    let found_keys: HashSet<String> = found.iter().map(Gap::key).collect();
    let mut remove = database.prepare_cached("DELETE FROM gaps WHERE key = ?")?;
    for (key, gap) in known {
        // One that can't be read is found again, if it is still there.
        let is_gone = gap.as_ref().is_none_or(&is_about) && !found_keys.contains(&key);
        if is_gone {
            remove.execute([key])?;
        }
    }
    let mut keep = database.prepare_cached(
        "INSERT INTO gaps (key, source, gap, since) VALUES (?, ?, ?, ?)
         ON CONFLICT (key) DO UPDATE
            SET source = excluded.source, gap = excluded.gap, since = min(since, excluded.since)
            WHERE gap <> excluded.gap OR source <> excluded.source OR since > excluded.since",
    )?;
    for gap in found {
        keep.execute(params![gap.key(), source.as_str(), to_json(gap), now.as_millisecond()])?;
    }
    Ok(())
}

fn mark_reported(connection: &Connection, keys: &[String], now: Timestamp) -> rusqlite::Result<()> {
    let mut mark = connection.prepare_cached("UPDATE gaps SET reported_at = ? WHERE key = ?")?;
    keys.iter().try_for_each(|key| mark.execute(params![now.as_millisecond(), key]).map(drop))
}

fn list(database: &Database) -> rusqlite::Result<Vec<KnownGap>> {
    let gaps: Vec<Option<KnownGap>> = database
        .prepare_cached("SELECT * FROM gaps ORDER BY since, key")?
        .query_map([], |row| {
            let (since, reported_at) = (rows::time(row, "since")?, rows::optional_time(row, "reported_at")?);
            Ok(match rows::json(row, "gap")? {
                Ok(gap) => Some(KnownGap { gap, since, reported_at }),
                Err(reason) => {
                    database.unreadable.note("gaps", rows::text(row, "key")?, &reason);
                    None
                }
            })
        })?
        .collect::<rusqlite::Result<_>>()?;
    let mut gaps: Vec<KnownGap> = gaps.into_iter().flatten().collect();
    gaps.sort_by_key(|known| known.gap.kind);
    Ok(gaps)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        coverage::gap::{ApplicationRef, GapKind},
        ids::NodeId,
    };

    fn gap(kind: GapKind, module: &str) -> Gap {
        let (module, node) = (ModuleId::new(module).unwrap(), NodeId::new("1").unwrap());
        Gap { application: Some(ApplicationRef { module, label: None, node }), ..Gap::new(kind) }
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(seconds).unwrap()
    }

    fn keys(gaps: &[KnownGap]) -> Vec<(String, i64)> {
        gaps.iter().map(|known| (known.gap.key(), known.since.as_second())).collect()
    }

    #[tokio::test]
    async fn a_gap_keeps_its_age_until_it_is_closed_and_sources_do_not_meddle() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::start(dir.path().to_owned());
        let none = |module| gap(GapKind::NoPlan, module);
        journal.note_gaps(GapSource::Coverage, vec![none("mail1"), none("wiki1")], at(1)).await.unwrap();
        journal.note_gaps(GapSource::Proof, vec![gap(GapKind::SnapshotOld, "mail1")], at(2)).await.unwrap();
        let changed = Gap {
            facts: crate::coverage::gap::GapFacts { period_seconds: Some(1), ..Default::default() },
            ..none("mail1")
        };
        journal.note_gaps(GapSource::Coverage, vec![changed.clone()], at(3)).await.unwrap();
        let gaps = journal.gaps().await.unwrap();
        assert_eq!(keys(&gaps), [("no-plan//mail1/".into(), 1), ("snapshot-old//mail1/".into(), 2)]);
        assert_eq!(gaps[0].gap, changed);
        // The clock was ahead when it was found.
        journal.note_gaps(GapSource::Coverage, vec![changed], at(0)).await.unwrap();
        assert_eq!(keys(&journal.gaps().await.unwrap())[0].1, 0);
        // Closed, and open again: it is a new one.
        journal.note_gaps(GapSource::Coverage, vec![], at(4)).await.unwrap();
        journal.note_gaps(GapSource::Coverage, vec![none("mail1")], at(5)).await.unwrap();
        assert_eq!(keys(&journal.gaps().await.unwrap())[0].1, 5);
    }

    #[tokio::test]
    async fn the_gaps_of_some_applications_are_replaced_and_those_of_others_stay() {
        let dir = tempfile::tempdir().unwrap();
        let journal = Journal::start(dir.path().to_owned());
        let old = |module| gap(GapKind::SnapshotOld, module);
        journal.note_gaps(GapSource::Proof, vec![old("mail1"), old("wiki1")], at(1)).await.unwrap();
        let about = vec![ModuleId::new("mail1").unwrap()];
        let few = gap(GapKind::SnapshotsFew, "mail1");
        journal.note_some_gaps(GapSource::Proof, about, vec![few], at(2)).await.unwrap();
        let gaps = journal.gaps().await.unwrap();
        assert_eq!(keys(&gaps), [("snapshot-old//wiki1/".into(), 1), ("snapshots-few//mail1/".into(), 2)]);
    }
}
