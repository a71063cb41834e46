// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Below the steps: each application that is not well with its run and its own words; many of them in lines.

use jiff::SignedDuration;

use super::{
    context::{Member, Writer, application_title},
    parts::{Group, Item, Link, Section, badge},
};
use crate::{
    correlator::correlation::{MissingReason, Plan, State},
    logs::findings::{LogReport, LogTrouble, Starter},
    notifier::links::LogOf,
    times::later,
};

/// The most characters of a line that is quoted.
const MAX_LINE: usize = 300;
/// Where the end of a run is not known, its log is shown for this long.
const RUN: SignedDuration = SignedDuration::from_hours(1);

impl Writer<'_> {
    pub(super) fn details(&self) -> Section {
        let mut left = self.limits.in_full;
        let mut groups: Vec<Group> = Vec::new();
        let mut rest: Vec<Member> = Vec::new();
        let members = self.unwell_members();
        for plan in self.unwell().filter(|plan| !plan.applications.is_empty()) {
            let of_plan: Vec<Member> =
                members.iter().filter(|member| member.plan.id == plan.id).copied().collect();
            let (in_full, others) = of_plan.split_at(left.min(of_plan.len()));
            left = left.saturating_sub(in_full.len());
            rest.extend(others);
            if in_full.is_empty() || groups.len() >= self.limits.plans {
                rest.extend(in_full);
                continue;
            }
            let items = in_full.iter().map(|member| self.detail(*member)).collect();
            groups.push(Group { heading: self.heading(plan), note: Some(self.plan_note(plan)), items });
        }
        groups.extend(self.group(self.others(&rest)));
        groups.extend(self.group(self.log_trouble().into_iter().collect()));
        Section { heading: Some(self.texts().headings.details), numbered: false, groups }
    }

    fn detail(&self, member: Member) -> Item {
        let Member { plan, application } = member;
        let has_failed = application.state == State::Failed;
        let lines = match &application.last_run {
            Some(run) if has_failed => vec![self.ran(run)],
            _ => self.absence_of(member),
        };
        let evidence: Vec<String> =
            self.evidence(&[member]).iter().map(|line| crate::text::one_line(line, MAX_LINE)).collect();
        let error = application.last_run.as_ref().filter(|_| has_failed).and_then(|run| run.error.clone());
        let quote = if evidence.is_empty() { error } else { Some(evidence.join("\n")) };
        Item {
            badge: self.state_badge(member),
            title: Some(application_title(application)),
            place: Some(self.node(application)),
            lines,
            quote,
            links: has_failed.then(|| self.log_link(plan, member)).flatten().into_iter().collect(),
            ..Item::default()
        }
    }

    /// The log in cluster-admin at the time of a run.
    pub(super) fn log_link(&self, plan: &Plan, member: Member) -> Option<Link> {
        let run = member.application.last_run.as_ref();
        let from = run.and_then(|run| run.start).or(plan.due).or(run.map(|run| run.end))?;
        let to = run.map_or(later(from, RUN), |run| run.end);
        // Of a run that somebody started, the node's agent has all lines.
        let of = match self.starter(member) {
            Some(Starter::Person) => LogOf::Node(&member.application.node),
            Some(Starter::Timer) | None => LogOf::Module(&member.application.module),
        };
        let url = self.format.links.log(of, from, to, &self.format.zone)?;
        Some(Link { text: self.texts().link_log, url })
    }

    /// Who started the run of an application.
    pub(super) fn starter(&self, member: Member) -> Option<Starter> {
        self.report.logs.as_ref()?.of(&member.plan.id, &member.application.module)?.started_by
    }

    /// Those that are not told in full: their names by state, cause and node.
    fn others(&self, members: &[Member]) -> Vec<Item> {
        let mut kinds: Vec<(String, Vec<Member>)> = Vec::new();
        for member in members {
            let heading = self.heading(member.plan).map(|title| format!("{title} · ")).unwrap_or_default();
            let mut place = format!("{heading}{}", self.node(member.application));
            let clause = member.cause().and_then(|cause| self.phrases.cause_clause(cause, false));
            if let Some(clause) = clause {
                place = format!("{place} · {clause}");
            }
            let same = |(known, others): &&mut (String, Vec<Member>)| {
                *known == place && others[0].application.state == member.application.state
            };
            match kinds.iter_mut().find(same) {
                Some((_, others)) => others.push(*member),
                None => kinds.push((place, vec![*member])),
            }
        }
        let item = |(place, members): &(String, Vec<Member>)| {
            let names = self.module_names(members);
            Item {
                badge: self.state_badge(members[0]),
                title: Some(place.clone()),
                lines: vec![self.some_names(&names, self.limits.names)],
                ..Item::default()
            }
        };
        let mut items: Vec<Item> = kinds.iter().take(self.limits.lines).map(item).collect();
        let is_cut = kinds.get(self.limits.lines).is_some()
            || kinds.iter().any(|(_, members)| members.len() > self.limits.names.saturating_add(1));
        if is_cut {
            items.push(self.whole_list());
        }
        items
    }

    /// Where everything is that the mail leaves out.
    pub(super) fn whole_list(&self) -> Item {
        Item {
            lines: vec![self.phrases.whole_list(self.report.id.0)],
            links: self.report_link().into_iter().collect(),
            ..Item::default()
        }
    }

    pub(super) fn report_link(&self) -> Option<Link> {
        let url = self.format.links.report(self.report.id)?;
        Some(Link { text: self.texts().link_report, url })
    }

    /// That the log is not there, or not all of it.
    fn log_trouble(&self) -> Option<Item> {
        let LogReport { trouble: Some(trouble), .. } = self.report.logs.as_ref()? else { return None };
        let texts = self.texts();
        let line = match trouble {
            LogTrouble::NotConfigured => texts.log_not_configured.to_owned(),
            LogTrouble::Silent { reason } => self.phrases.log_silent(reason),
            LogTrouble::Refused { reason } => self.phrases.log_refused(reason),
            LogTrouble::TooMuch => texts.log_too_much.to_owned(),
        };
        Some(Item {
            badge: badge(texts.badges.unknown, super::parts::Tone::Neutral),
            title: Some(texts.log.to_owned()),
            lines: vec![line],
            ..Item::default()
        })
    }

    /// Why an application is missing or pending.
    pub(super) fn absence_of(&self, member: Member) -> Vec<String> {
        let Member { plan, application } = member;
        let no_result = || match plan.due {
            Some(due) => self.phrases.no_result_since(&self.format.time(due)),
            None => self.texts().no_result_in_a_day.to_owned(),
        };
        match (&application.missing_reason, &application.last_run) {
            (Some(MissingReason::Unreadable { reason }), _) => vec![self.phrases.unreadable_status(reason)],
            (Some(MissingReason::RanLater), Some(run)) => vec![
                match plan.due {
                    Some(due) => self.phrases.not_run_when_due(&self.format.time(due)),
                    None => self.texts().no_result_in_a_day.to_owned(),
                },
                self.phrases.later_run(&self.format.time(run.end), run.is_ok()),
            ],
            (_, Some(run)) => vec![
                no_result(),
                self.phrases.previous_run(
                    &self.format.time(run.end),
                    &self.format.age(run.end, self.report.correlation.at),
                    run.is_ok(),
                ),
            ],
            (_, None) => vec![no_result(), self.texts().never_backed_up.to_owned()],
        }
    }
}
