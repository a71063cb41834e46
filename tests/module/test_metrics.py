#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""The dashboard's queries, asked of a real Prometheus that scrapes the service as ns8-metrics would."""

import json
import subprocess
import urllib.parse
import urllib.request

import pytest
import yaml
from conftest import wait_ready
from support import AGENT_ID, free_port, wait_for
from test_reports import post_alert

DASHBOARD = "etc/dashboards/backup-monitor.json"


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


@pytest.fixture
def prometheus(node, tmp_path):
    """Configured from Redis as ns8-metrics' provision-prometheus does it."""
    targets = yaml.safe_load(node.redis.hget(f"{AGENT_ID}/metrics_targets", "backup-monitor"))
    for target in targets:
        target["labels"]["target_type"] = "backup-monitor"
    (tmp_path / "target.yml").write_text(yaml.safe_dump(targets))
    scrape = {"job_name": "providers", "file_sd_configs": [{"files": [str(tmp_path / "target.yml")]}]}
    configuration = {"global": {"scrape_interval": "1s"}, "scrape_configs": [scrape]}
    (tmp_path / "prometheus.yml").write_text(yaml.safe_dump(configuration))
    url = f"127.0.0.1:{free_port()}"
    arguments = [f"--config.file={tmp_path}/prometheus.yml", f"--storage.tsdb.path={tmp_path}/data"]
    with (tmp_path / "log").open("w") as log:
        process = subprocess.Popen(["prometheus", *arguments, f"--web.listen-address={url}"], stdout=log, stderr=log)
    yield lambda query: ask(url, query)
    process.terminate()
    process.wait(timeout=20)


def ask(url, query):
    path = f"http://{url}/api/v1/query?" + urllib.parse.urlencode({"query": query})
    try:
        with urllib.request.urlopen(path, timeout=10) as response:
            return json.load(response)["data"]["result"]
    except OSError:
        return []


def test_every_panel_shows_something(node, prometheus, settings, mailbox):
    node.redis.hset("cluster/smarthost", mapping=mailbox.smarthost())
    node.run_action("configure-module", settings | {"settle_seconds": 0})
    wait_ready(node)
    post_alert(node)
    wait_for("the report", lambda: prometheus('ns8_backup_monitor_reports_total{outcome="PARTIAL"} == 1'), 60)
    # A rate needs two points.
    for title, query in queries(node):
        wait_for(f"something in {title}: {query}", lambda query=query: prometheus(query), 30)
    # The application's own node, not Prometheus' word for the target's.
    (failed,) = prometheus("ns8_backup_monitor_application_last_result == 0")
    labels = {"plan": "1", "plan_name": "Nightly S3", "application": "nextcloud1", "node": "1"}
    assert failed["metric"].items() >= labels.items()
