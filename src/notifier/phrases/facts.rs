// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Values that a phrase has more than a few of. All are formatted.

/// How many backups are in which state.
#[derive(Debug, Clone, Copy)]
pub struct Counted {
    /// Failed.
    pub failed: usize,
    /// Did not run.
    pub missing: usize,
    /// Still running.
    pub pending: usize,
    /// Of how many.
    pub total: usize,
    /// What is counted.
    pub unit: Unit,
}

/// What is counted in a headline.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unit {
    /// The applications of one plan.
    Applications,
    /// The backups of several plans, in which an application may be more than once.
    Backups,
}

/// The last snapshot of an application.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotFacts<'a> {
    /// When it was made.
    pub time: &'a str,
    /// How long ago.
    pub age: &'a str,
    /// What is in it.
    pub size: Option<&'a str>,
    /// How many snapshots there are.
    pub count: Option<usize>,
    /// Where it is, where the report has several destinations.
    pub destination: Option<&'a str>,
    /// When that was known, if not now.
    pub as_of: Option<&'a str>,
}

/// How old the last snapshots of several applications are.
#[derive(Debug, Clone, Copy)]
pub struct SnapshotAges<'a> {
    /// The youngest.
    pub newest: &'a str,
    /// The oldest.
    pub oldest: &'a str,
    /// Whose that is.
    pub oldest_of: &'a str,
    /// Whether the repositories were read. Else some are only known to have succeeded.
    pub are_snapshots: bool,
}
