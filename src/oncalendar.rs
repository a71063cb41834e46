// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! systemd's calendar expressions (`OnCalendar=`): when a plan was last due, and when it is due next.
//!
//! NS8 hands a plan's `schedule` to `systemd-run --on-calendar` (ns8-core, `node/bin/schedule-backup`), so systemd is
//! the authority on what it means. This follows systemd 252, which Debian 12 and RHEL 9 ship:
//! a time that a change of clocks skips does not occur, and one that it repeats occurs once, the first time. The test
//! `tests/calendar.rs` compares it with `systemd-analyze calendar`.
//!
//! No crate reads these expressions, and cron's cannot express them (days counted from a month's end, years,
//! weekdays that narrow a date rather than widen it).

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod calendar;
mod parse;

pub use self::{calendar::Calendar, parse::Unreadable};

#[cfg(test)]
mod tests;
