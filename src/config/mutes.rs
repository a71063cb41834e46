// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Plans and applications of which nothing is mailed until a date. Pure.

use std::collections::BTreeSet;

use jiff::{Timestamp, civil::Date, tz::TimeZone};

use crate::ids::{ModuleId, PlanId};

/// Of whom nothing is mailed, and until when: `NOTIFY_MUTED`, such as `1=2026-12-24,mail1=2026-12-31`.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Mutes(Vec<Mute>);

/// One plan or application.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mute {
    /// A plan's or a module's id.
    target: String,
    /// The last day.
    until: Date,
}

impl Mutes {
    /// Reads the variable's text.
    ///
    /// # Errors
    /// What is wrong with it, in words that follow the text.
    pub fn parse(text: &str) -> Result<Self, String> {
        let entries = text.split(',').map(str::trim).filter(|entry| !entry.is_empty());
        entries.map(Mute::parse).collect::<Result<_, _>>().map(Self)
    }

    /// Who is muted at `now`. The day that is named is the last one, as it is counted in `zone`.
    pub fn at(&self, now: Timestamp, zone: &TimeZone) -> BTreeSet<String> {
        let today = zone.to_datetime(now).date();
        self.0.iter().filter(|mute| today <= mute.until).map(|mute| mute.target.clone()).collect()
    }
}

impl Mute {
    fn parse(text: &str) -> Result<Self, String> {
        let expected = "expected the id of a plan or application and the last day, such as mail1=2026-12-31";
        let (target, until) =
            text.split_once('=').ok_or_else(|| format!("has the entry {text:?}; {expected}"))?;
        let (target, until) = (target.trim(), until.trim());
        if PlanId::new(target).is_err() && ModuleId::new(target).is_err() {
            return Err(format!("names {target:?}, which is no id; {expected}"));
        }
        let until = until.parse().map_err(|_| format!("has the date {until:?} for {target}; {expected}"))?;
        Ok(Self { target: target.to_owned(), until })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_that_is_named_is_the_last_in_the_zone_of_the_mails() {
        let mutes = Mutes::parse("1=2026-12-24, mail1 = 2026-12-31,").unwrap();
        let rome = TimeZone::get("Europe/Rome").unwrap();
        let muted = |at: &str| Vec::from_iter(mutes.at(at.parse().unwrap(), &rome));
        assert_eq!(muted("2026-12-24T22:59:59Z"), ["1", "mail1"]);
        assert_eq!(muted("2026-12-24T23:00:00Z"), ["mail1"]);
        assert_eq!(muted("2026-12-31T23:00:00Z"), [] as [&str; 0]);
    }

    #[test]
    fn what_can_not_be_read_is_named() {
        for (text, part) in [
            ("mail1", "\"mail1\""),
            ("mail1=", "\"\" for mail1"),
            ("mail1=tomorrow", "\"tomorrow\""),
            ("mail1=2026-02-30", "\"2026-02-30\""),
            ("a b=2026-12-31", "\"a b\""),
            ("=2026-12-31", "\"\""),
        ] {
            let error = Mutes::parse(text).unwrap_err();
            assert!(error.contains(part) && error.contains("expected"), "{text}: {error}");
        }
    }
}
