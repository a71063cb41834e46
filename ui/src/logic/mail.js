//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/**
 * A mail's HTML for a frame. The frame's sandbox runs no script; this keeps it from fetching anything, too, so that
 * opening a report does not reveal that it was opened.
 */
const POLICY =
  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'; img-src data:\">";

export function mailDocument(html) {
  // Before everything else: a policy holds for what comes after it. A doctype may only be followed by it.
  const doctype = /^\s*<!doctype[^>]*>/i.exec(html)?.[0] ?? "";
  return doctype + POLICY + html.slice(doctype.length);
}
