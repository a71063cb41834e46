#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""The dashboard's queries, asked of a real Prometheus that scrapes the service as ns8-metrics would."""

import contextlib
import json
import sqlite3
import subprocess
import time
import urllib.parse
import urllib.request

import pytest
import yaml
from conftest import wait_ready
from node import Node
from support import AGENT_ID, free_port, wait_for
from test_reports import post_alert
from test_state import VOLUME

DASHBOARD = "etc/dashboards/backup-monitor.json"
DESTINATION = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8"
RULE_FILES = {
    "BackupRestorePointOld": "etc/alerts/restore-point-old.yml",
    "BackupMonitorNotReady": "etc/alerts/not-ready.yml",
    "BackupGap": "etc/alerts/gaps.yml",
}


def queries(node):
    """Title of the panel, query; for all instances."""
    dashboard = json.loads((node.module_dir / DASHBOARD).read_text())
    for panel in dashboard["panels"]:
        assert panel["datasource"]["uid"] == "prometheus"
        for target in panel["targets"]:
            yield panel["title"], target["expr"].replace("$instance", ".*")


def test_promtool_finds_nothing_wrong_with_the_queries(node, tmp_path):
    rules = [{"record": f"panel:{number}", "expr": expr} for number, (_, expr) in enumerate(queries(node))]
    path = tmp_path / "rules.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    checked = subprocess.run(["promtool", "check", "rules", path], capture_output=True, text=True)
    assert checked.returncode == 0, checked.stderr


def write_rules(node, directory):
    """The alert rules as provision-prometheus writes them, when each is in a field of custom_alerts."""
    for rule in sorted((node.module_dir / "etc/alerts").glob("*.yml")):
        node.redis.hset("module/metrics1/custom_alerts", rule.stem, rule.read_text())
    rules = [yaml.safe_load(rule) for rule in node.redis.hgetall("module/metrics1/custom_alerts").values()]
    path = directory / "custom.yml"
    path.write_text(yaml.safe_dump({"groups": [{"name": "Custom", "rules": rules}]}))
    return path


BY_PLAN = 'plan="1",plan_name="Nightly",application="mail1",node="2",destination="S3"'

# Figures each minute for two days, with what Prometheus adds: the alert that they raise, by whom, and when at the earliest.
ALERTS = {
    "a restore point as old as two periods may be": (
        {
            f"restore_point_age_seconds{{{BY_PLAN}}}": "172800x2880",
            f"restore_point_period_seconds{{{BY_PLAN}}}": "86400x2880",
        },
        "BackupRestorePointOld",
        None,
    ),
    "an old restore point": (
        {
            f"restore_point_age_seconds{{{BY_PLAN}}}": "172801x2880",
            f"restore_point_period_seconds{{{BY_PLAN}}}": "86400x2880",
        },
        "BackupRestorePointOld",
        60,
    ),
    "an old restore point of a plan that is disabled": (
        {f"restore_point_age_seconds{{{BY_PLAN}}}": "9999999x2880"},
        "BackupRestorePointOld",
        None,
    ),
    "no restore point": ({f"restore_point_snapshots{{{BY_PLAN}}}": "0x2880"}, "BackupRestorePointOld", 60),
    "a monitor that is ready": ({"ready{}": "1x2880"}, "BackupMonitorNotReady", None),
    "a monitor that is not ready": ({"ready{}": "0x2880"}, "BackupMonitorNotReady", 15),
    "a monitor that is not ready for a moment": ({"ready{}": "0x10 1x2880"}, "BackupMonitorNotReady", None),
    "a gap": ({'gaps{kind="no-plan"}': "2x2880"}, "BackupGap", 1440),
    "a gap that is closed within a day": ({'gaps{kind="no-plan"}': "1x1400 0x1480"}, "BackupGap", None),
    "backups on the own node": ({'gaps{kind="own-node-only"}': "1x2880"}, "BackupGap", None),
}


@pytest.mark.parametrize("what", ALERTS)
def test_alert_rules_fire_when_they_should_and_not_before(node, tmp_path, what):
    figures, alert, minutes = ALERTS[what]
    added = 'module_id="backup-monitor1",target_type="backup-monitor"'
    series = [
        {"series": "ns8_backup_monitor_" + name.replace("{", "{" + added + ",").replace(",}", "}"), "values": values}
        for name, values in figures.items()
    ]
    group = {"interval": "1m", "input_series": series}
    raised = yaml.safe_load((node.module_dir / RULE_FILES[alert]).read_text())
    tests = []
    if minutes is None:
        tests = [{"eval_time": f"{minute}m", "alertname": alert, "exp_alerts": []} for minute in range(0, 2880, 60)]
    else:
        labels = (
            raised["labels"]
            | {
                "BackupRestorePointOld": dict(pair.split("=") for pair in BY_PLAN.replace('"', "").split(",")),
                "BackupMonitorNotReady": {"module_id": "backup-monitor1"},
                "BackupGap": {"kind": "no-plan"},
            }[alert]
        )
        words = {name: text.replace("{{ $value }}", "2") for name, text in raised["annotations"].items()}
        for label, value in labels.items():
            words = {name: text.replace("{{ $labels." + label + " }}", value) for name, text in words.items()}
        assert not any("{{" in text for text in words.values()), "all that the words name is there"
        fires = [{"exp_labels": labels, "exp_annotations": words}]
        tests = [
            {"eval_time": f"{minutes - 1}m", "alertname": alert, "exp_alerts": []},
            {"eval_time": f"{minutes}m", "alertname": alert, "exp_alerts": fires},
        ]
    group["alert_rule_test"] = tests
    path = tmp_path / "test.yml"
    path.write_text(yaml.safe_dump({"rule_files": [str(write_rules(node, tmp_path))], "tests": [group]}))
    tested = subprocess.run(["promtool", "test", "rules", path], capture_output=True, text=True)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def test_a_monitor_that_can_not_mail_and_one_that_is_gone_are_not_ready(node, prometheus):
    """As scraped: by the rule's own expression and labels."""
    pending = 'ALERTS{alertname="BackupMonitorNotReady",module_id="backup-monitor1",alertstate="pending"}'
    wait_for("an alert about a service without email", lambda: prometheus(pending), 60)
    node.command("systemctl", "--user", "stop", "backup-monitor")
    wait_for("a target that is down", lambda: prometheus('up{target_type="backup-monitor"} == 0'), 60)
    assert wait_for("the alert going on", lambda: prometheus(pending), 30)


@contextlib.contextmanager
def scraping(node, directory):
    """A Prometheus configured from Redis as ns8-metrics' provision-prometheus does it."""
    targets = yaml.safe_load(node.redis.hget(f"{AGENT_ID}/metrics_targets", "backup-monitor"))
    for target in targets:
        target["labels"]["target_type"] = "backup-monitor"
    (directory / "target.yml").write_text(yaml.safe_dump(targets))
    scrape = {"job_name": "providers", "file_sd_configs": [{"files": [str(directory / "target.yml")]}]}
    configuration = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
    configuration["global"]["evaluation_interval"] = "1s"
    configuration["rule_files"] = [str(write_rules(node, directory))]
    (directory / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    url = f"127.0.0.1:{free_port()}"
    arguments = [f"--config.file={directory}/prometheus.yml", f"--storage.tsdb.path={directory}/data"]
    with (directory / "log").open("w") as log:
        process = subprocess.Popen(["prometheus", *arguments, f"--web.listen-address={url}"], stdout=log, stderr=log)
    yield lambda query: ask(url, query)
    process.terminate()
    process.wait(timeout=20)


@pytest.fixture
def prometheus(node, tmp_path):
    with scraping(node, tmp_path) as query:
        yield query


def test_a_worker_nodes_service_is_scraped_and_its_token_is_no_label(service, tmp_path):
    with Node(service, node_id="2", leader="1") as node:
        node.install()
        wait_ready(node)
        with scraping(node, tmp_path) as query:
            (build,) = wait_for("the figures", lambda: query("ns8_backup_monitor_build_info"), 60)
            token = (node.state / "metrics-token").read_text().strip()
    assert token not in json.dumps(build)


def ask(url, query):
    path = f"http://{url}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(path, timeout=10) as response:
            return json.load(response)["data"]["result"]
    except OSError:
        return []


def know_restore_points(node):
    """What the service would know a day later: nobody plays the repositories and the calendar here."""
    hour = 3_600_000
    now = int(time.time() * 1000)
    with sqlite3.connect(node.volumes / VOLUME / "journal.sqlite", timeout=20) as journal:
        point = "INSERT INTO restore_points (plan, module, destination, at, size, count, proved_at, health) VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
        row = ("1", "mail1", DESTINATION, now - 50 * hour, 1 << 20, 7, now - 3 * hour, "OK")
        journal.execute(point.replace("INSERT", "INSERT OR REPLACE"), row)
        notice = journal.execute(
            "INSERT INTO notices (kind, created_at, payload) VALUES ('summary', ?, '{}')", (now - 2 * hour,)
        ).lastrowid
        journal.execute(
            "INSERT INTO deliveries (notice_id, audience, channel, state, queued_at, next_attempt_at, sent_at)"
            " VALUES (?, 'all/en/failure', 'mail', 'sent', ?, ?, ?)",
            (notice, now - 2 * hour, now - 2 * hour, now - hour),
        )


def test_every_panel_shows_something(node, prometheus, settings, mailbox):
    node.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    node.run_action("configure-module", settings | {"settle_seconds": 0})
    wait_ready(node)
    post_alert(node)
    wait_for("the report", lambda: prometheus('ns8_backup_monitor_reports_total{outcome="PARTIAL"} == 1'), 60)
    know_restore_points(node)
    # A rate needs two points.
    for title, query in queries(node):
        wait_for(f"something in {title}: {query}", lambda query=query: prometheus(query), 30)
    # The application's own node, not Prometheus' word for the target's.
    (failed,) = prometheus("ns8_backup_monitor_application_last_result == 0")
    labels = {"plan": "1", "plan_name": "Nightly S3", "application": "nextcloud1", "node": "1"}
    assert failed["metric"].items() >= labels.items()
    old = 'ALERTS{alertname="BackupRestorePointOld",alertstate="pending"}'
    (alert,) = wait_for("the alert about a restore point of 50 hours", lambda: prometheus(old), 30)
    labels = {"plan": "1", "application": "mail1", "node": "1", "destination": "BackBlaze"}
    assert alert["metric"].items() >= labels.items()
    (summary,) = prometheus("time() - ns8_backup_monitor_summary_sent_timestamp_seconds")
    assert 3600 <= float(summary["value"][1]) < 3900
