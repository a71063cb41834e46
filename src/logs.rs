// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The backup's own words: the lines that each failed application's backup left in the nodes' journals, which NS8 collects in Loki.
//!
//! [`query`] says what is asked, [`loki`] asks, [`answer`] and [`entries`] read the answer, [`turns`] says whose lines they are, [`noise`]
//! which of them count, [`keep`] which are kept. [`redact`](crate::redact) strikes secrets out before anything else sees a line.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod answer;
mod entries;
pub mod findings;
mod keep;
mod loki;
mod markers;
mod noise;
mod query;
mod report;
mod turns;

#[cfg(test)]
pub(crate) mod recorded_tests;

use std::{sync::OnceLock, time::Duration};

use jiff::Timestamp;
use tokio::{sync::Semaphore, time::timeout};

use self::{
    entries::Voice,
    findings::{LogLine, LogTrouble},
    loki::Loki,
    query::NodeQuestion,
    report::{Assembly, NodeEntries},
};
pub use self::{keep::telling, report::Reading};
use crate::{
    config::{LokiSettings, Settings},
    correlator::correlation::Correlation,
};

/// How many answers are read at once, whoever asks: each may be 8 MiB.
const CONCURRENCY: usize = 2;
/// How long reading for one report may take.
const TOTAL_TIMEOUT: Duration = Duration::from_secs(30);

/// Reads the logs of what failed.
pub struct LogReader {
    settings: Option<LokiSettings>,
    /// Why there are none, where they are wrong.
    fault: Option<String>,
    /// Made with the first question, as the HTTP client reads the machine's certificates.
    loki: OnceLock<Loki>,
    places: Semaphore,
}

impl LogReader {
    /// Prepares to read; nothing is sent yet.
    pub fn new(settings: &Settings) -> Self {
        let fault = settings.loki_fault();
        let settings = settings.loki.clone().filter(|_| fault.is_none());
        Self { settings, fault, loki: OnceLock::new(), places: Semaphore::new(CONCURRENCY) }
    }

    fn loki(&self) -> Option<&Loki> {
        let settings = self.settings.as_ref()?;
        Some(self.loki.get_or_init(|| Loki::new(settings.clone())))
    }

    /// Why there is no Loki to ask.
    fn no_loki(&self) -> LogTrouble {
        match &self.fault {
            Some(fault) => LogTrouble::Refused { reason: fault.clone() },
            None => LogTrouble::NotConfigured,
        }
    }

    /// Reads what the log says about all that is not SUCCESS in `correlation`. None when all is: then nothing is read. Takes at most half a
    /// minute, and what is in the way is part of the result.
    pub async fn read(&self, correlation: &Correlation) -> Option<Reading> {
        query::unwell_plans(correlation).next()?;
        let questions = query::questions(correlation);
        let mut assembly = Assembly::new(correlation);
        let trouble = match self.loki() {
            None => Some(self.no_loki()),
            Some(_) if questions.is_empty() => None,
            Some(loki) => {
                let late = LogTrouble::Silent {
                    reason: format!("no answer within {} seconds", TOTAL_TIMEOUT.as_secs()),
                };
                timeout(TOTAL_TIMEOUT, self.ask(loki, questions, &mut assembly)).await.unwrap_or(Some(late))
            }
        };
        if let Some(trouble) = &trouble {
            tracing::debug!(?trouble, "the log can't be read, or not all of it");
        }
        Some(assembly.finish(trouble))
    }

    /// Asks one node after the other, until one answer is none: the others would only cost as much time again.
    async fn ask(
        &self,
        loki: &Loki,
        questions: Vec<NodeQuestion>,
        assembly: &mut Assembly<'_>,
    ) -> Option<LogTrouble> {
        let mut too_much = None;
        for question in questions {
            let mut entries = Vec::new();
            for query in [question.units(), question.modules()] {
                let _place = self.places.acquire().await;
                let (found, trouble) = loki.entries(&query, question.from, question.to).await;
                entries.extend(found);
                match trouble {
                    None => {}
                    Some(LogTrouble::TooMuch) => too_much = Some(LogTrouble::TooMuch),
                    Some(trouble) => {
                        assembly.take(&NodeEntries::new(question.node, entries));
                        return Some(trouble);
                    }
                }
            }
            assembly.take(&NodeEntries::new(question.node, entries));
        }
        too_much
    }

    /// What runs have said of the cluster's own configuration backup in this time, in its order.
    ///
    /// # Errors
    /// Why the log can't be read, or not all of it.
    pub async fn cluster_backup(&self, from: Timestamp, to: Timestamp) -> Result<Vec<LogLine>, LogTrouble> {
        let loki = self.loki().ok_or_else(|| self.no_loki())?;
        let _place = self.places.acquire().await;
        let (mut entries, trouble) = loki.entries(&query::cluster_backup(), from, to).await;
        if let Some(trouble) = trouble {
            return Err(trouble);
        }
        // No module speaks for the leader.
        entries.retain(|entry| matches!(entry.voice, Voice::Timer(_) | Voice::Agent));
        entries.sort_by_key(|entry| entry.at);
        Ok(entries.into_iter().map(|entry| LogLine { at: entry.at, text: entry.text }).collect())
    }

    /// Checks that Loki answers and takes our credentials.
    ///
    /// # Errors
    /// How it fails.
    pub async fn ping(&self) -> Result<(), LogTrouble> {
        match self.loki() {
            Some(loki) => loki.ping().await,
            None => Err(self.no_loki()),
        }
    }
}
