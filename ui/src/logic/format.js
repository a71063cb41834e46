//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** How values are written for people. All of it is a function of the value and the language. */

const UNITS = ["B", "KiB", "MiB", "GiB", "TiB", "PiB"];

/** A size in binary units with three digits: 734003200 is "700 MiB". */
export function formatBytes(bytes, locale) {
  if (!Number.isFinite(bytes)) {
    return "–";
  }
  let unit = 0;
  let value = bytes;
  while (value >= 1024 && unit < UNITS.length - 1) {
    value /= 1024;
    unit += 1;
  }
  const digits = unit === 0 || value >= 100 ? 0 : value >= 10 ? 1 : 2;
  return `${value.toLocaleString(locale, { maximumFractionDigits: digits })} ${UNITS[unit]}`;
}

export function formatNumber(number, locale) {
  return Number.isFinite(number) ? number.toLocaleString(locale) : "–";
}

/** A count of a unit, such as "26 hours". */
export function formatUnit(amount, unit, locale) {
  return amount.toLocaleString(locale, { style: "unit", unit, unitDisplay: "long" });
}

/** How a moment is written: with its zone, as the mails and the nodes' logs may be of another one. */
const MOMENT = { day: "numeric", month: "short", year: "numeric", hour: "2-digit", minute: "2-digit", timeZoneName: "short" };

/** A moment as the browser's zone has it: "22 Nov 2026, 17:04 CET". */
export function formatTime(moment, locale) {
  const date = new Date(moment ?? NaN);
  return isNaN(date) ? "–" : date.toLocaleString(locale, MOMENT);
}

/** A moment with everything that could be asked about it, zone included. */
export function formatTimeExactly(moment, locale) {
  const date = new Date(moment ?? NaN);
  return isNaN(date) ? "–" : date.toLocaleString(locale, { dateStyle: "full", timeStyle: "long" });
}

const STEPS = [
  ["second", 60],
  ["minute", 60],
  ["hour", 24],
  ["day", 30],
  ["month", 12],
  ["year", Infinity],
];

/** How far a moment is from now, in the largest fitting unit: "3 hours ago", "in 2 days". */
export function formatDistance(moment, now, locale) {
  const date = new Date(moment ?? NaN);
  if (isNaN(date)) {
    return "–";
  }
  let distance = (date - now) / 1000;
  for (const [unit, size] of STEPS) {
    if (Math.abs(Math.round(distance)) < size) {
      return new Intl.RelativeTimeFormat(locale, { numeric: "auto" }).format(Math.round(distance), unit);
    }
    distance /= size;
  }
}

/** How long something took, in the two largest units: 8040 is "2 h 14 min". */
export function formatDuration(seconds, locale) {
  if (!Number.isFinite(seconds)) {
    return "–";
  }
  const whole = Math.max(0, Math.round(seconds));
  const parts = [
    [Math.floor(whole / 86400), "d"],
    [Math.floor(whole / 3600) % 24, "h"],
    [Math.floor(whole / 60) % 60, "min"],
    [whole % 60, "s"],
  ];
  const first = parts.findIndex(([amount]) => amount > 0);
  if (first === -1) {
    return "0 s";
  }
  return parts
    .slice(first, first + 2)
    .filter(([amount]) => amount > 0)
    .map(([amount, unit]) => `${amount} ${unit === "d" ? shortDay(locale) : unit}`)
    .join(" ");
}

/** A day's letter; the other units are the same in every language. */
function shortDay(locale) {
  const day = new Intl.NumberFormat(locale, { style: "unit", unit: "day", unitDisplay: "narrow" });
  return day.formatToParts(1).find(({ type }) => type === "unit").value.trim();
}
