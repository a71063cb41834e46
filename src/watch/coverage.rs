// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Looks for what no backup protects, and has it mailed once it has been so for a while.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

use std::{
    collections::BTreeMap,
    sync::Arc,
    time::{Duration, Instant},
};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;

use crate::{
    audience::Audience,
    config::Settings,
    correlator::{
        facts::{ClusterFacts, Scope},
        read::ClusterReader,
    },
    coverage::{
        find::{find, last_run, unprotected},
        gap::{Gap, GapSource, KnownGap},
    },
    ids::PlanId,
    journal::{Checkpoint, Journal, JournalError, NewNotice, NoticeKind, Observation},
    notifier::{format::Format, gaps},
    report::UNNAMED_CLUSTER,
};

/// How often it is looked.
const LOOK_INTERVAL: Duration = Duration::from_secs(30);
/// The pause after a look, as a multiple of the time it took, so that a large cluster is not read all the time.
const PAUSE_FACTOR: u32 = 100;
/// The keys of the checkpoints, each with the plan's id behind it.
const PLANS: &str = "coverage/";

/// Since when a plan is known as it is: what was due before was perhaps never planned.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct KnownPlan {
    schedule: Option<String>,
    since: Timestamp,
}

/// Looks for gaps.
pub struct CoverageWatch {
    settings: Arc<Settings>,
    journal: Journal,
    reader: ClusterReader,
}

/// What is kept from one look to the next.
#[derive(Default)]
struct Known {
    /// None until the journal was asked.
    plans: Option<BTreeMap<PlanId, KnownPlan>>,
    /// What the journal has.
    gaps: Option<Vec<Gap>>,
    /// When it was looked last.
    looked_at: Option<Timestamp>,
    cluster: Option<String>,
}

impl CoverageWatch {
    /// A watch that has not looked yet.
    pub fn new(settings: Arc<Settings>, journal: Journal, reader: ClusterReader) -> Self {
        Self { settings, journal, reader }
    }

    /// Looks until `shutdown`.
    pub async fn run(self, shutdown: CancellationToken) {
        let mut known = Known::default();
        loop {
            let began = Instant::now();
            let look = async {
                if let Err(error) = self.look(&mut known, Timestamp::now()).await {
                    tracing::debug!(%error, "gaps can't be kept; will retry");
                }
            };
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = look => {}
            }
            let pause = LOOK_INTERVAL.max(began.elapsed().saturating_mul(PAUSE_FACTOR));
            tokio::select! {
                () = shutdown.cancelled() => return,
                () = tokio::time::sleep(pause) => {}
            }
        }
    }

    /// Looks once. While Redis is away, what was known goes on counting.
    async fn look(&self, known: &mut Known, now: Timestamp) -> Result<(), JournalError> {
        if let Some((facts, unplanned)) = self.read(now).await {
            known.cluster = facts.name.clone().or(known.cluster.take());
            let since = self.known_since(known, &facts, now).await?;
            let found = find(&facts, &unplanned, &since, now, &self.settings.zone);
            // Gaps that were found in the future count from now on.
            let was_set_back = known.looked_at.is_some_and(|looked_at| now < looked_at);
            known.looked_at = Some(now);
            if was_set_back || known.gaps.as_ref() != Some(&found) {
                self.journal.note_gaps(GapSource::Coverage, found.clone(), now).await?;
                known.gaps = Some(found);
            }
        }
        self.report(known, now).await
    }

    async fn read(&self, now: Timestamp) -> Option<(ClusterFacts, Vec<crate::correlator::facts::Unplanned>)> {
        // An application must not raise, or hush, what is said of others.
        let facts = self.reader.read(&Scope::about([]), now).await.ok()?.vouched();
        // A replica that is being filled has nothing: that is no cluster without plans.
        if facts.modules.is_empty() {
            return None;
        }
        let unplanned = self.reader.unplanned(unprotected(&facts)).await.ok()?;
        Some((facts, unplanned))
    }

    /// Since when each plan is known with its schedule, as the journal keeps it.
    async fn known_since(
        &self,
        known: &mut Known,
        facts: &ClusterFacts,
        now: Timestamp,
    ) -> Result<BTreeMap<PlanId, Timestamp>, JournalError> {
        let before = match &known.plans {
            Some(plans) => plans.clone(),
            None => {
                let kept = self.journal.checkpoints(PLANS).await?.into_iter();
                kept.filter_map(|(plan, value)| {
                    Some((plan.parse().ok()?, serde_json::from_str(&value).ok()?))
                })
                .collect()
            }
        };
        let plans: BTreeMap<PlanId, KnownPlan> = facts
            .plans
            .iter()
            .map(|(id, plan)| {
                let schedule = plan.schedule.clone().filter(|_| plan.enabled);
                let since = match before.get(id) {
                    Some(known) if known.schedule == schedule => known.since.min(now),
                    Some(_) => now,
                    // It ran before we came; that it has had this schedule since then is not known, but likely.
                    None => last_run(facts, id).map_or(now, |end| end.min(now)),
                };
                (id.clone(), KnownPlan { schedule, since })
            })
            .collect();
        let checkpoints: Vec<Checkpoint> = plans
            .iter()
            .filter(|(id, plan)| before.get(*id) != Some(*plan))
            .map(|(id, plan)| Checkpoint {
                key: format!("{PLANS}{id}"),
                value: serde_json::to_string(plan).expect("our own values have text keys"),
            })
            .collect();
        if !checkpoints.is_empty() {
            let observed = Observation { checkpoints, ..Observation::default() };
            self.journal.observe(observed, now, Duration::ZERO).await?;
        }
        let since = plans.iter().map(|(id, plan)| (id.clone(), plan.since)).collect();
        known.plans = Some(plans);
        Ok(since)
    }

    /// Has those gaps mailed that have been there for long enough, each audience those that it may see. Every instance does: what is queued
    /// on one that stands by is dropped as its reports are, so that it has nothing to tell anew when it takes over.
    async fn report(&self, known: &Known, now: Timestamp) -> Result<(), JournalError> {
        // Once email is configured, people are told what is open then, and nothing that was closed long ago.
        if !self.settings.mail_gaps().is_empty() && self.settings.webhook.is_none() {
            return Ok(());
        }
        let grace = SignedDuration::try_from(self.settings.coverage.grace).unwrap_or(SignedDuration::MAX);
        let muted = self.settings.notify.muted.at(now, &self.settings.zone);
        let is_muted = |gap: &Gap| {
            let plan = gap.plan.as_ref().map(|plan| plan.id.as_str());
            let application = gap.application.as_ref().map(|application| application.module.as_str());
            plan.into_iter().chain(application).any(|target| muted.contains(target))
        };
        let all = self.journal.gaps().await?;
        let due: Vec<KnownGap> = all
            .into_iter()
            .filter(|known| known.reported_at.is_none() && !is_muted(&known.gap))
            // That a success was none is told at once.
            .filter(|known| {
                known.gap.kind.source() == GapSource::Proof || now.duration_since(known.since) >= grace
            })
            .collect();
        if due.is_empty() {
            return Ok(());
        }
        let cluster = (self.settings.cluster_name.as_deref().or(known.cluster.as_deref()))
            .unwrap_or(UNNAMED_CLUSTER)
            .to_owned();
        let webhook = self.settings.webhook.is_some().then(|| self.settings.everybody());
        let mut keys = Vec::new();
        let mut notices = Vec::new();
        for audience in &self.settings.mail.audiences {
            let seen: Vec<KnownGap> =
                due.iter().filter(|known| sees(audience, &known.gap)).cloned().collect();
            if !seen.is_empty() {
                keys.extend(seen.iter().map(|known| known.gap.key()));
                notices.push(self.notice(audience, &seen, &cluster, now));
            }
        }
        if let Some(everybody) = webhook {
            keys.extend(due.iter().map(|known| known.gap.key()));
            match notices.iter_mut().find(|notice| notice.audience == everybody.key) {
                Some(notice) => notice.to_webhook = true,
                None => notices.push(NewNotice {
                    audience: String::new(),
                    to_webhook: true,
                    ..self.notice(&everybody, &due, &cluster, now)
                }),
            }
        }
        // What nobody may see waits for somebody who may.
        if notices.is_empty() {
            return Ok(());
        }
        tracing::info!(gaps = keys.len(), notices = notices.len(), "gaps are to be mailed");
        self.journal.report_gaps(notices, keys, now).await
    }

    fn notice(&self, audience: &Audience, gaps: &[KnownGap], cluster: &str, now: Timestamp) -> NewNotice {
        let format = Format::for_audience(audience, &self.settings);
        NewNotice {
            kind: NoticeKind::Gaps,
            audience: audience.key.clone(),
            to_webhook: false,
            message: gaps::compose(gaps, cluster, &format, now),
            payload: serde_json::to_value(gaps::listed(gaps, &format, now)).unwrap_or_default(),
        }
    }
}

/// Who sees a plan sees its gaps; what is about no plan is for those who see all.
fn sees(audience: &Audience, gap: &Gap) -> bool {
    gap.plan.as_ref().map_or_else(|| audience.sees_all(), |plan| audience.sees(&plan.id))
}
