// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The commands beside `serve` and `demo`: each looks at something once, prints it, and ends.

pub mod check;
pub mod report;
pub mod send_test;
