#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Runs actions and events of a module directory as NS8's agent does: their steps in order, each with the module's
environment, and the schemas as first and last step.

`run_action` returns `{"exit_code", "status", "output", "errors", "stderr", "steps"}`: `status` is `completed`, `aborted`
or `validation-failed`; `errors` is then the list of `{"field", "parameter", "value", "error"}` that cluster-admin shows.
"""

import csv
import json
import os
import subprocess
import tempfile
from pathlib import Path

import jsonschema
from support import AGENT_ID, read_env

# Steps of the core that need what only a node has: other containers, a module image in a registry.
NOT_HERE = {
    ("clone-module", "02pullrsync"),
    ("clone-module", "10recvstate"),
    ("restore-module", "10restore"),
    ("update-module", "05pullimages"),
    ("update-module", "95cleanup_images"),
    ("update-module", "96cleanup_core_images"),
}


def steps_of(name, directories):
    """The steps in the agent's order: by file name, the last directory that has one wins. The schemas are the first and
    the last step."""
    found = {}
    for directory in directories:
        folder = Path(directory) / name
        if folder.is_dir():
            found.update({entry.name: entry for entry in folder.iterdir() if not entry.is_dir()})
    order = {"validate-input.json": -1, "validate-output.json": 1}
    return [found[key] for key in sorted(found, key=lambda key: (order.get(key, 0), key))]


# The agent's validator is gojsonschema, whose words for what is wrong the UI sees.
ERROR_WORDS = {
    "type": "invalid_type",
    "minimum": "number_gte",
    "maximum": "number_lte",
    "minLength": "string_gte",
    "maxLength": "string_lte",
    "minItems": "array_min_items",
    "maxItems": "array_max_items",
    "uniqueItems": "unique",
    "additionalProperties": "additional_property_not_allowed",
    "anyOf": "number_any_of",
    "oneOf": "number_one_of",
}


def schema_errors(schema_path, value):
    schema = json.loads(Path(schema_path).read_text(encoding="utf-8"))
    jsonschema.Draft7Validator.check_schema(schema)
    errors = []
    for error in jsonschema.Draft7Validator(schema).iter_errors(value):
        field = ".".join(str(part) for part in error.absolute_path) or "(root)"
        parameter = field.split(".")[0]
        word = ERROR_WORDS.get(error.validator, error.validator)
        errors.append({"parameter": parameter, "error": f"{parameter}_{word}", "value": error.instance, "field": field})
    return errors


def agent_environment(module_dir):
    """What systemd gives the agent, before the module's own `environment`."""
    module_dir = Path(module_dir)
    env = {key: value for key, value in os.environ.items() if key in ("LANG", "TMPDIR", "USER")}
    env.update(
        HOME=str(module_dir.parent),
        AGENT_INSTALL_DIR=str(module_dir),
        AGENT_STATE_DIR=str(module_dir / "state"),
        AGENT_ID=AGENT_ID,
    )
    env.update(read_env(module_dir / "state/agent.env"))
    return env


def run_step(step, module_dir, data, extra):
    """Runs one step; returns its exit code, output, what it logged, and the commands that it sent to the agent."""
    state = Path(module_dir) / "state"
    env = agent_environment(module_dir) | read_env(state / "environment") | extra
    read_fd, write_fd = os.pipe()
    env["AGENT_COMFD"] = str(write_fd)
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        process = subprocess.Popen(
            [step], cwd=state, env=env, stdin=subprocess.PIPE, stdout=out, stderr=err, pass_fds=[write_fd], text=True
        )
        os.close(write_fd)
        try:
            process.communicate(json.dumps(data), timeout=120)
        except BrokenPipeError:
            process.wait(timeout=120)  # a step that reads no input
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        with os.fdopen(read_fd, encoding="utf-8") as commands:
            sent = list(csv.reader(commands, delimiter=" "))
        out.seek(0)
        err.seek(0)
        return process.returncode, out.read(), err.read(), sent


def run_action(module_dir, name, data, between=None):
    """Runs an action as the agent does. `between` maps names of steps to functions that do,
    before the first step that sorts after the name, what a step that can't run here would do."""
    between = dict(between or {})
    module_dir = Path(module_dir)
    base = agent_environment(module_dir).get("AGENT_BASEACTIONS_DIR")
    directories = ([base] if base else []) + [module_dir / "actions"]
    steps = steps_of(name, directories)
    result = {"exit_code": 0, "status": "completed", "output": None, "errors": [], "stderr": "", "steps": []}
    if not steps:
        return result | {"exit_code": 8, "status": "aborted", "stderr": f"Action {name} is not defined\n"}
    output = ""
    extra = {"AGENT_TASK_ID": "test", "AGENT_TASK_ACTION": name, "AGENT_TASK_USER": "admin"}
    for step in steps:
        if step.name == "validate-input.json":
            if errors := schema_errors(step, data):
                return result | {"exit_code": 10, "status": "validation-failed", "output": errors, "errors": errors}
            continue
        if step.name == "validate-output.json":
            # No output at all is not JSON, and the agent aborts.
            try:
                errors = schema_errors(step, json.loads(output))
            except json.JSONDecodeError as error:
                errors = [str(error)]
            if errors:
                result["stderr"] += f"output: {errors}: {output}\n"
                return result | {"exit_code": 1, "status": "aborted", "output": output, "errors": errors}
            continue
        # The agent goes on where a step is not executable, with a warning.
        if not os.access(step, os.X_OK) or ((name, step.name) in NOT_HERE and str(module_dir) not in str(step)):
            continue
        for due in [key for key in sorted(between) if key < step.name]:
            between.pop(due)()
        code, printed, logged, sent = run_step(step, module_dir, data, extra)
        output += printed
        result["stderr"] += logged
        result["steps"].append(step.name)
        refused = ["set-status", "validation-failed"] in sent
        if code or refused:
            result["exit_code"] = code or 10
            result["status"] = "validation-failed" if refused else "aborted"
            break
    try:
        result["output"] = json.loads(output) if output else None
    except json.JSONDecodeError:
        result["output"] = output
    if result["status"] == "validation-failed":
        result["errors"] = result["output"]
    return result


def run_event(module_dir, name, data, source="cluster"):
    """Runs the handlers of an event. An event that has none is no error, as for the agent."""
    result = {"exit_code": 0, "stderr": "", "steps": []}
    extra = {"AGENT_EVENT_NAME": name, "AGENT_EVENT_SOURCE": source}
    for step in steps_of(name, [Path(module_dir) / "events"]):
        code, printed, logged, _ = run_step(step, module_dir, data, extra)
        result["stderr"] += printed + logged
        result["steps"].append(step.name)
        if code:
            result["exit_code"] = code
            break
    return result
