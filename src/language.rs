// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The languages of emails and pages.

/// Declares [`Language`] from the one list of all languages, so that no second list has to follow it.
macro_rules! languages {
    ($($(#[$doc:meta])* $name:ident = $code:literal,)+) => {
        /// The language of emails and of the status page (`MAIL_LANGUAGE`).
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        pub enum Language {
            $($(#[$doc])* $name,)+
        }

        impl Language {
            /// Every language.
            pub const ALL: &[Language] = &[$(Language::$name),+];

            /// Its ISO 639-1 code, which is also the value of `MAIL_LANGUAGE` and of HTML's `lang`.
            pub const fn code(self) -> &'static str {
                match self {
                    $(Language::$name => $code),+
                }
            }
        }
    };
}

// How to add one: "Languages" in docs/architecture.md.
languages! {
    /// English.
    English = "en",
    /// Italian.
    Italian = "it",
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;
    use crate::config::Settings;

    fn codes() -> Vec<&'static str> {
        Language::ALL.iter().map(|language| language.code()).collect()
    }

    fn read(path: &str) -> String {
        std::fs::read_to_string(format!("{}/{path}", env!("CARGO_MANIFEST_DIR"))).unwrap()
    }

    #[test]
    fn every_language_can_be_configured() {
        for language in Language::ALL {
            let settings = Settings::from_vars([("MAIL_LANGUAGE", language.code())]);
            assert_eq!(settings.unwrap().mail.language, *language);
        }
    }

    #[test]
    fn the_modules_schemas_list_every_language() {
        for schema in ["configure-module/validate-input.json", "get-configuration/validate-output.json"] {
            let schema: Value = serde_json::from_str(&read(&format!("imageroot/actions/{schema}"))).unwrap();
            let listed: Vec<&str> = schema["properties"]["mail_language"]["enum"]
                .as_array()
                .unwrap()
                .iter()
                .filter_map(Value::as_str)
                .collect();
            assert_eq!(listed, codes());
        }
    }

    #[test]
    fn the_readme_lists_every_language() {
        let codes: Vec<String> = codes().iter().map(|code| format!("`{code}`")).collect();
        let row = format!("| `MAIL_LANGUAGE` | `en` | {} |", codes.join(" or "));
        assert!(read("README.md").contains(&row), "README.md lacks: {row}");
    }
}
