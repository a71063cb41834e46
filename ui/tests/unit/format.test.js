//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { describe, expect, it } from "vitest";
import { formatBytes, formatDistance, formatDuration, formatTime } from "../../src/logic/format.js";

describe("sizes", () => {
  it.each([
    [0, "0 B"],
    [1023, "1,023 B"],
    [1024, "1 KiB"],
    [1536, "1.5 KiB"],
    [734003200, "700 MiB"],
    [1234567890, "1.15 GiB"],
    [12345678901234, "11.2 TiB"],
    [NaN, "–"],
  ])("%s is %s", (bytes, text) => expect(formatBytes(bytes, "en")).toBe(text));

  it("has the language's decimal sign", () => expect(formatBytes(1536, "it")).toBe("1,5 KiB"));
});

describe("durations", () => {
  it.each([
    [0, "0 s"],
    [0.4, "0 s"],
    [124, "2 min 4 s"],
    [3600, "1 h"],
    [8040, "2 h 14 min"],
    [8099, "2 h 14 min"],
    [90000, "1 d 1 h"],
    [2678400, "31 d"],
    [NaN, "–"],
  ])("%s is %s", (seconds, text) => expect(formatDuration(seconds, "en")).toBe(text));

  it("has Italian days", () => expect(formatDuration(2678400, "it")).toBe("31 g"));
});

describe("moments", () => {
  const now = new Date("2026-11-22T16:00:00Z");

  it("are in the browser's zone, and name it", () => expect(formatTime("2026-11-22T16:00:00Z", "en-GB")).toBe("22 Nov 2026, 17:00 CET"));

  it.each([
    ["2026-11-22T15:59:31Z", "29 seconds ago"],
    ["2026-11-22T15:59:00Z", "1 minute ago"],
    ["2026-11-22T13:00:00Z", "3 hours ago"],
    ["2026-11-21T15:00:00Z", "yesterday"],
    ["2026-11-24T16:00:00Z", "in 2 days"],
    ["2026-09-20T16:00:00Z", "2 months ago"],
    ["2024-11-20T16:00:00Z", "2 years ago"],
  ])("%s is %s", (moment, text) => expect(formatDistance(moment, now, "en")).toBe(text));

  it("may be absent or nonsense", () => {
    expect(formatTime(null, "en")).toBe("–");
    expect(formatTime("yesterday", "en")).toBe("–");
    expect(formatDistance(null, now, "en")).toBe("–");
  });
});
