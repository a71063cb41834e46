// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Alerts: the reasons to make a report, whoever raised them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    ids::{ModuleId, NodeId, PlanId},
    run::Run,
};

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
    /// Nobody raised it: a plan was due, no application has reported since, and its destination does not respond.
    Stuck,
}

// Each policy that depends on the way in is a method here, so that a new way in does not compile until it has answered.
impl Source {
    /// True when somebody was alarmed by it, so that what became of it is always reported.
    pub const fn has_alarmed(self) -> bool {
        match self {
            Source::Webhook | Source::Poll | Source::Schedule => true,
            Source::Run | Source::Stuck => false,
        }
    }

    /// True when it comes again for somebody to be reminded, as Alertmanager repeats its webhook. What else comes again only repeats
    /// what is known.
    pub const fn repeats_on_purpose(self) -> bool {
        match self {
            Source::Webhook => true,
            Source::Poll | Source::Run | Source::Schedule | Source::Stuck => false,
        }
    }

    /// True when whoever raised it has waited for the run to settle, so that nobody needs to wait again.
    pub const fn has_waited(self) -> bool {
        match self {
            Source::Run | Source::Stuck => true,
            Source::Webhook | Source::Poll | Source::Schedule => false,
        }
    }

    /// True when each is an occurrence of its own, told apart by its time. Alertmanager's alert stays the same for as long as it fires.
    pub const fn is_occurrence(self) -> bool {
        match self {
            Source::Run | Source::Schedule | Source::Stuck => true,
            Source::Webhook | Source::Poll => false,
        }
    }

    /// True when anybody who reaches it may raise as many as he likes, so that they have a quota.
    pub const fn is_rationed(self) -> bool {
        match self {
            Source::Webhook | Source::Poll => true,
            Source::Run | Source::Schedule | Source::Stuck => false,
        }
    }

    /// True when somebody waits for an answer that names the job.
    pub const fn wants_receipt(self) -> bool {
        match self {
            Source::Webhook => true,
            Source::Poll | Source::Run | Source::Schedule | Source::Stuck => false,
        }
    }
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
    pub run: Option<ObservedRun>,
}

/// One run of a plan, as the run watcher followed it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ObservedRun {
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

    /// What stands for alerts like this one that have no place of their own: it names no plan, so that all are looked at. It never says that a
    /// backup did not run, which it would say of all plans.
    pub fn standing_for_others(&self) -> Self {
        let name = if self.is_about_missing() { "BackupFailed" } else { &self.name };
        Self {
            name: name.to_owned(),
            plan: None,
            plan_name: None,
            node: None,
            summary: None,
            summary_it: None,
            starts_at: None,
            fingerprint: None,
            source: self.source,
            run: None,
        }
    }

    /// Tells alerts apart within a job: the same alert posted twice counts once.
    pub fn identity(&self) -> String {
        // The fingerprint is of the labels; who forges one does not get between others and their mail.
        let what = self.fingerprint.as_ref().unwrap_or(&self.name).clone();
        let plan = self.plan.as_ref().map(ToString::to_string);
        let which = match self.source.is_occurrence() {
            true => self.starts_at.map(|at| at.to_string()),
            false => self.node.as_ref().map(ToString::to_string),
        };
        [what, plan.unwrap_or_default(), which.unwrap_or_default()].join("/")
    }

    /// True when the alert says that a backup did not run at all, rather than that it failed.
    ///
    /// NS8 has no such rule; the names in use (`NsBackupMissing`, `backup_missing`) all say so.
    pub fn is_about_missing(&self) -> bool {
        self.name.to_ascii_lowercase().contains("missing")
    }
}
