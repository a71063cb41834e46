// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The settings as typed values.

use std::{borrow::Cow, fmt, path::PathBuf, time::Duration};

use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use reqwest::Url;
use secrecy::SecretString;
use serde::Serialize;

use super::mutes::Mutes;
use crate::{
    alertmanager::AlertNames,
    audience::{Audience, AudiencePlans, NotifyOn},
    ids::ModuleId,
    language::Language,
    smtp::SmtpSettings,
};

/// One wrong variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable.
    pub variable: Cow<'static, str>,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.variable, self.message)
    }
}

/// Everything that can be configured.
#[derive(Debug, Clone)]
pub struct Settings {
    /// What is wrong with values that were discovered on the cluster (`SMTP_*`, `TZ`, `LOKI_*`, `CLUSTER_ADMIN_URL`, `LEADER_REDIS_URL`,
    /// `MODULE_ORIGIN*`); their defaults are in their place.
    pub faults: Vec<Problem>,
    /// `RECEIVER_*`
    pub receiver: ReceiverSettings,
    /// `CORRELATOR_*`
    pub correlator: CorrelatorSettings,
    /// `REDIS_URL`. Secret, as it may hold a password.
    pub redis_url: SecretString,
    /// `REPO_CHECK_*`
    pub repo_check: RepoCheckSettings,
    /// `LOKI_*`: where the nodes' logs are. Without it, no report quotes a log.
    pub loki: Option<LokiSettings>,
    /// `CLUSTER_ADMIN_URL`: the address of cluster-admin, with a slash at its end, for links in mails.
    pub cluster_admin: Option<Url>,
    /// `SMTP_*`
    pub smtp: SmtpSettings,
    /// `MAIL_*`
    pub mail: MailSettings,
    /// `NOTIFY_*`
    pub notify: NotifySettings,
    /// `SUMMARY`: how often all recipients get a summary.
    pub summary: Cadence,
    /// `NOTIFY_WEBHOOK_*`: where reports are posted besides. None: nowhere.
    pub webhook: Option<WebhookSettings>,
    /// `COVERAGE_*`
    pub coverage: CoverageSettings,
    /// `ALERTMANAGER_*`, `WATCH_*`
    pub watch: WatchSettings,
    /// `HEARTBEAT_*`: None when nobody is told that the service is at work.
    pub heartbeat: Option<HeartbeatSettings>,
    /// `MODULE_*`, `LEADER_REDIS_URL`, `TAKEOVER_SECONDS`: which instance of the cluster this is. None outside of NS8.
    pub instance: Option<InstanceSettings>,
    /// `STATE_DIR`: the directory of `journal.sqlite`. Made when it does not exist.
    pub state_dir: PathBuf,
    /// `CLUSTER_NAME`: what the mail calls the cluster. None: the name that Redis knows.
    pub cluster_name: Option<String>,
    /// `TZ`: the zone of the mail's times and of the schedules.
    pub zone: TimeZone,
    /// `RUST_LOG`, `LOG_FORMAT`
    pub log: LogSettings,
}

/// Where alerts are received, and which of them count.
#[derive(Debug, Clone)]
pub struct ReceiverSettings {
    /// `RECEIVER_HOST`: a name or an address of this machine.
    pub host: String,
    /// `RECEIVER_PORT`: 0 takes any free port, which is then logged.
    pub port: u16,
    /// `RECEIVER_TOKEN`: when set, whoever posts must bear it, and beyond loopback also whoever reads.
    pub token: Option<SecretString>,
    /// `RECEIVER_METRICS_TOKEN`: when set, `GET /metrics?token=…` needs no other token. For Prometheus, whose targets from a
    /// file can't carry a header.
    pub metrics_token: Option<SecretString>,
    /// `RECEIVER_ALERTS_WITHOUT_TOKEN`: `POST /alert` is taken without the token, everything else needs it.
    pub alerts_without_token: bool,
    /// `RECEIVER_ALLOWED_HOSTS`: names by which the service is asked besides addresses, names of one label and
    /// `RECEIVER_HOST`. In lower case.
    pub allowed_hosts: Vec<String>,
    /// `RECEIVER_ALERT_NAMES`
    pub alert_names: AlertNames,
}

/// How long a plan gets to finish.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CorrelatorSettings {
    /// `CORRELATOR_WAIT_SECONDS`: from a job's first alert to the first reading of the cluster, and between readings. 0 to 3600 s.
    pub wait: Duration,
    /// `CORRELATOR_SETTLE_SECONDS`: how long a plan that is still running, or a Redis that does not answer, is waited
    /// for. 0 to 86400 s.
    pub settle: Duration,
}

/// How destinations and repositories are checked.
#[derive(Debug, Clone)]
pub struct RepoCheckSettings {
    /// `REPO_CHECK_GATEWAY_URL`: this node's rclone gateway.
    pub gateway: Url,
    /// `REPO_CHECK_API_*`: without it, destinations are probed and repositories are not checked.
    pub api: Option<ApiSettings>,
    /// `REPO_CHECK_TIMEOUT_SECONDS`: for each question. 1 to 600 s.
    pub timeout: Duration,
    /// `REPO_CHECK_TOTAL_SECONDS`: for all questions of a report. 1 to 3600 s.
    pub total: Duration,
}

/// The cluster's API server.
#[derive(Debug, Clone)]
pub struct ApiSettings {
    /// `REPO_CHECK_API_URL`, on NS8 `http://cluster-leader:9311`.
    pub url: Url,
    /// `REPO_CHECK_API_USER`, such as `module/backup-monitor1`.
    pub user: String,
    /// `REPO_CHECK_API_PASSWORD`
    pub password: SecretString,
}

/// The Loki that collects the nodes' journals.
#[derive(Debug, Clone)]
pub struct LokiSettings {
    /// `LOKI_URL`, such as `http://10.5.4.1:20012`.
    pub url: Url,
    /// `LOKI_USERNAME`: for basic authentication. None: it asks for none.
    pub username: Option<String>,
    /// `LOKI_PASSWORD`
    pub password: Option<SecretString>,
}

/// Sender, recipients and language.
#[derive(Debug, Clone)]
pub struct MailSettings {
    /// `MAIL_FROM`
    pub from: Mailbox,
    /// `MAIL_TO`, `MAIL_TO_PLAN_<id>`: empty when no recipients are configured. Those that see all plans come first.
    pub audiences: Vec<Audience>,
    /// `MAIL_REPLY_TO`: who gets what is answered. None: the sender.
    pub reply_to: Option<Mailbox>,
    /// `MAIL_LANGUAGE`
    pub language: Language,
}

/// Where reports are posted.
#[derive(Debug, Clone)]
pub struct WebhookSettings {
    /// `NOTIFY_WEBHOOK_URL`. Secret, as whoever knows it may post there: it often has a key in its path.
    pub url: SecretString,
    /// `NOTIFY_WEBHOOK_TOKEN`: sent as a bearer token.
    pub token: Option<SecretString>,
}

/// What is reported, and how often.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotifySettings {
    /// `NOTIFY_ON`
    pub on: NotifyOn,
    /// `NOTIFY_REPEAT_SECONDS`: an unchanged problem is reported again only after this long. 0 to 31 days.
    pub repeat: Duration,
    /// `NOTIFY_AFTER_FAILURES`: a plan's problem is reported only from so many runs in a row on. 1 to 100.
    pub after_failures: u32,
    /// `NOTIFY_MUTED`
    pub muted: Mutes,
}

/// How often a summary is sent, at seven in the morning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Cadence {
    /// Never.
    Off,
    /// Each day.
    Daily,
    /// Each Monday.
    Weekly,
}

/// What is told of gaps.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CoverageSettings {
    /// `COVERAGE_GRACE_SECONDS`: how long a gap may be there before it is mailed. 0 to 31 days.
    pub grace: Duration,
}

/// Sources of alerts besides the webhook.
#[derive(Debug, Clone)]
pub struct WatchSettings {
    /// `ALERTMANAGER_URL`: when set, alerts are also fetched from its API.
    pub alertmanager: Option<Url>,
    /// `ALERTMANAGER_POLL_SECONDS`: how often. 1 to 3600 s.
    pub poll: Duration,
    /// `WATCH_RUNS`: whether backup runs are followed through Redis.
    pub runs: bool,
    /// `WATCH_MISSING_GRACE_SECONDS`: when set, a plan that has not run so long after it was due is reported. Up to 7 days.
    pub missing_grace: Option<Duration>,
}

/// Who is told, again and again, that the service is at work.
#[derive(Debug, Clone)]
pub struct HeartbeatSettings {
    /// `HEARTBEAT_URL`: asked while all is well with the service. Secret, as its path is what lets us in.
    pub url: SecretString,
    /// `HEARTBEAT_FAIL_URL`: asked instead when it is not. Without it, nothing is asked then.
    pub fail_url: Option<SecretString>,
    /// `HEARTBEAT_SECONDS`: how often. 10 to 86400 s.
    pub interval: Duration,
}

/// The instance of which this one is a copy, as it was when it was copied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// Its module.
    pub module: ModuleId,
    /// Its UUID: in another cluster, another module may have the same id.
    pub uuid: String,
}

/// Which instance of the NS8 module this is.
#[derive(Debug, Clone)]
pub struct InstanceSettings {
    /// `MODULE_ID`
    pub module: ModuleId,
    /// `MODULE_ORIGIN`, `MODULE_ORIGIN_UUID`: of what this instance is a copy that nobody has configured yet.
    pub origin: Option<Origin>,
    /// `LEADER_REDIS_URL`: where the sign of life goes. Secret, as it holds the module's password. None: no other instance sees this one.
    pub leader_redis: Option<SecretString>,
    /// `TAKEOVER_SECONDS`: how long another instance may be gone before this one takes over. 1 s to one day.
    pub takeover: Duration,
}

/// How log lines are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    /// A line of text.
    Text,
    /// One JSON object a line.
    Json,
}

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogSettings {
    /// `RUST_LOG`: directives such as `info` or `ns8_backup_monitor=debug,warn`.
    pub filter: String,
    /// `LOG_FORMAT`
    pub format: LogFormat,
}

impl Settings {
    /// Everybody, by `MAIL_LANGUAGE` and `NOTIFY_ON`: who the webhook counts as, and whoever a report waits for while there are no recipients.
    pub fn everybody(&self) -> Audience {
        Audience::new(Vec::new(), AudiencePlans::All, self.mail.language, self.notify.on)
    }

    /// Why no mail is sent, in words for an administrator; empty when mail is configured.
    pub fn mail_gaps(&self) -> Vec<String> {
        let mut gaps = Vec::new();
        if self.mail.audiences.is_empty() && self.webhook.is_some() {
            // Whoever wants reports by webhook alone needs no mail.
            return gaps;
        }
        if !self.smtp.enabled {
            gaps.push(
                "mail is off: SMTP_ENABLED is not 1 (is the cluster's mail notification configured?)".into(),
            );
        } else if self.smtp.host.is_none() {
            gaps.push("no mail server: SMTP_HOST is not set".into());
        }
        gaps.extend(self.faults_of("SMTP_").map(ToString::to_string));
        if self.mail.audiences.is_empty() && self.webhook.is_none() {
            gaps.push("no recipient: MAIL_TO is not set".into());
        }
        gaps
    }

    /// What is wrong with the discovered variables whose names begin like this.
    fn faults_of(&self, prefix: &'static str) -> impl Iterator<Item = &Problem> {
        self.faults.iter().filter(move |fault| fault.variable.starts_with(prefix))
    }

    /// Why the log can't be read; None where Loki's address and credentials are well, or there is none.
    pub fn loki_fault(&self) -> Option<String> {
        let faults: Vec<String> = self.faults_of("LOKI_").map(ToString::to_string).collect();
        (!faults.is_empty()).then(|| faults.join("; "))
    }

    /// Why mails have no links to cluster-admin, though there is an address for them.
    pub fn cluster_admin_fault(&self) -> Option<String> {
        self.faults_of("CLUSTER_ADMIN_URL").next().map(ToString::to_string)
    }

    /// Why no sign of life is given to other instances, though there is a place for it.
    pub fn duty_fault(&self) -> Option<String> {
        let faults = self.faults_of("LEADER_REDIS_URL").chain(self.faults_of("MODULE_ORIGIN"));
        let faults: Vec<String> = faults.map(ToString::to_string).collect();
        (!faults.is_empty())
            .then(|| format!("{}; other instances can't see that this one is alive", faults.join("; ")))
    }

    /// Why times and schedules may be off; None where the zone is known.
    pub fn zone_fault(&self) -> Option<String> {
        let fault = self.faults.iter().find(|fault| fault.variable == "TZ")?;
        Some(format!("{fault}; until it is corrected, times and schedules are read as UTC"))
    }
}
