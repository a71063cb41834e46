//! The commands of the one binary.

use std::{fmt::Display, process::ExitCode};

use clap::{Parser, Subcommand};
use lettre::message::Mailbox;
use ns8_backup_monitor::{
    commands::{check::check, report::report, send_test::send_test},
    config::{EXIT_CONFIG, Settings},
    demo,
    ids::PlanId,
    service::Service,
    telemetry,
    version::VERSION,
};
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// One mail that tells what happened to NS8's backups. Configured by environment variables; see README.md.
#[derive(Parser)]
#[command(version = VERSION, about)]
struct Arguments {
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Subcommand)]
enum Command {
    /// Receive alerts and tell what happened (the default)
    Serve,
    /// Show all of it at work on this machine, with a sample cluster; nothing else needs to be installed
    Demo,
    /// Ask Redis, the gateway, the cluster API, the mail server and Alertmanager whether they answer
    Check {
        /// Print the answers as JSON
        #[arg(long)]
        json: bool,
    },
    /// Send a test mail through the configured server
    SendTest {
        /// Whom to send it to, instead of MAIL_TO
        address: Option<Mailbox>,
    },
    /// Find out what happened and print it; nothing is sent
    Report {
        /// Ids of the backup plans; without any, all that ran recently
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
        Command::SendTest { address } => match send_test(&settings, address).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error),
        },
        Command::Report { plans } => match report(&settings, plans).await {
            Ok(()) => ExitCode::SUCCESS,
            Err(error) => fail(error),
        },
        Command::Demo => unreachable!("done above, as it needs no configuration"),
    }
}

async fn serve(settings: Settings) -> ExitCode {
    let application = match Service::build(settings).await {
        Ok(application) => application,
        Err(error) => return fail(error),
    };
    let shutdown = CancellationToken::new();
    let (terminate, interrupt) = match (signal(SignalKind::terminate()), signal(SignalKind::interrupt())) {
        (Ok(terminate), Ok(interrupt)) => (terminate, interrupt),
        (Err(error), _) | (_, Err(error)) => return fail(format!("can't handle signals: {error}")),
    };
    tokio::spawn(stop_on_signal(terminate, interrupt, shutdown.clone()));
    match application.run_until(shutdown).await {
        true => ExitCode::SUCCESS,
        false => ExitCode::FAILURE,
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
