// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What can be restored of each application, as far as its repositories were read: by reports, of what is not well, and by the daily proof,
//! of everything. Each function runs within one transaction.

use jiff::Timestamp;
use rusqlite::{Connection, Row, named_params, params};

use super::rows::{self, Database};
use crate::{
    ids::{DestinationId, ModuleId, PlanId},
    repo_check::findings::{Health, Snapshots},
    report::{
        Report,
        incident::{KnownFrom, Restorable, RestorePoint},
    },
};

/// What is known of one application's repository in the destination of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RestorePointRecord {
    /// The plan.
    pub plan: PlanId,
    /// The application.
    pub module: ModuleId,
    /// Where the repository is.
    pub destination: DestinationId,
    /// The newest snapshot when it was last read. None when there was none, or it was never read.
    pub newest: Option<Timestamp>,
    /// Bytes in that, where known.
    pub size: Option<u64>,
    /// How many snapshots there were. None while it was never read.
    pub count: Option<usize>,
    /// When it was last read.
    pub proved_at: Option<Timestamp>,
    /// How it was when it was last asked.
    pub health: Health,
    /// What the daily proof has to remember of it.
    pub proof: ProofMemory,
}

/// What the daily proof remembers of a repository from one day to the next.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct ProofMemory {
    /// When it last asked, whatever came of it. None: it never did.
    pub asked_at: Option<Timestamp>,
    /// When it first asked.
    pub since: Option<Timestamp>,
    /// How many snapshots the plans kept of it then.
    pub retention: Option<usize>,
    /// Since when they do.
    pub kept_since: Option<Timestamp>,
    /// The most snapshots that there were since then.
    pub most: Option<usize>,
}

/// What the daily proof has found of one application's repository in the destination of a plan.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ProvedRepository {
    /// The plan.
    pub plan: PlanId,
    /// The application.
    pub module: ModuleId,
    /// Where the repository is.
    pub destination: DestinationId,
    /// How it is.
    pub health: Health,
    /// What is in it. None where it could not be read: then what was known before stays.
    pub snapshots: Option<Snapshots>,
    /// What is to be remembered.
    pub proof: ProofMemory,
}

/// Writes down what a report has found in the repositories. Where one could not be read, what was known of it stays, with how it is now.
/// That most snapshots are gone is found again with the next look, as long as its plan is not among those that `is_told` is true of.
pub(super) fn note_report(
    connection: &Connection,
    report: &Report,
    is_told: impl Fn(&PlanId) -> bool,
) -> rusqlite::Result<()> {
    let Some(repos) = &report.repos else { return Ok(()) };
    for plan in &report.correlation.plans {
        for application in &plan.applications {
            let Some(repository) = repos.repository(plan, application) else { continue };
            let Some(destination) = &repository.destination else { continue };
            let untold = report.changes.thinned.iter().find(|thinned| {
                thinned.plan == plan.id
                    && thinned.module == application.module
                    && thinned.destination == *destination
                    && !is_told(&plan.id)
            });
            let key = (&plan.id, &application.module, destination);
            match repository.snapshots {
                Some(snapshots) => {
                    note_read(connection, key, repository.health, snapshots, report.created_at)?;
                    connection
                        .prepare_cached(
                            "UPDATE restore_points SET told_count = ? WHERE plan = ? AND module = ? AND destination = ?",
                        )?
                        .execute(params![
                            number(untold.map_or(snapshots.count, |untold| untold.before)),
                            plan.id.as_str(),
                            application.module.as_str(),
                            destination.as_str(),
                        ])?;
                }
                None => note_unread(connection, key, repository.health)?,
            }
        }
    }
    Ok(())
}

/// Which repository a row is about.
type Key<'a> = (&'a PlanId, &'a ModuleId, &'a DestinationId);

fn note_read(
    connection: &Connection,
    (plan, module, destination): Key,
    health: Health,
    snapshots: Snapshots,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO restore_points (plan, module, destination, at, size, count, told_count, proved_at, health)
             VALUES (:plan, :module, :destination, :at, :size, :count, :count, :now, :health)
             ON CONFLICT (plan, module, destination) DO UPDATE
                SET at = :at, size = :size, count = :count, told_count = max(coalesce(told_count, 0), :count),
                    proved_at = :now, health = :health",
        )?
        .execute(named_params! {
            ":plan": plan.as_str(),
            ":module": module.as_str(),
            ":destination": destination.as_str(),
            ":at": snapshots.last.map(|last| last.time.as_millisecond()),
            ":size": snapshots.last.and_then(|last| last.size).map(u64::cast_signed),
            ":count": number(snapshots.count),
            ":now": now.as_millisecond(),
            ":health": health.as_str(),
        })
        .map(drop)
}

fn note_unread(
    connection: &Connection,
    (plan, module, destination): Key,
    health: Health,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT INTO restore_points (plan, module, destination, health) VALUES (?1, ?2, ?3, ?4)
             ON CONFLICT (plan, module, destination) DO UPDATE SET health = ?4",
        )?
        .execute(params![plan.as_str(), module.as_str(), destination.as_str(), health.as_str()])
        .map(drop)
}

/// Writes down what the daily proof has found at `now`, in place of what was known of these repositories.
pub(super) fn note_proof(
    connection: &Connection,
    proved: &[ProvedRepository],
    now: Timestamp,
) -> rusqlite::Result<()> {
    for ProvedRepository { plan, module, destination, health, snapshots, proof } in proved {
        let key = (plan, module, destination);
        match snapshots {
            Some(snapshots) => note_read(connection, key, *health, *snapshots, now)?,
            None => note_unread(connection, key, *health)?,
        }
        let millis = |time: Option<Timestamp>| time.map(Timestamp::as_millisecond);
        connection
            .prepare_cached(
                "UPDATE restore_points
                 SET asked_at = :asked_at, since = :since, retention = :retention, kept_since = :kept_since, most = :most
                 WHERE plan = :plan AND module = :module AND destination = :destination",
            )?
            .execute(named_params! {
                ":asked_at": millis(proof.asked_at),
                ":since": millis(proof.since),
                ":retention": proof.retention.map(number),
                ":kept_since": millis(proof.kept_since),
                ":most": proof.most.map(number),
                ":plan": plan.as_str(),
                ":module": module.as_str(),
                ":destination": destination.as_str(),
            })?;
    }
    Ok(())
}

/// Forgets what is known of these repositories.
pub(super) fn forget(
    connection: &Connection,
    gone: &[(PlanId, ModuleId, DestinationId)],
) -> rusqlite::Result<()> {
    for (plan, module, destination) in gone {
        connection
            .prepare_cached("DELETE FROM restore_points WHERE plan = ? AND module = ? AND destination = ?")?
            .execute([plan.as_str(), module.as_str(), destination.as_str()])?;
    }
    Ok(())
}

/// All that is known, in the order of plans and applications. A row that can't be read is left out.
pub(super) fn all(database: &Database) -> rusqlite::Result<Vec<RestorePointRecord>> {
    let records: Vec<Option<RestorePointRecord>> = database
        .prepare_cached("SELECT * FROM restore_points")?
        .query_map([], |row| record(database, row))?
        .collect::<rusqlite::Result<_>>()?;
    let mut records: Vec<RestorePointRecord> = records.into_iter().flatten().collect();
    records.sort_by(|left, right| {
        let key = |record: &RestorePointRecord| {
            (record.plan.clone(), record.module.clone(), record.destination.clone())
        };
        key(left).cmp(&key(right))
    });
    Ok(records)
}

fn record(database: &Database, row: &Row) -> rusqlite::Result<Option<RestorePointRecord>> {
    let (plan, module) = (rows::text(row, "plan")?, rows::text(row, "module")?);
    let destination = rows::text(row, "destination")?;
    let health = rows::word(row, "health")?;
    let key = format!("{plan}/{module}/{destination}");
    let ids = (PlanId::new(plan), ModuleId::new(module), DestinationId::new(destination));
    let ((Ok(plan), Ok(module), Ok(destination)), Ok(health)) = (ids, health) else {
        database.unreadable.note("restore_points", key, "its key or its health is none");
        return Ok(None);
    };
    let count = |column| -> rusqlite::Result<Option<usize>> {
        let is_there = rows::optional_text(row, column)?.is_some();
        let count = rows::count(row, column)?;
        Ok(is_there.then(|| usize::try_from(count).unwrap_or(usize::MAX)))
    };
    Ok(Some(RestorePointRecord {
        plan,
        module,
        destination,
        newest: rows::optional_time(row, "at")?,
        size: size(row)?,
        count: count("count")?,
        proved_at: rows::optional_time(row, "proved_at")?,
        health,
        proof: ProofMemory {
            asked_at: rows::optional_time(row, "asked_at")?,
            since: rows::optional_time(row, "since")?,
            retention: count("retention")?,
            kept_since: rows::optional_time(row, "kept_since")?,
            most: count("most")?,
        },
    }))
}

/// What was in the repositories of a plan's applications when they were last read.
pub(super) fn of_plan(database: &Database, plan: &PlanId) -> rusqlite::Result<Vec<RestorePoint>> {
    let points: Vec<Option<RestorePoint>> = database
        .prepare_cached("SELECT * FROM restore_points WHERE plan = ? AND proved_at IS NOT NULL")?
        .query_map([plan.as_str()], |row| {
            let proved_at = rows::time(row, "proved_at")?;
            let size = size(row)?;
            let destination = DestinationId::new(rows::text(row, "destination")?).ok();
            let restorable = rows::optional_time(row, "at")?.map(|at| Restorable {
                at,
                as_of: proved_at,
                destination: destination.clone(),
                size,
                known_from: KnownFrom::Journal,
            });
            let module = ModuleId::new(rows::text(row, "module")?).ok();
            Ok(module.map(|module| RestorePoint { module, destination, proved_at, restorable }))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(points.into_iter().flatten().collect())
}

/// How many snapshots there were of a plan's applications when their repositories were last read; before most of them were gone, while that
/// was told to nobody.
pub(super) fn snapshot_counts(
    database: &Database,
    plan: &PlanId,
) -> rusqlite::Result<Vec<(ModuleId, DestinationId, usize)>> {
    let counts: Vec<Option<(ModuleId, DestinationId, usize)>> = database
        .prepare_cached(
            "SELECT module, destination, told_count FROM restore_points WHERE plan = ? AND told_count IS NOT NULL",
        )?
        .query_map([plan.as_str()], |row| {
            let module = ModuleId::new(rows::text(row, "module")?).ok();
            let destination = DestinationId::new(rows::text(row, "destination")?).ok();
            let count = usize::try_from(rows::count(row, "told_count")?).unwrap_or(usize::MAX);
            Ok(module.zip(destination).map(|(module, destination)| (module, destination, count)))
        })?
        .collect::<rusqlite::Result<_>>()?;
    Ok(counts.into_iter().flatten().collect())
}

/// Bytes in the newest snapshot, where known.
fn size(row: &Row) -> rusqlite::Result<Option<u64>> {
    Ok(match rows::number(row, "size")? {
        0 => None,
        size => u64::try_from(size).ok(),
    })
}

fn number(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests;
