#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""configure-module and get-configuration."""

import json

import pytest
from conftest import wait_ready
from support import read_env

START = "stand-in/units/backup-monitor.service/starts"


def service_environment(node):
    return json.loads((node.root / "stand-in/containers/backup-monitor/env").read_text())


MUTED = [{"id": "1", "until": "2026-12-24"}, {"id": "mail1", "until": "2026-12-31"}]


def test_what_is_configured_is_read_back_and_reaches_the_service(node, settings):
    settings |= {"after_failures": 3, "muted": MUTED}
    result = node.run_action("configure-module", settings)
    assert (result["status"], result["output"]) == ("completed", None), result
    configuration = node.run_action("get-configuration", {})["output"]
    assert configuration.pop("smarthost") == {"enabled": False, "host": ""}
    assert configuration.pop("configured") is True
    assert configuration == settings

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


def test_what_came_in_with_0_2_0_may_be_left_out(node, settings):
    given = {key: value for key, value in settings.items() if key not in ("after_failures", "muted")}
    assert node.run_action("configure-module", settings | {"muted": MUTED})["status"] == "completed"
    assert node.run_action("configure-module", given)["status"] == "completed"
    configuration = node.run_action("get-configuration", {})["output"]
    assert (configuration["after_failures"], configuration["muted"]) == (1, [])
    assert "NOTIFY_MUTED" not in service_environment(node)


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
