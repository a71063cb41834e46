// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! How often mails are sent again on request: whoever can ask must not flood the recipients.

use std::{
    collections::VecDeque,
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use crate::ids::JobId;

/// The time in which requests are counted.
const WINDOW: Duration = Duration::from_secs(3600);
/// How many mails are sent again within that time.
pub(super) const MAX_RESENDS: usize = 30;
/// How many of them of one report.
pub(super) const MAX_RESENDS_OF_REPORT: usize = 10;

/// What was sent again of late. Forgotten at a restart.
#[derive(Debug, Default)]
pub(super) struct Resends(Mutex<VecDeque<(Instant, JobId)>>);

impl Resends {
    /// Takes a place for a report.
    ///
    /// # Errors
    /// How long to wait for one, when there is none.
    pub fn take(&self, report: JobId) -> Result<(), Duration> {
        self.take_at(report, Instant::now())
    }

    fn take_at(&self, report: JobId, now: Instant) -> Result<(), Duration> {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        sent.retain(|(at, _)| now.duration_since(*at) < WINDOW);
        let oldest_of_report = || sent.iter().find(|(_, id)| *id == report);
        let of_report = sent.iter().filter(|(_, id)| *id == report).count();
        let in_the_way = match of_report >= MAX_RESENDS_OF_REPORT {
            true => oldest_of_report(),
            false => sent.front().filter(|_| sent.len() >= MAX_RESENDS),
        };
        if let Some((at, _)) = in_the_way {
            return Err(WINDOW.saturating_sub(now.duration_since(*at)));
        }
        sent.push_back((now, report));
        Ok(())
    }

    /// Gives a place back: nothing was sent.
    pub fn give_back(&self, report: JobId) {
        let mut sent = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(position) = sent.iter().rposition(|(_, id)| *id == report) {
            sent.remove(position);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_and_all_together_are_sent_again_so_often_within_an_hour() {
        let (resends, now) = (Resends::default(), Instant::now());
        for second in 0..10 {
            assert_eq!(resends.take_at(JobId(1), now + Duration::from_secs(second)), Ok(()));
        }
        let later = now + Duration::from_secs(60);
        assert_eq!(resends.take_at(JobId(1), later), Err(WINDOW - Duration::from_secs(60)));
        for report in 2..22 {
            assert_eq!(resends.take_at(JobId(report), later), Ok(()));
        }
        assert!(resends.take_at(JobId(99), later).is_err());
        resends.give_back(JobId(21));
        assert_eq!(resends.take_at(JobId(99), later), Ok(()));
        assert_eq!(resends.take_at(JobId(1), now + WINDOW), Ok(()));
    }
}
