// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Whether backups run, from one reading of the cluster. Pure.
//!
//! Nobody may be asked then: `restic snapshots` locks the repository for a moment, and the retention of a run that meets that lock fails.
//! The disk and the line of the leader are the run's as well.
//!
//! A reading shows the last result of each application. That says when a run is on, as a node works through a plan's applications in the
//! plan's order, and no node is silent for longer than [`NODE_SILENCE_LIMIT`]. Of a run that somebody starts by hand nothing is seen until its
//! first application has ended.

use std::{collections::BTreeMap, time::Duration};

use jiff::{SignedDuration, Timestamp, tz::TimeZone};

use crate::{
    correlator::NODE_SILENCE_LIMIT,
    ids::NodeId,
    oncalendar::Calendar,
    roster::{ApplicationEntry, PlanEntry, Roster},
    run::Run,
    times::{earlier, later},
};

/// How long before a plan is due nobody is asked any more, so that all have answered by then; less for a plan that is due all the time.
const LEAD: SignedDuration = SignedDuration::from_mins(5);

/// The first plan that is at work, or about to begin. Schedules without a zone of their own are read in `zone`.
pub fn at_work<'a>(roster: &'a Roster, now: Timestamp, zone: &TimeZone) -> Option<&'a PlanEntry> {
    roster.plans.iter().find(|plan| is_at_work(plan, now, zone))
}

fn is_at_work(plan: &PlanEntry, now: Timestamp, zone: &TimeZone) -> bool {
    let calendar: Option<Calendar> =
        plan.schedule.as_deref().filter(|_| plan.enabled).and_then(|text| text.parse().ok());
    let due = calendar.as_ref().and_then(|calendar| calendar.previous(now, zone));
    let next = calendar.as_ref().and_then(|calendar| calendar.next(now, zone));
    if plan.applications.is_empty() {
        return false;
    }
    if let Some(next) = next {
        let period = due.map_or(SignedDuration::MAX, |due| next.duration_since(due));
        let lead = LEAD.min(period.checked_div(4).unwrap_or(LEAD));
        if next.duration_since(now) <= lead {
            return true;
        }
    }
    let mut nodes: BTreeMap<&NodeId, Vec<&ApplicationEntry>> = BTreeMap::new();
    for application in &plan.applications {
        nodes.entry(&application.node).or_default().push(application);
    }
    nodes.into_values().any(|members| is_node_at_work(&members, due, now))
}

/// `members` are a node's applications, in the order of the run.
fn is_node_at_work(members: &[&ApplicationEntry], due: Option<Timestamp>, now: Timestamp) -> bool {
    let since_due = |run: &&Run| due.is_some_and(|due| run.end >= due);
    let runs = || members.iter().filter_map(|member| member.last.as_ref());
    let newest = members
        .iter()
        .enumerate()
        .filter_map(|(place, member)| Some((place, member.last.as_ref()?)))
        .max_by_key(|(place, run)| (run.end, *place));
    let (last_sign, waiting): (Timestamp, Vec<&ApplicationEntry>) = match (due, newest) {
        // It was due, and nothing has reported since.
        (Some(due), _) if !runs().any(|run| since_due(&run)) => (due, members.to_vec()),
        (_, Some((place, newest))) => {
            let began = newest.start.unwrap_or(newest.end);
            let is_waiting = |(at, member): (usize, &&ApplicationEntry)| match member.last.as_ref() {
                // Those that come later in the plan report later in each run; one before may have been busy, and is tried again.
                Some(run) => {
                    (at > place && run.end < began) || (due.is_some() && !since_due(&run) && run.end < began)
                }
                None => at > place || due.is_some(),
            };
            let waiting = members.iter().enumerate().filter(|entry| is_waiting(*entry));
            (newest.end, waiting.map(|(_, member)| *member).collect())
        }
        (_, None) => return false,
    };
    // What took long the last time takes long again.
    let longest = waiting.iter().filter_map(|member| member.last.as_ref()?.duration()).max();
    let patience = longest.unwrap_or_default().saturating_mul(2).max(NODE_SILENCE_LIMIT);
    !waiting.is_empty() && is_within(patience, last_sign, now)
}

/// True when `sign` was given no longer than `patience` ago. One of the future is of a clock that was ahead.
fn is_within(patience: Duration, sign: Timestamp, now: Timestamp) -> bool {
    let patience = SignedDuration::try_from(patience).unwrap_or(SignedDuration::MAX);
    sign >= earlier(now, patience) && sign <= later(now, patience)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::ids::{ModuleId, PlanId};

    fn at(text: &str) -> Timestamp {
        format!("2026-11-25T{text}Z").parse().unwrap()
    }

    /// A plan of three applications on node 1, and one on node 2, with the beginnings and ends of their last runs.
    fn plan(schedule: &str, runs: [Option<(&str, &str)>; 4]) -> Roster {
        let entry = |(index, run): (usize, Option<(&str, &str)>)| ApplicationEntry {
            module: ModuleId::new(format!("app{index}")).unwrap(),
            label: None,
            node: NodeId::new(if index == 3 { "2" } else { "1" }).unwrap(),
            last: run.map(|(start, end)| Run {
                start: Some(at(start)),
                end: at(end),
                errors: 0,
                size: None,
                files: None,
                error: None,
            }),
        };
        let plan = PlanEntry {
            id: PlanId::new("1").unwrap(),
            name: None,
            destination: None,
            destination_id: None,
            schedule: Some(schedule.into()),
            enabled: true,
            retention: None,
            applications: runs.into_iter().enumerate().map(entry).collect(),
        };
        Roster { at: at("00:00:00"), plans: vec![plan] }
    }

    #[test]
    fn a_run_is_on_from_shortly_before_it_is_due_until_each_node_has_ended_or_is_silent() {
        let done = [
            Some(("02:00:00", "02:10:00")),
            Some(("02:10:00", "02:20:00")),
            Some(("02:20:00", "02:30:00")),
            Some(("02:00:00", "02:05:00")),
        ];
        let [first, second, third, other] = done;
        let none = [None; 4];
        let cases = [
            ("before", "01:50:00", none, false),
            ("about to begin", "01:55:00", none, true),
            ("has begun", "02:01:00", none, true),
            ("the first of one node", "02:11:00", [first, None, None, None], true),
            ("the other node is at work", "02:31:00", [first, second, third, None], true),
            ("this node is at work", "02:21:00", [first, second, None, other], true),
            ("all is done", "02:31:00", done, false),
            ("one was left out, and may be tried again", "02:40:00", [first, None, third, other], true),
            ("it was left out for good", "03:40:00", [first, None, third, other], false),
            ("nothing ever came", "03:06:00", none, false),
            ("nothing came yet", "03:04:00", none, true),
            ("the next night", "23:00:00", done, false),
        ];
        for (what, now, runs, expected) in cases {
            let roster = plan("*-*-* 02:00:00", runs);
            assert_eq!(at_work(&roster, at(now), &TimeZone::UTC).is_some(), expected, "{what}");
        }
    }

    #[test]
    fn a_run_by_hand_is_seen_from_its_first_result_on() {
        let night = [
            Some(("02:00:00", "02:10:00")),
            Some(("02:10:00", "02:20:00")),
            Some(("02:20:00", "02:30:00")),
            Some(("02:00:00", "02:05:00")),
        ];
        let [_, second, third, other] = night;
        let again = Some(("14:00:00", "14:10:00"));
        let cases = [
            ("one has reported", "14:11:00", [again, second, third, other], true),
            ("and nothing for long", "15:20:00", [again, second, third, other], false),
            (
                "all have",
                "14:31:00",
                [
                    again,
                    Some(("14:10:00", "14:20:00")),
                    Some(("14:20:00", "14:30:00")),
                    Some(("14:00:00", "14:01:00")),
                ],
                false,
            ),
            ("one alone that stands last", "14:11:00", [night[0], second, again, other], false),
        ];
        for (what, now, runs, expected) in cases {
            let roster = plan("*-*-* 02:00:00", runs);
            assert_eq!(at_work(&roster, at(now), &TimeZone::UTC).is_some(), expected, "{what}");
        }
    }

    #[test]
    fn plans_that_are_off_or_due_all_the_time_leave_room() {
        let mut roster = plan("*-*-* 02:00:00", [None; 4]);
        roster.plans[0].enabled = false;
        assert!(at_work(&roster, at("02:01:00"), &TimeZone::UTC).is_none());
        roster.plans[0].enabled = true;
        roster.plans[0].applications.clear();
        assert!(at_work(&roster, at("02:01:00"), &TimeZone::UTC).is_none());
        // Each quarter of an hour, and done within a minute.
        let done = [Some(("09:45:00", "09:46:00")); 4];
        let roster = plan("*:0/15", done);
        assert!(at_work(&roster, at("09:50:00"), &TimeZone::UTC).is_none());
        assert!(at_work(&roster, at("09:57:00"), &TimeZone::UTC).is_some());
    }

    #[test]
    fn a_result_of_the_future_does_not_keep_the_proof_off_for_ever() {
        let ahead = Some(("20:00:00", "20:10:00"));
        let roster = plan("*-*-* 02:00:00", [ahead, None, None, None]);
        assert!(at_work(&roster, at("10:00:00"), &TimeZone::UTC).is_none());
    }
}
