//! Past runs of the plans: what the pages show of them, and what the next report compares itself with. Each function runs within
//! one transaction.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension, Row, params, types::Type};

use super::{from_millis, to_json};
use crate::{
    correlator::correlation::Outcome,
    ids::{JobId, PlanId},
    report::history::{PastRun, RunRecord},
};

/// How many runs are kept of each plan.
const KEEP_COUNT: i64 = 100;

/// Keeps a run, in place of what was known of it before. `report` is the report that tells it, if one was kept.
///
/// A run that was not followed is the same as the last one if it began before that had ended: it was looked at twice.
pub(super) fn record(
    connection: &Connection,
    run: &RunRecord,
    report: Option<JobId>,
) -> rusqlite::Result<()> {
    let began_at =
        if run.followed { run.began_at } else { same_run(connection, run)?.unwrap_or(run.began_at) };
    connection
        .prepare_cached(
            "INSERT INTO runs (plan, began_at, ended_at, outcome, report_id, run) VALUES (?1, ?2, ?3, ?4, ?5, ?6)
             ON CONFLICT (plan, began_at) DO UPDATE
                SET ended_at = ?3, outcome = ?4, report_id = coalesce(?5, report_id), run = ?6",
        )?
        .execute(params![
            run.plan.as_str(),
            began_at.as_millisecond(),
            run.ended_at.as_millisecond(),
            run.outcome.as_str(),
            report.map(|report| report.0),
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

/// A plan's runs that began before `before`, newest first, at most `limit`.
pub(super) fn before(
    connection: &Connection,
    plan: &PlanId,
    before: Timestamp,
    limit: u32,
) -> rusqlite::Result<Vec<PastRun>> {
    connection
        .prepare_cached("SELECT * FROM runs WHERE plan = ? AND began_at < ? ORDER BY began_at DESC LIMIT ?")?
        .query_map(params![plan.as_str(), before.as_millisecond(), limit], past_run)?
        .collect()
}

/// The last runs of every plan, newest first, at most `limit` of each.
pub(super) fn last(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<PastRun>> {
    connection
        .prepare_cached(
            "SELECT * FROM (SELECT *, row_number() OVER (PARTITION BY plan ORDER BY began_at DESC) AS place FROM runs)
             WHERE place <= ? ORDER BY plan, began_at DESC",
        )?
        .query_map([limit], past_run)?
        .collect()
}

fn past_run(row: &Row) -> rusqlite::Result<PastRun> {
    let run: String = row.get("run")?;
    let run = serde_json::from_str(&run)
        .map_err(|error| rusqlite::Error::FromSqlConversionFailure(0, Type::Text, error.into()))?;
    let report: Option<i64> = row.get("report_id")?;
    Ok(PastRun { report: report.map(JobId), run })
}

/// How the last thing that was told of each of these plans came out.
pub(super) fn told(connection: &Connection, plans: &[PlanId]) -> rusqlite::Result<Vec<(PlanId, Outcome)>> {
    let mut told = connection.prepare_cached("SELECT outcome FROM told WHERE plan = ?")?;
    let mut outcomes = Vec::new();
    for plan in plans {
        let outcome: Option<String> = told.query_row([plan.as_str()], |row| row.get(0)).optional()?;
        if let Some(outcome) = outcome.and_then(|word| serde_json::from_value(word.into()).ok()) {
            outcomes.push((plan.clone(), outcome));
        }
    }
    Ok(outcomes)
}
