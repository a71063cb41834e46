//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { expect, it } from "vitest";
import { checkKey, failedChecks, listChecks } from "../../src/logic/checks.js";

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
