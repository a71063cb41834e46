// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Alertmanager's webhook, read while it arrives.

use super::{
    json,
    keep::{Kept, about_all_plans},
    names::AlertNames,
    scan::{Found, Frame, Malformed, Scanner},
    wire,
};
use crate::alert::{Alert, Source};

/// What a posted webhook holds for us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Intake {
    /// The alerts that start a job. Where not all are known, the last one names no plan.
    pub accepted: Vec<Alert>,
    /// How many more were about backups, which are too many to keep: the last of `accepted` stands for them.
    pub beyond: usize,
    /// How many others there were: resolved, of another name, or not readable as an alert.
    pub ignored: usize,
    /// Alertmanager has left out alerts (`truncatedAlerts`) that may be about backups.
    pub truncated: bool,
    /// How many of the ignored were too long to be read whole.
    pub too_long: usize,
}

/// A body that is not a webhook.
#[derive(Debug, thiserror::Error)]
#[error("the body is not an Alertmanager webhook: {0}")]
pub struct NotAWebhook(#[source] Malformed);

/// A webhook that is being read: bytes go in as they arrive, alerts about other things are dropped as they pass.
pub struct Webhook<'n> {
    names: &'n AlertNames,
    scanner: Scanner,
    firing: Kept,
    /// Alerts without a status of their own: the group's counts, which may come later.
    undecided: Kept,
    posted: usize,
    too_long: usize,
    status: Option<String>,
    truncated: bool,
    /// The name that all alerts of the group have.
    group_name: Option<String>,
}

impl<'n> Webhook<'n> {
    /// A webhook of which nothing has arrived. Alerts that are firing and have one of the `names` are kept.
    pub fn new(names: &'n AlertNames) -> Self {
        Self {
            names,
            scanner: Scanner::new(Frame::Webhook),
            firing: Kept::default(),
            undecided: Kept::default(),
            posted: 0,
            too_long: 0,
            status: None,
            truncated: false,
            group_name: None,
        }
    }

    /// Takes the next bytes of the body.
    ///
    /// # Errors
    /// [`NotAWebhook`] once they can't be JSON, or not an object.
    pub fn feed(&mut self, bytes: &[u8]) -> Result<(), NotAWebhook> {
        let Self { names, scanner, firing, undecided, posted, too_long, status, truncated, group_name } =
            self;
        let mut take = |found: Found| match found {
            Found::Alert { bytes, cut } => {
                *posted = posted.saturating_add(1);
                let alert = wire::Alert(bytes);
                let kept = match alert.status().as_deref() {
                    Some("firing") => &mut *firing,
                    Some(_) => return,
                    None => &mut *undecided,
                };
                if !kept.take(alert, names, Source::Webhook) {
                    *too_long = too_long.saturating_add(cut.into());
                }
            }
            Found::Other => *posted = posted.saturating_add(1),
            Found::Member { name: "status", value } => *status = json::text(value),
            Found::Member { name: "groupLabels", value } => {
                *group_name = json::member(value, "alertname").and_then(json::text);
            }
            Found::Member { value, .. } => {
                let count = json::text(value).and_then(|count| count.parse::<f64>().ok());
                *truncated = count.is_some_and(|count| count > 0.0);
            }
        };
        scanner.feed(bytes, &mut take).map_err(NotAWebhook)
    }

    /// Bytes of memory that it holds, about.
    pub fn memory(&self) -> usize {
        self.scanner.memory().saturating_add(self.firing.memory()).saturating_add(self.undecided.memory())
    }

    /// Says that the body is complete.
    ///
    /// # Errors
    /// [`NotAWebhook`] when it is not.
    pub fn finish(mut self) -> Result<Intake, NotAWebhook> {
        self.scanner.finish().map_err(NotAWebhook)?;
        let is_firing = self.status.as_deref() == Some("firing");
        if is_firing {
            self.firing.append(self.undecided);
        }
        let Kept { alerts: mut accepted, beyond, .. } = self.firing;
        let ignored = self.posted.saturating_sub(accepted.len()).saturating_sub(beyond);
        // What was left out has the group's name, where the group has one; else it may be about anything.
        let name = match &self.group_name {
            Some(name) => Some(name.as_str()).filter(|name| self.names.contains(name)),
            None => accepted.first().map(|alert| alert.name.as_str()).or_else(|| self.names.iter().next()),
        };
        let truncated = self.truncated && name.is_some() && (is_firing || !accepted.is_empty());
        if truncated || beyond > 0 {
            let name = name.or_else(|| accepted.first().map(|alert| alert.name.as_str())).unwrap_or_default();
            accepted.push(about_all_plans(name, Source::Webhook));
        }
        Ok(Intake { accepted, beyond, ignored, truncated, too_long: self.too_long })
    }
}

/// Reads the body of an Alertmanager webhook (version 4), and keeps the alerts that are firing and have one of
/// the `names`.
///
/// An alert without labels, an unknown field, a missing list, or a value of an unexpected kind is no error: such an
/// alert counts as ignored.
///
/// # Errors
/// [`NotAWebhook`] when the body is not JSON, or not an object. The error never quotes the body.
pub fn parse_webhook(body: &[u8], names: &AlertNames) -> Result<Intake, NotAWebhook> {
    let mut webhook = Webhook::new(names);
    webhook.feed(body)?;
    webhook.finish()
}
