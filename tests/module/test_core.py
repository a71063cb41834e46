#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""With ns8-core itself: what its own actions make of the module. Needs NS8_CORE."""

import os

import pytest
from conftest import wait_ready
from support import AGENT_ID

pytestmark = pytest.mark.skipif(not os.environ.get("NS8_CORE"), reason="NS8_CORE names no checkout of ns8-core")


@pytest.mark.skipif(os.geteuid() == 0, reason="for root, the core looks for a rootfull module's units")
def test_the_inherited_status_knows_service_and_volume(node):
    result = node.run_action("get-status", None)
    assert result["status"] == "completed", result
    status = result["output"]
    assert status["services"] == [{"name": "backup-monitor", "active": True, "enabled": True, "failed": False}]
    assert any(volume["name"].startswith("backup-monitor-state") for volume in status["volumes"])


def test_the_core_s_steps_of_create_module_ran(node):
    environment = node.environment()
    assert environment["BACKUP_MONITOR_APP_IMAGE"] == "ghcr.io/nethserver/backup-monitor-app:1.0.0"
    assert "configure-module" in node.redis.smembers(f"{AGENT_ID}/roles/selfadm")


def test_the_core_s_update_runs_the_module_s_scripts(node, settings):
    node.run_action("configure-module", settings)
    wait_ready(node)
    starts = node.root / "stand-in/units/backup-monitor.service/starts"
    before = starts.read_text()
    result = node.run_action("update-module", {"module_url": "ghcr.io/nethserver/backup-monitor:1.0.1"})
    assert result["status"] == "completed", result
    assert "has failed" not in result["stderr"]
    assert starts.read_text() == before + "start\n"
    wait_ready(node)
