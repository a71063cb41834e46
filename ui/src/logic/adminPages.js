//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** Pages of cluster-admin outside of this module, as its router has them. */

/** Plans and destinations. */
export const BACKUP = "/backup";

/** Where applications are restored. */
export const RESTORE = "/backup?view=restore";

/** An application's own pages. */
export function applicationPage(id) {
  return `/apps/${encodeURIComponent(id)}`;
}

/** The log is shown from this long before to this long after, in milliseconds. */
const MARGIN = 60_000;

/** An application's log around what took `seconds` until `end`. The log page takes times in the browser's zone. */
export function logPage(id, end, seconds) {
  const until = Date.parse(end);
  const context = `context=module&selectedAppId=${encodeURIComponent(id)}`;
  if (Number.isNaN(until)) {
    return `/system-logs?${context}`;
  }
  const from = new Date(until - (seconds ?? 0) * 1000 - MARGIN);
  const to = new Date(until + MARGIN);
  const times = `startDate=${day(from)}&startTime=${encodeURIComponent(time(from))}&endDate=${day(to)}&endTime=${encodeURIComponent(time(to))}`;
  return `/system-logs?${context}&${times}&autoStartSearch=true&maxLines=500`;
}

const two = (number) => String(number).padStart(2, "0");
const day = (date) => `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`;
const time = (date) => `${two(date.getHours())}:${two(date.getMinutes())}`;
