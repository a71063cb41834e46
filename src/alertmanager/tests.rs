// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::{
    keep::{MAX_ALERTS, MAX_TEXT},
    *,
};
use crate::{
    alert::{Alert, Source},
    ids::{NodeId, PlanId},
};

fn names() -> AlertNames {
    ["NsBackupFailed", "NsBackupMissing", "BackupFailed", "backup_failed", "backup_missing"]
        .into_iter()
        .collect()
}

fn parse(body: &str) -> Intake {
    parse_webhook(body.as_bytes(), &names()).unwrap()
}

fn fixture(name: &str) -> Intake {
    let path = format!("{}/tests/fixtures/alertmanager/{name}", env!("CARGO_MANIFEST_DIR"));
    parse(&std::fs::read_to_string(path).unwrap())
}

#[test]
fn ns8s_own_alert_names_its_plan_with_the_label_id() {
    let intake = fixture("webhook-ns8-backupfailed.json");
    assert_eq!(intake.ignored, 0);
    let [first, second] = &intake.accepted[..] else { panic!("{intake:?}") };
    assert_eq!(
        *first,
        Alert {
            name: "BackupFailed".into(),
            plan: Some(PlanId::new("1").unwrap()),
            plan_name: Some("Nightly S3".into()),
            node: Some(NodeId::new("1").unwrap()),
            summary: Some("Backup job Nightly S3 (ID: 1) has failed.".into()),
            summary_it: Some("Backup Nightly S3 (ID: 1) fallito.".into()),
            starts_at: Some("2026-11-22T13:05:12.324619882Z".parse().unwrap()),
            fingerprint: Some("556cb799a73e1c32".into()),
            source: Source::Webhook,
            run: None,
        }
    );
    assert_eq!(second.plan, Some(PlanId::new("2").unwrap()));
}

#[test]
fn a_custom_rule_names_its_plan_with_the_label_backup_id() {
    let intake = fixture("webhook-custom-rule.json");
    assert_eq!(intake.accepted[0].plan, Some(PlanId::new("1").unwrap()));
    assert_eq!(intake.accepted[0].summary.as_deref(), Some("Backup plan 1 failed"));
    assert!(!intake.accepted[0].is_about_missing());
}

#[test]
fn backup_id_goes_before_id() {
    let intake = parse(
        r#"{"alerts":[{"status":"firing","labels":{"alertname":"BackupFailed","id":"7","backup_id":"1"}}]}"#,
    );
    assert_eq!(intake.accepted[0].plan, Some(PlanId::new("1").unwrap()));
}

#[test]
fn resolved_and_unrelated_alerts_are_ignored() {
    let intake = fixture("webhook-ns8-one-firing-one-resolved.json");
    assert_eq!((intake.accepted.len(), intake.ignored), (1, 1));
    let intake = fixture("webhook-ns8-unrelated.json");
    assert_eq!((intake.accepted.len(), intake.ignored), (0, 1));
}

#[test]
fn what_is_not_a_json_object_is_refused_with_a_reason_that_does_not_quote_it() {
    for body in ["", "hello secret", "[]", "3", "\"firing\"", "null", r#"{"alerts":["#, "{} {}"] {
        let error = parse_webhook(body.as_bytes(), &names()).unwrap_err().to_string();
        assert!(error.starts_with("the body is not an Alertmanager webhook"), "{error}");
        assert!(!error.contains("secret"), "{error}");
    }
    assert!(parse_webhook(b"{\"status\":\xff}", &names()).is_err());
}

#[test]
fn nothing_unexpected_loses_a_page() {
    let good = json!({"status": "firing", "labels": {"alertname": "BackupFailed", "id": "1"}});
    let odd_bodies = [
        json!({}),
        json!({"alerts": null}),
        json!({"alerts": 5}),
        json!({"alerts": {"a": 1}}),
        json!({"alerts": [1, "x", null, [], {}]}),
        json!({"alerts": [{"status": "firing"}, {"labels": []}, {"labels": {"alertname": ["x"]}}]}),
    ];
    for body in odd_bodies {
        let intake = parse(&body.to_string());
        assert!(intake.accepted.is_empty(), "{body}");
    }
    let around_a_good_one = [
        json!({"alerts": [good], "version": 5, "truncatedAlerts": "many", "new": {"deep": [{}]}}),
        json!({"alerts": [3, good, null], "status": 7, "groupLabels": []}),
        json!({"alerts": [{"status": "firing", "annotations": 3, "startsAt": 5, "fingerprint": {}, "endsAt": [],
                           "labels": {"alertname": "BackupFailed", "id": 1, "severity": ["x"], "node": null}}]}),
        json!({"status": "firing", "alerts": [{"labels": {"alertname": "BackupFailed", "id": "1"}}]}),
    ];
    for body in around_a_good_one {
        let intake = parse(&body.to_string());
        assert_eq!(intake.accepted.len(), 1, "{body}");
        assert_eq!(intake.accepted[0].plan, Some(PlanId::new("1").unwrap()), "{body}");
    }
}

#[test]
fn a_field_given_twice_is_no_error() {
    let intake = parse(
        r#"{"alerts":[],"alerts":[{"status":"firing","status":"firing","labels":{"alertname":"x","alertname":"BackupFailed"}}]}"#,
    );
    assert_eq!(intake.accepted.len(), 1);
}

#[test]
fn a_plan_label_that_can_not_be_an_id_names_no_plan() {
    let intake = parse(
        r#"{"alerts":[{"status":"firing","labels":{"alertname":"BackupFailed","backup_id":"1; reboot"}}]}"#,
    );
    assert_eq!(intake.accepted[0].plan, None);
}

#[test]
fn texts_from_outside_are_cut_and_lose_their_control_characters() {
    let name = format!("a\r\nBcc: x@example.org{}", "é".repeat(400));
    let body =
        json!({"alerts": [{"status": "firing", "labels": {"alertname": "BackupFailed", "name": name}}]});
    let kept = parse(&body.to_string()).accepted[0].plan_name.clone().unwrap();
    assert!(kept.starts_with("a  Bcc: x@example.org"));
    assert_eq!(kept.chars().count(), MAX_TEXT + 1);
    assert!(kept.ends_with('…'));
}

#[test]
fn an_alert_without_a_fingerprint_is_told_apart_by_name_plan_and_node() {
    let alert = |id: &str, node: &str| {
        let labels = json!({"alertname": "BackupFailed", "id": id, "node": node});
        let body = json!({"alerts": [{"status": "firing", "labels": labels}]});
        parse(&body.to_string()).accepted.remove(0).identity()
    };
    assert_eq!(alert("1", "1"), alert("1", "1"));
    assert_ne!(alert("1", "1"), alert("1", "2"));
    assert_ne!(alert("1", "1"), alert("2", "1"));
}

fn any_json() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<f64>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        "firing|resolved|BackupFailed|1|.{0,8}".prop_map(Value::from),
    ];
    let key = "status|alerts|labels|alertname|backup_id|id|node|annotations|startsAt|fingerprint|.{0,6}";
    leaf.prop_recursive(5, 64, 6, move |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            prop::collection::vec((key, inner), 0..6)
                .prop_map(|fields| Value::Object(fields.into_iter().collect())),
        ]
    })
}

proptest! {
    /// Whatever object is posted, it is accepted, and every alert in it is counted.
    #[test]
    fn every_json_object_is_taken_and_every_alert_counted(fields in prop::collection::vec((".{0,6}", any_json()), 0..4), alerts in any_json()) {
        let mut body: serde_json::Map<String, Value> = fields.into_iter().collect();
        body.insert("alerts".into(), alerts.clone());
        let intake = parse(&Value::Object(body).to_string());
        let posted = alerts.as_array().map_or(0, Vec::len);
        prop_assert_eq!(intake.accepted.len() + intake.ignored, posted);
        for alert in intake.accepted {
            prop_assert!(names().contains(&alert.name));
        }
    }

    /// Whatever bytes are posted, the parser answers.
    #[test]
    fn no_bytes_make_it_panic(body in prop::collection::vec(any::<u8>(), 0..200)) {
        let _ = parse_webhook(&body, &names());
    }
}

fn parse_api(body: &[u8]) -> Result<Vec<Alert>, Malformed> {
    let names = names();
    let mut list = List::new(&names);
    list.feed(body)?;
    list.finish()
}

#[test]
fn the_api_brings_what_the_webhook_would_bring() {
    let names = names();
    let body = include_bytes!("../../tests/fixtures/alertmanager/api-v2-alerts.json");
    let polled = parse_api(body).unwrap();
    let webhook = include_bytes!("../../tests/fixtures/alertmanager/webhook-ns8-backupfailed.json");
    let posted = parse_webhook(webhook, &names).unwrap().accepted;
    let [polled] = &polled[..] else { panic!("{polled:?}") };
    // The times differ in their precision.
    let starts_at = posted[0].starts_at;
    assert_eq!(*polled, Alert { source: Source::Poll, starts_at: polled.starts_at, ..posted[0].clone() });
    assert_eq!(polled.starts_at.map(Timestamp::as_millisecond), starts_at.map(Timestamp::as_millisecond));
}

#[test]
fn a_silenced_or_inhibited_alert_is_not_taken_from_the_api() {
    let alert =
        |status: &str| format!(r#"{{"status":{status},"labels":{{"alertname":"BackupFailed","id":"1"}}}}"#);
    let body = format!(
        "[{},{},{},{},7,null]",
        alert(r#"{"state":"active","silencedBy":[]}"#),
        alert(r#"{"state":"suppressed","silencedBy":["x"]}"#),
        alert(r#"{"state":"unprocessed"}"#),
        alert("\"firing\""),
    );
    assert_eq!(parse_api(body.as_bytes()).unwrap().len(), 1);
    for body in ["", "{}", "null", "[", "7"] {
        assert!(parse_api(body.as_bytes()).is_err(), "{body}");
    }
}

const BACKUP: &str = r#"{"status":"firing","labels":{"alertname":"BackupFailed","id":"1"}}"#;

#[test]
fn an_annotation_that_can_not_be_read_does_not_cost_its_alert() {
    for summary in [&b"\\ud800 lone"[..], b"\\udc00\\ud83d", b"\xff\xfe", b"\xe2\x82"] {
        let mut body = br#"{"alerts":[{"status":"firing","labels":{"alertname":"BackupFailed","id":"1"},"annotations":{"summary":""#.to_vec();
        body.extend_from_slice(summary);
        body.extend_from_slice(br#""}}],"commonAnnotations":{"summary":""#);
        body.extend_from_slice(summary);
        body.extend_from_slice(br#""}}"#);
        let accepted = parse_webhook(&body, &names()).unwrap().accepted;
        assert_eq!(accepted[0].plan, Some(PlanId::new("1").unwrap()));
        assert!(accepted[0].summary.as_ref().unwrap().contains('\u{fffd}'));
    }
}

#[test]
fn the_groups_status_counts_wherever_it_stands() {
    let alert = r#"{"labels":{"alertname":"BackupFailed","id":"1"}}"#;
    for (status, accepted) in [("firing", 1), ("resolved", 0)] {
        for body in [
            format!(r#"{{"status":"{status}","alerts":[{alert}]}}"#),
            format!(r#"{{"alerts":[{alert}],"status":"{status}"}}"#),
            format!(r#"{{"\u0061lerts":[{alert}],"status":"{status}"}}"#),
        ] {
            let intake = parse(&body);
            assert_eq!((intake.accepted.len(), intake.ignored), (accepted, 1 - accepted), "{body}");
        }
    }
}

#[test]
fn alerts_that_were_left_out_may_be_about_any_plan() {
    let group = r#""groupLabels":{"alertname":"BackupFailed"}"#;
    let accepted = [
        (format!(r#"{{"status":"firing","truncatedAlerts":2,"alerts":[{BACKUP}],{group}}}"#), 2),
        (format!(r#"{{{group},"alerts":[{BACKUP}],"truncatedAlerts":1}}"#), 2),
        (r#"{"status":"firing","alerts":[],"truncatedAlerts":1}"#.to_owned(), 1),
        (format!(r#"{{"status":"firing","truncatedAlerts":0,"alerts":[{BACKUP}],{group}}}"#), 1),
        (format!(r#"{{"status":"firing","truncatedAlerts":-1,"alerts":[{BACKUP}],{group}}}"#), 1),
        (format!(r#"{{"status":"resolved","truncatedAlerts":2,"alerts":[],{group}}}"#), 0),
        (
            r#"{"status":"firing","alerts":[],"truncatedAlerts":9,"groupLabels":{"alertname":"DiskFull"}}"#
                .to_owned(),
            0,
        ),
    ];
    for (body, expected) in accepted {
        let intake = parse(&body);
        assert_eq!(intake.accepted.len(), expected, "{body}");
        let without_plan = intake.accepted.iter().filter(|alert| alert.plan.is_none()).count();
        assert_eq!(without_plan, usize::from(intake.truncated), "{body}");
    }
}

#[test]
fn a_storm_does_not_hide_the_alert_that_counts() {
    let noise = r#"{"status":"firing","labels":{"alertname":"DiskFull"},"annotations":{"x":"[{\\\"]}"}},"#;
    let body = format!(r#"{{"alerts":[{}{BACKUP}]}}"#, noise.repeat(20_000));
    let names = names();
    let (mut webhook, mut most) = (Webhook::new(&names), 0);
    for chunk in body.as_bytes().chunks(16 * 1024) {
        webhook.feed(chunk).unwrap();
        most = most.max(webhook.memory());
    }
    let intake = webhook.finish().unwrap();
    assert_eq!((intake.accepted.len(), intake.ignored), (1, 20_000));
    assert!(most < 4096, "{most} bytes were held of {}", body.len());
}

#[test]
fn alerts_are_kept_up_to_a_bound_and_the_others_looked_for_in_all_plans() {
    let alerts = vec![BACKUP; MAX_ALERTS + 7].join(",");
    let intake = parse(&format!(r#"{{"alerts":[{alerts}]}}"#));
    assert_eq!((intake.accepted.len(), intake.beyond, intake.ignored), (MAX_ALERTS + 1, 7, 0));
    assert_eq!(intake.accepted.last().unwrap().plan, None);
    let active = alerts.replace(r#""firing""#, r#"{"state":"active"}"#);
    let polled = parse_api(format!("[{active}]").as_bytes()).unwrap();
    assert_eq!(polled.len(), MAX_ALERTS + 1);
    assert_eq!(polled.last().unwrap().plan, None);
}

#[test]
fn an_alert_that_is_too_long_counts_by_what_it_begins_with() {
    let long = "x".repeat(100_000);
    let alert = |name: &str| {
        format!(
            r#"{{"status":"firing","labels":{{"alertname":"{name}","id":"1"}},"annotations":{{"summary":"{long}"}}}}"#
        )
    };
    let intake =
        parse(&format!(r#"{{"alerts":[{},{},{BACKUP}]}}"#, alert("BackupFailed"), alert("DiskFull")));
    assert_eq!((intake.accepted.len(), intake.ignored, intake.too_long), (2, 1, 1));
}

proptest! {
    /// It does not matter how the network cuts a webhook.
    #[test]
    fn a_webhook_may_arrive_in_any_pieces(alerts in any_json(), status in any_json(), cuts in prop::collection::vec(1_usize..40, 1..20)) {
        let body = serde_json::to_string(&json!({"alerts": alerts, "status": status, "truncatedAlerts": 1})).unwrap();
        let names = names();
        let whole = parse(&body);
        let mut webhook = Webhook::new(&names);
        let (mut rest, mut cuts) = (body.as_bytes(), cuts.into_iter().cycle());
        while !rest.is_empty() {
            let (piece, after) = rest.split_at(cuts.next().unwrap().min(rest.len()));
            webhook.feed(piece).unwrap();
            rest = after;
        }
        prop_assert_eq!(webhook.finish().unwrap(), whole);
    }
}
