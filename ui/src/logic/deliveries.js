//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** What became of a report's email, and why: the states and reasons are the service's codes. */

export const DELIVERIES = ["queued", "sent", "unchanged", "unneeded", "failed"];

/** The reasons of a decision that these pages have words for; a newer service may have more. */
export const REASONS = [
  "new",
  "changed",
  "reminder",
  "recovered",
  "all-clear",
  "every-run",
  "requested",
  "unchanged",
  "all-well",
  "too-few",
  "muted",
  "no-recipients",
];

/** The states of an email that is not going to be sent. */
const HELD = ["unchanged", "unneeded"];

/** The state of a report's email: `held` stands for every state that a decision's reason explains better. */
export function deliveryState({ delivery, decision }) {
  return explainedBy(delivery, decision) && HELD.includes(delivery.state) ? "held" : delivery.state;
}

/** The code of why the email is sent or not, or null: reports of version 0.1.0 hold no decision. */
export function decisionReason({ delivery, decision }) {
  return explainedBy(delivery, decision) ? decision.reason : null;
}

/** Whether the decision is still what led to the state: an email that was held back may have been sent by hand since. */
function explainedBy({ state }, decision) {
  if (!decision) {
    return false;
  }
  return decision.send ? !HELD.includes(state) : HELD.includes(state) || state === "queued";
}

/** How a report goes out. */
export const CHANNELS = ["mail", "webhook"];

/** The plans of an audience from its key, such as "1,3/it/always": "1, 3". Empty where it sees all. */
export function audienceOf(key) {
  const [plans] = String(key ?? "").split("/");
  return plans === "all" ? "" : plans.split(",").join(", ");
}
