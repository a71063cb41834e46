#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""The shape of every action: its files, and its schemas."""

import json
import os

import jsonschema
import pytest
from support import SOURCE

ACTIONS = SOURCE / "imageroot/actions"
NAMES = sorted(path.name for path in ACTIONS.iterdir())


def schema(action, kind):
    return json.loads((ACTIONS / action / f"validate-{kind}.json").read_text())


def test_the_actions_that_the_page_calls_are_there():
    assert set(NAMES) == {
        *("create-module", "configure-module", "get-configuration", "destroy-module", "restore-module", "clone-module"),
        *("list-reports", "get-report", "resend-report", "get-monitor-status", "send-test-mail", "check-environment"),
        *("list-gaps", "list-restore-points"),
    }
    # Inherited: overriding it would hide services, images and volumes from the page.
    assert "get-status" not in NAMES


SCHEMAS = sorted(path.relative_to(ACTIONS) for path in ACTIONS.glob("*/*.json"))
# Actions of the core, which this module only adds steps to: their input is the core's matter, and they have no output.
OF_THE_CORE = {"create-module", "destroy-module", "restore-module", "clone-module"}


def test_own_actions_describe_their_input_and_output_and_those_of_the_core_nothing():
    with_output = set(NAMES) - OF_THE_CORE - {"configure-module"}
    assert {str(path) for path in SCHEMAS} == {
        *(f"{action}/validate-input.json" for action in set(NAMES) - OF_THE_CORE),
        *(f"{action}/validate-output.json" for action in with_output),
    }


@pytest.mark.parametrize("path", SCHEMAS, ids=str)
def test_schemas_are_draft_07_and_accept_their_examples(path):
    kind = path.stem.removeprefix("validate-")
    content = schema(path.parent, kind)
    assert content["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert content["title"] == f"{path.parent} {kind}"
    jsonschema.Draft7Validator.check_schema(content)
    assert content["examples"], "an example shows more than the schema"
    for example in content["examples"]:
        jsonschema.Draft7Validator(content).validate(example)


@pytest.mark.parametrize("action", NAMES)
def test_steps_are_numbered_and_executable(action):
    steps = [path for path in (ACTIONS / action).iterdir() if path.suffix != ".json"]
    assert steps
    for step in steps:
        assert step.name[:2].isdigit(), step
        assert os.access(step, os.X_OK), step


def test_the_software_center_shows_what_the_pages_show():
    pages, repository = SOURCE / "ui/public", SOURCE / "softwarecenter/backup-monitor"
    assert (repository / "metadata.json").read_bytes() == (pages / "metadata.json").read_bytes()
    assert (repository / "logo.png").read_bytes() == (pages / "img/module_default_logo.png").read_bytes()
    assert png_size(repository / "logo.png") == (256, 256)
    for screenshot in (repository / "screenshots").glob("*.png"):
        assert png_size(screenshot) == (1024, 768), screenshot
    metadata = json.loads((repository / "metadata.json").read_text())
    # Only languages that the pages have, too; English is what cluster-admin falls back to.
    languages = {path.name for path in (pages / "i18n").iterdir()}
    assert {"en"} <= set(metadata["description"]) <= languages
    # Those that cluster-admin has words for.
    assert set(metadata["categories"]) <= {"system_administration", "monitoring"}


def png_size(path):
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")
