// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which alerts count.

use std::collections::BTreeSet;

/// The names of the alerts that start a job (`RECEIVER_ALERT_NAMES`).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AlertNames(BTreeSet<String>);

impl AlertNames {
    /// True for an alert of this name.
    pub fn contains(&self, name: &str) -> bool {
        self.0.contains(name)
    }

    /// The names, in their order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<S: Into<String>> FromIterator<S> for AlertNames {
    fn from_iter<I: IntoIterator<Item = S>>(names: I) -> Self {
        Self(names.into_iter().map(Into::into).collect())
    }
}
