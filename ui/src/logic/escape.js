//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
const ENTITIES = { "&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&quot;", "'": "&#39;" };

/** Text for the components of ns8-ui-lib that take HTML: what comes from outside must stay text. */
export function escapeHtml(text) {
  return String(text ?? "").replace(/[&<>"']/g, (character) => ENTITIES[character]);
}
