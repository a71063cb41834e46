// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The service's memory at its peak, as the kernel counts it (VmHWM), and within a memory cgroup of 64 MiB where one can be made.
//! What hostile bodies and heads take is measured by tests/integration/attack_http.rs.

use std::{fs, path::PathBuf, time::Duration};

use crate::support::{
    redis::Redis,
    sample::{add_module, add_plan, schedule, status, webhook, write_cluster, write_partial_night},
    service::{Service, Settings},
    smtp::SmtpServer,
};

/// What the whole process may take, in bytes.
const LIMIT: u64 = 64 * 1024 * 1024;

/// A memory cgroup with the limit, of either version.
struct Cgroup(PathBuf);

impl Cgroup {
    /// None where cgroups can't be made, as in most containers.
    fn make(name: &str) -> Option<Self> {
        let name = format!("backup-monitor-{name}-{}", std::process::id());
        [("/sys/fs/cgroup/memory", "memory.limit_in_bytes"), ("/sys/fs/cgroup", "memory.max")]
            .into_iter()
            .find_map(|(root, limit)| {
                let dir = PathBuf::from(root).join(&name);
                fs::create_dir(&dir).ok()?;
                let group = Self(dir);
                fs::write(group.0.join(limit), LIMIT.to_string()).ok()?;
                Some(group)
            })
    }

    fn add(&self, process: u32) {
        fs::write(self.0.join("cgroup.procs"), process.to_string()).unwrap();
    }
}

impl Drop for Cgroup {
    fn drop(&mut self) {
        let _ = fs::remove_dir(&self.0);
    }
}

/// The most that the service has had so far, in bytes.
fn peak_of(service: &Service) -> u64 {
    let status = fs::read_to_string(format!("/proc/{}/status", service.process.child.id())).unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).expect("the service runs");
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse().unwrap();
    kibibytes * 1024
}

fn within(group: Option<&Cgroup>) -> &'static str {
    if group.is_some() { "in a cgroup of 64 MiB" } else { "no cgroup can be made here" }
}

#[tokio::test]
async fn a_report_of_a_thousand_failed_applications() {
    let (redis, smtp) = (Redis::start().await, SmtpServer::plain().await);
    let due = write_cluster(&redis).await;
    let modules: Vec<String> = (1..=1000).map(|number| format!("app{number}")).collect();
    for module in &modules {
        add_module(&redis, module, "1").await;
        redis.hset("node/1/backup_status/1", &[(module, &status(due, 5, 1))]).await;
    }
    add_plan(&redis, "1", "Nightly S3", &schedule(due), &modules.join(" ")).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("RUST_LOG", "info");
    smtp.configure(&mut settings);
    let group = Cgroup::make("applications");
    let service = settings.start().await;
    if let Some(group) = &group {
        group.add(service.process.child.id());
    }
    service.alert(webhook()).await;
    smtp.received(1).await;
    let peak = peak_of(&service);
    println!(
        "attack: memory, a report of 1000 failed applications: {} KiB, {}",
        peak / 1024,
        within(group.as_ref())
    );
    assert!(peak < LIMIT, "{peak} bytes");
    service.kill();
}

#[tokio::test]
async fn readers_of_a_thousand_reports() {
    let redis = Redis::start().await;
    write_partial_night(&redis).await;
    let mut settings = Settings::new();
    settings.set("REDIS_URL", redis.url()).set("RUST_LOG", "info");
    let service = settings.start().await;
    let receipt = service.alert(webhook()).await;
    service.report_of(&receipt).await;
    service.stop().await;
    let journal = rusqlite::Connection::open(settings.state_dir().join("journal.sqlite")).unwrap();
    journal
        .execute_batch(
            "CREATE TEMP TABLE copy AS SELECT * FROM reports;
             UPDATE deliveries SET state = 'sent';
             CREATE TEMP TABLE numbers AS
                WITH RECURSIVE n (i) AS (SELECT 2 UNION ALL SELECT i + 1 FROM n WHERE i < 1000) SELECT i FROM n;",
        )
        .unwrap();
    for number in 2..=1000 {
        journal.execute("UPDATE copy SET id = ?", [number]).unwrap();
        journal.execute("INSERT INTO reports SELECT * FROM copy", []).unwrap();
        journal.execute("INSERT INTO report_applications VALUES ('mail1', ?)", [number]).unwrap();
        let delivery = "INSERT INTO deliveries (report_id, audience, channel, state, queued_at, next_attempt_at)
                        SELECT ?, audience, channel, state, queued_at, next_attempt_at FROM deliveries LIMIT 1";
        journal.execute(delivery, [number]).unwrap();
    }
    drop(journal);
    let group = Cgroup::make("readers");
    let service = settings.start().await;
    if let Some(group) = &group {
        group.add(service.process.child.id());
    }
    let readers: Vec<_> = (0..16)
        .map(|reader| {
            let (http, base) = (service.http.clone(), service.base.clone());
            tokio::spawn(async move {
                for round in 0..8 {
                    let path = match (reader + round) % 4 {
                        0 => "/api/reports?limit=1000".to_owned(),
                        1 => "/api/reports?limit=1000&application=mail1".to_owned(),
                        2 => format!("/api/reports/{}", round + 1),
                        _ => "/".to_owned(),
                    };
                    let answer = http.get(format!("{base}{path}")).send().await.unwrap();
                    assert!(answer.status().is_success(), "{path}: {}", answer.status());
                    answer.bytes().await.unwrap();
                }
            })
        })
        .collect();
    let began = std::time::Instant::now();
    service.alert(webhook()).await;
    let answered = began.elapsed();
    for reader in readers {
        reader.await.unwrap();
    }
    let peak = peak_of(&service);
    println!(
        "attack: memory, 16 readers of 1000 reports: {} KiB, {}; an alert meanwhile answered in {} ms",
        peak / 1024,
        within(group.as_ref()),
        answered.as_millis()
    );
    assert!(peak < LIMIT, "{peak} bytes");
    assert!(answered < Duration::from_secs(5), "{answered:?}");
    service.kill();
}
