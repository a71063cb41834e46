// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which phrases belong to which language.

use super::{Phrases, en::English, it::Italian};
use crate::language::Language;

impl Language {
    /// What emails say in this language.
    pub fn phrases(self) -> &'static dyn Phrases {
        match self {
            Language::English => &English,
            Language::Italian => &Italian,
        }
    }
}
