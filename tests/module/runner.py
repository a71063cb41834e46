#!/usr/bin/env python3

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Runs actions and events of the module on a node made for the purpose, one JSON object a line: for tests in other
languages, and for trying things by hand.

    target/venv/bin/python tests/module/runner.py --service target/debug/ns8-backup-monitor
    {"ready": true, "module_id": "backup-monitor1", "module_dir": "...", "url": "http://127.0.0.1:PORT", ...}
    > {"action": "get-configuration", "data": {}}
    < {"exit_code": 0, "status": "completed", "output": {...}, "errors": [], "stderr": "..."}
    > {"redis": ["HSET", "cluster/smarthost", "enabled", "1"]}     as the user `cluster`, which has write access
    < {"reply": 1}
    > {"event": "smarthost-changed", "data": {}}
    < {"exit_code": 0, "stderr": ""}

It ends at the end of its input, or on SIGTERM, together with everything that it has started. `--sample` fills Redis with a
sample cluster, `--no-install` skips create-module, `--python` is the interpreter of the steps. See node.py for what is real.
"""

import argparse
import json
import signal
import sys

import redis
from node import Node
from support import MODULE_ID


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
    arguments.add_argument("--service", help="the service's binary; without it, the service does not run")
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
