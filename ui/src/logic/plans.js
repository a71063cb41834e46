//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** The backup plans as the status page lists them. */

import { isProblem, outcomeOfState, severity } from "./outcomes.js";

/** The outcome of a plan's last run; before the monitor has seen one, what its applications' states say. Or null. */
export function planOutcome({ runs, applications }) {
  if (runs.length) {
    return runs[0].outcome;
  }
  const states = new Set(applications.map(({ state }) => state).filter((state) => state !== null));
  if (states.size === 0) {
    return null;
  }
  if (states.size === 1) {
    return outcomeOfState([...states][0]);
  }
  return states.has("pending") ? "PENDING" : states.has("ok") ? "PARTIAL" : "FAILURE";
}

/** How many of a plan's applications are in each state; `new` are those that no run has been due for yet. */
export function countStates(applications) {
  const counts = { ok: 0, failed: 0, pending: 0, missing: 0, new: 0 };
  for (const application of applications) {
    const state = application.state ?? "new";
    counts[state] = (counts[state] ?? 0) + 1;
  }
  return counts;
}

/** How old the reading of the cluster may be, in milliseconds, before the page says so: it is read once a minute. */
const STALE = 5 * 60_000;

/** Whether the plans may differ from those that the cluster has now. */
export function isStale(asOf, now) {
  return asOf === null || now - Date.parse(asOf) > STALE;
}

function text(plan) {
  const own = [plan.id, plan.name, plan.destination];
  const applications = plan.applications.flatMap(({ id, label }) => [id, label]);
  return [...own, ...applications].filter(Boolean).join("\n").toLowerCase();
}

/** Those that the search and the switch leave, worst first, then by name. */
export function selectPlans(plans, { search, onlyProblems }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return plans
    .map((plan) => ({ plan, outcome: planOutcome(plan) }))
    .filter(({ outcome }) => !onlyProblems || (outcome !== null && isProblem(outcome)))
    .filter(({ plan }) => {
      const haystack = words.length ? text(plan) : "";
      return words.every((word) => haystack.includes(word));
    })
    .sort((a, b) => rank(b) - rank(a) || title(a.plan).localeCompare(title(b.plan), undefined, { numeric: true }))
    .map(({ plan }) => plan);
}

/** Success and what is only under way are equally good: a run that begins must not move its plan. */
function rank({ outcome }) {
  return outcome !== null && isProblem(outcome) ? severity(outcome) : 0;
}

/** What sorts a plan. */
function title(plan) {
  return plan.name || String(plan.id);
}

/** Applications, those with problems first. */
export function sortApplications(applications) {
  return [...applications].sort(
    (a, b) =>
      urgency(b) - urgency(a) ||
      (a.label || a.id).localeCompare(b.label || b.id, undefined, { numeric: true }),
  );
}

/** What has not been due yet is no problem. */
function urgency({ state }) {
  return state === null ? 0 : severity(outcomeOfState(state));
}
