//! Reports: what was found out, the mail that tells it, and how far that mail has come. Each function runs within one
//! transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params, types::Type};
use serde::{Deserialize, Serialize};

use super::{from_millis, runs, to_json};
use crate::{
    correlator::correlation::Outcome,
    ids::{JobId, ModuleId, PlanId},
    notifier::{
        delivery::{Delivery, DeliveryState, Perhaps, Refusal},
        message::Message,
        notification::Notification,
    },
    report::{Report, history::RunRecord},
};

/// How long reports are kept.
const KEEP: SignedDuration = SignedDuration::from_hours(90 * 24);
/// No attempt is farther off than this; see `notifier::delivery`.
const FARTHEST_ATTEMPT: SignedDuration = SignedDuration::from_mins(60);
/// How many reports are kept.
const KEEP_COUNT: i64 = 1000;

/// A report that was just made.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// What happened.
    pub report: Report,
    /// The mail that tells it.
    pub message: Message,
    /// What it tells of each plan.
    pub notifications: Vec<Notification>,
    /// An unchanged telling is sent again only after this long.
    pub repeat: SignedDuration,
    /// Keep no report of what was told before: nobody asked for one again.
    pub only_if_changed: bool,
    /// False when there is nothing in it that anybody wants a mail about.
    pub is_wanted: bool,
    /// The runs that it is about, as they are kept.
    pub runs: Vec<RunRecord>,
}

impl NewReport {
    /// What it tells of a plan.
    pub(super) fn notification_of(&self, plan: &PlanId) -> Option<&Notification> {
        self.notifications.iter().find(|notification| notification.plan == plan.as_str())
    }

    /// The run of a plan that it is about.
    fn run_of(&self, plan: &str) -> Option<&RunRecord> {
        self.runs.iter().find(|run| run.plan.as_str() == plan)
    }
}

/// A report in the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportSummary {
    /// Its number.
    pub id: JobId,
    /// When it was made.
    pub created_at: Timestamp,
    /// Its outcome.
    pub outcome: Outcome,
    /// The subject of its mail.
    pub subject: String,
    /// Its plans.
    pub plans: Vec<PlanSummary>,
    /// The state of its mail.
    pub delivery: Delivery,
}

/// A plan in the list.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanSummary {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: Option<String>,
    /// Its outcome.
    pub outcome: Outcome,
}

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredReport {
    /// What happened.
    #[serde(flatten)]
    pub report: Report,
    /// The state of its mail.
    pub delivery: Delivery,
    /// The mail.
    pub mail: Message,
}

/// Keeps a report, and queues its mail unless all of it was told before. False when it was dropped as nothing new.
pub(super) fn insert(connection: &Connection, new: &NewReport) -> rusqlite::Result<bool> {
    let NewReport { report, message, .. } = new;
    let now = report.created_at;
    let unchanged = is_unchanged(connection, new)?;
    if unchanged && new.only_if_changed {
        return Ok(false);
    }
    let state = match (unchanged, new.is_wanted) {
        (true, _) => DeliveryState::Unchanged,
        (false, true) => DeliveryState::Queued,
        (false, false) => DeliveryState::Suppressed,
    };
    let plans: Vec<PlanSummary> = report
        .correlation
        .plans
        .iter()
        .map(|plan| PlanSummary { id: plan.id.clone(), name: plan.name.clone(), outcome: plan.outcome })
        .collect();
    connection
        .prepare_cached(
            "INSERT INTO reports (id, created_at, outcome, plans, report, subject, text, html, delivery, queued_at,
                resends, attempts, next_attempt_at, accepted, refused)
             VALUES (:id, :now, :outcome, :plans, :report, :subject, :text, :html, :delivery, :now, 0, 0, :now, '[]',
                '[]')",
        )?
        .execute(named_params! {
            ":id": report.id.0,
            ":now": now.as_millisecond(),
            ":outcome": report.outcome.as_str(),
            ":plans": to_json(&plans),
            ":report": to_json(report),
            ":subject": message.subject,
            ":text": message.text,
            ":html": message.html,
            ":delivery": state.as_str(),
        })?;
    if state == DeliveryState::Queued {
        let mut tell = connection.prepare_cached("INSERT OR REPLACE INTO told VALUES (?, ?, ?, ?, ?)")?;
        for Notification { plan, digest, outcome } in &new.notifications {
            // What comes late of an earlier run is told, but it is not the plan's last word.
            if new.run_of(plan).map_or(Ok(false), |run| runs::is_superseded(connection, run))? {
                continue;
            }
            tell.execute(params![plan, digest, outcome.as_str(), report.id.0, now.as_millisecond()])?;
        }
    }
    prune(connection, now)?;
    Ok(true)
}

/// True when everything that the report tells was told before, not too long ago.
fn is_unchanged(connection: &Connection, new: &NewReport) -> rusqlite::Result<bool> {
    let mut told = connection.prepare_cached("SELECT digest, at FROM told WHERE plan = ?")?;
    let since = new.report.created_at.saturating_sub(new.repeat).unwrap_or(Timestamp::MIN);
    for Notification { plan, digest, .. } in &new.notifications {
        let last: Option<(String, i64)> =
            told.query_row([plan], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        // What was told in the future was told by a clock that was set back.
        let is_recent = |at: i64| from_millis(at) > since && from_millis(at) <= new.report.created_at;
        let mut is_same = last.is_some_and(|(last, at)| last == *digest && is_recent(at));
        // When a run that was followed is looked at again, the next one may have been told already.
        if let Some(run) = new.run_of(plan).filter(|run| new.only_if_changed && run.followed) {
            is_same |= runs::digest(connection, run)?.as_deref() == Some(digest);
        }
        if !is_same {
            return Ok(false);
        }
    }
    Ok(!new.notifications.is_empty())
}

/// Forgets old reports, but none whose mail still waits.
fn prune(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM reports WHERE delivery <> 'queued' AND (created_at < ?1 OR id <= (
                SELECT id FROM reports ORDER BY id DESC LIMIT 1 OFFSET ?2))",
        )?
        .execute(params![(now - KEEP).as_millisecond(), KEEP_COUNT])
        .map(drop)
}

/// Which reports are listed. What is not set is not asked for.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ReportFilter {
    /// Only reports with smaller numbers: those after a page that ended with this one.
    pub before: Option<JobId>,
    /// Only reports about this plan.
    pub plan: Option<PlanId>,
    /// Only reports with this outcome.
    pub outcome: Option<Outcome>,
    /// Only reports about this application.
    pub application: Option<ModuleId>,
}

/// A page of reports.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct ReportPage {
    /// The reports, newest first.
    pub reports: Vec<ReportSummary>,
    /// How many fit the filter on all pages.
    pub total: u32,
}

/// The newest reports that fit `filter`, newest first.
pub(super) fn list(
    connection: &Connection,
    filter: &ReportFilter,
    limit: u32,
) -> rusqlite::Result<ReportPage> {
    const FITTING: &str = "FROM reports WHERE (:outcome IS NULL OR outcome = :outcome)
        AND (:plan IS NULL OR EXISTS (SELECT 1 FROM json_each(plans) WHERE value ->> 'id' = :plan))
        AND (:application IS NULL OR EXISTS (
            SELECT 1 FROM json_each(report, '$.correlation.plans') AS plan,
                json_each(plan.value, '$.applications') AS application
            WHERE application.value ->> 'module' = :application))";
    let outcome = filter.outcome.map(Outcome::as_str);
    let plan = filter.plan.as_ref().map(PlanId::as_str);
    let application = filter.application.as_ref().map(ModuleId::as_str);
    let reports = connection
        .prepare_cached(&format!(
            "SELECT id, created_at, outcome, plans, subject, delivery, attempts, next_attempt_at, sent_at, accepted,
                refused, last_error
             {FITTING} AND (:before IS NULL OR id < :before) ORDER BY id DESC LIMIT :limit",
        ))?
        .query_map(
            named_params! {
                ":outcome": outcome,
                ":plan": plan,
                ":application": application,
                ":before": filter.before.map(|id| id.0),
                ":limit": limit,
            },
            summary,
        )?
        .collect::<rusqlite::Result<_>>()?;
    let total = connection.prepare_cached(&format!("SELECT count(*) {FITTING}"))?.query_row(
        named_params! {":outcome": outcome, ":plan": plan, ":application": application},
        |row| row.get(0),
    )?;
    Ok(ReportPage { reports, total })
}

/// Queues a report's mail once more, for everybody. False when there is no such report.
pub(super) fn resend(connection: &Connection, id: JobId, now: Timestamp) -> rusqlite::Result<bool> {
    let exists: bool = connection
        .prepare_cached("SELECT EXISTS (SELECT 1 FROM reports WHERE id = ?)")?
        .query_row([id.0], |row| row.get(0))?;
    connection
        .prepare_cached(
            "UPDATE reports SET delivery = 'queued', queued_at = :now, resends = resends + 1, attempts = 0,
                next_attempt_at = :now, sent_at = NULL, accepted = '[]', refused = '[]', last_error = NULL
             WHERE id = :id AND delivery <> 'queued'",
        )?
        .execute(named_params! {":id": id.0, ":now": now.as_millisecond()})?;
    Ok(exists)
}

/// The newest reports with the text of their mails, newest first.
pub(super) fn recent(connection: &Connection, limit: u32) -> rusqlite::Result<Vec<(ReportSummary, String)>> {
    connection
        .prepare_cached("SELECT * FROM reports ORDER BY id DESC LIMIT ?")?
        .query_map([limit], |row| Ok((summary(row)?, row.get("text")?)))?
        .collect()
}

fn summary(row: &Row) -> rusqlite::Result<ReportSummary> {
    Ok(ReportSummary {
        id: JobId(row.get("id")?),
        created_at: from_millis(row.get("created_at")?),
        outcome: word(row, "outcome")?,
        subject: row.get("subject")?,
        plans: json(row, "plans")?,
        delivery: delivery(row)?,
    })
}

/// One report.
pub(super) fn get(connection: &Connection, id: JobId) -> rusqlite::Result<Option<StoredReport>> {
    connection
        .prepare_cached("SELECT * FROM reports WHERE id = ?")?
        .query_row([id.0], |row| {
            Ok(StoredReport { report: json(row, "report")?, delivery: delivery(row)?, mail: message(row)? })
        })
        .optional()
}

/// A mail that waits to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outgoing {
    /// The report.
    pub id: JobId,
    /// When it was queued: the mail's date, however late it is sent.
    pub queued_at: Timestamp,
    /// How often it was queued again, after somebody asked for that.
    pub resends: u32,
    /// What it says.
    pub message: Message,
    /// How it went so far.
    pub delivery: Delivery,
}

/// The mails that are due, oldest first. One that is due later than any pause is long was put off before the clock was set back.
pub(super) fn due(connection: &Connection, now: Timestamp) -> rusqlite::Result<Vec<Outgoing>> {
    connection
        .prepare_cached(
            "SELECT * FROM reports WHERE delivery = 'queued' AND (next_attempt_at <= ? OR next_attempt_at > ?)
             ORDER BY id LIMIT 20",
        )?
        .query_map([now, now + FARTHEST_ATTEMPT].map(Timestamp::as_millisecond), |row| {
            Ok(Outgoing {
                id: JobId(row.get("id")?),
                queued_at: from_millis(row.get("queued_at")?),
                resends: row.get("resends")?,
                message: message(row)?,
                delivery: delivery(row)?,
            })
        })?
        .collect()
}

/// How many mails wait to be sent.
pub(super) fn queued(connection: &Connection) -> rusqlite::Result<u32> {
    connection
        .prepare_cached("SELECT count(*) FROM reports WHERE delivery = 'queued'")?
        .query_row([], |row| row.get(0))
}

/// When the next mail is due.
pub(super) fn next_due(connection: &Connection) -> rusqlite::Result<Option<Timestamp>> {
    let next: Option<i64> = connection
        .prepare_cached("SELECT min(next_attempt_at) FROM reports WHERE delivery = 'queued'")?
        .query_row([], |row| row.get(0))?;
    Ok(next.map(from_millis))
}

/// Writes down how an attempt went.
pub(super) fn record(
    connection: &Connection,
    id: JobId,
    resends: u32,
    delivery: &Delivery,
) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "UPDATE reports SET delivery = :state, attempts = :attempts, next_attempt_at = :next, sent_at = :sent,
                accepted = :accepted, refused = :refused, last_error = :error
             WHERE id = :id AND resends = :resends",
        )?
        .execute(named_params! {
            ":id": id.0,
            ":resends": resends,
            ":state": delivery.state.as_str(),
            ":attempts": delivery.attempts,
            ":next": delivery.next_attempt_at.as_millisecond(),
            ":sent": delivery.sent_at.map(Timestamp::as_millisecond),
            ":accepted": to_json(&delivery.accepted),
            ":refused": to_json(&NotAccepted::of(delivery)),
            ":error": delivery.last_error,
        })?;
    if delivery.state == DeliveryState::Failed {
        // Nobody was told after all: the next report of the same may be news.
        connection.prepare_cached("DELETE FROM told WHERE report_id = ?")?.execute([id.0])?;
    }
    Ok(())
}

/// Who has not accepted the mail, as the column `refused` has it. Version 0.1.0 knew nobody who perhaps has, and reads them as refused.
#[derive(Serialize, Deserialize)]
struct NotAccepted {
    address: String,
    reason: String,
    /// Set for those that perhaps have it: how often.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    perhaps: Option<u32>,
}

impl NotAccepted {
    fn of(delivery: &Delivery) -> Vec<Self> {
        let refused = delivery.refused.iter().map(|Refusal { address, reason }| Self {
            address: address.clone(),
            reason: reason.clone(),
            perhaps: None,
        });
        let perhaps = delivery.perhaps.iter().map(|Perhaps { address, reason, times }| Self {
            address: address.clone(),
            reason: reason.clone(),
            perhaps: Some(*times),
        });
        refused.chain(perhaps).collect()
    }
}

fn delivery(row: &Row) -> rusqlite::Result<Delivery> {
    let (mut refused, mut perhaps) = (Vec::new(), Vec::new());
    for NotAccepted { address, reason, perhaps: times } in json::<Vec<NotAccepted>>(row, "refused")? {
        match times {
            Some(times) => perhaps.push(Perhaps { address, reason, times }),
            None => refused.push(Refusal { address, reason }),
        }
    }
    Ok(Delivery {
        state: word(row, "delivery")?,
        attempts: row.get("attempts")?,
        next_attempt_at: from_millis(row.get("next_attempt_at")?),
        sent_at: row.get::<_, Option<i64>>("sent_at")?.map(from_millis),
        accepted: json(row, "accepted")?,
        refused,
        perhaps,
        last_error: row.get("last_error")?,
    })
}

fn message(row: &Row) -> rusqlite::Result<Message> {
    Ok(Message { subject: row.get("subject")?, text: row.get("text")?, html: row.get("html")? })
}

fn json<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> rusqlite::Result<T> {
    let text: String = row.get(column)?;
    serde_json::from_str(&text).map_err(|error| unreadable(column, error))
}

/// An enum's value, which stands in its column as its bare word.
fn word<T: serde::de::DeserializeOwned>(row: &Row, column: &str) -> rusqlite::Result<T> {
    let word: String = row.get(column)?;
    serde_json::from_value(word.into()).map_err(|error| unreadable(column, error))
}

fn unreadable(column: &str, error: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> rusqlite::Error {
    let error = error.into();
    rusqlite::Error::FromSqlConversionFailure(0, Type::Text, format!("{column}: {error}").into())
}
