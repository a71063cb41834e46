//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** What no backup protects, and what can be restored: kinds and states are the service's codes. */

/** The kinds of gaps that these pages have words for, worst first; a newer service may have more. */
export const GAP_KINDS = [
  "success-without-snapshot",
  "no-plan",
  "plan-disabled",
  "plan-no-destination",
  "plan-not-running",
  "cluster-backup-no-password",
  "snapshot-old",
  "snapshots-few",
  "cluster-backup-failed",
  "plan-empty",
  "own-node-only",
];

/** How bad a gap is: what is not protected, what may be, and what could be better. */
const DOUBTFUL = ["snapshot-old", "snapshots-few", "cluster-backup-failed", "plan-empty"];

export function gapSeverity(kind) {
  if (kind === "own-node-only") {
    return "advice";
  }
  // What is not known here had better be looked at, too.
  return DOUBTFUL.includes(kind) || !GAP_KINDS.includes(kind) ? "doubtful" : "unprotected";
}

/** The gaps of each kind, in the service's order, which is worst first: `[{kind, severity, gaps}, …]`. */
export function groupGaps(gaps) {
  const groups = new Map();
  for (const gap of gaps) {
    if (!groups.has(gap.kind)) {
      groups.set(gap.kind, { kind: gap.kind, severity: gapSeverity(gap.kind), gaps: [] });
    }
    groups.get(gap.kind).gaps.push(gap);
  }
  return [...groups.values()];
}

/** The applications that a gap is about, as `[{id, label, node}, …]`. */
export function applicationsOf({ application, application_label: label = null, node, applications = [] }) {
  return application ? [{ id: application, label, node }, ...applications] : applications;
}

/** The repositories' states that these pages have words for. */
export const HEALTHS = ["OK", "UNREACHABLE", "LOCKED", "CORRUPTED", "WRONG_PASSWORD", "NOT_FOUND", "UNCONFIGURED", "ERROR", "UNKNOWN"];

/** The states of the cluster's own backup. */
export const CLUSTER_BACKUPS = ["ok", "failed", "no-password", "unknown"];

export function knownOf(words, word, otherwise) {
  return words.includes(word) ? word : otherwise;
}

/** What would be lost at worst: the seconds' worth of data, `all`, or `unknown` where nobody has looked yet. */
export function recoveryPoint({ recovery_point: { seconds }, proved_at: proved }) {
  if (seconds !== null) {
    return "up_to";
  }
  return proved === null ? "unknown" : "all";
}

/** A time as people say it, never shorter than it is: `{unit, amount}`. As the service's own words have it. */
export function roundUp(seconds) {
  if (seconds <= 7200) {
    return { unit: "minute", amount: Math.max(1, Math.ceil(seconds / 60)) };
  }
  return seconds <= 96 * 3600
    ? { unit: "hour", amount: Math.ceil(seconds / 3600) }
    : { unit: "day", amount: Math.ceil(seconds / 86400) };
}

/** Those that the search and the switch leave, in the service's order: with gaps first, then the oldest. */
export function selectPoints(points, { search, onlyGaps }) {
  const words = search.toLowerCase().split(/\s+/).filter(Boolean);
  return points.filter((point) => {
    if (onlyGaps && !point.gaps.length) {
      return false;
    }
    const { application, application_label, plan, plan_name, destination_name } = point;
    const text = [application, application_label, plan, plan_name, destination_name].filter(Boolean).join("\n").toLowerCase();
    return words.every((word) => text.includes(word));
  });
}
