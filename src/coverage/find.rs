// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What no backup protects, by plans and modules as Redis has them. Pure.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::{Timestamp, tz::TimeZone};

use super::gap::{ApplicationRef, DestinationRef, Gap, GapFacts, GapKind, PlanRef};
use crate::{
    correlator::facts::{ClusterFacts, Member, PlanFacts, Unplanned},
    ids::{DestinationId, ModuleId, PlanId},
    oncalendar::Calendar,
};

/// The provider of a destination that is a node of the cluster itself (ns8-core, `add-backup-repository`).
const OWN_NODE: &str = "cluster";
/// A plan that was due so often, and did not run, is no plan any more.
const PERIODS: usize = 3;

/// The installed modules that no plan protects: no enabled one with a destination has them.
pub fn unprotected(facts: &ClusterFacts) -> Vec<ModuleId> {
    let protected = protected(facts);
    let mut modules: Vec<ModuleId> =
        facts.modules.keys().filter(|module| !protected.contains(*module)).cloned().collect();
    modules.sort();
    modules
}

/// What is not protected as of `now`, worst first. `unplanned` says more of what [`unprotected`] lists, `since` since when each plan has been known
/// with its schedule. Schedules without a zone of their own are read in `zone`.
pub fn find(
    facts: &ClusterFacts,
    unplanned: &[Unplanned],
    since: &BTreeMap<PlanId, Timestamp>,
    now: Timestamp,
    zone: &TimeZone,
) -> Vec<Gap> {
    let bare: HashMap<&ModuleId, &Unplanned> = unplanned.iter().map(|known| (&known.module, known)).collect();
    let mut gaps: Vec<Gap> = Vec::new();
    let mut planned: HashSet<&ModuleId> = HashSet::new();
    for (id, plan) in &facts.plans {
        let members = facts.members(id).installed;
        planned.extend(members.iter().map(|member| member.module));
        let gap =
            |kind| Gap { plan: Some(PlanRef { id: id.clone(), name: plan.name.clone() }), ..Gap::new(kind) };
        // Those whose data no other plan protects.
        let bare_members: Vec<ApplicationRef> = members
            .iter()
            .filter(|member| bare.get(member.module).is_some_and(|known| known.has_data))
            .map(application)
            .collect();
        if !plan.enabled {
            if !bare_members.is_empty() {
                gaps.push(Gap { applications: bare_members, ..gap(GapKind::PlanDisabled) });
            }
            continue;
        }
        if destination(facts, plan).is_none() {
            let applications = members.iter().map(application).collect();
            gaps.push(Gap { applications, ..gap(GapKind::PlanNoDestination) });
        } else if members.is_empty() {
            gaps.push(gap(GapKind::PlanEmpty));
        } else if let Some(figures) = overdue(plan, &members, since.get(id), now, zone) {
            let applications = members.iter().map(application).collect();
            gaps.push(Gap { applications, facts: figures, ..gap(GapKind::PlanNotRunning) });
        }
    }
    for known in unplanned.iter().filter(|known| known.has_data && !planned.contains(&known.module)) {
        let Some(module) = facts.modules.get(&known.module) else { continue };
        let application = ApplicationRef {
            module: known.module.clone(),
            label: known.label.clone(),
            node: module.node.clone(),
        };
        gaps.push(Gap { application: Some(application), ..Gap::new(GapKind::NoPlan) });
    }
    gaps.extend(on_own_nodes(facts));
    gaps.sort_by(|one, other| one.kind.cmp(&other.kind).then_with(|| subject(one).cmp(&subject(other))));
    gaps
}

/// What gaps of one kind are listed by.
fn subject(gap: &Gap) -> (Option<&PlanId>, Option<&ModuleId>) {
    (gap.plan.as_ref().map(|plan| &plan.id), gap.application.as_ref().map(|application| &application.module))
}

fn application(member: &Member) -> ApplicationRef {
    ApplicationRef {
        module: member.module.clone(),
        label: member.facts.label.clone(),
        node: member.facts.node.clone(),
    }
}

/// The plan's destination, if the cluster has it.
fn destination(facts: &ClusterFacts, plan: &PlanFacts) -> Option<DestinationId> {
    let id = DestinationId::new(plan.repository.as_deref()?).ok()?;
    facts.destinations.contains_key(&id).then_some(id)
}

fn protected(facts: &ClusterFacts) -> HashSet<&ModuleId> {
    let protects = |plan: &PlanFacts| plan.enabled && destination(facts, plan).is_some();
    let plans = facts.plans.iter().filter(|(_, plan)| protects(plan));
    plans.flat_map(|(id, _)| facts.members(id).installed).map(|member| member.module).collect()
}

/// The figures of a plan that was due three times since it last ran, and since it has been known.
fn overdue(
    plan: &PlanFacts,
    members: &[Member],
    since: Option<&Timestamp>,
    now: Timestamp,
    zone: &TimeZone,
) -> Option<GapFacts> {
    let calendar: Calendar = plan.schedule.as_deref()?.parse().ok()?;
    let results = members.iter().filter_map(|member| member.status).chain(&plan.result);
    // What ended in the future was written while a clock was wrong, and says that it ran.
    let last_run = results.filter_map(|status| status.as_ref().ok()).map(|run| run.end).max();
    let known_since = last_run.into_iter().chain(since.copied()).max()?;
    let mut dues = std::iter::successors(calendar.previous(now, zone), |due| {
        calendar.previous(due.saturating_sub(jiff::SignedDuration::from_secs(1)).ok()?, zone)
    });
    let recent: Vec<Timestamp> = dues.by_ref().take(PERIODS).collect();
    let &[last, before, third] = recent.as_slice() else { return None };
    if known_since >= third {
        return None;
    }
    let missed = dues.take(MAX_DUES).take_while(|due| *due > known_since);
    Some(GapFacts {
        last_run,
        due_since: missed.last().or(Some(third)),
        period_seconds: Some(last.duration_since(before).as_secs()),
        ..GapFacts::default()
    })
}

/// How many occurrences are gone back for the first that was missed.
const MAX_DUES: usize = 100;

/// The applications all of whose backups are in one destination that is a node of the cluster, as one gap a destination.
fn on_own_nodes(facts: &ClusterFacts) -> Vec<Gap> {
    let mut of_module: BTreeMap<&ModuleId, (BTreeSet<DestinationId>, ApplicationRef)> = BTreeMap::new();
    for (id, plan) in facts.plans.iter().filter(|(_, plan)| plan.enabled) {
        let Some(destination) = destination(facts, plan) else { continue };
        for member in facts.members(id).installed {
            let entry = of_module.entry(member.module);
            let (destinations, _) = entry.or_insert_with(|| (BTreeSet::new(), application(&member)));
            destinations.insert(destination.clone());
        }
    }
    let mut of_destination: BTreeMap<DestinationId, Vec<ApplicationRef>> = BTreeMap::new();
    for (destinations, application) in of_module.into_values() {
        let mut destinations = destinations.into_iter();
        let (Some(only), None) = (destinations.next(), destinations.next()) else { continue };
        let known = facts.destinations.get(&only);
        if known.is_some_and(|known| known.provider.as_deref() == Some(OWN_NODE)) {
            of_destination.entry(only).or_default().push(application);
        }
    }
    let gap = |(id, applications): (DestinationId, Vec<ApplicationRef>)| {
        let name = facts.destinations.get(&id).and_then(|known| known.name.clone());
        let destination = Some(DestinationRef { id, name });
        Gap { destination, applications, ..Gap::new(GapKind::OwnNodeOnly) }
    };
    of_destination.into_iter().map(gap).collect()
}

#[cfg(test)]
mod tests;
