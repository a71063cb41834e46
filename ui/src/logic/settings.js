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
  "missing_grace_seconds",
  "wait_seconds",
  "settle_seconds",
  "repo_check",
];

/** The form for a configuration, as get-configuration has it. */
export function toForm(configuration) {
  const { mail_to, mail_from, mail_language, notify_on, missing_grace_seconds, repo_check } = configuration;
  const form = {
    mail_to: mail_to.join("\n"),
    mail_from,
    mail_language,
    notify_on,
    repo_check,
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

/** Whether it looks like an address. The module has the last word. */
export function isAddress(text) {
  return /^[^\s@<>(),;:\\"[\]]+@[^\s@.<>(),;:\\"[\]]+(\.[^\s@.<>(),;:\\"[\]]+)*$/.test(text) && text.length <= 254;
}

/** What is wrong: `{field: {code, …what the message names}}`, empty when nothing is. */
export function validate(form) {
  const errors = { ...validateAddresses(form), ...validateDurations(form) };
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
