// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What is known of modules that no plan protects: one more trip, whatever their number.

use super::{ClusterReader, READ_TIMEOUT, ReadError, batch::Batch, within};
use crate::{correlator::facts::Unplanned, ids::ModuleId};

/// The flag of a module that holds nothing to back up (ns8-core, `list-backups`).
const NO_DATA: &str = "no_data_backup";

impl ClusterReader {
    /// Reads label and flags of these modules, in their order. Both are the module's own words: they count for itself alone, and a set of flags
    /// is asked for the one that matters, however many there are.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn unplanned(&self, modules: Vec<ModuleId>) -> Result<Vec<Unplanned>, ReadError> {
        if modules.is_empty() {
            return Ok(Vec::new());
        }
        within(READ_TIMEOUT, async {
            let mut session = self.connect().await?;
            let mut batch = Batch::default();
            let replies: Vec<_> = modules
                .into_iter()
                .map(|module| {
                    let label = batch.label(format_args!("module/{module}/ui_name"));
                    let flags = batch.are_members(format_args!("module/{module}/flags"), &[NO_DATA]);
                    (module, label, flags)
                })
                .collect();
            session.ask(batch).await?;
            let unplanned = replies.into_iter().map(|(module, label, flags)| Unplanned {
                module,
                label: label.read(),
                has_data: !flags.read().contains(&true),
            });
            Ok(unplanned.collect())
        })
        .await
    }
}
