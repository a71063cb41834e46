// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The summary: one mail a week, or a day, that says how well the cluster's data are protected. [`schedule`] knows when it is due.

pub mod schedule;
