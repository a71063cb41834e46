#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Backup, restore and clone of the module itself: settings and reports outlive it."""

import shutil
import sqlite3
import stat

import pytest
from conftest import wait_ready
from node import Node
from support import wait_for
from test_reports import post_alert, reports

VOLUME = "backup-monitor-state"
COPY = "journal.backup.sqlite"


def reported(node, settings):
    """A node that is configured and has made a report: its settings and that report."""
    quick = settings | {"settle_seconds": 0}
    assert node.run_action("configure-module", quick)["status"] == "completed"
    wait_ready(node)
    post_alert(node)
    wait_for("the report", lambda: reports(node))
    return quick, reports(node)[-1]


def check_taken_over(node, settings, report):
    wait_ready(node)
    assert node.run_action("get-configuration", {})["output"].items() >= settings.items()
    taken = reports(node)[-1]
    assert (taken["id"], taken["created_at"]) == (report["id"], report["created_at"])


def test_a_backup_holds_a_whole_journal_although_the_service_runs(node, settings):
    reported(node, settings)
    pid = (node.root / "stand-in/containers/backup-monitor/pid").read_text()
    node.command("module-dump-state", "1")
    copy = node.volumes / VOLUME / COPY
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    with sqlite3.connect(copy) as journal:
        assert journal.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    # What the include file names exists, and there is nothing else to it.
    patterns = (node.module_dir / "etc/state-include.conf").read_text().splitlines()
    patterns = [line for line in patterns if line and not line.startswith("#")]
    assert patterns == [
        *(f"volumes/{VOLUME}/{COPY}", "state/receiver-token", "state/alerts-without-token", "state/secrets.env"),
    ]
    assert (node.root / patterns[0]).exists()
    assert (node.root / "stand-in/containers/backup-monitor/pid").read_text() == pid

    node.command("module-cleanup-state", "1")
    assert not copy.exists()


def test_a_backup_of_an_instance_that_never_ran_succeeds(empty_node):
    empty_node.command("module-dump-state", "1")
    empty_node.command("module-cleanup-state", "1")


def test_a_restored_instance_keeps_settings_and_reports(node, settings, service):
    configured, report = reported(node, settings)
    node.command("module-dump-state", "1")
    backup = node.volumes / VOLUME / COPY
    with Node(service) as restored:
        restored.sample()
        restored.install()
        wait_ready(restored)
        # What the core's 10restore does.
        shutil.copy(backup, restored.volumes / VOLUME / COPY)
        data = {"repository": "14030a59", "path": "backup-monitor/x", "snapshot": "", "replace": False}
        result = restored.run_action("restore-module", data | {"environment": node.environment()})
        assert (result["status"], result["output"]) == ("completed", None), result
        check_taken_over(restored, configured, report)
        assert restored.environment()["TCP_PORT"] == str(restored.port)
        assert not (restored.volumes / VOLUME / COPY).exists()


def test_a_restore_without_a_journal_keeps_the_settings(node, settings, service):
    """A backup of an instance whose service never ran."""
    node.run_action("configure-module", settings)
    with Node(service) as restored:
        restored.install()
        data = {"repository": "14030a59", "path": "backup-monitor/x", "snapshot": ""}
        result = restored.run_action("restore-module", data | {"environment": node.environment()})
        assert result["status"] == "completed", result
        wait_ready(restored)
        assert restored.run_action("get-configuration", {})["output"].items() >= settings.items()


def test_a_restored_instance_keeps_recipients_and_secrets(node, settings, service):
    settings |= {
        "recipients": [{"address": "ada@example.org", "plans": ["1"], "language": "it", "notify": None}],
        "webhook_url": "https://ntfy.example.org/backups",
        "heartbeat_url": "https://hc-ping.com/7f3c",
    }
    assert node.run_action("configure-module", settings | {"webhook_token": "tk"})["status"] == "completed"
    with Node(service) as restored:
        restored.install()
        # What the core's 10restore does with the files of etc/state-include.conf.
        shutil.copy(node.state / "secrets.env", restored.state / "secrets.env")
        data = {"repository": "14030a59", "path": "backup-monitor/x", "snapshot": "", "environment": node.environment()}
        result = restored.run_action("restore-module", data)
        assert result["status"] == "completed", result
        wait_ready(restored)
        configuration = restored.run_action("get-configuration", {})["output"]
        assert configuration.items() >= (settings | {"webhook_token_set": True}).items()
        assert stat.S_IMODE((restored.state / "secrets.env").stat().st_mode) == 0o600


def test_a_clone_keeps_settings_and_reports(node, settings, service):
    configured, report = reported(node, settings)
    node.command("systemctl", "--user", "stop", "backup-monitor")
    with Node(service) as clone:
        clone.sample()
        clone.install()
        wait_ready(clone)
        data = {"credentials": ["u", "p"], "port": 20027, "volumes": [VOLUME], "replace": False}

        # The steps before the core's 10recvstate, which copies while the service must not run.
        def receive():
            assert clone.command("systemctl", "--user", "is-active", "backup-monitor", check=False).returncode
            shutil.rmtree(clone.volumes / VOLUME)
            shutil.copytree(node.volumes / VOLUME, clone.volumes / VOLUME)
            shutil.copy(node.state / "environment", clone.state / "environment.clone-module")

        result = clone.run_action("clone-module", data, between={"10": receive})
        assert (result["status"], result["output"]) == ("completed", None), result
        # What the core's 90finalize does, without which the service stays down.
        clone.command("systemctl", "--user", "start", "backup-monitor")
        check_taken_over(clone, configured, report)


def test_a_clone_does_not_get_the_secrets_of_its_source(node):
    rules = (node.module_dir / "etc/state-filter-rules.rsync").read_text().splitlines()
    assert {"- /state/cluster.env", "- /state/smarthost.env", "- /state/metrics-token"} <= set(rules)


def live_origin(node):
    """The environment of an instance that is installed on another node of this cluster."""
    origin = {"MODULE_ID": "backup-monitor7", "MODULE_UUID": "f5d24fcd-819c-4b1d-98ad-a1b2ebcee8cf"}
    node.redis.hset("cluster/module_node", origin["MODULE_ID"], "2")
    node.redis.hset("cluster/module_uuid", origin["MODULE_ID"], origin["MODULE_UUID"])
    return node.environment() | origin


def duty(node):
    return node.run_action("get-monitor-status", {})["output"]["status"]["duty"]


def failed_checks(node):
    return [
        check["name"]
        for check in node.run_action("check-environment", {})["output"]["checks"]
        if check["state"] == "failed"
    ]


@pytest.mark.parametrize("action", ["restore-module", "clone-module"])
def test_a_copy_beside_a_live_instance_keeps_quiet_until_it_is_configured(node, settings, action):
    origin = live_origin(node)
    if action == "restore-module":
        data = {"repository": "14030a59", "path": "backup-monitor/x", "snapshot": "", "environment": origin}
        result = node.run_action(action, data)
    else:
        lines = "".join(f"{key}={value}\n" for key, value in origin.items())
        (node.state / "environment.clone-module").write_text(lines)
        data = {"credentials": ["u", "p"], "port": 20027, "volumes": [VOLUME], "replace": False}
        result = node.run_action(action, data)
        node.command("systemctl", "--user", "start", "backup-monitor")
    assert result["status"] == "completed", result
    wait_ready(node)
    expected = {"state": "copy", "instance": "backup-monitor7", "node": "2"}
    assert wait_for("the duty", lambda: (now := duty(node))["state"] != "starting" and now) == expected
    assert "duty" in failed_checks(node)

    assert node.run_action("configure-module", settings)["status"] == "completed"
    wait_ready(node)
    assert not any(name.startswith("MODULE_ORIGIN") for name in node.environment())
    assert wait_for("the duty", lambda: (now := duty(node))["state"] != "starting" and now)["state"] != "copy"
    assert "duty" not in failed_checks(node)


def test_a_copy_whose_origin_is_gone_takes_its_place(node):
    origin = live_origin(node)
    node.redis.hdel("cluster/module_uuid", origin["MODULE_ID"])
    node.redis.hdel("cluster/module_node", origin["MODULE_ID"])
    data = {"repository": "14030a59", "path": "backup-monitor/x", "snapshot": "", "environment": origin}
    assert node.run_action("restore-module", data)["status"] == "completed"
    wait_ready(node)
    wait_for("its duty", lambda: duty(node) == {"state": "active"})


def test_the_sign_of_life_is_written_with_the_rights_of_a_module(node, settings, mailbox):
    node.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    node.run_event("smarthost-changed", {})
    assert node.run_action("configure-module", settings)["status"] == "completed"
    wait_for("the sign of life", lambda: node.redis.get("module/backup-monitor1/duty") == "active")
    assert 0 < node.redis.ttl("module/backup-monitor1/duty") <= 180
    assert node.redis.acl_log() == []
