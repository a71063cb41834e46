//! One mail that tells what happened to NS8's backups.
//!
//! When a backup fails, NS8 raises one alert that says little. This service receives it, waits for the applications to
//! settle, finds out what really happened, asks the repositories, and sends one mail that says what failed, why, and what
//! can still be restored.
//!
//! ```text
//! trigger ──> receiver ──> journal ──(wait, settle)──> correlator ──> repo_check ──> notifier
//! webhook      answers      durable                     what really    why, and what   one mail, sent
//!              at once      queue                       happened       can be restored  until it is accepted
//! watchers ───────────────────^
//! ```
//!
//! The house, from the door inward:
//!
//! - [`application`] builds all of it from [`config::Settings`] and runs it; [`commands`] and [`demo`] are what else the
//!   binary can do.
//! - [`receiver`] is the HTTP surface; [`alert`] reads what Alertmanager posts.
//! - [`watch`] is the other ways in: alerts fetched, runs followed, schedules watched.
//! - [`journal`] keeps jobs and reports in SQLite. What it has taken is not lost.
//! - [`pipeline`] drives jobs through the stages. Each stage is a function from one value to the next:
//!   - [`correlator`] reads the cluster's Redis ([`correlator::read`]) and says what happened ([`correlator::classify`], pure);
//!   - [`repo_check`] asks the rclone gateway and the cluster's API;
//!   - [`report`] is the whole finding as a value, and what is different from the runs before;
//!   - [`notifier`] says it in a mail, in two languages, and delivers it.
//! - [`telemetry`] is logs and metrics, [`http`] the HTTP client, [`ids`] the names of the cluster's things,
//!   [`text`] and [`times`] make what comes from outside fit for use, [`version`] is which version this is.

#![warn(clippy::unwrap_used)]

pub mod alert;
pub mod alertmanager;
pub mod checks;
pub mod commands;
pub mod config;
pub mod correlator;
pub mod delivery_worker;
pub mod demo;
pub mod http;
pub mod ids;
pub mod journal;
pub mod language;
pub mod notifier;
pub mod oncalendar;
pub mod pipeline;
pub mod receiver;
pub mod repo_check;
pub mod report;
pub mod run;
pub mod service;
pub mod smtp;
pub mod telemetry;
pub mod text;
pub mod times;
pub mod version;
pub mod watch;
