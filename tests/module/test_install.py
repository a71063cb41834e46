#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""create-module and destroy-module."""

import json
import stat
import subprocess
from pathlib import Path

import pytest
from conftest import wait_ready
from support import AGENT_ID, MODULE_ID, read_env, wait_for


def test_it_runs_right_after_install_and_reports_missing_recipients(node):
    configuration = node.run_action("get-configuration", {})["output"]
    assert configuration == {
        "mail_to": [],
        "recipients": [],
        "mail_from": "",
        "mail_language": "en",
        "notify_on": "failure",
        "wait_seconds": 30,
        "settle_seconds": 1800,
        "repeat_seconds": 72000,
        "after_failures": 1,
        "muted": [],
        "missing_grace_seconds": 7200,
        "repo_check": True,
        "summary": "weekly",
        "coverage_grace_seconds": 86400,
        "heartbeat_url": "",
        "heartbeat_fail_url": "",
        "heartbeat_seconds": 600,
        "webhook_url": "",
        "webhook_token_set": False,
        "repo_check_total_seconds": 300,
        "cluster_admin_url": "",
        "configured": False,
        "smarthost": {"enabled": False, "host": ""},
        "plans": [{"id": "1", "name": "Nightly S3"}, {"id": "2", "name": "Hourly"}],
        "cluster_admin_url_found": "",
        "metrics_mail": {"instance": "metrics1", "recipients": [], "repeat_seconds": 10800, "silenced": None},
    }
    status = node.run_action("get-monitor-status", {})["output"]
    assert status["reachable"] and not status["status"]["ready"]
    assert any("recipient" in reason for reason in status["status"]["reasons"])
    assert node.command("systemctl", "--user", "is-enabled", "backup-monitor").returncode == 0


def test_environment_files_are_for_the_module_user_alone(node):
    for name in ("smarthost.env", "cluster.env"):
        assert stat.S_IMODE((node.state / name).stat().st_mode) == 0o600, name
    cluster = read_env(node.state / "cluster.env")
    assert cluster["REPO_CHECK_API_USER"] == AGENT_ID
    assert cluster["REPO_CHECK_API_PASSWORD"] == node.password
    assert cluster["WATCH_RUNS"] == "true"


def test_the_nodes_ca_certificates_are_there_for_the_container(node):
    # Those of this machine, or an empty file where it has none: without the file the container would not start.
    bundle = Path("/etc/ssl/certs/ca-certificates.crt")
    expected = bundle.read_text() if bundle.exists() else ""
    assert (node.state / "node-ca.pem").read_text() == expected


def command_lines():
    for entry in Path("/proc").iterdir():
        if entry.name.isdigit():
            try:
                yield (entry / "cmdline").read_bytes()
            except (FileNotFoundError, ProcessLookupError, PermissionError):
                continue


def test_the_cluster_password_is_seen_nowhere_else(node):
    node.redis.hset("cluster/smarthost", mapping=smarthost_with_password())
    result = node.run_event("smarthost-changed", {})
    secrets = (node.password, "smarthost-secret")
    assert "smarthost-secret" in (node.state / "smarthost.env").read_text()

    assert not any(secret.encode() in line for line in command_lines() for secret in secrets)
    # The stand-in logs each command of the unit, and what it puts out: what the journal would hold.
    log = (node.root / "stand-in/units/backup-monitor.service/log").read_text()
    assert "podman run" in log
    log += (node.root / "stand-in/containers/backup-monitor/log").read_text() + result["stderr"]
    environment = (node.state / "environment").read_text()
    for secret in secrets:
        assert secret not in log
        assert secret not in environment


def smarthost_with_password():
    return {
        **{"enabled": "1", "host": "smtp.example.org", "port": "587", "username": "u", "password": "smarthost-secret"},
        **{"encrypt_smtp": "starttls", "tls_verify": "1"},
    }


PASSWORDS = ["with space", "#hash", "'single", '"double"', "back\\slash", "$HOME", "ünï", "a=b"]


@pytest.mark.parametrize("password", PASSWORDS)
def test_any_password_reaches_the_service_as_it_is(node, password):
    node.redis.hset("cluster/smarthost", mapping=smarthost_with_password() | {"password": password})
    assert node.run_event("smarthost-changed", {})["exit_code"] == 0
    environment = json.loads((node.root / "stand-in/containers/backup-monitor/env").read_text())
    assert environment["SMTP_PASSWORD"] == password


def test_a_line_break_in_a_password_can_not_set_another_variable(node):
    before = (node.state / "smarthost.env").read_text()
    evil = smarthost_with_password() | {"password": "x\nMAIL_TO=evil@example.org"}
    node.redis.hset("cluster/smarthost", mapping=evil)
    result = node.run_event("smarthost-changed", {})
    assert result["exit_code"] != 0
    assert "invalid SMTP_PASSWORD" in result["stderr"]
    assert "evil" not in result["stderr"]
    assert (node.state / "smarthost.env").read_text() == before


def events(node, *names):
    subscriber = node.redis.pubsub()
    subscriber.subscribe(*(f"{AGENT_ID}/event/{name}" for name in names))
    for _ in names:
        assert subscriber.get_message(timeout=5)["type"] == "subscribe"
    return subscriber


def received(subscriber):
    messages = []
    while message := subscriber.get_message(timeout=0.3):
        messages.append(message["channel"].rsplit("/", 1)[1])
    return messages


METRICS_EVENTS = ("metrics-target-changed", "metrics-dashboard-changed")


def test_metrics_are_published_once_and_withdrawn_on_removal(empty_node):
    node = empty_node
    subscriber = events(node, *METRICS_EVENTS)
    node.install()
    assert sorted(received(subscriber)) == sorted(METRICS_EVENTS)
    target = json.loads(node.redis.hget(f"{AGENT_ID}/metrics_targets", "backup-monitor"))
    assert target == [{"targets": [f"127.0.0.1:{node.port}"], "labels": {"module_id": MODULE_ID}}]
    assert json.loads(node.redis.hget(f"{AGENT_ID}/metrics_dashboards", "backup-monitor"))["title"] == "Backup monitor"

    # Grafana restarts at each event: an update that brings nothing new must not cause one.
    node.command("publish-metrics")
    assert received(subscriber) == []

    assert node.run_action("destroy-module", {"module_id": MODULE_ID, "preserve_data": False})["status"] == "completed"
    assert sorted(received(subscriber)) == sorted(METRICS_EVENTS)
    assert not node.redis.exists(f"{AGENT_ID}/metrics_targets", f"{AGENT_ID}/metrics_dashboards")


def test_removal_stops_the_service(node):
    pid = int((node.root / "stand-in/containers/backup-monitor/pid").read_text())
    assert node.run_action("destroy-module", {"module_id": MODULE_ID, "preserve_data": True})["status"] == "completed"
    wait_for("the end of the service", lambda: pid not in running_pids())
    assert node.command("systemctl", "--user", "is-enabled", "backup-monitor", check=False).returncode != 0


def running_pids():
    return {int(line) for line in subprocess.check_output(["ps", "-eo", "pid="], text=True).split()}


def test_removal_goes_on_where_the_leader_does_not_answer(node):
    node.redis.shutdown(nosave=True)
    result = node.run_action("destroy-module", {"module_id": MODULE_ID, "preserve_data": False})
    assert result["status"] == "completed", result
    assert node.command("systemctl", "--user", "is-active", "backup-monitor", check=False).returncode != 0


def test_an_update_restarts_the_service_and_keeps_everything(node, settings):
    node.run_action("configure-module", settings)
    before = node.environment()
    starts = (node.root / "stand-in/units/backup-monitor.service/starts").read_text()
    for script in sorted((node.module_dir / "update-module.d").iterdir()):
        node.command(script)
    wait_ready(node)
    assert node.environment() == before
    assert (node.root / "stand-in/units/backup-monitor.service/starts").read_text() == starts + "start\n"
