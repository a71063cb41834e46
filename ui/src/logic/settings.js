//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** The settings as a form: what is typed, what it means, and what is wrong with it. */

import { isAddress, isUrl, splitAddresses } from "./addresses.js";
import { joinSeconds, splitSeconds } from "./duration.js";
import { fromRows, toRows, validateRows } from "./recipients.js";

/** The lengths of time: the units that make sense for each, and configure-module's limits in seconds. */
export const DURATIONS = {
  repeat_seconds: { units: ["hours", "days"], min: 0, max: 2678400 },
  missing_grace_seconds: { units: ["minutes", "hours", "days"], min: 0, max: 604800 },
  coverage_grace_seconds: { units: ["hours", "days"], min: 0, max: 2678400 },
  wait_seconds: { units: ["seconds", "minutes"], min: 0, max: 3600 },
  settle_seconds: { units: ["minutes", "hours"], min: 0, max: 86400 },
  repo_check_total_seconds: { units: ["seconds", "minutes"], min: 1, max: 3600 },
  heartbeat_seconds: { units: ["seconds", "minutes", "hours"], min: 10, max: 86400 },
};

/** What the watch for missing backups starts with when it is switched on. */
const DEFAULT_GRACE = 7200;

/** How often all is summed up. */
export const SUMMARIES = ["off", "daily", "weekly"];

/** Parameters that are URLs. */
const URLS = ["webhook_url", "heartbeat_url", "heartbeat_fail_url", "cluster_admin_url"];

/** The fields that are always in sight, in the order of the page, which is where the focus looks for the first wrong one. */
const BASIC = [
  "mail_to",
  "recipients",
  "mail_from",
  "mail_language",
  "notify_on",
  "summary",
  "muted",
  "missing_grace_seconds",
];

/** Those of the advanced section. */
export const ADVANCED = [
  "repeat_seconds",
  "after_failures",
  "coverage_grace_seconds",
  "wait_seconds",
  "settle_seconds",
  "repo_check",
  "repo_check_total_seconds",
  "webhook_url",
  "webhook_token",
  "heartbeat_url",
  "heartbeat_fail_url",
  "heartbeat_seconds",
  "cluster_admin_url",
];

export const FIELDS = [...BASIC, ...ADVANCED];

/** The errors that have words of their own, `settings.errors.…`; the module may know more, which are `other`. */
export const ERRORS = [
  "invalid_address",
  "address_missing",
  "duplicate_address",
  "duplicate_recipient",
  "no_plan",
  "sender_invalid",
  "not_a_number",
  "out_of_range",
  "settle_shorter_than_wait",
  "failures_out_of_range",
  "invalid_id",
  "invalid_date",
  "duplicate_muted",
  "invalid_url",
  "needs_heartbeat_url",
  "needs_webhook_url",
  "invalid_token",
];

/** What is in the form as it is in the configuration. */
const AS_THEY_ARE = ["mail_from", "mail_language", "notify_on", "summary", "repo_check", ...URLS];

/** The form for a configuration, as get-configuration has it. `proposed` are recipients to start with. */
export function toForm(configuration, proposed = []) {
  const { mail_to, recipients, missing_grace_seconds, after_failures, muted } = configuration;
  const form = {
    mail_to: (mail_to.length ? mail_to : proposed).join("\n"),
    recipients: toRows(recipients),
    after_failures: String(after_failures),
    muted: muted.map(({ id, until }) => `${id} ${until}`).join("\n"),
    watch_missing: missing_grace_seconds !== null,
    // It is never shown. Nothing typed keeps the one that is saved.
    webhook_token: "",
    remove_token: false,
  };
  for (const name of AS_THEY_ARE) {
    form[name] = configuration[name];
  }
  for (const [name, { units }] of Object.entries(DURATIONS)) {
    form[name] = splitSeconds(configuration[name] ?? DEFAULT_GRACE, units);
  }
  return form;
}

/** What configure-module takes for a form that validate() finds nothing wrong with. */
export function toConfiguration(form) {
  const configuration = {
    mail_to: splitAddresses(form.mail_to),
    recipients: fromRows(form.recipients),
    after_failures: Number(form.after_failures),
    muted: parseMuted(form.muted),
    webhook_token: form.webhook_token.trim() || (form.remove_token ? "" : null),
  };
  for (const name of AS_THEY_ARE) {
    configuration[name] = typeof form[name] === "string" ? form[name].trim() : form[name];
  }
  for (const name of Object.keys(DURATIONS)) {
    configuration[name] = Math.round(joinSeconds(form[name]));
  }
  if (!form.watch_missing) {
    configuration.missing_grace_seconds = null;
  }
  return configuration;
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

/** What is wrong: `{field: {code, …what the message names}}`, empty when nothing is. */
export function validate(form) {
  const errors = { ...validateAddresses(form), ...validateDurations(form), ...validateLimits(form), ...validateUrls(form) };
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
  const recipients = validateRows(form.recipients, addresses);
  if (recipients) {
    errors.recipients = recipients;
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

function validateUrls(form) {
  const errors = {};
  for (const name of URLS) {
    const url = form[name].trim();
    if (url && (!isUrl(url) || (name === "cluster_admin_url" && /[?#]/.test(url)))) {
      errors[name] = { code: "invalid_url" };
    }
  }
  if (form.heartbeat_fail_url.trim() && !form.heartbeat_url.trim()) {
    errors.heartbeat_fail_url = { code: "needs_heartbeat_url" };
  }
  const token = form.webhook_token.trim();
  if (token && !form.webhook_url.trim()) {
    errors.webhook_token = { code: "needs_webhook_url" };
  } else if (!/^[!-~]*$/.test(token)) {
    errors.webhook_token = { code: "invalid_token" };
  }
  return errors;
}

function validateDurations(form) {
  const errors = {};
  for (const [name, { min, max }] of Object.entries(DURATIONS)) {
    if (name === "missing_grace_seconds" && !form.watch_missing) {
      continue;
    }
    const seconds = joinSeconds(form[name]);
    if (Number.isNaN(seconds)) {
      errors[name] = { code: "not_a_number" };
    } else if (seconds < min || seconds > max) {
      errors[name] = { code: "out_of_range", min, max };
    }
  }
  return errors;
}

/** What configure-module refused, in the shape of validate(). What belongs to no field is under `form`. */
export function refused(failures) {
  const errors = {};
  for (const { field = "", parameter = "", error, value } of failures) {
    // An item of a list is named as mail_to.0, and what is within it as recipients.0.address.
    const [named, index, part = "address"] = field.split(".");
    const name = [named, parameter.split(".")[0]].find((candidate) => FIELDS.includes(candidate)) ?? "form";
    const place = name === "recipients" && index !== undefined ? { index: Number(index), part } : {};
    errors[name] ??= { code: error, value: typeof value === "string" ? value : "", ...place };
  }
  return errors;
}
