// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use super::*;

const TAKEOVER: Duration = Duration::from_secs(600);

fn module(number: u32) -> ModuleId {
    ModuleId::new(format!("backup-monitor{number}")).unwrap()
}

fn node(number: u32) -> NodeId {
    NodeId::new(number.to_string()).unwrap()
}

/// Instance `number`, on the node of the same number.
fn instance(number: u32) -> Identity {
    Identity { module: module(number), origin: None, can_mail: true, takeover: TAKEOVER }
}

/// What instance `own` sees of these others on the nodes of their numbers, where node 1 leads.
fn seen(own: u32, others: &[(u32, Option<Sign>)]) -> Instances {
    let seen =
        |(number, sign): &(u32, Option<Sign>)| (module(*number), Seen { node: node(*number), sign: *sign });
    Instances {
        leader: Some(node(1)),
        node: Some(node(own)),
        others: others.iter().map(seen).collect(),
        ..Instances::default()
    }
}

fn standby(number: u32) -> Duty {
    Duty::Standby(Peer { instance: module(number), node: Some(node(number)) })
}

const ACTIVE: Option<Sign> = Some(Sign::Active);
const BEHIND: Option<Sign> = Some(Sign::ActiveBehind);
const STANDBY: Option<Sign> = Some(Sign::Standby);

#[test]
fn one_instance_alone_mails_at_once() {
    let now = Instant::now();
    let mut watchman = Watchman::new(instance(2), now);
    assert_eq!((watchman.duty(), watchman.sign(false)), (&Duty::Starting, None));
    watchman.see(&seen(2, &[]), now);
    assert_eq!((watchman.duty(), watchman.sign(false)), (&Duty::Active, Some(Sign::Active)));
}

#[test]
fn the_second_stands_by_and_takes_over_when_the_first_is_gone_for_a_while() {
    let began = Instant::now();
    let mut watchman = Watchman::new(instance(2), began);
    watchman.see(&seen(2, &[(1, ACTIVE)]), began);
    assert_eq!((watchman.duty(), watchman.sign(false)), (&standby(1), Some(Sign::Standby)));
    let gone = began + Duration::from_secs(60);
    watchman.see(&seen(2, &[(1, None)]), gone);
    watchman.see(&seen(2, &[(1, None)]), gone + TAKEOVER - Duration::from_secs(1));
    assert_eq!(watchman.duty(), &standby(1));
    // It shows once more, so that the time begins anew.
    watchman.see(&seen(2, &[(1, ACTIVE)]), gone + TAKEOVER);
    watchman.see(&seen(2, &[(1, None)]), gone + TAKEOVER * 2);
    assert_eq!(watchman.duty(), &standby(1));
    assert_eq!(watchman.peer_done_at(), Some(gone + TAKEOVER));
    watchman.see(&seen(2, &[(1, None)]), gone + TAKEOVER * 3);
    assert_eq!((watchman.duty(), watchman.sign(false)), (&Duty::Active, Some(Sign::Active)));
    // Removed from the cluster, it is not waited for at all.
    let mut watchman = Watchman::new(instance(2), began);
    watchman.see(&seen(2, &[(1, ACTIVE)]), began);
    watchman.see(&seen(2, &[]), gone);
    assert_eq!(watchman.duty(), &Duty::Active);
}

#[test]
fn one_that_has_mails_left_is_active_but_not_done() {
    let now = Instant::now();
    let mut watchman = Watchman::new(instance(2), now);
    watchman.see(&seen(2, &[(1, ACTIVE)]), now);
    watchman.see(&seen(2, &[(1, BEHIND)]), now + TAKEOVER * 9);
    assert_eq!((watchman.duty(), watchman.peer_done_at()), (&standby(1), Some(now)));
    assert_eq!(at_a_glance(&instance(2), &seen(2, &[(1, BEHIND)])), standby(1));
    watchman.see(&seen(2, &[]), now + TAKEOVER * 9);
    assert_eq!((watchman.sign(true), watchman.sign(false)), (BEHIND, ACTIVE));
    let mut restarted = Watchman::new(instance(2), now);
    restarted.see(&Instances { own: BEHIND, ..seen(2, &[(1, None)]) }, now);
    assert_eq!(restarted.duty(), &Duty::Active);
    for sign in [Sign::Active, Sign::ActiveBehind, Sign::Standby] {
        assert_eq!(Sign::parse(sign.as_str()), Some(sign));
    }
}

#[test]
fn who_comes_back_stands_by_for_who_took_over() {
    let now = Instant::now();
    let mut first = Watchman::new(instance(1), now);
    first.see(&seen(1, &[(2, ACTIVE)]), now);
    assert_eq!(first.duty(), &standby(2));
    let mut second = Watchman::new(instance(2), now);
    second.see(&Instances { own: ACTIVE, ..seen(2, &[(1, STANDBY)]) }, now);
    assert_eq!(second.duty(), &Duty::Active, "a restart of the active one changes nothing");
    second.see(&seen(2, &[(1, STANDBY)]), now + TAKEOVER * 9);
    assert_eq!(second.duty(), &Duty::Active);
}

#[test]
fn of_two_that_are_active_the_one_on_the_leader_stays() {
    let now = Instant::now();
    for (number, other, expected) in
        [(2, 1, standby(1)), (1, 2, Duty::Active), (3, 2, standby(2)), (2, 3, Duty::Active)]
    {
        let mut watchman = Watchman::new(instance(number), now);
        watchman.see(&seen(number, &[]), now);
        watchman.see(&seen(number, &[(other, ACTIVE)]), now);
        assert_eq!(watchman.duty(), &expected, "{number} beside {other}");
    }
    // The leader has changed: the number alone does not decide.
    let mut watchman = Watchman::new(instance(2), now);
    watchman.see(&seen(2, &[]), now);
    watchman.see(&Instances { leader: Some(node(2)), ..seen(2, &[(1, ACTIVE)]) }, now);
    assert_eq!(watchman.duty(), &Duty::Active);
}

#[test]
fn at_a_start_of_all_the_first_in_line_mails_and_the_others_wait_for_it() {
    let now = Instant::now();
    let mut first = Watchman::new(instance(1), now);
    first.see(&seen(1, &[(2, None), (3, None)]), now);
    assert_eq!(first.duty(), &Duty::Active);
    let mut third = Watchman::new(instance(3), now);
    third.see(&seen(3, &[(1, None), (2, None)]), now);
    assert_eq!(third.duty(), &standby(1));
    // The second is alive and has the first claim.
    third.see(&seen(3, &[(1, None), (2, STANDBY)]), now + TAKEOVER);
    assert_eq!(third.duty(), &standby(2));
    third.see(&seen(3, &[(1, None), (2, STANDBY)]), now + TAKEOVER * 2);
    assert_eq!(third.duty(), &Duty::Active, "it does not make use of it");
}

#[test]
fn an_instance_without_recipients_is_not_waited_for_and_waits_for_nobody() {
    let now = Instant::now();
    let mut watchman = Watchman::new(Identity { can_mail: false, ..instance(1) }, now);
    watchman.see(&seen(1, &[(2, ACTIVE)]), now);
    assert_eq!((watchman.duty(), watchman.sign(false)), (&Duty::Active, None));
    let mut other = Watchman::new(instance(2), now);
    other.see(&seen(2, &[]), now);
    other.see(&seen(2, &[(1, None)]), now);
    assert_eq!(other.duty(), &Duty::Active, "one was installed beside it");
}

#[test]
fn a_copy_keeps_quiet_as_long_as_its_origin_mails() {
    let now = Instant::now();
    let origin = Some(Origin { module: module(1), uuid: "3792c7db".into() });
    let copy = Identity { origin, ..instance(2) };
    let beside =
        |uuid: Option<&str>| Instances { origin_uuid: uuid.map(str::to_owned), ..seen(2, &[(1, ACTIVE)]) };
    let mut watchman = Watchman::new(copy.clone(), now);
    watchman.see_nothing(now + TAKEOVER * 2 - Duration::from_secs(1));
    assert_eq!(watchman.duty(), &Duty::Starting, "it may be a copy of one that lives");
    // Nobody would say that the cluster can't be read.
    watchman.see_nothing(now + TAKEOVER * 2);
    assert_eq!(watchman.duty(), &Duty::Active);
    for seconds in [0, 86_400] {
        watchman.see(&beside(Some("3792c7db")), now + Duration::from_secs(seconds));
        let origin = Peer { instance: module(1), node: Some(node(1)) };
        assert_eq!((watchman.duty(), watchman.sign(false)), (&Duty::Copy(origin), None));
    }
    assert!(matches!(at_a_glance(&copy, &beside(Some("3792c7db"))), Duty::Copy(_)));
    // Moved, or restored in place of it: the origin is removed in the end.
    watchman.see(&seen(2, &[]), now);
    assert_eq!(watchman.duty(), &Duty::Active);
    // Another module has the origin's id in this cluster.
    let mut elsewhere = Watchman::new(copy, now);
    elsewhere.see(&beside(Some("another")), now);
    assert_eq!(elsewhere.duty(), &standby(1));
    // Restored in another cluster, it may have its origin's id itself.
    let own = Some(Origin { module: module(2), uuid: "3792c7db".into() });
    let mut restored = Watchman::new(Identity { origin: own, ..instance(2) }, now);
    restored.see(&Instances { origin_uuid: Some("3792c7db".into()), ..seen(2, &[]) }, now);
    assert_eq!(restored.duty(), &Duty::Active);
}

#[test]
fn a_copy_takes_the_place_of_an_origin_that_is_gone_but_still_installed() {
    let began = Instant::now();
    let origin = Some(Origin { module: module(1), uuid: "3792c7db".into() });
    let copy = Identity { origin, ..instance(2) };
    let beside = |others: &[(u32, Option<Sign>)]| Instances {
        origin_uuid: Some("3792c7db".into()),
        ..seen(2, others)
    };
    let dead = beside(&[(1, None), (3, STANDBY)]);
    let origin = Peer { instance: module(1), node: Some(node(1)) };
    let (quiet, mails) = (Duty::Copy(origin.clone()), Duty::InPlaceOf(origin));
    let mut watchman = Watchman::new(copy.clone(), began);
    watchman.see(&dead, began);
    watchman.see(&dead, began + TAKEOVER * 2 - Duration::from_secs(1));
    assert_eq!(watchman.duty(), &quiet, "who stands by goes first");
    let taken = began + TAKEOVER * 2;
    watchman.see(&dead, taken);
    assert_eq!((watchman.duty(), watchman.sign(false)), (&mails, Some(Sign::Active)));
    watchman.see(&beside(&[(1, STANDBY)]), taken);
    assert_eq!(watchman.duty(), &mails, "who is active stays it");
    // A restart changes nothing, and another process sees it too.
    let after_restart = Instances { own: ACTIVE, ..dead.clone() };
    let mut restarted = Watchman::new(copy.clone(), taken);
    restarted.see(&after_restart, taken);
    assert_eq!(restarted.duty(), &mails);
    assert_eq!(at_a_glance(&copy, &after_restart), mails);
    // Any other one has precedence, even after it in line.
    watchman.see(&beside(&[(1, None), (3, ACTIVE)]), taken);
    assert_eq!((watchman.duty(), watchman.sign(false)), (&quiet, None));
    watchman.see(&dead, taken);
    assert_eq!(watchman.duty(), &quiet, "the time begins anew");
    // Having mailed without Redis is no claim: the origin may be about to show itself.
    let mut blind = Watchman::new(copy.clone(), began);
    blind.see_nothing(taken);
    blind.see(&dead, taken);
    assert_eq!(blind.duty(), &quiet);
    // Without recipients it takes nobody's place.
    let mut mute = Watchman::new(Identity { can_mail: false, ..copy }, began);
    mute.see(&dead, began);
    mute.see(&dead, taken);
    assert_eq!(mute.duty(), &quiet);
}

#[test]
fn without_redis_it_goes_on_as_before_and_after_a_while_mails() {
    let now = Instant::now();
    let mut watchman = Watchman::new(instance(1), now);
    watchman.see_nothing(now);
    assert_eq!(watchman.duty(), &Duty::Starting);
    watchman.see_nothing(now + TAKEOVER);
    assert_eq!(watchman.duty(), &Duty::Active);
    let mut watchman = Watchman::new(instance(2), now);
    watchman.see(&seen(2, &[(1, ACTIVE)]), now);
    watchman.see_nothing(now + TAKEOVER * 9);
    assert_eq!(watchman.duty(), &standby(1));
}

#[test]
fn another_process_tells_the_duty_from_the_signs() {
    let identity = instance(2);
    assert_eq!(at_a_glance(&identity, &seen(2, &[(1, ACTIVE)])), standby(1));
    assert_eq!(at_a_glance(&identity, &Instances { own: ACTIVE, ..seen(2, &[(1, ACTIVE)]) }), Duty::Active);
    assert_eq!(at_a_glance(&identity, &seen(2, &[(1, STANDBY)])), Duty::Active);
}
