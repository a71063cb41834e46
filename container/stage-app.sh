#!/bin/bash

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

# stage-app.sh BINARY DIRECTORY: creates the root file system of the app image in DIRECTORY. Run by build-images.sh, on the
# host or in the builder container.

set -euo pipefail

binary=${1:?}
root=${2:?}

rm -rf "${root}"
mkdir -p "${root}"/{etc/ssl/certs,usr/bin,usr/share}
install -m 755 "${binary}" "${root}/usr/bin/ns8-backup-monitor"
install -m 644 /etc/ssl/certs/ca-certificates.crt "${root}/etc/ssl/certs/ca-certificates.crt"

# Time zones by name. posix/ duplicates them, right/ counts leap seconds, and the rest are not zones.
cp -a /usr/share/zoneinfo "${root}/usr/share/"
cd "${root}/usr/share/zoneinfo"
rm -rf posix right posixrules localtime leap* ./*.tab ./*.list ./*.zi SECURITY +VERSION
cd - >/dev/null
chmod -R u=rwX,go=rX "${root}"

printf 'root:x:0:0:root:/:/sbin/nologin\nbackup-monitor:x:1000:1000:backup monitor:/var/lib/backup-monitor:/sbin/nologin\n' \
    >"${root}/etc/passwd"
printf 'root:x:0:\nbackup-monitor:x:1000:\n' >"${root}/etc/group"
