#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""Recipients, as the settings and as the service's variables have them.

`MAIL_TO` lists who gets the reports of all plans, `MAIL_TO_PLAN_<id>` who gets those of one. Each address may be followed by
`;language=it` and `;notify=always`; without, MAIL_LANGUAGE and NOTIFY_ON apply.
"""

import re

EVERYTHING = "MAIL_TO"
OF_PLAN = "MAIL_TO_PLAN_"

# NS8 numbers its plans. What may stand in the name of a variable, which systemd would ignore otherwise.
PLAN_ID = re.compile(r"[A-Za-z0-9_]{1,64}")


def to_env(mail_to, recipients):
    """The variables. `mail_to` has plain addresses; for `recipients` see configure-module's schema."""
    variables = {EVERYTHING: list(mail_to)}
    for recipient in recipients:
        options = [(name, recipient.get(name)) for name in ("language", "notify")]
        entry = recipient["address"] + "".join(f";{name}={value}" for name, value in options if value)
        for name in [OF_PLAN + plan for plan in recipient["plans"]] or [EVERYTHING]:
            variables.setdefault(name, []).append(entry)
    return {name: ",".join(entries) for name, entries in variables.items()}


def from_env(env):
    """Plain addresses of all plans, and all other recipients; one entry for all plans that are alike."""
    mail_to, found = [], {}
    for name in sorted((name for name in env if name == EVERYTHING or name.startswith(OF_PLAN)), key=order):
        plan = name[len(OF_PLAN) :] if name.startswith(OF_PLAN) else None
        for entry in filter(None, map(str.strip, env[name].split(","))):
            address, *options = map(str.strip, entry.split(";"))
            options = dict(option.partition("=")[::2] for option in options)
            language, notify = options.get("language") or None, options.get("notify") or None
            if plan is None and not (language or notify):
                mail_to.append(address)
                continue
            # Those of all plans stay apart from those of single ones.
            plans = found.setdefault((address, language, notify, plan is None), [])
            if plan is not None and plan not in plans:
                plans.append(plan)
    recipients = [
        {"address": address, "plans": plans, "language": language, "notify": notify}
        for (address, language, notify, _), plans in found.items()
    ]
    return mail_to, recipients


def order(name):
    """Plan 2 comes before plan 10, and all plans come first."""
    plan = name[len(OF_PLAN) :]
    return (len(plan), plan) if name.startswith(OF_PLAN) else (-1, "")


def given_twice(mail_to, recipients):
    """The recipients, by number, who get the reports of a plan more than once under the same address."""
    seen = {(address.lower(), None) for address in mail_to}
    twice = []
    for number, recipient in enumerate(recipients):
        keys = [(recipient["address"].lower(), plan) for plan in recipient["plans"] or [None]]
        if len(set(keys)) < len(keys) or not seen.isdisjoint(keys):
            twice.append(number)
        seen.update(keys)
    return twice
