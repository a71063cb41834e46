#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""get-configuration says whether NS8's metrics module mails failed backups, too."""

import re
import shlex
import subprocess
import urllib.request

import pytest
from support import SOURCE, free_port, wait_for


@pytest.fixture
def alertmanager(tmp_path):
    """A real Alertmanager, without alerts or receivers."""
    config = tmp_path / "alertmanager.yml"
    config.write_text("route: {receiver: nobody}\nreceivers: [{name: nobody}]\n")
    url = f"http://127.0.0.1:{free_port()}"
    options = [f"--config.file={config}", f"--storage.path={tmp_path}/data", "--cluster.listen-address="]
    with (tmp_path / "log").open("w") as log:
        listen = f"--web.listen-address={url.removeprefix('http://')}"
        server = subprocess.Popen(["prometheus-alertmanager", *options, listen], stdout=log, stderr=log)

    def ready():
        try:
            with urllib.request.urlopen(f"{url}/-/ready", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    wait_for("Alertmanager", ready)
    yield url
    server.terminate()
    server.wait(timeout=20)


def metrics_mail(node):
    result = node.run_action("get-configuration", {})
    assert result["status"] == "completed", result
    return result["output"]["metrics_mail"]


def mails_to(node, mail_to, instance="metrics1"):
    """The settings as ns8-metrics' configure-module writes them."""
    settings = {
        "prometheus_path": "",
        "grafana_path": "grafana",
        "mail_to": mail_to,
        "mail_from": "",
        "mail_template": "",
    }
    node.redis.hset(f"module/{instance}/settings", mapping=settings)


def test_without_its_settings_it_mails_nobody(node):
    nobody = {"instance": "metrics1", "recipients": [], "repeat_seconds": 10800, "silenced": None}
    assert metrics_mail(node) == nobody
    mails_to(node, "")
    assert metrics_mail(node) == nobody


def test_its_recipients_are_read_from_the_instance_that_runs(node):
    mails_to(node, "old@example.org")
    node.redis.set("cluster/default_instance/metrics", "metrics3")
    mails_to(node, "admin@example.org, noc@example.org,admin@example.org", "metrics3")
    found = metrics_mail(node)
    assert (found["instance"], found["recipients"]) == ("metrics3", ["admin@example.org", "noc@example.org"])


def test_what_it_should_not_hold_is_left_out(node):
    mails_to(node, "admin@example.org,nonsense,'x@example.org,a@example.org\nMAIL_FROM=evil@example.org,")
    assert metrics_mail(node)["recipients"] == ["admin@example.org"]
    node.redis.delete("module/metrics1/settings")
    node.redis.set("module/metrics1/settings", "no hash")
    assert metrics_mail(node)["recipients"] == []
    node.redis.set("cluster/default_instance/metrics", "../cluster")
    assert metrics_mail(node)["instance"] == "metrics1"


def test_it_is_read_with_the_rights_that_every_module_has(node):
    node.redis.set("cluster/default_instance/metrics", "metrics1")
    mails_to(node, "admin@example.org")
    assert metrics_mail(node)["recipients"] == ["admin@example.org"]
    assert node.redis.acl_log() == []


def use(node, alertmanager):
    node.command("python3", "-c", f"import agent; agent.set_env('ALERTMANAGER_URL', '{alertmanager}')")


def silence(url, *matchers):
    command = ["amtool", "silence", "add", *matchers, f"--alertmanager.url={url}", "--comment=test", "--duration=1h"]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def test_a_silence_for_all_its_alerts_about_backups_is_seen(node, alertmanager):
    mails_to(node, "admin@example.org")
    use(node, alertmanager)
    assert metrics_mail(node)["silenced"] is False
    for matchers in (
        ["alertname=DiskFull"],
        ["alertname=BackupFailed", "id=1"],
        ["alertname!=BackupFailed"],
        ["node=~.+"],
    ):
        silence(alertmanager, *matchers)
        assert metrics_mail(node)["silenced"] is False, matchers
    for matchers in (["alertname=BackupFailed"], ["service=backup"], ["alertname=~Backup.*", "severity!=warning"]):
        number = silence(alertmanager, *matchers)
        assert metrics_mail(node)["silenced"] is True, matchers
        subprocess.run(["amtool", "silence", "expire", number, f"--alertmanager.url={alertmanager}"], check=True)
        assert metrics_mail(node)["silenced"] is False, matchers


def test_an_alertmanager_that_does_not_answer_leaves_it_open(node):
    mails_to(node, "admin@example.org")
    use(node, f"http://127.0.0.1:{free_port()}")
    assert metrics_mail(node)["silenced"] is None


def test_the_command_of_the_documentation_silences_it(node, alertmanager):
    mails_to(node, "admin@example.org")
    use(node, alertmanager)
    page = (SOURCE / "docs/module.md").read_text(encoding="utf-8")
    (command,) = re.findall(
        r"^    runagent -m metrics1 podman exec alertmanager (amtool silence add .*)$", page, re.MULTILINE
    )
    words = shlex.split(command.replace("http://127.0.0.1:9093", alertmanager))
    subprocess.run(words, check=True, capture_output=True)
    assert metrics_mail(node)["silenced"] is True
    # The page shows the same.
    assert command in (SOURCE / "ui/src/logic/metricsMail.js").read_text(encoding="utf-8")
