// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Whether the service has anything left to do.

use crate::support::service::Service;

/// True when no job waits, second looks aside, and no mail is queued.
pub async fn is_idle(service: &Service) -> bool {
    let status = service.get_json("/api/status").await;
    let first_looks =
        status["jobs"].as_array().unwrap().iter().filter(|job| job["follow_up"] != true).count();
    let page = service.get_json("/api/reports?limit=1000").await;
    let is_queued = |report: &serde_json::Value| report["delivery"]["state"] == "queued";
    first_looks == 0 && !page["reports"].as_array().unwrap().iter().any(is_queued)
}
