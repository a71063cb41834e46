//! Reading the cluster's Redis: everything that classification needs, in at most five round trips.
//!
//! The node's replica is asked with what the user `default` may do (ns8-core, `install-finalize.sh`): `+@read +@connection`
//! on `cluster/*`, `node/*` and `module/*`. There is no transaction, so a run that goes on meanwhile may be seen half;
//! the next look sees it whole.

mod answers;

use std::{
    collections::{BTreeMap, BTreeSet, HashMap, HashSet},
    time::{Duration, Instant},
};

use deadpool_redis::{
    Connection, Hook, HookError, Manager, Pool, PoolError,
    redis::{AsyncConnectionConfig, Pipeline, RedisError, Value},
};
use jiff::{Timestamp, tz::TimeZone};
use secrecy::{ExposeSecret, SecretString};

use self::answers::{Answers, label};
use super::{
    classify::RECENT,
    facts::{ClusterFacts, DestinationFacts, ModuleFacts, PlanFacts, Scope},
    status::{self, Status, newer},
};
use crate::ids::{DestinationId, ModuleId, NodeId, PlanId};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole look at the cluster may take. A healthy Redis needs milliseconds; the pipeline looks again.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// How many keys one SCAN looks at. More than a cluster has, so that one round trip finds every plan; even so many take
/// Redis some tens of milliseconds.
const SCAN_COUNT: usize = 100_000;
/// How many connections there may be at once. Each job needs one.
const MAX_CONNECTIONS: usize = 4;

/// Why the cluster could not be read.
#[derive(Debug, thiserror::Error)]
pub enum ReadError {
    /// No connection: Redis is down, or refuses the login.
    #[error("Redis can't be reached: {0}")]
    Connect(String),
    /// The connection broke, or Redis answered nonsense.
    #[error("Redis can't be read: {0}")]
    Broken(#[source] RedisError),
    /// Redis answered that it will not, for instance for lack of a permission, or while it is loading.
    #[error("Redis denies access: {0}")]
    Refused(String),
    /// Redis does not answer.
    #[error("no response from Redis within {} seconds", .0.as_secs())]
    Silent(Duration),
}

/// The cluster's Redis, as this node sees it.
#[derive(Clone)]
pub struct ClusterReader {
    pool: Pool,
    zone: TimeZone,
}

impl ClusterReader {
    /// Prepares to read from `url`; nothing is asked yet. `zone` is the zone of hand-made timestamps.
    ///
    /// # Errors
    /// [`ReadError::Connect`] when `url` is not a Redis URL.
    pub fn new(url: &SecretString, zone: TimeZone) -> Result<Self, ReadError> {
        let config = AsyncConnectionConfig::new()
            .set_connection_timeout(Some(CONNECT_TIMEOUT))
            .set_response_timeout(Some(READ_TIMEOUT));
        let manager = Manager::new_with_config(url.expose_secret(), config)
            .map_err(|error| ReadError::Connect(error.to_string()))?;
        // The pool bounds connections but does not keep them: before it would reuse one, it would say UNWATCH, which
        // the user `default` may not, and Redis logs each refusal. Looks are rare; a new connection is cheap and
        // never half dead.
        let no_reuse = Hook::sync_fn(|_, _| Err(HookError::message("connections are not reused")));
        let pool = Pool::builder(manager)
            .max_size(MAX_CONNECTIONS)
            .pre_recycle(no_reuse)
            .build()
            .map_err(|error| ReadError::Connect(error.to_string()))?;
        Ok(Self { pool, zone })
    }

    /// Asks Redis whether it is there and may be read.
    ///
    /// # Errors
    /// [`ReadError`]
    pub async fn ping(&self) -> Result<(), ReadError> {
        within(CONNECT_TIMEOUT, async {
            let mut session = self.connect().await?;
            let mut batch = Pipeline::new();
            batch.cmd("HGETALL").arg("cluster/environment");
            session.ask(&batch).await.map(drop)
        })
        .await
    }

    /// Reads what `scope` is about, as of `now`.
    ///
    /// # Errors
    /// [`ReadError`]; then nothing is known.
    pub async fn read(&self, scope: &Scope, now: Timestamp) -> Result<ClusterFacts, ReadError> {
        let began = Instant::now();
        within(READ_TIMEOUT, async {
            let mut session = self.connect().await?;
            let facts = session.read(scope, now, &self.zone).await?;
            let milliseconds = began.elapsed().as_secs_f64() * 1000.0;
            tracing::debug!(round_trips = session.round_trips, milliseconds, "cluster read");
            Ok(facts)
        })
        .await
    }

    async fn connect(&self) -> Result<Session, ReadError> {
        let connection = self.pool.get().await.map_err(|error| match error {
            PoolError::Backend(error) => ReadError::Connect(error.to_string()),
            error => ReadError::Connect(error.to_string()),
        })?;
        Ok(Session { connection, round_trips: 0 })
    }
}

async fn within<T>(
    limit: Duration,
    work: impl Future<Output = Result<T, ReadError>>,
) -> Result<T, ReadError> {
    tokio::time::timeout(limit, work).await.unwrap_or(Err(ReadError::Silent(limit)))
}

/// One connection, for one look.
struct Session {
    connection: Connection,
    round_trips: usize,
}

impl Session {
    /// Sends a pipeline and waits for all of its answers: one round trip.
    async fn ask(&mut self, batch: &Pipeline) -> Result<Answers, ReadError> {
        self.round_trips += 1;
        let answers: Vec<Value> = batch
            .clone()
            .ignore_errors()
            .query_async(&mut self.connection)
            .await
            .map_err(ReadError::Broken)?;
        for answer in &answers {
            // A key of another type than NS8 gives it reads as absent. Any other refusal is not about one key.
            if let Value::ServerError(error) = answer
                && error.code() != "WRONGTYPE"
            {
                let details = error.details().unwrap_or_default();
                return Err(ReadError::Refused(format!("{} {details}", error.code())));
            }
        }
        Ok(Answers(answers.into_iter()))
    }

    async fn read(
        &mut self,
        scope: &Scope,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<ClusterFacts, ReadError> {
        let mut facts = ClusterFacts::default();
        let mut ids: BTreeSet<PlanId> = scope.plans.keys().cloned().collect();
        ids.extend(self.read_modules(&mut facts, scope.recent).await?);
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

    /// First trip: the cluster's name, its modules and nodes; with `scan`, the ids of all plans.
    async fn read_modules(&mut self, facts: &mut ClusterFacts, scan: bool) -> Result<Vec<PlanId>, ReadError> {
        let scan_from = |batch: &mut Pipeline, cursor: &str| {
            batch.cmd("SCAN").arg(cursor).arg("MATCH").arg("cluster/backup/*").arg("COUNT").arg(SCAN_COUNT);
        };
        let mut batch = Pipeline::new();
        batch.cmd("GET").arg("cluster/ui_name");
        batch.cmd("HGETALL").arg("cluster/module_node");
        if scan {
            scan_from(&mut batch, "0");
        }
        let mut answers = self.ask(&batch).await?;
        facts.name = answers.text();
        let module_node = answers.pairs();
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
        if !scan {
            return Ok(plans);
        }
        loop {
            let (cursor, keys) = answers.scan_page();
            // The pattern also matches keys below a plan, such as `cluster/backup/1/status`: no id has a slash.
            let ids = keys.iter().filter_map(|key| key.strip_prefix("cluster/backup/")?.parse().ok());
            plans.extend(ids);
            if cursor == "0" {
                return Ok(plans);
            }
            let mut batch = Pipeline::new();
            scan_from(&mut batch, &cursor);
            answers = self.ask(&batch).await?;
        }
    }

    /// Second trip: the plans; and before core 3.20 a third: their members, which each module knew for itself.
    async fn read_plans(
        &mut self,
        facts: &mut ClusterFacts,
        ids: BTreeSet<PlanId>,
        zone: &TimeZone,
    ) -> Result<(), ReadError> {
        let mut batch = Pipeline::new();
        for id in &ids {
            batch.cmd("HGETALL").arg(format!("cluster/backup/{id}"));
            batch.cmd("HGETALL").arg(format!("cluster/backup/{id}/status"));
        }
        if ids.is_empty() {
            return Ok(());
        }
        let mut answers = self.ask(&batch).await?;
        let mut without_members = HashSet::new();
        for id in ids {
            let mut plan = answers.hash();
            let result = answers.hash();
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

        let mut modules: Vec<ModuleId> = facts.modules.keys().cloned().collect();
        modules.sort();
        let mut batch = Pipeline::new();
        for module in &modules {
            batch.cmd("SMEMBERS").arg(format!("module/{module}/backups"));
        }
        let mut answers = self.ask(&batch).await?;
        for module in &modules {
            for plan in answers.texts().into_iter().flatten() {
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
        let mut cursor = "0".to_owned();
        loop {
            let mut batch = Pipeline::new();
            batch
                .cmd("SCAN")
                .arg(&cursor)
                .arg("MATCH")
                .arg("node/*/backup_status/*")
                .arg("COUNT")
                .arg(SCAN_COUNT);
            let (next, keys) = self.ask(&batch).await?.scan_page();
            let reporter = |key: &String| {
                let (node, plan) = key.strip_prefix("node/")?.split_once("/backup_status/")?;
                Some((NodeId::new(node).ok()?, PlanId::new(plan).ok()?))
            };
            reporters.extend(keys.iter().filter_map(reporter));
            cursor = next;
            if cursor == "0" {
                break;
            }
        }
        reporters.retain(|(_, plan)| facts.plans.contains_key(plan));
        if reporters.is_empty() {
            return Ok(());
        }
        let mut batch = Pipeline::new();
        for (node, plan) in &reporters {
            batch.cmd("HKEYS").arg(format!("node/{node}/backup_status/{plan}"));
        }
        let mut answers = self.ask(&batch).await?;
        for (node, _) in reporters {
            facts.nodes.insert(node.clone(), None);
            for module in answers.texts().into_iter().flatten().filter_map(|name| ModuleId::new(name).ok()) {
                facts.modules.entry(module).or_insert_with(|| ModuleFacts::on(node.clone()));
            }
        }
        Ok(())
    }

    /// Next trip: every node's statuses of every plan, the labels of members and nodes, and the destinations.
    async fn read_statuses(&mut self, facts: &mut ClusterFacts, members: &Members) -> Result<(), ReadError> {
        let nodes: Vec<NodeId> = facts.nodes.keys().cloned().collect();
        let distinct: HashSet<&ModuleId> = members.values().flatten().collect();
        let labelled: Vec<&ModuleId> = distinct.into_iter().collect();
        let repositories = facts.plans.values().filter_map(|plan| plan.repository.as_deref());
        let destinations: BTreeSet<DestinationId> =
            repositories.filter_map(|repository| DestinationId::new(repository).ok()).collect();

        let mut batch = Pipeline::new();
        for plan in members.keys() {
            for node in &nodes {
                batch.cmd("HGETALL").arg(format!("node/{node}/backup_status/{plan}"));
            }
        }
        for destination in &destinations {
            batch.cmd("HGETALL").arg(format!("cluster/backup_repository/{destination}"));
        }
        if !nodes.is_empty() {
            batch
                .cmd("MGET")
                .arg(nodes.iter().map(|node| format!("node/{node}/ui_name")).collect::<Vec<_>>());
        }
        if !labelled.is_empty() {
            let keys: Vec<_> = labelled.iter().map(|module| format!("module/{module}/ui_name")).collect();
            batch.cmd("MGET").arg(keys);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let mut answers = self.ask(&batch).await?;

        for (plan, members) in members {
            let members: HashMap<&str, &ModuleId> =
                members.iter().map(|module| (module.as_str(), module)).collect();
            let statuses = facts.statuses.entry(plan.clone()).or_default();
            for _ in &nodes {
                for (module, json) in answers.pairs() {
                    if let Some(module) = members.get(module.as_str()) {
                        keep_newest(statuses, module, status::from_node_hash(&json));
                    }
                }
            }
        }
        for destination in destinations {
            let mut hash = answers.hash();
            if !hash.is_empty() {
                let mut text = |field: &str| hash.remove(field).and_then(label);
                let destination_facts =
                    DestinationFacts { name: text("name"), provider: text("provider"), url: text("url") };
                facts.destinations.insert(destination, destination_facts);
            }
        }
        if !nodes.is_empty() {
            facts.nodes = nodes.into_iter().zip(answers.texts()).collect();
        }
        if !labelled.is_empty() {
            for (module, label) in labelled.into_iter().zip(answers.texts()) {
                if let Some(facts) = facts.modules.get_mut(module) {
                    facts.label = label;
                }
            }
        }
        Ok(())
    }

    /// Last trip: for members whose backup is not plainly well, the older layouts, and the image and UUID that make the
    /// path of the repository. A well cluster needs none of it.
    async fn read_details(
        &mut self,
        facts: &mut ClusterFacts,
        members: &Members,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), ReadError> {
        let mut pairs: Vec<(&PlanId, &ModuleId)> = Vec::new();
        for (plan, members) in members {
            let statuses = facts.statuses.get(plan);
            let is_well = |module: &&ModuleId| {
                let status = statuses.and_then(|statuses| statuses.get(*module));
                status.is_some_and(|status| {
                    status.as_ref().is_ok_and(|run| run.is_ok() && run.end >= now - RECENT)
                })
            };
            pairs.extend(members.iter().filter(|module| !is_well(module)).map(|module| (plan, module)));
        }
        if pairs.is_empty() {
            return Ok(());
        }
        let modules: BTreeSet<&ModuleId> = pairs.iter().map(|(_, module)| *module).collect();
        let mut batch = Pipeline::new();
        for (plan, module) in &pairs {
            batch.cmd("HGETALL").arg(format!("module/{module}/backup_status/{plan}"));
            batch.cmd("HGETALL").arg(format!("module/{module}/backup/{plan}/status"));
        }
        for module in &modules {
            batch.cmd("HGET").arg("cluster/module_uuid").arg(module.as_str());
            batch.cmd("HGET").arg(format!("module/{module}/environment")).arg("IMAGE_URL");
        }
        let mut answers = self.ask(&batch).await?;
        for (plan, module) in pairs {
            let (figures, result) = (answers.hash(), answers.hash());
            let statuses = facts.statuses.entry(plan.clone()).or_default();
            if !figures.is_empty() {
                keep_newest(statuses, module, status::from_module_hash(&figures));
            }
            if !result.is_empty() {
                keep_newest(statuses, module, status::from_result_hash(&result, zone));
            }
        }
        for module in modules {
            let (uuid, image_url) = (answers.text(), answers.text());
            if let Some(facts) = facts.modules.get_mut(module) {
                (facts.uuid, facts.image_url) = (uuid, image_url);
            }
        }
        Ok(())
    }
}

/// The members of each plan that are installed.
type Members = BTreeMap<PlanId, Vec<ModuleId>>;

fn members(facts: &ClusterFacts) -> Members {
    let installed = |name: &String| {
        let module = ModuleId::new(name.as_str()).ok()?;
        facts.modules.contains_key(&module).then_some(module)
    };
    facts
        .plans
        .iter()
        .map(|(id, plan)| (id.clone(), plan.instances.iter().filter_map(installed).collect()))
        .collect()
}

fn keep_newest(statuses: &mut HashMap<ModuleId, Status>, module: &ModuleId, status: Status) {
    let status = match statuses.remove(module) {
        Some(known) => newer(known, status),
        None => status,
    };
    statuses.insert(module.clone(), status);
}
