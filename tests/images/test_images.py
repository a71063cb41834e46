#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""What is in the images, and what the app image does as the unit runs it."""

import json
import os
import stat
import subprocess
import sys
import urllib.error
import urllib.request
from pathlib import Path

import pytest
from conftest import REPOBASE, SOURCE, TAG, unit_command, without_limits
from support import free_port, wait_for

MEBIBYTE = 1 << 20


def config(storage, image):
    return json.loads(storage("podman", "image", "inspect", image).stdout)[0]


def test_the_labels_of_the_module(storage, images):
    labels = config(storage, images["module"])["Labels"]
    ns8 = {
        key.removeprefix("org.nethserver."): value for key, value in labels.items() if key.startswith("org.nethserver")
    }
    assert ns8 == {
        "authorizations": "cluster:reader",
        "tcp-ports-demand": "1",
        "rootfull": "0",
        "max-per-node": "1",
        "min-core": "3.20.0",
        "images": f"{REPOBASE}/backup-monitor-app:{TAG}",
    }
    # The image that the label names is the one that was built.
    assert config(storage, ns8["images"])["Id"] == config(storage, images["app"])["Id"]


def test_both_images_have_the_version_that_the_binary_shows(storage, images, files):
    binary = files["app"] / "usr/bin/ns8-backup-monitor"
    version = subprocess.check_output([binary, "--version"], text=True).split()[-1]
    for name in ("module", "app"):
        assert config(storage, images[name])["Labels"]["org.opencontainers.image.version"] == version


def test_the_module_holds_imageroot_as_it_is(files):
    root = files["module"]
    assert sorted(path.name for path in root.iterdir()) == ["imageroot", "ui"]
    tracked = subprocess.check_output(["git", "ls-files", "-s", "imageroot"], cwd=SOURCE, text=True).splitlines()
    modes = {line.split("\t")[1]: line.split()[0] for line in tracked}
    found = {
        str(path.relative_to(root)): "100755" if os.access(path, os.X_OK) else "100644"
        for path in root.glob("imageroot/**/*")
        if path.is_file()
    }
    assert found == modes
    for path in root.glob("imageroot/**/*"):
        mode = stat.S_IMODE(path.stat().st_mode)
        assert not mode & 0o022, f"{path} can be written by others"
        assert path.stat().st_uid == 0


def test_the_pages_are_there(files):
    metadata = json.loads((files["module"] / "ui/metadata.json").read_text())
    assert metadata["name"]


def test_the_app_image_is_small_and_has_a_user(storage, images):
    image = config(storage, images["app"])
    assert image["Size"] < 20 * MEBIBYTE, f"{image['Size'] / MEBIBYTE:.1f} MiB"
    print(f"app image: {image['Size'] / MEBIBYTE:.1f} MiB")
    assert image["Config"]["User"] == "1000:1000"
    assert image["Config"]["Entrypoint"] == ["/usr/bin/ns8-backup-monitor"]


def test_the_app_image_holds_what_it_needs_and_no_more(files):
    root = files["app"]
    assert sorted(path.name for path in root.iterdir()) == ["etc", "usr", "var"]
    binary = root / "usr/bin/ns8-backup-monitor"
    assert [path.name for path in (root / "usr/bin").iterdir()] == [binary.name]
    assert stat.S_IMODE(binary.stat().st_mode) == 0o755
    assert "BEGIN CERTIFICATE" in (root / "etc/ssl/certs/ca-certificates.crt").read_text()
    assert "backup-monitor:x:1000:1000:" in (root / "etc/passwd").read_text()
    state = (root / "var/lib/backup-monitor").stat()
    assert (stat.S_IMODE(state.st_mode), state.st_uid, state.st_gid) == (0o700, 1000, 1000)
    for path in root.rglob("*"):
        if not path.is_symlink():
            assert not path.stat().st_mode & 0o6022, path


def test_the_binary_is_static(files):
    """No interpreter, no libraries: there are none in the image."""
    headers = subprocess.check_output(["readelf", "-ldW", files["app"] / "usr/bin/ns8-backup-monitor"], text=True)
    assert "INTERP" not in headers
    assert "NEEDED" not in headers


def test_every_zone_that_a_node_can_be_in_is_there(files):
    zones = files["app"] / "usr/share/zoneinfo"
    known = [
        line.split("\t")[2].split()[0] for line in open("/usr/share/zoneinfo/zone.tab") if not line.startswith("#")
    ]
    missing = [name for name in [*known, "UTC", "Etc/GMT+5"] if not (zones / name).read_bytes().startswith(b"TZif")]
    assert missing == []
    assert not (zones / "right").exists()


class Service:
    """The app image, run by the unit's own command."""

    def __init__(self, storage, image, directory, settings):
        self.storage = storage
        self.port = free_port()
        self.directory = directory
        state = directory / "state"
        state.mkdir()
        base = {
            "REDIS_URL": f"redis://127.0.0.1:{settings.pop('redis')}",
            "RECEIVER_HOST": "127.0.0.1",
            "TZ": "Europe/Rome",
            "MAIL_LANGUAGE": "it",
        }
        for name, variables in {
            "cluster.env": base,
            "smarthost.env": settings,
            "environment": {"MAIL_TO": "a@example.org"},
        }.items():
            (state / name).write_text("".join(f"{key}={value}\n" for key, value in variables.items()))
        with (state / "environment").open("a") as environment:
            environment.write("CORRELATOR_WAIT_SECONDS=0\nCORRELATOR_SETTLE_SECONDS=0\nMAIL_LANGUAGE=en\n")
        # What the unit runs before: it makes the file that is mounted.
        subprocess.run([SOURCE / "imageroot/bin/discover-certificates"], cwd=state, check=True)
        specifiers = {
            "%E": str(directory),
            "%t": str(directory),
            "%N": "backup-monitor",
            "%n": "backup-monitor.service",
        }
        variables = {"TCP_PORT": str(self.port), "BACKUP_MONITOR_APP_IMAGE": image}
        podman, run, *words = unit_command(specifiers, variables)
        assert (podman, run) == ("/usr/bin/podman", "run")
        self.command = [podman, run, *storage.extra, *without_limits(words, storage.extra)]

    def start(self):
        (self.directory / "backup-monitor.ctr-id").unlink(missing_ok=True)
        # Podman's helpers keep its output open for as long as the container runs.
        with (self.directory / "podman.log").open("a+") as log:
            code = subprocess.run(self.command, env=self.storage.env, stdout=log, stderr=log).returncode
            log.seek(0)
            assert code == 0, log.read()
        wait_for("an answer", lambda: self.get("/readyz"))

    def podman(self, *arguments, **options):
        return self.storage("podman", *arguments, **options)

    def get(self, path):
        """Status and body; nothing while nobody listens."""
        try:
            with urllib.request.urlopen(f"http://127.0.0.1:{self.port}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            return error.code, error.read().decode()
        except OSError:
            return None

    def post_alert(self):
        labels = {"alertname": "BackupFailed", "id": "1", "name": "Nightly", "node": "1"}
        alert = {"status": "firing", "labels": labels, "fingerprint": "1", "startsAt": "2026-01-01T00:00:00Z"}
        body = json.dumps({"version": "4", "status": "firing", "alerts": [alert]}).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/alert", body, {"Content-Type": "application/json"}
        )
        with urllib.request.urlopen(request, timeout=20) as response:
            return json.load(response)


@pytest.fixture
def redis_port(tmp_path):
    port = free_port()
    options = ["--bind", "127.0.0.1", "--port", str(port), "--dir", str(tmp_path), "--save", ""]
    server = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
    yield port
    server.terminate()
    server.wait(timeout=20)


def smtp(port):
    return {
        "SMTP_ENABLED": "1",
        "SMTP_HOST": "127.0.0.1",
        "SMTP_PORT": port,
        "SMTP_ENCRYPTION": "none",
        "SMTP_TLSVERIFY": "",
    }


@pytest.fixture
def service(storage, images, runs, redis_port, mailbox, tmp_path):
    settings = smtp(mailbox.port) | {"redis": redis_port}
    service = Service(storage, images["app"], tmp_path, settings)
    yield service
    storage("podman", "rm", "--force", "--ignore", "--time=0", "backup-monitor", check=False)
    storage("podman", "volume", "rm", "--force", "backup-monitor-state", check=False)


def test_it_answers_and_delivers_a_mail(service, mailbox):
    service.start()
    assert service.get("/readyz")[0] == 200, service.get("/readyz")
    assert service.post_alert()["accepted"] == 1
    wait_for("the mail", lambda: mailbox.mails)
    assert mailbox.mails[0].rcpt_tos == ["a@example.org"]
    assert service.podman("exec", "backup-monitor", "ns8-backup-monitor", "send-test", "b@example.org").returncode == 0
    assert mailbox.mails[-1].rcpt_tos == ["b@example.org"]
    # Stopped as the unit stops it, it ends by itself, long before it would be killed.
    service.podman("stop", "--cidfile", str(service.directory / "backup-monitor.ctr-id"), "-t", "15")
    assert service.podman("inspect", "--format={{.State.ExitCode}}", "backup-monitor").stdout.strip() == "0"


def test_it_runs_as_nobody_in_particular_on_a_root_that_can_not_be_written(service):
    service.start()
    container = json.loads(service.podman("inspect", "backup-monitor").stdout)[0]
    status = dict(line.split(":\t", 1) for line in open(f"/proc/{container['State']['Pid']}/status") if ":\t" in line)
    assert status["NoNewPrivs"].strip() == "1"
    assert int(status["CapEff"], 16) == int(status["CapBnd"], 16) == 0
    assert "0" not in status["Uid"].split()
    assert container["HostConfig"]["ReadonlyRootfs"] is True
    journal = json.loads(service.podman("volume", "inspect", "backup-monitor-state").stdout)[0]["Mountpoint"]
    assert os.path.exists(f"{journal}/journal.sqlite")
    # Neither does the process list show a secret from an environment file.
    assert b"SMTP" not in open(f"/proc/{container['State']['Pid']}/cmdline", "rb").read()


def test_a_waiting_job_survives_a_kill(service, mailbox):
    """The mail server is away, so that the report waits; then power fails."""
    mailbox.stop()
    service.start()
    assert service.post_alert()["accepted"] == 1
    status = json.loads(service.get("/api/status")[1])
    assert len(status["jobs"]) + len(status["reports"]) == 1
    service.podman("kill", "backup-monitor")
    wait_for("its end", lambda: service.get("/healthz") is None)
    mailbox.start()
    service.start()
    wait_for("the mail", lambda: mailbox.mails, 60)
    assert mailbox.mails[0].rcpt_tos == ["a@example.org"]


def test_its_journal_is_copied_and_restored_around_it(service, mailbox):
    """By the module's own programs, as the namespace's root: the service must not lose its files to them."""
    service.start()
    service.post_alert()
    wait_for("the report", lambda: json.loads(service.get("/api/status")[1])["reports"])
    volume = Path(json.loads(service.podman("volume", "inspect", "backup-monitor-state").stdout)[0]["Mountpoint"])
    programs = SOURCE / "imageroot/bin"
    subprocess.run([sys.executable, programs / "copy-journal", volume], check=True)
    owners = {path.name: path.stat().st_uid for path in volume.iterdir()}
    assert owners["journal.backup.sqlite"] == 1000
    assert set(owners.values()) == {1000}, owners
    wait_for("the mail", lambda: mailbox.mails)
    assert service.post_alert()["accepted"] == 1

    service.podman("stop", "-t", "15", "backup-monitor")
    # Nobody has the journal open: the files beside it are made anew.
    subprocess.run([sys.executable, programs / "copy-journal", volume], check=True)
    subprocess.run([programs / "restore-journal", volume], check=True)
    service.start()
    assert json.loads(service.get("/api/status")[1])["reports"]
    assert service.post_alert()["accepted"] == 1


def test_wrong_settings_end_it_with_78(service):
    with (service.directory / "state/environment").open("a") as environment:
        environment.write("LOG_FORMAT=xml\n")
    with (service.directory / "podman.log").open("w") as log:
        subprocess.run(service.command, env=service.storage.env, stdout=log, stderr=log)
    wait_for(
        "its end", lambda: "exited" in service.podman("inspect", "--format={{.State.Status}}", "backup-monitor").stdout
    )
    assert service.podman("inspect", "--format={{.State.ExitCode}}", "backup-monitor").stdout.strip() == "78"


def test_the_environment_files_reach_it_as_they_are(service):
    """What podman makes of a line is podman's business: a password must not lose its quotes."""
    odd = ["with space", "#hash", "'single'", '"double"', "back\\slash", "$HOME", "a=b"]
    with (service.directory / "state/smarthost.env").open("a") as smarthost:
        smarthost.writelines(f"ODD_{number}={value}\n" for number, value in enumerate(odd))
    service.start()
    pid = json.loads(service.podman("inspect", "backup-monitor").stdout)[0]["State"]["Pid"]
    environment = open(f"/proc/{pid}/environ").read().split("\0")
    for number, value in enumerate(odd):
        assert f"ODD_{number}={value}" in environment
    # What the module's environment names wins over what was discovered.
    assert "MAIL_LANGUAGE=en" in environment
    assert "MAIL_LANGUAGE=it" not in environment
