// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Coverage: what no backup protects, and what is only thought to be protected.

pub mod find;
pub mod gap;
