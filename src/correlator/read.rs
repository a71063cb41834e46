//! Reading the cluster's Redis: everything that classification needs, in at most five round trips.
//!
//! The node's replica is asked with what the user `default` may do (ns8-core, `install-finalize.sh`): `+@read +@connection`
//! on `cluster/*`, `node/*` and `module/*`. There is no transaction, so a run that goes on meanwhile may be seen half;
//! the next look sees it whole.

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

use super::{
    classify::WINDOW,
    facts::{ClusterFacts, DestinationFacts, ModuleFacts, PlanFacts, Question, RawStatus},
    status,
};
use crate::ids::{DestinationId, ModuleId, NodeId, PlanId};

/// How long a connection may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// How long a whole look at the cluster may take. A healthy Redis needs milliseconds; the pipeline looks again.
const READ_TIMEOUT: Duration = Duration::from_secs(20);
/// How many keys one SCAN looks at. More than a cluster has, so that one round trip finds every plan; even so many take
/// Redis some tens of milliseconds.
const SCAN_COUNT: usize = 100_000;
/// The longest name or label that is kept, in characters.
const MAX_LABEL: usize = 200;
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
    #[error("Redis refuses to be read: {0}")]
    Refused(String),
    /// Redis does not answer.
    #[error("Redis does not answer within {} seconds", .0.as_secs())]
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

    /// Reads what `question` is about, as of `now`.
    ///
    /// # Errors
    /// [`ReadError`]; then nothing is known.
    pub async fn read(&self, question: &Question, now: Timestamp) -> Result<ClusterFacts, ReadError> {
        let began = Instant::now();
        within(READ_TIMEOUT, async {
            let mut session = self.connect().await?;
            let facts = session.read(question, now, &self.zone).await?;
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

/// The answers to a pipeline, taken in the order of its commands.
struct Answers(std::vec::IntoIter<Value>);

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
        question: &Question,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<ClusterFacts, ReadError> {
        let mut facts = ClusterFacts::default();
        let mut ids: BTreeSet<PlanId> = question.plans.keys().cloned().collect();
        ids.extend(self.read_modules(&mut facts, question.recent).await?);
        facts.nodes.extend(question.nodes.iter().map(|node| (node.clone(), None)));
        self.read_plans(&mut facts, ids).await?;
        if facts.plans.is_empty() {
            return Ok(facts);
        }
        self.read_statuses(&mut facts).await?;
        self.read_details(&mut facts, now, zone).await?;
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
        batch.cmd("HGETALL").arg("cluster/module_uuid");
        if scan {
            scan_from(&mut batch, "0");
        }
        let mut answers = self.ask(&batch).await?;
        facts.name = answers.text();
        for (module, node) in answers.hash() {
            if let (Ok(module), Ok(node)) = (ModuleId::new(module), NodeId::new(node)) {
                facts.nodes.entry(node.clone()).or_default();
                facts.modules.entry(module).or_default().node = Some(node);
            }
        }
        for (module, uuid) in answers.hash() {
            if let Ok(module) = ModuleId::new(module) {
                facts.modules.entry(module).or_default().uuid = Some(uuid);
            }
        }
        let mut plans = Vec::new();
        while scan {
            let (cursor, keys) = answers.scan_page();
            // The pattern also matches keys below a plan, such as `cluster/backup/1/status`: no id has a slash.
            let ids = keys.iter().filter_map(|key| key.strip_prefix("cluster/backup/")?.parse().ok());
            plans.extend(ids);
            if cursor == "0" {
                break;
            }
            let mut batch = Pipeline::new();
            scan_from(&mut batch, &cursor);
            answers = self.ask(&batch).await?;
        }
        Ok(plans)
    }

    /// Second trip: the plans; and before core 3.20 a third: their members, which each module knew for itself.
    async fn read_plans(&mut self, facts: &mut ClusterFacts, ids: BTreeSet<PlanId>) -> Result<(), ReadError> {
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
                result: (!result.is_empty()).then_some(result),
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

    /// Next trip: every node's statuses of every plan, the labels of members and nodes, and the destinations.
    async fn read_statuses(&mut self, facts: &mut ClusterFacts) -> Result<(), ReadError> {
        let nodes: Vec<NodeId> = facts.nodes.keys().cloned().collect();
        let members: BTreeSet<ModuleId> = facts
            .plans
            .values()
            .flat_map(|plan| &plan.instances)
            .filter_map(|name| ModuleId::new(name.as_str()).ok())
            .filter(|module| facts.modules.contains_key(module))
            .collect();
        let destinations: BTreeSet<DestinationId> = facts
            .plans
            .values()
            .filter_map(|plan| DestinationId::new(plan.repository.as_deref()?).ok())
            .collect();

        let mut batch = Pipeline::new();
        for plan in facts.plans.keys() {
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
        if !members.is_empty() {
            let keys: Vec<_> = members.iter().map(|module| format!("module/{module}/ui_name")).collect();
            batch.cmd("MGET").arg(keys);
        }
        if batch.is_empty() {
            return Ok(());
        }
        let mut answers = self.ask(&batch).await?;

        for (plan, plan_facts) in &facts.plans {
            let instances: HashSet<&str> = plan_facts.instances.iter().map(String::as_str).collect();
            for node in &nodes {
                for (module, json) in answers.hash() {
                    if instances.contains(module.as_str())
                        && let Ok(module) = ModuleId::new(module)
                    {
                        let statuses = facts.statuses.entry(plan.clone()).or_default();
                        statuses.entry(module).or_default().push(RawStatus::Node(node.clone(), json));
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
        if !members.is_empty() {
            for (module, label) in members.iter().zip(answers.texts()) {
                if let Some(facts) = facts.modules.get_mut(module) {
                    facts.label = label;
                }
            }
        }
        Ok(())
    }

    /// Last trip: for members whose backup is not plainly well, the older layouts and the image, which names the
    /// repository. A well cluster needs none of it, so that ten thousand applications cost little more than one.
    async fn read_details(
        &mut self,
        facts: &mut ClusterFacts,
        now: Timestamp,
        zone: &TimeZone,
    ) -> Result<(), ReadError> {
        let is_well = |plan: &PlanId, module: &ModuleId| {
            let statuses = facts.statuses.get(plan).and_then(|statuses| statuses.get(module));
            statuses
                .into_iter()
                .flatten()
                .any(|raw| status::parse(raw, zone).is_ok_and(|run| run.is_ok() && run.end >= now - WINDOW))
        };
        let mut pairs: Vec<(PlanId, ModuleId)> = Vec::new();
        for (plan, plan_facts) in &facts.plans {
            let members = plan_facts.instances.iter().filter_map(|name| ModuleId::new(name.as_str()).ok());
            let unwell = members
                .filter(|module| facts.modules.contains_key(module))
                .filter(|module| !is_well(plan, module));
            pairs.extend(unwell.map(|module| (plan.clone(), module)));
        }
        if pairs.is_empty() {
            return Ok(());
        }
        let modules: BTreeSet<ModuleId> = pairs.iter().map(|(_, module)| module.clone()).collect();
        let mut batch = Pipeline::new();
        for (plan, module) in &pairs {
            batch.cmd("HGETALL").arg(format!("module/{module}/backup_status/{plan}"));
            batch.cmd("HGETALL").arg(format!("module/{module}/backup/{plan}/status"));
        }
        for module in &modules {
            batch.cmd("HGET").arg(format!("module/{module}/environment")).arg("IMAGE_URL");
        }
        let mut answers = self.ask(&batch).await?;
        for (plan, module) in pairs {
            let layouts = [
                Some(answers.hash()).filter(|hash| !hash.is_empty()).map(RawStatus::Module),
                Some(answers.hash()).filter(|hash| !hash.is_empty()).map(RawStatus::Result),
            ];
            let statuses: Vec<RawStatus> = layouts.into_iter().flatten().collect();
            if !statuses.is_empty() {
                let of_plan: &mut HashMap<_, _> = facts.statuses.entry(plan).or_default();
                of_plan.entry(module).or_insert_with(Vec::new).extend(statuses);
            }
        }
        for module in modules {
            let image_url = answers.text();
            facts.modules.entry(module).or_insert_with(ModuleFacts::default).image_url = image_url;
        }
        Ok(())
    }
}

impl Answers {
    fn next(&mut self) -> Value {
        self.0.next().unwrap_or(Value::Nil)
    }

    /// A name or label; None when it is absent or empty.
    fn text(&mut self) -> Option<String> {
        text(self.next()).and_then(label)
    }

    /// A list or set of names; None where an item is absent or empty.
    fn texts(&mut self) -> Vec<Option<String>> {
        items(self.next()).into_iter().map(|item| text(item).filter(|text| !text.trim().is_empty())).collect()
    }

    /// A hash; empty when the key is absent or of another type.
    fn hash(&mut self) -> BTreeMap<String, String> {
        let mut items = items(self.next()).into_iter();
        let mut hash = BTreeMap::new();
        while let (Some(field), Some(value)) = (items.next(), items.next()) {
            if let (Some(field), Some(value)) = (text(field), text(value)) {
                hash.insert(field, value);
            }
        }
        hash
    }

    /// A page of SCAN: the cursor to go on from, and the keys.
    fn scan_page(&mut self) -> (String, Vec<String>) {
        let mut page = items(self.next()).into_iter();
        let cursor = page.next().and_then(text).unwrap_or_else(|| "0".into());
        let keys = page.next().map(items).unwrap_or_default();
        (cursor, keys.into_iter().filter_map(text).collect())
    }
}

/// A value as text. Bytes that are not UTF-8 are replaced: a label may hold anything.
fn text(value: Value) -> Option<String> {
    match value {
        Value::BulkString(bytes) => Some(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => String::from_utf8_lossy(error.as_bytes()).into_owned(),
        }),
        Value::SimpleString(text) => Some(text),
        Value::Int(number) => Some(number.to_string()),
        _ => None,
    }
}

/// A text that people or NS8 gave as a name: one line, and not empty.
fn label(text: String) -> Option<String> {
    let text = crate::text::one_line(&text, MAX_LABEL);
    (!text.is_empty()).then_some(text)
}

/// The items of a list, set, or hash.
fn items(value: Value) -> Vec<Value> {
    match value {
        Value::Array(items) | Value::Set(items) => items,
        Value::Map(pairs) => pairs.into_iter().flat_map(|(field, value)| [field, value]).collect(),
        _ => Vec::new(),
    }
}
