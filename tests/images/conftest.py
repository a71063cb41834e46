#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

SOURCE = Path(__file__).resolve().parent.parent.parent
sys.path.insert(0, str(SOURCE / "tests/module"))

from conftest_mail import Mailbox  # noqa: E402

REPOBASE = "localhost/tests"
TAG = "9.9.9"
UNIT = SOURCE / "imageroot/systemd/user/backup-monitor.service"


class Storage:
    """Podman and Buildah with a storage of their own, so that the machine's is left alone."""

    def __init__(self, directory):
        self.directory = directory
        self.env = {**os.environ, "CONTAINERS_STORAGE_CONF": str(directory / "storage.conf")}
        # What a container needs here besides the unit's flags; see `runs`.
        self.extra = []

    def use(self, driver):
        quote = json.dumps
        (self.directory / "storage.conf").write_text(
            f"[storage]\ndriver = {quote(driver)}\n"
            f"graphroot = {quote(str(self.directory / driver))}\nrunroot = {quote(str(self.directory / 'run'))}\n"
        )

    def __call__(self, *command, check=True, **options):
        done = subprocess.run(command, env=self.env, capture_output=True, text=True, **options)
        assert not check or done.returncode == 0, f"{shlex.join(map(str, command))}: {done.stdout}{done.stderr}"
        return done

    def works(self):
        """Whether a container's file system can be made with this driver."""
        made = self("buildah", "from", "scratch", check=False)
        if made.returncode:
            return False
        name = made.stdout.strip()
        done = self("buildah", "add", name, str(UNIT), "/", check=False)
        self("buildah", "rm", name)
        return done.returncode == 0


@pytest.fixture(scope="session")
def storage(tmp_path_factory):
    # Not on tmpfs: overlay wants a real file system, and vfs needs room.
    target = Path(os.environ.get("CARGO_TARGET_DIR", SOURCE / "target"))
    directory = target / f"test-containers-{os.getpid()}"
    directory.mkdir(parents=True)
    storage = Storage(directory)
    for driver in ("overlay", "vfs"):
        storage.use(driver)
        if storage.works():
            break
    else:
        pytest.fail("buildah works neither with overlay nor with vfs")
    yield storage
    # Not `podman system reset`, which would take the machine's networks along.
    storage("podman", "rm", "--all", "--force", "--time=0", check=False)
    storage("buildah", "rm", "--all", check=False)
    storage("buildah", "rmi", "--all", "--force", check=False)
    # Podman binds its overlay directory to itself.
    subprocess.run(["umount", directory / driver / driver], stderr=subprocess.DEVNULL)
    shutil.rmtree(directory, ignore_errors=True)


@pytest.fixture(scope="session")
def images(storage):
    """Both images, built by build-images.sh; what it wrote to GITHUB_OUTPUT is checked on the way."""
    output = storage.directory / "github-output"
    given = {"BUILDER": "host", "REPOBASE": REPOBASE.upper(), "IMAGETAG": TAG, "GITHUB_OUTPUT": str(output)}
    done = subprocess.run(
        [SOURCE / "build-images.sh"], env=storage.env | given, cwd="/", capture_output=True, text=True
    )
    assert done.returncode == 0, done.stdout + done.stderr
    built = {"app": f"{REPOBASE}/backup-monitor-app", "module": f"{REPOBASE}/backup-monitor"}
    assert output.read_text() == f"images={built['app']} {built['module']}\n"
    return built


@pytest.fixture(scope="session")
def files(storage, images):
    """The root directories of both images."""
    roots = {}
    for name, image in images.items():
        container = storage("buildah", "from", "--pull-never", image).stdout.strip()
        roots[name] = Path(storage("buildah", "mount", container).stdout.strip())
    return roots


def unit_command(specifiers, variables):
    """The words of ExecStart, as systemd makes them."""
    text = re.sub(r"\\\n\s*", " ", UNIT.read_text())
    (line,) = re.findall(r"^ExecStart=(.*)$", text, re.MULTILINE)
    line = re.sub("%.", lambda found: specifiers[found[0]], line)
    line = re.sub(r"\$\{(\w+)\}", lambda found: variables[found[1]], line)
    return shlex.split(line)


# Ways to run a container, from the ordinary to those for sandboxes that lack something.
WAYS = [
    [],
    ["--runtime=runc"],
    ["--runtime=runc", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024"],
    ["--runtime=runc", "--ulimit=nofile=1024:1024", "--ulimit=nproc=1024:1024", "--cgroups=disabled"],
]


@pytest.fixture(scope="session")
def runs(storage, images):
    """Finds out how containers run here; where they don't, tests that need one are skipped, and fail with CI=true."""
    reasons = []
    for way in WAYS:
        done = storage("podman", "run", "--rm", *way, *restrictions(way), images["app"], "--version", check=False)
        if done.returncode == 0:
            print(f"containers run with the unit's flags and {way or 'nothing else'}")
            storage.extra = way
            return
        reasons.append(f"{shlex.join(way) or 'plain'}: {done.stderr.strip()}")
    message = "this machine can't run containers:\n" + "\n".join(reasons)
    if os.environ.get("CI") == "true":
        pytest.fail(message)
    print(message)
    pytest.skip(message)


def restrictions(way):
    """The unit's flags without those that name files."""
    specifiers = {"%E": "/", "%t": "/", "%N": "x", "%n": "x"}
    words = unit_command(specifiers, {"TCP_PORT": "0", "BACKUP_MONITOR_APP_IMAGE": ""})
    kept = ("--network", "--read-only", "--cap-drop", "--security-opt")
    return without_limits([word for word in words if word.startswith(kept)], way)


def without_limits(words, way):
    return [
        word for word in words if "--cgroups=disabled" not in way or not word.startswith(("--memory", "--cgroups="))
    ]


@pytest.fixture
def mailbox():
    box = Mailbox()
    box.start()
    yield box
    box.stop()
