//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { describe, expect, it } from "vitest";
import { PAGE_SIZE, filterOptions, hasOlder, pageRange, reportsRequest } from "../../src/logic/reports.js";

const NONE = { plan: "", outcome: "", application: "" };
const some = (count) => Array.from({ length: count }, (_, id) => ({ id }));

describe("the request", () => {
  it("names only what is asked for", () => expect(reportsRequest(NONE, [])).toEqual({ limit: PAGE_SIZE }));

  it("goes on after the last page's last report", () => {
    expect(reportsRequest({ plan: 1, outcome: "FAILURE", application: "mail1" }, [80, 60])).toEqual({
      limit: PAGE_SIZE,
      before: 60,
      plan: "1",
      outcome: "FAILURE",
      application: "mail1",
    });
  });
});

describe("the range", () => {
  it("counts through the pages", () => {
    expect(pageRange([], some(20), 45)).toEqual({ from: 1, to: 20, total: 45 });
    expect(pageRange([80, 60], some(5), 45)).toEqual({ from: 41, to: 45, total: 45 });
    expect(pageRange([], [], 0)).toEqual({ from: 0, to: 0, total: 0 });
  });

  it("knows whether there are older ones", () => {
    expect(hasOlder([], some(20), 21)).toBe(true);
    expect(hasOlder([], some(20), 20)).toBe(false);
  });
});

it("offers every plan and application once, by name, and what is chosen though gone", () => {
  const plans = [
    { id: "2", name: "Weekly", applications: [{ id: "mail1", label: "Office" }, { id: "samba1", label: null }] },
    { id: "1", name: null, applications: [{ id: "mail1", label: "Office" }] },
  ];
  expect(filterOptions(plans, { plan: "7", application: "" })).toEqual({
    plans: [
      { value: "1", text: "1" },
      { value: "7", text: "7" },
      { value: "2", text: "Weekly" },
    ],
    applications: [
      { value: "mail1", text: "Office (mail1)" },
      { value: "samba1", text: "samba1" },
    ],
  });
});
