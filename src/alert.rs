//! Alerts: what Alertmanager posts, and what is kept of it.

mod wire;

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    correlator::status::Run,
    ids::{ModuleId, NodeId, PlanId},
    text,
};

/// The longest text that is kept of a label or annotation, in characters. Longer ones are cut: they are shown in
/// a mail, and a label is not a place for prose.
const MAX_TEXT: usize = 300;

/// The names of the alerts that start a job (`RECEIVER_ALERT_NAMES`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNames(BTreeSet<String>);

impl AlertNames {
    /// True for an alert of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }
}

impl<S: Into<String>> FromIterator<S> for AlertNames {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}

/// How an alert reached us.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// Posted to `/alert` by Alertmanager.
    Webhook,
    /// Found in Alertmanager's API.
    Poll,
    /// Nobody raised it: the run watcher saw a backup run end.
    Run,
    /// Nobody raised it: the schedule watcher saw that a plan did not run when it was due.
    Schedule,
}

/// One firing alert about backups: the part that is kept of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Alert {
    /// The label `alertname`, one of the configured names.
    pub name: String,
    /// The plan it is about: the label `backup_id`, else `id` (which NS8's own rule has). None when no label names one.
    pub plan: Option<PlanId>,
    /// The plan's name as the alert knows it, for when the cluster can't be read.
    pub plan_name: Option<String>,
    /// The node that raised it.
    pub node: Option<NodeId>,
    /// The alert in words, as its rule wrote it: the annotation `summary`, else `summary_en`.
    pub summary: Option<String>,
    /// The alert in Italian, as NS8's own rules have it: the annotation `summary_it`.
    #[serde(default)]
    pub summary_it: Option<String>,
    /// Since when it is firing. The same through all the nights that a plan keeps failing.
    pub starts_at: Option<Timestamp>,
    /// Alertmanager's name for this set of labels.
    pub fingerprint: Option<String>,
    /// How it reached us.
    pub source: Source,
    /// The run that ended, where the run watcher followed it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Followed>,
}

/// One run of a plan, as the run watcher followed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Followed {
    /// When its first application began.
    pub began_at: Timestamp,
    /// When the plan's next run began, if that is known: what this run had not reached by then, it never will.
    pub until: Option<Timestamp>,
    /// The results that it brought.
    pub results: BTreeMap<ModuleId, Run>,
}

impl Alert {
    /// What the watchers raise, in place of Alertmanager.
    pub fn raised(
        source: Source,
        name: &str,
        plan: PlanId,
        plan_name: Option<String>,
        at: Timestamp,
    ) -> Self {
        Self {
            name: name.to_owned(),
            plan: Some(plan),
            plan_name,
            node: None,
            summary: None,
            summary_it: None,
            starts_at: Some(at),
            fingerprint: None,
            source,
            run: None,
        }
    }

    /// Tells alerts apart within a job: the same alert posted twice counts once.
    pub fn identity(&self) -> String {
        // The fingerprint is of the labels; who forges one does not get between others and their mail.
        let what = self.fingerprint.as_ref().unwrap_or(&self.name).clone();
        let plan = self.plan.as_ref().map(ToString::to_string);
        let which = match (&self.fingerprint, self.source) {
            // Each run, and each time that a plan did not run, is one of its own.
            (None, Source::Run | Source::Schedule) => self.starts_at.map(|at| at.to_string()),
            _ => self.node.as_ref().map(ToString::to_string),
        };
        [what, plan.unwrap_or_default(), which.unwrap_or_default()].join("/")
    }

    /// True when somebody was alarmed by it, so that what became of it is always told.
    pub fn has_alarmed(&self) -> bool {
        self.source != Source::Run
    }

    /// True when the alert says that a backup did not run at all, rather than that it failed.
    ///
    /// NS8 has no such rule; the names in use (`NsBackupMissing`, `backup_missing`) all say so.
    pub fn is_about_missing(&self) -> bool {
        self.name.to_ascii_lowercase().contains("missing")
    }
}

/// What a posted webhook holds for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// The alerts that start a job.
    pub accepted: Vec<Alert>,
    /// How many others there were: resolved, of another name, or not readable as an alert.
    pub ignored: usize,
}

/// A body that is not a webhook.
#[derive(Debug, thiserror::Error)]
#[error("the body is not an Alertmanager webhook: {0}")]
pub struct NotAWebhook(#[source] serde_json::Error);

/// Reads the body of an Alertmanager webhook (version 4), and keeps the alerts that are firing and have one of
/// the `names`.
///
/// An alert without labels, an unknown field, a missing list, or a value of an unexpected kind is no error: such an
/// alert counts as ignored.
///
/// # Errors
/// [`NotAWebhook`] when the body is not JSON, or not an object. The error never quotes the body.
pub fn parse_webhook(body: &[u8], names: &AlertNames) -> Result<Intake, NotAWebhook> {
    let webhook: wire::Webhook = serde_json::from_slice(body).map_err(NotAWebhook)?;
    let total = webhook.alerts.len();
    let group_status = webhook.status.as_deref();
    let accepted: Vec<Alert> = webhook
        .alerts
        .iter()
        .filter(|alert| alert.status.as_deref().or(group_status) == Some("firing"))
        .filter_map(|alert| keep(alert, names, Source::Webhook))
        .collect();
    Ok(Intake { ignored: total - accepted.len(), accepted })
}

/// Reads what Alertmanager's API answers to `GET /api/v2/alerts`, and keeps what its webhook would have brought: the
/// alerts that have one of the `names` and are neither silenced nor inhibited.
///
/// # Errors
/// serde_json's, when it is not a list in JSON.
pub fn parse_api(body: &[u8], names: &AlertNames) -> Result<Vec<Alert>, serde_json::Error> {
    let alerts = wire::api_alerts(body)?;
    let is_active = |alert: &&wire::Alert| alert.status.as_deref() == Some("active");
    Ok(alerts.iter().filter(is_active).filter_map(|alert| keep(alert, names, Source::Poll)).collect())
}

/// Takes over an alert that has one of the `names`.
fn keep(alert: &wire::Alert, names: &AlertNames, source: Source) -> Option<Alert> {
    let labels = &alert.labels;
    let name = labels.alertname.as_deref().filter(|name| names.contains(name))?;
    let text = |value: &Option<Cow<str>>| {
        let text = text::one_line(value.as_deref()?, MAX_TEXT);
        (!text.is_empty()).then_some(text)
    };
    let plan_label = [&labels.backup_id, &labels.id].into_iter().find_map(text);
    Some(Alert {
        name: name.to_owned(),
        // A label that can't be a plan's id names no plan: the job then looks at every plan that ran.
        plan: plan_label.and_then(|id| PlanId::new(id).ok()),
        plan_name: text(&labels.name),
        node: text(&labels.node).and_then(|id| NodeId::new(id).ok()),
        summary: text(&alert.annotations.summary).or_else(|| text(&alert.annotations.summary_en)),
        summary_it: text(&alert.annotations.summary_it),
        starts_at: text(&alert.starts_at).and_then(|time| time.parse().ok()),
        fingerprint: text(&alert.fingerprint),
        source,
        run: None,
    })
}

#[cfg(test)]
mod tests;
