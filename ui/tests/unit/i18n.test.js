//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { CHECKS } from "../../src/logic/checks.js";
import { CHANNELS, DELIVERIES, REASONS } from "../../src/logic/deliveries.js";
import { SECONDS } from "../../src/logic/duration.js";
import { MAIL_LANGUAGES, languageOfFile, nameOfLanguage, pickLanguage } from "../../src/logic/languages.js";
import { OUTCOMES } from "../../src/logic/outcomes.js";
import { CLUSTER_BACKUPS, GAP_KINDS, HEALTHS } from "../../src/logic/protection.js";
import { ERRORS, FIELDS, SUMMARIES } from "../../src/logic/settings.js";

const SOURCES = new URL("../../src/", import.meta.url).pathname;
const LANGUAGES = new URL("../../public/i18n/", import.meta.url).pathname;
const IMAGEROOT = new URL("../../../imageroot/", import.meta.url).pathname;

const STATES = ["ok", "failed", "pending", "missing"];
const PAGES = ["status", "protection", "reports", "settings", "about"];

/** What stands in the place of `${…}` in keys that are put together, by what is before it. */
const PARTS = {
  "action.": null, // every action that the sources run: see below
  "failure.": ["get-status", "get-monitor-status", "get-configuration", "list-reports", "get-report", "resend-report", "list-installed-modules", "list-gaps", "list-restore-points"],
  "applications.": ["name", "state", "last_run", "last_success", "size", "files", "duration"],
  "channels.": CHANNELS,
  "check_states.": ["ok", "failed", "off", "standby"],
  "checks.": [...CHECKS.flatMap((name) => [`${name}.name`, `${name}.advice`]), "other.advice", "duty.standby", "duty.copy", "duty.starting", "duty.in_place_of", "api.off", "logs.off", "alertmanager.off", "schedules.off", "heartbeat.off", "webhook.off"],
  "cluster_backups.": CLUSTER_BACKUPS,
  "counts.": [...STATES, "new"],
  "decision.": ["sent", "queued", "failed", "held"],
  "decision_meanings.": REASONS,
  "decision_reasons.": REASONS,
  "deliveries.": DELIVERIES,
  "delivery.": ["audience", "channel", "state", "last_error"],
  "delivery_meanings.": DELIVERIES,
  "gap_facts.": ["run_at", "newest_snapshot", "last_run", "due_since"],
  "gap_kinds.": GAP_KINDS,
  "gap_severities.": ["unprotected", "doubtful", "advice"],
  "gap_steps.": GAP_KINDS,
  "healths.": HEALTHS,
  "outcome_meanings.": OUTCOMES,
  "outcomes.": OUTCOMES,
  "recovery.": ["up_to", "all", "unknown"],
  "restore_points.": ["application", "plan", "newest", "loss", "count", "size", "proved"],
  "reports.": ["created", "outcome", "subject", "delivery"],
  "runs.": ["ended", "outcome", "applications", "report"],
  "settings.": [...FIELDS, ...FIELDS.map((name) => `${name}_help`)],
  "settings.errors.": [...ERRORS, "other"],
  "settings.notify_on_": ["failure", "always"],
  "settings.own_notify_": ["failure", "always"],
  "settings.scope_": ["all", "some"],
  "settings.summary_": SUMMARIES,
  "sizes.": ["grew", "shrank", "steady"],
  "stages.": ["waiting", "correlated", "checked"],
  "states.": STATES,
  "units.": Object.keys(SECONDS),
  "": PAGES.map((page) => `${page}.title`),
};

/** Texts that a library asks for: ns8-ui-lib's getErrorMessage. */
const FROM_LIBRARIES = ["network_error", "network_timeout", "401", "403", "404", "generic_error"].map((key) => `error.${key}`);

function flatten(value, prefix = "") {
  return Object.entries(value).flatMap(([key, inner]) =>
    typeof inner === "string" ? [[prefix + key, inner]] : flatten(inner, `${prefix}${key}.`),
  );
}

const texts = (language) => new Map(flatten(JSON.parse(readFileSync(`${LANGUAGES}${language}/translation.json`, "utf8"))));
const sources = readdirSync(SOURCES, { recursive: true })
  .filter((name) => /\.(vue|js)$/.test(name))
  .map((name) => readFileSync(join(SOURCES, name), "utf8"))
  .join("\n");

/** Every key that the sources use. */
function usedKeys() {
  const used = new Set(FROM_LIBRARIES);
  // Ours only: core.$t asks cluster-admin.
  const calls = sources.replace(/core\.\$tc?\([^)]*\)/g, "");
  // What follows an equals sign is an attribute's expression, such as "report.id".
  for (const [, key] of calls.matchAll(/(?<!=)["'`]([a-z_]+(?:\.[\w-]+)+)["'`]/gi)) {
    used.add(key);
  }
  for (const [, prefix] of calls.matchAll(/\$tc?\(\s*`([\w.]*)\$\{/g)) {
    expect(PARTS, `the key \`${prefix}\${…}\``).toHaveProperty([prefix]);
    (PARTS[prefix] ?? []).forEach((part) => used.add(prefix + part));
  }
  // t(condition ? `a.${x}` : `b.${x}`)
  for (const [, prefix] of calls.matchAll(/[?:] `([a-z_.]+)\$\{/g)) {
    (PARTS[prefix] ?? []).forEach((part) => used.add(prefix + part));
  }
  for (const [, action] of sources.matchAll(/run(?:Module|Cluster)Action\("([\w-]+)"/g)) {
    used.add(`action.${action}`);
  }
  return used;
}

const english = texts("en");

/** Every language that somebody has made a file for. */
const languages = readdirSync(LANGUAGES);

describe.each(languages)("the language %s", (language) => {
  const translated = texts(language);

  // In any order: translation platforms sort as they like.
  it("has the same keys as English", () => expect([...translated.keys()].sort()).toEqual([...english.keys()].sort()));

  it("names the same values", () => {
    const placeholders = (text) => [...new Set(text.match(/\{\w+\}/g))].sort().join();
    for (const [key, text] of english) {
      expect(`${key} ${placeholders(translated.get(key))}`).toBe(`${key} ${placeholders(text)}`);
    }
  });

  it("has plural forms where English has", () => {
    const isPlural = (text) => text.includes(" | ");
    expect([...english.keys()].filter((key) => isPlural(translated.get(key)) !== isPlural(english.get(key)))).toEqual([]);
  });

  it("leaves nothing empty", () => expect([...translated].filter(([, text]) => !text.trim())).toEqual([]));
});

it("every key that is used has a text", () => {
  // What looks like a key has a section of ours before its dot; the rest are names of files and the like.
  const sections = new Set([...english.keys()].map((key) => key.split(".")[0]));
  const missing = [...usedKeys()].filter((key) => sections.has(key.split(".")[0]) && !english.has(key));
  expect(missing).toEqual([]);
});

it("every text is used", () => {
  const used = usedKeys();
  expect([...english.keys()].filter((key) => !used.has(key))).toEqual([]);
});

describe("choosing a language", () => {
  it("prefers the browser's own, then its first part, then English", () => {
    const there = ["../public/i18n/en/translation.json", "../public/i18n/it/translation.json", "../public/i18n/pt_BR/translation.json"].map(
      languageOfFile,
    );
    expect(["it-CH", "pt-BR", "pt-PT", "en-GB", "de"].map((wanted) => pickLanguage(wanted, there))).toEqual([
      "it",
      "pt-BR",
      "en",
      "en",
      "en",
    ]);
  });

  it("offers for emails what configure-module takes, each under its own name", () => {
    const schema = JSON.parse(readFileSync(`${IMAGEROOT}actions/configure-module/validate-input.json`, "utf8"));
    expect(MAIL_LANGUAGES).toEqual(schema.properties.mail_language.enum);
    expect(MAIL_LANGUAGES.map(nameOfLanguage)).toEqual(["English", "Italiano"]);
  });
});
