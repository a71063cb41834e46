// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The round trips of one reading of the cluster, and the keys that each asks for.
//!
//! What a module may write itself (`module/<id>/…`) is in [`own_keys`](super::own_keys).

use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};

use jiff::{Timestamp, tz::TimeZone};

use super::{
    ReadError, Session,
    batch::{Batch, Reply, ScanPage, label},
    own_keys::OwnKeys,
};
use crate::{
    correlator::{
        classify::RECENT,
        facts::{ClusterFacts, DestinationFacts, ModuleFacts, PlanFacts, Scope},
        status::{self, Status, newer},
    },
    ids::{DestinationId, ModuleId, NodeId, PlanId},
    times::earlier,
};

/// Where the plans are.
const PLANS: &str = "cluster/backup/";
/// Up to how many plans were ever made each of their ids is asked for, rather than that Redis goes through all keys it has.
const MAX_SEQUENCE: u64 = 1000;
/// How many snapshots stay where a plan does not say (`run-backup`).
const DEFAULT_RETENTION: usize = 3;
/// Of how many keys it is asked whether nodes write statuses.
const MAX_STATUS_KEYS: usize = 10_000;

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
        self.read_plans(&mut facts, ids, now, zone).await?;
        if facts.plans.is_empty() {
            return Ok(facts);
        }
        if facts.modules.is_empty() {
            self.find_modules(&mut facts).await?;
        }
        let members = members(&facts);
        let nodes_write = self.read_statuses(&mut facts, &members, now).await?;
        self.read_details(&mut facts, scope, &members, nodes_write, now, zone).await?;
        Ok(facts)
    }

    /// First trip: the cluster's name, its modules and nodes, and how many plans it ever had; then, for a scope of all that ran
    /// recently, the ids of all plans. Without the count, as in hand-made set-ups, all keys are gone through for them.
    async fn read_modules(
        &mut self,
        facts: &mut ClusterFacts,
        scope: &Scope,
    ) -> Result<Vec<PlanId>, ReadError> {
        let mut batch = Batch::default();
        let name = batch.label("cluster/ui_name");
        let module_node = batch.pairs("cluster/module_node");
        let sequence = batch.number("cluster/backup_sequence");
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
        self.sequence = sequence.read().filter(|last| *last <= MAX_SEQUENCE);
        match self.sequence {
            _ if !scope.recent => Ok(Vec::new()),
            Some(last) => Ok((1..=last).filter_map(|id| PlanId::new(id.to_string()).ok()).collect()),
            None => {
                let keys = self.scan(&format!("{PLANS}*")).await?;
                // The pattern also matches keys below a plan, such as `cluster/backup/1/status`: no id has a slash.
                Ok(keys.iter().filter_map(|key| key.strip_prefix(PLANS)?.parse().ok()).collect())
            }
        }
    }

    /// All keys that match a pattern.
    async fn scan(&mut self, pattern: &str) -> Result<Vec<String>, ReadError> {
        let mut found = Vec::new();
        let mut cursor = Some("0".to_owned());
        while let Some(from) = cursor {
            let mut batch = Batch::default();
            let page = batch.scan(pattern, &from);
            self.ask(batch).await?;
            let ScanPage { next, keys } = page.read();
            found.extend(keys);
            cursor = next;
        }
        Ok(found)
    }

    /// Second trip: the plans.
    async fn read_plans(
        &mut self,
        facts: &mut ClusterFacts,
        ids: BTreeSet<PlanId>,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), ReadError> {
        if ids.is_empty() {
            return Ok(());
        }
        let mut batch = Batch::default();
        let replies: Vec<_> = ids
            .into_iter()
            .map(|id| {
                let plan = batch.hash(format_args!("{PLANS}{id}"));
                let result = batch.hash(format_args!("{PLANS}{id}/status"));
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
                // As `run-backup` has it: without a value, three.
                retention: match text("retention") {
                    Some(retention) => retention.parse().ok().filter(|count| *count > 0),
                    None => Some(DEFAULT_RETENTION),
                },
                instances: instances
                    .iter()
                    .flat_map(|text| text.split_whitespace())
                    .map(str::to_owned)
                    .collect(),
                result: (!result.is_empty()).then(|| status::from_result_hash(&result, now, zone)),
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
        let mut plans: Vec<&PlanId> = without_members.iter().collect();
        plans.sort();
        let names: Vec<&str> = plans.iter().map(|plan| plan.as_str()).collect();
        let mut batch = Batch::default();
        let replies: Vec<_> = modules
            .iter()
            .map(|module| batch.are_members(format_args!("module/{module}/backups"), &names))
            .collect();
        self.ask(batch).await?;

        for (module, are_members) in modules.iter().zip(replies) {
            for (plan, is_member) in plans.iter().zip(are_members.read()) {
                if is_member && let Some(facts) = facts.plans.get_mut(*plan) {
                    facts.instances.push(module.to_string());
                }
            }
        }
        Ok(())
    }

    /// Without `cluster/module_node`, as somebody's hand-made set-up may be: the nodes that have reported the plans' modules.
    async fn find_modules(&mut self, facts: &mut ClusterFacts) -> Result<(), ReadError> {
        let keys = self.scan("node/*/backup_status/*").await?;
        let reporter = |key: &String| {
            let (node, plan) = key.strip_prefix("node/")?.split_once("/backup_status/")?;
            Some((NodeId::new(node).ok()?, PlanId::new(plan).ok()?))
        };
        let mut reporters: Vec<(NodeId, PlanId)> = keys.iter().filter_map(reporter).collect();
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

    /// Next trip: every node's statuses of every plan, the labels of members and nodes, and the destinations. True when a node
    /// has written a status.
    async fn read_statuses(
        &mut self,
        facts: &mut ClusterFacts,
        members: &Members,
        now: Timestamp,
    ) -> Result<bool, ReadError> {
        let nodes: Vec<NodeId> = facts.nodes.keys().cloned().collect();
        // Their order does not matter here, and to compare ids costs more than to hash them.
        let labelled: HashSet<&ModuleId> = members.values().flatten().collect();
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
        let node_keys = nodes.iter().map(|node| format!("node/{node}/ui_name"));
        let node_labels = batch.labels(node_keys, self.piecemeal);
        let module_keys = labelled.iter().map(|module| format!("module/{module}/ui_name"));
        let module_labels = batch.labels(module_keys, self.piecemeal);
        if batch.is_empty() {
            return Ok(false);
        }
        self.ask(batch).await?;

        let mut nodes_write = false;
        for (plan, members, replies) in status_replies {
            let members: HashMap<&str, &ModuleId> =
                members.iter().map(|module| (module.as_str(), module)).collect();
            let statuses = facts.statuses.entry(plan.clone()).or_default();
            for (name, json) in replies.into_iter().flat_map(Reply::read) {
                nodes_write = true;
                if let Some(module) = members.get(name.as_str()) {
                    keep_newest(statuses, module, status::from_node_hash(&json, now));
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
        Ok(nodes_write)
    }

    /// Last trip: for members without a recent successful backup, or all where the scope wants that, the image and UUID that make the path of
    /// the repository, and for those of which no node has a status, the older layouts. A cluster without problems skips it.
    async fn read_details(
        &mut self,
        facts: &mut ClusterFacts,
        scope: &Scope,
        members: &Members,
        nodes_write: bool,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), ReadError> {
        let mut wanted: HashSet<&ModuleId> = HashSet::new();
        let mut without_status: Vec<(&PlanId, &ModuleId)> = Vec::new();
        for (plan, members) in members {
            let statuses = facts.statuses.get(plan);
            for module in members {
                match statuses.and_then(|statuses| statuses.get(module)) {
                    Some(Ok(run)) if run.is_ok() && run.end >= earlier(now, RECENT) => {
                        if !scope.repositories {
                            continue;
                        }
                    }
                    Some(_) => {}
                    None => without_status.push((plan, module)),
                }
                wanted.insert(module);
            }
        }
        if wanted.is_empty() {
            return Ok(());
        }
        let own_keys = OwnKeys { statuses: without_status, images: wanted.iter().copied().collect() };
        let sizes = self.sizes(&own_keys).await?;
        let mut batch = Batch::default();
        let own = sizes.ask(&own_keys, &mut batch);
        let uuids: Vec<_> =
            wanted.iter().map(|module| batch.field("cluster/module_uuid", module.as_str())).collect();
        // A plan that has never run may be the only one that was read.
        let any_written = (!nodes_write && !own_keys.statuses.is_empty())
            .then(|| batch.any_exists(self.status_keys(facts).take(MAX_STATUS_KEYS)));
        self.ask(batch).await?;

        let nodes_write = any_written.map_or(nodes_write, Reply::read);
        let (statuses, images) = own.read(now, zone);
        for ((plan, module), status) in own_keys.statuses.iter().zip(statuses) {
            let Some(status) = status else { continue };
            facts.statuses.entry((*plan).clone()).or_default().insert((*module).clone(), status);
            if nodes_write {
                facts.own_words.entry((*plan).clone()).or_default().insert((*module).clone());
            }
        }
        for ((module, uuid), image_url) in wanted.into_iter().zip(uuids).zip(images) {
            if let Some(facts) = facts.modules.get_mut(module) {
                (facts.uuid, facts.image_url) = (uuid.read(), image_url);
            }
        }
        Ok(())
    }

    /// Where nodes would have written statuses, of all plans that there may have been.
    fn status_keys(&self, facts: &ClusterFacts) -> impl Iterator<Item = String> {
        let plans: Vec<String> = match self.sequence {
            Some(last) => (1..=last).map(|id| id.to_string()).collect(),
            None => facts.plans.keys().map(ToString::to_string).collect(),
        };
        let nodes: Vec<NodeId> = facts.nodes.keys().cloned().collect();
        plans.into_iter().flat_map(move |plan| {
            let keys: Vec<String> =
                nodes.iter().map(|node| format!("node/{node}/backup_status/{plan}")).collect();
            keys
        })
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
