// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The output of the task `list-backup-repositories`, of which one value is taken in: the passwords of all destinations stand beside it.

use std::fmt;

use serde::{
    Deserialize, Deserializer,
    de::{IgnoredAny, MapAccess, Visitor},
};

/// Whether the cluster's own backup has a passphrase; None where that is not said.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct PasswordState(pub Option<bool>);

/// The name of a field, of which one counts. No other is taken in.
enum Field {
    PasswordExists,
    Other,
}

/// A truth value, or anything else.
struct Flag(Option<bool>);

impl<'de> Deserialize<'de> for PasswordState {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Any;
        impl<'de> Visitor<'de> for Any {
            type Value = PasswordState;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("the cluster's destinations")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<PasswordState, A::Error> {
                let mut state = PasswordState(None);
                while let Some(field) = map.next_key::<Field>()? {
                    match field {
                        Field::PasswordExists => state.0 = map.next_value::<Flag>()?.0,
                        Field::Other => {
                            map.next_value::<IgnoredAny>()?;
                        }
                    }
                }
                Ok(state)
            }
            // What a failed task puts out.
            fn visit_str<E>(self, _: &str) -> Result<PasswordState, E> {
                Ok(PasswordState(None))
            }
            fn visit_unit<E>(self) -> Result<PasswordState, E> {
                Ok(PasswordState(None))
            }
        }
        deserializer.deserialize_any(Any)
    }
}

impl<'de> Deserialize<'de> for Field {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Name;
        impl Visitor<'_> for Name {
            type Value = Field;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a field's name")
            }
            fn visit_str<E>(self, name: &str) -> Result<Field, E> {
                Ok(if name == "password_exists" { Field::PasswordExists } else { Field::Other })
            }
        }
        deserializer.deserialize_identifier(Name)
    }
}

impl<'de> Deserialize<'de> for Flag {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        // Whatever else it is, its own words must not get into an error.
        let value = serde_json::Value::deserialize(deserializer)?;
        Ok(Flag(value.as_bool()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Option<bool>, String> {
        let state: Result<PasswordState, _> = serde_json::from_str(json);
        state.map(|state| state.0).map_err(|error| error.to_string())
    }

    #[test]
    fn one_value_is_taken_in_wherever_it_stands() {
        let repositories =
            r#""repositories":[{"id":"x","password":"s3cr3t","parameters":{"key":["s3cr3t"]}}]"#;
        for (json, expected) in [
            (format!("{{{repositories},\"password_exists\":true}}"), Some(true)),
            (format!("{{\"password_exists\":false,{repositories}}}"), Some(false)),
            (format!("{{{repositories}}}"), None),
            (r#"{"password_exists":"yes"}"#.into(), None),
            (r#"{"repositories":[{"password_exists":true}]}"#.into(), None),
            ("{}".into(), None),
            ("\"\"".into(), None),
            ("null".into(), None),
        ] {
            assert_eq!(read(&json), Ok(expected), "{json}");
        }
    }

    #[test]
    fn an_output_that_can_not_be_read_is_not_quoted() {
        for json in [r#"["s3cr3t"]"#, r#"{"password":"s3cr3t"#, r#"{"s3cr3t":"#, "17"] {
            let error = read(json).unwrap_err();
            assert!(!error.contains("s3cr3t"), "{error}");
        }
    }
}
