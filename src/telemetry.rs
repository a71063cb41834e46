// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Logs and metrics.

pub mod protection;

use std::io::IsTerminal;

use prometheus_client::{
    encoding::{EncodeLabelSet, EncodeLabelValue, text::encode},
    metrics::{counter::Counter, family::Family, gauge::Gauge, histogram::Histogram, info::Info},
    registry::Registry,
};
use tracing_subscriber::EnvFilter;

use self::protection::ProtectionMetrics;
use crate::{
    config::{LogFormat, LogSettings},
    correlator::correlation::Outcome,
    version::VERSION,
};

/// What the metrics are for whoever does not ask for OpenMetrics. As far as they go here, both formats are the same text.
pub const PLAIN_METRICS_CONTENT_TYPE: &str = "text/plain; version=0.0.4; charset=utf-8";
/// What Prometheus is told the metrics are: <https://prometheus.io/docs/specs/om/open_metrics_spec/>.
pub const METRICS_CONTENT_TYPE: &str = "application/openmetrics-text; version=1.0.0; charset=utf-8";

/// Starts logging to standard error. The first call counts; later ones change nothing.
pub fn start_logging(settings: &LogSettings) {
    let filter = EnvFilter::new(&settings.filter);
    let builder = tracing_subscriber::fmt().with_env_filter(filter).with_writer(std::io::stderr);
    // Only tests call this twice in one process.
    let _ = match settings.format {
        LogFormat::Text => builder.with_ansi(std::io::stderr().is_terminal()).with_target(false).try_init(),
        LogFormat::Json => builder.json().flatten_event(true).try_init(),
    };
}

/// What became of an alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types, reason = "label values are lower case")]
pub enum AlertResult {
    /// It started a job or joined one.
    accepted,
    /// It is not about backups, or resolved.
    ignored,
    /// The request that may have brought alerts was refused; it counts once.
    refused,
}

/// What became of an attempt to send a mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types, reason = "label values are lower case")]
pub enum MailResult {
    /// Nobody needs to get it any more.
    sent,
    /// It is tried again.
    deferred,
    /// It was given up.
    failed,
}

/// What became of a heartbeat.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, EncodeLabelValue)]
#[allow(non_camel_case_types, reason = "label values are lower case")]
pub enum HeartbeatResult {
    /// It was taken: all is well with the service.
    alive,
    /// It was taken: something is wrong with the service.
    trouble,
    /// It was not taken.
    failed,
}

/// The label of [`Metrics::heartbeats`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct HeartbeatLabels {
    /// What became of it.
    pub result: HeartbeatResult,
}

/// The label of [`Metrics::alerts`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct AlertLabels {
    /// What became of it.
    pub result: AlertResult,
}

/// The label of [`Metrics::mails`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct MailLabels {
    /// What became of it.
    pub result: MailResult,
}

/// The label of [`Metrics::reports`].
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ReportLabels {
    /// The outcome's name.
    pub outcome: String,
}

/// The labels of what is known of an application's backups.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct ApplicationLabels {
    /// The plan's id.
    pub plan: String,
    /// The plan's name, else its id.
    pub plan_name: String,
    /// The module.
    pub application: String,
    /// Its node.
    pub node: String,
}

/// The labels of what is known of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Hash, EncodeLabelSet)]
pub struct PlanLabels {
    /// The plan's id.
    pub plan: String,
    /// The plan's name, else its id.
    pub plan_name: String,
}

/// What is known of the cluster's plans and their applications' backups, as of the last reading, report or run.
#[derive(Debug, Default)]
pub struct ApplicationMetrics {
    /// 1 while the plan is enabled, else 0; of every plan, whether or not it ever ran.
    pub plan_enabled: Family<PlanLabels, Gauge>,
    /// 1 when the last run was well, else 0.
    pub last_result: Family<ApplicationLabels, Gauge>,
    /// When the last good backup ended, in Unix seconds.
    pub last_success: Family<ApplicationLabels, Gauge>,
    /// Bytes in the last good backup.
    pub size: Family<ApplicationLabels, Gauge>,
    /// How long the last run took, in seconds.
    pub duration: Family<ApplicationLabels, Gauge>,
}

impl ApplicationMetrics {
    fn register(&self, registry: &mut Registry) {
        let mut register = |name: &str, help: &str, family: &Family<ApplicationLabels, Gauge>| {
            registry.register(format!("application_{name}"), help, family.clone());
        };
        register("last_result", "1 when the application's last backup was well, else 0", &self.last_result);
        let help = "When the application's last good backup ended";
        register("last_success_timestamp_seconds", help, &self.last_success);
        register("size_bytes", "Bytes in the application's last good backup", &self.size);
        register("duration_seconds", "How long the application's last backup took", &self.duration);
        let help = "1 while the backup plan is enabled, else 0";
        registry.register("plan_enabled", help, self.plan_enabled.clone());
    }

    /// Forgets all plans and applications, before those that there are now are set.
    pub fn clear(&self) {
        self.plan_enabled.clear();
        for family in [&self.last_result, &self.last_success, &self.size, &self.duration] {
            family.clear();
        }
    }
}

/// The service's own figures.
pub struct Metrics {
    registry: Registry,
    /// Alerts that were posted.
    pub alerts: Family<AlertLabels, Counter>,
    /// Reports that were made, by outcome.
    pub reports: Family<ReportLabels, Counter>,
    /// Attempts to send a mail.
    pub mails: Family<MailLabels, Counter>,
    /// Heartbeats that were given, by what became of them.
    pub heartbeats: Family<HeartbeatLabels, Counter>,
    /// How long it takes to read the cluster.
    pub cluster_read: Histogram,
    /// How often the cluster could not be read.
    pub cluster_read_failures: Counter,
    /// Jobs that are not done.
    pub jobs: Gauge,
    /// Mails that wait to be sent.
    pub mails_queued: Gauge,
    /// Rows of the journal that could not be read.
    pub unreadable_rows: Gauge,
    /// 1 when the service is ready.
    pub ready: Gauge,
    /// The applications' backups.
    pub applications: ApplicationMetrics,
    /// What is protected.
    pub protection: ProtectionMetrics,
}

impl Default for Metrics {
    fn default() -> Self {
        let mut registry = Registry::with_prefix("ns8_backup_monitor");
        let version = vec![("version", VERSION)];
        registry.register("build", "The version that is running", Info::new(version));
        let metrics = Self {
            alerts: Family::default(),
            reports: Family::default(),
            mails: Family::default(),
            heartbeats: Family::default(),
            cluster_read: Histogram::new([0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0]),
            cluster_read_failures: Counter::default(),
            jobs: Gauge::default(),
            mails_queued: Gauge::default(),
            unreadable_rows: Gauge::default(),
            ready: Gauge::default(),
            applications: ApplicationMetrics::default(),
            protection: ProtectionMetrics::default(),
            registry: Registry::default(),
        };
        registry.register("alerts", "Alerts that were posted", metrics.alerts.clone());
        registry.register("reports", "Reports that were made", metrics.reports.clone());
        registry.register("mail_attempts", "Attempts to send a mail", metrics.mails.clone());
        registry.register("heartbeats", "Heartbeats that were given", metrics.heartbeats.clone());
        registry.register(
            "cluster_read_seconds",
            "How long it takes to read the cluster's Redis",
            metrics.cluster_read.clone(),
        );
        registry.register(
            "cluster_read_failures",
            "How often the cluster's Redis could not be read",
            metrics.cluster_read_failures.clone(),
        );
        registry.register("jobs", "Reports in the making", metrics.jobs.clone());
        registry.register("mails_queued", "Mails that wait to be sent", metrics.mails_queued.clone());
        registry.register(
            "journal_unreadable_rows",
            "Damaged rows of the journal that were left out",
            metrics.unreadable_rows.clone(),
        );
        registry.register("ready", "1 when the service is ready", metrics.ready.clone());
        metrics.applications.register(&mut registry);
        metrics.protection.register(&mut registry);
        // Outcomes that have not come yet are 0, not absent: a rate over them has a beginning.
        for outcome in Outcome::ALL {
            let _ = metrics.reports.get_or_create(&ReportLabels { outcome: outcome.to_string() });
        }
        Self { registry, ..metrics }
    }
}

impl Metrics {
    /// Counts alerts.
    pub fn count_alerts(&self, result: AlertResult, count: usize) {
        self.alerts.get_or_create(&AlertLabels { result }).inc_by(count as u64);
    }

    /// Counts a report.
    pub fn count_report(&self, outcome: Outcome) {
        self.reports.get_or_create(&ReportLabels { outcome: outcome.to_string() }).inc();
    }

    /// Counts an attempt to send a mail.
    pub fn count_mail(&self, result: MailResult) {
        self.mails.get_or_create(&MailLabels { result }).inc();
    }

    /// Counts a heartbeat.
    pub fn count_heartbeat(&self, result: HeartbeatResult) {
        self.heartbeats.get_or_create(&HeartbeatLabels { result }).inc();
    }

    /// All figures, as Prometheus reads them.
    pub fn encode(&self) -> String {
        let mut text = String::new();
        encode(&mut text, &self.registry).expect("writing to memory does not fail");
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_written_for_prometheus() {
        let metrics = Metrics::default();
        metrics.count_alerts(AlertResult::accepted, 2);
        metrics.count_report(Outcome::RepoFailure);
        metrics.count_mail(MailResult::sent);
        metrics.cluster_read.observe(0.003);
        let text = metrics.encode();
        for line in [
            "ns8_backup_monitor_alerts_total{result=\"accepted\"} 2",
            "ns8_backup_monitor_reports_total{outcome=\"REPO_FAILURE\"} 1",
            "ns8_backup_monitor_reports_total{outcome=\"SUCCESS\"} 0",
            "ns8_backup_monitor_mail_attempts_total{result=\"sent\"} 1",
            "ns8_backup_monitor_cluster_read_seconds_bucket{le=\"0.005\"} 1",
            "ns8_backup_monitor_jobs 0",
        ] {
            assert!(text.lines().any(|found| found == line), "{line} is not in\n{text}");
        }
    }
}
