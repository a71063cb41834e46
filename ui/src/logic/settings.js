//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** The settings as a form: what is typed, what it means, and what is wrong with it. */

import { joinSeconds, splitSeconds } from "./duration.js";

/** The lengths of time: the units that make sense for each, and configure-module's limit in seconds. */
export const DURATIONS = {
  wait_seconds: { units: ["seconds", "minutes"], max: 3600 },
  settle_seconds: { units: ["minutes", "hours"], max: 86400 },
  repeat_seconds: { units: ["hours", "days"], max: 2678400 },
  missing_grace_seconds: { units: ["minutes", "hours", "days"], max: 604800 },
};

/** What the watch for missing backups starts with when it is switched on. */
const DEFAULT_GRACE = 7200;

/** The fields in the order of the page, which is where the focus looks for the first wrong one. */
export const FIELDS = [
  "mail_to",
  "mail_from",
  "mail_language",
  "notify_on",
  "repeat_seconds",
  "after_failures",
  "muted",
  "missing_grace_seconds",
  "wait_seconds",
  "settle_seconds",
  "repo_check",
];

/** The form for a configuration, as get-configuration has it. */
export function toForm(configuration) {
  const { mail_to, mail_from, mail_language, notify_on, missing_grace_seconds, repo_check } = configuration;
  const { after_failures, muted } = configuration;
  const form = {
    mail_to: mail_to.join("\n"),
    mail_from,
    mail_language,
    notify_on,
    repo_check,
    after_failures: String(after_failures),
    muted: muted.map(({ id, until }) => `${id} ${until}`).join("\n"),
    watch_missing: missing_grace_seconds !== null,
  };
  for (const [name, { units }] of Object.entries(DURATIONS)) {
    form[name] = splitSeconds(configuration[name] ?? DEFAULT_GRACE, units);
  }
  return form;
}

/** What configure-module takes for a form that validate() finds nothing wrong with. */
export function toConfiguration(form) {
  const configuration = {
    mail_to: splitAddresses(form.mail_to),
    mail_from: form.mail_from.trim(),
    mail_language: form.mail_language,
    notify_on: form.notify_on,
    repo_check: form.repo_check,
    after_failures: Number(form.after_failures),
    muted: parseMuted(form.muted),
  };
  for (const name of Object.keys(DURATIONS)) {
    configuration[name] = Math.round(joinSeconds(form[name]));
  }
  if (!form.watch_missing) {
    configuration.missing_grace_seconds = null;
  }
  return configuration;
}

/** Addresses apart: people separate them with whatever their mail program does. */
export function splitAddresses(text) {
  return text.split(/[\s,;]+/).filter(Boolean);
}

/** The most failures in a row. */
export const MAX_FAILURES = 100;

/** Who is muted: an id and its last day on each line. What is between them does not matter. */
export function parseMuted(text) {
  const lines = text.split(/[\n,;]+/).filter((line) => line.trim());
  return lines.map((line) => {
    const [id, until = ""] = line.trim().split(/[\s=:]+/);
    return { id, until };
  });
}

/** Whether it is a day of the calendar, such as 2026-12-31. */
export function isDay(text) {
  const time = /^\d{4}-\d{2}-\d{2}$/.test(text) ? Date.parse(`${text}T00:00:00Z`) : NaN;
  // 30 February would become 2 March.
  return !Number.isNaN(time) && new Date(time).toISOString().startsWith(text);
}

/** Whether it looks like an address. The module has the last word. */
export function isAddress(text) {
  return /^[^\s@<>(),;:\\"[\]]+@[^\s@.<>(),;:\\"[\]]+(\.[^\s@.<>(),;:\\"[\]]+)*$/.test(text) && text.length <= 254;
}

/** What is wrong: `{field: {code, …what the message names}}`, empty when nothing is. */
export function validate(form) {
  const errors = { ...validateAddresses(form), ...validateDurations(form), ...validateLimits(form) };
  if (!errors.wait_seconds && !errors.settle_seconds) {
    if (joinSeconds(form.settle_seconds) < joinSeconds(form.wait_seconds)) {
      errors.settle_seconds = { code: "settle_shorter_than_wait" };
    }
  }
  return errors;
}

function validateAddresses(form) {
  const errors = {};
  const addresses = splitAddresses(form.mail_to);
  const wrong = addresses.find((address) => !isAddress(address));
  const folded = addresses.map((address) => address.toLowerCase());
  const twice = addresses.find((address, index) => folded.indexOf(address.toLowerCase()) !== index);
  if (wrong) {
    errors.mail_to = { code: "invalid_address", value: wrong };
  } else if (twice) {
    errors.mail_to = { code: "duplicate_address", value: twice };
  }
  const sender = form.mail_from.trim();
  if (sender && !isAddress(sender)) {
    errors.mail_from = { code: "sender_invalid", value: sender };
  }
  return errors;
}

function validateLimits(form) {
  const errors = {};
  const failures = form.after_failures.trim();
  if (!/^\d+$/.test(failures) || Number(failures) < 1 || Number(failures) > MAX_FAILURES) {
    errors.after_failures = { code: "failures_out_of_range", limit: MAX_FAILURES };
  }
  const muted = parseMuted(form.muted);
  const ids = muted.map(({ id }) => id);
  const wrong = muted.find(({ id }) => !/^[\w-]{1,64}$/.test(id));
  const undated = muted.find(({ until }) => !isDay(until));
  const twice = ids.find((id, index) => ids.indexOf(id) !== index);
  if (wrong) {
    errors.muted = { code: "invalid_id", value: wrong.id };
  } else if (undated) {
    errors.muted = { code: "invalid_date", value: undated.until || undated.id };
  } else if (twice) {
    errors.muted = { code: "duplicate_muted", value: twice };
  }
  return errors;
}

function validateDurations(form) {
  const errors = {};
  for (const [name, { max }] of Object.entries(DURATIONS)) {
    if (name === "missing_grace_seconds" && !form.watch_missing) {
      continue;
    }
    const seconds = joinSeconds(form[name]);
    if (Number.isNaN(seconds)) {
      errors[name] = { code: "not_a_number" };
    } else if (seconds < 0 || seconds > max) {
      errors[name] = { code: "out_of_range", max };
    }
  }
  return errors;
}

/** What configure-module refused, in the shape of validate(). What belongs to no field is under `form`. */
export function refused(failures) {
  const errors = {};
  for (const { field = "", parameter = "", error, value } of failures) {
    // The agent names an item of a list as mail_to.0.
    const names = [field, parameter].map((name) => name.split(".")[0]);
    const name = names.find((candidate) => FIELDS.includes(candidate)) ?? "form";
    errors[name] ??= { code: error, value: typeof value === "string" ? value : "" };
  }
  return errors;
}
