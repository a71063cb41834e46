// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Locks, as restic's message describes them: whose they are, and how old.
//!
//! ```text
//! unable to create lock in backend: repository is already locked exclusively by PID 1 on node1 by root (UID 0, GID 0)
//! lock was created at 2026-11-25 01:37:45 (10.998996273s ago)
//! ```
//!
//! The time in it is in the zone of whoever made the lock, without saying which: only the age can be used.

use jiff::{SignedDuration, Timestamp};

use super::Lock;

/// From this age on a lock is dead: a restic that is alive refreshes its lock every five minutes, and restic's `unlock` removes what is
/// older (restic's `lock_file.go`, `staleLockTimeout`).
pub const DEAD_AFTER: SignedDuration = SignedDuration::from_mins(30);
/// What a lock is believed to be old at most. More is a clock that was set.
const MAX_AGE: f64 = 10.0 * 366.0 * 86_400.0;
/// The longest host name that is kept, in bytes: DNS' limit.
const MAX_HOST: usize = 253;

/// The lock that a message of restic's describes, which was said at `asked_at`.
pub fn read(message: &str, asked_at: Timestamp) -> Option<Lock> {
    let (_, owner) = message.split_once("already locked ")?;
    let owner = owner.strip_prefix("exclusively ").unwrap_or(owner).strip_prefix("by PID ")?;
    let (pid, rest) = owner.split_once(" on ").unzip();
    let host = rest.and_then(|rest| rest.split_once(" by ")).map(|(host, _)| host.trim());
    let host = host.filter(|host| !host.is_empty() && host.len() <= MAX_HOST && !host.contains('\n'));
    let created_at = age(message).and_then(|age| asked_at.checked_sub(age).ok());
    Some(Lock { host: host.map(str::to_owned), pid: pid.and_then(|pid| pid.parse().ok()), created_at })
}

/// How old the lock was when restic looked at it.
fn age(message: &str) -> Option<SignedDuration> {
    let (_, created) = message.split_once("lock was created at ")?;
    let (_, age) = created.split_once('(')?;
    go_duration(age.split_once(" ago)")?.0)
}

/// Go's text for a duration: `1h2m3.5s`, `350ms`. What lies before now, by clocks that differ, is as if it were now.
fn go_duration(text: &str) -> Option<SignedDuration> {
    let Some(mut rest) = text.strip_prefix('-').map_or(Some(text), |_| None) else {
        return Some(SignedDuration::ZERO);
    };
    let mut seconds = 0.0;
    while !rest.is_empty() {
        let unit_at = rest.find(|c: char| !c.is_ascii_digit() && c != '.')?;
        let (number, unit_on) = rest.split_at(unit_at);
        let unit_end = unit_on.find(|c: char| c.is_ascii_digit()).unwrap_or(unit_on.len());
        let (unit, following) = unit_on.split_at(unit_end);
        let factor = match unit {
            "h" => 3600.0,
            "m" => 60.0,
            "s" => 1.0,
            "ms" => 1e-3,
            "µs" | "us" => 1e-6,
            "ns" => 1e-9,
            _ => return None,
        };
        seconds += number.parse::<f64>().ok()? * factor;
        rest = following;
    }
    (0.0..=MAX_AGE).contains(&seconds).then(|| SignedDuration::from_secs_f64(seconds))
}

impl Lock {
    /// True when the restic that made it is dead as of `now`, so that plain `unlock` removes it. A younger lock, or one whose age is not known,
    /// can't be told from that of a restic that is alive.
    pub fn is_dead(&self, now: Timestamp) -> bool {
        self.created_at.is_some_and(|created_at| now.duration_since(created_at) > DEAD_AFTER)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASKED: &str = "2026-11-22T02:15:01Z";

    fn lock(message: &str) -> Option<Lock> {
        read(message, ASKED.parse().unwrap())
    }

    #[test]
    fn a_lock_is_read_from_the_words_of_restic_0_14_to_0_18() {
        let expected = Lock {
            host: Some("leader".into()),
            pid: Some(71),
            created_at: Some("2026-11-22T02:10:00Z".parse().unwrap()),
        };
        for message in [
            "Fatal: unable to create lock in backend: repository is already locked exclusively by PID 71 on leader by root (UID 0, \
             GID 0)\nlock was created at 2026-11-22 03:10:00 (5m1s ago)\nstorage ID 8e2c1d2a",
            "unable to create lock in backend: repository is already locked by PID 71 on leader by root (UID 0, GID 0)\nlock was \
             created at 2026-11-22 02:10:00 (5m1.0s ago)",
        ] {
            assert_eq!(lock(message).as_ref(), Some(&expected), "{message}");
        }
        assert_eq!(
            lock("unable to create lock in backend: unexpected HTTP response (403): 403 Forbidden"),
            None
        );
    }

    #[test]
    fn only_what_is_older_than_half_an_hour_is_dead() {
        let asked: Timestamp = ASKED.parse().unwrap();
        for (age, is_dead) in [
            ("12.902610276s", false),
            ("350ms", false),
            ("-3.2s", false),
            ("29m59.9s", false),
            ("30m1s", true),
            ("50h0m3s", true),
            ("99999999999999999999h", false),
            ("soon", false),
            ("", false),
        ] {
            let message = format!(
                "repository is already locked by PID 1 on a by root (UID 0, GID 0)\nlock was created at 2026-11-22 02:10:00 ({age} ago)"
            );
            assert_eq!(lock(&message).unwrap().is_dead(asked), is_dead, "{age}");
        }
    }
}
