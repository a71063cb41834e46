// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What was read of the cluster: the raw material of classification.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::Timestamp;

use super::status::Status;
use crate::{
    alert::{Alert, ObservedRun, Source},
    ids::{DestinationId, ModuleId, NodeId, PlanId},
};

/// What a report is about: which plans, and what its alerts assert of them.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Scope {
    /// The plans in question, with their name where the alert has it.
    pub plans: BTreeMap<PlanId, Option<String>>,
    /// Some alert named no plan: every enabled plan that ran recently is included as well.
    pub recent: bool,
    /// The plans that an alert says did not run at all.
    pub asserted_missing: BTreeSet<PlanId>,
    /// An alert without a plan says that some backup did not run at all.
    pub any_asserted_missing: bool,
    /// The time at which each plan was due that the schedule watcher says it missed.
    pub missed_due: BTreeMap<PlanId, Timestamp>,
    /// Since when each plan is known with its schedule: no run answers to what was due before.
    pub known_since: BTreeMap<PlanId, Timestamp>,
    /// The runs that were followed: the report is about their results, not about what ran last.
    pub runs: BTreeMap<PlanId, ObservedRun>,
    /// Nodes that raised an alert; their keys are read even where no module is left on them.
    pub nodes: BTreeSet<NodeId>,
    /// The repositories of all members are asked for, not only of those that are not well.
    pub repositories: bool,
}

impl Scope {
    /// The scope that these alerts raise.
    pub fn from_alerts<'a>(alerts: impl IntoIterator<Item = &'a Alert>) -> Self {
        let mut scope = Self::default();
        let mut alerts = alerts.into_iter().peekable();
        // A job whose alerts another version wrote still makes a report.
        scope.recent = alerts.peek().is_none();
        for alert in alerts {
            match &alert.plan {
                Some(plan) => {
                    let name = scope.plans.entry(plan.clone()).or_default();
                    *name = name.take().or_else(|| alert.plan_name.clone());
                    if alert.is_about_missing() {
                        scope.asserted_missing.insert(plan.clone());
                    }
                    if let (Source::Schedule | Source::Stuck, Some(due)) = (alert.source, alert.starts_at) {
                        scope.missed_due.insert(plan.clone(), due);
                    }
                    if let Some(run) = &alert.run {
                        scope.runs.insert(plan.clone(), run.clone());
                    }
                }
                None => {
                    scope.recent = true;
                    scope.any_asserted_missing |= alert.is_about_missing();
                }
            }
            scope.nodes.extend(alert.node.clone());
        }
        scope
    }

    /// The scope about these plans, or about all that ran recently when there are none.
    pub fn about(plans: impl IntoIterator<Item = PlanId>) -> Self {
        let plans: BTreeMap<_, _> = plans.into_iter().map(|plan| (plan, None)).collect();
        Self { recent: plans.is_empty(), plans, ..Self::default() }
    }

    /// All plans, with the repositories of all their members.
    pub fn of_repositories() -> Self {
        Self { repositories: true, ..Self::about([]) }
    }

    /// True when an alert says of this plan that it did not run.
    pub fn asserts_missing(&self, plan: &PlanId) -> bool {
        self.asserted_missing.contains(plan) || self.any_asserted_missing
    }
}

/// The part of the cluster's state that backups are about.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ClusterFacts {
    /// `cluster/ui_name`
    pub name: Option<String>,
    /// `cluster/backup/<id>`, of the plans in scope that exist.
    pub plans: BTreeMap<PlanId, PlanFacts>,
    /// Every module of the cluster, from `cluster/module_node`.
    pub modules: HashMap<ModuleId, ModuleFacts>,
    /// Every node that has a module, with its `node/<n>/ui_name`.
    pub nodes: BTreeMap<NodeId, Option<String>>,
    /// `cluster/backup_repository/<uuid>`, of the plans' destinations.
    pub destinations: BTreeMap<DestinationId, DestinationFacts>,
    /// The newest status of each member of each plan, over all layouts and nodes.
    pub statuses: HashMap<PlanId, HashMap<ModuleId, Status>>,
    /// The members whose status is nothing but their own word: it stands where the module itself may write (`module/<id>/…`), though
    /// this cluster's nodes write statuses. It counts for what is said of that member, and vouches for nothing else.
    pub own_words: HashMap<PlanId, HashSet<ModuleId>>,
}

impl ClusterFacts {
    /// The facts without what members say of themselves only.
    #[must_use]
    pub fn vouched(mut self) -> Self {
        for (plan, modules) in self.own_words.drain() {
            if let Some(statuses) = self.statuses.get_mut(&plan) {
                statuses.retain(|module, _| !modules.contains(module));
            }
        }
        self
    }

    /// The applications of a plan, in its order and each once. None for a plan that is not among the facts.
    pub fn members(&self, plan: &PlanId) -> Members<'_> {
        let mut members = Members::default();
        let Some(plan_facts) = self.plans.get(plan) else { return members };
        let statuses = self.statuses.get(plan);
        let own_words = self.own_words.get(plan);
        let mut seen = HashSet::new();
        for name in plan_facts.instances.iter().filter(|name| seen.insert(name.as_str())) {
            match ModuleId::new(name.as_str()).ok().and_then(|id| self.modules.get_key_value(&id)) {
                Some((module, facts)) => {
                    let status = statuses.and_then(|statuses| statuses.get(module));
                    let is_own_word = own_words.is_some_and(|modules| modules.contains(module));
                    members.installed.push(Member { module, facts, status, is_own_word });
                }
                None => members.removed.push(name),
            }
        }
        members
    }
}

/// The applications of a plan.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Members<'a> {
    /// Those that a node holds.
    pub installed: Vec<Member<'a>>,
    /// The names of the others: `run-backup` skips them.
    pub removed: Vec<&'a str>,
}

/// An installed application of a plan.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Member<'a> {
    /// The module.
    pub module: &'a ModuleId,
    /// What is known of it.
    pub facts: &'a ModuleFacts,
    /// The newest status of its backup by this plan.
    pub status: Option<&'a Status>,
    /// True when that status is nothing but its own word.
    pub is_own_word: bool,
}

/// One `cluster/backup/<id>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct PlanFacts {
    /// `name`
    pub name: Option<String>,
    /// `repository`: a destination's UUID, unless somebody wrote another thing.
    pub repository: Option<String>,
    /// `schedule`: a systemd calendar expression.
    pub schedule: Option<String>,
    /// `enabled`: `1` or empty.
    pub enabled: bool,
    /// `retention`: how many snapshots of each application stay. None where that is no number, or all stay.
    pub retention: Option<usize>,
    /// `instances`, or before core 3.20 the modules whose set `module/<mid>/backups` holds the plan. In the order of the run.
    pub instances: Vec<String>,
    /// `cluster/backup/<id>/status`: a plan's own result, in hand-made set-ups.
    pub result: Option<Status>,
}

/// One module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModuleFacts {
    /// The node it lives on.
    pub node: NodeId,
    /// `module/<mid>/ui_name`: the label that people gave it. Read for the members of the plans.
    pub label: Option<String>,
    /// Its UUID, from `cluster/module_uuid`. Read for members without a recent successful backup, or for all.
    pub uuid: Option<String>,
    /// `IMAGE_URL` of `module/<mid>/environment`. Read for members without a recent successful backup, or for all.
    pub image_url: Option<String>,
}

impl ModuleFacts {
    /// A module of which nothing else was read.
    pub fn on(node: NodeId) -> Self {
        Self { node, label: None, uuid: None, image_url: None }
    }

    /// The path of the module's restic repository within a destination: its image's name and its UUID.
    ///
    /// As `get_module_repopath` of ns8-core's `node/bin/run-backup` makes it, with `agent.get_image_name_from_url`.
    pub fn repository_path(&self) -> Option<String> {
        let url = self.image_url.as_deref()?;
        let name = url.rsplit('/').next()?;
        let name = name.split(['@', ':']).next()?;
        // The module itself may write there: what is no name would become another path.
        let name = ModuleId::new(name).ok()?;
        let uuid = ModuleId::new(self.uuid.as_deref()?).ok()?;
        Some(format!("{name}/{uuid}"))
    }
}

/// A module that no plan protects.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unplanned {
    /// The module.
    pub module: ModuleId,
    /// `module/<mid>/ui_name`
    pub label: Option<String>,
    /// False where the set `module/<mid>/flags` has `no_data_backup`.
    pub has_data: bool,
}

/// One `cluster/backup_repository/<uuid>`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct DestinationFacts {
    /// `name`
    pub name: Option<String>,
    /// `provider`, such as `aws` or `cluster`
    pub provider: Option<String>,
    /// `url`, such as `s3:s3.example.org/bucket`
    pub url: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::correlator::status::from_node_hash;

    #[test]
    fn members_are_in_the_plans_order_each_once_and_the_removed_ones_apart() {
        let (plan, node) = (PlanId::new("1").unwrap(), NodeId::new("1").unwrap());
        let module = |name: &str| ModuleId::new(name).unwrap();
        let mut facts = ClusterFacts::default();
        for name in ["mail1", "samba1", "stranger1"] {
            facts.modules.insert(module(name), ModuleFacts::on(node.clone()));
        }
        let names = ["samba1", "gone1", "mail1", "samba1", "not/a/module", "gone1"];
        let instances = names.map(str::to_owned).into();
        facts.plans.insert(plan.clone(), PlanFacts { instances, ..PlanFacts::default() });
        let status = from_node_hash("{}", Timestamp::UNIX_EPOCH);
        facts.statuses.insert(plan.clone(), [(module("mail1"), status.clone())].into());

        let members = facts.members(&plan);
        let installed: Vec<_> =
            members.installed.iter().map(|member| (member.module.as_str(), member.status)).collect();
        assert_eq!(installed, [("samba1", None), ("mail1", Some(&status))]);
        assert_eq!(members.removed, ["gone1", "not/a/module"]);
        assert_eq!(facts.members(&PlanId::new("2").unwrap()), Members::default());
    }

    #[test]
    fn a_repositorys_path_is_the_images_name_and_the_modules_uuid() {
        let path = |image: &str| {
            ModuleFacts {
                image_url: Some(image.into()),
                uuid: Some("f5d24fcd-819c-4b1d-98ad-a1b2ebcee8cf".into()),
                ..ModuleFacts::on(NodeId::new("1").unwrap())
            }
            .repository_path()
        };
        let dokuwiki = Some("dokuwiki/f5d24fcd-819c-4b1d-98ad-a1b2ebcee8cf".into());
        assert_eq!(path("ghcr.io/nethserver/dokuwiki:1.2.3"), dokuwiki);
        assert_eq!(path("ghcr.io/nethserver/dokuwiki"), dokuwiki);
        assert_eq!(path("localhost:5000/dokuwiki:1.2.3"), dokuwiki);
        assert_eq!(path("ghcr.io/nethserver/dokuwiki@sha256:abc"), dokuwiki);
        assert_eq!(path(""), None);
        assert_eq!(path("ghcr.io/nethserver/.."), None);
        assert_eq!(path("a b"), None);
        assert_eq!(ModuleFacts::on(NodeId::new("1").unwrap()).repository_path(), None);
    }
}
