// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What the handlers work with.

use std::sync::Arc;

use crate::{checks::readiness::Readiness, config::Settings, journal::Journal, telemetry::Metrics};

/// What the handlers work with.
pub struct Receiver {
    /// The configuration.
    pub settings: Arc<Settings>,
    /// Where accepted alerts go, and reports come from.
    pub journal: Journal,
    /// Whether the service can do its work.
    pub readiness: Arc<Readiness>,
    /// The service's own figures.
    pub metrics: Arc<Metrics>,
}
