#!/usr/bin/env python3

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Measures the service from outside: requests a second, p99, memory, time to ready, and reading a large cluster.

Needs wrk and redis-server. Everything stays on the loopback and ends by itself. The service gets one core, wrk the other.
Usage: benches/load.py [--runs N] [--seconds N]; each figure is the median of the runs.
"""

import argparse
import http.client
import json
import os
import re
import socket
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

PROJECT = Path(__file__).resolve().parent.parent
FIXTURES = PROJECT / "tests/fixtures/alertmanager"
DESTINATION = "48ce000a-79b7-5fe6-8558-177fd70c27b4"


def free_port():
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        return listener.getsockname()[1]


def start_redis(directory):
    port = free_port()
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", directory]
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    while subprocess.run(["redis-cli", "-p", str(port), "ping"], capture_output=True).returncode:
        time.sleep(0.05)
    return process, port


class Service:
    """The service on core 0, with a Redis that answers and a mail server that is configured, so that it is ready."""

    def __init__(self, binary, directory, redis_port, **more):
        environment = {
            "STATE_DIR": os.path.join(directory, "state"),
            "RECEIVER_PORT": "0",
            "CORRELATOR_WAIT_SECONDS": "3600",
            "LOG_FORMAT": "json",
            # A line for each of many thousand accepted alerts is not what is measured.
            "RUST_LOG": "warn,ns8_backup_monitor::service=info",
            "REDIS_URL": f"redis://127.0.0.1:{redis_port}",
            "SMTP_ENABLED": "1",
            "SMTP_HOST": "127.0.0.1",
            "MAIL_TO": "a@example.org",
            **more,
        }
        began = time.perf_counter()
        self.process = subprocess.Popen(
            ["taskset", "-c", "0", binary], env=environment, stderr=subprocess.PIPE, text=True
        )
        for line in self.process.stderr:
            entry = json.loads(line)
            if entry.get("message") == "listening":
                self.address = entry["address"]
                break
        self.get("/readyz")
        self.milliseconds_to_ready = (time.perf_counter() - began) * 1000

    def get(self, path):
        connection = http.client.HTTPConnection(self.address)
        connection.request("GET", path)
        answer = connection.getresponse()
        assert answer.status == 200, (path, answer.status, answer.read())

    def memory(self, field):
        status = Path(f"/proc/{self.process.pid}/status").read_text()
        return int(re.search(rf"^{field}:\s+(\d+)", status, re.MULTILINE)[1]) / 1000

    def processor_seconds(self):
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def stop(self):
        self.process.terminate()
        self.process.wait()


def load(service, connections, seconds, body, distinct):
    """One run of wrk: requests a second, p99 in milliseconds, errors."""
    environment = dict(os.environ, BODY=str(FIXTURES / body), DISTINCT="1" if distinct else "")
    command = ["taskset", "-c", "1", "wrk", "-t1", f"-c{connections}", f"-d{seconds}s"]
    command += ["-s", str(PROJECT / "benches/post.lua"), f"http://{service.address}/alert"]
    output = subprocess.run(command, env=environment, capture_output=True, text=True, check=True).stdout
    return json.loads(output.splitlines()[-1])


def measure_load(binary, directory, redis_port, runs, seconds):
    ready = []
    for run in range(runs):
        service = Service(binary, os.path.join(directory, f"ready{run}"), redis_port)
        ready.append(service.milliseconds_to_ready)
        service.stop()
    print(f"start to ready           {statistics.median(ready):8.0f} ms")
    service = Service(binary, directory, redis_port)
    time.sleep(1)
    print(f"idle memory              {service.memory('VmRSS'):8.1f} MB")
    for name, body, connections, distinct in [
        ("unrelated, 64 connections", "webhook-ns8-unrelated.json", 64, False),
        ("the same alert, 64 conn.", "webhook-ns8-backupfailed.json", 64, False),
        ("new alerts, 64 conn.", "webhook-ns8-backupfailed.json", 64, True),
        ("new alerts, 1 connection", "webhook-ns8-backupfailed.json", 1, True),
    ]:
        results = [load(service, connections, seconds, body, distinct) for _ in range(runs)]
        assert not any(result["errors"] for result in results), results
        rate = statistics.median(result["rate"] for result in results)
        p99 = statistics.median(result["p99"] for result in results)
        print(f"{name:25}{rate:8.0f} requests/s, p99 {p99:.2f} ms")
    print(f"peak memory              {service.memory('VmHWM'):8.1f} MB")
    service.stop()


def write_cluster(redis_port, plans, applications):
    """100 plans of 100 applications on ten nodes, all well since three hours."""
    commands = []

    def command(*words):
        words = [str(word).encode() for word in words]
        commands.append(b"*%d\r\n" % len(words) + b"".join(b"$%d\r\n%s\r\n" % (len(w), w) for w in words))

    now = int(time.time())
    schedule = time.strftime("*-*-* %H:%M:00", time.gmtime(now - 3 * 3600))
    for plan in range(1, plans + 1):
        modules = [f"app{(plan - 1) * applications + number}" for number in range(applications)]
        command(
            "HSET", f"cluster/backup/{plan}", "name", f"Plan {plan}", "repository", DESTINATION, "schedule", schedule,
            "instances", " ".join(modules), "enabled", "1", "retention", "3",
        )
        for number, module in enumerate(modules):
            node, end = number % 10 + 1, now - 2 * 3600 + number
            command("HSET", "cluster/module_node", module, node)
            command("HSET", "cluster/module_uuid", module, "f5d24fcd-819c-4b1d-98ad-a1b2ebcee8cf")
            command("HSET", f"module/{module}/environment", "IMAGE_URL", "ghcr.io/nethserver/app:1.0.0")
            command("SET", f"module/{module}/ui_name", f"Application {module}")
            figures = {"total_size": 734003200, "total_file_count": 4211, "snapshots_count": 3, "errors": 0}
            status = json.dumps({"start": end - 60, **figures, "end": end})
            command("HSET", f"node/{node}/backup_status/{plan}", module, status)
    pipe = ["redis-cli", "-p", str(redis_port), "--pipe"]
    subprocess.run(pipe, input=b"".join(commands), stdout=subprocess.DEVNULL, check=True)


def measure_reading(binary, directory, redis_port, runs):
    write_cluster(redis_port, 100, 100)
    environment = {
        "STATE_DIR": os.path.join(directory, "report"),
        "REDIS_URL": f"redis://127.0.0.1:{redis_port}",
        "RUST_LOG": "debug",
        "LOG_FORMAT": "json",
    }
    reads, classifications, trips = [], [], set()
    for _ in range(runs):
        log = subprocess.run([binary, "report"], env=environment, capture_output=True, text=True, check=True).stderr
        entries = {}
        for line in log.splitlines():
            entry = json.loads(line)
            entries[entry.get("message")] = entry
        reads.append(entries["cluster read"]["milliseconds"])
        trips.add(entries["cluster read"]["round_trips"])
        classifications.append(entries["classified"]["milliseconds"])
        assert entries["classified"]["plans"] == 100
    read, classified = statistics.median(reads), statistics.median(classifications)
    print(f"100 plans of 100 applications: read in {read:.0f} ms ({max(trips)} round trips), classified in {classified:.0f} ms")


def measure_watching(binary, directory, redis_port, seconds):
    """What the watchers cost while nothing happens on a cluster of 500 applications."""
    subprocess.run(["redis-cli", "-p", str(redis_port), "flushall"], stdout=subprocess.DEVNULL, check=True)
    write_cluster(redis_port, 50, 10)
    watch = {"WATCH_RUNS": "true", "WATCH_MISSING_GRACE_SECONDS": "7200"}
    service = Service(binary, os.path.join(directory, "watch"), redis_port, **watch)
    time.sleep(2)
    before = service.processor_seconds()
    time.sleep(seconds)
    cost = (service.processor_seconds() - before) / seconds
    print(f"watching 500 applications: {cost:.3%} of a core, over {seconds} s; {service.memory('VmRSS'):.1f} MB")
    service.stop()


def main():
    arguments = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    arguments.add_argument("--runs", type=int, default=5)
    arguments.add_argument("--seconds", type=int, default=5)
    options = arguments.parse_args()
    subprocess.run(["cargo", "build", "--release", "--quiet"], cwd=PROJECT, check=True)
    binary = os.path.join(os.environ.get("CARGO_TARGET_DIR", PROJECT / "target"), "release/ns8-backup-monitor")
    with tempfile.TemporaryDirectory() as directory:
        redis, port = start_redis(directory)
        try:
            measure_load(binary, directory, port, options.runs, options.seconds)
            measure_reading(binary, directory, port, options.runs)
            measure_watching(binary, directory, port, 130)
        finally:
            redis.terminate()
            redis.wait()


if __name__ == "__main__":
    sys.exit(main())
