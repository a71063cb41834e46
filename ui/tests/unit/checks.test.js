//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { expect, it } from "vitest";
import { checkKey, dutyWords, failedChecks, listChecks } from "../../src/logic/checks.js";

const monitor = (checks) => ({ reachable: true, error: null, status: { checks } });
const check = (name, state) => ({ name, state, reason: null });

it("says that the service does not answer, and nothing else", () => {
  const checks = listChecks({ reachable: false, error: "connection refused", status: null });
  expect(checks).toEqual([{ name: "service", state: "failed", reasons: ["connection refused"] }]);
  expect(failedChecks(checks)).toHaveLength(1);
});

it("has what failed first and what is not in use last, otherwise the order of the pages", () => {
  const checks = listChecks(
    monitor([check("alertmanager", "off"), check("mail", "failed"), check("redis", "ok"), check("journal", "ok")]),
  );
  expect(checks.map(({ name }) => name)).toEqual(["mail", "service", "journal", "redis", "alertmanager"]);
  expect(failedChecks(checks).map(({ name }) => name)).toEqual(["mail"]);
});

it("shows a check that it does not know", () => {
  expect(listChecks(monitor([check("moon", "failed")])).map(({ name }) => name)).toEqual(["moon", "service"]);
  expect(checkKey("moon")).toBe("other");
  expect(checkKey("mail")).toBe("mail");
});

it("works with a service that has no checks yet", () => {
  expect(listChecks({ reachable: true, error: null, status: {} })).toEqual([
    { name: "service", state: "ok", reasons: [] },
  ]);
});

it("tells all that is wrong with a part at once", () => {
  const checks = listChecks(
    monitor([
      { name: "mail", state: "failed", reason: "mail is off" },
      { name: "mail", state: "failed", reason: "no recipient" },
    ]),
  );
  expect(failedChecks(checks)).toEqual([{ name: "mail", state: "failed", reasons: ["mail is off", "no recipient"] }]);
});

it("has words of its own for another instance that sends the reports", () => {
  const duty = { state: "standby", instance: "backup-monitor1", node: "1" };
  const status = { duty, checks: [{ name: "duty", state: "off", reason: "standing by" }] };
  const [, check] = listChecks({ reachable: true, error: null, status });
  expect(check).toEqual({ name: "duty", state: "off", reasons: ["standing by"], duty });
  const values = { instance: "backup-monitor1", node: "1" };
  expect(dutyWords(check.duty)).toEqual({ key: "checks.duty.standby", values });
  const failed = { duty, checks: [{ name: "duty", state: "failed", reason: "LEADER_REDIS_URL is not a Redis URL" }] };
  const [fault] = listChecks({ reachable: true, error: null, status: failed });
  expect(fault).toEqual({ name: "duty", state: "failed", reasons: ["LEADER_REDIS_URL is not a Redis URL"] });
  expect(dutyWords({ ...duty, state: "copy" })).toEqual({ key: "checks.duty.copy", values });
  expect(dutyWords({ ...duty, state: "active" })).toEqual({ key: "checks.duty.in_place_of", values });
  expect(dutyWords({ state: "starting" })).toEqual({ key: "checks.duty.starting" });
  for (const other of [{ state: "active" }, { state: "resting" }, undefined]) {
    expect(dutyWords(other)).toBe(null);
  }
});
