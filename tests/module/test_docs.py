#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Every command for a node that the documentation shows, run as it stands there."""

import json
import re
import shlex

import pytest
from conftest import wait_ready
from support import MODULE_ID, SOURCE, wait_for
from test_reports import post_alert, reports

PAGES = ["README.md", "docs/module.md", "docs/privacy.md"]


def whole(text):
    try:
        shlex.split(text)
    except ValueError:
        return False
    return not text.endswith("\\")


def commands_of(page):
    """The commands in indented blocks and in code spans."""
    text = (SOURCE / page).read_text(encoding="utf-8")
    found, pending = [], ""
    for line in text.splitlines():
        if not line.startswith("    "):
            pending = ""
            continue
        pending = f"{pending}\n{line.strip()}" if pending else line.strip()
        if whole(pending):
            found.append(pending)
            pending = ""
    found += [re.sub(r"\s+", " ", span) for span in re.findall(r"`([^`]+)`", text)]
    # That for the metrics module is in test_metrics_mail.py.
    return [command for command in found if re.match(r"api-cli run module/|runagent -m (?!metrics1 )", command)]


COMMANDS = [(page, command) for page in PAGES for command in commands_of(page)]


def test_there_are_commands_on_each_page():
    assert {page for page, _ in COMMANDS} == set(PAGES)
    words = {word for _, command in COMMANDS for word in shlex.split(command)}
    assert {f"module/{MODULE_ID}/configure-module", "podman", "monitor-command"} <= words


def run(node, command):
    words = shlex.split(command.split(" | ")[0])
    if words[0] == "api-cli":
        _, _, target, option, data = words
        assert option == "--data"
        module, action = target.removeprefix("module/").split("/")
        assert module == MODULE_ID
        result = node.run_action(action, json.loads(data))
        assert result["status"] == "completed", result
        return result["output"]
    _, _, module, *words = words
    assert module == MODULE_ID
    done = node.command(*words, check=False)
    assert done.returncode == 0, (command, done.stdout, done.stderr)
    return done.stdout


@pytest.mark.parametrize("page", PAGES)
def test_each_command_works(node, page):
    # After an update from a version without tokens.
    (node.state / "alerts-without-token").touch()
    for command in (command for where, command in COMMANDS if where == page):
        run(node, command)
        if "start" in command or "configure-module" in command:
            wait_ready(node)


def test_the_reports_are_erased_as_the_page_says(node, settings):
    assert node.run_action("configure-module", settings | {"settle_seconds": 0})["status"] == "completed"
    wait_ready(node)
    post_alert(node)
    wait_for("the report", lambda: reports(node))
    before = node.environment()
    for command in commands_of("docs/privacy.md"):
        run(node, command)
    wait_ready(node)
    assert reports(node) == []
    assert node.environment() == before
