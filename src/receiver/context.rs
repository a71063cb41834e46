// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What the handlers work with.

use std::sync::Arc;

use super::{access::Access, bodies::Bodies, resend::Resends};
use crate::{
    checks::readiness::Readiness, config::Settings, journal::Journal, refusals::Refusals,
    roster::view::RosterView, telemetry::Metrics,
};

/// What the handlers work with.
pub struct Receiver {
    pub(super) settings: Arc<Settings>,
    /// Where accepted alerts go, and reports come from.
    pub(super) journal: Journal,
    /// Whether the service can do its work.
    pub(super) readiness: Arc<Readiness>,
    /// The plans that the cluster has.
    pub(super) roster: Arc<RosterView>,
    /// The service's own figures.
    pub(super) metrics: Arc<Metrics>,
    /// Where refused webhooks are noted.
    pub(super) refusals: Arc<Refusals>,
    pub(super) access: Access,
    pub(super) bodies: Arc<Bodies>,
    /// Bodies that are refused, and read on only so that their senders see why.
    pub(super) discarded: Arc<Bodies>,
    pub(super) resends: Resends,
}

impl Receiver {
    /// What the handlers work with. `beyond_loopback` is true where other machines can reach the service.
    pub fn new(
        settings: Arc<Settings>,
        journal: Journal,
        readiness: Arc<Readiness>,
        roster: Arc<RosterView>,
        metrics: Arc<Metrics>,
        refusals: Arc<Refusals>,
        beyond_loopback: bool,
    ) -> Self {
        let access = Access::new(&settings.receiver, beyond_loopback);
        Self {
            settings,
            journal,
            readiness,
            roster,
            metrics,
            refusals,
            access,
            bodies: Arc::default(),
            discarded: Arc::default(),
            resends: Resends::default(),
        }
    }
}
