// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What the daily proof, and those who show it, ask of the journal.

use jiff::Timestamp;

use super::{
    Journal, JournalError, reader,
    restore_points::{self, ProvedRepository, RestorePointRecord},
};
use crate::ids::{DestinationId, ModuleId, PlanId};

impl Journal {
    /// What is known of all repositories: those of plans and applications that are gone as well, and none of those that were never asked.
    /// [`crate::restore_points::listed`] brings it together with what the cluster has.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn restore_points_all(&self) -> Result<Vec<RestorePointRecord>, JournalError> {
        reader::read(&self.writer, &self.dir, restore_points::all).await
    }

    /// Writes down what the daily proof has found at `now`, in place of what was known of these repositories.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn note_proof(
        &self,
        proved: Vec<ProvedRepository>,
        now: Timestamp,
    ) -> Result<(), JournalError> {
        self.writer.call(move |database| restore_points::note_proof(database, &proved, now)).await
    }

    /// Forgets what is known of these repositories.
    ///
    /// # Errors
    /// [`JournalError`]
    pub async fn forget_restore_points(
        &self,
        gone: Vec<(PlanId, ModuleId, DestinationId)>,
    ) -> Result<(), JournalError> {
        self.writer.call(move |database| restore_points::forget(database, &gone)).await
    }
}
