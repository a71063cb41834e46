// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A Redis that holds the sample cluster in memory, and speaks as much of its protocol as the service asks for.

use std::{
    collections::BTreeMap,
    io,
    net::SocketAddr,
    sync::{Arc, Mutex, PoisonError},
};

use tokio::{
    io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
};

/// The value of a key.
pub(super) enum Key {
    Text(String),
    Hash(BTreeMap<String, String>),
}

type Keys = Arc<Mutex<BTreeMap<String, Key>>>;

/// A server on a free port of the loopback.
pub(super) struct MemoryRedis {
    pub address: SocketAddr,
    keys: Keys,
}

impl MemoryRedis {
    pub async fn start(keys: BTreeMap<String, Key>) -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let keys = Arc::new(Mutex::new(keys));
        let served = Arc::clone(&keys);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                // A client that goes away ends its task.
                tokio::spawn(serve(stream, Arc::clone(&served)));
            }
        });
        Ok(Self { address, keys })
    }

    /// `HSET`, by the hand of the node.
    pub fn write(&self, (key, field, value): (String, String, String)) {
        let mut keys = self.keys.lock().unwrap_or_else(PoisonError::into_inner);
        if let Key::Hash(hash) = keys.entry(key).or_insert_with(|| Key::Hash(BTreeMap::new())) {
            hash.insert(field, value);
        }
    }
}

async fn serve(stream: TcpStream, keys: Keys) -> io::Result<()> {
    let mut stream = BufReader::new(stream);
    while let Some(command) = read_command(&mut stream).await? {
        let answer = answer(&command, &keys.lock().unwrap_or_else(PoisonError::into_inner));
        stream.get_mut().write_all(answer.as_bytes()).await?;
    }
    Ok(())
}

/// Reads a command: a list of strings. None when the client has gone.
async fn read_command(stream: &mut BufReader<TcpStream>) -> io::Result<Option<Vec<String>>> {
    let Some(count) = read_length(stream, '*').await? else { return Ok(None) };
    let mut words = Vec::new();
    for _ in 0..count {
        let Some(length) = read_length(stream, '$').await? else { return Ok(None) };
        let mut word = vec![0; length + 2];
        stream.read_exact(&mut word).await?;
        word.truncate(length);
        words.push(String::from_utf8_lossy(&word).into_owned());
    }
    Ok(Some(words))
}

async fn read_length(stream: &mut BufReader<TcpStream>, mark: char) -> io::Result<Option<usize>> {
    let mut line = String::new();
    if stream.read_line(&mut line).await? == 0 {
        return Ok(None);
    }
    let length = line.trim_end().strip_prefix(mark).and_then(|length| length.parse().ok());
    length.map(Some).ok_or_else(|| io::Error::new(io::ErrorKind::InvalidData, "not the protocol of Redis"))
}

fn answer(command: &[String], keys: &BTreeMap<String, Key>) -> String {
    let words: Vec<&str> = command.iter().map(String::as_str).collect();
    let name = words.first().map(|name| name.to_ascii_uppercase()).unwrap_or_default();
    match (name.as_str(), words.get(1..).unwrap_or_default()) {
        ("GET", [key]) => text(get(keys, key)),
        ("MGET", wanted) => list(wanted.iter().map(|key| text(get(keys, key)))),
        // The service asks for labels from their beginning, and the sample's are short.
        ("GETRANGE", [key, "0", _]) => text(Some(get(keys, key).unwrap_or_default())),
        ("HGET", [key, field]) => text(field_of(keys, key, field)),
        ("HMGET", [key, fields @ ..]) => list(fields.iter().map(|field| text(field_of(keys, key, field)))),
        ("EXISTS", wanted) => number(wanted.iter().filter(|key| keys.contains_key(**key)).count()),
        ("HGETALL", [key]) => {
            list(hash(keys, key).flat_map(|(name, value)| [text(Some(name)), text(Some(value))]))
        }
        ("SCAN", [_, "MATCH", pattern, ..]) => {
            let prefix = pattern.trim_end_matches('*');
            let found = keys.keys().filter(|key| key.starts_with(prefix));
            list([text(Some("0")), list(found.map(|key| text(Some(key))))].into_iter())
        }
        ("PING", _) => "+PONG\r\n".into(),
        ("CLIENT", _) => "+OK\r\n".into(),
        _ => format!("-ERR unknown command '{name}'\r\n"),
    }
}

fn get<'a>(keys: &'a BTreeMap<String, Key>, key: &str) -> Option<&'a str> {
    match keys.get(key) {
        Some(Key::Text(text)) => Some(text),
        _ => None,
    }
}

fn hash<'a>(keys: &'a BTreeMap<String, Key>, key: &str) -> impl Iterator<Item = (&'a str, &'a str)> {
    let fields = match keys.get(key) {
        Some(Key::Hash(fields)) => Some(fields),
        _ => None,
    };
    fields.into_iter().flatten().map(|(name, value)| (name.as_str(), value.as_str()))
}

fn field_of<'a>(keys: &'a BTreeMap<String, Key>, key: &str, field: &str) -> Option<&'a str> {
    hash(keys, key).find(|(name, _)| *name == field).map(|(_, value)| value)
}

fn number(number: usize) -> String {
    format!(":{number}\r\n")
}

fn text(text: Option<&str>) -> String {
    match text {
        Some(text) => format!("${}\r\n{text}\r\n", text.len()),
        None => "$-1\r\n".into(),
    }
}

fn list(items: impl Iterator<Item = String>) -> String {
    let items: Vec<String> = items.collect();
    format!("*{}\r\n{}", items.len(), items.concat())
}
