#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Events, and what is discovered before each start."""

import json
import urllib.error
import urllib.request

import pytest
from conftest import wait_ready
from node import Node
from support import AGENT_ID, read_env

STARTS = "stand-in/units/backup-monitor.service/starts"


def starts(node):
    return len((node.root / STARTS).read_text().splitlines())


def target(node):
    return json.loads(node.redis.hget(f"{AGENT_ID}/metrics_targets", "backup-monitor"))[0]["targets"]


def test_a_changed_mail_server_is_taken_over(node, mailbox):
    node.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    assert node.run_event("smarthost-changed", {})["exit_code"] == 0
    assert starts(node) == 2
    wait_ready(node)
    sent = node.run_action("send-test-mail", {"address": "a@example.org"})["output"]
    assert sent == {"sent": True, "error": None}


@pytest.mark.parametrize("event", ["smarthost-changed", "vpn-changed", "fqdn-changed"])
def test_an_event_that_changes_nothing_here_restarts_nothing(node, event):
    assert node.run_event(event, {})["exit_code"] == 0
    assert starts(node) == 1


def test_an_event_does_not_start_a_service_that_was_stopped(node, mailbox):
    node.command("systemctl", "--user", "stop", "backup-monitor")
    node.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    assert node.run_event("smarthost-changed", {})["exit_code"] == 0
    assert starts(node) == 1


def test_on_the_leader_it_asks_alertmanager_and_listens_on_loopback(node):
    cluster = read_env(node.state / "cluster.env")
    assert cluster["ALERTMANAGER_URL"] == "http://127.0.0.1:9093"
    assert cluster["RECEIVER_HOST"] == "127.0.0.1"
    assert cluster["REPO_CHECK_API_URL"] == "http://127.0.0.1:9311"
    assert target(node) == [f"127.0.0.1:{node.port}"]


def test_on_a_worker_it_listens_in_the_vpn_where_prometheus_finds_it(service):
    with Node(service, node_id="2", leader="1") as node:
        node.install()
        cluster = read_env(node.state / "cluster.env")
        assert "ALERTMANAGER_URL" not in cluster
        assert cluster["RECEIVER_HOST"] == "127.0.5.2"
        assert cluster["REPO_CHECK_API_URL"] == "http://127.0.5.1:9311"
        assert target(node) == [f"127.0.5.2:{node.port}"]
        # The actions find the service there, too.
        wait_ready(node)


def test_it_follows_the_leader(node):
    node.redis.hset("cluster/environment", "NODE_ID", "2")
    assert node.run_event("leader-changed", {"node_id": 2, "endpoint": "node2.example.org:55820"})["exit_code"] == 0
    cluster = read_env(node.state / "cluster.env")
    assert "ALERTMANAGER_URL" not in cluster
    assert cluster["RECEIVER_HOST"] == "127.0.5.1"
    assert cluster["REPO_CHECK_API_URL"] == "http://127.0.5.2:9311"
    assert target(node) == [f"127.0.5.1:{node.port}"]
    assert starts(node) == 2
    wait_ready(node)


def test_the_zone_is_the_node_s(node):
    """Schedules are in the node's time."""
    zone = read_env(node.state / "cluster.env").get("TZ")
    link = node.command("readlink", "-f", "/etc/localtime").stdout.strip()
    if "/zoneinfo/" in link:
        assert zone == link.split("/zoneinfo/")[1]


def test_what_support_sets_by_hand_wins(node):
    with (node.state / "environment").open("a") as environment:
        environment.write("ALERTMANAGER_URL=http://127.0.0.1:1\n")
    node.command("systemctl", "--user", "restart", "backup-monitor")
    environment = json.loads((node.root / "stand-in/containers/backup-monitor/env").read_text())
    assert environment["ALERTMANAGER_URL"] == "http://127.0.0.1:1"


def test_a_token_keeps_others_from_posting(node):
    token = node.state / "receiver-token"
    token.touch(mode=0o600)
    token.write_text("not-for-everybody\n")
    node.command("systemctl", "--user", "restart", "backup-monitor")
    wait_ready(node)
    with pytest.raises(urllib.error.HTTPError, match="401"):
        urllib.request.urlopen(f"{node.url}/alert", b"{}", timeout=10)
    # The actions know it: refused for there is no such report, and for nothing else.
    assert node.run_action("resend-report", {"id": 4711})["errors"][0]["error"] == "report_not_found"
    assert "not-for-everybody" not in (node.state / "environment").read_text()
