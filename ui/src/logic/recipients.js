//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** Recipients with plans, a language or occasions of their own, as rows of the form. */

import { isAddress } from "./addresses.js";

/** Numbers the rows, which have nothing else to tell them apart by while they are typed. */
let rows = 0;

/** An empty row. An empty language or occasion is the one that is common to all. */
export function newRow() {
  return { key: ++rows, address: "", scope: "some", plans: [], language: "", notify: "" };
}

/** The rows for configure-module's `recipients`. */
export function toRows(recipients) {
  return recipients.map(({ address, plans, language, notify }) => ({
    ...newRow(),
    address,
    scope: plans.length ? "some" : "all",
    plans: [...plans],
    language: language ?? "",
    notify: notify ?? "",
  }));
}

/** configure-module's `recipients` for rows that validateRows() finds nothing wrong with. */
export function fromRows(rows) {
  return rows.map(({ address, scope, plans, language, notify }) => ({
    address: address.trim(),
    plans: scope === "all" ? [] : plans,
    language: language || null,
    notify: notify || null,
  }));
}

/** The plans to choose from: those of the cluster, and those of a row that were deleted since. */
export function choices(plans, chosen) {
  const there = new Set(plans.map(({ id }) => id));
  const deleted = chosen.filter((id) => !there.has(id)).map((id) => ({ id, name: "", deleted: true }));
  return [...plans.map((plan) => ({ ...plan, deleted: false })), ...deleted];
}

/** The first row that is wrong: `{code, value, index, part}`, or undefined. `everybody` are the recipients of all plans. */
export function validateRows(rows, everybody) {
  const seen = new Set(everybody.map((address) => address.toLowerCase()));
  for (const [index, row] of rows.entries()) {
    const address = row.address.trim();
    const wrong = (part, code, value = address) => ({ code, value, index, part });
    if (!isAddress(address)) {
      return wrong("address", address ? "invalid_address" : "address_missing");
    }
    if (row.scope === "some" && !row.plans.length) {
      return wrong("plans", "no_plan");
    }
    const gets = (row.scope === "all" ? [""] : row.plans.map((plan) => ` ${plan}`)).map((plan) => address.toLowerCase() + plan);
    if (gets.some((key) => seen.has(key))) {
      return wrong("address", "duplicate_recipient");
    }
    gets.forEach((key) => seen.add(key));
  }
  return undefined;
}
