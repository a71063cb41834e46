// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A cluster in Redis, written as NS8 writes it: two nodes, four applications, one nightly plan that was due half an
//! hour ago.

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::json;

use super::redis::Redis;

pub const DESTINATION: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";
/// The nightly plan's name.
pub const PLAN: &str = "Nightly S3";
/// Its members with their nodes, in the order of the run.
pub const MODULES: [(&str, &str); 4] =
    [("mail1", "1"), ("nextcloud1", "1"), ("webtop1", "1"), ("samba1", "2")];

/// The UUID of a module, made of its name.
pub fn uuid_of(module: &str) -> String {
    let bytes: String = module.bytes().map(|byte| format!("{byte:02x}")).collect();
    format!("00000000-0000-0000-0000-{bytes:0>12.12}")
}

/// The path of a module's repository in a destination.
pub fn path_of(module: &str) -> String {
    format!("{}/{}", module.trim_end_matches(|c: char| c.is_ascii_digit()), uuid_of(module))
}

/// When the plan was due.
pub fn due() -> Timestamp {
    let began = (Timestamp::now() - SignedDuration::from_mins(30)).as_second();
    Timestamp::from_second(began - began.rem_euclid(60)).unwrap()
}

/// The schedule of a plan that is due each day at the time of `due`, in UTC.
pub fn schedule(due: Timestamp) -> String {
    due.to_zoned_datetime(TimeZone::UTC).strftime("*-*-* %H:%M:%S").to_string()
}

/// A status as `run-backup` writes it, of a run that ended `minute` minutes after `due`.
pub fn status(due: Timestamp, minute: i64, errors: u32) -> String {
    let end = due + SignedDuration::from_mins(minute);
    json!({
        "start": (end - SignedDuration::from_mins(3)).as_second(),
        "end": end.as_second(),
        "errors": errors,
        "total_size": if errors > 0 { 0 } else { 734_003_200 },
        "total_file_count": 4211,
        "snapshots_count": 3,
    })
    .to_string()
}

/// Writes the cluster without any status. Gives the time at which the plan was due.
pub async fn write_cluster(redis: &Redis) -> Timestamp {
    let due = due();
    redis.set("cluster/ui_name", "Acme").await;
    redis.set("node/1/ui_name", "leader").await;
    redis.set("module/mail1/ui_name", "Mail server").await;
    redis.hset("cluster/environment", &[("NODE_ID", "1")]).await;
    for (module, node) in MODULES {
        add_module(redis, module, node).await;
    }
    let instances = MODULES.map(|(module, _)| module).join(" ");
    add_plan(redis, "1", PLAN, &schedule(due), &instances).await;
    let url = "s3:s3.example.org/acme-backup";
    let destination = [("name", "AWS S3"), ("provider", "aws"), ("url", url), ("basepath", "")];
    redis.hset(&format!("cluster/backup_repository/{DESTINATION}"), &destination).await;
    due
}

pub async fn add_module(redis: &Redis, module: &str, node: &str) {
    redis.hset("cluster/module_node", &[(module, node)]).await;
    redis.hset("cluster/module_uuid", &[(module, &uuid_of(module))]).await;
    let image = module.trim_end_matches(|c: char| c.is_ascii_digit());
    let image_url = format!("ghcr.io/nethserver/{image}:1.2.3");
    redis.hset(&format!("module/{module}/environment"), &[("IMAGE_URL", &image_url)]).await;
}

pub async fn add_plan(redis: &Redis, id: &str, name: &str, schedule: &str, instances: &str) {
    let plan = [
        ("name", name),
        ("repository", DESTINATION),
        ("schedule", schedule),
        ("schedule_hint", "{}"),
        ("retention", "3"),
        ("instances", instances),
        ("enabled", "1"),
    ];
    redis.hset(&format!("cluster/backup/{id}"), &plan).await;
}

/// Writes the result of one application of plan 1, `minute` minutes after it was due.
pub async fn write_status(redis: &Redis, due: Timestamp, module: &str, minute: i64, errors: u32) {
    let node = MODULES.iter().find(|(name, _)| *name == module).map_or("1", |(_, node)| node);
    redis.hset(&format!("node/{node}/backup_status/1"), &[(module, &status(due, minute, errors))]).await;
}

/// A night in which mail1 failed and everything else is fine.
pub async fn write_partial_night(redis: &Redis) -> Timestamp {
    let due = write_cluster(redis).await;
    write_status(redis, due, "mail1", 5, 1).await;
    write_status(redis, due, "nextcloud1", 10, 0).await;
    write_status(redis, due, "webtop1", 15, 0).await;
    write_status(redis, due, "samba1", 8, 0).await;
    due
}

/// NS8's alert about plan 1, as it is posted to a webhook.
pub fn webhook() -> String {
    webhook_for("1", PLAN)
}

/// NS8's alert about a plan, as it is posted to a webhook.
pub fn webhook_for(id: &str, name: &str) -> String {
    let mut alert = super::alertmanager::backup_failed(id, name, "1");
    alert["status"] = "firing".into();
    alert["startsAt"] = Timestamp::now().to_string().into();
    alert["fingerprint"] = format!("fingerprint-of-{id}").into();
    json!({"version": "4", "status": "firing", "receiver": "default-receiver", "alerts": [alert]}).to_string()
}
