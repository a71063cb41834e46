// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A real redis-server with NS8's users: `default`, who may only read, and one who plays the cluster and may write.

use std::process::Command;

use deadpool_redis::redis::{Client, aio::MultiplexedConnection, cmd};
use tempfile::TempDir;

use super::{
    eventually,
    process::{Process, free_port},
};

/// The user `default` as ns8-core's `install-finalize.sh` makes it, and a `cluster` user to write with.
const USERS: &str = "user default on nopass resetkeys ~cluster/* ~node/* ~module/* resetchannels &* nocommands \
                     +@read +@connection +subscribe +psubscribe -@admin\n\
                     user cluster on >cluster ~* &* +@all\n";

pub struct Redis {
    process: Option<Process>,
    dir: TempDir,
    pub port: u16,
}

impl Redis {
    pub async fn start() -> Self {
        let mut redis = Self { process: None, dir: tempfile::tempdir().unwrap(), port: free_port() };
        std::fs::write(redis.dir.path().join("users.acl"), USERS).unwrap();
        redis.start_again().await;
        redis
    }

    /// A port on which no Redis listens yet.
    pub fn stopped() -> Self {
        let redis = Self { process: None, dir: tempfile::tempdir().unwrap(), port: free_port() };
        std::fs::write(redis.dir.path().join("users.acl"), USERS).unwrap();
        redis
    }

    /// Starts the server, with nothing in it, on the same port.
    pub async fn start_again(&mut self) {
        let dir = self.dir.path();
        let mut command = Command::new("redis-server");
        command.args(["--port", &self.port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        command.arg("--dir").arg(dir).arg("--aclfile").arg(dir.join("users.acl"));
        self.process = Some(Process::start(&mut command, &dir.join("redis.log")));
        eventually("redis-server", || async { self.connect().await }).await;
    }

    pub fn process(&self) -> &Process {
        self.process.as_ref().expect("Redis runs")
    }

    /// The URL that the service uses: without a user, as any program on a node may.
    pub fn url(&self) -> String {
        format!("redis://127.0.0.1:{}", self.port)
    }

    /// Makes a module's user, with the rules of ns8-core's `add-module`.
    pub async fn add_module_user(&self, module: &str) {
        let rules = format!(
            "ACL SETUSER module/{module} ON >{module} resetkeys ~module/{module}/* ~task/module/{module}/* %R~cluster/* \
             %R~node/* %R~module/* %R~private/agents/* resetchannels &progress/module/{module}/* \
             &module/{module}/event/* +@read +@write +@transaction +@connection +publish -@admin"
        );
        self.run(&rules.split(' ').collect::<Vec<_>>()).await;
    }

    /// The URL with which a module writes to its own keys.
    pub fn module_url(&self, module: &str) -> String {
        format!("redis://module%2F{module}:{module}@127.0.0.1:{}", self.port)
    }

    async fn connect(&self) -> Option<MultiplexedConnection> {
        let url = format!("redis://cluster:cluster@127.0.0.1:{}", self.port);
        Client::open(url).unwrap().get_multiplexed_async_connection().await.ok()
    }

    /// Runs a command as the cluster.
    pub async fn run(&self, words: &[&str]) {
        let mut connection = self.connect().await.expect("Redis answers");
        let mut command = cmd(words[0]);
        command.arg(&words[1..]);
        command.exec_async(&mut connection).await.unwrap_or_else(|error| panic!("{words:?}: {error}"));
    }

    /// `HSET`
    pub async fn hset(&self, key: &str, fields: &[(&str, &str)]) {
        let mut words = vec!["HSET", key];
        words.extend(fields.iter().flat_map(|(field, value)| [*field, *value]));
        self.run(&words).await;
    }

    /// `SET`
    pub async fn set(&self, key: &str, value: &str) {
        self.run(&["SET", key, value]).await;
    }

    /// How often each command has been called since the last time, by its lower-case name.
    pub async fn calls(&self) -> std::collections::BTreeMap<String, u64> {
        let mut connection = self.connect().await.expect("Redis answers");
        let info: String = cmd("INFO").arg("commandstats").query_async(&mut connection).await.unwrap();
        cmd("CONFIG").arg("RESETSTAT").exec_async(&mut connection).await.unwrap();
        info.lines()
            .filter_map(|line| {
                let (name, figures) = line.strip_prefix("cmdstat_")?.split_once(':')?;
                let calls = figures.split(',').find_map(|figure| figure.strip_prefix("calls="))?;
                Some((name.to_owned(), calls.parse().ok()?))
            })
            .collect()
    }

    /// How many refusals Redis has logged.
    pub async fn denied(&self) -> usize {
        let mut connection = self.connect().await.expect("Redis answers");
        let log: Vec<deadpool_redis::redis::Value> =
            cmd("ACL").arg("LOG").query_async(&mut connection).await.unwrap();
        log.len()
    }
}
