#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""list-reports, get-report, resend-report, list-gaps, list-restore-points, get-monitor-status, send-test-mail and check-environment."""

import json
import urllib.request

import pytest
from agent_steps import run_action
from conftest import wait_ready
from support import SOURCE, wait_for


def post_alert(node, plan="1", name="Nightly S3"):
    labels = {"alertname": "BackupFailed", "id": plan, "name": name, "node": "1", "severity": "critical"}
    alert = {"status": "firing", "labels": labels, "annotations": {}, "startsAt": "2026-01-01T00:00:00Z"}
    body = json.dumps({"version": "4", "status": "firing", "alerts": [alert | {"fingerprint": plan}]}).encode()
    headers = {"Content-Type": "application/json", "Authorization": f"Bearer {node.token}"}
    request = urllib.request.Request(f"{node.url}/alert", body, headers)
    with urllib.request.urlopen(request, timeout=20) as response:
        return json.load(response)


@pytest.fixture
def mailing_node(node, mailbox, settings):
    """A node that sends mail, with two reports in its journal."""
    node.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    quick = settings | {"mail_language": "en", "settle_seconds": 0}
    assert node.run_action("configure-module", quick)["status"] == "completed"
    wait_ready(node)
    for count, (plan, name) in enumerate({"1": "Nightly S3", "2": "Hourly"}.items(), 1):
        assert post_alert(node, plan, name)["accepted"] == 1
        wait_for(f"report {count}", lambda count=count: len(reports(node)) >= count)
    return node


def reports(node, **query):
    result = node.run_action("list-reports", query)
    assert result["status"] == "completed", result
    return result["output"]["reports"]


def test_reports_are_listed_newest_first(mailing_node):
    listed = reports(mailing_node)
    ids = [report["id"] for report in listed]
    assert ids == sorted(ids, reverse=True)
    assert [report["id"] for report in reports(mailing_node, limit=1)] == ids[:1]
    assert [report["id"] for report in reports(mailing_node, before=ids[0])] == ids[1:]
    first = [report for report in listed if report["plans"][0]["id"] == "1"]
    assert reports(mailing_node, plan="1") == first
    assert {report["outcome"] for report in reports(mailing_node, outcome="PARTIAL")} <= {"PARTIAL"}
    assert reports(mailing_node, application="nobody7") == []


def test_a_report_is_read_whole(mailing_node):
    newest = reports(mailing_node)[0]
    result = mailing_node.run_action("get-report", {"id": newest["id"]})
    assert result["status"] == "completed", result
    report = result["output"]
    assert report["outcome"] == newest["outcome"]
    assert report["mail"]["subject"] == newest["subject"]
    assert (
        "nextcloud1"
        in mailing_node.run_action("get-report", {"id": reports(mailing_node, plan="1")[0]["id"]})["output"]["mail"][
            "text"
        ]
    )


def example(action):
    schema = SOURCE / "imageroot/actions" / action / "validate-output.json"
    return json.loads(schema.read_text(encoding="utf-8"))["examples"][0]


def test_the_examples_show_every_field_that_the_service_returns(mailing_node):
    listed = reports(mailing_node)
    real = mailing_node.run_action("get-report", {"id": listed[0]["id"]})["output"]
    assert set(real) <= set(example("get-report"))
    assert set(real["correlation"]) <= set(example("get-report")["correlation"])
    assert set(listed[0]) <= set(example("list-reports")["reports"][0])
    real = mailing_node.run_action("get-monitor-status", {})["output"]
    shown = example("get-monitor-status")
    assert set(real["status"]) <= set(shown["status"])
    assert set(real["plans"][0]) <= set(shown["plans"][0])
    assert set(real["plans"][0]["applications"][0]) <= set(shown["plans"][0]["applications"][0])


def test_gaps_are_listed_and_counted(node, settings):
    """An application that holds data and that no plan has."""
    node.redis.hset("cluster/module_node", "dokuwiki1", "1")
    # Restarts the service, which looks at once.
    assert node.run_action("configure-module", settings)["status"] == "completed"
    wait_ready(node)

    def gaps():
        result = node.run_action("list-gaps", {})
        assert result["status"] == "completed", result
        return [gap for gap in result["output"]["gaps"] if gap["application"] == "dokuwiki1"]

    gap = wait_for("the gap", gaps)[0]
    assert (gap["kind"], gap["node"], gap["plan"], gap["reported_at"]) == ("no-plan", "1", None, None)
    assert set(gap) <= {key for shown in example("list-gaps")["gaps"] for key in shown}
    assert "no-plan" in node.run_action("get-monitor-status", {})["output"]["gaps"]


def test_what_can_be_restored_is_listed(node):
    """Planned applications whose repositories nobody has read yet."""
    result = node.run_action("list-restore-points", {})
    assert result["status"] == "completed", result
    answer = result["output"]
    assert set(answer) <= set(example("list-restore-points"))
    for point in answer["restore_points"]:
        assert set(point) == set(example("list-restore-points")["restore_points"][0])
        assert (point["newest_snapshot"], point["recovery_point"]["seconds"]) == (None, None)


def test_a_mail_is_sent_once_more(mailing_node, mailbox):
    wait_for("both mails", lambda: len(mailbox.mails) == 2)
    newest = reports(mailing_node)[0]
    wait_for("delivery", lambda: reports(mailing_node)[0]["delivery"]["state"] == "sent")
    result = mailing_node.run_action("resend-report", {"id": newest["id"]})
    assert (result["status"], result["output"]) == ("completed", {"queued": True})
    wait_for("the third mail", lambda: len(mailbox.mails) == 3)


def test_a_report_is_sent_again_only_so_often(mailing_node):
    def delivery():
        return reports(mailing_node)[0]["delivery"]["state"]

    number = reports(mailing_node)[0]["id"]
    for _ in range(10):
        wait_for("delivery", lambda: delivery() == "sent")
        assert mailing_node.run_action("resend-report", {"id": number})["status"] == "completed"
    wait_for("delivery", lambda: delivery() == "sent")
    result = mailing_node.run_action("resend-report", {"id": number})
    assert result["status"] == "validation-failed"
    assert result["errors"] == [{"field": "id", "parameter": "id", "value": number, "error": "sent_too_often"}]


def test_what_does_not_exist_is_refused_by_name(mailing_node):
    for action in ("get-report", "resend-report"):
        result = mailing_node.run_action(action, {"id": 4711})
        assert result["status"] == "validation-failed"
        refusal = {"field": "id", "parameter": "id", "value": 4711, "error": "report_not_found"}
        assert result["errors"] == [refusal]


WRONG = [
    ("get-report", {"id": 0}, "id"),
    ("get-report", {"id": "1"}, "id"),
    ("get-report", {"id": 1.5}, "id"),
    ("get-report", {}, "(root)"),
    ("resend-report", {"id": -3}, "id"),
    ("resend-report", {"id": None}, "id"),
    ("list-reports", {"limit": 0}, "limit"),
    ("list-reports", {"limit": 101}, "limit"),
    ("list-reports", {"before": "x"}, "before"),
    ("list-reports", {"plan": 1}, "plan"),
    ("list-reports", {"outcome": "GREAT"}, "outcome"),
    ("list-reports", {"application": ""}, "application"),
    ("list-reports", {"page": 2}, "(root)"),
    ("send-test-mail", {"address": "nonsense"}, "address"),
    ("send-test-mail", {"address": "--help"}, "address"),
    ("send-test-mail", {"address": 1}, "address"),
    ("send-test-mail", {"to": "a@example.org"}, "(root)"),
    ("check-environment", [], "(root)"),
    ("get-monitor-status", "x", "(root)"),
    ("get-configuration", 5, "(root)"),
    ("list-gaps", [], "(root)"),
    ("list-restore-points", "x", "(root)"),
]


def test_wrong_input_is_refused_by_name_and_touches_nothing(node):
    files = {path: path.read_bytes() for path in node.state.iterdir() if path.is_file()}
    pid = (node.root / "stand-in/containers/backup-monitor/pid").read_text()
    for action, data, field in WRONG:
        result = node.run_action(action, data)
        assert result["status"] == "validation-failed", (action, data, result)
        assert field in [error["parameter"] for error in result["errors"]], (action, data, result)
    assert {path: path.read_bytes() for path in node.state.iterdir() if path.is_file()} == files
    assert (node.root / "stand-in/containers/backup-monitor/pid").read_text() == pid
    wait_ready(node)


def test_reports_of_a_service_that_is_down_fail_with_the_reason(node):
    node.command("systemctl", "--user", "stop", "backup-monitor")
    for action, data in (
        ("list-reports", {}),
        ("list-gaps", {}),
        ("list-restore-points", None),
        ("get-report", {"id": 1}),
        ("resend-report", {"id": 1}),
    ):
        result = run_action(node.module_dir, action, data)
        assert (result["status"], result["exit_code"]) == ("aborted", 1)
        assert "the backup monitor is not responding" in result["stderr"]


def test_the_status_of_a_service_that_is_down_is_returned(node):
    node.command("systemctl", "--user", "stop", "backup-monitor")
    result = node.run_action("get-monitor-status", None)
    assert result["status"] == "completed"
    status = result["output"]
    assert (status["reachable"], status["status"], status["plans"]) == (False, None, [])
    assert "is not responding" in status["error"]


def test_the_status_has_health_jobs_reports_and_plans(mailing_node):
    status = mailing_node.run_action("get-monitor-status", {})["output"]
    assert status["reachable"] and status["error"] is None
    assert {check["name"] for check in status["status"]["checks"]} >= {"journal", "redis", "gateway", "mail"}
    assert len(status["status"]["reports"]) == 2
    plans = {plan["id"]: plan for plan in status["plans"]}
    assert set(plans) == {"1", "2"}
    assert {application["id"] for application in plans["1"]["applications"]} == {"mail1", "nextcloud1", "samba1"}
    assert status["plans_as_of"]


def test_the_status_has_the_plans_that_the_cluster_has_now(mailing_node):
    node = mailing_node
    node.redis.delete("cluster/backup/2")
    plan = {"name": "Weekly", "schedule": "Sun *-*-* 03:00:00", "instances": "samba1", "enabled": "1"}
    node.redis.hset("cluster/backup/3", mapping=plan)
    node.redis.publish("node/1/event/backup-status-changed", "{}")

    def plans():
        return {plan["id"]: plan for plan in node.run_action("get-monitor-status", {})["output"]["plans"]}

    found = wait_for("plan 3 in place of plan 2", lambda: (now := plans()) and set(now) == {"1", "3"} and now)
    assert (found["3"]["runs"], found["3"]["applications"][0]["state"]) == ([], None)
    assert [report["plans"][0]["id"] for report in reports(node, plan="2")] == ["2"]


def accepted(*recipients):
    results = [{"channel": "mail", "recipient": recipient, "accepted": True, "error": None} for recipient in recipients]
    return {"sent": True, "error": None, "results": results}


def test_a_test_mail_goes_to_all_or_to_one(mailing_node, mailbox):
    wait_for("both mails", lambda: len(mailbox.mails) == 2)
    everybody = ["admin@example.org", "backup@example.org"]
    assert mailing_node.run_action("send-test-mail", {})["output"] == accepted(*everybody)
    assert mailbox.mails[-1].rcpt_tos == everybody
    result = mailing_node.run_action("send-test-mail", {"address": "one@example.org"})
    assert result["output"] == accepted("one@example.org")
    assert mailbox.mails[-1].rcpt_tos == ["one@example.org"]


def test_the_error_of_a_test_mail_is_returned(node, mailbox):
    answer = node.run_action("send-test-mail", {})["output"]
    assert answer["sent"] is False and "SMTP_ENABLED" in answer["error"]
    assert answer["results"] == []
    node.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    assert node.run_event("smarthost-changed", {})["exit_code"] == 0
    answer = node.run_action("send-test-mail", {"address": "refused@example.org"})["output"]
    assert answer["sent"] is False and "nobody of this name" in answer["error"]
    (result,) = answer["results"]
    assert (result["channel"], result["recipient"], result["accepted"]) == ("mail", "refused@example.org", False)
    assert mailbox.mails == []


def checks(answer):
    return {check["name"]: check["state"] for check in answer["checks"]}


def test_the_environment_is_checked_also_where_the_service_is_down(node):
    result = node.run_action("check-environment", {})
    assert result["status"] == "completed", result
    assert result["output"]["ok"] is False  # no gateway here
    assert checks(result["output"]).items() >= {"redis": "ok", "gateway": "failed", "mail": "failed"}.items()
    node.command("systemctl", "--user", "stop", "backup-monitor")
    result = node.run_action("check-environment", {})
    assert checks(result["output"]).items() >= {"redis": "ok", "gateway": "failed"}.items()


def test_the_check_reports_invalid_settings(node):
    """Somebody edited the environment by hand: the service does not start, and the check says why."""
    with (node.state / "environment").open("a") as environment:
        environment.write("LOG_FORMAT=xml\n")
    node.command("systemctl", "--user", "restart", "backup-monitor", check=False)
    is_active = ("systemctl", "--user", "is-active", "backup-monitor")
    wait_for("its end", lambda: node.command(*is_active, check=False).returncode)
    answer = node.run_action("check-environment", {})["output"]
    assert answer["ok"] is False
    assert checks(answer) == {"configuration": "failed"}
    assert "LOG_FORMAT" in answer["checks"][0]["reason"]
