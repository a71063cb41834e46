// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reading a large cluster from a real redis-server, and classifying it: 100 plans of 100 applications, as NS8 writes them (with
//! `cluster/backup_sequence`), and as a hand-made set-up has them (without, so that Redis goes through all keys).

use std::{
    net::TcpListener,
    process::{Child, Command, Stdio},
    time::Duration,
};

use criterion::{Criterion, criterion_group, criterion_main};
use deadpool_redis::redis::{Client, Connection, Pipeline, cmd, pipe};
use jiff::{SignedDuration, Timestamp, tz::TimeZone};
use ns8_backup_monitor::correlator::{classify, facts::Scope, read::ClusterReader};
use tempfile::TempDir;

const PLANS: usize = 100;
const APPLICATIONS: usize = 100;
const NODES: usize = 10;
const DESTINATION: &str = "48ce000a-79b7-5fe6-8558-177fd70c27b4";

/// A redis-server that ends with this value.
struct Redis {
    server: Child,
    url: String,
    _dir: TempDir,
}

impl Redis {
    fn start() -> Self {
        let port =
            TcpListener::bind("127.0.0.1:0").and_then(|free| free.local_addr()).expect("a port").port();
        let dir = tempfile::tempdir().expect("a directory");
        let server = Command::new("redis-server")
            .args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", "", "--dir"])
            .arg(dir.path())
            .stdout(Stdio::null())
            .spawn()
            .expect("redis-server");
        Self { server, url: format!("redis://127.0.0.1:{port}"), _dir: dir }
    }

    fn connect(&self) -> Connection {
        let client = Client::open(self.url.as_str()).expect("a URL");
        for _ in 0..500 {
            if let Ok(connection) = client.get_connection() {
                return connection;
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        panic!("redis-server does not answer");
    }
}

impl Drop for Redis {
    fn drop(&mut self) {
        let _ = self.server.kill();
        let _ = self.server.wait();
    }
}

/// Writes the cluster: six keys for each application, every tenth of which failed.
fn write_cluster(connection: &mut Connection, now: Timestamp) {
    let due = now - SignedDuration::from_hours(5);
    let schedule = due.to_zoned_datetime(TimeZone::UTC).strftime("*-*-* %H:%M:00").to_string();
    let mut batch = pipe();
    let hset = |batch: &mut Pipeline, key: String, fields: &[(&str, &str)]| {
        batch.hset_multiple(key, fields).ignore();
    };
    hset(&mut batch, format!("cluster/backup_repository/{DESTINATION}"), &[("name", "S3")]);
    for plan in 1..=PLANS {
        let mut instances = Vec::new();
        for number in 0..APPLICATIONS {
            let (module, node) = (format!("app{}", plan * APPLICATIONS + number), number % NODES + 1);
            let end = due.as_second() + 60 * i64::try_from(number + 1).expect("a small number");
            let status = format!(
                r#"{{"start": {}, "total_size": 734003200, "total_file_count": 4211, "snapshots_count": 3, "errors": {}, "end": {end}}}"#,
                end - 60,
                u8::from(number % 10 == 0),
            );
            hset(&mut batch, format!("node/{node}/backup_status/{plan}"), &[(&module, &status)]);
            hset(&mut batch, "cluster/module_node".into(), &[(&module, &node.to_string())]);
            hset(
                &mut batch,
                "cluster/module_uuid".into(),
                &[(&module, "f5d24fcd-819c-4b1d-98ad-a1b2ebcee8cf")],
            );
            hset(&mut batch, format!("module/{module}/environment"), &[("IMAGE_URL", "ghcr.io/x/app:1.0.0")]);
            batch.set(format!("module/{module}/ui_name"), "An application").ignore();
            for key in ["flags", "srv", "user_domains", "certificate"] {
                batch.set(format!("module/{module}/{key}"), "x").ignore();
            }
            instances.push(module);
        }
        let fields = [
            ("name", "Nightly"),
            ("repository", DESTINATION),
            ("schedule", &schedule),
            ("instances", &instances.join(" ")),
            ("enabled", "1"),
        ];
        hset(&mut batch, format!("cluster/backup/{plan}"), &fields);
    }
    batch.query::<()>(connection).expect("written");
}

fn reading(criterion: &mut Criterion) {
    let redis = Redis::start();
    let mut connection = redis.connect();
    let now = Timestamp::now();
    write_cluster(&mut connection, now);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().expect("a runtime");
    let reader = ClusterReader::new(&redis.url.clone().into(), TimeZone::UTC).expect("a reader");
    let look = || {
        let scope = Scope::about([]);
        let facts = runtime.block_on(reader.read(&scope, now)).expect("the cluster");
        let correlation = classify(&facts, &scope, now, &TimeZone::UTC);
        assert_eq!(correlation.plans.len(), PLANS);
        correlation
    };
    let mut group = criterion.benchmark_group("100 plans of 100 applications, read and classified");
    group.sample_size(30);
    group.bench_function("as NS8 writes them", |bencher| {
        cmd("SET").arg("cluster/backup_sequence").arg(PLANS).exec(&mut connection).expect("written");
        bencher.iter(look);
    });
    group.bench_function("hand-made", |bencher| {
        cmd("DEL").arg("cluster/backup_sequence").exec(&mut connection).expect("written");
        bencher.iter(look);
    });
    group.finish();
}

criterion_group!(benches, reading);
criterion_main!(benches);
