#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""The tokens: who may post and read."""

import json
import stat
import urllib.error
import urllib.request

import pytest
from conftest import wait_ready
from node import Node
from support import AGENT_ID, read_env
from test_reports import post_alert


def ask(node, path, token=None, body=None):
    """HTTP status of a request."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    try:
        with urllib.request.urlopen(urllib.request.Request(node.url + path, body, headers), timeout=10) as response:
            return response.status
    except urllib.error.HTTPError as error:
        return error.code


def test_the_installation_makes_tokens_that_nobody_else_knows(node):
    tokens = {name: (node.state / name).read_text().strip() for name in ("receiver-token", "metrics-token")}
    assert len(set(tokens.values())) == 2
    for name, token in tokens.items():
        assert len(token) == 48
        assert stat.S_IMODE((node.state / name).stat().st_mode) == 0o600
        assert token not in (node.state / "environment").read_text()
        assert token not in (node.root / "stand-in/units/backup-monitor.service/log").read_text()
    assert not (node.state / "alerts-without-token").exists()


def test_alerts_need_the_token_and_actions_have_it(node):
    assert ask(node, "/alert", body=b"{}") == 401
    assert ask(node, "/alert", "wrong", b"{}") == 401
    assert post_alert(node)["accepted"] == 1
    assert node.run_action("list-reports", {})["status"] == "completed"
    # Refused for there is no such report, and for nothing else.
    assert node.run_action("resend-report", {"id": 4711})["errors"][0]["error"] == "report_not_found"


@pytest.fixture
def worker(service):
    """A node that is not the leader: the service listens on its address in the VPN."""
    with Node(service, node_id="2", leader="1") as node:
        node.install()
        wait_ready(node)
        yield node


def test_the_sign_of_life_goes_to_the_leader_as_the_module(worker):
    url = read_env(worker.state / "cluster.env")["LEADER_REDIS_URL"]
    assert url == f"redis://module%2Fbackup-monitor1:{worker.password}@127.0.5.1:{worker.redis_port}"
    assert stat.S_IMODE((worker.state / "cluster.env").stat().st_mode) == 0o600


def test_reading_in_the_vpn_needs_the_token(worker):
    for path in ("/", "/api/status", "/api/reports", "/readyz", "/metrics"):
        assert ask(worker, path) == 401, path
    assert ask(worker, "/api/status", worker.token) == 200
    assert worker.run_action("get-monitor-status", {})["output"]["reachable"]


def test_prometheus_target_in_the_vpn_carries_a_token_for_metrics_alone(worker):
    (target,) = json.loads(worker.redis.hget(f"{AGENT_ID}/metrics_targets", "backup-monitor"))
    token = target["labels"]["__param_token"]
    assert token == (worker.state / "metrics-token").read_text().strip()
    assert ask(worker, f"/metrics?token={token}") == 200
    assert ask(worker, f"/api/status?token={token}") == 401
    assert ask(worker, "/api/status", token) == 401


def without_tokens(node):
    """The node as a version without tokens left it."""
    for name in ("receiver-token", "metrics-token"):
        (node.state / name).unlink()


def update(node):
    for script in sorted((node.module_dir / "update-module.d").iterdir()):
        node.command(script)
    wait_ready(node)


def test_an_update_does_not_lock_out_who_posts_without_a_token(worker):
    without_tokens(worker)
    update(worker)
    assert ask(worker, "/alert", body=b"{}") == 200
    assert ask(worker, "/api/status") == 401
    assert worker.run_action("list-reports", {})["status"] == "completed"
    token = worker.token
    update(worker)
    assert worker.token == token
    # What docs/module.md says to do once Alertmanager has the token.
    (worker.state / "alerts-without-token").unlink()
    worker.command("systemctl", "--user", "restart", "backup-monitor")
    wait_ready(worker)
    assert ask(worker, "/alert", body=b"{}") == 401


def test_an_update_keeps_a_token_that_was_made_by_hand(node):
    without_tokens(node)
    (node.state / "receiver-token").write_text("made-by-hand\n")
    update(node)
    assert ask(node, "/alert", body=b"{}") == 401
    assert ask(node, "/alert", "made-by-hand", b"{}") == 200
    assert "RECEIVER_ALERTS_WITHOUT_TOKEN" not in read_env(node.state / "cluster.env")
