// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reports: what was found out, the mail about it, and the decision whether it is sent. Each function runs within one transaction.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension, Row, named_params, params};
use serde::{Deserialize, Serialize};

use super::{
    courses::Courses,
    notifications,
    queue::{self, DeliveryRecord, NewRow},
    quota::KEEP_STRANGE_REPORTS,
    restore_points,
    rows::{self, Database, to_json},
};
use crate::{
    audience::{AudiencePlans, NotifyOn},
    correlator::correlation::Outcome,
    ids::{JobId, ModuleId, PlanId},
    notifier::{
        decision::{Decision, Found, HoldReason, Origin, Policy, decide},
        delivery::{Channel, Delivery, DeliveryState},
        message::Message,
        notification::ANY_PLAN,
    },
    report::{Report, history::RunRecord},
};

/// How long reports are kept.
const KEEP: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How many reports are kept.
const KEEP_COUNT: i64 = 1000;
/// How many are kept however old they are: a clock that runs years ahead must not cost the history.
const KEEP_HOWEVER_OLD: i64 = 100;

/// A report that was just made.
#[derive(Debug, Clone)]
pub struct NewReport {
    /// What happened.
    pub report: Report,
    /// The mail about it to those who see all of it, in `MAIL_LANGUAGE`.
    pub message: Message,
    /// Who is told of it: every audience that sees something of it, and the webhook.
    pub readers: Vec<Reader>,
    /// What the decision depends on of it.
    pub found: Found,
    /// Where it came from.
    pub origin: Origin,
    /// What the configuration says about mailing it.
    pub policy: Policy,
    /// The runs that it is about, as they are kept.
    pub runs: Vec<RunRecord>,
    /// Which run of each plan that is, for incidents: also of one of which there is nothing to keep yet.
    pub looks: Vec<(PlanId, Timestamp)>,
}

/// An audience on one channel, and what it gets of a report.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reader {
    /// The audience's key.
    pub audience: String,
    /// The plans that it sees.
    pub plans: AudiencePlans,
    /// Which runs it is told of.
    pub on: NotifyOn,
    /// The way on which it is told.
    pub channel: Channel,
    /// The plans that its mail leaves out: what is said of them was mailed before, or is not to be mailed.
    pub quiet: Vec<PlanId>,
    /// The mail, where it is not the report's.
    pub message: Option<Message>,
}

impl Reader {
    /// True when its mail says something of the plan, named or [`ANY_PLAN`].
    fn is_told(&self, plan: &str) -> bool {
        let sees = match &self.plans {
            AudiencePlans::All => true,
            AudiencePlans::These(plans) => plan == ANY_PLAN || plans.iter().any(|seen| seen.as_str() == plan),
        };
        sees && !self.quiet.iter().any(|quiet| quiet.as_str() == plan)
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
    /// Whether its mail was sent, and why. None for reports of 0.1.0.
    pub decision: Option<Decision>,
    /// The state of its deliveries together.
    pub delivery: Delivery,
    /// Each of them.
    pub deliveries: Vec<DeliveryRecord>,
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

/// A report whose row is damaged.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct UnreadableReport {
    /// Its number.
    pub id: JobId,
    /// When it was made.
    pub created_at: Timestamp,
    /// What can't be read.
    pub unreadable: String,
}

/// A row of the list.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ReportEntry {
    /// A report.
    Readable(ReportSummary),
    /// A damaged one.
    Unreadable(UnreadableReport),
}

impl ReportEntry {
    /// The report, if it can be read.
    pub fn readable(&self) -> Option<&ReportSummary> {
        match self {
            ReportEntry::Readable(summary) => Some(summary),
            ReportEntry::Unreadable(_) => None,
        }
    }

    /// The report's number.
    pub fn id(&self) -> JobId {
        match self {
            ReportEntry::Readable(summary) => summary.id,
            ReportEntry::Unreadable(unreadable) => unreadable.id,
        }
    }
}

/// A whole report.
#[derive(Debug, Clone, PartialEq, Serialize)]
pub struct StoredReport {
    /// What happened.
    #[serde(flatten)]
    pub report: Report,
    /// Whether its mail was sent, and why. None for reports of 0.1.0.
    pub decision: Option<Decision>,
    /// The state of its deliveries together.
    pub delivery: Delivery,
    /// Each of them.
    pub deliveries: Vec<DeliveryRecord>,
    /// The mail.
    pub mail: Message,
}

/// A whole report as it stands in the journal.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(untagged)]
pub enum ReportDetail {
    /// A report.
    Readable(Box<StoredReport>),
    /// A damaged one, of which the mail is left.
    Unreadable {
        /// What is known of it.
        #[serde(flatten)]
        report: UnreadableReport,
        /// The mail.
        mail: Message,
    },
}

impl ReportDetail {
    /// The report, if it can be read.
    pub fn readable(self) -> Option<StoredReport> {
        match self {
            ReportDetail::Readable(stored) => Some(*stored),
            ReportDetail::Unreadable { .. } => None,
        }
    }
}

/// Decides whether a report is mailed and to whom, keeps it, and queues its deliveries. One that says nothing new and that nobody asked for is
/// not kept.
pub(super) fn insert(database: &Database, new: &NewReport) -> rusqlite::Result<Decision> {
    let NewReport { report, message, readers, found, policy, .. } = new;
    let now = report.created_at;
    let muted = |module: &ModuleId| policy.mutes_application(module);
    let courses = Courses::of(database, report, &new.runs, &new.looks, muted)?;
    let before = courses.before(database, report, &found.notifications)?;
    let of_reader = |reader: &Reader| {
        let policy = Policy { on: reader.on, ..policy.clone() };
        // That nothing could be read concerns everybody, whichever plan the alert names.
        let (found, before) = match report.correlation.is_blank() {
            true => (found.clone(), before.clone()),
            false => found.seen_by(&before, &reader.plans),
        };
        decide(&found, &before, new.origin, &policy, now)
    };
    let decisions: Vec<Decision> = readers.iter().map(of_reader).collect();
    let decision = Decision::joined(&decisions).unwrap_or_else(|| {
        // No recipient sees any of its plans.
        let nobody = Policy { has_recipients: false, ..policy.clone() };
        decide(found, &before, new.origin, &nobody, now)
    });
    let told: Vec<&Reader> = readers
        .iter()
        .zip(&decisions)
        .filter(|(_, decision)| decision.is_queued())
        .map(|(reader, _)| reader)
        .collect();
    let is_told = |plan: &str| told.iter().any(|reader| reader.is_told(plan));
    restore_points::note_report(database, report, |plan| is_told(plan.as_str()))?;
    if !decision.keeps_report() {
        courses.keep(database, report, None, is_told, muted)?;
        return Ok(decision);
    }
    keep(database, new, decision)?;
    for (reader, decision) in readers.iter().zip(&decisions) {
        let row = NewRow {
            audience: &reader.audience,
            channel: reader.channel,
            message: reader.message.as_ref(),
            state: delivery_state(*decision),
            threads: &courses.threads(|plan| reader.is_told(plan)),
        };
        queue::insert(database, report.id, message, &row, now)?;
    }
    if readers.is_empty() {
        // It has a state all the same, and can be sent once somebody is to see it.
        let (state, threads) = (DeliveryState::Suppressed, &courses.threads(|_| true));
        let row = NewRow { audience: "", channel: Channel::Mail, message: None, state, threads };
        queue::insert(database, report.id, message, &row, now)?;
    }
    for notification in &found.notifications {
        // What comes late of an earlier run is reported, but it is not the plan's last word.
        if is_told(&notification.plan) && !courses.is_superseded(&notification.plan) {
            notifications::record(database, notification, report.id, now)?;
        }
    }
    let subject = (!told.is_empty()).then_some(message.subject.as_str());
    courses.keep(database, report, subject, is_told, muted)?;
    prune(database, now)?;
    Ok(decision)
}

/// Writes a report down, and by what it is found.
fn keep(database: &Database, new: &NewReport, decision: Decision) -> rusqlite::Result<()> {
    let NewReport { report, message, .. } = new;
    let plans: Vec<PlanSummary> = report
        .correlation
        .plans
        .iter()
        .map(|plan| PlanSummary { id: plan.id.clone(), name: plan.name.clone(), outcome: plan.outcome })
        .collect();
    database
        .prepare_cached(
            "INSERT INTO reports (id, created_at, outcome, plans, report, subject, text, html, decision)
             VALUES (:id, :now, :outcome, :plans, :report, :subject, :text, :html, :decision)",
        )?
        .execute(named_params! {
            ":id": report.id.0,
            ":now": report.created_at.as_millisecond(),
            ":outcome": report.outcome.as_str(),
            ":plans": to_json(&plans),
            ":report": to_json(report),
            ":subject": message.subject,
            ":text": message.text,
            ":html": message.html,
            ":decision": to_json(&decision),
        })?;
    let mut of_plan = database.prepare_cached("INSERT OR IGNORE INTO report_plans VALUES (?, ?)")?;
    let mut of_application =
        database.prepare_cached("INSERT OR IGNORE INTO report_applications VALUES (?, ?)")?;
    for plan in &report.correlation.plans {
        of_plan.execute(params![plan.id.as_str(), report.id.0])?;
        for application in &plan.applications {
            of_application.execute(params![application.module.as_str(), report.id.0])?;
        }
    }
    Ok(())
}

/// The state in which a mail begins.
fn delivery_state(decision: Decision) -> DeliveryState {
    match decision {
        Decision::Send(_) | Decision::Hold(HoldReason::NoRecipients) => DeliveryState::Queued,
        Decision::Hold(HoldReason::AllWell | HoldReason::TooFew | HoldReason::Muted) => {
            DeliveryState::Suppressed
        }
        Decision::Hold(HoldReason::Unchanged | HoldReason::NothingNew) => DeliveryState::Unchanged,
    }
}

/// Forgets old reports, but none whose mail still waits. Those about plans of which no run is known go first: they are what a flood of alerts
/// leaves, which must not push out what is real.
fn prune(connection: &Connection, now: Timestamp) -> rusqlite::Result<()> {
    connection
        .prepare_cached(
            "DELETE FROM reports WHERE id NOT IN (SELECT report_id FROM deliveries WHERE state = 'queued' AND report_id IS NOT NULL) AND id IN (
                SELECT id FROM reports WHERE id IN (SELECT report_id FROM report_plans) AND NOT EXISTS (
                    SELECT 1 FROM report_plans JOIN runs USING (plan) WHERE report_plans.report_id = reports.id)
                ORDER BY id DESC LIMIT -1 OFFSET ?)",
        )?
        .execute([KEEP_STRANGE_REPORTS])?;
    let oldest = now.saturating_sub(KEEP).unwrap_or(Timestamp::MIN);
    connection
        .prepare_cached(
            "DELETE FROM reports WHERE id NOT IN (SELECT report_id FROM deliveries WHERE state = 'queued' AND report_id IS NOT NULL) AND (
                id <= (SELECT id FROM reports ORDER BY id DESC LIMIT 1 OFFSET ?2)
                OR (created_at < ?1 AND id <= (SELECT id FROM reports ORDER BY id DESC LIMIT 1 OFFSET ?3)))",
        )?
        .execute(params![oldest.as_millisecond(), KEEP_COUNT, KEEP_HOWEVER_OLD])
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
    pub reports: Vec<ReportEntry>,
    /// How many fit the filter on all pages.
    pub total: u32,
}

/// The newest reports that fit `filter`, newest first.
pub(super) fn list(database: &Database, filter: &ReportFilter, limit: u32) -> rusqlite::Result<ReportPage> {
    const FITTING: &str = "FROM reports WHERE (:outcome IS NULL OR outcome = :outcome)
        AND (:plan IS NULL OR id IN (SELECT report_id FROM report_plans WHERE plan = :plan))
        AND (:application IS NULL
            OR id IN (SELECT report_id FROM report_applications WHERE application = :application))";
    let outcome = filter.outcome.map(Outcome::as_str);
    let plan = filter.plan.as_ref().map(PlanId::as_str);
    let application = filter.application.as_ref().map(ModuleId::as_str);
    let reports = database
        .prepare_cached(&format!(
            "SELECT id, created_at, outcome, plans, subject, decision
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
            |row| entry(database, row),
        )?
        .collect::<rusqlite::Result<_>>()?;
    let total = database.prepare_cached(&format!("SELECT count(*) AS total {FITTING}"))?.query_row(
        named_params! {":outcome": outcome, ":plan": plan, ":application": application},
        |row| rows::count(row, "total"),
    )?;
    Ok(ReportPage { reports, total })
}

/// The newest reports with the text of their mails, newest first.
pub(super) fn recent(database: &Database, limit: u32) -> rusqlite::Result<Vec<(ReportEntry, String)>> {
    database
        .prepare_cached("SELECT * FROM reports ORDER BY id DESC LIMIT ?")?
        .query_map([limit], |row| Ok((entry(database, row)?, rows::text(row, "text")?)))?
        .collect()
}

fn entry(database: &Database, row: &Row) -> rusqlite::Result<ReportEntry> {
    let id = JobId(row.get("id")?);
    let created_at = rows::time(row, "created_at")?;
    let subject = rows::text(row, "subject")?;
    let decision = decision(database, id, row)?;
    let (outcome, plans) = (rows::word(row, "outcome")?, rows::json(row, "plans")?);
    let deliveries = queue::of_report(database, id)?;
    let assemble = || {
        let (delivery, deliveries) = joined(deliveries?)?;
        Ok(ReportSummary {
            id,
            created_at,
            outcome: outcome?,
            subject,
            plans: plans?,
            decision,
            delivery,
            deliveries,
        })
    };
    Ok(match assemble() {
        Ok(summary) => ReportEntry::Readable(summary),
        Err(reason) => ReportEntry::Unreadable(unreadable(database, id, created_at, reason)),
    })
}

/// One report.
pub(super) fn get(database: &Database, id: JobId) -> rusqlite::Result<Option<ReportDetail>> {
    database
        .prepare_cached("SELECT * FROM reports WHERE id = ?")?
        .query_row([id.0], |row| {
            let created_at = rows::time(row, "created_at")?;
            let mail = queue::message(row)?;
            let decision = decision(database, id, row)?;
            let deliveries = queue::of_report(database, id)?.and_then(joined);
            Ok(match (rows::json::<Report>(row, "report")?, deliveries) {
                (Ok(report), Ok((delivery, deliveries))) => {
                    let stored = StoredReport { report, decision, delivery, deliveries, mail };
                    ReportDetail::Readable(Box::new(stored))
                }
                (Err(reason), _) | (_, Err(reason)) => {
                    ReportDetail::Unreadable { report: unreadable(database, id, created_at, reason), mail }
                }
            })
        })
        .optional()
}

/// Deliveries with what they amount to. Every report has one.
fn joined(deliveries: Vec<DeliveryRecord>) -> Result<(Delivery, Vec<DeliveryRecord>), String> {
    let joined = Delivery::joined(deliveries.iter().map(|record| &record.delivery));
    Ok((joined.ok_or("it has no delivery")?, deliveries))
}

fn unreadable(database: &Database, id: JobId, created_at: Timestamp, reason: String) -> UnreadableReport {
    database.unreadable.note("reports", id, &reason);
    UnreadableReport { id, created_at, unreadable: reason }
}

/// The decision; none for a report of 0.1.0, nor where it is damaged: that is not worth the report.
fn decision(database: &Database, id: JobId, row: &Row) -> rusqlite::Result<Option<Decision>> {
    if rows::optional_text(row, "decision")?.is_none() {
        return Ok(None);
    }
    let decision = rows::json(row, "decision")?;
    Ok(decision.inspect_err(|reason| database.unreadable.note("reports", id, reason)).ok())
}
