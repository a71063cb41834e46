// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Alertmanager: what its webhook posts and its API answers, and what is kept of it.

pub mod client;
mod wire;

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    alert::{Alert, Source},
    ids::{NodeId, PlanId},
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
#[error("the body is not an Alertmanager webhook: {}", crate::http::json_reason(.0))]
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
    let webhook: serde_json::Map<String, Value> = serde_json::from_slice(body).map_err(NotAWebhook)?;
    let alerts = webhook.get("alerts").and_then(Value::as_array).map_or(&[][..], Vec::as_slice);
    let group_status = webhook.get("status").and_then(wire::text);
    let is_firing = |alert: &wire::Alert| {
        alert.status().as_ref().or(group_status.as_ref()).is_some_and(|status| status == "firing")
    };
    let accepted: Vec<Alert> = alerts
        .iter()
        .map(wire::Alert)
        .filter(is_firing)
        .filter_map(|alert| keep(alert, names, Source::Webhook))
        .collect();
    Ok(Intake { ignored: alerts.len() - accepted.len(), accepted })
}

/// Reads what Alertmanager's API answers to `GET /api/v2/alerts`, and keeps what its webhook would have brought: the
/// alerts that have one of the `names` and are neither silenced nor inhibited.
///
/// # Errors
/// serde_json's, when it is not a list in JSON.
pub fn parse_api(body: &[u8], names: &AlertNames) -> Result<Vec<Alert>, serde_json::Error> {
    let alerts: Vec<Value> = serde_json::from_slice(body)?;
    let is_active = |alert: &wire::Alert| alert.status().as_deref() == Some("active");
    let active = alerts.iter().map(wire::Alert).filter(is_active);
    Ok(active.filter_map(|alert| keep(alert, names, Source::Poll)).collect())
}

/// Takes over an alert that has one of the `names`.
fn keep(alert: wire::Alert, names: &AlertNames, source: Source) -> Option<Alert> {
    let name = alert.label("alertname").filter(|name| names.contains(name))?;
    let line = |text: Option<String>| {
        let text = text::one_line(&text?, MAX_TEXT);
        (!text.is_empty()).then_some(text)
    };
    let label = |name: &str| line(alert.label(name));
    let annotation = |name: &str| line(alert.annotation(name));
    Some(Alert {
        name,
        // A label that can't be a plan's id names no plan: the job then looks at every plan that ran.
        plan: label("backup_id").or_else(|| label("id")).and_then(|id| PlanId::new(id).ok()),
        plan_name: label("name"),
        node: label("node").and_then(|id| NodeId::new(id).ok()),
        summary: annotation("summary").or_else(|| annotation("summary_en")),
        summary_it: annotation("summary_it"),
        starts_at: line(alert.starts_at()).and_then(|time| time.parse().ok()),
        fingerprint: line(alert.fingerprint()),
        source,
        run: None,
    })
}

#[cfg(test)]
mod tests;
