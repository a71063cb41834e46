#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

import os
import sys
import urllib.request
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).resolve().parent))

from conftest_mail import Mailbox
from node import Node
from support import SOURCE, wait_for


@pytest.fixture
def service():
    """The service's binary, which tests/run.sh has built."""
    binary = Path(os.environ.get("MONITOR_BINARY", SOURCE / "target/debug/ns8-backup-monitor"))
    assert binary.exists(), f"no {binary}: cargo build, or set MONITOR_BINARY"
    return binary


@pytest.fixture
def empty_node(service):
    """A node on which create-module has not run yet."""
    with Node(service) as node:
        yield node


@pytest.fixture
def node(empty_node):
    """A node with the module installed and its service answering."""
    empty_node.sample()
    empty_node.install()
    wait_ready(empty_node)
    return empty_node


def wait_ready(node):
    """Waits until the service answers; whether it has all that it needs is another question."""

    def answers():
        try:
            with urllib.request.urlopen(f"{node.url}/healthz", timeout=5) as response:
                return response.status == 200
        except OSError:
            return False

    wait_for("the service's answer", answers)


@pytest.fixture
def mailbox():
    box = Mailbox()
    box.start()
    yield box
    box.stop()


@pytest.fixture
def settings():
    """A whole input of configure-module."""
    return {
        "mail_to": ["admin@example.org", "backup@example.org"],
        "mail_from": "monitor@example.org",
        "mail_language": "it",
        "notify_on": "always",
        "wait_seconds": 0,
        "settle_seconds": 600,
        "repeat_seconds": 3600,
        "after_failures": 1,
        "muted": [],
        "missing_grace_seconds": None,
        "repo_check": False,
    }
