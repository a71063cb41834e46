// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The sample cluster: the content of its Redis and of its repositories.

use std::collections::BTreeMap;

use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use serde_json::{Value, json};

use super::{log::Entry, redis::Key, storage::Answer};

const PLAN: &str = "1";
const PLAN_NAME: &str = "Nightly S3";
const DESTINATION: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";
const GIB: u64 = 1 << 30;

/// One application: its module, label, node, UUID, and size.
struct Application {
    module: &'static str,
    label: &'static str,
    node: &'static str,
    uuid: &'static str,
    bytes: u64,
}

const MAIL: Application = Application {
    module: "mail1",
    label: "Mail server",
    node: "1",
    uuid: "8f0a7a5e-4a0e-4c6e-9d3b-0b7c2f2d1a01",
    bytes: 42 * GIB,
};
const NEXTCLOUD: Application = Application {
    module: "nextcloud1",
    label: "Files",
    node: "1",
    uuid: "1c9f6a53-7a55-4d0b-8a3e-52c4a1f7e002",
    bytes: 118 * GIB,
};
const WEBTOP: Application = Application {
    module: "webtop1",
    label: "",
    node: "1",
    uuid: "f5d24fcd-819c-4b1d-98ad-a1b2ebcee003",
    bytes: 700 << 20,
};
const SAMBA: Application = Application {
    module: "samba1",
    label: "Domain controller",
    node: "2",
    uuid: "3792c7db-9450-4bd3-84a3-034cd0087004",
    bytes: 9 * GIB,
};
const APPLICATIONS: [Application; 4] = [MAIL, NEXTCLOUD, WEBTOP, SAMBA];

/// A cluster whose nightly backup started forty minutes ago.
pub(super) struct Sample {
    zone: TimeZone,
    due: Timestamp,
}

impl Sample {
    pub fn new(now: Timestamp, zone: TimeZone) -> Self {
        // A POSIX zone has no name by which it could be configured.
        let zone = if zone.iana_name().is_some() { zone } else { TimeZone::UTC };
        let began = (now - SignedDuration::from_mins(40)).as_second();
        let due = Timestamp::from_second(began - began.rem_euclid(60)).unwrap_or(now);
        Self { zone, due }
    }

    pub fn zone_name(&self) -> String {
        self.zone.iana_name().unwrap_or("UTC").to_owned()
    }

    pub fn description(&self) -> String {
        format!(
            "2 nodes, {} applications and the backup plan \"{PLAN_NAME}\", which has just failed for {} and is \
             still running",
            APPLICATIONS.len(),
            MAIL.module
        )
    }

    /// The webhook that Alertmanager posts.
    pub fn webhook(&self) -> Value {
        webhook_body(PLAN, PLAN_NAME, self.minute(12))
    }

    fn minute(&self, minute: i64) -> Timestamp {
        self.due + SignedDuration::from_mins(minute)
    }

    /// What `run-backup` writes when an application's backup has ended.
    fn status(&self, application: &Application, from: i64, to: i64, errors: u32) -> String {
        let figures = if errors > 0 { (0, 0, 0) } else { (application.bytes, 4211, 7) };
        json!({
            "start": self.minute(from).as_second(),
            "end": self.minute(to).as_second(),
            "errors": errors,
            "total_size": figures.0,
            "total_file_count": figures.1,
            "snapshots_count": figures.2,
        })
        .to_string()
    }

    /// All keys, while the run is in progress.
    pub fn keys(&self) -> BTreeMap<String, Key> {
        let hash = |fields: &[(&str, &str)]| {
            Key::Hash(fields.iter().map(|(name, value)| (name.to_string(), value.to_string())).collect())
        };
        let text = |text: &str| Key::Text(text.to_owned());
        let each = |value: fn(&Application) -> &'static str| {
            Key::Hash(APPLICATIONS.iter().map(|app| (app.module.to_owned(), value(app).to_owned())).collect())
        };
        let schedule = self.due.to_zoned_datetime(self.zone.clone()).strftime("*-*-* %H:%M:00").to_string();
        let instances = APPLICATIONS.map(|application| application.module).join(" ");
        let mut keys = BTreeMap::from([
            ("cluster/ui_name".to_owned(), text("Acme")),
            ("cluster/uuid".to_owned(), text("b1a4a1f0-5a0c-4f0e-9a51-3a7c5ee6b005")),
            ("cluster/environment".to_owned(), hash(&[("NODE_ID", "1")])),
            ("cluster/module_node".to_owned(), each(|application| application.node)),
            ("cluster/module_uuid".to_owned(), each(|application| application.uuid)),
            ("node/1/ui_name".to_owned(), text("leader")),
            (
                format!("cluster/backup/{PLAN}"),
                hash(&[
                    ("name", PLAN_NAME),
                    ("repository", DESTINATION),
                    ("schedule", &schedule),
                    ("schedule_hint", "{}"),
                    ("retention", "7"),
                    ("instances", &instances),
                    ("enabled", "1"),
                ]),
            ),
            (
                format!("cluster/backup_repository/{DESTINATION}"),
                hash(&[
                    ("name", "AWS S3"),
                    ("provider", "aws"),
                    ("url", "s3:s3.eu-south-1.amazonaws.com/acme-backup"),
                    ("basepath", ""),
                ]),
            ),
            (
                format!("node/1/backup_status/{PLAN}"),
                hash(&[
                    ("mail1", &self.status(&MAIL, 0, 12, 1)),
                    ("nextcloud1", &self.status(&NEXTCLOUD, 12, 34, 0)),
                ]),
            ),
            (format!("node/2/backup_status/{PLAN}"), hash(&[("samba1", &self.status(&SAMBA, 0, 9, 0))])),
        ]);
        for application in &APPLICATIONS {
            let module = application.module;
            let image = module.trim_end_matches(|c: char| c.is_ascii_digit());
            let image_url = format!("ghcr.io/nethserver/{image}:1.0.0");
            let environment = hash(&[("IMAGE_URL", &image_url), ("MODULE_UUID", application.uuid)]);
            keys.insert(format!("module/{module}/environment"), environment);
            if !application.label.is_empty() {
                keys.insert(format!("module/{module}/ui_name"), text(application.label));
            }
        }
        keys
    }

    /// The result that arrives while the service waits: hash, field and value.
    pub fn late_result(&self) -> (String, String, String) {
        let status = self.status(&WEBTOP, 34, 38, 0);
        (format!("node/1/backup_status/{PLAN}"), WEBTOP.module.to_owned(), status)
    }

    /// What the failed backup left in the node's journal.
    pub fn journal(&self) -> Vec<Entry> {
        let entry = |minute, module: Option<&'static str>, message: &str| Entry {
            at: self.minute(minute),
            module,
            unit: module.map_or(format!("backup{PLAN}.service"), |_| "user@1004.service".into()),
            message: message.into(),
        };
        let begun = format!("mail1: starting backup {PLAN} at {}", self.minute(0).strftime("%c"));
        vec![
            entry(0, None, &begun),
            entry(
                11,
                Some("mail1"),
                "Error: can only create exec sessions on running containers: container state improper",
            ),
            entry(
                12,
                Some("mail1"),
                "[ERROR] module-dump-state failed. Command '['module-dump-state', '1']' returned non-zero exit status 255.",
            ),
            entry(12, Some("mail1"), "[ERROR] module-backup aborted."),
            entry(12, None, &format!("mail1: backup {PLAN} failed (exit code 1)")),
            entry(
                12,
                None,
                &format!("nextcloud1: starting backup {PLAN} at {}", self.minute(12).strftime("%c")),
            ),
        ]
    }

    /// restic's answer for each repository, by its path.
    pub fn snapshots(&self) -> BTreeMap<String, Answer> {
        let day = |days: i64| (self.due - SignedDuration::from_hours(24 * days)).as_second();
        let snapshots = (1..=7).map(|days| {
            json!({
                "timestamp": day(days),
                "id": format!("{days:064x}"),
                "total_bytes": MAIL.bytes,
                "backup_start": "",
                "backup_end": "",
            })
        });
        let path = format!("mail/{}", MAIL.uuid);
        BTreeMap::from([(path, Answer::Snapshots(snapshots.collect()))])
    }
}

/// The body of the webhook for one plan, in the shape that Alertmanager posts it.
fn webhook_body(plan: &str, name: &str, starts_at: Timestamp) -> Value {
    let labels = json!({
        "alertname": "BackupFailed", "id": plan, "name": name, "node": "1", "severity": "critical",
        "service": "backup", "instance": "10.5.4.1:9100", "job": "providers", "target_type": "node",
    });
    json!({
        "version": "4",
        "receiver": "default-receiver",
        "status": "firing",
        "groupKey": "{}/{service=~\".*\"}:{alertname=\"BackupFailed\", node=\"1\"}",
        "groupLabels": {"alertname": "BackupFailed", "node": "1"},
        "commonLabels": labels,
        "commonAnnotations": {},
        "externalURL": "http://leader.acme.example:9093",
        "truncatedAlerts": 0,
        "alerts": [{
            "status": "firing",
            "labels": labels,
            "annotations": {
                "summary_en": format!("Backup job {name} (ID: {plan}) has failed."),
                "summary_it": format!("Backup {name} (ID: {plan}) fallito."),
            },
            "startsAt": starts_at,
            "endsAt": "0001-01-01T00:00:00Z",
            "generatorURL": "/graph?g0.expr=node_backup_status+%3D%3D+0&g0.tab=1",
            "fingerprint": "556cb799a73e1c32",
        }],
    })
}
