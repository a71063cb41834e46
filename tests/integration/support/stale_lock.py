# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later

"""Puts a lock of any age into a restic repository: the clock of restic, a static binary, can't be faked.

stale_lock.py REPOSITORY MINUTES exclusive|shared, with the password in RESTIC_PASSWORD. The format is that of restic's doc/design.rst: what is stored is
a nonce, the text encrypted with AES-256-CTR, and its Poly1305-AES, in a file that is named by its SHA-256.
"""

import base64
import datetime
import hashlib
import json
import os
import pathlib
import subprocess
import sys


def openssl(cipher, key, data, *options):
    command = ["openssl", "enc", cipher, "-K", key.hex(), *options]
    return subprocess.run(command, input=data, stdout=subprocess.PIPE, check=True).stdout


def counter_mode(key, nonce, data):
    return openssl("-aes-256-ctr", key, data, "-iv", nonce.hex())


def poly1305(r, s, data):
    prime = (1 << 130) - 5
    r = int.from_bytes(r, "little") & 0x0FFFFFFC0FFFFFFC0FFFFFFC0FFFFFFF
    total = 0
    for at in range(0, len(data), 16):
        total = (total + int.from_bytes(data[at : at + 16] + b"\1", "little")) * r % prime
    return ((total + int.from_bytes(s, "little")) & ((1 << 128) - 1)).to_bytes(16, "little")


def main():
    repository, minutes = pathlib.Path(sys.argv[1]), int(sys.argv[2])
    key = json.loads(next((repository / "keys").iterdir()).read_text())
    derived = hashlib.scrypt(
        os.environ["RESTIC_PASSWORD"].encode(),
        salt=base64.b64decode(key["salt"]),
        n=key["N"],
        r=key["r"],
        p=key["p"],
        dklen=64,
        maxmem=1 << 30,
    )
    data = base64.b64decode(key["data"])
    master = json.loads(counter_mode(derived[:32], data[:16], data[16:-16]))
    encrypt, k, r = (base64.b64decode(part) for part in (master["encrypt"], master["mac"]["k"], master["mac"]["r"]))

    created = datetime.datetime.now(datetime.timezone.utc) - datetime.timedelta(minutes=minutes)
    lock = {"time": created.isoformat(), "exclusive": sys.argv[3] == "exclusive", "hostname": "node1", "username": "root", "pid": 1}
    nonce = os.urandom(16)
    sealed = counter_mode(encrypt, nonce, json.dumps(lock).encode())
    sealed = nonce + sealed + poly1305(r, openssl("-aes-128-ecb", k, nonce, "-nopad"), sealed)
    (repository / "locks" / hashlib.sha256(sealed).hexdigest()).write_bytes(sealed)


main()
