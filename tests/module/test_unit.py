#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""The unit, as systemd reads it."""

import re
import shutil
import subprocess

import pytest
from support import SOURCE

UNIT = SOURCE / "imageroot/systemd/user/backup-monitor.service"


def settings():
    text = re.sub(r"\\\n\s*", " ", UNIT.read_text())
    pairs = [line.split("=", 1) for line in text.splitlines() if re.match(r"[A-Za-z]+=", line)]
    return {name: [value for key, value in pairs if key == name] for name, _ in pairs}


def test_systemd_finds_nothing_wrong(tmp_path):
    if not shutil.which("systemd-analyze"):
        pytest.fail("no systemd-analyze")
    # runagent exists only on a node, and Podman need not be on a machine that tests the module.
    unit = tmp_path / UNIT.name
    text = UNIT.read_text()
    for program in ("/usr/local/bin/runagent", "/usr/bin/podman"):
        text = text.replace(program, "/bin/true")
    unit.write_text(text)
    verify = ["systemd-analyze", "--user", "--man=no", "verify", unit]
    (tmp_path / "run").mkdir(mode=0o700)
    env = {"PATH": "/usr/bin:/bin", "XDG_RUNTIME_DIR": str(tmp_path / "run"), "HOME": str(tmp_path)}
    done = subprocess.run(verify, capture_output=True, text=True, env=env)
    about_unit = [line for line in done.stderr.splitlines() if UNIT.name in line]
    assert (done.returncode, about_unit) == (0, []), done.stderr


def test_the_container_can_do_little():
    (start,) = settings()["ExecStart"]
    for flag in (
        *("--network=host", "--read-only", "--cap-drop=ALL", "--security-opt=no-new-privileges"),
        "--volume=backup-monitor-state:/var/lib/backup-monitor:z,U",
        "--volume=%E/state/node-ca.pem:/etc/ssl/node-ca.pem:ro,z",
    ):
        assert flag in start.split(), flag


def test_no_secret_can_be_on_the_command_line():
    (start,) = settings()["ExecStart"]
    given = [word for word in start.split() if word.startswith("--env=")]
    assert given == ["--env=RECEIVER_PORT=${TCP_PORT}", "--env=STATE_DIR=/var/lib/backup-monitor"]
    assert set(re.findall(r"\$\{(\w+)\}", start)) == {"TCP_PORT", "BACKUP_MONITOR_APP_IMAGE"}


def test_it_restarts_always_and_stops_within_its_time():
    unit = settings()
    assert unit["Restart"] == ["always"]
    (stop,) = unit["ExecStop"]
    assert int(stop.split("-t ")[1]) < int(unit["TimeoutStopSec"][0])
