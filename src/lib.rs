// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Reports by email what happened to the backups of an NS8 cluster.
//!
//! When a backup fails, NS8 raises one alert that says little. This service receives it, waits for the applications to
//! settle, finds out what happened, checks the repositories, and sends one mail that says what failed, why, and what can
//! still be restored.
//!
//! ```text
//! trigger ──> receiver ──> journal ──(wait, settle)──> correlator ──> repo_check ──> notifier ──> delivery_worker
//! webhook      answers      durable                     what           why, and what   one mail     SMTP until it
//!              at once      queue                       happened       can be restored              is accepted
//! watchers ───────────────────^
//! ```
//!
//! The house, from the door inward:
//!
//! - [`service`] builds all of it from [`config::Settings`] and runs it; [`commands`] and [`demo`] are what else the binary can do.
//! - [`receiver`] is the HTTP surface; [`alertmanager`] reads what Alertmanager posts and serves; [`checks`] is the list of health checks.
//! - [`watch`] is the other sources: alerts fetched, runs followed, schedules watched.
//! - [`journal`] keeps jobs and reports in SQLite. What it has accepted is not lost.
//! - [`pipeline`] drives jobs through the stages. Each stage is a function from one value to the next:
//!   - [`correlator`] reads the cluster's Redis ([`correlator::read`]) and says what happened ([`correlator::classify`], pure);
//!   - [`repo_check`] asks the rclone gateway and the cluster API;
//!   - [`report`] is the whole finding as a value, and what is different from the runs before;
//!   - [`notifier`] writes the mail, and decides whether it is sent ([`notifier::decision`]).
//! - [`heartbeat`] tells somebody outside, again and again, that the service is at work.
//! - [`delivery_worker`] takes queued mails to the mail server, through [`smtp`].
//! - [`proof`] asks every application's repository once a day whether what was called a success is there.
//! - [`duty`] is whose turn it is to mail, where a cluster has several instances.
//! - The values that all of them speak of: [`alert`], [`run`], [`ids`], [`language`], [`oncalendar`].
//! - [`coverage`] is what no backup protects.
//! - [`roster`] is what the cluster's plans are now, for pages and metrics.
//! - [`restore_points`] is what can be restored of each application.
//! - [`telemetry`] is logs and metrics, [`http`] the HTTP client, [`version`] which version this is, [`text`] and [`times`] what makes text
//!   and times from outside fit for use, [`redact`] what strikes secrets out of them.

#![warn(clippy::unwrap_used)]

pub mod alert;
pub mod alertmanager;
pub mod audience;
pub mod cause;
pub mod checks;
pub mod commands;
pub mod config;
pub mod correlator;
pub mod coverage;
pub mod delivery_worker;
pub mod demo;
pub mod diagnose;
pub mod duty;
pub mod heartbeat;
pub mod http;
pub mod ids;
pub mod journal;
pub mod language;
pub mod logs;
pub mod notifier;
pub mod oncalendar;
pub mod pipeline;
pub mod proof;
pub mod receiver;
pub mod redact;
pub mod refusals;
pub mod repo_check;
pub mod report;
pub mod restore_points;
pub mod roster;
pub mod run;
pub mod service;
pub mod smtp;
pub mod summary;
pub mod summary_worker;
pub mod telemetry;
pub mod text;
pub mod times;
pub mod version;
pub mod watch;
pub mod webhook;
