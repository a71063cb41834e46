// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Links into cluster-admin, to the very page where something can be done. Pure.
//!
//! The routes are those of ns8-core's `core/ui/src/router` and `views/`, the times those of its log page, which takes them in the browser's
//! own zone. That is the cluster's for whoever sits beside it.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use reqwest::Url;

use crate::{
    config::Settings,
    ids::{JobId, ModuleId, NodeId},
    times::{earlier, later},
};

/// The log is shown from this long before a run to this long after it.
const MARGIN: SignedDuration = SignedDuration::from_secs(60);

/// Where links lead.
#[derive(Debug, Clone, Default)]
pub struct Links {
    /// cluster-admin, such as `https://leader.example.org/cluster-admin/`. None: mails have no links.
    pub cluster_admin: Option<Url>,
    /// This module's id, such as `backup-monitor1`. None: it does not run as a module, so that it has no page.
    pub module: Option<ModuleId>,
}

/// Whose log.
#[derive(Debug, Clone, Copy)]
pub enum LogOf<'a> {
    /// An application's.
    Module(&'a ModuleId),
    /// A node's.
    Node(&'a NodeId),
}

impl Links {
    /// Where links lead by these settings.
    pub fn of(settings: &Settings) -> Self {
        let module = settings.instance.as_ref().map(|instance| instance.module.clone());
        Self { cluster_admin: settings.cluster_admin.clone(), module }
    }

    /// A report on this module's page.
    pub fn report(&self, report: JobId) -> Option<String> {
        let module = self.module.as_ref().filter(|_| report.0 != 0)?;
        self.page(&format!("/apps/{}?page=reports&report={report}", encoded(module.as_str())))
    }

    /// This module's own pages.
    pub fn monitor(&self) -> Option<String> {
        self.page(&format!("/apps/{}?page=status", encoded(self.module.as_ref()?.as_str())))
    }

    /// The backup page: plans, destinations.
    pub fn backup(&self) -> Option<String> {
        self.page("/backup")
    }

    /// The page that restores applications.
    pub fn restore(&self) -> Option<String> {
        self.page("/backup?view=restore")
    }

    /// The log from just before `from` to just after `to`.
    pub fn log(&self, of: LogOf, from: Timestamp, to: Timestamp, zone: &TimeZone) -> Option<String> {
        let context = match of {
            LogOf::Module(module) => format!("context=module&selectedAppId={}", encoded(module.as_str())),
            LogOf::Node(node) => format!("context=node&selectedNodeId={}", encoded(node.as_str())),
        };
        let from = earlier(from, MARGIN).to_zoned_datetime(zone.clone());
        let to = later(to, MARGIN).to_zoned_datetime(zone.clone());
        self.page(&format!(
            "/system-logs?{context}&startDate={}&startTime={}&endDate={}&endTime={}&autoStartSearch=true&maxLines=500",
            from.strftime("%F"),
            encoded(&from.strftime("%H:%M").to_string()),
            to.strftime("%F"),
            encoded(&to.strftime("%H:%M").to_string()),
        ))
    }

    fn page(&self, route: &str) -> Option<String> {
        let base = self.cluster_admin.as_ref()?.as_str();
        Some(format!("{}/#{route}", base.split('#').next().unwrap_or(base).trim_end_matches('/')))
    }
}

fn encoded(value: &str) -> String {
    crate::text::path_segment(value).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_lead_to_the_pages_of_cluster_admin() {
        for base in ["https://leader.example.org/cluster-admin/", "https://leader.example.org/cluster-admin"]
        {
            let links = Links {
                cluster_admin: Some(base.parse().unwrap()),
                module: ModuleId::new("backup-monitor1").ok(),
            };
            let page = |route: &str| Some(format!("https://leader.example.org/cluster-admin/#{route}"));
            assert_eq!(links.backup(), page("/backup"));
            assert_eq!(links.report(JobId(12)), page("/apps/backup-monitor1?page=reports&report=12"));
            let (from, to) =
                ("2026-11-22T22:59:30Z".parse().unwrap(), "2026-11-22T23:10:00Z".parse().unwrap());
            let zone = TimeZone::get("Europe/Rome").unwrap();
            assert_eq!(
                links.log(LogOf::Module(&ModuleId::new("mail1").unwrap()), from, to, &zone),
                page(
                    "/system-logs?context=module&selectedAppId=mail1&startDate=2026-11-22&startTime=23%3A58\
                     &endDate=2026-11-23&endTime=00%3A11&autoStartSearch=true&maxLines=500"
                )
            );
        }
        assert_eq!(Links::default().backup(), None);
    }

    #[test]
    fn a_report_that_is_not_kept_has_no_page() {
        let links = Links {
            cluster_admin: Some("https://leader/cluster-admin/".parse().unwrap()),
            module: ModuleId::new("backup-monitor1").ok(),
        };
        assert_eq!(links.report(JobId(0)), None);
    }
}
