"""The shape of every action: its files, and its schemas."""

import json
import os

import jsonschema
import pytest
from runner import SOURCE

ACTIONS = SOURCE / "imageroot/actions"
NAMES = sorted(path.name for path in ACTIONS.iterdir())


def schema(action, kind):
    return json.loads((ACTIONS / action / f"validate-{kind}.json").read_text())


def test_the_actions_that_the_page_calls_are_there():
    assert set(NAMES) == {
        *("create-module", "configure-module", "get-configuration", "destroy-module", "restore-module", "clone-module"),
        *("list-reports", "get-report", "resend-report", "get-monitor-status", "send-test-mail", "check-environment"),
    }
    # Inherited: overriding it would hide services, images and volumes from the page.
    assert "get-status" not in NAMES


@pytest.mark.parametrize("kind", ["input", "output"])
@pytest.mark.parametrize("action", NAMES)
def test_schemas_are_draft_07_and_accept_their_examples(action, kind):
    content = schema(action, kind)
    assert content["$schema"] == "http://json-schema.org/draft-07/schema#"
    assert content["title"] == f"{action} {kind}"
    jsonschema.Draft7Validator.check_schema(content)
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
    assert set(metadata["description"]) == {"en", "it"}
    # Those that cluster-admin has words for.
    assert set(metadata["categories"]) <= {"system_administration", "monitoring"}


def png_size(path):
    header = path.read_bytes()[:24]
    assert header.startswith(b"\x89PNG")
    return int.from_bytes(header[16:20], "big"), int.from_bytes(header[20:24], "big")
