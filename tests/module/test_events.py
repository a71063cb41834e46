#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Events, and what is discovered before each start."""

import json

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
    assert (sent["sent"], sent["error"]) == (True, None)


@pytest.mark.parametrize("event", ["smarthost-changed", "vpn-changed", "fqdn-changed", "default-instance-changed"])
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


@pytest.mark.parametrize(
    ("address", "host"), [("fd00::1", "[fd00::1]"), ("10.5.4.1", "10.5.4.1"), ("a b", None), ("x@evil:1/", None)]
)
def test_the_leader_s_address_is_fit_for_a_url_or_left_out(node, address, host):
    node.redis.hset("cluster/environment", "NODE_ID", "2")
    node.redis.hset("node/2/vpn", "ip_address", address)
    url = discovered(node, "LEADER_REDIS_URL").get("LEADER_REDIS_URL")
    assert url is None if host is None else url.endswith(f"@{host}:{node.redis_port}")
    expected = {} if host is None else {"REPO_CHECK_API_URL": f"http://{host}:9311"}
    assert discovered(node, "REPO_CHECK_API_URL") == expected


def loki(node, instance, **changes):
    """Writes the environment of a Loki, as ns8-loki's create-module does."""
    environment = {
        "LOKI_ADDR": "10.5.4.1",
        "LOKI_HTTP_PORT": "20012",
        "LOKI_API_AUTH_USERNAME": "loki",
        "LOKI_API_AUTH_PASSWORD": f"secret of {instance}",
    }
    node.redis.hset(f"module/{instance}/environment", mapping=environment | changes)


def discovered(node, prefix):
    node.command("discover-cluster")
    cluster = read_env(node.state / "cluster.env")
    return {name: value for name, value in cluster.items() if name.startswith(prefix)}


def test_the_cluster_s_loki_is_found_before_the_node_s(node):
    assert discovered(node, "LOKI_") == {}
    loki(node, "loki1")
    loki(node, "loki2", LOKI_HTTP_PORT="20013")
    node.redis.set("node/1/default_instance/loki", "loki2")
    assert discovered(node, "LOKI_URL") == {"LOKI_URL": "http://10.5.4.1:20013"}
    node.redis.set("cluster/default_instance/loki", "loki1")
    expected = {"LOKI_URL": "http://10.5.4.1:20012", "LOKI_USERNAME": "loki", "LOKI_PASSWORD": "secret of loki1"}
    assert discovered(node, "LOKI_") == expected
    assert (node.state / "cluster.env").stat().st_mode & 0o777 == 0o600
    assert "secret of" not in (node.state / "environment").read_text()


@pytest.mark.parametrize(
    "changes",
    [
        {"LOKI_ADDR": ""},
        {"LOKI_ADDR": "x\nSMTP_HOST=evil"},
        {"LOKI_HTTP_PORT": "http"},
        {"LOKI_API_AUTH_PASSWORD": "a\nSMTP_HOST=evil"},
    ],
)
def test_a_loki_that_makes_no_sense_is_left_out_and_the_rest_stays(node, changes):
    node.redis.set("cluster/default_instance/loki", "loki1")
    loki(node, "loki1", **changes)
    assert discovered(node, "LOKI_") == {}
    cluster = read_env(node.state / "cluster.env")
    assert "evil" not in (node.state / "cluster.env").read_text()
    assert cluster["ALERTMANAGER_URL"] == "http://127.0.0.1:9093"


def test_another_default_loki_is_taken_over(node):
    loki(node, "loki1")
    loki(node, "loki2", LOKI_ADDR="127.0.0.1", LOKI_HTTP_PORT="1")
    node.redis.set("cluster/default_instance/loki", "loki2")
    event = {"instance": "loki", "previous": "loki1", "current": "loki2"}
    assert node.run_event("default-instance-changed", event)["exit_code"] == 0
    assert starts(node) == 2
    wait_ready(node)
    checks = node.run_action("check-environment", {})["output"]["checks"]
    (logs,) = [check for check in checks if check["name"] == "logs"]
    # Nobody listens there.
    assert logs["state"] == "failed", logs
    assert "secret of" not in str(checks)


def test_cluster_admin_is_at_the_leader_s_name(node):
    node.redis.hset("node/1/vpn", "endpoint", "leader.example.org:55820")
    assert discovered(node, "CLUSTER_ADMIN") == {"CLUSTER_ADMIN_URL": "https://leader.example.org/cluster-admin/"}
    node.redis.hset("cluster/environment", "NODE_ID", "2")
    # That node's name is not known here.
    assert discovered(node, "CLUSTER_ADMIN") == {}
    node.redis.hset("node/2/vpn", "endpoint", "node2.example.org:55820")
    assert discovered(node, "CLUSTER_ADMIN") == {"CLUSTER_ADMIN_URL": "https://node2.example.org/cluster-admin/"}
    for endpoint in ("node2:55820", "[2001:db8::1]:55820", 'a.b"><script>:1', "node2.example.org/x?y@evil.example.org:1"):
        node.redis.hset("node/2/vpn", "endpoint", endpoint)
        assert discovered(node, "CLUSTER_ADMIN") == {}, endpoint


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
