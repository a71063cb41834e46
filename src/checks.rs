// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The health checks: the one list of what the service depends on, which readiness, `check`, the pages and the module's actions share.
//!
//! [`Subject`] says what there is, [`readiness`] asks from within the service, and the command `check` from outside.

pub mod readiness;

use std::fmt::Display;

use serde::{Deserialize, Serialize};

use crate::{config::Settings, duty::Duty};

/// Something that the service depends on, in the order in which it is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Subject {
    /// The journal can be written.
    Journal,
    /// Redis answers and may be read.
    Redis,
    /// The rclone gateway answers.
    Gateway,
    /// The cluster API lets us in.
    Api,
    /// Loki answers and takes our credentials.
    Logs,
    /// Mail is configured, the server lets us in, and no mail is stuck.
    Mail,
    /// Alertmanager answers.
    Alertmanager,
    /// Backup runs can be followed through Redis.
    Runs,
    /// Missed backups are detected.
    Schedules,
    /// The time zone is known.
    Zone,
    /// Every report could be made.
    Reports,
    /// No webhook was rejected of late.
    Receiver,
    /// Whoever waits for our heartbeat gets it.
    Heartbeat,
    /// This instance sends the reports, or another one does.
    Duty,
    /// What is posted to the webhook is taken.
    Webhook,
}

impl Subject {
    /// Its name in JSON.
    pub const fn name(self) -> &'static str {
        match self {
            Subject::Journal => "journal",
            Subject::Redis => "redis",
            Subject::Gateway => "gateway",
            Subject::Api => "api",
            Subject::Logs => "logs",
            Subject::Mail => "mail",
            Subject::Alertmanager => "alertmanager",
            Subject::Runs => "runs",
            Subject::Schedules => "schedules",
            Subject::Zone => "zone",
            Subject::Reports => "reports",
            Subject::Receiver => "receiver",
            Subject::Heartbeat => "heartbeat",
            Subject::Duty => "duty",
            Subject::Webhook => "webhook",
        }
    }

    /// What people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Subject::Journal => "journal",
            Subject::Redis => "Redis",
            Subject::Gateway => "gateway",
            Subject::Api => "cluster API",
            Subject::Logs => "Loki",
            Subject::Mail => "mail server",
            Subject::Alertmanager => "Alertmanager",
            Subject::Runs => "runs",
            Subject::Schedules => "schedules",
            Subject::Zone => "time zone",
            Subject::Reports => "reports",
            Subject::Receiver => "receiver",
            Subject::Heartbeat => "heartbeat",
            Subject::Duty => "duty",
            Subject::Webhook => "webhook",
        }
    }

    /// What it means that it is not configured; None where it is. Mail that is not configured is no choice but a fault: nobody would be
    /// told of anything.
    pub fn off(self, settings: &Settings) -> Option<&'static str> {
        let (is_on, meaning) = match self {
            Subject::Logs => (
                settings.loki.is_some() || settings.loki_fault().is_some(),
                "LOKI_URL is not set: reports do not quote the log of a failed backup",
            ),
            Subject::Api => (
                settings.repo_check.api.is_some(),
                "REPO_CHECK_API_URL is not set: repositories are not checked",
            ),
            Subject::Alertmanager => (
                settings.watch.alertmanager.is_some(),
                "ALERTMANAGER_URL is not set: alerts are only received by webhook",
            ),
            Subject::Runs => {
                (settings.watch.runs, "WATCH_RUNS is not set: runs without an alert are not reported")
            }
            Subject::Schedules => (
                settings.watch.missing_grace.is_some(),
                "WATCH_MISSING_GRACE_SECONDS is not set: backups that do not run are not detected",
            ),
            Subject::Heartbeat => (
                settings.heartbeat.is_some(),
                "HEARTBEAT_URL is not set: nobody is told when the monitor itself is dead",
            ),
            Subject::Webhook => {
                (settings.webhook.is_some(), "NOTIFY_WEBHOOK_URL is not set: reports are only sent by mail")
            }
            Subject::Journal
            | Subject::Redis
            | Subject::Gateway
            | Subject::Mail
            | Subject::Zone
            | Subject::Reports
            | Subject::Receiver
            | Subject::Duty => {
                return None;
            }
        };
        (!is_on).then_some(meaning)
    }

    /// How it is, by how asking went; where it is not configured, nobody is asked.
    pub async fn check<E: Display>(
        self,
        settings: &Settings,
        ask: impl Future<Output = Result<(), E>>,
    ) -> Check {
        let (state, reason) = match self.off(settings) {
            Some(meaning) => (CheckState::Off, Some(meaning.to_owned())),
            None => match ask.await {
                Ok(()) => (CheckState::Ok, None),
                Err(error) => (CheckState::Failed, Some(error.to_string())),
            },
        };
        Check { subject: self, name: self.name(), state, reason }
    }
}

impl Check {
    /// Whose turn it is to mail. That another instance does is no fault; that of a copy, nobody may know of.
    pub fn of_duty(duty: &Duty, settings: &Settings) -> Self {
        let (state, reason) = match duty {
            Duty::Active => (CheckState::Ok, None),
            // It works, and mails: what is missing is another node's.
            Duty::InPlaceOf(peer) => (
                CheckState::Ok,
                Some(format!("reports are sent by this copy of {peer}, as that one shows no sign of life")),
            ),
            Duty::Starting => (CheckState::Off, Some("looking for other instances".to_owned())),
            Duty::Standby(peer) => {
                (CheckState::Off, Some(format!("standing by: reports are sent by {peer}")))
            }
            Duty::Copy(peer) => {
                let words = format!(
                    "this is a copy of {peer}, which is still installed: nothing is sent until it is configured, or \
                     that one is gone for a while"
                );
                (CheckState::Failed, Some(words))
            }
        };
        let (state, reason) = match settings.duty_fault() {
            Some(fault) => {
                let reasons: Vec<String> = [Some(fault), reason].into_iter().flatten().collect();
                (CheckState::Failed, Some(reasons.join("; ")))
            }
            None => (state, reason),
        };
        Check { subject: Subject::Duty, name: Subject::Duty.name(), state, reason }
    }
}

/// One thing that the service needs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Check {
    /// What it is.
    #[serde(skip)]
    pub subject: Subject,
    /// Its name.
    pub name: &'static str,
    /// How it is.
    pub state: CheckState,
    /// Why it is so.
    pub reason: Option<String>,
}

/// How something is that the service needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum CheckState {
    /// It is there.
    Ok,
    /// It is not.
    Failed,
    /// It is not configured, and not needed.
    Off,
}
