// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Proof that success is true: once a day each application's repositories are asked for their snapshots, also those that are well.
//!
//! [`schedule`] says who is asked next, [`activity`] when nobody is, as backups run, and [`judge`] what follows from an answer: all of them
//! pure. [`watch`] asks. [`cluster_backup`] and [`cluster_watch`] are the same for the cluster's own configuration backup.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

pub mod activity;
pub mod cluster_backup;
pub mod cluster_watch;
pub mod judge;
pub mod schedule;
pub mod watch;
