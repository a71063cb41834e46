//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** Lengths of time as people type them: an amount of a unit. The service has seconds. */

export const SECONDS = { seconds: 1, minutes: 60, hours: 3600, days: 86400 };

/** The largest unit that the seconds are a whole number of: 7200 is 2 hours, 90 is 90 seconds. */
export function splitSeconds(seconds, units) {
  const bySize = [...units].sort((a, b) => SECONDS[b] - SECONDS[a]);
  const smallest = bySize[bySize.length - 1];
  const unit = seconds === 0 ? smallest : (bySize.find((name) => seconds % SECONDS[name] === 0) ?? "seconds");
  return { amount: String(seconds / SECONDS[unit]), unit };
}

/** The seconds, or NaN where the amount is no number. A half hour may be typed as 0.5 hours, or 0,5. */
export function joinSeconds({ amount, unit }) {
  const text = String(amount).trim().replace(",", ".");
  return text === "" ? NaN : Number(text) * SECONDS[unit];
}
