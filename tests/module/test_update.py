#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""An update from 0.1.0: what that version left on the node goes on.

tests/fixtures holds what it left: its unit, the settings as its configure-module stored them, and a journal that its binary wrote. With
MONITOR_BINARY_0_1_0, that binary runs until the update; without, something that does nothing runs in its place.
"""

import json
import os
import shutil
import stat
import urllib.request

import pytest
from conftest import wait_ready
from node import Node
from support import SOURCE, read_env, wait_for
from test_reports import post_alert, reports

FIXTURES = SOURCE / "tests/fixtures"
UNIT = "backup-monitor.service"
# Of what came after 0.1.0, as far as the update must make it.
LATER = ["update-module.d/10make_tokens", "bin/make-tokens", "bin/discover-certificates", f"systemd/user/{UNIT}"]


@pytest.fixture
def old():
    """A node on which 0.1.0 runs."""
    with Node(os.environ.get("MONITOR_BINARY_0_1_0")) as node:
        node.sample()
        recorded = read_env(FIXTURES / "update-0.1.0/environment")
        environment = node.environment() | recorded
        (node.state / "environment").write_text("".join(f"{key}={value}\n" for key, value in environment.items()))
        for path in LATER:
            (node.module_dir / path).unlink()
        shutil.copy(FIXTURES / f"update-0.1.0/{UNIT}", node.module_dir / "systemd/user")
        volume = node.volumes / "backup-monitor-state"
        volume.mkdir()
        shutil.copy(FIXTURES / "journal/v1.sqlite", volume / "journal.sqlite")
        node.command("systemctl", "--user", "enable", "--now", UNIT)
        yield node


def update(node, service):
    """What the core does: the files of the new image take the place of the old ones, then update-module.d runs."""
    shutil.copytree(SOURCE / "imageroot", node.module_dir, dirs_exist_ok=True)
    agent_env = node.state / "agent.env"
    lines = [line for line in agent_env.read_text().splitlines() if not line.startswith("STAND_IN_SERVICE=")]
    agent_env.write_text("".join(f"{line}\n" for line in [*lines, f"STAND_IN_SERVICE={service.resolve()}"]))
    for script in sorted((node.module_dir / "update-module.d").iterdir()):
        node.command(script)


def container(node):
    """The last command line of the container."""
    log = (node.root / f"stand-in/units/{UNIT}/log").read_text().splitlines()
    return [line for line in log if "podman run" in line][-1]


def test_settings_journal_unit_and_alerts_go_on(old, service, mailbox):
    before = old.environment()
    assert "--memory=128m" in container(old)
    old.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    update(old, service)
    wait_ready(old)

    # Settings: none is lost, and none comes in addition.
    assert old.environment() == before
    settings = old.run_action("get-configuration", {})["output"]
    assert settings["mail_to"] == ["admin@example.org", "backup@example.org"]
    assert (settings["mail_language"], settings["notify_on"], settings["repeat_seconds"]) == ("it", "always", 3600)

    # The unit: the new one, still enabled, without a limit that not every node can enforce.
    for state in ("is-enabled", "is-active"):
        old.command("systemctl", "--user", state, UNIT)
    assert "--memory" not in container(old)

    # The journal: its reports are there, and what was queued is delivered.
    known = reports(old)
    assert len(known) >= 4
    assert not any(report.get("unreadable") for report in known)
    wait_for("the queue", lambda: not any(report["delivery"]["state"] == "queued" for report in reports(old)))
    assert mailbox.mails

    # Tokens: made, for whoever reads in the VPN, and alerts need none until somebody requires it.
    for name in ("receiver-token", "metrics-token"):
        assert stat.S_IMODE((old.state / name).stat().st_mode) == 0o600
    assert (old.state / "alerts-without-token").exists()
    alert = {"version": "4", "alerts": [{"status": "firing", "labels": {"alertname": "BackupFailed", "id": "1"}}]}
    request = urllib.request.Request(f"{old.url}/alert", json.dumps(alert).encode())
    with urllib.request.urlopen(request, timeout=10) as response:
        assert json.load(response)["accepted"] == 1
    assert post_alert(old)["accepted"] == 1

    # A second update changes nothing more.
    token = old.token
    update(old, service)
    wait_ready(old)
    assert (old.token, old.environment()) == (token, before)
