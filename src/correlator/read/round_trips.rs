// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The round trips of one reading of the cluster, and the keys that each asks for.

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    ReadError, Session,
    batch::{Batch, Reply, label},
};
use crate::{
    correlator::{
        classify::RECENT,
        facts::{ClusterFacts, DestinationFacts, ModuleFacts, PlanFacts, Scope},
        status::{self, Status, newer},
    },
    ids::{DestinationId, ModuleId, NodeId, PlanId},
};

impl Session {
    /// Reads what `scope` is about, one batch after the other.
    pub(super) async fn read(
        &mut self,
        scope: &Scope,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<ClusterFacts, ReadError> {
        let mut facts = ClusterFacts::default();
        let mut ids: BTreeSet<PlanId> = scope.plans.keys().cloned().collect();
        ids.extend(self.read_modules(&mut facts, scope).await?);
        facts.nodes.extend(scope.nodes.iter().map(|node| (node.clone(), None)));
        self.read_plans(&mut facts, ids, zone).await?;
        if facts.plans.is_empty() {
            return Ok(facts);
        }
        if facts.modules.is_empty() {
            self.find_modules(&mut facts).await?;
        }
        let members = members(&facts);
        self.read_statuses(&mut facts, &members).await?;
        self.read_details(&mut facts, &members, now, zone).await?;
        Ok(facts)
    }

    /// First trip: the cluster's name, its modules and nodes; for a scope of all that ran recently, the ids of all plans.
    async fn read_modules(
        &mut self,
        facts: &mut ClusterFacts,
        scope: &Scope,
    ) -> Result<Vec<PlanId>, ReadError> {
        const PLANS: &str = "cluster/backup/*";
        let mut batch = Batch::default();
        let name = batch.label("cluster/ui_name");
        let module_node = batch.pairs("cluster/module_node");
        let mut scan = scope.recent.then(|| batch.scan(PLANS, "0"));
        self.ask(batch).await?;

        facts.name = name.read();
        let module_node = module_node.read();
        facts.modules.reserve(module_node.len());
        for (module, node) in module_node {
            if let (Ok(module), Ok(node)) = (ModuleId::new(module), NodeId::new(node)) {
                if !facts.nodes.contains_key(&node) {
                    facts.nodes.insert(node.clone(), None);
                }
                facts.modules.insert(module, ModuleFacts::on(node));
            }
        }
        let mut plans = Vec::new();
        while let Some(page) = scan.take().map(Reply::read) {
            // The pattern also matches keys below a plan, such as `cluster/backup/1/status`: no id has a slash.
            let ids = page.keys.iter().filter_map(|key| key.strip_prefix("cluster/backup/")?.parse().ok());
            plans.extend(ids);
            if let Some(cursor) = page.next {
                let mut batch = Batch::default();
                scan = Some(batch.scan(PLANS, &cursor));
                self.ask(batch).await?;
            }
        }
        Ok(plans)
    }

    /// Second trip: the plans.
    async fn read_plans(
        &mut self,
        facts: &mut ClusterFacts,
        ids: BTreeSet<PlanId>,
        zone: &TimeZone,
    ) -> Result<(), ReadError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        let replies: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let plan = batch.hash(format_args!("cluster/backup/{id}"));
                let result = batch.hash(format_args!("cluster/backup/{id}/status"));
                (id, plan, result)
            })
            .collect();
        self.ask(batch).await?;

        let mut without_members = HashSet::new();
        for (id, plan, result) in replies {
            let (mut plan, result) = (plan.read(), result.read());
            if plan.is_empty() {
                continue;
            }
            let instances = plan.remove("instances");
            if instances.is_none() {
                without_members.insert(id.clone());
            }
            let mut text = |field: &str| plan.remove(field).and_then(label);
            let plan = PlanFacts {
                name: text("name"),
                repository: text("repository"),
                schedule: text("schedule"),
                // "returns "1" or """ (ns8-core, `schedule-backup`)
                enabled: text("enabled").is_some(),
                instances: instances
                    .iter()
                    .flat_map(|text| text.split_whitespace())
                    .map(str::to_owned)
                    .collect(),
                result: (!result.is_empty()).then(|| status::from_result_hash(&result, zone)),
            };
            facts.plans.insert(id, plan);
        }
        if without_members.is_empty() || facts.modules.is_empty() {
            return Ok(());
        }
        self.read_instances(facts, &without_members).await
    }

    /// Before core 3.20 a third trip: each module knew for itself which plans it was in.
    async fn read_instances(
        &mut self,
        facts: &mut ClusterFacts,
        without_members: &HashSet<PlanId>,
    ) -> Result<(), ReadError> {
        let mut modules: Vec<ModuleId> = facts.modules.keys().cloned().collect();
        modules.sort();
        let mut batch = Batch::default();
        let replies: Vec<_> =
            modules.iter().map(|module| batch.members(format_args!("module/{module}/backups"))).collect();
        self.ask(batch).await?;

        for (module, plans) in modules.iter().zip(replies) {
            for plan in plans.read() {
                if let Ok(plan) = PlanId::new(plan)
                    && without_members.contains(&plan)
                    && let Some(facts) = facts.plans.get_mut(&plan)
                {
                    facts.instances.push(module.to_string());
                }
            }
        }
        Ok(())
    }

    /// Without `cluster/module_node`, as somebody's hand-made set-up may be: the nodes that have reported the plans' modules.
    async fn find_modules(&mut self, facts: &mut ClusterFacts) -> Result<(), ReadError> {
        let mut reporters: Vec<(NodeId, PlanId)> = Vec::new();
        let mut cursor = Some("0".to_owned());
        while let Some(from) = cursor {
            let mut batch = Batch::default();
            let page = batch.scan("node/*/backup_status/*", &from);
            self.ask(batch).await?;
            let page = page.read();
            let reporter = |key: &String| {
                let (node, plan) = key.strip_prefix("node/")?.split_once("/backup_status/")?;
                Some((NodeId::new(node).ok()?, PlanId::new(plan).ok()?))
            };
            reporters.extend(page.keys.iter().filter_map(reporter));
            cursor = page.next;
        }
        reporters.retain(|(_, plan)| facts.plans.contains_key(plan));
        if reporters.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        let replies: Vec<_> = reporters
            .into_iter()
            .map(|(node, plan)| {
                let modules = batch.fields(format_args!("node/{node}/backup_status/{plan}"));
                (node, modules)
            })
            .collect();
        self.ask(batch).await?;

        for (node, modules) in replies {
            facts.nodes.insert(node.clone(), None);
            for module in modules.read().into_iter().filter_map(|name| ModuleId::new(name).ok()) {
                facts.modules.entry(module).or_insert_with(|| ModuleFacts::on(node.clone()));
            }
        }
        Ok(())
    }

    /// Next trip: every node's statuses of every plan, the labels of members and nodes, and the destinations.
    async fn read_statuses(&mut self, facts: &mut ClusterFacts, members: &Members) -> Result<(), ReadError> {
        let nodes: Vec<NodeId> = facts.nodes.keys().cloned().collect();
        let labelled: BTreeSet<&ModuleId> = members.values().flatten().collect();
        let repositories = facts.plans.values().filter_map(|plan| plan.repository.as_deref());
        let destinations: BTreeSet<DestinationId> =
            repositories.filter_map(|repository| DestinationId::new(repository).ok()).collect();

        let mut batch = Batch::default();
        let status_replies: Vec<_> = members
            .iter()
            .map(|(plan, members)| {
                let statuses =
                    nodes.iter().map(|node| batch.pairs(format_args!("node/{node}/backup_status/{plan}")));
                (plan, members, statuses.collect::<Vec<_>>())
            })
            .collect();
        let destination_replies: Vec<_> = destinations
            .into_iter()
            .map(|destination| {
                let hash = batch.hash(format_args!("cluster/backup_repository/{destination}"));
                (destination, hash)
            })
            .collect();
        let node_labels = batch.labels(nodes.iter().map(|node| format!("node/{node}/ui_name")));
        let module_labels = batch.labels(labelled.iter().map(|module| format!("module/{module}/ui_name")));
        if batch.is_empty() {
            return Ok(());
        }
        self.ask(batch).await?;

        for (plan, members, replies) in status_replies {
            let members: HashMap<&str, &ModuleId> =
                members.iter().map(|module| (module.as_str(), module)).collect();
            let statuses = facts.statuses.entry(plan.clone()).or_default();
            for (name, json) in replies.into_iter().flat_map(Reply::read) {
                if let Some(module) = members.get(name.as_str()) {
                    keep_newest(statuses, module, status::from_node_hash(&json));
                }
            }
        }
        for (destination, reply) in destination_replies {
            let mut hash = reply.read();
            if !hash.is_empty() {
                let mut text = |field: &str| hash.remove(field).and_then(label);
                let destination_facts =
                    DestinationFacts { name: text("name"), provider: text("provider"), url: text("url") };
                facts.destinations.insert(destination, destination_facts);
            }
        }
        facts.nodes = nodes.into_iter().zip(node_labels.read()).collect();
        for (module, label) in labelled.into_iter().zip(module_labels.read()) {
            if let Some(facts) = facts.modules.get_mut(module) {
                facts.label = label;
            }
        }
        Ok(())
    }

    /// Last trip: for members without a recent successful backup, the older layouts, and the image and UUID that make the
    /// path of the repository. A cluster without problems skips it.
    async fn read_details(
        &mut self,
        facts: &mut ClusterFacts,
        members: &Members,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), ReadError> {
        let is_well = |plan: &PlanId, module: &ModuleId| {
            let status = facts.statuses.get(plan).and_then(|statuses| statuses.get(module));
            status
                .is_some_and(|status| status.as_ref().is_ok_and(|run| run.is_ok() && run.end >= now - RECENT))
        };
        let mut unwell: Vec<(&PlanId, &ModuleId)> = Vec::new();
        for (plan, members) in members {
            let members = members.iter().filter(|module| !is_well(plan, module));
            unwell.extend(members.map(|module| (plan, module)));
        }
        if unwell.is_empty() {
            return Ok(());
        }
        let modules: BTreeSet<&ModuleId> = unwell.iter().map(|(_, module)| *module).collect();
        let mut batch = Batch::default();
        let older_layouts: Vec<_> = unwell
            .into_iter()
            .map(|(plan, module)| {
                let figures = batch.hash(format_args!("module/{module}/backup_status/{plan}"));
                let result = batch.hash(format_args!("module/{module}/backup/{plan}/status"));
                (plan, module, figures, result)
            })
            .collect();
        let paths: Vec<_> = modules
            .into_iter()
            .map(|module| {
                let uuid = batch.field("cluster/module_uuid", module.as_str());
                let image_url = batch.field(&format!("module/{module}/environment"), "IMAGE_URL");
                (module, uuid, image_url)
            })
            .collect();
        self.ask(batch).await?;

        for (plan, module, figures, result) in older_layouts {
            let (figures, result) = (figures.read(), result.read());
            let statuses = facts.statuses.entry(plan.clone()).or_default();
            if !figures.is_empty() {
                keep_newest(statuses, module, status::from_module_hash(&figures));
            }
            if !result.is_empty() {
                keep_newest(statuses, module, status::from_result_hash(&result, zone));
            }
        }
        for (module, uuid, image_url) in paths {
            if let Some(facts) = facts.modules.get_mut(module) {
                (facts.uuid, facts.image_url) = (uuid.read(), image_url.read());
            }
        }
        Ok(())
    }
}

/// The members of each plan that are installed.
type Members = BTreeMap<PlanId, Vec<ModuleId>>;

fn members(facts: &ClusterFacts) -> Members {
    let installed = |plan| facts.members(plan).installed.into_iter().map(|member| member.module.clone());
    facts.plans.keys().map(|plan| (plan.clone(), installed(plan).collect())).collect()
}

fn keep_newest(statuses: &mut HashMap<ModuleId, Status>, module: &ModuleId, status: Status) {
    let status = match statuses.remove(module) {
        Some(known) => newer(known, status),
        None => status,
    };
    statuses.insert(module.clone(), status);
}
