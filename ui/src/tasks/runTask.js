//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** How a task ends when it does not end well. */
export class TaskError extends Error {
  /**
   * @param {"request"|"aborted"|"validation-failed"|"timeout"} kind what happened to the task
   * @param detail the failed request, the task's result, or the list of what was invalid
   */
  constructor(kind, action, detail) {
    super(`${action}: ${kind}`);
    this.kind = kind;
    this.action = action;
    this.detail = detail;
  }
}

/** How long an answer is waited for. A lost websocket loses its events, too. */
export const TIMEOUT = 120_000;

/**
 * Runs an action as a task of the cluster and waits for its end, which cluster-admin announces on its root instance.
 *
 * @param events cluster-admin's root instance
 * @param create sends the task, given its description
 * @param task the action, its data and what else the task is to say; `extra.eventId` identifies its events
 * @returns `{ result, cancel }`: a promise of the action's output, and how to stop waiting for it
 */
export function runTask(events, create, task, timeout = TIMEOUT) {
  const { action, extra } = task;
  let cancel;
  const result = new Promise((resolve, reject) => {
    const listeners = {
      completed: (context, { output }) => settle(resolve, output),
      aborted: (outcome) => fail("aborted", outcome),
      "validation-failed": (failures) => fail("validation-failed", failures),
    };
    const names = Object.keys(listeners).map((end) => [`${action}-${end}-${extra.eventId}`, listeners[end]]);
    const timer = setTimeout(() => fail("timeout"), timeout);
    cancel = () => {
      clearTimeout(timer);
      names.forEach(([name, listener]) => events.$off(name, listener));
    };
    const settle = (how, value) => {
      cancel();
      how(value);
    };
    const fail = (kind, detail) => settle(reject, new TaskError(kind, action, detail));

    // Listening comes first: a quick task is over before its creation is answered.
    names.forEach(([name, listener]) => events.$on(name, listener));
    Promise.resolve(create(task)).catch((error) => fail("request", error));
  });
  return { result, cancel };
}
