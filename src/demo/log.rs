// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Loki, as far as the service uses it: the journal of the run, one answer for the unit that runs the plan and one for the application.

use jiff::Timestamp;
use serde_json::{Value, json};

/// A line of the journal, as its shipper sends it to Loki.
#[derive(Clone)]
pub(super) struct Entry {
    /// When it was written.
    pub at: Timestamp,
    /// The module whose user wrote it. None for the node's own units.
    pub module: Option<&'static str>,
    /// The unit.
    pub unit: String,
    /// What it says.
    pub message: String,
}

/// The answer of `query_range`: the entries of modules, or those of the node.
pub(super) fn answer(entries: &[Entry], query: &str) -> Value {
    let of_modules = query.contains("module_id=~") || query.contains("module_id!=");
    let streams = entries.iter().filter(|entry| entry.module.is_some() == of_modules).map(|entry| {
        let line = json!({
            "MESSAGE": entry.message,
            "PRIORITY": "6",
            "SYSLOG_IDENTIFIER": "runagent",
            "_SYSTEMD_UNIT": entry.unit,
            "_TRANSPORT": "stdout",
        });
        let labels = json!({"node_id": "1", "module_id": entry.module.unwrap_or_default()});
        json!({"stream": labels, "values": [[entry.at.as_nanosecond().to_string(), line.to_string()]]})
    });
    json!({"status": "success", "data": {"resultType": "streams", "result": streams.collect::<Vec<_>>()}})
}
