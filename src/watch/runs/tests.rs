use jiff::SignedDuration;

use super::*;

const SETTLE: Duration = Duration::from_secs(1800);

/// A plan of a few applications, looked at again and again.
struct Scene {
    plan: PlanId,
    members: Vec<(ModuleId, Option<Run>)>,
    known: PlanRuns,
    now: Timestamp,
}

impl Scene {
    fn new(members: &[&str]) -> Self {
        Self {
            plan: PlanId::new("1").unwrap(),
            members: members.iter().map(|name| (ModuleId::new(name).unwrap(), None)).collect(),
            known: PlanRuns::default(),
            now: "2026-11-22T02:00:00Z".parse().unwrap(),
        }
    }

    fn sight(&self) -> Sight<'_> {
        let members = self.members.iter().map(|(module, run)| (module, run.as_ref())).collect();
        Sight { plan: &self.plan, name: Some("Nightly"), members }
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
        let member = self.members.iter_mut().find(|(module, _)| module.as_str() == name).unwrap();
        member.1 = Some(run);
        self
    }

    fn look(&mut self) -> Findings {
        let mut known = std::mem::take(&mut self.known);
        let findings = known.look(&self.sight(), self.now, SETTLE);
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
    let samba = Run { start: Some(began_at), ..scene.members[0].1.clone().unwrap() };
    scene.members[1].1 = Some(samba);
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
    scene.known = PlanRuns::baseline(&scene.sight(), |_| false);
    assert_eq!(scene.look(), Findings::default());

    scene.wait(24 * 60).reports("mail1", 5);
    scene.known = PlanRuns::baseline(&scene.sight(), |module| module.as_str() == "mail1");
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
