//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import { GAP_KINDS, applicationsOf, gapSeverity, groupGaps, recoveryPoint, roundUp, selectPoints } from "../../src/logic/protection.js";

describe("gaps", () => {
  it("are grouped by kind, in the service's order", () => {
    const gaps = [{ kind: "no-plan", application: "a1" }, { kind: "snapshot-old" }, { kind: "no-plan", application: "b1" }];
    expect(groupGaps(gaps).map(({ kind, severity, gaps }) => [kind, severity, gaps.length])).toEqual([
      ["no-plan", "unprotected", 2],
      ["snapshot-old", "doubtful", 1],
    ]);
  });

  it("have the kinds of the service", () => {
    const source = readFileSync(new URL("../../../src/coverage/gap.rs", import.meta.url), "utf8");
    const codes = [...source.matchAll(/Self::\w+ => "([a-z-]+)"/g)].map(([, code]) => code);
    expect(codes).toEqual(expect.arrayContaining(GAP_KINDS));
  });

  it.each([
    ["no-plan", "unprotected"],
    ["plan-empty", "doubtful"],
    ["own-node-only", "advice"],
    ["of-a-newer-service", "doubtful"],
  ])("%s is %s", (kind, severity) => expect(gapSeverity(kind)).toBe(severity));

  it("name the application that they are about, and further ones", () => {
    const further = [{ id: "samba1", label: null, node: "2" }];
    expect(applicationsOf({ application: "mail1", application_label: "Office", node: "1", applications: further })).toEqual([
      { id: "mail1", label: "Office", node: "1" },
      ...further,
    ]);
    expect(applicationsOf({ application: null, applications: further })).toEqual(further);
  });
});

describe("what would be lost", () => {
  it.each([
    [93600, "2026-11-25T00:00:00Z", "up_to"],
    [null, "2026-11-25T00:00:00Z", "all"],
    [null, null, "unknown"],
  ])("%s seconds, read at %s: %s", (seconds, proved_at, word) =>
    expect(recoveryPoint({ recovery_point: { seconds }, proved_at })).toBe(word),
  );

  it.each([
    [0, "minute", 1],
    [901, "minute", 16],
    [7200, "minute", 120],
    [7201, "hour", 3],
    [93600, "hour", 26],
    [96 * 3600 + 1, "day", 5],
  ])("%s seconds are never told as less", (seconds, unit, amount) => expect(roundUp(seconds)).toEqual({ unit, amount }));
});

describe("the restore points", () => {
  const point = (application, plan_name, gaps = []) => ({ application, application_label: null, plan: "1", plan_name, destination_name: "NAS", gaps });
  const points = [point("mail1", "Nightly", ["snapshot-old"]), point("samba1", "Nightly"), point("samba1", "Weekly")];
  const found = (search, onlyGaps = false) => selectPoints(points, { search, onlyGaps }).map((found) => points.indexOf(found));

  it("are searched for every word", () => {
    expect(found("SAMBA nightly")).toEqual([1]);
    expect(found("nas")).toEqual([0, 1, 2]);
    expect(found("samba paris")).toEqual([]);
  });

  it("can be cut down to gaps", () => expect(found("", true)).toEqual([0]));
});
