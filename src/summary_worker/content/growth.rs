// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! How much the destinations hold, and how much more than before. When one will be full can't be said: NS8 has no action that asks a
//! destination for its space, and what a module may ask for (`read-backup-repositories`) lists repositories without any size.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::Timestamp;

use crate::{
    correlator::correlation::State,
    ids::{DestinationId, PlanId},
    report::history::PastRun,
    roster::Roster,
    summary::Growth,
};

/// What a destination holds, while it is added up.
struct Sum {
    growth: Growth,
    difference: i64,
    /// False where it is not known what there was of some application, though there may have been something.
    is_known: bool,
    /// True once something was there before.
    has_before: bool,
}

/// What the last good runs of each application say, beside those from before `from`.
pub(super) fn growth(
    roster: &Roster,
    runs: &HashMap<&PlanId, Vec<&PastRun>>,
    cut: &BTreeSet<PlanId>,
    from: Timestamp,
) -> Vec<Growth> {
    let mut sums: BTreeMap<DestinationId, Sum> = BTreeMap::new();
    for plan in &roster.plans {
        let (Some(destination), Some(runs)) = (&plan.destination_id, runs.get(&plan.id)) else { continue };
        for application in &plan.applications {
            let sizes = runs.iter().filter_map(|past| {
                // What was written elsewhere before is no part of this destination.
                let is_here = past.run.destination.as_ref().is_some_and(|used| used.id == *destination);
                let mut records = past.run.applications.iter();
                let record = records.find(|record| record.module == application.module)?;
                let is_good = is_here && record.state == State::Ok;
                is_good.then_some((past.run.began_at, record.size?))
            });
            let Some((_, now)) = sizes.clone().next() else { continue };
            let before = sizes.clone().find(|(began_at, _)| *began_at <= from).map(|(_, size)| size);
            let sum = sums.entry(destination.clone()).or_insert_with(|| Sum {
                growth: Growth {
                    destination: destination.clone(),
                    name: plan.destination.clone().unwrap_or_else(|| destination.to_string()),
                    size: 0,
                    applications: 0,
                    growth: None,
                },
                difference: 0,
                is_known: true,
                has_before: false,
            });
            sum.growth.size = sum.growth.size.saturating_add(now);
            sum.growth.applications = sum.growth.applications.saturating_add(1);
            let more = signed(now).saturating_sub(signed(before.unwrap_or(0)));
            sum.difference = sum.difference.saturating_add(more);
            sum.has_before |= before.is_some();
            // Of a plan that runs often, the runs of a week ago are not kept.
            sum.is_known &= before.is_some() || !cut.contains(&plan.id);
        }
    }
    let growth = |sum: Sum| {
        let is_comparable = sum.is_known && sum.has_before;
        Growth { growth: is_comparable.then_some(sum.difference), ..sum.growth }
    };
    sums.into_values().map(growth).collect()
}

fn signed(size: u64) -> i64 {
    i64::try_from(size).unwrap_or(i64::MAX)
}
