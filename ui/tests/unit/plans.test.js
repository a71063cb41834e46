//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { describe, expect, it } from "vitest";
import { countStates, isStale, planOutcome, selectPlans, sortApplications } from "../../src/logic/plans.js";

const application = (id, state, label = null) => ({ id, state, label });
const plan = (id, outcome, applications = [application("mail1", "ok")], more = {}) => ({
  id,
  name: `Plan ${id}`,
  destination: null,
  runs: outcome ? [{ outcome }] : [],
  applications,
  ...more,
});
const ids = (plans) => plans.map(({ id }) => id);
const ALL = { search: "", onlyProblems: false };

describe("a plan's outcome", () => {
  it("is its last run's", () => expect(planOutcome(plan("1", "PARTIAL"))).toBe("PARTIAL"));

  it.each([
    [["ok", "ok"], "SUCCESS"],
    [["missing"], "MISSING"],
    [["failed"], "FAILURE"],
    [["ok", "failed"], "PARTIAL"],
    [["failed", "missing"], "FAILURE"],
    [["ok", "pending", "failed"], "PENDING"],
    [["ok", null], "SUCCESS"],
    [[null, null], null],
    [[], null],
  ])("is read from %s before any run was seen", (states, outcome) => {
    const applications = states.map((state, index) => application(`app${index}`, state));
    expect(planOutcome(plan("1", null, applications))).toBe(outcome);
  });
});

describe("when the plans were read", () => {
  const now = Date.parse("2026-11-25T12:00:00Z");
  it.each([
    ["2026-11-25T11:58:00Z", false],
    ["2026-11-25T11:50:00Z", true],
    [null, true],
  ])("%s is said or not: %s", (asOf, stale) => expect(isStale(asOf, now)).toBe(stale));
});

describe("the list of plans", () => {
  it("has the worst first, then goes by name as people count", () => {
    const plans = [plan("10", "SUCCESS"), plan("2", "PENDING"), plan("3", "PARTIAL"), plan("4", "FAILURE")];
    expect(ids(selectPlans(plans, ALL))).toEqual(["4", "3", "2", "10"]);
  });

  it("can be cut down to problems", () => {
    const plans = [plan("1", "SUCCESS"), plan("2", "MISSING"), plan("3", null, [])];
    expect(ids(selectPlans(plans, { ...ALL, onlyProblems: true }))).toEqual(["2"]);
  });

  it("is searched in plans, destinations and applications, for every word", () => {
    const plans = [
      plan("1", "SUCCESS", [application("mail1", "ok", "Office mail")], { name: "Nightly", destination: "S3 Paris" }),
      plan("2", "SUCCESS", [application("samba1", "ok")], { name: null }),
    ];
    const found = (search) => ids(selectPlans(plans, { ...ALL, search }));
    expect(found("OFFICE paris")).toEqual(["1"]);
    expect(found("samba")).toEqual(["2"]);
    expect(found("samba paris")).toEqual([]);
    expect(found("  ")).toHaveLength(2);
  });

  it("leaves the plans as they are", () => {
    const plans = Object.freeze([plan("1", "SUCCESS"), plan("2", "FAILURE")]);
    expect(ids(selectPlans(plans, ALL))).toEqual(["2", "1"]);
    expect(ids(plans)).toEqual(["1", "2"]);
  });
});

it("counts applications by state", () => {
  expect(countStates([application("a", "ok"), application("b", "ok"), application("c", "missing"), application("d", null)])).toEqual({
    ok: 2,
    failed: 0,
    pending: 0,
    missing: 1,
    new: 1,
  });
});

it("shows applications with problems first", () => {
  const applications = [application("a2", "ok"), application("a10", "ok"), application("b", "missing"), application("c", "failed"), application("a1", null)];
  expect(ids(sortApplications(applications))).toEqual(["c", "b", "a1", "a2", "a10"]);
});
