// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The plans that the cluster has now, with their applications and last results: what pages and metrics show, whatever the journal
//! remembers of plans that are gone. A value; [`view`] keeps the last one.

pub mod view;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::{
    correlator::facts::{ClusterFacts, Member, PlanFacts},
    ids::{DestinationId, ModuleId, NodeId, PlanId},
    run::Run,
};

/// The plans as of one reading.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Roster {
    /// When they were read.
    pub at: Timestamp,
    /// In the order of their ids.
    pub plans: Vec<PlanEntry>,
}

/// One plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PlanEntry {
    /// Its id.
    pub id: PlanId,
    /// Its name.
    pub name: Option<String>,
    /// What people call its destination: the name, else the UUID.
    pub destination: Option<String>,
    /// The destination's UUID.
    #[serde(default)]
    pub destination_id: Option<DestinationId>,
    /// Its calendar expression.
    pub schedule: Option<String>,
    /// False while its timer is off.
    pub enabled: bool,
    /// How many snapshots of each application stay. None where that is not known, or all stay.
    #[serde(default)]
    pub retention: Option<usize>,
    /// The installed ones, in the order of the run.
    pub applications: Vec<ApplicationEntry>,
}

/// One application of a plan.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ApplicationEntry {
    /// The module.
    pub module: ModuleId,
    /// Its label.
    pub label: Option<String>,
    /// Its node.
    pub node: NodeId,
    /// Its last result, as Redis has it. Not kept over restarts: it changes with each backup, and Redis has it.
    #[serde(skip)]
    pub last: Option<Run>,
}

impl Roster {
    /// The plans among these facts, which hold all plans of the cluster. None where there is nothing at all: a replica that is being filled
    /// anew.
    pub fn of(facts: &ClusterFacts, at: Timestamp) -> Option<Self> {
        if facts.plans.is_empty() && facts.modules.is_empty() {
            return None;
        }
        let plans = facts.plans.iter().map(|(id, plan)| PlanEntry::of(facts, id, plan)).collect();
        Some(Self { at, plans })
    }

    /// A plan, if the cluster has it.
    pub fn plan(&self, id: &PlanId) -> Option<&PlanEntry> {
        self.plans.iter().find(|plan| plan.id == *id)
    }
}

impl PlanEntry {
    fn of(facts: &ClusterFacts, id: &PlanId, plan: &PlanFacts) -> Self {
        let destination = plan.repository.as_deref().map(|repository| {
            let known = DestinationId::new(repository).ok().and_then(|id| facts.destinations.get(&id));
            known.and_then(|destination| destination.name.as_deref()).unwrap_or(repository).to_owned()
        });
        let applications = facts.members(id).installed.iter().map(ApplicationEntry::of).collect();
        Self {
            id: id.clone(),
            name: plan.name.clone(),
            destination,
            destination_id: plan.repository.as_deref().and_then(|id| DestinationId::new(id).ok()),
            schedule: plan.schedule.clone(),
            enabled: plan.enabled,
            retention: plan.retention,
            applications,
        }
    }
}

impl ApplicationEntry {
    fn of(member: &Member) -> Self {
        Self {
            module: member.module.clone(),
            label: member.facts.label.clone(),
            node: member.facts.node.clone(),
            last: member.status.and_then(|status| status.as_ref().ok()).cloned(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlator::facts::{DestinationFacts, ModuleFacts};

    #[test]
    fn plans_are_listed_whether_or_not_they_ever_ran() {
        let (plan, node) = (PlanId::new("3").unwrap(), NodeId::new("2").unwrap());
        let mut facts = ClusterFacts::default();
        assert_eq!(Roster::of(&facts, Timestamp::UNIX_EPOCH), None, "a replica that is being filled");
        facts.modules.insert(ModuleId::new("mail1").unwrap(), ModuleFacts::on(node.clone()));
        assert_eq!(Roster::of(&facts, Timestamp::UNIX_EPOCH).unwrap().plans, [], "the last plan was deleted");

        let uuid = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8";
        let entry = PlanFacts {
            name: Some("Nightly".into()),
            repository: Some(uuid.into()),
            instances: vec!["mail1".into(), "gone1".into()],
            ..PlanFacts::default()
        };
        facts.plans.insert(plan.clone(), entry);
        let listed = |facts: &ClusterFacts| {
            Roster::of(facts, Timestamp::UNIX_EPOCH).unwrap().plan(&plan).unwrap().clone()
        };
        assert_eq!(listed(&facts).destination.as_deref(), Some(uuid));
        let destination = DestinationFacts { name: Some("BackBlaze".into()), ..DestinationFacts::default() };
        facts.destinations.insert(DestinationId::new(uuid).unwrap(), destination);
        let found = listed(&facts);
        assert_eq!(found.destination.as_deref(), Some("BackBlaze"));
        assert!(!found.enabled);
        let applications: Vec<_> =
            found.applications.iter().map(|entry| (entry.module.as_str(), entry.node.as_str())).collect();
        assert_eq!(applications, [("mail1", "2")], "a removed application is in no plan any more");
    }
}
