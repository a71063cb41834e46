// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The service among real parts: redis-server, Alertmanager, haproxy, rclone, restic, a mail server with TLS and login.
//!
//! Each test starts what it needs on free ports in a folder of its own; nothing is shared between tests.

mod support;

mod attack_http;
mod causes;
mod causes_in_logs;
mod cluster_reading;
mod commands;
mod coverage;
mod delivery;
mod duty;
mod heartbeat;
mod http;
mod journal_trouble;
mod kills;
mod logs;
mod mailservers;
mod pipeline;
mod plans_now;
mod proof;
mod redis_outage;
mod repo_check;
mod repo_check_bounds;
mod restic_words;
mod smtp_oddities;
mod smtp_tls;
mod summary;
mod survival;
mod upgrade;
mod watch_alerts;
mod watch_missing;
mod watch_runs;
mod webhook_out;
