// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which applications are protected: those of which an enabled plan has brought what can be restored, not longer ago than two of its periods,
//! and of which nobody has found otherwise.

use std::collections::{BTreeMap, BTreeSet};

use jiff::SignedDuration;

use super::term::{Member, Term, calendar};
use crate::{
    coverage::gap::{ApplicationRef, Gap, GapKind, KnownGap},
    ids::ModuleId,
    roster::{PlanEntry, Roster},
    summary::{Application, RestorePoint},
};

/// The period of a plan of which it is not known when it is due.
const DAY: SignedDuration = SignedDuration::from_hours(24);
/// How much later than two periods after the last one a backup may come: they take their time.
const SLACK: SignedDuration = SignedDuration::from_hours(2);

/// How many applications there are, and those that are not protected.
pub(super) fn applications(
    roster: &Roster,
    gaps: &[&KnownGap],
    points: &[RestorePoint],
    term: Term,
) -> (usize, Vec<Application>) {
    let mut all: BTreeMap<ModuleId, Application> = BTreeMap::new();
    let mut protected: BTreeSet<&ModuleId> = BTreeSet::new();
    let restorable: BTreeMap<Member, &RestorePoint> =
        points.iter().map(|point| ((&point.plan, &point.application.module), point)).collect();
    for plan in &roster.plans {
        let patience = patience(plan, term);
        for entry in &plan.applications {
            all.entry(entry.module.clone()).or_insert_with(|| Application {
                module: entry.module.clone(),
                label: entry.label.clone(),
                node: entry.node.clone(),
            });
            let newest = restorable.get(&(&plan.id, &entry.module)).and_then(|point| point.newest);
            let is_fresh = newest.is_some_and(|newest| term.to.duration_since(newest) <= patience);
            let is_denied = || gaps.iter().any(|known| denies(&known.gap, plan, &entry.module));
            if plan.enabled && plan.destination_id.is_some() && is_fresh && !is_denied() {
                protected.insert(&entry.module);
            }
        }
    }
    let without_plan = gaps.iter().filter(|known| known.gap.kind == GapKind::NoPlan);
    let named = without_plan.flat_map(|known| known.gap.application.iter().chain(&known.gap.applications));
    for ApplicationRef { module, label, node } in named {
        all.entry(module.clone()).or_insert_with(|| Application {
            module: module.clone(),
            label: label.clone(),
            node: node.clone(),
        });
    }
    let count = all.len();
    let unprotected = all.into_values().filter(|application| !protected.contains(&application.module));
    (count, unprotected.collect())
}

/// How old the newest restore point of a plan may be.
fn patience(plan: &PlanEntry, term: Term) -> SignedDuration {
    let period = calendar(plan).and_then(|calendar| calendar.period(term.to, term.zone)).unwrap_or(DAY);
    period.checked_mul(2).and_then(|two| two.checked_add(SLACK)).unwrap_or(SignedDuration::MAX)
}

/// True where a gap says that the plan does not protect the application.
fn denies(gap: &Gap, plan: &PlanEntry, module: &ModuleId) -> bool {
    let is_of_plan = gap.plan.as_ref().is_some_and(|other| other.id == plan.id);
    match gap.kind {
        GapKind::PlanDisabled | GapKind::PlanNoDestination | GapKind::PlanNotRunning => is_of_plan,
        GapKind::SuccessWithoutSnapshot | GapKind::SnapshotOld => is_of_plan && gap.is_about(module),
        // An application that was in no plan when it was looked for is in this one now.
        GapKind::NoPlan
        | GapKind::SnapshotsFew
        | GapKind::ClusterBackupNoPassword
        | GapKind::ClusterBackupFailed
        | GapKind::PlanEmpty
        | GapKind::OwnNodeOnly => false,
    }
}
