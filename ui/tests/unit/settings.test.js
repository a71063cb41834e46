//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { describe, expect, it } from "vitest";
import { joinSeconds, splitSeconds } from "../../src/logic/duration.js";
import { isAddress, refused, toConfiguration, toForm, validate } from "../../src/logic/settings.js";

const CONFIGURATION = {
  mail_to: ["a@example.org", "b@example.org"],
  mail_from: "",
  mail_language: "en",
  notify_on: "failure",
  wait_seconds: 30,
  settle_seconds: 1800,
  repeat_seconds: 72000,
  after_failures: 1,
  muted: [{ id: "mail1", until: "2026-12-31" }],
  missing_grace_seconds: 7200,
  repo_check: true,
};

describe("lengths of time", () => {
  it.each([
    [0, ["minutes", "hours"], "0", "minutes"],
    [90, ["seconds", "minutes"], "90", "seconds"],
    [7200, ["minutes", "hours"], "2", "hours"],
    [5400, ["minutes", "hours"], "90", "minutes"],
    [90, ["minutes", "hours"], "90", "seconds"],
    [172800, ["hours", "days"], "2", "days"],
  ])("%s of %s", (seconds, units, amount, unit) => {
    expect(splitSeconds(seconds, units)).toEqual({ amount, unit });
    expect(joinSeconds({ amount, unit })).toBe(seconds);
  });

  it("are typed with a comma, too, and must be numbers", () => {
    expect(joinSeconds({ amount: " 0,5 ", unit: "hours" })).toBe(1800);
    expect(joinSeconds({ amount: "", unit: "hours" })).toBeNaN();
    expect(joinSeconds({ amount: "soon", unit: "hours" })).toBeNaN();
  });
});

describe("the form", () => {
  it("comes back as it was", () => {
    expect(toConfiguration(toForm(CONFIGURATION))).toEqual(CONFIGURATION);
    const unwatched = { ...CONFIGURATION, missing_grace_seconds: null };
    expect(toConfiguration(toForm(unwatched))).toEqual(unwatched);
    expect(validate(toForm(CONFIGURATION))).toEqual({});
  });

  it("takes addresses however they are separated", () => {
    const form = { ...toForm(CONFIGURATION), mail_to: " a@x.org; b@x.org,\n\nc@x.org " };
    expect(toConfiguration(form).mail_to).toEqual(["a@x.org", "b@x.org", "c@x.org"]);
  });

  it("takes who is muted however it is written", () => {
    const form = { ...toForm(CONFIGURATION), muted: " 1=2026-12-24\n\nmail1: 2026-12-31 " };
    expect(toConfiguration(form).muted).toEqual([
      { id: "1", until: "2026-12-24" },
      { id: "mail1", until: "2026-12-31" },
    ]);
  });

  it("may name nobody", () => {
    expect(validate({ ...toForm(CONFIGURATION), mail_to: "" })).toEqual({});
  });

  it.each([
    [{ mail_to: "a@example.org\nnobody" }, "mail_to", "invalid_address"],
    [{ mail_to: "a@example.org A@example.org" }, "mail_to", "duplicate_address"],
    [{ mail_from: "me" }, "mail_from", "sender_invalid"],
    [{ wait_seconds: { amount: "", unit: "seconds" } }, "wait_seconds", "not_a_number"],
    [{ wait_seconds: { amount: "61", unit: "minutes" } }, "wait_seconds", "out_of_range"],
    [{ settle_seconds: { amount: "-1", unit: "hours" } }, "settle_seconds", "out_of_range"],
    [{ settle_seconds: { amount: "10", unit: "seconds" } }, "settle_seconds", "settle_shorter_than_wait"],
    [{ missing_grace_seconds: { amount: "8", unit: "days" } }, "missing_grace_seconds", "out_of_range"],
    [{ repeat_seconds: { amount: "32", unit: "days" } }, "repeat_seconds", "out_of_range"],
    [{ after_failures: "0" }, "after_failures", "failures_out_of_range"],
    [{ after_failures: "101" }, "after_failures", "failures_out_of_range"],
    [{ after_failures: "1.5" }, "after_failures", "failures_out_of_range"],
    [{ muted: "mail1" }, "muted", "invalid_date"],
    [{ muted: "mail1 2026-02-30" }, "muted", "invalid_date"],
    [{ muted: "mail@1 2026-12-31" }, "muted", "invalid_id"],
    [{ muted: "1 2026-12-31\n1 2026-12-30" }, "muted", "duplicate_muted"],
  ])("refuses %j", (change, field, code) => {
    const errors = validate({ ...toForm(CONFIGURATION), ...change });
    expect(Object.keys(errors)).toEqual([field]);
    expect(errors[field].code).toBe(code);
  });

  it("does not look at a grace that is switched off", () => {
    const form = { ...toForm(CONFIGURATION), watch_missing: false, missing_grace_seconds: { amount: "x", unit: "days" } };
    expect(validate(form)).toEqual({});
  });
});

it.each([
  ["a@b.c", true],
  ["a.b+c@mail.example.org", true],
  ["root@localhost", true],
  ["a@b..c", false],
  ["a b@c.d", false],
  ["a@@b.c", false],
  ["@b.c", false],
  ["A <a@b.c>", false],
])("%s is an address: %s", (text, is) => expect(isAddress(text)).toBe(is));

describe("what the module refused", () => {
  it("belongs to its field, also an item of a list", () => {
    expect(
      refused([
        { field: "mail_to.1", parameter: "mail_to", value: "x", error: "invalid_address" },
        { field: "mail_to.2", parameter: "mail_to", value: "y", error: "invalid_address" },
        { field: "settle_seconds", parameter: "settle_seconds", value: 1, error: "settle_shorter_than_wait" },
      ]),
    ).toEqual({
      mail_to: { code: "invalid_address", value: "x" },
      settle_seconds: { code: "settle_shorter_than_wait", value: "" },
    });
  });

  it("is told for the form where no field fits", () => {
    expect(refused([{ field: "(root)", parameter: "(root)", value: {}, error: "required" }])).toEqual({
      form: { code: "required", value: "" },
    });
  });
});
