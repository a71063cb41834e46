#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Code shared by the module's action steps and commands."""

import ipaddress
import json
import os
import re
import sys
import urllib.error
import urllib.parse
import urllib.request
from pathlib import Path

import agent
import monitor_recipients

# Settings of configure-module and the service's environment variables. REPO_CHECK_API_ENABLED belongs to the module:
# discover-cluster passes the cluster API to the service only if it is 1.
VARIABLES = {
    "mail_from": "MAIL_FROM",
    "mail_language": "MAIL_LANGUAGE",
    "notify_on": "NOTIFY_ON",
    "wait_seconds": "CORRELATOR_WAIT_SECONDS",
    "settle_seconds": "CORRELATOR_SETTLE_SECONDS",
    "repeat_seconds": "NOTIFY_REPEAT_SECONDS",
    "after_failures": "NOTIFY_AFTER_FAILURES",
    "muted": "NOTIFY_MUTED",
    "missing_grace_seconds": "WATCH_MISSING_GRACE_SECONDS",
    "repo_check": "REPO_CHECK_API_ENABLED",
    "summary": "SUMMARY",
    "coverage_grace_seconds": "COVERAGE_GRACE_SECONDS",
    "heartbeat_seconds": "HEARTBEAT_SECONDS",
    "repo_check_total_seconds": "REPO_CHECK_TOTAL_SECONDS",
    "cluster_admin_url": "CLUSTER_ADMIN_URL",
}

# Who knows one of these may post in our name. Every module can read the environment in Redis, so they have a file of their own.
SECRETS = {
    "webhook_url": "NOTIFY_WEBHOOK_URL",
    "webhook_token": "NOTIFY_WEBHOOK_TOKEN",
    "heartbeat_url": "HEARTBEAT_URL",
    "heartbeat_fail_url": "HEARTBEAT_FAIL_URL",
}
SECRETS_FILE = "secrets.env"

# Of which instance this one is a copy, until it is configured.
ORIGIN = ("MODULE_ORIGIN", "MODULE_ORIGIN_UUID")

NUMBERS = (
    "wait_seconds",
    "settle_seconds",
    "repeat_seconds",
    "after_failures",
    "missing_grace_seconds",
    "coverage_grace_seconds",
    "heartbeat_seconds",
    "repo_check_total_seconds",
)

DEFAULTS = {
    "mail_to": [],
    "recipients": [],
    "mail_from": "",
    "mail_language": "en",
    "notify_on": "failure",
    "wait_seconds": 30,
    "settle_seconds": 1800,
    "repeat_seconds": 72000,
    "after_failures": 1,
    "muted": [],
    "missing_grace_seconds": 7200,
    "repo_check": True,
    "summary": "weekly",
    "coverage_grace_seconds": 86400,
    "heartbeat_url": "",
    "heartbeat_fail_url": "",
    "heartbeat_seconds": 600,
    "webhook_url": "",
    "webhook_token": "",
    "repo_check_total_seconds": 300,
    "cluster_admin_url": "",
}

# Letters and digits of any language (RFC 6531), the rest stricter than RFC 5321: these values end up in files that systemd and
# Podman read without unquoting, where a leading quote or a line break would not be part of the address.
ADDRESS = re.compile(
    r"\w(?:[\w.!#$%&'*+/=?^{|}~-]{0,62}[\w!#$%&*+/=?^{|}~-])?"
    r"@(?=.{1,253}\Z)[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?(?:\.[^\W_](?:(?:[^\W_]|-){0,61}[^\W_])?)*"
)

# Less than the 60 seconds after which cluster-admin gives up.
TIMEOUT_SECONDS = 20


def is_address(text):
    return ADDRESS.fullmatch(text) is not None and ".." not in text


# A host's name in a URL: ASCII, as everything in a URL that the service is to take as it stands.
URL_HOST = (
    r"(?P<host>(?:[A-Za-z0-9](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9])?\.)*[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?)"
)
URL = re.compile(
    rf"https?://(?:{URL_HOST}|\[(?P<ipv6>[0-9A-Fa-f:.]+)\])(?::(?P<port>[0-9]{{1,5}}))?(?P<rest>[/?#][!-~]*)?",
    re.IGNORECASE,
)


def is_url(text):
    """Whether it is an http:// or https:// URL without credentials, which belong into a token."""
    match = URL.fullmatch(text)
    if not match or int(match["port"] or 0) > 65535:
        return False
    host = match["host"]
    try:
        if match["ipv6"] is not None:
            return ipaddress.ip_address(match["ipv6"]).version == 6
        if re.fullmatch(r"[0-9]+|0[xX][0-9A-Fa-f]*", host.rpartition(".")[2]):
            # Whoever ends in a number is an IPv4 address, by the URL standard.
            return ipaddress.ip_address(host).version == 4
        name = host.encode("ascii").decode("idna")
        # What xn-- labels stand for must be letters as a browser would encode them.
        return name.isascii() or all(re.fullmatch(r"[^\W_](?:[\w-]*[^\W_])?", label) for label in name.split("."))
    except ValueError:
        return False


def is_plain_url(text):
    """A URL to which pages can be joined."""
    return is_url(text) and "?" not in text and "#" not in text


def settings_to_env(settings):
    """Environment variables to set, and the names of those to unset."""
    # For JSON schemas 30.0 and 1e3 are integers as well; the service expects digits.
    numbers = {key: int(settings[key]) for key in NUMBERS if settings[key] is not None}
    values = numbers | {
        "mail_from": settings["mail_from"] or None,
        "muted": ",".join(f"{entry['id']}={entry['until']}" for entry in settings["muted"]) or None,
        "repo_check": "1" if settings["repo_check"] else "",
        "cluster_admin_url": settings["cluster_admin_url"] or None,
    }
    env = {VARIABLES[key]: values.get(key, settings[key]) for key in VARIABLES}
    env |= monitor_recipients.to_env(settings["mail_to"], settings["recipients"])
    # Without a sender, the default of discover-cluster applies; without a grace period, missed backups are not detected.
    # A secret that somebody has set in the environment would override that in its file.
    unset = [name for name, value in env.items() if value is None] + list(SECRETS.values())
    return {name: str(value) for name, value in env.items() if value is not None}, unset


def settings_from_env(env):
    """The settings stored in an environment and in this instance's file of secrets; missing ones have their defaults."""
    if "CORRELATOR_WAIT_SECONDS" not in env:
        return dict(DEFAULTS)
    mail_to, recipients = monitor_recipients.from_env(env)
    texts = {key: env.get(VARIABLES[key]) for key in VARIABLES if key not in ("muted", "repo_check")}
    settings = {key: int(text) if key in NUMBERS else text for key, text in texts.items() if text}
    secrets = read_secrets()
    settings |= {key: env.get(name) or secrets.get(name, "") for key, name in SECRETS.items()}
    settings |= {
        "mail_to": mail_to,
        "recipients": recipients,
        "muted": muted_from_env(env.get("NOTIFY_MUTED", "")),
        "repo_check": env.get("REPO_CHECK_API_ENABLED") == "1",
    }
    return DEFAULTS | {"missing_grace_seconds": None} | settings


def merge_settings(request):
    """The settings as configure-module's input leaves them. What it does not mention stays as it is: whoever knows nothing of
    a parameter, such as a script written for an older version, must not reset it."""
    current = settings_from_env(os.environ)
    merged = current | request
    # Null keeps the token; nothing else but the grace period of missed backups may be null.
    if merged["webhook_token"] is None:
        merged["webhook_token"] = current["webhook_token"]
    if "recipients" not in request:
        # Who is named among the recipients of all plans is one with the common language and occasion.
        named = {address.lower() for address in request["mail_to"]}
        merged["recipients"] = [
            entry for entry in current["recipients"] if entry["plans"] or entry["address"].lower() not in named
        ]
    if not merged["webhook_url"] and not request.get("webhook_token"):
        merged["webhook_token"] = ""
    return merged


def muted_from_env(text):
    """Who is muted, as NOTIFY_MUTED has it: `1=2026-12-24,mail1=2026-12-31`."""
    entries = [entry.partition("=") for entry in text.split(",") if entry.strip()]
    return [{"id": name.strip(), "until": until.strip()} for name, _, until in entries]


def save_settings(settings):
    """Writes the settings to the module's environment. Whose settings are saved is a copy no longer."""
    env, unset = settings_to_env(settings)
    # Nobody gets the reports of a plan any more who was removed from it.
    unset += [name for name in os.environ if name.startswith(monitor_recipients.OF_PLAN) and name not in env]
    write_env_file(SECRETS_FILE, {SECRETS[key]: settings[key] for key in SECRETS if settings[key]})
    agent.mset_env(env)
    agent.munset_env([*unset, *ORIGIN])


def read_secrets():
    """The variables of the file of secrets; empty as long as nothing was configured."""
    try:
        return agent.read_envfile(SECRETS_FILE)
    except FileNotFoundError:
        return {}


def save_settings_of_copy(settings, origin):
    """Writes the settings of the instance with the environment `origin`, and that this one is a copy of it.

    While the origin is installed in this cluster, the copy sends nothing until somebody configures it."""
    save_settings(settings)
    module, uuid = origin.get("MODULE_ID"), origin.get("MODULE_UUID")
    if module and uuid:
        agent.mset_env({"MODULE_ORIGIN": module, "MODULE_ORIGIN_UUID": uuid})


def refuse(field, value, error):
    """One validation error, in the format of the `validation-failed` status. The field may be within a parameter, such as
    `recipients.0.address`."""
    return {"field": field, "parameter": field.split(".")[0], "value": value, "error": error}


def fail_validation(errors):
    """Aborts the action with validation errors. Must be called before anything is changed."""
    agent.set_status("validation-failed")
    json.dump(errors, fp=sys.stdout)
    sys.exit(3)


def write_env_file(path, variables):
    """Writes an environment file for `podman run --env-file`, readable by the module's user alone.

    The file is replaced atomically, so that a service starting meanwhile never reads half of it. Podman reads each line
    verbatim: a line break in a value would start another variable.
    """
    lines = []
    for name, value in variables.items():
        if "\n" in str(value) or "\r" in str(value):
            sys.exit(f"{agent.SD_ERR}invalid {name}: it contains a line break")
        lines.append(f"{name}={value}\n")
    new = Path(f"{path}.tmp")
    new.unlink(missing_ok=True)
    with open(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w", encoding="utf-8") as file:
        file.writelines(lines)
    new.replace(path)


def service_settings():
    """The variables that discover-cluster wrote before the service's last start; empty if it has never started."""
    try:
        return agent.read_envfile("cluster.env")
    except FileNotFoundError:
        return {}


class ServiceError(Exception):
    """The service did not respond, or responded with an error. `status` is the HTTP status, if any."""

    def __init__(self, message, status=None):
        super().__init__(message)
        self.status = status


def ask_service(path, query=None, method="GET"):
    """Sends a request to the running service and returns its JSON response.

    Proxies from the environment are ignored: the service runs on this node.
    """
    settings = service_settings()
    service = f"http://{settings.get('RECEIVER_HOST', '127.0.0.1')}:{os.environ['TCP_PORT']}"
    url = service + path + ("?" + urllib.parse.urlencode(query) if query else "")
    request = urllib.request.Request(url, method=method, data=b"" if method == "POST" else None)
    if token := settings.get("RECEIVER_TOKEN"):
        request.add_header("Authorization", f"Bearer {token}")
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(request, timeout=TIMEOUT_SECONDS) as response:
            return json.load(response)
    except urllib.error.HTTPError as error:
        # The body contains the error message.
        words = error.read(1000).decode(errors="replace").strip()
        raise ServiceError(f"{method} {path}: HTTP {error.code}: {words}", error.code) from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "reason", error)
        raise ServiceError(f"the backup monitor is not responding on {service}: {reason}") from error


def ask_service_or_exit(path, query=None, method="GET"):
    """As ask_service; on failure, logs the error and aborts the step."""
    try:
        return ask_service(path, query, method)
    except ServiceError as error:
        sys.exit(f"{agent.SD_ERR}{error}")
