// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The service as a whole: built from settings, run until it is asked to stop.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use tokio::{net::TcpListener, sync::Notify, task::JoinSet};
use tokio_util::sync::CancellationToken;

use crate::{
    checks::readiness::{Outside, Readiness},
    config::Settings,
    correlator::read::{ClusterReader, ReadError},
    delivery_worker::DeliveryWorker,
    duty::watch::{DutyWatch, Standing},
    heartbeat::{ClusterPulse, Heart},
    journal::Journal,
    logs::LogReader,
    pipeline::{Pipeline, stages::Stages},
    proof::{cluster_watch::ClusterBackupWatch, watch::ProofWatch},
    receiver::{self, Receiver, server},
    refusals::Refusals,
    repo_check::RepoChecker,
    roster::view::RosterView,
    summary_worker::SummaryWorker,
    telemetry::Metrics,
    version::VERSION,
    watch::{
        alerts::AlertWatcher, cluster::ClusterWatcher, coverage::CoverageWatch, events,
        troubles::WatcherTroubles,
    },
};

/// How long everything in hand gets to end once the service is to stop. What has not ended by then is in the journal.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(3);
/// How long the journal gets to close after that. It is whole even if it is not closed.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(1);

/// Why the service can't be built.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    /// The receiver's address is not available.
    #[error("can't listen on {address}: {source}; change RECEIVER_HOST or RECEIVER_PORT")]
    Listen {
        /// What was tried.
        address: String,
        /// Why not.
        source: io::Error,
    },
    /// `REDIS_URL` is not usable.
    #[error(transparent)]
    Redis(#[from] ReadError),
}

/// How the service came to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// It was asked to stop.
    Shutdown,
    /// A task of its own ended by itself, which only a bug can cause.
    InternalError,
}

/// The service, ready to run.
pub struct Service {
    listener: TcpListener,
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
    metrics: Arc<Metrics>,
}

impl Service {
    /// Takes the receiver's address and starts the journal. Nothing else is contacted: the service also starts while
    /// Redis, the gateway or the mail server are away.
    ///
    /// # Errors
    /// [`BuildError`]
    pub async fn build(settings: Settings) -> Result<Self, BuildError> {
        let (host, port) = (settings.receiver.host.as_str(), settings.receiver.port);
        let listener = server::listen(host, port)
            .await
            .map_err(|source| BuildError::Listen { address: format!("{host}:{port}"), source })?;
        let reader = ClusterReader::new(&settings.redis_url, settings.zone.clone())?;
        let journal = Journal::start(settings.state_dir.clone());
        Ok(Self { listener, settings: Arc::new(settings), journal, reader, metrics: Arc::default() })
    }

    /// Where the receiver listens.
    ///
    /// # Errors
    /// When the socket does not know, which does not happen once it is bound.
    pub fn address(&self) -> io::Result<SocketAddr> {
        self.listener.local_addr()
    }

    /// Runs until `shutdown`, then ends within a few seconds: nothing more is accepted, what is in hand is ended or left in
    /// the journal.
    pub async fn run_until(self, shutdown: CancellationToken) -> Exit {
        let Self { listener, settings, journal, reader, metrics } = self;
        if let Ok(address) = listener.local_addr() {
            tracing::info!(%address, version = VERSION, "listening");
        }
        let beyond_loopback = listener.local_addr().is_ok_and(|address| !is_loopback(address.ip()));
        if beyond_loopback && settings.receiver.token.is_none() {
            tracing::warn!(
                "RECEIVER_TOKEN is not set: whoever reaches this address can read reports and post alerts"
            );
        }
        if let Some(fault) = settings.zone_fault() {
            tracing::warn!("{fault}");
        }
        for gap in settings.mail_gaps() {
            tracing::warn!("{gap}; reports are kept and will be sent once email is configured");
        }
        let faults = [settings.loki_fault(), settings.cluster_admin_fault(), settings.duty_fault()];
        for fault in faults.into_iter().flatten() {
            tracing::warn!("{fault}");
        }
        let logs = Arc::new(LogReader::new(&settings));
        let checker = Arc::new(RepoChecker::new(settings.repo_check.clone()));
        let stages = Stages::new(
            Arc::clone(&settings),
            journal.clone(),
            reader.clone(),
            Arc::clone(&logs),
            Arc::clone(&checker),
            Arc::clone(&metrics),
        );
        let pipeline = Pipeline::new(journal.clone(), stages);
        let (duty, standing) = match &settings.instance {
            Some(instance) => {
                let (duty, standing) = DutyWatch::new(instance.clone(), &settings, journal.clone());
                (Some(duty), standing)
            }
            // Nobody changes it: the sender may go.
            None => (None, tokio::sync::watch::channel(Standing::alone()).1),
        };
        let delivery_worker = DeliveryWorker::new(
            Arc::clone(&settings),
            journal.clone(),
            Arc::clone(&metrics),
            standing.clone(),
        );
        let webhook_worker = DeliveryWorker::webhook(
            Arc::clone(&settings),
            journal.clone(),
            Arc::clone(&metrics),
            standing.clone(),
        );
        let (troubles, refusals) = (Arc::new(WatcherTroubles::default()), Arc::new(Refusals::default()));
        let readiness = Readiness::new(
            Arc::clone(&settings),
            journal.clone(),
            Outside { reader: reader.clone(), checker: Arc::clone(&checker), logs: Arc::clone(&logs) },
            Arc::clone(&troubles),
            Arc::clone(&refusals),
            standing.clone(),
        );
        let mut tasks: JoinSet<()> = JoinSet::new();
        let is_watched = settings.watch.runs || settings.watch.missing_grace.is_some();
        let roster = Arc::new(RosterView::new(journal.clone(), reader.clone(), is_watched));
        let coverage = CoverageWatch::new(Arc::clone(&settings), journal.clone(), reader.clone());
        tasks.spawn(coverage.run(shutdown.clone()));
        watch_alerts(&mut tasks, &settings, &journal, &troubles, &shutdown);
        if is_watched {
            let reported = Arc::new(Notify::new());
            let url = settings.redis_url.clone();
            tasks.spawn(events::listen(url, Arc::clone(&reported), Arc::clone(&troubles), shutdown.clone()));
            // Without following runs, nobody knows when none is on.
            if settings.watch.runs && settings.repo_check.api.is_some() {
                let proof = ProofWatch::new(
                    Arc::clone(&settings),
                    journal.clone(),
                    reader.clone(),
                    Arc::clone(&roster),
                    Arc::clone(&checker),
                    standing.clone(),
                );
                tasks.spawn(proof.run(shutdown.clone()));
            }
            if settings.watch.runs {
                let cluster_backup = ClusterBackupWatch::new(
                    journal.clone(),
                    Arc::clone(&checker),
                    Arc::clone(&logs),
                    standing.clone(),
                );
                tasks.spawn(cluster_backup.run(shutdown.clone()));
            }
            let (settings, roster, checker) =
                (Arc::clone(&settings), Arc::clone(&roster), Arc::clone(&checker));
            let watcher =
                ClusterWatcher::new(settings, journal.clone(), reader.clone(), roster, checker, reported);
            tasks.spawn(watcher.run(shutdown.clone()));
        }
        let summary_worker =
            SummaryWorker::new(Arc::clone(&settings), journal.clone(), reader.clone(), Arc::clone(&roster));
        tasks.spawn(summary_worker.run(shutdown.clone()));
        let readiness = Arc::new(readiness);
        if let Some(heartbeat) = &settings.heartbeat {
            let heart = Heart::new(
                heartbeat.clone(),
                Arc::clone(&readiness),
                ClusterPulse::new(&settings, reader.clone()),
                Arc::clone(&troubles),
                Arc::clone(&metrics),
            );
            tasks.spawn(heart.run(shutdown.clone()));
        }
        let receiver =
            Receiver::new(settings, journal.clone(), readiness, roster, metrics, refusals, beyond_loopback);
        let routes = receiver::routes(Arc::new(receiver));

        tasks.spawn(server::serve(listener, routes, shutdown.clone()));
        tasks.spawn(pipeline.run(shutdown.clone()));
        tasks.spawn(delivery_worker.run(shutdown.clone()));
        if let Some(worker) = webhook_worker {
            tasks.spawn(worker.run(shutdown.clone()));
        }
        if let Some(duty) = duty {
            tasks.spawn(duty.run(shutdown.clone()));
        }
        let exit = tokio::select! {
            // After a shutdown all tasks end; before it, none may.
            biased;
            () = shutdown.cancelled() => Exit::Shutdown,
            ended = tasks.join_next() => {
                tracing::error!(?ended, "internal error: a task exited unexpectedly; restarting");
                shutdown.cancel();
                Exit::InternalError
            }
        };
        let all_ended = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(SHUTDOWN_TIMEOUT, all_ended).await.is_err() {
            tracing::info!("unfinished work stays in the journal");
        }
        tasks.shutdown().await;
        let _ = tokio::time::timeout(CLOSE_TIMEOUT, journal.close()).await;
        tracing::info!("stopped");
        exit
    }
}

/// True for the loopback address itself. The others are as good as any: what is behind them, only the administrator knows.
fn is_loopback(address: IpAddr) -> bool {
    address == IpAddr::from(Ipv4Addr::LOCALHOST) || address == IpAddr::from(Ipv6Addr::LOCALHOST)
}

/// Starts to take alerts from Alertmanager's API, where that is wanted.
fn watch_alerts(
    tasks: &mut JoinSet<()>,
    settings: &Arc<Settings>,
    journal: &Journal,
    troubles: &Arc<WatcherTroubles>,
    shutdown: &CancellationToken,
) {
    if let Some(url) = &settings.watch.alertmanager {
        let watcher = AlertWatcher::new(url, Arc::clone(settings), journal.clone(), Arc::clone(troubles));
        tasks.spawn(watcher.run(shutdown.clone()));
    }
}
