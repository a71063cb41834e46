#!/bin/bash

#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

# Makes the PNG that cluster-admin and the Software Center show (256 x 256, transparent corners) of logo.svg. Needs
# Chromium.

set -euo pipefail
cd "$(dirname "$0")/.."

profile=$(mktemp -d)
trap 'rm -rf "${profile}"' EXIT

printf '<body style="margin:0">%s</body>' "$(cat design/logo.svg)" >"${profile}/logo.html"
"${CHROMIUM:-chromium}" --headless --no-sandbox --disable-gpu --user-data-dir="${profile}" --hide-scrollbars \
    --default-background-color=00000000 --window-size=256,256 \
    --screenshot="${PWD}/ui/public/img/module_default_logo.png" "file://${profile}/logo.html"
