//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { describe, expect, it } from "vitest";
import { joinSeconds, splitSeconds } from "../../src/logic/duration.js";
import { isAddress, isUrl } from "../../src/logic/addresses.js";
import { choices } from "../../src/logic/recipients.js";
import { mailsTwice, proposedRecipients, silenceCommand } from "../../src/logic/metricsMail.js";
import { refused, toConfiguration, toForm, validate } from "../../src/logic/settings.js";

const CONFIGURATION = {
  mail_to: ["a@example.org", "b@example.org"],
  recipients: [
    { address: "ada@example.org", plans: ["1", "7"], language: "it", notify: "always" },
    { address: "bob@example.org", plans: [], language: "it", notify: null },
  ],
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
  summary: "weekly",
  coverage_grace_seconds: 86400,
  heartbeat_url: "https://hc-ping.com/7f3c",
  heartbeat_fail_url: "https://hc-ping.com/7f3c/fail",
  heartbeat_seconds: 600,
  webhook_url: "https://ntfy.example.org/backups",
  webhook_token: null,
  repo_check_total_seconds: 300,
  cluster_admin_url: "",
};

/** A row of the form for a recipient of plan 1. */
const ROW = { key: 0, address: "ada@example.org", scope: "some", plans: ["1"], language: "", notify: "" };

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
    [{ recipients: [{ ...ROW, address: " " }] }, "recipients", "address_missing"],
    [{ recipients: [{ ...ROW, address: "ada" }] }, "recipients", "invalid_address"],
    [{ recipients: [{ ...ROW, plans: [] }] }, "recipients", "no_plan"],
    [{ recipients: [ROW, { ...ROW, address: "Ada@example.org", plans: ["2", "1"] }] }, "recipients", "duplicate_recipient"],
    [{ recipients: [{ ...ROW, address: "a@example.org", scope: "all" }] }, "recipients", "duplicate_recipient"],
    [{ coverage_grace_seconds: { amount: "32", unit: "days" } }, "coverage_grace_seconds", "out_of_range"],
    [{ heartbeat_seconds: { amount: "9", unit: "seconds" } }, "heartbeat_seconds", "out_of_range"],
    [{ heartbeat_url: "hc-ping.com" }, "heartbeat_url", "invalid_url"],
    [{ heartbeat_url: "" }, "heartbeat_fail_url", "needs_heartbeat_url"],
    [{ webhook_url: "", webhook_token: "tk" }, "webhook_token", "needs_webhook_url"],
    [{ webhook_token: "två" }, "webhook_token", "invalid_token"],
    [{ cluster_admin_url: "https://leader.example.org/?a=b" }, "cluster_admin_url", "invalid_url"],
    [{ muted: "mail1" }, "muted", "invalid_date"],
    [{ muted: "mail1 2026-02-30" }, "muted", "invalid_date"],
    [{ muted: "mail@1 2026-12-31" }, "muted", "invalid_id"],
    [{ muted: "1 2026-12-31\n1 2026-12-30" }, "muted", "duplicate_muted"],
  ])("refuses %j", (change, field, code) => {
    const errors = validate({ ...toForm(CONFIGURATION), ...change });
    expect(Object.keys(errors)).toEqual([field]);
    expect(errors[field].code).toBe(code);
  });

  it("may tell one address of all failures, and of every run of a plan", () => {
    expect(validate({ ...toForm(CONFIGURATION), recipients: [{ ...ROW, address: "a@example.org", notify: "always" }] })).toEqual({});
  });

  it("keeps the plans of a recipient who gets the reports of all, until it is saved", () => {
    const form = { ...toForm(CONFIGURATION), recipients: [{ ...ROW, scope: "all" }] };
    expect(toConfiguration(form).recipients).toEqual([{ address: "ada@example.org", plans: [], language: null, notify: null }]);
  });

  it("keeps the token unless another is typed or it is to go", () => {
    const form = toForm(CONFIGURATION);
    expect(toConfiguration({ ...form, webhook_token: " tk " }).webhook_token).toBe("tk");
    expect(toConfiguration({ ...form, remove_token: true }).webhook_token).toBe("");
  });

  it("starts with the recipients that are proposed where there are none", () => {
    expect(toForm({ ...CONFIGURATION, mail_to: [] }, ["noc@example.org"]).mail_to).toBe("noc@example.org");
    expect(toForm(CONFIGURATION, ["noc@example.org"]).mail_to).toBe("a@example.org\nb@example.org");
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

it.each([
  ["https://hc-ping.com/7f3c?rid=1", true],
  ["http://[fd00::1]:8000/", true],
  ["HTTPS://example.org", true],
  ["example.org/hook", false],
  ["https:example.org", false],
  ["ftp://example.org/", false],
  ["https://user:secret@example.org/", false],
  ["https://example.org/a b", false],
  ["https://", false],
])("%s is a URL: %s", (text, is) => expect(isUrl(text)).toBe(is));

it("offers the plans that there are, and those that a recipient still has", () => {
  const plans = [{ id: "1", name: "Nightly" }];
  expect(choices(plans, ["1", "7"])).toEqual([
    { id: "1", name: "Nightly", deleted: false },
    { id: "7", name: "", deleted: true },
  ]);
});

describe("the emails of the metrics module", () => {
  const configuration = {
    configured: true,
    smarthost: { enabled: true },
    metrics_mail: { instance: "metrics2", recipients: ["noc@example.org"], silenced: false },
  };
  const metrics = (change) => ({ ...configuration, metrics_mail: { ...configuration.metrics_mail, ...change } });

  it("are too many where both mail", () => {
    expect(mailsTwice(configuration)).toBe(true);
    expect(mailsTwice(metrics({ silenced: null }))).toBe(true);
    expect(mailsTwice(metrics({ silenced: true }))).toBe(false);
    expect(mailsTwice(metrics({ recipients: [] }))).toBe(false);
    expect(mailsTwice({ ...configuration, smarthost: { enabled: false } })).toBe(false);
    // Silencing them now would leave nobody to be told.
    expect(mailsTwice({ ...configuration, configured: false })).toBe(false);
  });

  it("tell whom to begin with, until somebody is to be notified", () => {
    expect(proposedRecipients({ ...configuration, configured: false })).toEqual(["noc@example.org"]);
    expect(proposedRecipients(configuration)).toEqual([]);
  });

  it("are silenced in the instance that there is", () => {
    expect(silenceCommand(configuration.metrics_mail)).toMatch(/^runagent -m metrics2 podman exec alertmanager amtool silence add /);
  });
});
