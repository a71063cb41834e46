//! The languages of mails and pages.

/// The language of mails and pages (`MAIL_LANGUAGE`).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Language {
    /// English.
    English,
    /// Italian.
    Italian,
}

impl Language {
    /// Its code, as the HTML attribute `lang` has it.
    pub const fn code(self) -> &'static str {
        match self {
            Language::English => "en",
            Language::Italian => "it",
        }
    }
}
