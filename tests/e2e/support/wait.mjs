//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { setTimeout as sleep } from "node:timers/promises";

/** How long anything may take to come true. Far more than it needs, for a machine that is busy. */
export const PATIENCE = Number(process.env.TEST_PATIENCE ?? 60) * 1000;

/** Waits until `look` returns something true, and returns it. */
export async function eventually(what, look) {
  const end = Date.now() + PATIENCE;
  for (;;) {
    const found = await look();
    if (found) {
      return found;
    }
    if (Date.now() > end) {
      throw new Error(`${what} did not come within ${PATIENCE / 1000} s`);
    }
    await sleep(50);
  }
}
