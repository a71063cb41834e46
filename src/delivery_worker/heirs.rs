// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Who gets a mail whose audience there is no more, as recipients were changed while it waited.

use crate::{
    audience::AudiencePlans,
    config::Settings,
    journal::{About, Heir, Journal, JournalError, Outgoing, ReportDetail},
    pipeline::readers,
};

/// The audiences that get a mail instead. Whoever may see all that is in it gets it as it is; where nobody may, each gets what it sees of the
/// report.
///
/// # Errors
/// [`JournalError`]
pub(super) async fn heirs(
    outgoing: &Outgoing,
    settings: &Settings,
    journal: &Journal,
) -> Result<Vec<Heir>, JournalError> {
    let audiences = settings.mail.audiences.iter();
    let seen = AudiencePlans::of_key(&outgoing.audience);
    let covers = |plans: &AudiencePlans| seen.as_ref().is_some_and(|seen| plans.covers(seen));
    let as_it_is = audiences.filter(|audience| covers(&audience.plans));
    let as_it_is: Vec<Heir> =
        as_it_is.map(|audience| Heir { audience: audience.key.clone(), message: None }).collect();
    let About::Report(report) = outgoing.about else { return Ok(as_it_is) };
    if !as_it_is.is_empty() {
        return Ok(as_it_is);
    }
    let Some(stored) = journal.report(report).await?.and_then(ReportDetail::readable) else {
        return Ok(Vec::new());
    };
    let written = readers::messages(&stored.report, settings).into_iter();
    Ok(written.map(|(audience, message)| Heir { audience, message: Some(message) }).collect())
}
