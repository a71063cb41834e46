#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Whatever configure-module takes, the service starts with: the action's checks against the service's own."""

import json
import subprocess
import sys
import tempfile

import agent_steps
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support import SOURCE, read_env

sys.path += [str(SOURCE / "imageroot/pypkg"), str(SOURCE / "tests/module/stand-in")]

import backup_monitor

EXIT_CONFIG = 78
ACTION = "configure-module"


def numbers(maximum):
    """Integers and what JSON schemas take for such, within the bounds and around them."""
    whole = st.one_of(st.integers(-1, maximum + 1), st.sampled_from([0, 1, 30, 3600, maximum]))
    return st.one_of(whole, whole.map(float), st.sampled_from([1e3, -0.0, 1.5, 1e300, True, "30", None]))


letters = st.sampled_from("aZ09_.!#$%&'*+/=?^{|}~-\"\\ ,;<>()@\n\tè")
label = st.text(st.sampled_from("aZ09-_é"), min_size=0, max_size=63)
addresses = st.one_of(
    st.tuples(st.text(letters, max_size=64), st.lists(label, max_size=4)).map(lambda parts: f"{parts[0]}@{'.'.join(parts[1])}"),
    st.from_regex(r"[a-z0-9_.!#$%&*+/=?^{|}~-]{1,64}@[a-z0-9]{1,20}(\.[a-z0-9]([a-z0-9-]{0,5}[a-z0-9])?){0,3}", fullmatch=True),
    st.sampled_from(["a@127.0.0.1", "a@1", "a@1.2", "a@localhost", "a@xn--bcher-kva.example", "a@-.x", "a@x--y.example"]),
    st.emails(),
)
mutes = st.fixed_dictionaries(
    {
        "id": st.one_of(st.sampled_from(["1", "mail1", "nextcloud1"]), st.text(st.sampled_from("aZ09_-=, é"), max_size=65)),
        "until": st.one_of(st.dates().map(str), st.sampled_from(["2026-02-30", "2026-1-1", "", "0000-01-01", "9999-12-31"])),
    }
)
recipients = st.fixed_dictionaries(
    {
        "address": addresses,
        "plans": st.lists(st.sampled_from(["1", "2", "10", "x_1", "a-b", "1=2", ""]), max_size=3),
        "language": st.sampled_from([None, "en", "it"]),
        "notify": st.sampled_from([None, "failure", "always"]),
    }
)
hosts = st.one_of(
    st.text(st.sampled_from("aZ09-_.:[]@%è"), max_size=20),
    st.sampled_from(["localhost", "1.2.3.4", "1.2.3", "256.1.1.1", "0x7f.1", "[::1]", "[::g]", "xn--bcher-kva.example", "xn--a", "a.0x"]),
    st.from_regex(r"[a-z0-9-]{1,10}(\.[a-z0-9_-]{1,10}){0,3}\.?(:[0-9]{0,6})?", fullmatch=True),
)
paths = st.one_of(st.just(""), st.text(st.sampled_from("aZ09/?#&=%[]|\"'\\ \n{}"), max_size=12))
urls = st.one_of(
    st.just(""), st.builds("{}://{}{}".format, st.sampled_from(["http", "https", "HTTPS", "ftp", "http:"]), hosts, paths)
)
requests = st.fixed_dictionaries(
    {
        "mail_to": st.lists(addresses, max_size=3),
        "mail_from": st.one_of(st.just(""), addresses),
        "mail_language": st.sampled_from(["en", "it", "de"]),
        "notify_on": st.sampled_from(["failure", "always"]),
        "wait_seconds": numbers(3600),
        "settle_seconds": numbers(86400),
        "repeat_seconds": numbers(2678400),
        "after_failures": numbers(100),
        "muted": st.lists(mutes, max_size=3),
        "missing_grace_seconds": numbers(604800),
        "repo_check": st.booleans(),
        "recipients": st.lists(recipients, max_size=3),
        "summary": st.sampled_from(["off", "daily", "weekly"]),
        "coverage_grace_seconds": numbers(2678400),
        "heartbeat_url": urls,
        "heartbeat_fail_url": st.one_of(st.just(""), urls),
        "heartbeat_seconds": numbers(86400),
        "webhook_url": urls,
        "webhook_token": st.sampled_from([None, "", "tk_9", "#x", "'\"\\", "è", "a b"]),
        "repo_check_total_seconds": numbers(3600),
        "cluster_admin_url": urls,
    }
)
# So many parameters that hardly a request would suit in all of them: most have their defaults.
usual = backup_monitor.DEFAULTS
requests = st.tuples(requests, st.sets(st.sampled_from(sorted(usual)), max_size=4)).map(
    lambda drawn: usual | {key: drawn[0][key] for key in drawn[1]}
)


def run_steps(node, request):
    """The action without its last step, the restart; whether it took the input."""
    steps = agent_steps.steps_of(ACTION, [node.module_dir / "actions"])
    # As on the wire: what is not JSON can't be asked.
    request = json.loads(json.dumps(request))
    if agent_steps.schema_errors(next(step for step in steps if step.name == "validate-input.json"), request):
        return False
    for step in steps:
        if step.name[:2] in ("10", "20"):
            code, _, logged, _ = agent_steps.run_step(step, node.module_dir, request, {})
            if step.name.startswith("20"):
                assert code == 0, logged
            elif code:
                return False
    return True


def start(node, directory):
    """How the service's binary ends with the module's environment files; `check` reads all of it, and asks after that."""
    env = {"PATH": "/usr/bin:/bin", "STATE_DIR": directory}
    for name in ("cluster.env", "smarthost.env", "environment"):
        env |= read_env(node.state / name)
    return subprocess.run([node.service, "check"], env=env, capture_output=True, text=True, timeout=60)


def test_whatever_is_taken_starts_the_service(node):
    outcomes = {True: 0, False: 0}

    @settings(max_examples=60, deadline=None, database=None, suppress_health_check=list(HealthCheck))
    @given(requests)
    def check(request):
        taken = run_steps(node, request)
        outcomes[taken] += 1
        if taken:
            with tempfile.TemporaryDirectory() as directory:
                ended = start(node, directory)
            assert ended.returncode != EXIT_CONFIG, (request, ended.stderr)
            # And it can be read back.
            configuration = node.run_action("get-configuration", {})
            assert configuration["status"] == "completed", (request, configuration)

    check()
    assert min(outcomes.values()) > 0, outcomes
