//! Jobs: work in progress. Each function runs within one transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::{Deserialize, Serialize};

use super::{from_millis, ingested, to_json};
use crate::{
    alert::{Alert, Source},
    correlator::correlation::Correlation,
    ids::JobId,
    repo_check::findings::RepoReport,
};

/// How many alerts one job takes. A cluster has some tens of plans; whatever posts more does not get between others and their mail.
const MAX_ALERTS: u32 = 500;

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
    },
    /// It knows what is behind it; next it becomes a report.
    Checked {
        /// What happened.
        correlation: Correlation,
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
    /// How many alerts it has in the journal: more than `alerts` when another version wrote some that can't be read.
    pub alerts_kept: u32,
}

/// When a job is to be driven: what is needed of it to decide that, however many alerts it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DueJob {
    /// The job.
    pub id: JobId,
    /// When it is due.
    pub due_at: Timestamp,
    /// False when it has begun: then it is to be driven at once.
    pub is_waiting: bool,
    /// True for a second look.
    pub follow_up: bool,
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
            if alert.source == Source::Webhook {
                taken.job = Some(JobId(job));
            }
            continue;
        }
        let id = match waiting_job(connection, alert)? {
            Some(id) => id,
            None => {
                taken.is_new = true;
                create(connection, now, now + wait, false)?
            }
        };
        add_alert(connection, id, alert)?;
        ingested::take(connection, alert, now, id)?;
        taken.job = Some(JobId(id));
    }
    Ok(taken)
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
            "SELECT id FROM jobs WHERE stage = 'waiting' AND follow_up = 0 AND alerts < ? ORDER BY id LIMIT 1",
        )?
        .query_row([MAX_ALERTS], |row| row.get(0))
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
            "INSERT INTO jobs (created_at, due_at, stage, follow_up, looks, alerts) VALUES (?, ?, 'waiting', ?, 0, 0)",
        )?
        .insert(params![created_at.as_millisecond(), due_at.as_millisecond(), follow_up])
}

fn add_alert(connection: &Connection, id: i64, alert: &Alert) -> rusqlite::Result<()> {
    let added = connection
        .prepare_cached("INSERT OR IGNORE INTO job_alerts (job_id, identity, alert) VALUES (?, ?, ?)")?
        .execute(params![id, alert.identity(), to_json(alert)])?;
    if added == 1 {
        connection.prepare_cached("UPDATE jobs SET alerts = alerts + 1 WHERE id = ?")?.execute([id])?;
    }
    Ok(())
}

/// When each job is due, oldest first.
pub(super) fn due_jobs(connection: &Connection) -> rusqlite::Result<Vec<DueJob>> {
    connection
        .prepare_cached("SELECT id, due_at, stage = 'waiting', follow_up FROM jobs ORDER BY id")?
        .query_map([], |row| {
            Ok(DueJob {
                id: JobId(row.get(0)?),
                due_at: from_millis(row.get(1)?),
                is_waiting: row.get(2)?,
                follow_up: row.get(3)?,
            })
        })?
        .collect()
}

/// One job, with all of its alerts.
pub(super) fn get(connection: &Connection, id: JobId) -> rusqlite::Result<Option<Job>> {
    let job =
        connection.prepare_cached("SELECT * FROM jobs WHERE id = ?")?.query_row([id.0], job).optional()?;
    job.map(|job| with_alerts(connection, job)).transpose()
}

/// All jobs with their alerts, oldest first.
pub(super) fn all(connection: &Connection) -> rusqlite::Result<Vec<Job>> {
    connection
        .prepare_cached("SELECT * FROM jobs ORDER BY id")?
        .query_map([], job)?
        .map(|job| with_alerts(connection, job?))
        .collect()
}

fn with_alerts(connection: &Connection, mut job: Job) -> rusqlite::Result<Job> {
    let mut alerts =
        connection.prepare_cached("SELECT alert FROM job_alerts WHERE job_id = ? ORDER BY identity")?;
    for text in alerts.query_map([job.id.0], |row| row.get::<_, String>(0))? {
        match serde_json::from_str(&text?) {
            Ok(alert) => job.alerts.push(alert),
            Err(error) => tracing::warn!(job = %job.id, %error, "unreadable alert in the journal"),
        }
    }
    Ok(job)
}

fn job(row: &Row) -> rusqlite::Result<Job> {
    let id = JobId(row.get("id")?);
    let name: String = row.get("stage")?;
    let data: Option<String> = row.get("data")?;
    let stage = match data.as_deref().map(serde_json::from_str) {
        None => Stage::Waiting,
        Some(Ok(stage)) => stage,
        Some(Err(error)) => {
            // Another version wrote it. Nothing is lost by finding it out again.
            tracing::warn!(job = %id, stage = name, %error, "unreadable job data; restarting the job");
            Stage::Waiting
        }
    };
    Ok(Job {
        id,
        created_at: from_millis(row.get("created_at")?),
        due_at: from_millis(row.get("due_at")?),
        stage,
        follow_up: row.get("follow_up")?,
        reads: row.get("looks")?,
        note: row.get("note")?,
        alerts: Vec::new(),
        alerts_kept: row.get("alerts")?,
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
        .prepare_cached("UPDATE jobs SET due_at = ?, looks = looks + 1, note = ? WHERE id = ?")?
        .execute(params![due_at.as_millisecond(), note, id.0])
        .map(drop)
}

/// Writes down the stage that a job has reached, unless alerts have joined it that its stage does not know of: it was
/// begun with `alerts` of them. False then, and the job is to be looked at again.
pub(super) fn advance(
    connection: &Connection,
    id: JobId,
    stage: &Stage,
    alerts: u32,
) -> rusqlite::Result<bool> {
    let updated = connection
        .prepare_cached(
            "UPDATE jobs SET stage = :stage, data = :data, note = NULL,
                looks = looks + (stage = 'waiting')
             WHERE id = :id AND alerts = :alerts",
        )?
        .execute(named_params! {
            ":stage": stage.as_str(),
            ":data": to_json(stage),
            ":id": id.0,
            ":alerts": alerts,
        })?;
    Ok(updated == 1)
}

/// Ends a job.
pub(super) fn remove(connection: &Connection, id: JobId) -> rusqlite::Result<()> {
    connection.prepare_cached("DELETE FROM jobs WHERE id = ?")?.execute([id.0]).map(drop)
}
