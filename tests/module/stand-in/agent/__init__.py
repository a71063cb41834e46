#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""What the module's steps use of NS8's `agent` package, with the same contract. Only for tests on a machine without
ns8-core; NS8_CORE names a checkout whose real package is used instead (see runner.py)."""

import csv
import os
import socket
from pathlib import Path

import redis

SD_ERR = "<3>"
SD_WARNING = "<4>"
SD_NOTICE = "<5>"
SD_INFO = "<6>"


def redis_connect(privileged=False, use_replica=False, **options):
    address = os.getenv("REDIS_REPLICA_ADDRESS" if use_replica else "REDIS_ADDRESS", "127.0.0.1:6379")
    host, port = address.split(":")
    user, password = ("default", "nopass")
    if privileged:
        user, password = os.environ["REDIS_USER"], os.environ["REDIS_PASSWORD"]
    given = {"host": host, "port": port, "username": user, "password": password, "decode_responses": True}
    return redis.Redis(**given | options)


def read_envfile(path):
    lines = Path(path).read_text(encoding="utf-8").splitlines()
    return dict(line.split("=", 1) for line in lines if "=" in line and not line.startswith("#"))


def _change_env(change):
    path = Path(os.environ["AGENT_STATE_DIR"], "environment")
    variables = read_envfile(path)
    change(variables)
    path.write_text("".join(f"{key}={value}\n" for key, value in sorted(variables.items())), encoding="utf-8")


def set_env(name, value):
    mset_env({name: value})


def mset_env(values):
    _change_env(lambda variables: variables.update(values))


def munset_env(names):
    _change_env(lambda variables: [variables.pop(name, None) for name in names])


def _tell_agent(*words):
    with os.fdopen(int(os.getenv("AGENT_COMFD", "2")), "w", closefd=False) as commands:
        csv.writer(commands, delimiter=" ").writerow(words)


def set_status(value):
    _tell_agent("set-status", value)


def set_weight(step, weight):
    _tell_agent("set-weight", step, str(weight))


def get_smarthost_settings(rdb):
    saved = rdb.hgetall("cluster/smarthost")
    return {
        "port": int(saved.get("port", 587)),
        "host": saved.get("host", ""),
        "username": saved.get("username", ""),
        "password": saved.get("password", ""),
        "enabled": saved.get("enabled") == "1",
        "encrypt_smtp": saved.get("encrypt_smtp", "starttls"),
        "tls_verify": saved.get("tls_verify", "1") == "1",
    }


def get_hostname():
    return socket.getfqdn()
