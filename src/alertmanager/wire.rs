// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The JSON of an alert, read so that nothing unexpected loses a page.
//!
//! serde's derived structs refuse a field of another type. An alert receiver must not: what it does not use may change at any
//! time. Here a value of another kind than expected reads as absent.

use serde_json::Value;

/// An alert as Alertmanager writes it, whatever it turns out to be.
#[derive(Clone, Copy)]
pub(super) struct Alert<'a>(pub &'a Value);

impl Alert<'_> {
    /// In a webhook `firing` or `resolved`; in the API the `state` of an object: `active`, `suppressed` or `unprocessed`.
    pub fn status(self) -> Option<String> {
        text(self.0.get("status")?).or_else(|| text(self.0["status"].get("state")?))
    }

    pub fn label(self, name: &str) -> Option<String> {
        text(self.0.get("labels")?.get(name)?)
    }

    pub fn annotation(self, name: &str) -> Option<String> {
        text(self.0.get("annotations")?.get(name)?)
    }

    pub fn starts_at(self) -> Option<String> {
        text(self.0.get("startsAt")?)
    }

    pub fn fingerprint(self) -> Option<String> {
        text(self.0.get("fingerprint")?)
    }
}

/// A text, or a number or truth value as text.
pub(super) fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(truth) => Some(truth.to_string()),
        Value::Null | Value::Array(_) | Value::Object(_) => None,
    }
}
