//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** The version as the About page has it: the product's and, where the image has another tag, that one: "1.2.0 (latest)". */
export function versionText(version, tag) {
  return !tag || tag === version ? version : `${version} (${tag})`;
}
