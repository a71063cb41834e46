// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A journald entry, as NS8's shipper puts it into Loki: JSON with the journal's fields. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Deserializer};
use serde_json::Value;

use super::noise;
use crate::{ids::PlanId, redact::redact, text};

/// How much of a message is looked at, in bytes. What is longer was never written for people.
const MAX_MESSAGE: usize = 16 * 1024;
/// How much of a message is kept, in characters: restic names URLs of 150 twice, and gives the reason behind them.
const MAX_TEXT: usize = 1000;
/// How much of its end is kept of one that is longer.
const KEPT_END: usize = 300;
/// The longest name of a module that is looked at, in bytes.
const MAX_MODULE: usize = 64;

/// Whose words an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Voice {
    /// `run-backup` in a plan's timer, and what it has started.
    Timer(PlanId),
    /// The node's agent, in which backups that people start run.
    Agent,
    /// systemd, about the unit of a plan's timer.
    Systemd(PlanId),
    /// The kernel.
    Kernel,
    /// What the backup has started as the module's own user.
    Module,
}

/// An entry that may be a backup's word.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// When it was written.
    pub at: Timestamp,
    /// Whose words it is.
    pub voice: Voice,
    /// The module whose user wrote it, as the shipper has found out.
    pub module: Option<Box<str>>,
    /// True when its writer said that it is an error (syslog's priorities 0 to 3).
    pub is_error: bool,
    /// Its lines, cleaned and without secrets.
    pub text: String,
}

/// The fields that count.
#[derive(Deserialize)]
struct Fields {
    #[serde(rename = "MESSAGE", default)]
    message: Field,
    #[serde(rename = "PRIORITY", default)]
    priority: Field,
    #[serde(rename = "SYSLOG_IDENTIFIER", default)]
    identifier: Field,
    #[serde(rename = "_SYSTEMD_UNIT", default)]
    unit: Field,
    #[serde(rename = "_SYSTEMD_USER_UNIT", default)]
    user_unit: Field,
    /// What systemd speaks of.
    #[serde(rename = "UNIT", default)]
    about: Field,
}

/// A field's text. journald writes what is no UTF-8, or holds control characters, as an array of bytes, and a field that is there several
/// times as an array of texts.
#[derive(Default)]
struct Field(Option<String>);

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Ok(Self(match Value::deserialize(deserializer)? {
            Value::String(text) => Some(text),
            Value::Number(number) => Some(number.to_string()),
            Value::Array(items) => {
                let bytes = items.iter().map(|item| item.as_u64().and_then(|byte| u8::try_from(byte).ok()));
                match bytes.collect::<Option<Vec<u8>>>() {
                    Some(bytes) if !bytes.is_empty() => Some(String::from_utf8_lossy(&bytes).into_owned()),
                    _ => items.iter().find_map(Value::as_str).map(str::to_owned),
                }
            }
            Value::Null | Value::Bool(_) | Value::Object(_) => None,
        }))
    }
}

impl Field {
    fn text(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

impl Entry {
    /// Reads an entry. None for one that can't be a backup's word, or can't be read.
    pub fn parse(at: Timestamp, json: &str) -> Option<Self> {
        let fields: Fields = serde_json::from_str(json).ok()?;
        let voice = voice(&fields)?;
        let message = shorten(fields.message.text(), MAX_MESSAGE);
        let message = without_escapes(message);
        if noise::is_indented(&message) {
            return None;
        }
        // Cleaned first: what can't be seen must not hide a secret's name.
        let text = cut(&redact(&text::lines(&message, usize::MAX)));
        let is_noise = match voice {
            Voice::Systemd(_) => !noise::tells_of_an_end(&text),
            Voice::Kernel => !noise::tells_of_a_kill(&text),
            Voice::Timer(_) | Voice::Agent | Voice::Module => noise::is_noise(&text),
        };
        let is_error = matches!(fields.priority.text(), "0" | "1" | "2" | "3");
        (!is_noise).then_some(Self { at, voice, module: None, is_error, text })
    }

    /// The entry with the label of its stream.
    pub fn with_module(mut self, label: Option<&str>) -> Self {
        self.module = label.filter(|label| label.len() <= MAX_MODULE).map(Into::into);
        self
    }
}

/// Whose words these are. None for the other services of a node or module: they log at that time as at any other.
fn voice(fields: &Fields) -> Option<Voice> {
    let identifier = fields.identifier.text();
    if identifier == "systemd" {
        return plan_of(fields.about.text()).map(Voice::Systemd);
    }
    if identifier == "kernel" {
        return Some(Voice::Kernel);
    }
    let unit = fields.unit.text();
    if unit == "agent@node.service" {
        return (identifier != "podman" && identifier != "conmon").then_some(Voice::Agent);
    }
    if identifier != "runagent" {
        return None;
    }
    if let Some(plan) = plan_of(unit) {
        return Some(Voice::Timer(plan));
    }
    // What the backup starts runs in the scope of its session, or of podman; services of the module have units of their own.
    let user_unit = fields.user_unit.text();
    (user_unit.is_empty() || user_unit.ends_with(".scope")).then_some(Voice::Module)
}

/// The plan whose timer starts this unit.
fn plan_of(unit: &str) -> Option<PlanId> {
    PlanId::new(unit.strip_prefix("backup")?.strip_suffix(".service")?).ok()
}

/// The beginning, cut between characters.
fn shorten(text: &str, max: usize) -> &str {
    let mut end = max.min(text.len());
    while !text.is_char_boundary(end) {
        end = end.saturating_sub(1);
    }
    text.get(..end).unwrap_or_default()
}

/// Beginning and end of a long text.
fn cut(text: &str) -> String {
    let length = text.chars().count();
    if length <= MAX_TEXT {
        return text.to_owned();
    }
    let beginning: String = text.chars().take(MAX_TEXT.saturating_sub(KEPT_END)).collect();
    let end: String = text.chars().skip(length.saturating_sub(KEPT_END)).collect();
    format!("{beginning} … {end}")
}

/// A terminal's escape sequences are taken out whole: restic writes `ESC [2K` before a line.
fn without_escapes(text: &str) -> String {
    let mut kept = String::with_capacity(text.len());
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        if c != '\u{1b}' {
            kept.push(c);
        } else if rest.next_if_eq(&'[').is_some() {
            // Parameters, then one final byte (ECMA-48).
            while rest.next_if(|c| (' '..='?').contains(c)).is_some() {}
            rest.next_if(|c| ('@'..='~').contains(c));
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn parse(fields: &Value) -> Option<Entry> {
        Entry::parse(Timestamp::UNIX_EPOCH, &fields.to_string())
    }

    fn said(message: &Value) -> Option<String> {
        let fields =
            json!({"MESSAGE": message, "SYSLOG_IDENTIFIER": "runagent", "_SYSTEMD_UNIT": "session-c1.scope"});
        parse(&fields).map(|entry| entry.text)
    }

    #[test]
    fn a_message_is_text_or_bytes_or_several() {
        assert_eq!(said(&json!("dump failed")).unwrap(), "dump failed");
        let bytes = "\u{1b}[2Ksignal interrupt received, cleaning up".as_bytes();
        assert_eq!(said(&json!(bytes)).unwrap(), "signal interrupt received, cleaning up");
        assert_eq!(said(&json!([0xff, 0x61])).unwrap(), "\u{fffd}a");
        assert_eq!(said(&json!(["one", "two"])).unwrap(), "one");
        assert_eq!(said(&json!(null)), None);
    }

    #[test]
    fn a_long_message_keeps_its_reason() {
        let text = said(&json!(format!("Fatal: {}: no space left on device", "x".repeat(3000)))).unwrap();
        assert!(text.starts_with("Fatal: xxx") && text.ends_with(": no space left on device"), "{text}");
        assert!(text.chars().count() <= MAX_TEXT + 3);
        assert!(said(&json!("é".repeat(MAX_MESSAGE))).unwrap().chars().count() <= MAX_TEXT + 3);
    }

    #[test]
    fn a_secret_s_name_can_not_be_hidden() {
        assert_eq!(said(&json!("pass\u{200b}word=hunter2")).unwrap(), "password=***");
        assert_eq!(said(&json!("pass\u{1b}[1mword=hunter2")).unwrap(), "password=***");
    }

    #[test]
    fn a_voice_is_known_by_its_unit() {
        let entry = |identifier: &str, unit: &str, user_unit: &str, about: &str| {
            let text = "backup1.service: Main process exited, code=killed, status=15/TERM";
            let fields = json!({
                "MESSAGE": text, "SYSLOG_IDENTIFIER": identifier, "_SYSTEMD_UNIT": unit,
                "_SYSTEMD_USER_UNIT": user_unit, "UNIT": about,
            });
            parse(&fields).map(|entry| entry.voice)
        };
        let plan = PlanId::new("1").unwrap();
        assert_eq!(entry("runagent", "backup1.service", "", ""), Some(Voice::Timer(plan.clone())));
        assert_eq!(entry("agent@node", "agent@node.service", "", ""), Some(Voice::Agent));
        assert_eq!(entry("systemd", "init.scope", "", "backup1.service"), Some(Voice::Systemd(plan)));
        assert_eq!(entry("systemd", "init.scope", "", "redis.service"), None);
        assert_eq!(entry("runagent", "session-c1.scope", "", ""), Some(Voice::Module));
        assert_eq!(entry("runagent", "user@1005.service", "podman-1.scope", ""), Some(Voice::Module));
        assert_eq!(entry("runagent", "user@1005.service", "prometheus.service", ""), None);
        assert_eq!(entry("podman", "backup1.service", "", ""), None);
        assert_eq!(entry("postgres", "user@1005.service", "postgres.service", ""), None);
    }

    proptest! {
        #[test]
        fn nothing_panics(json in any::<String>(), message in any::<String>(), bytes in any::<Vec<u8>>()) {
            let _ = Entry::parse(Timestamp::UNIX_EPOCH, &json);
            for message in [json!(message), json!(bytes)] {
                if let Some(text) = said(&message) {
                    prop_assert!(!text.contains(|c: char| c.is_control() && c != '\n'));
                }
            }
        }
    }
}
