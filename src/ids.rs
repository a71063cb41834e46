// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Names of the cluster's things: plans, modules, nodes, destinations.
//!
//! They come from labels, URLs and Redis, and are used in Redis keys, file names and shell commands that
//! people copy out of a mail. Each is checked once, where it enters, so that the inside needs no checks; copies share the
//! text.

use std::{cmp::Ordering, fmt, str::FromStr, sync::Arc};

use serde::{Deserialize, Serialize};

/// The longest identifier that is taken, in bytes. NS8's own are a few characters, a UUID has 36.
const MAX_LENGTH: usize = 64;

/// Why a text is not an identifier.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "{text:?} is not {kind}; expected 1 to 64 letters, digits, dots, dashes, underscores or colons, such as {example:?}"
)]
pub struct InvalidId {
    kind: &'static str,
    example: &'static str,
    text: String,
}

/// Checks the characters that every identifier shares: none that means something to Redis' patterns, a URL's path or a shell.
fn is_valid(text: &str) -> bool {
    !text.is_empty()
        && text.len() <= MAX_LENGTH
        && text
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"._-:".contains(&byte))
        // "-1" would be read as an option by the commands that a mail proposes.
        && !text.starts_with('-')
        // ".." would be another place in a path.
        && !matches!(text, "." | "..")
}

/// Orders `mail2` before `mail10`: text first, then the number at its end.
fn natural_order(left: &str, right: &str) -> Ordering {
    /// The text, and the digits of the number without leading zeros: the longer of two such numbers is the larger.
    fn split(text: &str) -> (&str, usize, &str) {
        let digits = text.bytes().rev().take_while(u8::is_ascii_digit).count();
        let (stem, number) = text.split_at(text.len() - digits);
        let number = number.trim_start_matches('0');
        (stem, number.len(), number)
    }
    // Leading zeros make different texts of one number: the order stays total.
    split(left).cmp(&split(right)).then_with(|| left.cmp(right))
}

macro_rules! identifier {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $example:literal) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(Arc<str>);

        impl $name {
            /// Checks a text and wraps it.
            ///
            /// # Errors
            /// [`InvalidId`] when it is empty, longer than 64 bytes, or holds another character than ASCII letters,
            /// digits and `._-:`.
            pub fn new(text: impl AsRef<str>) -> Result<Self, InvalidId> {
                let text = text.as_ref();
                if is_valid(text) {
                    Ok(Self(text.into()))
                } else {
                    Err(InvalidId { kind: $kind, example: $example, text: text.to_owned() })
                }
            }

            /// The identifier as NS8 writes it.
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = InvalidId;
            fn from_str(text: &str) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl TryFrom<String> for $name {
            type Error = InvalidId;
            fn try_from(text: String) -> Result<Self, InvalidId> {
                Self::new(text)
            }
        }

        impl From<$name> for String {
            fn from(id: $name) -> Self {
                id.0.to_string()
            }
        }

        impl Ord for $name {
            fn cmp(&self, other: &Self) -> Ordering {
                natural_order(&self.0, &other.0)
            }
        }

        impl PartialOrd for $name {
            fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
                Some(self.cmp(other))
            }
        }
    };
}

identifier!(
    /// A backup plan: the `<id>` of `cluster/backup/<id>`, a number that NS8 counts up in `cluster/backup_sequence`.
    PlanId, "a plan id", "1"
);
identifier!(
    /// An application, that is a module instance such as `mail1`.
    ModuleId, "a module id", "mail1"
);
identifier!(
    /// A node: the `<n>` of `node/<n>`, a number.
    NodeId, "a node id", "1"
);
identifier!(
    /// A destination: the UUID in `cluster/backup_repository/<uuid>`.
    DestinationId, "a destination's UUID", "48ce000a-79b7-5fe6-8558-177fd70c27b4"
);

/// The number that the journal gives to a job, and that its report keeps.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct JobId(pub i64);

impl fmt::Display for JobId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

impl ModuleId {
    /// The module as mails call it: `mail1 (Mail server)`, where it has a label.
    pub fn titled(&self, label: Option<&str>) -> String {
        match label {
            Some(label) => format!("{self} ({label})"),
            None => self.to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ns8_writes_is_accepted() {
        for text in ["1", "12", "mail1", "nextcloud10", "48ce000a-79b7-5fe6-8558-177fd70c27b4"] {
            assert_eq!(PlanId::new(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn what_would_mean_something_to_redis_or_a_shell_is_refused() {
        for text in ["", "a b", "1;reboot", "../1", ".", "..", "mail*", "x\ny", "é", "-rf", &"9".repeat(65)]
        {
            let error = PlanId::new(text).unwrap_err().to_string();
            assert!(error.contains("is not a plan id"), "{error}");
        }
    }

    #[test]
    fn ids_are_ordered_as_people_count() {
        let mut ids: Vec<ModuleId> = ["mail10", "mail2", "mail1", "imapsync3"]
            .into_iter()
            .map(|text| ModuleId::new(text).unwrap())
            .collect();
        ids.sort();
        let ids: Vec<_> = ids.iter().map(ModuleId::as_str).collect();
        assert_eq!(ids, ["imapsync3", "mail1", "mail2", "mail10"]);
    }
}
