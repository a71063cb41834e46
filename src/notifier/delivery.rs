// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! What becomes of a mail after each attempt: who has it, who never will, and when it is tried again. Pure.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::retry::backoff;
use crate::smtp::{Failure, RecipientResult};

/// How often a mail is tried: with the pauses of [`backoff`], three days. Later, its news are none any more. The days are counted in attempts:
/// a clock that is set, or a machine that was off, takes none of them away.
pub const MOST_ATTEMPTS: u32 = 149;

/// How often a mail is given whose acceptance is not known each time. Then whoever has not got it by now will not, and
/// whoever has, has it often enough.
const MOST_PERHAPS: u32 = 3;

/// How far a report's mail has come.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum DeliveryState {
    /// It waits to be sent, or to be sent again.
    Queued,
    /// Every recipient that would take it has it.
    Sent,
    /// It is not sent: all of it was told before, and nothing has changed.
    Unchanged,
    /// It is not sent: all is well, nobody was alarmed, and only failures are mailed.
    #[serde(rename = "unneeded")]
    Suppressed,
    /// It was given up.
    Failed,
}

impl DeliveryState {
    /// The word in the journal and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            DeliveryState::Queued => "queued",
            DeliveryState::Sent => "sent",
            DeliveryState::Unchanged => "unchanged",
            DeliveryState::Suppressed => "unneeded",
            DeliveryState::Failed => "failed",
        }
    }
}

/// The way on which something goes out.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// To an audience's recipients.
    Mail,
    /// To `NOTIFY_WEBHOOK_URL`.
    Webhook,
}

impl Channel {
    /// The word in the journal and the API.
    pub const fn as_str(self) -> &'static str {
        match self {
            Channel::Mail => "mail",
            Channel::Webhook => "webhook",
        }
    }
}

/// A recipient that will never take the mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refusal {
    /// The address.
    pub address: String,
    /// The server's words.
    pub reason: String,
}

/// A recipient that perhaps has the mail: the server's answer to it was lost, or can't be read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Perhaps {
    /// The address.
    pub address: String,
    /// How it was lost the last time.
    pub reason: String,
    /// How often the mail was given so. Below three, it is given again, under the same Message-ID.
    pub times: u32,
}

/// The state of a report's mail.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Delivery {
    /// How far it has come.
    pub state: DeliveryState,
    /// How often it was tried.
    pub attempts: u32,
    /// When it is tried next. Meaningful while it is queued.
    pub next_attempt_at: Timestamp,
    /// When the last recipient took it.
    pub sent_at: Option<Timestamp>,
    /// Who has it.
    pub accepted: Vec<String>,
    /// Who will never have it.
    pub refused: Vec<Refusal>,
    /// Who perhaps has it.
    pub perhaps: Vec<Perhaps>,
    /// What went wrong the last time.
    pub last_error: Option<String>,
}

impl Delivery {
    /// Several deliveries as one: in the state of the one that is most in need of somebody's attention, with the recipients of all.
    /// None of none.
    pub fn joined<'a>(deliveries: impl IntoIterator<Item = &'a Delivery>) -> Option<Delivery> {
        let mut deliveries: Vec<&Delivery> = deliveries.into_iter().collect();
        deliveries.sort_by_key(|delivery| match delivery.state {
            DeliveryState::Queued => 0,
            DeliveryState::Failed => 1,
            DeliveryState::Sent => 2,
            DeliveryState::Unchanged => 3,
            DeliveryState::Suppressed => 4,
        });
        let (worst, others) = deliveries.split_first()?;
        let mut joined = (*worst).clone();
        for other in others {
            joined.attempts = joined.attempts.max(other.attempts);
            if other.state == worst.state {
                joined.next_attempt_at = joined.next_attempt_at.min(other.next_attempt_at);
            }
            joined.sent_at = joined.sent_at.max(other.sent_at);
            joined.accepted.extend(other.accepted.iter().cloned());
            joined.refused.extend(other.refused.iter().cloned());
            joined.perhaps.extend(other.perhaps.iter().cloned());
            joined.last_error = joined.last_error.or_else(|| other.last_error.clone());
        }
        Some(joined)
    }
}

/// Who still has to get the mail: those of `to` that have neither taken nor refused it, nor perhaps have it often enough.
pub fn pending<'a>(delivery: &Delivery, to: impl IntoIterator<Item = &'a str>) -> Vec<&'a str> {
    let is_done = |address: &str| {
        delivery.accepted.iter().any(|accepted| accepted == address)
            || delivery.refused.iter().any(|refusal| refusal.address == address)
            || delivery
                .perhaps
                .iter()
                .any(|perhaps| perhaps.address == address && perhaps.times >= MOST_PERHAPS)
    };
    to.into_iter().filter(|address| !is_done(address)).collect()
}

/// The delivery after an attempt at `now` to give the mail to the recipients in `asked`.
///
/// A refusal counts once somebody has taken the mail, or perhaps has. While nobody has, it is more likely that the server
/// is configured wrong than that nobody exists, so that everybody is tried again until the attempts are used up.
pub fn after_attempt(
    delivery: &Delivery,
    now: Timestamp,
    asked: &[&str],
    result: Result<Vec<RecipientResult>, Failure>,
) -> Delivery {
    let mut after = delivery.clone();
    after.attempts = after.attempts.saturating_add(1);
    after.last_error = None;
    let mut refused = Vec::new();
    let mut deferred = Vec::new();
    let mut lost = Vec::new();
    match result {
        Ok(results) => {
            for (address, result) in asked.iter().zip(results) {
                let address = address.to_string();
                match result {
                    RecipientResult::Accepted => {
                        after.perhaps.retain(|perhaps| perhaps.address != address);
                        after.accepted.push(address);
                    }
                    RecipientResult::Perhaps(reason) => lost.push(Refusal { address, reason }),
                    RecipientResult::Deferred(reason) => deferred.push(Refusal { address, reason }),
                    RecipientResult::Refused(reason) => refused.push(Refusal { address, reason }),
                }
            }
        }
        Err(failure) => {
            let reason = failure.to_string();
            deferred.extend(
                asked.iter().map(|address| Refusal { address: address.to_string(), reason: reason.clone() }),
            );
        }
    }
    after.last_error =
        refused.iter().chain(&deferred).next().map(describe).or_else(|| {
            lost.first().map(|lost| format!("{}: perhaps accepted: {}", lost.address, lost.reason))
        });
    let is_lost = !lost.is_empty();
    note_perhaps(&mut after.perhaps, lost);
    let is_settled = !is_lost || pending(&after, asked.iter().copied()).is_empty();
    let somebody_has_it = !after.accepted.is_empty() || !after.perhaps.is_empty();
    if somebody_has_it {
        after.refused.append(&mut refused);
    } else {
        deferred.append(&mut refused);
    }

    if deferred.is_empty() && is_settled {
        after.state = DeliveryState::Sent;
        after.sent_at = Some(now);
    } else if after.attempts < MOST_ATTEMPTS {
        after.next_attempt_at = now.saturating_add(backoff(after.attempts)).unwrap_or(Timestamp::MAX);
    } else {
        // Who perhaps has it is not called refused.
        deferred.retain(|refusal| !after.perhaps.iter().any(|perhaps| perhaps.address == refusal.address));
        after.refused.append(&mut deferred);
        after.state = if somebody_has_it { DeliveryState::Sent } else { DeliveryState::Failed };
        after.sent_at = somebody_has_it.then_some(now);
    }
    after
}

/// Counts those whose answer was lost this time.
fn note_perhaps(perhaps: &mut Vec<Perhaps>, lost: Vec<Refusal>) {
    for Refusal { address, reason } in lost {
        match perhaps.iter_mut().find(|perhaps| perhaps.address == address) {
            Some(known) => *known = Perhaps { address, reason, times: known.times + 1 },
            None => perhaps.push(Perhaps { address, reason, times: 1 }),
        }
    }
}

fn describe(refusal: &Refusal) -> String {
    format!("{}: {}", refusal.address, refusal.reason)
}

#[cfg(test)]
mod tests {
    use jiff::SignedDuration;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn noon() -> Timestamp {
        at("2026-11-22T12:00:00Z")
    }

    fn queued() -> Delivery {
        Delivery {
            state: DeliveryState::Queued,
            attempts: 0,
            next_attempt_at: noon(),
            sent_at: None,
            accepted: vec![],
            refused: vec![],
            perhaps: vec![],
            last_error: None,
        }
    }

    const TO: [&str; 2] = ["a@example.org", "b@example.org"];

    fn refused() -> RecipientResult {
        RecipientResult::Refused("550 no such user".into())
    }

    fn deferred() -> RecipientResult {
        RecipientResult::Deferred("451 later".into())
    }

    fn down() -> Result<Vec<RecipientResult>, Failure> {
        Err(Failure { what: "connecting".into(), reason: "refused".into() })
    }

    fn attempt(
        delivery: &Delivery,
        now: Timestamp,
        result: Result<Vec<RecipientResult>, Failure>,
    ) -> Delivery {
        let asked = pending(delivery, TO);
        after_attempt(delivery, now, &asked, result)
    }

    #[test]
    fn what_everybody_took_is_sent() {
        let after =
            attempt(&queued(), noon(), Ok(vec![RecipientResult::Accepted, RecipientResult::Accepted]));
        assert_eq!(after.state, DeliveryState::Sent);
        assert_eq!((after.accepted, after.sent_at), (TO.map(str::to_owned).to_vec(), Some(noon())));
    }

    #[test]
    fn a_recipient_that_is_refused_does_not_keep_the_other_from_it() {
        let after = attempt(&queued(), noon(), Ok(vec![refused(), RecipientResult::Accepted]));
        assert_eq!(after.state, DeliveryState::Sent);
        assert_eq!(after.accepted, ["b@example.org"]);
        let refusal = Refusal { address: "a@example.org".into(), reason: "550 no such user".into() };
        assert_eq!(after.refused, [refusal]);
        assert_eq!(after.last_error.as_deref(), Some("a@example.org: 550 no such user"));
    }

    #[test]
    fn who_is_deferred_is_tried_again_alone() {
        let after = attempt(&queued(), noon(), Ok(vec![deferred(), RecipientResult::Accepted]));
        assert_eq!(after.state, DeliveryState::Queued);
        assert_eq!(after.next_attempt_at, noon() + SignedDuration::from_secs(30));
        assert_eq!(pending(&after, TO), ["a@example.org"]);
        let after = attempt(&after, after.next_attempt_at, Ok(vec![RecipientResult::Accepted]));
        assert_eq!((after.state, after.accepted.len()), (DeliveryState::Sent, 2));
        assert_eq!(after.last_error, None);
    }

    #[test]
    fn a_refusal_of_everybody_is_tried_again() {
        let after = attempt(&queued(), noon(), Ok(vec![refused(), refused()]));
        assert_eq!((after.state, after.refused.len()), (DeliveryState::Queued, 0));
        assert_eq!(pending(&after, TO), TO);
    }

    /// The same, before its last attempt.
    fn nearly_given_up(delivery: Delivery) -> Delivery {
        Delivery { attempts: MOST_ATTEMPTS - 1, ..delivery }
    }

    #[test]
    fn after_the_last_attempt_it_is_given_up() {
        let after = attempt(&nearly_given_up(queued()), noon(), down());
        assert_eq!(after.state, DeliveryState::Failed);
        assert_eq!(after.refused.len(), 2);
        // What somebody has is sent, whoever else has not.
        let half = attempt(&queued(), noon(), Ok(vec![RecipientResult::Accepted, deferred()]));
        let after = attempt(&nearly_given_up(half), noon(), Ok(vec![deferred()]));
        assert_eq!(after.state, DeliveryState::Sent);
        assert_eq!(after.refused[0].address, "b@example.org");
    }

    #[test]
    fn a_server_that_is_down_is_tried_for_three_days() {
        let mut delivery = queued();
        let mut attempts = 0;
        while delivery.state == DeliveryState::Queued {
            delivery = attempt(&delivery, delivery.next_attempt_at, down());
            attempts += 1;
        }
        assert_eq!(delivery.state, DeliveryState::Failed);
        // Six attempts in the first half hour, then one each half hour.
        assert_eq!(attempts, MOST_ATTEMPTS);
        let hours = delivery.next_attempt_at.duration_since(noon()).as_hours();
        assert!((71..=72).contains(&hours), "{hours} hours");
    }

    #[test]
    fn a_clock_that_jumps_takes_no_attempt_away() {
        let first = attempt(&queued(), noon(), down());
        for now in ["1970-01-02T00:00:00Z", "2026-12-22T12:00:00Z", "2999-01-01T00:00:00Z"] {
            let after = attempt(&first, at(now), down());
            assert_eq!((after.state, after.attempts), (DeliveryState::Queued, 2), "{now}");
            assert_eq!(after.next_attempt_at, at(now) + SignedDuration::from_mins(1));
        }
    }

    fn perhaps() -> RecipientResult {
        RecipientResult::Perhaps("closed".into())
    }

    #[test]
    fn what_was_perhaps_accepted_is_given_three_times_at_most() {
        let mut delivery = queued();
        for times in 1..=3 {
            assert_eq!(delivery.state, DeliveryState::Queued);
            let now = delivery.next_attempt_at;
            delivery = attempt(&delivery, now, Ok(vec![perhaps(), perhaps()]));
            assert!(delivery.perhaps.iter().all(|perhaps| perhaps.times == times), "{delivery:?}");
        }
        assert_eq!(
            (delivery.state, delivery.accepted.len(), delivery.perhaps.len()),
            (DeliveryState::Sent, 0, 2)
        );
        assert_eq!(delivery.last_error.as_deref(), Some("a@example.org: perhaps accepted: closed"));
        assert!(pending(&delivery, TO).is_empty());
    }

    #[test]
    fn an_answer_that_comes_in_the_end_takes_the_doubt_away() {
        let after = attempt(&queued(), noon(), Ok(vec![perhaps(), RecipientResult::Accepted]));
        assert_eq!((after.state, pending(&after, TO)), (DeliveryState::Queued, vec!["a@example.org"]));
        let after = attempt(&after, noon(), Ok(vec![RecipientResult::Accepted]));
        assert_eq!((after.state, after.accepted.len(), after.perhaps.len()), (DeliveryState::Sent, 2, 0));
    }

    #[test]
    fn who_perhaps_has_it_is_not_given_up_as_refused() {
        let after = attempt(&queued(), noon(), Ok(vec![perhaps(), refused()]));
        assert_eq!(after.refused[0].address, "b@example.org");
        let late = attempt(&nearly_given_up(after), noon(), down());
        assert_eq!((late.state, late.refused.len(), late.perhaps.len()), (DeliveryState::Sent, 1, 1));
    }
}
