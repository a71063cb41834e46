#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Small helpers of the tests: waiting, ports, environment files, processes."""

import os
import signal
import socket
import time
from pathlib import Path

SOURCE = Path(__file__).resolve().parent.parent.parent
MODULE_ID = "backup-monitor1"
AGENT_ID = f"module/{MODULE_ID}"


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
