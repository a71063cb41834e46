// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use jiff::SignedDuration;

use super::*;

const SETTLE: Duration = Duration::from_secs(1800);

/// A plan of a few applications, looked at again and again.
struct Scene {
    plan: PlanId,
    members: Vec<(ModuleId, NodeId, Option<Run>)>,
    calendar: Option<Calendar>,
    zone: TimeZone,
    known: PlanRuns,
    now: Timestamp,
}

impl Scene {
    fn new(members: &[&str]) -> Self {
        Self {
            plan: PlanId::new("1").unwrap(),
            // samba1 is the one on another node.
            members: members
                .iter()
                .map(|name| {
                    let node = if *name == "samba1" { "2" } else { "1" };
                    (ModuleId::new(name).unwrap(), NodeId::new(node).unwrap(), None)
                })
                .collect(),
            calendar: None,
            zone: TimeZone::UTC,
            known: PlanRuns::default(),
            now: "2026-11-22T02:00:00Z".parse().unwrap(),
        }
    }

    fn snapshot(&self) -> PlanSnapshot<'_> {
        let members = self.members.iter();
        let members = members.map(|(module, node, run)| Member { module, node, run: run.as_ref() }).collect();
        let calendar = self.calendar.as_ref().map(|calendar| (calendar, &self.zone));
        PlanSnapshot { plan: &self.plan, name: Some("Nightly"), members, calendar }
    }

    fn wait(&mut self, minutes: i64) -> &mut Self {
        self.now += SignedDuration::from_mins(minutes);
        self
    }

    /// The application begins now and reports after some minutes.
    fn reports(&mut self, name: &str, minutes: i64) -> &mut Self {
        let start = self.now;
        self.wait(minutes);
        let run = Run { start: Some(start), end: self.now, errors: 0, size: None, files: None, error: None };
        let member = self.members.iter_mut().find(|(module, _, _)| module.as_str() == name).unwrap();
        member.2 = Some(run);
        self
    }

    fn look(&mut self) -> Findings {
        let mut known = std::mem::take(&mut self.known);
        let findings = known.look(&self.snapshot(), self.now, SETTLE);
        self.known = known;
        findings
    }

    /// Looks; what is raised as the applications of each run, those that are known to be of no later one with a bar behind them.
    fn raised(&mut self) -> Vec<String> {
        names(&self.look().raised)
    }
}

fn names(alerts: &[Alert]) -> Vec<String> {
    let name = |alert: &Alert| {
        let run = alert.run.as_ref().unwrap();
        let names: Vec<&str> = run.results.keys().map(ModuleId::as_str).collect();
        format!("{}{}", names.join(" "), if run.until.is_some() { " |" } else { "" })
    };
    alerts.iter().map(name).collect()
}

#[test]
fn a_run_is_handed_over_once_every_application_has_reported() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    assert!(scene.raised().is_empty());
    scene.reports("mail1", 5);
    assert!(scene.raised().is_empty());
    scene.reports("nextcloud1", 20);
    let findings = scene.look();
    assert_eq!(names(&findings.raised), ["mail1 nextcloud1"]);
    assert_eq!(findings.raised[0].starts_at, Some("2026-11-22T02:00:00Z".parse().unwrap()));
    assert_eq!(scene.look(), Findings::default());
}

#[test]
fn both_applications_may_be_seen_at_once() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5).reports("nextcloud1", 5);
    assert_eq!(scene.raised(), ["mail1 nextcloud1"]);
}

#[test]
fn a_run_began_with_the_first_application_of_any_node() {
    let mut scene = Scene::new(&["mail1", "samba1"]);
    let began_at = scene.now;
    scene.wait(6).reports("mail1", 3);
    assert!(scene.raised().is_empty());
    let samba = Run { start: Some(began_at), ..scene.members[0].2.clone().unwrap() };
    scene.members[1].2 = Some(samba);
    assert_eq!(scene.look().raised[0].starts_at, Some(began_at));
}

#[test]
fn each_night_is_a_run_of_its_own() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    for _ in 0..30 {
        scene.reports("mail1", 5);
        assert!(scene.raised().is_empty());
        scene.reports("nextcloud1", 5);
        assert_eq!(scene.raised(), ["mail1 nextcloud1"]);
        scene.wait(24 * 60 - 10);
    }
}

#[test]
fn a_silent_run_is_handed_over_as_it_is_and_its_end_told_later() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5);
    assert_eq!(scene.look().look_at, Some(scene.now + SignedDuration::from_mins(30)));
    scene.wait(29);
    assert!(scene.raised().is_empty());
    scene.wait(1);
    assert_eq!(scene.raised(), ["mail1"]);
    assert_eq!(scene.look(), Findings::default());
    scene.reports("nextcloud1", 20);
    let findings = scene.look();
    assert!(findings.raised.is_empty());
    assert_eq!(names(&findings.closed), ["mail1 nextcloud1"]);
}

#[test]
fn an_application_that_took_long_the_last_time_is_given_time() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5).reports("nextcloud1", 60);
    assert_eq!(scene.raised().len(), 1);
    scene.wait(24 * 60).reports("mail1", 5);
    assert!(scene.raised().is_empty());
    scene.wait(119);
    assert!(scene.raised().is_empty());
    scene.wait(1);
    assert_eq!(scene.raised(), ["mail1"]);
}

#[test]
fn what_a_run_had_not_reached_when_the_next_began_it_never_will() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5);
    assert!(scene.raised().is_empty());
    // Nobody looked for a day, or the clock has jumped.
    scene.wait(24 * 60).reports("mail1", 5);
    assert_eq!(scene.raised(), ["mail1 |"]);
    scene.reports("nextcloud1", 5);
    assert_eq!(scene.raised(), ["mail1 nextcloud1"]);
}

#[test]
fn a_run_that_was_told_as_unfinished_is_closed_by_the_next() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5);
    assert!(scene.raised().is_empty());
    scene.wait(30);
    assert_eq!(scene.raised(), ["mail1"]);
    scene.wait(24 * 60).reports("nextcloud1", 5);
    let findings = scene.look();
    assert!(findings.raised.is_empty());
    assert_eq!(names(&findings.closed), ["mail1 |"]);
}

#[test]
fn two_runs_that_were_missed_are_two() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.look();
    scene.reports("nextcloud1", 5).wait(24 * 60).reports("mail1", 5);
    assert_eq!(scene.raised(), ["nextcloud1 |"]);
    scene.wait(30);
    assert_eq!(scene.raised(), ["mail1"]);
}

#[test]
fn an_application_taken_out_of_the_plan_ends_the_run() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5);
    assert!(scene.raised().is_empty());
    scene.members.pop();
    assert_eq!(scene.raised(), ["mail1"]);
}

#[test]
fn at_the_first_look_everything_counts_as_told_but_a_run_that_goes_on() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5).reports("nextcloud1", 5);
    scene.known = PlanRuns::baseline(&scene.snapshot(), |_| false);
    assert_eq!(scene.look(), Findings::default());

    scene.wait(24 * 60).reports("mail1", 5);
    scene.known = PlanRuns::baseline(&scene.snapshot(), |module| module.as_str() == "mail1");
    assert!(scene.raised().is_empty());
    scene.reports("nextcloud1", 5);
    assert_eq!(scene.raised(), ["mail1 nextcloud1"]);
}

#[test]
fn a_clock_set_back_does_not_keep_a_run_for_ever() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5);
    assert!(scene.raised().is_empty());
    scene.wait(-24 * 60);
    assert_eq!(scene.raised(), ["mail1"]);
}

#[test]
fn what_is_known_survives_a_restart() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5);
    assert!(scene.raised().is_empty());
    let kept = serde_json::to_string(&scene.known).unwrap();
    scene.known = serde_json::from_str(&kept).unwrap();
    scene.reports("nextcloud1", 5);
    assert_eq!(scene.raised(), ["mail1 nextcloud1"]);
}

#[test]
fn a_node_that_was_off_does_not_complete_the_run_before_once_the_plan_was_due_again() {
    let mut scene = Scene::new(&["mail1", "samba1"]);
    scene.calendar = Some("*-*-* *:00:00".parse().unwrap());
    scene.reports("mail1", 1);
    assert!(scene.raised().is_empty());
    scene.wait(30);
    assert_eq!(scene.raised(), ["mail1"]);
    // Its node is back an hour later, and is the first to report then.
    scene.wait(29).reports("samba1", 1);
    assert_eq!(names(&scene.look().closed), ["mail1 |"]);
    scene.reports("mail1", 1);
    assert_eq!(scene.raised(), ["mail1 samba1"]);
}

#[test]
fn a_node_that_takes_longer_than_the_plan_is_due_again_is_still_at_it() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.calendar = Some("*-*-* *:00:00".parse().unwrap());
    scene.reports("mail1", 70);
    assert!(scene.raised().is_empty());
    scene.reports("nextcloud1", 10);
    assert_eq!(scene.raised(), ["mail1 nextcloud1"]);
}

#[test]
fn a_result_of_a_node_whose_clock_was_ahead_does_not_hide_the_next() {
    let mut scene = Scene::new(&["mail1"]);
    scene.wait(24 * 60).reports("mail1", 5).wait(-24 * 60);
    assert_eq!(scene.raised(), ["mail1"]);
    assert!(scene.raised().is_empty());
    scene.wait(60).reports("mail1", 5);
    assert_eq!(scene.raised(), ["mail1"]);
}

#[test]
fn an_application_put_back_into_a_plan_does_not_bring_its_old_result() {
    let mut scene = Scene::new(&["mail1", "nextcloud1"]);
    scene.reports("mail1", 5).reports("nextcloud1", 5);
    assert_eq!(scene.raised().len(), 1);
    let removed = scene.members.pop().unwrap();
    scene.wait(10 * 24 * 60);
    assert!(scene.raised().is_empty());
    scene.members.push(removed);
    assert!(scene.raised().is_empty());
    // Nor does one that is in it for the first time that we know of.
    scene.known.taken.clear();
    assert!(scene.raised().is_empty());
    scene.wait(1).reports("mail1", 5).reports("nextcloud1", 5);
    assert_eq!(scene.raised(), ["mail1 nextcloud1"]);
}
