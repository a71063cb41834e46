#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""A node made for a test: Redis with NS8's users and access rules, and an installed module.

What can't run here (systemctl, podman, runagent) is replaced by the programs in stand-in/bin, first in PATH. The `agent`
package and the core's own steps come from the checkout of ns8-core that NS8_CORE names; without one, stand-in/agent is
used, and the core's steps do not run.
"""

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

import agent_steps
import redis
import sample
from support import AGENT_ID, MODULE_ID, SOURCE, free_port, read_env, stop_process, wait_for

HERE = Path(__file__).resolve().parent


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
        return agent_steps.run_action(self.module_dir, name, data, between)

    def run_event(self, name, data, source="cluster"):
        return agent_steps.run_event(self.module_dir, name, data, source)

    def command(self, *arguments, check=True):
        """Runs a command as `runagent -m backup-monitor1 …` does."""
        env = agent_steps.agent_environment(self.module_dir) | read_env(self.state / "environment")
        return subprocess.run(arguments, cwd=self.state, env=env, capture_output=True, text=True, check=check)

    def environment(self):
        return read_env(self.state / "environment")

    def sample(self):
        """Fills Redis with the sample cluster."""
        sample.fill(self.redis)
