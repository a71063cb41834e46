// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Past runs of the plans: what the pages show of them, and what the next report compares itself with. Each function runs within
//! one transaction.

use std::collections::{BTreeSet, HashSet};

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params};

use super::rows::{self, Database, from_millis, to_json};
use crate::{
    correlator::correlation::State,
    ids::{JobId, ModuleId, PlanId},
    report::history::{PastRun, RunRecord},
};

/// How many runs are kept of each plan.
const KEEP_COUNT: i64 = 100;

/// Keeps a run, in place of what was known of it before. `report` is the report that tells it, if one was kept, and `digest` what it
/// tells.
///
/// A run that was not followed is the same as the last one if it began before that had ended: it was looked at twice.
pub(super) fn record(
    connection: &Connection,
    run: &RunRecord,
    report: Option<JobId>,
    digest: Option<&str>,
) -> rusqlite::Result<()> {
    let began_at = began_at(connection, run)?;
    connection
        .prepare_cached(
            "INSERT INTO runs (plan, began_at, ended_at, outcome, report_id, digest, run)
             VALUES (?1, ?2, ?3, ?4, ?5, iif(?5 IS NULL, NULL, ?6), ?7)
             ON CONFLICT (plan, began_at) DO UPDATE
                SET ended_at = ?3, outcome = ?4, report_id = coalesce(?5, report_id),
                    digest = iif(?5 IS NULL, digest, ?6), run = ?7",
        )?
        .execute(params![
            run.plan.as_str(),
            began_at.as_millisecond(),
            run.ended_at.as_millisecond(),
            run.outcome.as_str(),
            report.map(|report| report.0),
            digest,
            to_json(run),
        ])?;
    connection
        .prepare_cached(
            "DELETE FROM runs WHERE plan = ?1 AND began_at <= (
                SELECT began_at FROM runs WHERE plan = ?1 ORDER BY began_at DESC LIMIT 1 OFFSET ?2)",
        )?
        .execute(params![run.plan.as_str(), KEEP_COUNT])
        .map(drop)
}

/// When a run began that may have been looked at before: what was followed began when that says.
pub(super) fn began_at(connection: &Connection, run: &RunRecord) -> rusqlite::Result<Timestamp> {
    Ok(if run.followed { run.began_at } else { same_run(connection, run)?.unwrap_or(run.began_at) })
}

fn same_run(connection: &Connection, run: &RunRecord) -> rusqlite::Result<Option<Timestamp>> {
    let began_at: Option<i64> = connection
        .prepare_cached(
            "SELECT began_at FROM runs WHERE plan = ?1 AND began_at <= ?2 AND ended_at > ?2
             ORDER BY began_at DESC LIMIT 1",
        )?
        .query_row(params![run.plan.as_str(), run.began_at.as_millisecond()], |row| row.get(0))
        .optional()?;
    Ok(began_at.map(from_millis))
}

/// What was last told of the run of a plan that began then.
pub(super) fn digest(
    connection: &Connection,
    plan: &PlanId,
    began_at: Timestamp,
) -> rusqlite::Result<Option<String>> {
    let digest: Option<Option<String>> = connection
        .prepare_cached("SELECT digest FROM runs WHERE plan = ? AND began_at = ?")?
        .query_row(params![plan.as_str(), began_at.as_millisecond()], |row| {
            rows::optional_text(row, "digest")
        })
        .optional()?;
    Ok(digest.flatten())
}

/// True when a run of the plan is known that began after `began_at`.
pub(super) fn is_superseded(
    connection: &Connection,
    plan: &PlanId,
    began_at: Timestamp,
) -> rusqlite::Result<bool> {
    connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM runs WHERE plan = ? AND began_at > ?)")?
        .query_row(params![plan.as_str(), began_at.as_millisecond()], |row| row.get(0))
}

/// A plan's runs that began before `before`, newest first, at most `limit`.
pub(super) fn before(
    database: &Database,
    plan: &PlanId,
    before: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<PastRun>> {
    let mut runs = database.prepare_cached(
        "SELECT * FROM runs WHERE plan = ? AND began_at < ? ORDER BY began_at DESC LIMIT ?",
    )?;
    let runs = runs
        .query_map(params![plan.as_str(), before.as_millisecond(), limit], |row| past_run(database, row))?;
    runs.filter_map(Result::transpose).collect()
}

/// A plan's last runs, newest first, at most `limit`, each with these applications alone. One run at a time is held whole.
pub(super) fn of_applications(
    database: &Database,
    plan: &PlanId,
    modules: &[ModuleId],
    limit: u32,
) -> rusqlite::Result<Vec<PastRun>> {
    let mut runs =
        database.prepare_cached("SELECT * FROM runs WHERE plan = ? ORDER BY began_at DESC LIMIT ?")?;
    let runs = runs.query_map(params![plan.as_str(), limit], |row| {
        let mut past = past_run(database, row)?;
        if let Some(past) = &mut past {
            past.run.applications.retain(|application| modules.contains(&application.module));
            past.run.applications.shrink_to_fit();
        }
        Ok(past)
    })?;
    runs.filter_map(Result::transpose).collect()
}

/// The last runs of every plan, newest first, at most `limit` of each.
pub(super) fn last(database: &Database, limit: u32) -> rusqlite::Result<Vec<PastRun>> {
    let mut runs = database.prepare_cached(
        "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY plan ORDER BY began_at DESC) AS place FROM runs)
         WHERE place <= ? ORDER BY plan, began_at DESC",
    )?;
    let runs = runs.query_map([limit], |row| past_run(database, row))?;
    runs.filter_map(Result::transpose).collect()
}

/// The last runs of every plan, newest first, each with no more than what is new in it: of each application its newest good result, and its
/// newest one from a run that began no later than `since`. And the plans of which there are as many as are kept.
pub(super) fn outlines(
    database: &Database,
    since: Timestamp,
) -> rusqlite::Result<(Vec<PastRun>, BTreeSet<PlanId>)> {
    let mut rows = database.prepare_cached("SELECT * FROM runs ORDER BY plan, began_at DESC")?;
    let mut outlines: Vec<PastRun> = Vec::new();
    let mut cut = BTreeSet::new();
    let (mut count, mut newest, mut before) = (0, HashSet::new(), HashSet::new());
    for past in rows.query_map([], |row| past_run(database, row))? {
        let Some(mut past) = past? else { continue };
        if outlines.last().is_none_or(|last| last.run.plan != past.run.plan) {
            (count, newest, before) = (0, HashSet::new(), HashSet::new());
        }
        count += 1;
        if count >= KEEP_COUNT {
            cut.insert(past.run.plan.clone());
        }
        let is_before = past.run.began_at <= since;
        past.run.applications.retain(|record| {
            if record.state != State::Ok {
                return false;
            }
            let is_new = newest.insert(record.module.clone());
            let is_new_before = is_before && before.insert(record.module.clone());
            is_new || is_new_before
        });
        outlines.push(past);
    }
    Ok((outlines, cut))
}

/// A run; none where its row can't be read.
fn past_run(database: &Database, row: &Row) -> rusqlite::Result<Option<PastRun>> {
    match rows::json(row, "run")? {
        Ok(run) => {
            let report: Option<i64> = row.get("report_id")?;
            Ok(Some(PastRun { report: report.map(JobId), run }))
        }
        Err(reason) => {
            let key = format!("{} {}", rows::text(row, "plan")?, rows::number(row, "began_at")?);
            database.unreadable.note("runs", key, &reason);
            Ok(None)
        }
    }
}
