//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { expect, it } from "vitest";
import { sparkline, trend } from "../../src/logic/sparkline.js";

const SIZE = { width: 100, height: 26 };

it("spans its width by time, not by count", () => {
  const { line, last, low, high } = sparkline([[0, 0], [10, 100], [40, 200]], SIZE);
  expect(line).toBe("3,23 26.5,13 97,3");
  expect(last).toEqual({ x: 97, y: 3 });
  expect([low, high]).toEqual([0, 200]);
});

it("is flat in the middle where nothing changes", () => {
  expect(sparkline([[0, 500], [10, 500]], SIZE).line).toBe("3,13 97,13");
});

it("does not blow up noise", () => {
  const heights = sparkline([[0, 1000], [10, 1010]], SIZE).line.split(" ").map((point) => Number(point.split(",")[1]));
  expect(Math.abs(heights[0] - heights[1])).toBeLessThan(4);
});

it("draws a single point, and nothing from nothing", () => {
  expect(sparkline([[5, 7]], SIZE).line).toBe("97,13");
  expect(sparkline([[5, 0]], SIZE).line).toMatch(/^97,/);
  expect(sparkline([], SIZE)).toBeNull();
});

it("tells how the size went", () => {
  expect(trend([[0, 100], [1, 150]])).toBe("grew");
  expect(trend([[0, 100], [1, 50]])).toBe("shrank");
  expect(trend([[0, 100], [1, 300], [2, 101]])).toBe("steady");
});
