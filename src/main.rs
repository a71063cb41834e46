// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The commands of the one binary.

use std::{fmt::Display, process::ExitCode};

use clap::{Parser, Subcommand};
use ns8_backup_monitor::{
    commands::{check::check, report::report, send_test::send_test},
    config::{EXIT_CONFIG, Settings},
    demo,
    ids::PlanId,
    service::{Exit, Service},
    telemetry,
    version::VERSION,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Reports by email what happened to the backups of an NS8 cluster. Configured by environment variables, see README.md.
#[derive(Parser)]
#[command(version = VERSION)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Run the service (the default)
    Serve,
    /// Run the whole pipeline on a simulated cluster, without any configuration
    Demo,
    /// Check Redis, rclone gateway, cluster API, mail server and Alertmanager
    Check {
        /// Print the results as JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a test email through the configured server
    SendTest {
        /// Recipient, instead of MAIL_TO
        address: Option<String>,
    },
    /// Print a report of the last runs, without sending it
    Report {
        /// Ids of the backup plans (default: all that ran recently)
        plans: Vec<PlanId>,
    },
}

fn main() -> ExitCode {
    let command = Arguments::parse().command.unwrap_or(Command::Serve);
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return fail(format!("can't start: {error}")),
    };
    let code = runtime.block_on(run(command));
    // Whatever still blocks a thread must not keep the process from ending.
    runtime.shutdown_background();
    code
}

async fn run(command: Command) -> ExitCode {
    if let Command::Demo = command {
        return match demo::run().await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error),
        };
    }
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(problems) => {
            eprintln!("ns8-backup-monitor: {problems}");
            return ExitCode::from(EXIT_CONFIG);
        }
    };
    telemetry::start_logging(&settings.log);
    match command {
        Command::Serve => serve(settings).await,
        Command::Check { json } => match check(&settings, json).await {
            true => ExitCode::SUCCESS,
            false => ExitCode::FAILURE,
        },
        Command::SendTest { address } => match send_test(&settings, address.as_deref()).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error),
        },
        Command::Report { plans } => match report(&settings, plans).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error),
        },
        Command::Demo => unreachable!("run above, as it needs no configuration"),
    }
}

async fn serve(settings: Settings) -> ExitCode {
    let service = match Service::build(settings).await {
        Ok(service) => service,
        Err(error) => return fail(error),
    };
    let shutdown = CancellationToken::new();
    let (terminate, interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => return fail(format!("can't handle signals: {error}")),
    };
    tokio::spawn(stop_on_signal(terminate, interrupt, shutdown.clone()));
    match service.run_until(shutdown).await {
        Exit::Shutdown => ExitCode::SUCCESS,
        Exit::InternalError => ExitCode::FAILURE,
    }
}

async fn stop_on_signal(
    mut terminate: tokio::signal::unix::Signal,
    mut interrupt: tokio::signal::unix::Signal,
    shutdown: CancellationToken,
) {
    tokio::select! {
        _ = terminate.recv() => tracing::info!("SIGTERM: stopping"),
        _ = interrupt.recv() => tracing::info!("SIGINT: stopping"),
    }
    shutdown.cancel();
}

fn fail(error: impl Display) -> ExitCode {
    eprintln!("ns8-backup-monitor: {error}");
    ExitCode::FAILURE
}
