// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Looks for other instances in the node's Redis, and gives this one's sign of life in the leader's.

use std::{sync::Arc, time::Duration, time::Instant};

use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, RedisError, aio::MultiplexedConnection, cmd, pipe,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{sync::watch, time::timeout};
use tokio_util::sync::CancellationToken;

use super::{Duty, Identity, Instances, Seen, Sign, Watchman};
use crate::{
    config::{InstanceSettings, Settings},
    ids::{ModuleId, NodeId},
    journal::Journal,
    text::one_line,
};

/// How long Redis gets to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// How many looks there are within the time after which another instance takes over.
const LOOKS: u32 = 10;
/// How long a sign of life lasts, in looks: as many may fail before an instance counts as gone.
const SIGN_LASTS: u32 = 3;
/// How much is read of a sign. Its instance may write anything there.
const SIGN_BYTES: usize = 16;
/// The longest reason of Redis' that is logged, in characters.
const MAX_REASON: usize = 300;

/// What this instance has to do, and since when another one is known to do it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Standing {
    /// What it has to do.
    pub duty: Duty,
    /// When another instance was last seen to be active, with nothing left to mail.
    pub peer_done_at: Option<Instant>,
    /// How long another instance has to outlive a mail of ours before that is dropped.
    pub keep: Duration,
}

impl Standing {
    /// That of an instance which knows of no others.
    pub fn alone() -> Self {
        Self { duty: Duty::Active, peer_done_at: None, keep: Duration::ZERO }
    }
}

/// Looks for other instances.
pub struct DutyWatch {
    instance: InstanceSettings,
    redis_url: SecretString,
    journal: Journal,
    watchman: Watchman,
    standing: watch::Sender<Standing>,
    is_written: Option<bool>,
}

impl DutyWatch {
    /// A watch for the instance of these settings, and what it will say.
    pub fn new(
        instance: InstanceSettings,
        settings: &Arc<Settings>,
        journal: Journal,
    ) -> (Self, watch::Receiver<Standing>) {
        let watchman = Watchman::new(identity(&instance, settings), Instant::now());
        let standing = Standing { duty: Duty::Starting, peer_done_at: None, keep: keep(&instance, settings) };
        let (sender, receiver) = watch::channel(standing);
        let redis_url = settings.redis_url.clone();
        (Self { instance, redis_url, journal, watchman, standing: sender, is_written: None }, receiver)
    }

    /// Looks until `shutdown`.
    pub async fn run(mut self, shutdown: CancellationToken) {
        let pause = self.instance.takeover / LOOKS;
        loop {
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = self.look(pause) => {}
            }
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    async fn look(&mut self, pause: Duration) {
        match timeout(TIMEOUT, read(&self.redis_url, &self.instance)).await {
            Ok(Ok(instances)) => self.watchman.see(&instances, Instant::now()),
            // Redis' trouble is told elsewhere.
            Ok(Err(_)) | Err(_) => self.watchman.see_nothing(Instant::now()),
        }
        let duty = self.watchman.duty().clone();
        let peer_done_at = self.watchman.peer_done_at();
        self.standing.send_if_modified(|standing| {
            let has_changed = standing.duty != duty;
            if has_changed {
                log(&duty);
            }
            let before = standing.peer_done_at;
            (standing.duty, standing.peer_done_at) = (duty, peer_done_at);
            has_changed || before != peer_done_at
        });
        self.give_sign(pause).await;
    }

    async fn give_sign(&mut self, pause: Duration) {
        let Some(url) = &self.instance.leader_redis else { return };
        // Others must not rely on an instance that can't read its own journal.
        let is_behind = match timeout(TIMEOUT, self.journal.is_behind()).await {
            Ok(Ok(is_behind)) => is_behind,
            Ok(Err(_)) | Err(_) => true,
        };
        let sign = self.watchman.sign(is_behind);
        let written = timeout(TIMEOUT, write(url, &self.instance.module, sign, pause * SIGN_LASTS)).await;
        let trouble = match written {
            Ok(Ok(())) => None,
            Ok(Err(error)) => Some(one_line(&error.to_string(), MAX_REASON)),
            Err(_) => Some(format!("no answer within {} seconds", TIMEOUT.as_secs())),
        };
        let is_written = trouble.is_none();
        if self.is_written.replace(is_written) != Some(is_written) {
            match trouble {
                Some(reason) => tracing::warn!(reason, "other instances can't see that this one is alive"),
                None => tracing::debug!("other instances can see that this one is alive"),
            }
        }
    }
}

fn log(duty: &Duty) {
    match duty {
        Duty::Active => tracing::info!("this instance sends the reports"),
        Duty::InPlaceOf(peer) => tracing::warn!(
            "this is a copy of {peer}, which shows no sign of life: this instance sends the reports until it does"
        ),
        Duty::Starting => {}
        Duty::Standby(peer) => tracing::info!("standing by: reports are sent by {peer}"),
        Duty::Copy(peer) => tracing::warn!(
            "this is a copy of {peer}, which is still installed: no reports are sent until this one is configured, or no \
             instance has sent them for a while"
        ),
    }
}

/// How long a mail is kept at least for another instance to send its own: that one may have heard of the run only when it last asked
/// Alertmanager, and then waits, reads and asks for as long as it may.
fn keep(instance: &InstanceSettings, settings: &Settings) -> Duration {
    let correlator = &settings.correlator;
    settings.watch.poll + correlator.wait + correlator.settle + settings.repo_check.total + instance.takeover
}

fn identity(instance: &InstanceSettings, settings: &Settings) -> Identity {
    Identity {
        module: instance.module.clone(),
        origin: instance.origin.clone(),
        can_mail: settings.mail_gaps().is_empty(),
        takeover: instance.takeover,
    }
}

/// What another process can tell of the instance's duty.
///
/// # Errors
/// Why Redis can't be asked, in words.
pub async fn glance(instance: &InstanceSettings, settings: &Settings) -> Result<Duty, String> {
    match timeout(TIMEOUT, read(&settings.redis_url, instance)).await {
        Ok(Ok(instances)) => Ok(super::at_a_glance(&identity(instance, settings), &instances)),
        Ok(Err(error)) => Err(one_line(&error.to_string(), MAX_REASON)),
        Err(_) => Err(format!("Redis does not answer within {} seconds", TIMEOUT.as_secs())),
    }
}

/// The module's name without the number that the cluster has given to it: that of the image, which all instances share.
fn kind(module: &str) -> &str {
    module.trim_end_matches(|digit: char| digit.is_ascii_digit())
}

fn key(module: &ModuleId) -> String {
    format!("module/{module}/duty")
}

async fn connect(url: &SecretString) -> Result<MultiplexedConnection, RedisError> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(TIMEOUT))
        .set_response_timeout(Some(TIMEOUT));
    Client::open(url.expose_secret())?.get_multiplexed_async_connection_with_config(&config).await
}

async fn read(url: &SecretString, instance: &InstanceSettings) -> Result<Instances, RedisError> {
    let mut redis = connect(url).await?;
    let origin = instance.origin.as_ref().map_or("", |origin| origin.module.as_str());
    let (leader, nodes, origin_uuid): (Option<String>, Vec<(String, String)>, Option<String>) = pipe()
        .hget("cluster/environment", "NODE_ID")
        .hgetall("cluster/module_node")
        .hget("cluster/module_uuid", origin)
        .query_async(&mut redis)
        .await?;
    let own_kind = kind(instance.module.as_str());
    let found: Vec<(ModuleId, NodeId)> = nodes
        .into_iter()
        .filter(|(module, _)| kind(module) == own_kind)
        .filter_map(|(module, node)| Some((module.parse().ok()?, node.parse().ok()?)))
        .collect();
    let mut instances =
        Instances { leader: leader.and_then(|node| node.parse().ok()), origin_uuid, ..Instances::default() };
    for (module, node) in found {
        let asked =
            cmd("GETRANGE").arg(key(&module)).arg(0).arg(SIGN_BYTES).query_async::<Vec<u8>>(&mut redis).await;
        let sign = match asked {
            Ok(text) => Sign::parse(&String::from_utf8_lossy(&text)),
            // Something else stands there: what an instance writes must not keep others from being seen.
            Err(error) if error.code() == Some("WRONGTYPE") => None,
            Err(error) => return Err(error),
        };
        if module == instance.module {
            (instances.node, instances.own) = (Some(node), sign);
        } else {
            instances.others.insert(module, Seen { node, sign });
        }
    }
    Ok(instances)
}

async fn write(
    url: &SecretString,
    module: &ModuleId,
    sign: Option<Sign>,
    lasts: Duration,
) -> Result<(), RedisError> {
    let mut redis = connect(url).await?;
    match sign {
        Some(sign) => {
            let milliseconds = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
            cmd("SET")
                .arg(key(module))
                .arg(sign.as_str())
                .arg("PX")
                .arg(milliseconds)
                .exec_async(&mut redis)
                .await
        }
        None => cmd("DEL").arg(key(module)).exec_async(&mut redis).await,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mail_is_kept_for_longer_than_the_active_instance_may_need_for_its_own() {
        let vars = [
            ("MODULE_ID", "backup-monitor1"),
            ("TAKEOVER_SECONDS", "1"),
            ("CORRELATOR_SETTLE_SECONDS", "1800"),
            ("REPO_CHECK_TOTAL_SECONDS", "300"),
        ];
        let settings = Settings::from_vars(vars).unwrap();
        assert!(keep(settings.instance.as_ref().unwrap(), &settings) > Duration::from_secs(1800 + 300));
    }
}
