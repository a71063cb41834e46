// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The backup's own words: the lines that each failed application's backup left in the nodes' journals, which NS8 collects in Loki.

pub mod findings;
