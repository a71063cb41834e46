// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What is kept of the alerts that pass: those about backups, up to a bound.

use super::{names::AlertNames, wire};
use crate::{
    alert::{Alert, Source},
    ids::{NodeId, PlanId},
    text,
};

/// The longest text that is kept of a label or annotation, in characters. Longer ones are cut: they are shown in
/// a mail, and a label is not a place for prose.
pub(super) const MAX_TEXT: usize = 300;
/// How many alerts are kept of one webhook or answer. What is beyond becomes one alert that names no plan, so that all plans
/// are looked at.
pub(super) const MAX_ALERTS: usize = 500;

/// Alerts about backups, at most [`MAX_ALERTS`].
#[derive(Debug, Default)]
pub(super) struct Kept {
    pub alerts: Vec<Alert>,
    /// How many more there were.
    pub beyond: usize,
    texts: usize,
}

impl Kept {
    /// Takes an alert if it has one of the `names`. Says whether it has.
    pub fn take(&mut self, alert: wire::Alert, names: &AlertNames, source: Source) -> bool {
        let Some(name) = alert.label("alertname").filter(|name| names.contains(name)) else { return false };
        match self.alerts.len() < MAX_ALERTS {
            true => self.push(read(alert, name, source)),
            // What else it says would be read for nothing.
            false => self.beyond = self.beyond.saturating_add(1),
        }
        true
    }

    fn push(&mut self, alert: Alert) {
        if self.alerts.len() < MAX_ALERTS {
            let texts = [&alert.plan_name, &alert.summary, &alert.summary_it, &alert.fingerprint];
            let texts = texts.into_iter().flatten().map(String::len).sum::<usize>();
            self.texts = self.texts.saturating_add(texts);
            self.alerts.push(alert);
        } else {
            self.beyond = self.beyond.saturating_add(1);
        }
    }

    /// Adds what another one has.
    pub fn append(&mut self, other: Self) {
        self.beyond = self.beyond.saturating_add(other.beyond);
        other.alerts.into_iter().for_each(|alert| self.push(alert));
    }

    /// Bytes of memory that it holds, about.
    pub fn memory(&self) -> usize {
        // Names and ids are short, and each is an allocation of its own.
        const SMALL_TEXTS: usize = 128;
        let each = size_of::<Alert>() + SMALL_TEXTS;
        self.alerts.capacity().saturating_mul(each).saturating_add(self.texts)
    }
}

/// An alert that stands for others that are not known: it names no plan, so that all are looked at.
pub(super) fn about_all_plans(name: &str, source: Source) -> Alert {
    Alert {
        name: name.to_owned(),
        plan: None,
        plan_name: None,
        node: None,
        summary: None,
        summary_it: None,
        starts_at: None,
        fingerprint: None,
        source,
        run: None,
    }
}

/// What is kept of an alert.
fn read(alert: wire::Alert, name: String, source: Source) -> Alert {
    let line = |text: Option<String>| {
        let text = text::one_line(&text?, MAX_TEXT);
        (!text.is_empty()).then_some(text)
    };
    let label = |name: &str| line(alert.label(name));
    let annotation = |name: &str| line(alert.annotation(name));
    Alert {
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
    }
}
