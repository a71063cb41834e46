#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Whether NS8's metrics module mails failed backups, too. It does so while its alert is firing, once every three hours."""

import json
import re
import urllib.request

import redis
from backup_monitor import is_address

# `repeat_interval` of ns8-metrics' provision-prometheus, which has no setting for it.
REPEAT_SECONDS = 3 * 3600

# What all alerts of ns8-metrics about backups have in common. A silence that asks for more is about some of them.
LABELS = {"alertname": "BackupFailed", "severity": "critical", "service": "backup"}

TIMEOUT_SECONDS = 3
MAX_BYTES = 4 << 20


def metrics_mail(rdb, alertmanager_url):
    """`instance` of the metrics module, its mail `recipients`, how often it repeats, and whether these alerts are `silenced`
    (None: unknown). What another module has written is not trusted to be of the right kind."""
    instance = instance_of(rdb)
    recipients = recipients_of(rdb, instance)
    silenced = is_silenced(alertmanager_url) if recipients and alertmanager_url else None
    return {"instance": instance, "recipients": recipients, "repeat_seconds": REPEAT_SECONDS, "silenced": silenced}


def instance_of(rdb):
    """The cluster's metrics module, found as the core's get-metrics-id does; cluster-admin falls back to the same name."""
    instance = rdb.get("cluster/default_instance/metrics") or ""
    return instance if re.fullmatch(r"[a-z][a-z0-9_-]{0,63}", instance) else "metrics1"


def recipients_of(rdb, instance):
    try:
        mail_to = rdb.hget(f"module/{instance}/settings", "mail_to") or ""
    except redis.exceptions.ResponseError:
        return []
    addresses = [address.strip() for address in mail_to.split(",")]
    return list(dict.fromkeys(filter(is_address, addresses)))[:100]


def is_silenced(alertmanager_url):
    """Whether Alertmanager has an active silence for all alerts about backups; None if it does not say."""
    url = alertmanager_url.rstrip("/") + "/api/v2/silences"
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(url, timeout=TIMEOUT_SECONDS) as response:
            silences = json.loads(response.read(MAX_BYTES))
        return any(
            silence["status"]["state"] == "active" and all(map(suits, silence["matchers"])) for silence in silences
        )
    except (OSError, ValueError, LookupError, TypeError, re.error):
        return None


def suits(matcher):
    """Whether a silence's matcher fits every alert of a failed backup."""
    value = LABELS.get(matcher["name"])
    if value is None:
        return False
    wanted = matcher["value"]
    is_equal = bool(re.fullmatch(wanted, value)) if matcher["isRegex"] else wanted == value
    return is_equal == matcher.get("isEqual", True)
