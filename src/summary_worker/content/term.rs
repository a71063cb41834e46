// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What all parts of a summary share.

use jiff::{Timestamp, tz::TimeZone};

use crate::{
    config::Cadence,
    ids::{ModuleId, PlanId},
    oncalendar::Calendar,
    roster::PlanEntry,
};

/// Which summary is written.
#[derive(Debug, Clone, Copy)]
pub struct Term<'a> {
    /// How often one comes.
    pub cadence: Cadence,
    /// True for the first of all.
    pub is_first: bool,
    /// What it tells of, from and to.
    pub from: Timestamp,
    /// When it is made.
    pub to: Timestamp,
    /// The zone of days and schedules.
    pub zone: &'a TimeZone,
}

/// The calendar of a plan that is enabled.
pub(super) fn calendar(plan: &PlanEntry) -> Option<Calendar> {
    plan.schedule.as_deref().filter(|_| plan.enabled)?.parse().ok()
}

/// An application in a plan.
pub(super) type Member<'a> = (&'a PlanId, &'a ModuleId);
