// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What the writers of all sections share: the report, its words, and titles.

use crate::{
    correlator::correlation::{Application, Outcome, Plan},
    notifier::{
        format::Format,
        phrases::{Phrases, Texts},
    },
    report::Report,
};

/// Writes the parts of one report.
pub(super) struct Writer<'a> {
    pub report: &'a Report,
    pub format: &'a Format,
    pub phrases: &'static dyn Phrases,
}

impl<'a> Writer<'a> {
    pub(super) fn plan_title(&self, plan: &Plan) -> String {
        plan_title(plan, self.phrases)
    }

    pub(super) fn node(&self, application: &Application) -> String {
        self.phrases.node(application.node.as_str(), application.node_label.as_deref())
    }

    pub(super) fn texts(&self) -> &'static Texts {
        self.phrases.texts()
    }

    /// The plans that are not well.
    pub(super) fn unwell(&self) -> impl Iterator<Item = &'a Plan> {
        self.report.correlation.plans.iter().filter(|plan| plan.outcome != Outcome::Success)
    }

    /// A heading for a plan, where there are several.
    pub(super) fn heading(&self, plan: &Plan) -> Option<String> {
        (self.report.correlation.plans.len() > 1).then(|| self.plan_title(plan))
    }
}

/// What people call a plan.
pub(super) fn plan_title(plan: &Plan, phrases: &'static dyn Phrases) -> String {
    match &plan.name {
        Some(name) => name.clone(),
        None => phrases.plan_by_id(plan.id.as_str()),
    }
}

/// `mail1 (Mail server)`
pub(super) fn application_title(application: &Application) -> String {
    match &application.label {
        Some(label) => format!("{} ({label})", application.module),
        None => application.module.to_string(),
    }
}
