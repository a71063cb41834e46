#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""A mail server for tests."""

from aiosmtpd.controller import Controller
from support import free_port


class Mailbox:
    """A mail server that accepts everything, but what is addressed to refused@…"""

    def __init__(self):
        self.mails = []
        self.port = free_port()
        self.controller = None

    def start(self):
        self.controller = Controller(self, hostname="127.0.0.1", port=self.port)
        self.controller.start()

    def stop(self):
        if self.controller:
            self.controller.stop(no_assert=True)
            self.controller = None

    async def handle_RCPT(self, _server, _session, envelope, address, _options):
        if address.startswith("refused@"):
            return "550 nobody of this name"
        envelope.rcpt_tos.append(address)
        return "250 ok"

    async def handle_DATA(self, _server, _session, envelope):
        self.mails.append(envelope)
        return "250 ok"

    def smarthost(self):
        """Its settings, as cluster/smarthost holds them."""
        settings = {"enabled": "1", "host": "127.0.0.1", "port": str(self.port), "username": ""}
        return settings | {"password": "", "encrypt_smtp": "none", "tls_verify": ""}
