//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { describe, expect, it } from "vitest";
import { audienceOf, decisionReason, deliveryState } from "../../src/logic/deliveries.js";
import { versionText } from "../../src/logic/version.js";

const report = (state, decision) => ({ delivery: { state }, decision });
const read = (...given) => [deliveryState(report(...given)), decisionReason(report(...given))];

describe("a report's email", () => {
  it.each([
    ["sent", "new"],
    ["queued", "reminder"],
    ["failed", "recovered"],
    ["sent", "a-code-of-a-newer-service"],
  ])("that is %s has the reason %s for it", (state, reason) => expect(read(state, { send: true, reason })).toEqual([state, reason]));

  it.each([
    ["unchanged", "unchanged"],
    ["unneeded", "all-well"],
  ])("that is %s is held back, and why is said by the decision", (state, reason) =>
    expect(read(state, { send: false, reason })).toEqual(["held", reason]),
  );

  it("waits for recipients", () => expect(read("queued", { send: false, reason: "no-recipients" })).toEqual(["queued", "no-recipients"]));

  it.each([null, undefined])("has its state alone where the decision is %s", (decision) => {
    expect(read("sent", decision)).toEqual(["sent", null]);
    expect(read("unchanged", decision)).toEqual(["unchanged", null]);
  });

  it("that was held back and sent by hand since has no reason not to be sent", () => {
    expect(read("sent", { send: false, reason: "unchanged" })).toEqual(["sent", null]);
    expect(read("unneeded", { send: true, reason: "new" })).toEqual(["unneeded", null]);
  });
});

it("the version is named once, and the image's tag where it is another", () => {
  expect(versionText("1.2.0", "1.2.0")).toBe("1.2.0");
  expect(versionText("1.2.0", "latest")).toBe("1.2.0 (latest)");
  expect(versionText("1.2.0", "")).toBe("1.2.0");
});

it.each([
  ["all/en/failure", ""],
  ["1,3/it/always", "1, 3"],
])("the audience %s gets reports about %s", (key, plans) => expect(audienceOf(key)).toBe(plans));
