// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Settings: the environment, all of it, read once and checked as a whole.
//!
//! Everything inside gets typed values and needs no checks of its own. What is wrong is listed together, so that
//! one reading of the log shows all that must be corrected.

mod mutes;
mod read;
mod recipients;
mod settings;
mod words;

pub use self::{mutes::Mutes, read::Problems, settings::*};
pub use crate::audience::NotifyOn;

/// The exit code for a wrong configuration: `EX_CONFIG` of sysexits.h.
pub const EXIT_CONFIG: u8 = 78;

#[cfg(test)]
mod tests;
