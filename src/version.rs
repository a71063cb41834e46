// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which version this is.

/// The version that mails, metrics, pages, the log and `--version` show.
///
/// A build for publication sets `BACKUP_MONITOR_VERSION` to the git tag or branch that it is made of (see
/// `build-images.sh`); any other build has the version of `Cargo.toml`.
pub const VERSION: &str = match option_env!("BACKUP_MONITOR_VERSION") {
    Some(version) if !version.is_empty() => version,
    _ => env!("CARGO_PKG_VERSION"),
};
