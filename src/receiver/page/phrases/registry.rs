// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Which of the page's phrases belong to which language.

use super::{PagePhrases, en::English, it::Italian};
use crate::language::Language;

impl Language {
    /// What the status page says in this language.
    pub(in crate::receiver::page) fn page_phrases(self) -> &'static dyn PagePhrases {
        match self {
            Language::English => &English,
            Language::Italian => &Italian,
        }
    }
}
