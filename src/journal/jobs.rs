// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Jobs: work in progress. Each function runs within one transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::{Deserialize, Serialize};

use super::{
    ingested,
    quota::{self, MAX_ALERTS, Place},
    rows::{self, Database, to_json},
};
use crate::{
    alert::Alert, correlator::correlation::Correlation, ids::JobId, logs::findings::LogReport,
    repo_check::findings::RepoReport,
};

/// How many jobs that were given up are kept.
const KEEP_ABANDONED: i64 = 20;
/// The stages of a job that has begun, by their names.
const BEGUN: [&str; 3] = ["correlated", "logged", "checked"];
/// Where the journal keeps until when the quota of jobs is used up.
const QUOTA_USED_UNTIL: &str = "quota_used_until";

/// How far a job has come. What a stage has found out is kept, so that a restart goes on from there.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", tag = "stage")]
pub enum Stage {
    /// It waits for the applications to settle, or for Redis.
    Waiting,
    /// It knows what happened.
    Correlated {
        /// What happened.
        correlation: Correlation,
        /// How often the log was read for it, and was not complete yet.
        #[serde(default)]
        log_reads: u32,
    },
    /// It knows what the log says.
    Logged {
        /// What happened.
        correlation: Correlation,
        /// What the log says. None when all is well.
        logs: Option<LogReport>,
    },
    /// It knows what is behind it; next it becomes a report.
    Checked {
        /// What happened.
        correlation: Correlation,
        /// What the log says. None when all is well, and in jobs of 0.1.0.
        #[serde(default)]
        logs: Option<LogReport>,
        /// What is behind it. None when all is well.
        repos: Option<RepoReport>,
    },
}

impl Stage {
    /// The stage's name, as the status page and the API show it.
    pub fn as_str(&self) -> &'static str {
        match self {
            Stage::Waiting => "waiting",
            Stage::Correlated { .. } => "correlated",
            Stage::Logged { .. } => "logged",
            Stage::Checked { .. } => "checked",
        }
    }
}

/// One report in the making.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its number, which its report keeps.
    pub id: JobId,
    /// When its first alert arrived.
    pub created_at: Timestamp,
    /// When it is to be looked at.
    pub due_at: Timestamp,
    /// How far it has come.
    pub stage: Stage,
    /// True for a second look at what was told as PENDING or UNKNOWN.
    pub follow_up: bool,
    /// How often the cluster was read for it.
    pub reads: u32,
    /// What it waits for, in words.
    pub note: Option<String>,
    /// The alerts that it is about.
    pub alerts: Vec<Alert>,
    /// How many alerts it has in the journal: more than `alerts` where some can't be read.
    pub alerts_kept: i64,
    /// How often in a row it could not be driven, for a reason of its own.
    pub failures: u32,
    /// Why, the last time.
    pub failure: Option<String>,
}

/// When a job is to be driven: what is needed of it to decide that, however many alerts it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueJob {
    /// The job.
    pub id: JobId,
    /// When it is due.
    pub due_at: Timestamp,
    /// False when it has begun: then nothing but a log that is not complete yet puts it off.
    pub is_waiting: bool,
    /// True for a second look.
    pub follow_up: bool,
    /// How often in a row it could not be driven.
    pub failures: u32,
}

/// What became of writing down a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Advance {
    /// It is written down.
    Done,
    /// It is not: alerts have joined the job that the stage does not know of, so that it is looked at again.
    AlertsJoined,
}

/// Where alerts went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Taken {
    /// The job that the last of them went to. None when all were taken before.
    pub job: Option<JobId>,
    /// True when a new job was made.
    pub is_new: bool,
}

/// Takes alerts over: into the job that waits already, else into a new one, which is due after `wait`.
pub(super) fn accept(
    connection: &Connection,
    alerts: &[Alert],
    now: Timestamp,
    wait: SignedDuration,
) -> rusqlite::Result<Taken> {
    let mut taken = Taken::default();
    for alert in alerts {
        if let Some(job) = ingested::taken_by(connection, alert, now)? {
            // A webhook is told where its alert went; who polls knows that there is nothing new.
            if alert.source.wants_receipt() {
                taken.job = Some(JobId(job));
            }
            continue;
        }
        let id = match waiting_job(connection, alert)? {
            Some(id) => id,
            None => {
                taken.is_new = true;
                let pause = if is_beyond_quota(connection, alert, now)? { wait * 2 } else { wait };
                create(connection, now, now.saturating_add(pause).unwrap_or(Timestamp::MAX), false)?
            }
        };
        taken.job = Some(JobId(id));
        match place(connection, id, alert)? {
            Place::Own => {
                add_alert(connection, id, alert)?;
                ingested::take(connection, alert, now, id)?;
            }
            Place::AllPlans => add_alert(connection, id, &alert.standing_for_others())?,
        }
    }
    Ok(taken)
}

/// Takes a job from the quota of those that others may have made. True when it is used up.
fn is_beyond_quota(connection: &Connection, alert: &Alert, now: Timestamp) -> rusqlite::Result<bool> {
    if !alert.source.is_rationed() {
        return Ok(false);
    }
    let used_until: Option<String> = connection
        .prepare_cached("SELECT value FROM meta WHERE key = ?")?
        .query_row([QUOTA_USED_UNTIL], |row| rows::text(row, "value"))
        .optional()?;
    let taken = quota::take(used_until.and_then(|until| until.parse().ok()), now);
    connection
        .prepare_cached("INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)")?
        .execute(params![QUOTA_USED_UNTIL, taken.used_until.to_string()])?;
    Ok(!taken.is_within)
}

/// The place of an alert in a job.
fn place(connection: &Connection, id: i64, alert: &Alert) -> rusqlite::Result<Place> {
    if !alert.source.is_rationed() {
        return Ok(Place::Own);
    }
    let is_stranger = is_stranger(connection, alert)?;
    connection.prepare_cached("SELECT alerts, strangers FROM jobs WHERE id = ?")?.query_row([id], |row| {
        Ok(quota::place(rows::count(row, "alerts")?, rows::count(row, "strangers")?, is_stranger))
    })
}

/// True when an alert names a plan of which no run is known.
fn is_stranger(connection: &Connection, alert: &Alert) -> rusqlite::Result<bool> {
    let Some(plan) = &alert.plan else { return Ok(false) };
    connection
        .prepare_cached("SELECT NOT EXISTS (SELECT 1 FROM runs WHERE plan = ?)")?
        .query_row([plan.as_str()], |row| row.get(0))
}

/// The job that an alert can join. A job tells of one run of each plan, so that another run of the same needs another job.
fn waiting_job(connection: &Connection, alert: &Alert) -> rusqlite::Result<Option<i64>> {
    if let (Some(_), Some(plan)) = (&alert.run, &alert.plan) {
        let runs_of_plan = format!("{}/{plan}/", alert.name);
        return connection
            .prepare_cached(
                "SELECT id FROM jobs WHERE stage = 'waiting' AND follow_up = 0 AND alerts < ?1 AND NOT EXISTS (
                    SELECT 1 FROM job_alerts
                    WHERE job_id = jobs.id AND substr(identity, 1, length(?2)) = ?2 AND identity <> ?3)
                 ORDER BY id LIMIT 1",
            )?
            .query_row(params![MAX_ALERTS, runs_of_plan, alert.identity()], |row| row.get(0))
            .optional();
    }
    connection
        .prepare_cached(
            "SELECT id FROM jobs WHERE stage = 'waiting' AND follow_up = 0 AND (alerts < ? OR ?) ORDER BY id LIMIT 1",
        )?
        // A full one takes them as well: they stand in it as a wish to look at all plans.
        .query_row(params![MAX_ALERTS, alert.source.is_rationed()], |row| row.get(0))
        .optional()
}

/// Writes down what else is known of a run that was handed over before it had ended, and has it looked at once: by the job that is
/// still about it, else by a new one, as what came late may be another result than was told.
pub(super) fn close_run(connection: &Connection, alert: &Alert, now: Timestamp) -> rusqlite::Result<()> {
    let identity = alert.identity();
    let updated = connection
        .prepare_cached(
            "UPDATE job_alerts SET alert = ?1 WHERE identity = ?2
                AND job_id IN (SELECT id FROM jobs WHERE stage = 'waiting')",
        )?
        .execute(params![to_json(alert), identity])?;
    if updated == 0 {
        let id = create(connection, now, now, true)?;
        return add_alert(connection, id, alert);
    }
    connection
        .prepare_cached(
            "UPDATE jobs SET due_at = min(due_at, ?) WHERE follow_up = 1 AND EXISTS (
                SELECT 1 FROM job_alerts WHERE job_id = jobs.id AND identity = ?)",
        )?
        .execute(params![now.as_millisecond(), identity])
        .map(drop)
}

/// Makes a second look at what a job is about, with what came in meanwhile.
pub(super) fn follow_up(
    connection: &Connection,
    job: JobId,
    now: Timestamp,
    due_at: Timestamp,
) -> rusqlite::Result<()> {
    let id = create(connection, now, due_at, true)?;
    connection
        .prepare_cached("INSERT INTO job_alerts SELECT ?, identity, alert FROM job_alerts WHERE job_id = ?")?
        .execute(params![id, job.0])?;
    connection
        .prepare_cached(
            "UPDATE jobs SET alerts = (SELECT count(*) FROM job_alerts WHERE job_id = ?1) WHERE id = ?1",
        )?
        .execute([id])
        .map(drop)
}

fn create(
    connection: &Connection,
    created_at: Timestamp,
    due_at: Timestamp,
    follow_up: bool,
) -> rusqlite::Result<i64> {
    connection
        .prepare_cached(
            "INSERT INTO jobs (created_at, due_at, stage, follow_up, reads, alerts) VALUES (?, ?, 'waiting', ?, 0, 0)",
        )?
        .insert(params![created_at.as_millisecond(), due_at.as_millisecond(), follow_up])
}

fn add_alert(connection: &Connection, id: i64, alert: &Alert) -> rusqlite::Result<()> {
    let added = connection
        .prepare_cached("INSERT OR IGNORE INTO job_alerts (job_id, identity, alert) VALUES (?, ?, ?)")?
        .execute(params![id, alert.identity(), to_json(alert)])?;
    if added == 1 {
        let is_stranger = is_stranger(connection, alert)?;
        connection
            .prepare_cached("UPDATE jobs SET alerts = alerts + 1, strangers = strangers + ? WHERE id = ?")?
            .execute(params![is_stranger, id])?;
    }
    Ok(())
}

/// When each job is due, oldest first.
pub(super) fn due_jobs(database: &Database) -> rusqlite::Result<Vec<DueJob>> {
    database
        .prepare_cached("SELECT id, due_at, stage, follow_up, failures FROM jobs ORDER BY id")?
        .query_map([], |row| {
            let stage = rows::text(row, "stage")?;
            Ok(DueJob {
                id: JobId(row.get("id")?),
                due_at: rows::time(row, "due_at")?,
                // A word that is not one of ours is that of a job which is begun again.
                is_waiting: !BEGUN.contains(&stage.as_str()),
                follow_up: rows::number(row, "follow_up")? != 0,
                failures: rows::count(row, "failures")?,
            })
        })?
        .collect()
}

/// One job, with all of its alerts.
pub(super) fn get(database: &Database, id: JobId) -> rusqlite::Result<Option<Job>> {
    let job = database
        .prepare_cached("SELECT * FROM jobs WHERE id = ?")?
        .query_row([id.0], |row| job(database, row))
        .optional()?;
    job.map(|job| with_alerts(database, job)).transpose()
}

/// All jobs with their alerts, oldest first.
pub(super) fn all(database: &Database) -> rusqlite::Result<Vec<Job>> {
    database
        .prepare_cached("SELECT * FROM jobs ORDER BY id")?
        .query_map([], |row| job(database, row))?
        .map(|job| with_alerts(database, job?))
        .collect()
}

fn with_alerts(database: &Database, mut job: Job) -> rusqlite::Result<Job> {
    let mut alerts = database
        .prepare_cached("SELECT identity, alert FROM job_alerts WHERE job_id = ? ORDER BY identity")?;
    let alerts = alerts.query_map([job.id.0], |row| {
        Ok((rows::text(row, "identity")?, rows::json::<Alert>(row, "alert")?))
    })?;
    for row in alerts {
        match row? {
            (_, Ok(alert)) => job.alerts.push(alert),
            (identity, Err(reason)) => {
                database.unreadable.note("job_alerts", format!("{} {identity}", job.id), &reason);
            }
        }
    }
    Ok(job)
}

fn job(database: &Database, row: &Row) -> rusqlite::Result<Job> {
    let id = JobId(row.get("id")?);
    let stage = match rows::optional_text(row, "data")? {
        None => Stage::Waiting,
        Some(data) => serde_json::from_str(&data).unwrap_or_else(|error| {
            // Nothing is lost by finding it out again.
            database.unreadable.note("jobs", id, &format!("data: {error}"));
            Stage::Waiting
        }),
    };
    Ok(Job {
        id,
        created_at: rows::time(row, "created_at")?,
        due_at: rows::time(row, "due_at")?,
        stage,
        follow_up: rows::number(row, "follow_up")? != 0,
        reads: rows::count(row, "reads")?,
        note: rows::optional_text(row, "note")?,
        alerts: Vec::new(),
        alerts_kept: rows::number(row, "alerts")?,
        failures: rows::count(row, "failures")?,
        failure: rows::optional_text(row, "failure")?,
    })
}

/// Puts a job off: it was looked at and goes on waiting, for the reason in `note`.
pub(super) fn postpone(
    connection: &Connection,
    id: JobId,
    due_at: Timestamp,
    note: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached("UPDATE jobs SET due_at = ?, reads = reads + 1, note = ?, failures = 0, failure = NULL WHERE id = ?")?
        .execute(params![due_at.as_millisecond(), note, id.0])
        .map(drop)
}

/// Puts a job off that has begun, and writes down its stage as it is now.
pub(super) fn linger(
    connection: &Connection,
    id: JobId,
    stage: &Stage,
    due_at: Timestamp,
    note: &str,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE jobs SET stage = :stage, data = :data, due_at = :due_at, note = :note, failures = 0, failure = NULL WHERE id = :id",
        )?
        .execute(named_params! {
            ":stage": stage.as_str(),
            ":data": to_json(stage),
            ":due_at": due_at.as_millisecond(),
            ":note": note,
            ":id": id.0,
        })
        .map(drop)
}

/// Writes down the stage that a job has reached, unless alerts have joined it that its stage does not know of: it was
/// begun with `alerts` of them.
pub(super) fn advance(
    connection: &Connection,
    id: JobId,
    stage: &Stage,
    alerts: i64,
) -> rusqlite::Result<Advance> {
    let updated = connection
        .prepare_cached(
            "UPDATE jobs SET stage = :stage, data = :data, note = NULL, failures = 0, failure = NULL,
                reads = reads + (stage = 'waiting')
             WHERE id = :id AND alerts = :alerts",
        )?
        .execute(named_params! {
            ":stage": stage.as_str(),
            ":data": to_json(stage),
            ":id": id.0,
            ":alerts": alerts,
        })?;
    Ok(if updated == 1 { Advance::Done } else { Advance::AlertsJoined })
}

/// Writes down that a job could not be driven, and when it is tried again. Gives how often that was in a row.
pub(super) fn fail(
    connection: &Connection,
    id: JobId,
    reason: &str,
    due_at: Timestamp,
) -> rusqlite::Result<u32> {
    let failures = connection
        .prepare_cached(
            "UPDATE jobs SET failures = max(failures, 0) + 1, failure = ?, due_at = ? WHERE id = ? RETURNING failures",
        )?
        .query_row(params![reason, due_at.as_millisecond(), id.0], |row| rows::count(row, "failures"))
        .optional()?;
    Ok(failures.unwrap_or_default())
}

/// Puts each of these groups of alerts into a job of its own, due at once, in place of the job that they were in.
pub(super) fn split(connection: &Connection, job: &Job, groups: &[Vec<Alert>]) -> rusqlite::Result<()> {
    for alerts in groups {
        let id = create(connection, job.created_at, job.due_at, job.follow_up)?;
        alerts.iter().try_for_each(|alert| add_alert(connection, id, alert))?;
    }
    remove(connection, job.id)
}

/// Keeps what a job was about that is given up.
pub(super) fn abandon(
    connection: &Connection,
    id: JobId,
    reason: &str,
    now: Timestamp,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "INSERT OR REPLACE INTO abandoned_jobs (id, at, reason, stage, data, alerts)
             SELECT id, ?1, ?2, stage, data, (SELECT '[' || coalesce(group_concat(alert), '') || ']' FROM job_alerts WHERE job_id = ?3)
             FROM jobs WHERE id = ?3",
        )?
        .execute(params![now.as_millisecond(), reason, id.0])?;
    connection
        .prepare_cached(
            "DELETE FROM abandoned_jobs WHERE id <= (SELECT id FROM abandoned_jobs ORDER BY id DESC LIMIT 1 OFFSET ?)",
        )?
        .execute([KEEP_ABANDONED])
        .map(drop)
}

/// A job that was given up.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AbandonedJob {
    /// Its number; a report with it says so.
    pub id: JobId,
    /// When.
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// The jobs that were given up since, newest first.
pub(super) fn abandoned(connection: &Connection, since: Timestamp) -> rusqlite::Result<Vec<AbandonedJob>> {
    connection
        .prepare_cached("SELECT id, at, reason FROM abandoned_jobs WHERE at >= ? ORDER BY id DESC")?
        .query_map([since.as_millisecond()], |row| {
            Ok(AbandonedJob {
                id: JobId(row.get("id")?),
                at: rows::time(row, "at")?,
                reason: rows::text(row, "reason")?,
            })
        })?
        .collect()
}

/// Ends a job.
pub(super) fn remove(connection: &Connection, id: JobId) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM jobs WHERE id = ?")?.execute([id.0]).map(drop)
}
