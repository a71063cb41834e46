#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""A mail server for the tests: aiosmtpd, with its steps told on standard output and steered from standard input.

Told, one JSON object a line: {"port": …} once, then {"step": "connect|ehlo|mail|rcpt|data|taken", …}.
Steered, likewise: {"hang": STEP or null} lets the server hang at a step before it answers;
{"lose": true} lets it hang up instead of saying that a mail is taken;
{"answer": REPLY or null, "step": STEP, "address": ADDRESS or null} lets it answer so.
"""

import asyncio
import email
import email.policy
import json
import ssl
import sys

from aiosmtpd.smtp import SMTP, AuthResult

OPTIONS = json.loads(sys.argv[1])


def tell(**event):
    print(json.dumps(event), flush=True)


class Steering:
    def __init__(self):
        self.hanging = None
        self.free = asyncio.Event()
        self.answers = {}
        self.loses_answers = False

    def steer(self, command):
        if "hang" in command:
            self.hanging = command["hang"]
            self.free.set()
            self.free = asyncio.Event()
        elif "lose" in command:
            self.loses_answers = command["lose"]
        elif command["answer"] is None:
            self.answers.clear()
        else:
            self.answers[command["step"], command["address"]] = command["answer"]

    async def step(self, name, address=None, **event):
        """Tells a step, hangs if told to, and gives the answer that was asked for, if any."""
        tell(step=name, **event)
        while self.hanging == name:
            await self.free.wait()
        return self.answers.get((name, address)) or self.answers.get((name, None))


class Handler:
    def __init__(self, steering):
        self.steering = steering

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        session.host_name = hostname
        answer = await self.steering.step("ehlo", hostname=hostname)
        return [answer] if answer else responses

    async def handle_MAIL(self, server, session, envelope, address, options):
        answer = await self.steering.step("mail", address=address, sender=address)
        if answer:
            return answer
        envelope.mail_from = address
        envelope.mail_options.extend(options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, options):
        answer = await self.steering.step("rcpt", address=address, recipient=address)
        if answer:
            return answer
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(options)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        answer = await self.steering.step("data")
        if answer:
            return answer
        message = email.message_from_bytes(envelope.content, policy=email.policy.default)
        part = lambda kind: (message.get_body((kind,)) or email.message.EmailMessage()).get_payload(decode=True)
        tell(
            step="taken",
            **{"from": envelope.mail_from},
            to=envelope.rcpt_tos,
            headers={name: str(value) for name, value in message.items()},
            text=(part("plain") or b"").decode(),
            html=(part("html") or b"").decode(),
            tls=session.ssl is not None,
            login=bool(session.authenticated),
        )
        if self.steering.loses_answers:
            server.transport.abort()
        return "250 taken"


def authenticate(server, session, envelope, mechanism, data):
    login = OPTIONS["login"]
    right = data.login == login["user"].encode() and data.password == login["password"].encode()
    # Not handled: the server itself is to answer.
    return AuthResult(success=right, handled=False)


async def main():
    loop = asyncio.get_running_loop()
    steering = Steering()
    tls = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    # Keys and signatures of any age, as old servers have them.
    tls.set_ciphers("DEFAULT:@SECLEVEL=0")
    tls.load_cert_chain(OPTIONS["certificate"], OPTIONS["key"])
    settings = {"enable_SMTPUTF8": True, "loop": loop}
    if OPTIONS["security"] == "starttls":
        settings.update(tls_context=tls, require_starttls=True)
    if OPTIONS["login"]:
        settings.update(
            authenticator=authenticate, auth_required=True, auth_require_tls=OPTIONS["security"] != "none"
        )
        if OPTIONS["security"] == "tls":
            # aiosmtpd does not know that the connection is encrypted already.
            settings.update(auth_require_tls=False)

    def make():
        return SMTP(Handler(steering), **settings)

    implicit = tls if OPTIONS["security"] == "tls" else None
    server = await loop.create_server(make, "127.0.0.1", 0, ssl=implicit)
    tell(port=server.sockets[0].getsockname()[1])

    reader = asyncio.StreamReader()
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        steering.steer(json.loads(line))
    # The test has ended.


asyncio.run(main())
