// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The first screen: what is not well, why, and what can be restored of it, those with one cause together.

use super::{
    context::{Member, UNWELL, Writer, application_title, distinct},
    parts::{Badge, Item, Section, Tone, badge},
};
use crate::{
    alert::Source,
    cause::{Cause, Lock},
    correlator::correlation::{Destination, Outcome, Plan, PlanIssue, State},
    ids::DestinationId,
    notifier::phrases::{CauseFacts, LockFacts},
    report::incident::{News, PlanIncident},
    run::Run,
};

/// The most names in a card's title.
const MAX_NAMES: usize = 5;
/// The most nodes or plans that a card names.
const MAX_PLACES: usize = 3;
/// The most cards.
const MAX_CARDS: usize = 8;
/// The most news of an incident.
const MAX_NEWS: usize = 4;
/// The most characters of evidence in a card.
const MAX_EVIDENCE: usize = 240;

/// Applications that are in one state for one cause.
pub(super) struct Kin<'a> {
    pub state: State,
    pub cause: Option<Cause>,
    pub members: Vec<Member<'a>>,
}

impl<'a> Writer<'a> {
    /// Paragraphs before everything else: what this mail is an answer to, and what is new.
    pub(super) fn intro(&self) -> Vec<String> {
        let correlation = &self.report.correlation;
        if let Some(reason) = &correlation.internal_error {
            return vec![self.phrases.internal_error(reason)];
        }
        if let Some(reason) = &correlation.read_error {
            return vec![self.phrases.cluster_unread(reason)];
        }
        let incidents = self.report.incidents.iter().take(self.limits.plans);
        let mut intro: Vec<String> = incidents.flat_map(|incident| self.incident(incident)).collect();
        intro.extend(self.stuck());
        if self.report.outcome == Outcome::Success {
            let texts = self.texts();
            let sentence = match self.report.alerts.iter().any(|alert| alert.source.has_alarmed()) {
                true => texts.fine_since_the_alert,
                false if !self.report.changes.recovered.is_empty() => texts.fine_again,
                false => texts.all_fine,
            };
            intro.push(sentence.to_owned());
            intro.extend(correlation.plans.iter().take(self.limits.plans).map(|plan| self.plan_note(plan)));
        }
        intro
    }

    /// The run that does not go on, as its destination does not respond.
    fn stuck(&self) -> Vec<String> {
        let alerts = self.report.alerts.iter().filter(|alert| alert.source == Source::Stuck);
        alerts
            .take(self.limits.plans)
            .filter_map(|alert| self.plan(alert.plan.as_ref()?))
            .filter(|plan| plan.outcome != Outcome::Success)
            .map(|plan| {
                let destination = plan.destination.as_ref().map(Destination::title);
                self.phrases.run_is_stuck(&self.plan_title(plan), destination)
            })
            .collect()
    }

    fn incident(&self, incident: &PlanIncident) -> Vec<String> {
        let Some(plan) = self.plan(&incident.plan) else {
            return Vec::new();
        };
        let now = self.report.correlation.at;
        let since = self.format.time(incident.since);
        let title = self.heading(plan);
        let title = title.as_deref();
        if incident.is_over {
            let lasted = self.lasted(incident);
            return vec![self.phrases.incident_over(title, &lasted, &since, incident.failing_runs)];
        }
        let mut lines = Vec::new();
        let news = incident.news.iter().take(MAX_NEWS).map(|news| self.news(news));
        lines.extend(news);
        let more = incident.news.len().saturating_sub(MAX_NEWS);
        lines.extend((more > 0).then(|| self.phrases.more_news(more)));
        if incident.failing_runs > 1 {
            let oldest = plan.applications.iter().filter(|application| application.state != State::Ok);
            let oldest =
                oldest.filter_map(|application| self.restore(Member { plan, application }).time()).min();
            let risk = oldest.map(|time| self.format.span_of_time(time, now));
            lines.push(self.phrases.incident_goes_on(title, incident.failing_runs, &since, risk.as_deref()));
        }
        lines
    }

    fn news(&self, news: &News) -> String {
        let clause =
            |cause| self.phrases.cause_clause(cause, false).unwrap_or(self.texts().cause_unknown).to_owned();
        match news {
            News::Application { module } => self.phrases.news_application(module.as_str()),
            News::State { module, before, now } => self.phrases.news_state(module.as_str(), *before, *now),
            News::Recovered { module } => self.phrases.news_recovered(module.as_str()),
            News::Cause { module, before, now } => {
                self.phrases.news_cause(module.as_str(), &clause(*before), &clause(*now))
            }
        }
    }

    /// Those with one cause and destination together, in the order of their states, the most numerous first.
    pub(super) fn kin(&self) -> Vec<Kin<'a>> {
        type Key<'a> = (State, bool, bool, Option<Cause>, Option<&'a DestinationId>);
        let mut kin: Vec<(Key, Kin)> = Vec::new();
        for member in self.unwell_members() {
            let destination = member.plan.destination.as_ref().map(|destination| &destination.id);
            let is_saved = member.saved_at(self.report.repos.as_ref()).is_some();
            let key =
                (member.application.state, member.is_unreadable(), is_saved, member.cause(), destination);
            match kin.iter_mut().find(|(known, _)| *known == key) {
                Some((_, kin)) => kin.members.push(member),
                None => {
                    let members = vec![member];
                    kin.push((key, Kin { state: member.application.state, cause: member.cause(), members }));
                }
            }
        }
        let mut kin: Vec<Kin> = kin.into_iter().map(|(_, kin)| kin).collect();
        let order = |state| UNWELL.iter().position(|told| *told == state);
        kin.sort_by_key(|kin| (order(kin.state), std::cmp::Reverse(kin.members.len())));
        kin
    }

    /// What is not well, in the fewest words that tell it.
    pub(super) fn overview(&self) -> Section {
        let kin = self.kin();
        let mut items: Vec<Item> = kin.iter().take(MAX_CARDS).map(|kin| self.card(kin)).collect();
        let rest: usize = kin.iter().skip(MAX_CARDS).map(|kin| kin.members.len()).sum();
        if rest > 0 {
            items.push(Item { lines: vec![self.phrases.more_below(rest)], ..Item::default() });
        }
        let mut issues = Vec::new();
        for plan in self.unwell() {
            let grave = plan.issues.iter().filter(|issue| plan.applications.is_empty() || is_grave(issue));
            issues.extend(
                grave.map(|issue| Item { title: Some(self.plan_title(plan)), ..self.plan_issue(issue) }),
            );
        }
        let more = issues.len().saturating_sub(self.limits.findings);
        items.extend(issues.into_iter().take(self.limits.findings));
        if more > 0 {
            items.push(self.whole_list());
        }
        Section { heading: None, numbered: false, groups: self.group(items) }
    }

    fn card(&self, kin: &Kin) -> Item {
        let Kin { state, cause, members } = kin;
        let mut item = Item {
            badge: self.state_badge(members[0]),
            title: Some(self.names(members)),
            place: Some(self.places(members)),
            ..Item::default()
        };
        let words = matches!(cause, Some(Cause::Unknown | Cause::DumpFailed | Cause::FilesUnreadable))
            .then(|| self.own_words(members))
            .flatten();
        match cause {
            // Nothing is known but what it says itself.
            Some(Cause::Unknown) if words.is_some() => {}
            Some(cause) => {
                item.lines.push(self.cause_sentence(*cause, members));
                if self.is_found_afterwards(*cause, members) {
                    item.lines.push(self.phrases.found_afterwards().to_owned());
                }
            }
            None => {}
        }
        item.quote = words.map(|words| crate::text::one_line(&words, MAX_EVIDENCE));
        let saved = members[0].saved_at(self.report.repos.as_ref());
        if let Some(time) = saved.filter(|_| !cause.is_some_and(Cause::saved_data)) {
            item.lines.push(self.phrases.saved_anyway(&self.format.time(time)));
        }
        if cause.is_none() {
            item.lines.extend(self.absence(members));
        }
        if *state == State::Pending {
            return item;
        }
        item.lines.extend(self.restore_lines(members));
        item.lines.extend(self.streak_line(members));
        if *cause == Some(Cause::Unknown) && item.quote.is_some() {
            item.lines.push(self.texts().own_words.to_owned());
        }
        item
    }

    /// `mail1 (Mail server)`, `mail1 and webtop1`, `40 applications: mail1, mail2 and 38 more`
    fn names(&self, members: &[Member]) -> String {
        if let [member] = members {
            return application_title(member.application);
        }
        let names = self.module_names(members);
        let listed = self.some_names(&names, MAX_NAMES);
        match names.len() {
            ..=MAX_NAMES => listed,
            count => self.phrases.counted_applications(count, &listed),
        }
    }

    /// The nodes, and the plans where there are several.
    fn places(&self, members: &[Member]) -> String {
        let nodes = self.node_names(members);
        let mut places = match nodes.len() {
            ..=MAX_PLACES => self.phrases.list(&nodes),
            count => self.phrases.nodes(count),
        };
        let plans = distinct(members.iter().filter_map(|member| self.heading(member.plan)));
        if !plans.is_empty() {
            places.push_str(" · ");
            places.push_str(&match plans.len() {
                ..=MAX_PLACES => self.phrases.list(&plans),
                count => self.phrases.plans(count),
            });
        }
        places
    }

    /// Why they are missing, or that they are still running, in a sentence or two.
    pub(super) fn absence(&self, members: &[Member]) -> Vec<String> {
        if let [member] = members {
            return self.absence_of(*member);
        }
        let mut due: Vec<_> = members.iter().map(|member| member.plan.due).collect();
        due.dedup();
        match due[..] {
            [Some(due)] => vec![self.phrases.no_result_since(&self.format.time(due))],
            [None] => vec![self.texts().no_result_in_a_day.to_owned()],
            _ => vec![self.texts().no_result_when_due.to_owned()],
        }
    }

    pub(super) fn cause_sentence(&self, cause: Cause, members: &[Member]) -> String {
        let one = |names: Vec<String>| match &names[..] {
            [one] => Some(one.clone()),
            _ => None,
        };
        let destinations = members.iter().filter_map(|member| member.plan.destination.as_ref());
        let destination = one(distinct(destinations.map(|destination| destination.title().to_owned())));
        let node = one(self.node_names(members));
        let locks: Vec<&Lock> = members
            .iter()
            .filter_map(|member| member.application.diagnosis.as_ref()?.lock.as_ref())
            .collect();
        let host = one(distinct(locks.iter().filter_map(|lock| lock.host.clone())));
        let oldest = locks.iter().filter_map(|lock| lock.created_at).min();
        let age = oldest.map(|time| self.format.age(time, self.report.correlation.at));
        let lock = (!locks.is_empty()).then_some(LockFacts { host: host.as_deref(), age: age.as_deref() });
        self.phrases.cause_sentence(
            cause,
            &CauseFacts {
                applications: members.len(),
                destination: destination.as_deref(),
                node: node.as_deref(),
                lock,
            },
        )
    }

    /// True when the log had nothing of these, so that the cause is what the check of the repository has found afterwards.
    fn is_found_afterwards(&self, cause: Cause, members: &[Member]) -> bool {
        let has_lines = |member: &Member| {
            let own = self
                .report
                .logs
                .as_ref()
                .and_then(|logs| logs.of(&member.plan.id, &member.application.module));
            own.is_some_and(|log| !log.lines.is_empty())
                || member.application.last_run.as_ref().is_some_and(|run| run.error.is_some())
        };
        cause.is_of_storage() && !members.iter().any(has_lines)
    }

    /// The most telling of what a failed backup says itself.
    fn own_words(&self, members: &[Member]) -> Option<String> {
        let error = || {
            let run = members[0]
                .application
                .last_run
                .as_ref()
                .filter(|_| members[0].application.state == State::Failed)?;
            run.error.as_ref()?.lines().next().map(str::to_owned)
        };
        // That a step failed is said by the cause; what the step itself said is better.
        let lines = self.evidence(members);
        let says_why = |line: &&String| !line.starts_with("[ERROR] module-");
        lines.iter().find(says_why).or(lines.first()).cloned().or_else(error)
    }

    /// The telling lines of the first that has any.
    pub(super) fn evidence<'m>(&self, members: &[Member<'m>]) -> &'m [String] {
        let with = |member: &Member<'m>| Some(member.application.diagnosis.as_ref()?.evidence.as_slice());
        members.iter().filter_map(with).find(|lines| !lines.is_empty()).unwrap_or_default()
    }

    pub(super) fn state_badge(&self, member: Member) -> Option<Badge> {
        let badges = &self.texts().badges;
        match member.application.state {
            State::Failed if member.cause().is_some_and(Cause::saved_data) => {
                badge(badges.data_saved, Tone::Warning)
            }
            State::Failed => badge(badges.failed, Tone::Bad),
            State::Pending => badge(badges.pending, Tone::Busy),
            State::Missing if matches!(member.cause(), Some(Cause::Interrupted | Cause::Killed)) => {
                badge(badges.interrupted, Tone::Bad)
            }
            State::Missing if member.is_unreadable() => badge(badges.unknown, Tone::Neutral),
            State::Missing | State::Ok => badge(badges.missing, Tone::Bad),
        }
    }

    /// When a plan was due, and where it writes.
    pub(super) fn plan_note(&self, plan: &Plan) -> String {
        let next = plan.next.map(|next| self.format.time(next));
        let due = match plan.due {
            Some(due) => self.phrases.due(&self.format.time(due), next.as_deref()),
            None => self.texts().due_within_a_day.to_owned(),
        };
        match &plan.destination {
            Some(destination) => format!("{due} {}", self.phrases.writes_to(destination.title())),
            None => due,
        }
    }

    /// When a run was, and how long it took.
    pub(super) fn ran(&self, run: &Run) -> String {
        match (run.start, run.duration()) {
            (Some(start), Some(duration)) => {
                format!("{}, {}", self.format.span(start, run.end), self.format.duration(duration))
            }
            _ => self.phrases.ended(&self.format.time(run.end)),
        }
    }

    /// What is said before the mail is opened: the cause, and what can be restored.
    pub(super) fn preheader(&self) -> String {
        let Some(kin) = self.kin().into_iter().next() else { return String::new() };
        let mut sentences = Vec::new();
        match kin.cause {
            Some(Cause::Unknown) => sentences.extend(self.own_words(&kin.members)),
            Some(cause) => sentences.push(self.cause_sentence(cause, &kin.members)),
            None => sentences.extend(self.absence(&kin.members)),
        }
        sentences.extend(self.restore_lines(&kin.members).into_iter().next());
        sentences.join(" ")
    }
}

/// Issues that keep a plan from working.
pub(super) fn is_grave(issue: &PlanIssue) -> bool {
    match issue {
        PlanIssue::PlanNotFound
        | PlanIssue::PlanDisabled
        | PlanIssue::NoApplications
        | PlanIssue::NoDestination
        | PlanIssue::UnknownDestination { .. }
        | PlanIssue::PlanError { .. } => true,
        PlanIssue::NoSchedule | PlanIssue::UnreadableSchedule { .. } | PlanIssue::RemovedModule { .. } => {
            false
        }
    }
}
