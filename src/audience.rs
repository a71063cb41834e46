// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Who is told what: recipients that see the same plans, in one language, and want to hear of the same runs, are an audience and get one
//! mail together. Pure.

use std::collections::BTreeSet;

use lettre::message::Mailbox;

use crate::{ids::PlanId, language::Language, smtp::envelope::ascii_domain};

/// Which runs are reported that raised no alert.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum NotifyOn {
    /// Those that are not SUCCESS.
    Failure,
    /// All.
    Always,
}

impl NotifyOn {
    /// The word in the configuration.
    pub const fn as_str(self) -> &'static str {
        match self {
            NotifyOn::Failure => "failure",
            NotifyOn::Always => "always",
        }
    }
}

/// Which plans an audience sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AudiencePlans {
    /// All, also those that come later.
    All,
    /// These.
    These(BTreeSet<PlanId>),
}

impl AudiencePlans {
    /// What an audience sees by its key; of mails that 0.1.0 queued, which have none, all. None where that can't be read.
    pub fn of_key(key: &str) -> Option<Self> {
        let (plans, _) = key.split_once('/').unwrap_or((key, ""));
        match plans {
            "" | "all" => Some(AudiencePlans::All),
            plans => plans
                .split(',')
                .map(|plan| plan.parse().ok())
                .collect::<Option<_>>()
                .map(AudiencePlans::These),
        }
    }

    /// True when it sees this plan.
    pub fn sees(&self, plan: &PlanId) -> bool {
        match self {
            AudiencePlans::All => true,
            AudiencePlans::These(plans) => plans.contains(plan),
        }
    }

    /// True when it sees whatever `other` sees.
    pub fn covers(&self, other: &AudiencePlans) -> bool {
        match (self, other) {
            (AudiencePlans::All, _) => true,
            (AudiencePlans::These(_), AudiencePlans::All) => false,
            (AudiencePlans::These(own), AudiencePlans::These(others)) => own.is_superset(others),
        }
    }

    fn joined(self, other: Self) -> Self {
        match (self, other) {
            (AudiencePlans::These(mut plans), AudiencePlans::These(others)) => {
                plans.extend(others);
                AudiencePlans::These(plans)
            }
            _ => AudiencePlans::All,
        }
    }
}

/// Recipients that get the same mails.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Audience {
    /// What tells it from the others, over restarts: its plans, language and runs, such as `all/en/failure` or `1,3/it/always`.
    pub key: String,
    /// Its recipients.
    pub to: Vec<Mailbox>,
    /// The plans that it sees.
    pub plans: AudiencePlans,
    /// The language of its mails.
    pub language: Language,
    /// Which runs it is told of.
    pub on: NotifyOn,
}

impl Audience {
    /// An audience of these recipients.
    pub fn new(to: Vec<Mailbox>, plans: AudiencePlans, language: Language, on: NotifyOn) -> Self {
        let seen = match &plans {
            AudiencePlans::All => "all".to_owned(),
            AudiencePlans::These(plans) => plans.iter().map(PlanId::as_str).collect::<Vec<_>>().join(","),
        };
        let key = format!("{seen}/{}/{}", language.code(), on.as_str());
        Self { key, to, plans, language, on }
    }

    /// True when it sees this plan.
    pub fn sees(&self, plan: &PlanId) -> bool {
        self.plans.sees(plan)
    }

    /// True when it sees all plans, and so also what is about none.
    pub fn sees_all(&self) -> bool {
        self.plans == AudiencePlans::All
    }
}

/// A recipient as it is configured.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Recipient {
    /// Who.
    pub mailbox: Mailbox,
    /// The plans of the variable that names it.
    pub plans: AudiencePlans,
    /// Its language, if it is not `MAIL_LANGUAGE`.
    pub language: Option<Language>,
    /// Which runs it wants to hear of, if that is not `NOTIFY_ON`.
    pub on: Option<NotifyOn>,
}

/// The audiences of these recipients: those that see all plans first, each in the order of its recipients.
///
/// A recipient that is named several times is one, and gets one mail of a report: with the plans of all of its entries, under the first name and
/// in the first language that is given, and of every run if one of them says so.
pub fn audiences(recipients: Vec<Recipient>, language: Language, on: NotifyOn) -> Vec<Audience> {
    let mut merged: Vec<Recipient> = Vec::new();
    for recipient in recipients {
        let address = address(&recipient.mailbox);
        let Some(known) = merged.iter_mut().find(|known| self::address(&known.mailbox) == address) else {
            merged.push(recipient);
            continue;
        };
        let plans = std::mem::replace(&mut known.plans, AudiencePlans::All);
        known.plans = plans.joined(recipient.plans);
        known.language = known.language.or(recipient.language);
        known.on = match (known.on, recipient.on) {
            (None, None) => None,
            (known, other) => known.unwrap_or(on).max(other.unwrap_or(on)).into(),
        };
    }
    let mut audiences: Vec<Audience> = Vec::new();
    for Recipient { mailbox, plans, language: own, on: wanted } in merged {
        let audience = Audience::new(vec![mailbox], plans, own.unwrap_or(language), wanted.unwrap_or(on));
        match audiences.iter_mut().find(|known| known.key == audience.key) {
            Some(known) => known.to.extend(audience.to),
            None => audiences.push(audience),
        }
    }
    audiences.sort_by_key(|audience| !audience.sees_all());
    audiences
}

/// What tells an address from another. How its domain is written does not matter; whether letters before the @ do, its server knows.
fn address(Mailbox { email, .. }: &Mailbox) -> (String, String) {
    let domain = ascii_domain(email.domain()).unwrap_or_else(|_| email.domain().to_owned());
    (email.user().to_owned(), domain.to_ascii_lowercase())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn these(plans: &[&str]) -> AudiencePlans {
        AudiencePlans::These(plans.iter().map(|plan| plan.parse().unwrap()).collect())
    }

    fn recipient(
        address: &str,
        plans: AudiencePlans,
        language: Option<Language>,
        on: Option<NotifyOn>,
    ) -> Recipient {
        Recipient { mailbox: address.parse().unwrap(), plans, language, on }
    }

    /// The audiences as their keys with their addresses, where English and failures are the default.
    fn listed(recipients: Vec<Recipient>) -> Vec<(String, Vec<String>)> {
        let audiences = audiences(recipients, Language::English, NotifyOn::Failure);
        let to = |audience: &Audience| audience.to.iter().map(|mailbox| mailbox.email.to_string()).collect();
        audiences.iter().map(|audience| (audience.key.clone(), to(audience))).collect()
    }

    fn entry(key: &str, to: &[&str]) -> (String, Vec<String>) {
        (key.into(), to.iter().map(ToString::to_string).collect())
    }

    #[test]
    fn recipients_with_the_same_plans_language_and_runs_are_one_audience() {
        let found = listed(vec![
            recipient("mail@example.org", these(&["3"]), None, None),
            recipient("a@example.org", AudiencePlans::All, None, None),
            recipient("b@example.org", AudiencePlans::All, Some(Language::English), Some(NotifyOn::Failure)),
            recipient("c@example.org", AudiencePlans::All, Some(Language::Italian), None),
            recipient("d@example.org", AudiencePlans::All, None, Some(NotifyOn::Always)),
        ]);
        let expected = [
            entry("all/en/failure", &["a@example.org", "b@example.org"]),
            entry("all/it/failure", &["c@example.org"]),
            entry("all/en/always", &["d@example.org"]),
            entry("3/en/failure", &["mail@example.org"]),
        ];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_recipient_that_is_named_twice_gets_one_mail_with_all_of_its_plans() {
        let found = listed(vec![
            recipient("Ada <ada@example.org>", these(&["10"]), None, Some(NotifyOn::Always)),
            recipient("ada@EXAMPLE.org", these(&["2"]), Some(Language::Italian), None),
        ]);
        assert_eq!(found, [entry("2,10/it/always", &["ada@example.org"])]);
        let found = listed(vec![
            recipient("ada@example.org", AudiencePlans::All, None, None),
            recipient("ada@example.org", these(&["2"]), None, None),
        ]);
        assert_eq!(found, [entry("all/en/failure", &["ada@example.org"])]);
    }

    #[test]
    fn what_an_audience_sees_covers_what_another_sees() {
        assert!(AudiencePlans::All.covers(&these(&["1"])) && these(&["1", "2"]).covers(&these(&["2"])));
        assert!(!these(&["1"]).covers(&AudiencePlans::All) && !these(&["1"]).covers(&these(&["1", "2"])));
    }
}
