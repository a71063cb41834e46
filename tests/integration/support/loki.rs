// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A stand-in for the cluster's Loki behind its proxy, which keeps the contract of `query_range` for log queries: basic authentication,
//! stream selectors and line filters, start (inclusive) and end (exclusive), limit, direction, and what it says to a query that it does
//! not take. Over the journals of real runs (`tests/fixtures/loki`), moved in time.

use std::{
    collections::{BTreeMap, HashMap},
    convert::Infallible,
    sync::{Arc, Mutex},
    time::Duration,
};

use bytes::Bytes;
use futures_util::stream;
use jiff::{SignedDuration, Timestamp};
use ns8_backup_monitor::receiver::server;
use regex::Regex;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use warp::{Filter, Reply, http::StatusCode, reply::Response};

use super::{project_file, service::Settings};

pub const USER: &str = "loki";
pub const PASSWORD: &str = "Loki's own password";
/// Loki's default `max_entries_limit_per_query`, and `max_query_length`.
const MAX_LIMIT: usize = 5000;
const MAX_LENGTH: i64 = (30 * 24 + 1) * 3600 * 1_000_000_000;

/// One entry, with the labels that core's shipper sets.
#[derive(Debug, Clone)]
pub struct Entry {
    pub at: Timestamp,
    pub labels: BTreeMap<String, String>,
    pub line: String,
}

/// How it answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mood {
    Well,
    Hangs,
    /// Answers of so many megabytes.
    Huge(usize),
}

pub struct Loki {
    state: Arc<State>,
    pub base: String,
    _stop: tokio_util::sync::DropGuard,
}

struct State {
    entries: Mutex<Vec<Entry>>,
    mood: Mutex<Mood>,
    asked: Mutex<Vec<HashMap<String, String>>>,
}

impl Loki {
    pub async fn start() -> Self {
        let (entries, asked) = Default::default();
        let state = Arc::new(State { entries, mood: Mutex::new(Mood::Well), asked });
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let base = format!("http://{}", listener.local_addr().unwrap());
        let stop = CancellationToken::new();
        tokio::spawn(server::serve(listener, routes(Arc::clone(&state)), stop.clone()));
        Self { state, base, _stop: stop.drop_guard() }
    }

    pub fn configure(&self, settings: &mut Settings) {
        settings.set("LOKI_URL", &self.base).set("LOKI_USERNAME", USER).set("LOKI_PASSWORD", PASSWORD);
    }

    /// Entries arrive.
    pub fn ship(&self, entries: impl IntoIterator<Item = Entry>) {
        self.state.entries.lock().unwrap().extend(entries);
    }

    pub fn hang(&self) {
        *self.state.mood.lock().unwrap() = Mood::Hangs;
    }

    pub fn answer_with_megabytes(&self, megabytes: usize) {
        *self.state.mood.lock().unwrap() = Mood::Huge(megabytes);
    }

    /// The parameters of each `query_range` that was let in.
    pub fn asked(&self) -> Vec<HashMap<String, String>> {
        self.state.asked.lock().unwrap().clone()
    }
}

/// A recorded journal.
pub struct Journal(pub Vec<Entry>);

impl Journal {
    pub fn recorded(name: &str) -> Self {
        let path = project_file("tests/fixtures/loki").join(name).with_extension("jsonl");
        let text = std::fs::read_to_string(&path).unwrap();
        let entry = |line: &str| {
            let entry: Value = serde_json::from_str(line).unwrap();
            Entry {
                at: Timestamp::from_nanosecond(entry["ts"].as_str().unwrap().parse().unwrap()).unwrap(),
                labels: serde_json::from_value(entry["stream"].clone()).unwrap(),
                line: entry["line"].as_str().unwrap().to_owned(),
            }
        };
        Self(text.lines().map(entry).collect())
    }

    /// The same, with the first entry that contains `text` written in the second of `at`.
    pub fn moved(mut self, text: &str, at: Timestamp) -> Self {
        let there = self.when(text).unwrap().as_second();
        let by = SignedDuration::from_secs(at.as_second() - there);
        self.0.iter_mut().for_each(|entry| entry.at += by);
        self
    }

    /// When a line was written that contains `text`.
    pub fn when(&self, text: &str) -> Option<Timestamp> {
        self.0.iter().find(|entry| entry.line.contains(text)).map(|entry| entry.at)
    }
}

fn routes(
    state: Arc<State>,
) -> impl Filter<Extract = (Response,), Error = Infallible> + Clone + Send + Sync + 'static {
    let with_state = warp::any().map(move || Arc::clone(&state));
    let credentials = || warp::header::optional::<String>("authorization");
    let query_range = warp::path!("loki" / "api" / "v1" / "query_range")
        .and(warp::get())
        .and(with_state)
        .and(credentials())
        .and(warp::query())
        .then(query_range);
    let build_info = warp::path!("loki" / "api" / "v1" / "status" / "buildinfo")
        .and(warp::get())
        .and(credentials())
        .map(|credentials| {
            if is_let_in(credentials) {
                reply(StatusCode::OK, r#"{"version":"3.7.0"}"#)
            } else {
                unauthorized()
            }
        });
    let nothing = warp::any().map(|| reply(StatusCode::NOT_FOUND, "404 page not found"));
    query_range.or(build_info).unify().or(nothing).unify()
}

fn reply(status: StatusCode, body: impl Into<String>) -> Response {
    warp::reply::with_status(body.into(), status).into_response()
}

fn unauthorized() -> Response {
    reply(StatusCode::UNAUTHORIZED, "401 Unauthorized\n")
}

fn is_let_in(credentials: Option<String>) -> bool {
    use base64::Engine;
    let expected = base64::engine::general_purpose::STANDARD.encode(format!("{USER}:{PASSWORD}"));
    credentials.is_some_and(|credentials| credentials == format!("Basic {expected}"))
}

async fn query_range(
    state: Arc<State>,
    credentials: Option<String>,
    parameters: HashMap<String, String>,
) -> Response {
    if !is_let_in(credentials) {
        return unauthorized();
    }
    state.asked.lock().unwrap().push(parameters.clone());
    let mood = *state.mood.lock().unwrap();
    match mood {
        Mood::Well => match answer(&state.entries.lock().unwrap(), &parameters) {
            Ok(answer) => reply(StatusCode::OK, answer.to_string()),
            Err(reason) => reply(StatusCode::BAD_REQUEST, reason),
        },
        Mood::Hangs => {
            tokio::time::sleep(Duration::from_secs(3600)).await;
            unauthorized()
        }
        Mood::Huge(megabytes) => {
            let head = r#"{"status":"success","data":{"resultType":"streams","result":[{"stream":{},"values":[["1",""#;
            let chunks = std::iter::once(Bytes::from_static(head.as_bytes()))
                .chain((0..megabytes).map(|_| Bytes::from(vec![b'x'; 1 << 20])));
            warp::reply::stream(stream::iter(chunks.map(Ok::<_, Infallible>))).into_response()
        }
    }
}

/// What Loki answers.
fn answer(entries: &[Entry], parameters: &HashMap<String, String>) -> Result<Value, String> {
    let number = |name: &str| {
        let text = parameters.get(name).ok_or(format!("{name} is missing"))?;
        text.parse::<i64>().map_err(|error| format!("could not parse '{text}' as a time: {error}"))
    };
    let query = Query::parse(parameters.get("query").map_or("", String::as_str))?;
    let (start, end, limit) = (number("start")?, number("end")?, number("limit")?);
    if end <= start {
        return Err("end timestamp must not be before or equal to start time".into());
    }
    if end - start > MAX_LENGTH {
        return Err("the query time range exceeds the limit (limit: 30d1h)".into());
    }
    let limit = usize::try_from(limit).map_err(|_| "limit must be a positive value")?;
    if limit > MAX_LIMIT {
        return Err(format!(
            "max entries limit per query exceeded, limit > max_entries_limit_per_query ({limit} > {MAX_LIMIT})"
        ));
    }
    let is_within = |entry: &&Entry| (i128::from(start)..i128::from(end)).contains(&entry.at.as_nanosecond());
    let mut found: Vec<&Entry> =
        entries.iter().filter(is_within).filter(|entry| query.matches(entry)).collect();
    found.sort_by_key(|entry| entry.at);
    match parameters.get("direction").map_or("backward", String::as_str) {
        "forward" => {}
        "backward" => found.reverse(),
        other => return Err(format!("invalid direction '{other}'")),
    }
    found.truncate(limit);
    let mut streams: BTreeMap<&BTreeMap<String, String>, Vec<Value>> = BTreeMap::new();
    for entry in found {
        let value = json!([entry.at.as_nanosecond().to_string(), entry.line]);
        streams.entry(&entry.labels).or_default().push(value);
    }
    let streams: Vec<Value> =
        streams.into_iter().map(|(labels, values)| json!({"stream": labels, "values": values})).collect();
    Ok(json!({"status": "success", "data": {"resultType": "streams", "result": streams, "stats": {}}}))
}

/// A log query: `{label="value", …} |~ "…" !~ "…"`. Of LogQL, that is what is understood here; the rest is a parse error.
struct Query {
    labels: Vec<(String, Test)>,
    lines: Vec<Test>,
}

/// How something is compared.
struct Test {
    pattern: Regex,
    must_match: bool,
}

impl Query {
    fn parse(query: &str) -> Result<Self, String> {
        let mut rest = Rest(query.trim());
        let mut labels = Vec::new();
        rest.take("{")?;
        loop {
            let name = rest.name()?;
            let (operator, value) = (rest.operator(&["=~", "!~", "!=", "="])?, rest.string()?);
            let pattern = if operator.ends_with('~') { value } else { regex::escape(&value) };
            labels.push((name, Test::new(&format!("^(?:{pattern})$"), !operator.starts_with('!'))?));
            if rest.take(",").is_err() {
                break;
            }
        }
        rest.take("}")?;
        // Loki does not look through all that it has.
        if labels.iter().all(|(_, test)| test.matches("")) {
            return Err(
                "queries require at least one regexp or equality matcher that does not have an empty-compatible value".into(),
            );
        }
        let mut lines = Vec::new();
        while !rest.0.is_empty() {
            let operator = rest.operator(&["|~", "!~", "|=", "!="])?;
            let value = rest.string()?;
            let pattern = if operator.ends_with('~') { value } else { regex::escape(&value) };
            lines.push(Test::new(&pattern, !operator.starts_with('!'))?);
        }
        Ok(Self { labels, lines })
    }

    fn matches(&self, entry: &Entry) -> bool {
        let label = |name: &String| entry.labels.get(name).map_or("", String::as_str);
        self.labels.iter().all(|(name, test)| test.matches(label(name)))
            && self.lines.iter().all(|test| test.matches(&entry.line))
    }
}

impl Test {
    fn new(pattern: &str, must_match: bool) -> Result<Self, String> {
        let pattern = Regex::new(pattern).map_err(|error| format!("error parsing regexp: {error}"))?;
        Ok(Self { pattern, must_match })
    }

    fn matches(&self, text: &str) -> bool {
        self.pattern.is_match(text) == self.must_match
    }
}

/// What is left of a query.
struct Rest<'a>(&'a str);

impl Rest<'_> {
    fn take(&mut self, token: &str) -> Result<(), String> {
        let rest = self.0.strip_prefix(token).ok_or_else(|| self.error())?;
        self.0 = rest.trim_start();
        Ok(())
    }

    fn error(&self) -> String {
        format!("parse error: syntax error, unexpected {:?}", self.0)
    }

    fn operator(&mut self, operators: &[&'static str]) -> Result<&'static str, String> {
        let found = operators.iter().find(|operator| self.0.starts_with(**operator));
        let operator = found.copied().ok_or_else(|| self.error())?;
        self.take(operator).map(|()| operator)
    }

    fn name(&mut self) -> Result<String, String> {
        let end = self.0.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(self.0.len());
        let (name, _) = self.0.split_at(end);
        let name = name.to_owned();
        if name.is_empty() { Err(self.error()) } else { self.take(&name.clone()).map(|()| name) }
    }

    /// A text in double quotes, escaped as in Go; of its escapes JSON's are understood.
    fn string(&mut self) -> Result<String, String> {
        let mut values = serde_json::Deserializer::from_str(self.0).into_iter::<String>();
        let text = values.next().and_then(Result::ok).ok_or_else(|| self.error())?;
        let end = values.byte_offset();
        self.0 = self.0[end..].trim_start();
        Ok(text)
    }
}
