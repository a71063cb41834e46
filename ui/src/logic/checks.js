//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** Whether the monitor itself is well. */

/** The checks whose failure has words and advice of its own, in the order of the pages. */
export const CHECKS = [
  "service",
  "journal",
  "redis",
  "gateway",
  "api",
  "logs",
  "mail",
  "alertmanager",
  "runs",
  "schedules",
  "zone",
  "receiver",
  "reports",
  "heartbeat",
  "webhook",
  "duty",
];

/** How long a check's state matters: those that failed come first, then what is not in use. */
const ORDER = { failed: 0, ok: 1, off: 2 };

const OK = { state: "ok", reasons: [] };

function position(name) {
  const index = CHECKS.indexOf(name);
  return index === -1 ? CHECKS.length : index;
}

/** The checks to show, from what get-monitor-status says. The first is the service's own answer. */
export function listChecks(monitor) {
  const service = { name: "service", ...(monitor.reachable ? OK : { state: "failed", reasons: [monitor.error] }) };
  if (!monitor.reachable || !monitor.status) {
    // Nobody else could have been asked.
    return [service];
  }
  const checks = [service, ...merge(monitor.status.checks ?? [])];
  const duty = checks.find(({ name }) => name === "duty");
  // That nothing is sent from here explains itself; any other fault has to be read.
  if (duty && (duty.state !== "failed" || monitor.status.duty?.state === "copy")) {
    duty.duty = monitor.status.duty;
  }
  return checks.sort((a, b) => ORDER[a.state] - ORDER[b.state] || position(a.name) - position(b.name));
}

/** One entry for each name: several things may be wrong with the same part. */
function merge(checks) {
  const merged = new Map();
  for (const { name, state, reason } of checks) {
    const before = merged.get(name) ?? { name, ...OK };
    merged.set(name, {
      name,
      state: state === "ok" || before.state === "failed" ? before.state : state,
      reasons: [...before.reasons, reason].filter(Boolean),
    });
  }
  return [...merged.values()];
}

/** The words for what is to be known of other instances, with their values; null where there is nothing, or nothing that is known here. */
export function dutyWords(duty) {
  const { state, instance, node } = duty ?? {};
  if (state === "starting") {
    return { key: "checks.duty.starting" };
  }
  // With an instance, it is active in the place of that one.
  const words = { standby: "standby", copy: "copy", active: instance && "in_place_of" }[state];
  return words ? { key: `checks.duty.${words}`, values: { instance, node: node ?? "–" } } : null;
}

export function failedChecks(checks) {
  return checks.filter(({ state }) => state === "failed");
}

/** The key of a check's words; a check that this version does not know has common ones. */
export function checkKey(name) {
  return CHECKS.includes(name) ? name : "other";
}
