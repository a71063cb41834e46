// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use jiff::Timestamp;
use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;

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
    assert!(parse_webhook(b"{\"status\":\"\xff\"}", &names()).is_err());
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

#[test]
fn the_api_brings_what_the_webhook_would_bring() {
    let names = names();
    let body = include_bytes!("../../tests/fixtures/alertmanager/api-v2-alerts.json");
    let polled = parse_api(body, &names).unwrap();
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
    assert_eq!(parse_api(body.as_bytes(), &names()).unwrap().len(), 1);
    for body in ["", "{}", "null", "[", "7"] {
        assert!(parse_api(body.as_bytes(), &names()).is_err(), "{body}");
    }
}
