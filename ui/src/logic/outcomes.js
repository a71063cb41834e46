//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** What became of a run, from best to worst; the words are the service's. */
export const OUTCOMES = ["SUCCESS", "PENDING", "UNKNOWN", "PARTIAL", "MISSING", "REPO_FAILURE", "FAILURE"];

/** How an outcome or an application's state is to be taken: its colour, besides its mark and its word. */
export const TONES = {
  SUCCESS: "ok",
  PENDING: "busy",
  UNKNOWN: "unknown",
  PARTIAL: "warning",
  MISSING: "missing",
  REPO_FAILURE: "error",
  FAILURE: "error",
};

/** The outcome whose mark an application's state shares. */
const STATES = { ok: "SUCCESS", pending: "PENDING", missing: "MISSING", failed: "FAILURE" };

/** An outcome that this version knows: a newer service may have more words. */
export function knownOutcome(outcome) {
  return OUTCOMES.includes(outcome) ? outcome : "UNKNOWN";
}

export function outcomeOfState(state) {
  return STATES[state] ?? "UNKNOWN";
}

/** How bad an outcome is, from 0. */
export function severity(outcome) {
  return OUTCOMES.indexOf(knownOutcome(outcome));
}

/** Whether somebody has to do something about it. */
export function isProblem(outcome) {
  return severity(outcome) >= severity("UNKNOWN");
}

/** How often each outcome occurs, worst first, without those that don't occur: `[["FAILURE", 2], …]`. */
export function countOutcomes(outcomes) {
  const counts = new Map();
  for (const outcome of outcomes.map(knownOutcome)) {
    counts.set(outcome, (counts.get(outcome) ?? 0) + 1);
  }
  return [...counts].sort(([a], [b]) => severity(b) - severity(a));
}
