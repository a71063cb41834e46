// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Plays ns8-core's `run-backup`: the same keys and events in the same order, at a time of its own, so that a month passes in a
//! minute.

use jiff::{SignedDuration, Timestamp};
use serde_json::json;

use super::redis::Redis;

/// How one application's backup goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Backup {
    Ok,
    Fails,
    /// It never ends, or never gets its turn: no status is written.
    Hangs,
}

/// Writes the result of one application, and tells the cluster, as `run-backup` does once a module's backup has ended.
pub async fn write_result(
    redis: &Redis,
    node: &str,
    plan: &str,
    module: &str,
    (start, end): (Timestamp, Timestamp),
    errors: u32,
    size: u64,
) {
    let status = json!({
        "start": start.as_second(),
        "total_size": size,
        "total_file_count": size / 1000,
        "snapshots_count": 3,
        "errors": errors,
        "end": end.as_second(),
    });
    redis.hset(&format!("node/{node}/backup_status/{plan}"), &[(module, &status.to_string())]).await;
    publish(redis, node, plan, module).await;
}

/// `node/<n>/event/backup-status-changed`, since core 3.20.
async fn publish(redis: &Redis, node: &str, plan: &str, module: &str) {
    let number = |text: &str| text.parse::<u64>().unwrap();
    let event = json!({"node_id": number(node), "backup_id": number(plan), "module_id": module});
    let channel = format!("node/{node}/event/backup-status-changed");
    redis.run(&["PUBLISH", &channel, &event.to_string()]).await;
}

/// One night of one plan, at a time of its own.
pub struct Night {
    pub plan: &'static str,
    pub began_at: Timestamp,
}

impl Night {
    /// The next application of a node, which takes three minutes. `place` is how many of the node's were before it.
    pub async fn back_up(&self, redis: &Redis, node: &str, module: &str, place: i64, how: Backup) {
        let start = self.began_at + SignedDuration::from_mins(3 * place);
        let end = start + SignedDuration::from_mins(3);
        match how {
            Backup::Ok => write_result(redis, node, self.plan, module, (start, end), 0, 734_003_200).await,
            Backup::Fails => write_result(redis, node, self.plan, module, (start, end), 1, 0).await,
            Backup::Hangs => {}
        }
    }
}
