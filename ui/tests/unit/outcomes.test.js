//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { expect, it } from "vitest";
import { OUTCOMES, TONES, countOutcomes, isProblem, outcomeOfState, severity } from "../../src/logic/outcomes.js";

it("counts outcomes, the worst first", () => {
  expect(countOutcomes(["SUCCESS", "FAILURE", "SUCCESS", "PARTIAL"])).toEqual([
    ["FAILURE", 1],
    ["PARTIAL", 1],
    ["SUCCESS", 2],
  ]);
});

it("takes a word of a newer service as unknown", () => {
  expect(severity("EXPLODED")).toBe(severity("UNKNOWN"));
  expect(countOutcomes(["EXPLODED"])).toEqual([["UNKNOWN", 1]]);
  expect(outcomeOfState("exploded")).toBe("UNKNOWN");
});

it("sees no problem in success, nor in what still runs", () => {
  expect(OUTCOMES.filter((outcome) => !isProblem(outcome))).toEqual(["SUCCESS", "PENDING"]);
});

it("has a tone for each", () => expect(Object.keys(TONES).sort()).toEqual([...OUTCOMES].sort()));
