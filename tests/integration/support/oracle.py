#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""What Python's smtplib makes of a mail server: the oracle for the SMTP client, as NS8 checks mail servers with it.

Asked on standard input, one JSON object a line: {"port", "security", "user", "password", "from", "to", "timeout", "trust"}.
Answers likewise: {"accepted": [ADDRESS…], "error": TEXT or null}.
"""

import contextlib
import functools
import json
import smtplib
import ssl
import sys

MESSAGE = b"Subject: test\r\n\r\n.a line with a dot\r\n"


@functools.cache
def context_that_trusts(trust):
    context = ssl.create_default_context(cafile=trust)
    if not trust:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context


def send(server):
    context = context_that_trusts(server.get("trust"))
    how = {"port": server["port"], "timeout": server["timeout"], "local_hostname": "client.example.org"}
    if server["security"] == "tls":
        smtp = smtplib.SMTP_SSL("localhost", context=context, **how)
    else:
        smtp = smtplib.SMTP("localhost", **how)
    try:
        if server["security"] == "starttls":
            smtp.starttls(context=context)
        if server.get("user"):
            smtp.login(server["user"], server["password"])
        refused = smtp.sendmail(server["from"], server["to"], MESSAGE)
    except BaseException:
        smtp.close()
        raise
    with contextlib.suppress(smtplib.SMTPException, OSError):
        smtp.quit()
    return [address for address in server["to"] if address not in refused]


for line in sys.stdin:
    try:
        answer = {"accepted": send(json.loads(line)), "error": None}
    except (smtplib.SMTPException, OSError, ValueError) as error:
        answer = {"accepted": [], "error": f"{type(error).__name__}: {error}"}
    print(json.dumps(answer), flush=True)
