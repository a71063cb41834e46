#!/usr/bin/env python3

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Runs the module's actions and events as NS8's agent does, on a node made for the test.

    with Node(service="target/debug/ns8-backup-monitor") as node:
        node.install()                                            # what add-module does, create-module included
        result = node.run_action("configure-module", {...})
        result == {"exit_code": 0, "status": "completed", "output": ..., "errors": [], "stderr": "..."}

`status` is `completed`, `aborted` or `validation-failed`; `errors` is then the list of
`{"field", "parameter", "value", "error"}` that cluster-admin shows. `run_action(module_dir, name, data)` does the same
for any installed module directory (`node.module_dir`), without a Node at hand.

From other languages (the UI's end-to-end tests), one JSON object a line:

    target/venv/bin/python tests/module/runner.py --service target/debug/ns8-backup-monitor
    {"ready": true, "module_id": "backup-monitor1", "module_dir": "...", "url": "http://127.0.0.1:PORT", ...}
    > {"action": "get-configuration", "data": {}}
    < {"exit_code": 0, "status": "completed", "output": {...}, "errors": [], "stderr": "..."}
    > {"redis": ["HSET", "cluster/smarthost", "enabled", "1"]}     as the cluster's user, which may write everything
    < {"reply": 1}
    > {"event": "smarthost-changed", "data": {}}
    < {"exit_code": 0, "stderr": ""}

It ends with the end of its input, or by SIGTERM; all that it started ends with it. `--sample` fills Redis with a
sample cluster, `--no-install` leaves create-module to you, `--python` names the interpreter of the steps.

What is real: redis-server with NS8's users and access rules, the environment files, the steps and their order, the
schemas, and the service itself. What can't run here (systemctl, podman, runagent) is replaced by the programs in
stand-in/bin, first in PATH. The `agent` package and the core's own steps come from the checkout of ns8-core that
NS8_CORE names; without one, stand-in/agent is used, and the core's steps do not run.
"""

import argparse
import csv
import hashlib
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import jsonschema
import redis

HERE = Path(__file__).resolve().parent
SOURCE = HERE.parent.parent
MODULE_ID = "backup-monitor1"
AGENT_ID = f"module/{MODULE_ID}"

# Steps of the core that need what only a node has: other containers, a module image in a registry.
NOT_HERE = {
    ("clone-module", "02pullrsync"),
    ("clone-module", "10recvstate"),
    ("restore-module", "10restore"),
    ("update-module", "05pullimages"),
    ("update-module", "95cleanup_images"),
    ("update-module", "96cleanup_core_images"),
}


def wait_for(what, condition, seconds=20):
    """Waits until the condition holds and returns what it returned."""
    end = time.monotonic() + seconds
    while not (value := condition()):
        if time.monotonic() > end:
            raise TimeoutError(f"waited {seconds} s for {what}")
        time.sleep(0.02)
    return value


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def read_env(path):
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


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
    """Runs an action as the agent does: see the top of this file. `between` maps names of steps to functions that do,
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


class Node:
    """A node with Redis and an installed module, in a directory of its own."""

    def __init__(self, service=None, python=sys.executable, node_id="1", leader="1"):
        self.root = Path(tempfile.mkdtemp(prefix="ns8-node-"))
        self.service = Path(service).resolve() if service else None
        self.python = Path(python)
        core = os.environ.get("NS8_CORE")
        self.core = Path(core).resolve() / "core" if core else None
        self.node_id = node_id
        self.leader = leader
        self.module_dir = self.root / "home" / MODULE_ID / ".config"
        self.state = self.module_dir / "state"
        self.volumes = self.root / "volumes"
        self.password = "module-secret-5d1f"
        self.port = free_port()
        self.redis_port = free_port()
        self.redis = None
        self._server = None

    def __enter__(self):
        self._start_redis()
        self._lay_out()
        return self

    def __exit__(self, *_):
        self.close()

    def close(self):
        """Ends all that was started here."""
        for pid_file in (self.root / "stand-in").glob("containers/*/pid"):
            stop_process(int(pid_file.read_text()))
        if self._server:
            self._server.terminate()
            self._server.wait(timeout=20)
        shutil.rmtree(self.root, ignore_errors=True)

    @property
    def url(self):
        host = read_env(self.state / "cluster.env").get("RECEIVER_HOST", "127.0.0.1")
        return f"http://{host}:{self.port}"

    def _start_redis(self):
        directory = self.root / "redis"
        directory.mkdir()
        options = ["--bind", "127.0.0.1", "--port", str(self.redis_port), "--dir", str(directory), "--save", ""]
        with (directory / "log").open("w") as log:
            self._server = subprocess.Popen(["redis-server", *options], stdout=log, stderr=log)
        first = redis.Redis(port=self.redis_port)

        def answers():
            try:
                return first.ping()
            except redis.exceptions.ConnectionError:
                return False

        wait_for("Redis", answers)
        digest = hashlib.sha256(self.password.encode()).hexdigest()
        # The users that install-finalize.sh and add-module make.
        for rule in (
            "cluster ON >cluster-secret ~* &* +@all",
            f"{AGENT_ID} ON #{digest} resetkeys ~{AGENT_ID}/* ~task/{AGENT_ID}/* %R~cluster/* %R~node/* %R~module/*"
            f" %R~private/agents/* resetchannels &progress/{AGENT_ID}/* &{AGENT_ID}/event/*"
            " +@read +@write +@transaction +@connection +publish -@admin",
            "default ON nopass resetkeys ~cluster/* ~node/* ~module/* resetchannels &* nocommands"
            " +@read +@connection +subscribe +psubscribe -@admin",
        ):
            first.execute_command("ACL", "SETUSER", *rule.split())
        first.close()
        self.redis = redis.Redis(
            port=self.redis_port, username="cluster", password="cluster-secret", decode_responses=True
        )
        self.redis.set("cluster/uuid", "0c0aae59-2b1a-4a69-aa89-a460141e1572")
        self.redis.hset("cluster/environment", "NODE_ID", self.leader)
        for node in {self.node_id, self.leader, "1", "2"}:
            self.redis.hset(f"node/{node}/vpn", "ip_address", f"127.0.5.{node}")

    def _lay_out(self):
        """What node/add-module leaves behind."""
        shutil.copytree(SOURCE / "imageroot", self.module_dir)
        self.state.mkdir(mode=0o700)
        self.volumes.mkdir()
        (self.root / "run").mkdir(mode=0o700)
        stand_in = HERE / "stand-in"
        path = [self.module_dir / "bin", self.python.parent, stand_in / "bin"]
        packages = [self.module_dir / "pypkg"]
        base = ""
        if self.core:
            agent = self.core / "imageroot/usr/local/agent"
            path.append(agent / "bin")
            packages.append(agent / "pypkg")
            base = agent / "actions"
        else:
            packages.append(stand_in)
        system = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
        environment = {
            "PATH": ":".join([*map(str, path), system]),
            "PYTHONPATH": ":".join(map(str, packages)),
            "PYTHONDONTWRITEBYTECODE": "1",
            "REDIS_USER": AGENT_ID,
            "REDIS_PASSWORD": self.password,
            "REDIS_ADDRESS": f"127.0.0.1:{self.redis_port}",
            "REDIS_REPLICA_ADDRESS": f"127.0.0.1:{self.redis_port}",
            "AGENT_BASEACTIONS_DIR": base,
            "XDG_RUNTIME_DIR": self.root / "run",
            "STAND_IN_DIR": self.root / "stand-in",
            "STAND_IN_VOLUMES": self.volumes,
            "STAND_IN_SERVICE": self.service or "",
        }
        agent_env = self.state / "agent.env"
        agent_env.touch(mode=0o600)
        agent_env.write_text("".join(f"{key}={value}\n" for key, value in environment.items()))
        module = {
            "IMAGE_ID": "sha256:0",
            "IMAGE_URL": "ghcr.io/nethserver/backup-monitor:1.0.0",
            "MODULE_ID": MODULE_ID,
            "MODULE_UUID": "3792c7db-9450-4bd3-84a3-034cd0087839",
            "NODE_ID": self.node_id,
            "TCP_PORT": self.port,
            "TCP_PORTS": self.port,
        }
        if not self.core:  # the core's 05pullimages sets it
            module["BACKUP_MONITOR_APP_IMAGE"] = "ghcr.io/nethserver/backup-monitor-app:1.0.0"
        (self.state / "environment").write_text("".join(f"{key}={value}\n" for key, value in module.items()))
        self.redis.hset("cluster/module_node", MODULE_ID, self.node_id)
        self.redis.hset(f"{AGENT_ID}/environment", mapping={"NODE_ID": self.node_id})

    def install(self):
        data = {"images": ["ghcr.io/nethserver/backup-monitor-app:1.0.0"], "volumes": {}}
        result = self.run_action("create-module", data)
        if result["exit_code"]:
            raise RuntimeError(f"create-module failed: {result}")
        return result

    def run_action(self, name, data, between=None):
        return run_action(self.module_dir, name, data, between)

    def run_event(self, name, data, source="cluster"):
        return run_event(self.module_dir, name, data, source)

    def command(self, *arguments, check=True):
        """Runs a command as `runagent -m backup-monitor1 …` does."""
        env = agent_environment(self.module_dir) | read_env(self.state / "environment")
        return subprocess.run(arguments, cwd=self.state, env=env, capture_output=True, text=True, check=check)

    def environment(self):
        return read_env(self.state / "environment")

    def sample(self):
        """A cluster with two plans on two nodes, of which one application failed."""
        now = int(time.time())
        r = self.redis
        r.set("cluster/ui_name", "Sample cluster")
        uuid = "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8"
        destination = {"name": "BackBlaze", "provider": "backblaze", "url": "b2:ns8-backups"}
        r.hset(f"cluster/backup_repository/{uuid}", mapping=destination)
        plans = {
            "1": {"name": "Nightly S3", "schedule": "*-*-* 02:00:00", "instances": "mail1 nextcloud1 samba1"},
            "2": {"name": "Hourly", "schedule": "*-*-* *:10:00", "instances": "mail1 traefik1"},
        }
        for plan, fields in plans.items():
            r.hset(f"cluster/backup/{plan}", mapping=fields | {"repository": uuid, "retention": "7", "enabled": "1"})
        for number, (module, node) in enumerate(
            {"mail1": "1", "nextcloud1": "1", "traefik1": "1", "samba1": "2"}.items(), 1
        ):
            r.hset("cluster/module_node", module, node)
            r.hset("cluster/module_uuid", module, f"00000000-0000-4000-8000-00000000000{number}")
            url = f"ghcr.io/nethserver/{module[:-1]}:1.0.0"
            r.hset(f"module/{module}/environment", mapping={"IMAGE_URL": url})
            good = module != "nextcloud1"
            status = {"start": now - 300, "end": now - 200, "errors": 0 if good else 1, "snapshots_count": 3}
            status |= {"total_size": 734003200 * good, "total_file_count": 4211 * good}
            for plan in plans:
                if module in plans[plan]["instances"].split():
                    r.hset(f"node/{node}/backup_status/{plan}", module, json.dumps(status))


def stop_process(pid):
    """Ends a process that was started here, if it still runs."""
    try:
        os.kill(pid, signal.SIGKILL)
        wait_for(f"the end of process {pid}", lambda: not is_alive(pid))
    except ProcessLookupError:
        pass


def is_alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):
        return False


def answer(node, request):
    if "action" in request:
        return node.run_action(request["action"], request.get("data"))
    if "event" in request:
        return node.run_event(request["event"], request.get("data", {}))
    if "redis" in request:
        reply = node.redis.execute_command(*request["redis"])
        return {"reply": sorted(reply) if isinstance(reply, set) else reply}
    return {"error": "expected an object with action, event or redis"}


def main():
    arguments = argparse.ArgumentParser(description="Runs actions of the module, one JSON object a line")
    arguments.add_argument("--service", help="the service's binary; without it, it does not run")
    arguments.add_argument("--python", default=sys.executable)
    arguments.add_argument("--sample", action="store_true")
    arguments.add_argument("--no-install", action="store_true")
    options = arguments.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
    with Node(options.service, options.python) as node:
        if options.sample:
            node.sample()
        if not options.no_install:
            node.install()
        ready = {"ready": True, "module_id": MODULE_ID, "module_dir": str(node.module_dir)}
        ready |= {"redis_port": node.redis_port, "url": f"http://127.0.0.1:{node.port}"}
        print(json.dumps(ready), flush=True)
        for line in sys.stdin:
            if line.strip():
                try:
                    reply = answer(node, json.loads(line))
                except (ValueError, redis.exceptions.RedisError) as error:
                    reply = {"error": str(error)}
                print(json.dumps(reply), flush=True)


if __name__ == "__main__":
    main()
