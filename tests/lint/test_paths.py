#
# Copyright (C) 2026 Nethesis S.r.l.
# SPDX-License-Identifier: GPL-3.0-or-later
#

"""The paths that the documentation names are there."""

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PATH = re.compile(r"`((?:src|tests|docs|ui|imageroot|benches|templates)/[\w./-]*)`")


@pytest.mark.parametrize("page", ["docs/contributing.md", "docs/architecture.md"])
def test_every_path_exists(page):
    paths = PATH.findall((ROOT / page).read_text())
    assert len(paths) >= 5, f"{page} names {paths}"
    missing = [path for path in paths if not (ROOT / path).exists()]
    assert not missing
