// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What is asked: LogQL for one node, and for which time. Pure.
//!
//! Two questions a node, however many of its applications failed: the units that run plans, and what modules wrote under their own users.
//! Line filters leave out at Loki what is noise here. There is no parser behind them: each set of parsed labels would come back as a stream
//! of its own, and the entries are parsed here anyway.

use std::collections::{BTreeMap, BTreeSet};

use jiff::{SignedDuration, Timestamp};

use crate::{
    correlator::correlation::{Application, Correlation, Outcome, Plan, State},
    ids::{ModuleId, NodeId},
    text::logql_string,
    times::{earlier, later},
};

/// How long before the first application's start a run may have begun: the cluster's own backup is uploaded first.
const BEFORE: SignedDuration = SignedDuration::from_mins(5);
/// How long after its last end there may be more: statistics, the manifest, the run's last words.
const AFTER: SignedDuration = SignedDuration::from_mins(2);
/// How far back is looked where neither a start nor a schedule is known.
const UNKNOWN_START: SignedDuration = SignedDuration::from_hours(24);
/// The longest time that is asked for. Loki refuses more than a month.
const LONGEST: SignedDuration = SignedDuration::from_hours(7 * 24);
/// Beyond so many modules all of the node's are asked for: the query would become too long.
const MAX_MODULES: usize = 60;

/// What is asked of one node.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NodeQuestion {
    /// The node.
    pub node: NodeId,
    /// From when.
    pub from: Timestamp,
    /// To when.
    pub to: Timestamp,
    /// The plans whose units count.
    plans: BTreeSet<String>,
    /// The modules whose words count.
    modules: BTreeSet<String>,
}

/// True for an application of which the log is read.
pub fn is_unwell(application: &Application) -> bool {
    application.state != State::Ok
}

/// The plans of which the log is read.
pub fn unwell_plans(correlation: &Correlation) -> impl Iterator<Item = &Plan> {
    correlation.plans.iter().filter(|plan| plan.outcome != Outcome::Success)
}

/// The questions, a node each, in the order of the nodes.
pub fn questions(correlation: &Correlation) -> Vec<NodeQuestion> {
    let mut questions: BTreeMap<String, NodeQuestion> = BTreeMap::new();
    for plan in unwell_plans(correlation) {
        for application in plan.applications.iter().filter(|application| is_unwell(application)) {
            let (from, to) = time_of(plan, &application.node, correlation.at);
            let question = questions.entry(application.node.to_string()).or_insert_with(|| NodeQuestion {
                node: application.node.clone(),
                from,
                to,
                plans: BTreeSet::new(),
                modules: BTreeSet::new(),
            });
            question.from = question.from.min(from);
            question.to = question.to.max(to);
            question.plans.insert(plan.id.to_string());
            question.modules.insert(application.module.to_string());
        }
    }
    let bounded = |mut question: NodeQuestion| {
        question.from = question.from.max(earlier(question.to, LONGEST));
        question
    };
    questions.into_values().map(bounded).collect()
}

/// When a plan ran on a node, with margins.
pub fn time_of(plan: &Plan, node: &NodeId, at: Timestamp) -> (Timestamp, Timestamp) {
    let on_node = || plan.applications.iter().filter(|application| application.node == *node);
    let ran = || on_node().filter(|application| matches!(application.state, State::Ok | State::Failed));
    let runs = || ran().filter_map(|application| application.last_run.as_ref());
    let last_end = runs().map(|run| run.end).max();
    // One that has no result yet, or none at all, may have been spoken of until now.
    let is_open = on_node().any(|application| matches!(application.state, State::Missing | State::Pending));
    let to = if is_open { at } else { last_end.unwrap_or(at) };
    let start = runs().filter_map(|run| run.start).min();
    let from = start.or(plan.due).filter(|from| *from <= to).unwrap_or_else(|| earlier(to, UNKNOWN_START));
    (earlier(from, BEFORE), later(to, AFTER))
}

/// Lines that restic and podman write while all is well. As a regular expression over an entry's JSON, in which a key may be followed by a
/// space.
const CHATTER: &str = r#""SYSLOG_IDENTIFIER": ?"(podman|conmon)"|"PRIORITY": ?"7"|"MESSAGE": ?"( {9}|-{9}|\[[0-9]+:[0-9:]+\] |[0-9a-f]{8} {2}2)"#;

/// What `run-backup` says of the cluster's own configuration backup, whichever node leads.
pub fn cluster_backup() -> String {
    let filter = "Cluster backup uploaded as|upload of cluster backup GPG file failed|cluster-backup failed";
    format!(
        "{{node_id=~\".+\", module_id=\"\"}} |~ {} |~ {}",
        logql_string("backup[0-9]+[.]service|agent@node[.]service"),
        logql_string(filter)
    )
}

impl NodeQuestion {
    /// What the units that run plans say: the timers', the agent's, and systemd and the kernel about them.
    pub fn units(&self) -> String {
        let units: Vec<String> = self.plans.iter().map(|plan| literal(plan)).collect();
        let filter =
            format!("backup({})[.]service|agent@node[.]service|Killed process|oom-kill:", units.join("|"));
        self.query("module_id=\"\"", &filter)
    }

    /// What the modules say under their own users.
    pub fn modules(&self) -> String {
        let selector = if self.modules.len() > MAX_MODULES {
            "module_id!=\"\"".to_owned()
        } else {
            let modules: Vec<String> = self.modules.iter().map(|module| literal(module)).collect();
            format!("module_id=~{}", logql_string(&modules.join("|")))
        };
        self.query(&selector, r#""SYSLOG_IDENTIFIER": ?"runagent""#)
    }

    fn query(&self, selector: &str, filter: &str) -> String {
        format!(
            "{{node_id={}, {selector}}} |~ {} !~ {}",
            logql_string(self.node.as_str()),
            logql_string(filter),
            logql_string(CHATTER)
        )
    }
}

/// An identifier as a regular expression that matches it alone. What may be in one is letters, digits and `._-:`.
fn literal(id: &str) -> String {
    id.replace('.', "[.]")
}

/// What is known of an application in a plan, by which its turn is found.
#[derive(Debug, Clone, Copy)]
pub struct Wanted<'a> {
    /// The application.
    pub module: &'a ModuleId,
    /// When the run began, at the earliest.
    pub from: Timestamp,
    /// When it ended; None for one that has no result.
    pub end: Option<Timestamp>,
    /// True when its backup failed, so that there must be something of it.
    pub has_failed: bool,
    /// True when it has not been reached yet.
    pub is_pending: bool,
}

impl<'a> Wanted<'a> {
    /// What to look for of an application.
    pub fn new(plan: &'a Plan, application: &'a Application, at: Timestamp) -> Self {
        let has_failed = application.state == State::Failed;
        let run = application.last_run.as_ref().filter(|_| has_failed);
        let (from, _) = time_of(plan, &application.node, at);
        Self {
            module: &application.module,
            from: run.and_then(|run| run.start).unwrap_or(from),
            end: run.map(|run| run.end),
            has_failed,
            is_pending: application.state == State::Pending,
        }
    }
}

#[cfg(test)]
mod tests {
    use regex::Regex;

    use super::*;

    fn question(plans: &[&str], modules: &[&str]) -> NodeQuestion {
        let set = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        let now = Timestamp::UNIX_EPOCH;
        NodeQuestion {
            node: NodeId::new("1").unwrap(),
            from: now,
            to: now,
            plans: set(plans),
            modules: set(modules),
        }
    }

    #[test]
    fn a_query_selects_streams_first_and_filters_lines_then() {
        let asked = question(&["1", "a.b"], &["mail1", "nextcloud1"]);
        let units = asked.units();
        assert!(
            units.starts_with(r#"{node_id="1", module_id=""} |~ "backup(1|a[.]b)[.]service|agent@node"#),
            "{units}"
        );
        let modules = asked.modules();
        assert!(
            modules.starts_with(r#"{node_id="1", module_id=~"mail1|nextcloud1"} |~ "\"SYSLOG_IDENTIFIER"#),
            "{modules}"
        );
        let many: Vec<String> = (0..1000).map(|number| format!("module{number}")).collect();
        let many = question(&["1"], &many.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(many.modules().len() < 500);
    }

    /// `tests/run.sh logql` has Loki's own parser read this file.
    #[test]
    fn the_queries_are_those_that_loki_s_parser_has_read() {
        let few = question(&["1"], &["mail1"]);
        let odd = question(&["1", "a.b", "c_d-e:f"], &["mail1", "a.b", "c_d-e:f"]);
        let many: Vec<String> = (0..=MAX_MODULES).map(|number| format!("module{number}")).collect();
        let many = question(&["1"], &many.iter().map(String::as_str).collect::<Vec<_>>());
        let full: Vec<String> = (0..MAX_MODULES).map(|number| format!("module{number}")).collect();
        let full = question(&["1"], &full.iter().map(String::as_str).collect::<Vec<_>>());
        let queries: String = [few, odd, many, full]
            .iter()
            .flat_map(|question| [question.units(), question.modules()])
            .map(|query| query + "\n")
            .collect();
        let path = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/logql/queries.txt");
        if std::env::var_os("UPDATE_QUERIES").is_some() {
            std::fs::write(path, &queries).unwrap();
        }
        assert_eq!(queries, std::fs::read_to_string(path).unwrap(), "set UPDATE_QUERIES=1 to write it anew");
        // Encoded in a URL, of which proxies take 8 KiB.
        assert!(queries.lines().all(|query| query.len() < 2048));
    }

    #[test]
    fn the_filter_leaves_out_tables_and_podman_in_either_way_of_writing_json() {
        let chatter = Regex::new(CHATTER).unwrap();
        for line in [
            r#"{"MESSAGE":"[0:00] 100.00%  3 / 3 snapshots","PRIORITY":"6"}"#,
            r#"{"MESSAGE": "ebe2e51d  2026-11-25 01:33:16  node1", "PRIORITY": "6"}"#,
            r#"{"MESSAGE": "                                   /srv/state/environment"}"#,
            r#"{"MESSAGE": "container create", "SYSLOG_IDENTIFIER": "podman"}"#,
            r#"{"MESSAGE":"Handler of x","PRIORITY":"7"}"#,
        ] {
            assert!(chatter.is_match(line), "{line}");
        }
        for line in [
            r#"{"MESSAGE":"[ERROR] module-dump-state failed.","PRIORITY":"6","SYSLOG_IDENTIFIER":"runagent"}"#,
            r#"{"MESSAGE":[27,91,50,75],"PRIORITY":"6","_COMM":"podman"}"#,
            r#"{"MESSAGE":"  indented","SYSLOG_IDENTIFIER":"runagent"}"#,
        ] {
            assert!(!chatter.is_match(line), "{line}");
        }
    }
}
