// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! How much of each kind goes into a mail, so that no mail program cuts it.

/// The most bytes of HTML. Gmail shows 102 kB of a mail and hides the rest.
pub const MAX_HTML: usize = 90_000;

/// How many of each kind are listed; of the rest, their number is given, and the page has them all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Applications that are not well, with all that is known of them.
    pub in_full: usize,
    /// Names of others in one line.
    pub names: usize,
    /// Lines of such names.
    pub lines: usize,
    /// Applications that are backed up.
    pub backed_up: usize,
    /// Plans with a paragraph or a heading of their own.
    pub plans: usize,
    /// Destinations, repositories and other findings, each.
    pub findings: usize,
}

impl Limits {
    /// From the most to the least. A mail has the first with which it is short enough.
    pub const ALL: [Limits; 4] = [
        Limits { in_full: 10, names: 200, lines: 40, backed_up: 60, plans: 30, findings: 20 },
        Limits { in_full: 10, names: 60, lines: 20, backed_up: 20, plans: 15, findings: 10 },
        Limits { in_full: 5, names: 20, lines: 10, backed_up: 5, plans: 8, findings: 5 },
        Limits { in_full: 1, names: 5, lines: 3, backed_up: 0, plans: 3, findings: 2 },
    ];
}
