#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""configure-module and get-configuration."""

import json
import os
import stat

import pytest
from conftest import wait_ready
from support import read_env

START = "stand-in/units/backup-monitor.service/starts"


def service_environment(node):
    return json.loads((node.root / "stand-in/containers/backup-monitor/env").read_text())


# What get-configuration adds to the settings.
ADDED = ("configured", "smarthost", "plans", "cluster_admin_url_found", "metrics_mail", "webhook_token_set")


def read_back(node):
    """The settings alone."""
    configuration = node.run_action("get-configuration", {})["output"]
    return {key: value for key, value in configuration.items() if key not in ADDED}


MUTED = [{"id": "1", "until": "2026-12-24"}, {"id": "mail1", "until": "2026-12-31"}]


def test_what_is_configured_is_read_back_and_reaches_the_service(node, settings):
    settings |= {"after_failures": 3, "muted": MUTED, "summary": "daily", "coverage_grace_seconds": 0}
    settings |= {"repo_check_total_seconds": 60, "cluster_admin_url": "https://admin.example.org/cluster-admin/"}
    result = node.run_action("configure-module", settings)
    assert (result["status"], result["output"]) == ("completed", None), result
    configuration = node.run_action("get-configuration", {})["output"]
    assert configuration["smarthost"] == {"enabled": False, "host": ""}
    assert configuration["configured"] is True
    assert configuration["plans"] == [{"id": "1", "name": "Nightly S3"}, {"id": "2", "name": "Hourly"}]
    assert read_back(node) == settings | {
        "recipients": [],
        "heartbeat_url": "",
        "heartbeat_fail_url": "",
        "heartbeat_seconds": 600,
        "webhook_url": "",
    }

    wait_ready(node)
    environment = service_environment(node)
    expected = {
        "MAIL_TO": "admin@example.org,backup@example.org",
        "MAIL_FROM": "monitor@example.org",
        "MAIL_LANGUAGE": "it",
        "NOTIFY_ON": "always",
        "CORRELATOR_WAIT_SECONDS": "0",
        "CORRELATOR_SETTLE_SECONDS": "600",
        "NOTIFY_REPEAT_SECONDS": "3600",
        "NOTIFY_AFTER_FAILURES": "3",
        "NOTIFY_MUTED": "1=2026-12-24,mail1=2026-12-31",
        "SUMMARY": "daily",
        "COVERAGE_GRACE_SECONDS": "0",
        "HEARTBEAT_SECONDS": "600",
        "REPO_CHECK_TOTAL_SECONDS": "60",
        "CLUSTER_ADMIN_URL": "https://admin.example.org/cluster-admin/",
        "RECEIVER_PORT": str(node.port),
    }
    assert {key: environment[key] for key in expected} == expected
    assert "WATCH_MISSING_GRACE_SECONDS" not in environment
    assert not any(key.startswith("REPO_CHECK_API_URL") for key in environment)
    assert "REPO_CHECK_API_PASSWORD" not in read_env(node.state / "cluster.env")


def test_without_a_sender_it_writes_in_the_name_of_the_node(node, settings):
    node.run_action("configure-module", settings | {"mail_from": ""})
    assert node.run_action("get-configuration", {})["output"]["mail_from"] == ""
    assert service_environment(node)["MAIL_FROM"].startswith("backup-monitor@")


LIMITS = [
    {"wait_seconds": 0, "settle_seconds": 0, "repeat_seconds": 0, "missing_grace_seconds": 0, "mail_to": []},
    {"wait_seconds": 3600, "settle_seconds": 86400, "repeat_seconds": 2678400, "missing_grace_seconds": 604800},
    {"after_failures": 1, "muted": []},
    {"after_failures": 100, "muted": [{"id": "nextcloud1", "until": "2000-02-29"}]},
    {"mail_to": ["o'brien+x@sub.example.org", "root@localhost", "A.b_c~d!#$%&*=?^{|}@x-1.example"]},
    {"mail_to": ["admin@bücher.example", "jürgen@example.org", "用户@例え.テスト"]},
    {"summary": "off", "coverage_grace_seconds": 2678400, "heartbeat_seconds": 10, "repo_check_total_seconds": 1},
    {"heartbeat_seconds": 86400, "repo_check_total_seconds": 3600, "cluster_admin_url": ""},
    {"heartbeat_url": "https://hc-ping.com/7f3c?rid=1", "heartbeat_fail_url": "http://[fd00::1]:8000/fail"},
    {"webhook_url": "http://10.5.4.1/hook#x"},
]


@pytest.mark.parametrize("change", LIMITS)
def test_whatever_is_accepted_suits_the_service(node, settings, change):
    assert node.run_action("configure-module", settings | change)["status"] == "completed"
    assert node.run_action("get-configuration", {})["output"].items() >= (settings | change).items()
    wait_ready(node)  # wrong settings would end it


WRONG = [
    ({"mail_to": ["admin@example.org", "nonsense"]}, "mail_to", "invalid_address"),
    ({"mail_to": ["two@example.org,three@example.org"]}, "mail_to", "invalid_address"),
    ({"mail_to": ["a@example.org\nSMTP_HOST=evil"]}, "mail_to", "invalid_address"),
    ({"mail_to": ["a@example.org\n"]}, "mail_to", "invalid_address"),
    ({"mail_to": ["'a@example.org"]}, "mail_to", "invalid_address"),
    ({"mail_to": ["Name <a@example.org>"]}, "mail_to", "invalid_address"),
    ({"mail_to": ["a..b@example.org"]}, "mail_to", "invalid_address"),
    ({"mail_to": [""]}, "mail_to", "invalid_address"),
    ({"mail_to": ["a@b\u00fc cher.example"]}, "mail_to", "invalid_address"),
    ({"mail_to": ["a\u2028b@example.org"]}, "mail_to", "invalid_address"),
    ({"mail_to": ["a@example.org", "A@EXAMPLE.org"]}, "mail_to", "duplicate_address"),
    ({"mail_to": "a@example.org"}, "mail_to", "mail_to_invalid_type"),
    ({"mail_to": [1]}, "mail_to", "mail_to_invalid_type"),
    ({"mail_from": "nonsense"}, "mail_from", "sender_invalid"),
    ({"mail_from": None}, "mail_from", "mail_from_invalid_type"),
    ({"mail_language": "de"}, "mail_language", "mail_language_enum"),
    ({"notify_on": "never"}, "notify_on", "notify_on_enum"),
    ({"wait_seconds": 3601}, "wait_seconds", "wait_seconds_number_lte"),
    ({"wait_seconds": -1}, "wait_seconds", "wait_seconds_number_gte"),
    ({"wait_seconds": 1.5}, "wait_seconds", "wait_seconds_invalid_type"),
    ({"settle_seconds": 86401}, "settle_seconds", "settle_seconds_number_lte"),
    ({"wait_seconds": 60, "settle_seconds": 59}, "settle_seconds", "settle_shorter_than_wait"),
    ({"repeat_seconds": 2678401}, "repeat_seconds", "repeat_seconds_number_lte"),
    ({"after_failures": 0}, "after_failures", "after_failures_number_gte"),
    ({"after_failures": 101}, "after_failures", "after_failures_number_lte"),
    ({"muted": [{"id": "mail1", "until": "2026-02-30"}]}, "muted", "invalid_date"),
    ({"muted": [{"id": "1", "until": "2026-12-31"}, {"id": "1", "until": "2026-12-30"}]}, "muted", "duplicate_muted"),
    ({"muted": [{"id": "a,b=2026-12-31", "until": "2026-12-31"}]}, "muted", "muted_pattern"),
    ({"muted": [{"id": "1", "until": "tomorrow"}]}, "muted", "muted_pattern"),
    ({"missing_grace_seconds": 604801}, "missing_grace_seconds", "missing_grace_seconds_number_lte"),
    ({"missing_grace_seconds": ""}, "missing_grace_seconds", "missing_grace_seconds_invalid_type"),
    ({"repo_check": "yes"}, "repo_check", "repo_check_invalid_type"),
    ({"summary": "monthly"}, "summary", "summary_enum"),
    ({"coverage_grace_seconds": 2678401}, "coverage_grace_seconds", "coverage_grace_seconds_number_lte"),
    ({"heartbeat_seconds": 9}, "heartbeat_seconds", "heartbeat_seconds_number_gte"),
    ({"heartbeat_url": "hc-ping.com/7f3c"}, "heartbeat_url", "invalid_url"),
    ({"heartbeat_url": "https://hc-ping.com/a b"}, "heartbeat_url", "invalid_url"),
    ({"heartbeat_url": "https://hc-ping.com/a\nSMTP_HOST=evil"}, "heartbeat_url", "invalid_url"),
    ({"heartbeat_fail_url": "https://hc-ping.com/fail"}, "heartbeat_fail_url", "needs_heartbeat_url"),
    ({"webhook_url": "ftp://ntfy.example.org/"}, "webhook_url", "invalid_url"),
    ({"webhook_url": "https://user:secret@ntfy.example.org/"}, "webhook_url", "invalid_url"),
    ({"webhook_url": "https://1.2.3.4.5/"}, "webhook_url", "invalid_url"),
    ({"webhook_url": "https://ntfy.example.org:65536/"}, "webhook_url", "invalid_url"),
    ({"webhook_token": "tk"}, "webhook_token", "needs_webhook_url"),
    (
        {"webhook_url": "https://ntfy.example.org/", "webhook_token": "two words"},
        "webhook_token",
        "webhook_token_pattern",
    ),
    ({"repo_check_total_seconds": 0}, "repo_check_total_seconds", "repo_check_total_seconds_number_gte"),
    ({"cluster_admin_url": "https://leader.example.org/?page=1"}, "cluster_admin_url", "invalid_url"),
    ({"unknown": 1}, "(root)", "(root)_additional_property_not_allowed"),
]


def test_wrong_input_is_refused_by_name_and_changes_nothing(node, settings):
    assert node.run_action("configure-module", settings)["status"] == "completed"
    files = {path: path.read_bytes() for path in node.state.iterdir() if path.is_file()}
    starts = (node.root / START).read_text()
    pid = (node.root / "stand-in/containers/backup-monitor/pid").read_text()
    inputs = [(settings | change, field, error) for change, field, error in WRONG]
    # What came in later may be left out.
    for missing in settings.keys() - {"after_failures", "muted"}:
        inputs.append(({k: v for k, v in settings.items() if k != missing}, "(root)", "(root)_required"))
    for data, field, error in inputs:
        result = node.run_action("configure-module", data)
        assert result["status"] == "validation-failed", data
        assert result["exit_code"] in (3, 10)
        assert (result["errors"][0]["parameter"], result["errors"][0]["error"]) == (field, error), data
        assert set(result["errors"][0]) == {"field", "parameter", "value", "error"}
    assert {path: path.read_bytes() for path in node.state.iterdir() if path.is_file()} == files
    assert (node.root / START).read_text() == starts
    assert (node.root / "stand-in/containers/backup-monitor/pid").read_text() == pid
    wait_ready(node)


NEW = {
    "after_failures": 2,
    "muted": MUTED,
    "recipients": [{"address": "it@example.org", "plans": ["2"], "language": "it", "notify": None}],
    "summary": "off",
    "coverage_grace_seconds": 3600,
    "heartbeat_url": "https://hc-ping.com/7f3c",
    "heartbeat_fail_url": "https://hc-ping.com/7f3c/fail",
    "heartbeat_seconds": 60,
    "webhook_url": "https://ntfy.example.org/backups",
    "repo_check_total_seconds": 30,
    "cluster_admin_url": "https://admin.example.org/",
}


def test_a_script_of_0_1_0_leaves_alone_what_it_does_not_know(node, settings):
    given = {key: value for key, value in settings.items() if key not in NEW}
    assert node.run_action("configure-module", settings | NEW | {"webhook_token": "tk"})["status"] == "completed"
    assert node.run_action("configure-module", given | {"wait_seconds": 5})["status"] == "completed"
    assert read_back(node) == settings | NEW | {"wait_seconds": 5}
    assert service_environment(node)["NOTIFY_WEBHOOK_TOKEN"] == "tk"
    # Who becomes a recipient of all plans again by such a script is none with settings of its own any more.
    own = [{"address": "Admin@example.org", "plans": [], "language": "en", "notify": None}]
    assert node.run_action("configure-module", settings | {"mail_to": [], "recipients": own})["status"] == "completed"
    assert node.run_action("configure-module", given)["status"] == "completed"
    assert read_back(node)["recipients"] == []


SECRETS = {
    "webhook_url": ("NOTIFY_WEBHOOK_URL", "https://ntfy.example.org/secret-topic"),
    "webhook_token": ("NOTIFY_WEBHOOK_TOKEN", "secret-token"),
    "heartbeat_url": ("HEARTBEAT_URL", "https://hc-ping.com/secret-check"),
    "heartbeat_fail_url": ("HEARTBEAT_FAIL_URL", "https://hc-ping.com/secret-check/fail"),
}


def test_secrets_reach_the_service_and_no_other_module(node, settings):
    secrets = {key: value for key, (_, value) in SECRETS.items()}
    assert node.run_action("configure-module", settings | secrets)["status"] == "completed"
    environment = service_environment(node)
    assert {name: environment[name] for name, _ in SECRETS.values()} == dict(SECRETS.values())
    # NS8 copies this file to Redis, where every module may read it.
    assert "secret-" not in (node.state / "environment").read_text()
    for name in ("secrets.env", "cluster.env"):
        assert stat.S_IMODE(os.stat(node.state / name).st_mode) == 0o600, name
    configuration = node.run_action("get-configuration", {})["output"]
    assert configuration["webhook_url"] == secrets["webhook_url"]
    assert configuration["webhook_token_set"] is True
    assert "secret-token" not in json.dumps(configuration)


def test_a_token_is_kept_until_another_or_none_is_given(node, settings):
    settings |= {"webhook_url": "https://ntfy.example.org/backups"}
    token = lambda: service_environment(node).get("NOTIFY_WEBHOOK_TOKEN")
    for given, expected in [({"webhook_token": "one"}, "one"), ({}, "one"), ({"webhook_token": None}, "one")]:
        assert node.run_action("configure-module", settings | given)["status"] == "completed"
        assert token() == expected, given
    node.run_action("configure-module", settings | {"webhook_token": ""})
    assert token() is None
    # Where there is no webhook, there is no token either.
    node.run_action("configure-module", settings | {"webhook_token": "two"})
    node.run_action("configure-module", settings | {"webhook_url": ""})
    node.run_action("configure-module", settings)
    assert token() is None


def test_what_was_set_in_the_environment_is_taken_over(node, settings):
    node.command("python3", "-c", "import agent; agent.set_env('HEARTBEAT_URL', 'https://hc-ping.com/by-hand')")
    assert read_back(node)["heartbeat_url"] == "https://hc-ping.com/by-hand"
    assert node.run_action("configure-module", settings)["status"] == "completed"
    assert "HEARTBEAT_URL" not in node.environment()
    assert service_environment(node)["HEARTBEAT_URL"] == "https://hc-ping.com/by-hand"


def test_without_recipients_a_webhook_is_enough(node, settings):
    assert node.run_action("configure-module", settings | {"mail_to": []})["status"] == "completed"
    assert node.run_action("get-configuration", {})["output"]["configured"] is False
    webhook = {"webhook_url": "https://ntfy.example.org/backups"}
    assert node.run_action("configure-module", settings | {"mail_to": []} | webhook)["status"] == "completed"
    assert node.run_action("get-configuration", {})["output"]["configured"] is True


def test_all_wrong_fields_are_named_at_once(node, settings):
    wrong = {"mail_to": ["x", "y"], "mail_from": "z", "wait_seconds": 9, "settle_seconds": 8}
    errors = node.run_action("configure-module", settings | wrong)["errors"]
    assert [(error["field"], error["value"]) for error in errors] == [
        *(("mail_to", "x"), ("mail_to", "y"), ("mail_from", "z"), ("settle_seconds", 8)),
    ]


def test_the_smarthost_is_returned(node, mailbox):
    node.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    configuration = node.run_action("get-configuration", {})["output"]
    assert configuration["smarthost"] == {"enabled": True, "host": "127.0.0.1"}
