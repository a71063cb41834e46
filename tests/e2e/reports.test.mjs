//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { before, describe, it } from "node:test";
import { inspect } from "./support/browser.mjs";
import { CONFIGURATION, harness } from "./support/harness.mjs";
import { remember } from "./support/past.mjs";
import { eventually } from "./support/wait.mjs";

const DAY = 86_400_000;

describe("the reports page", () => {
  const { admin, browser, mail, node } = harness({ sample: true });

  /** Reports of other days, one for each, oldest first; every third is of another plan and all well. */
  const copies = Array.from({ length: 44 }, (_, age) => {
    const well = age % 3 === 0;
    const outcome = well ? "SUCCESS" : "PARTIAL";
    return {
      created_at: Date.now() - (age + 1) * DAY,
      outcome,
      plans: [well ? { id: "2", name: "Hourly", outcome } : { id: "1", name: "Nightly S3", outcome }],
      subject: well ? "[Sample cluster] Backup SUCCESS: Hourly" : "[Sample cluster] Backup PARTIAL: Nightly S3",
    };
  }).reverse();

  const rows = (view) => view.app.locator("tbody tr");

  before(async () => {
    await node.useMailServer(mail.port);
    await node.act("configure-module", { ...CONFIGURATION, wait_seconds: 0 });
  });

  it("is designed for the time before the first report", async () => {
    const view = await browser.open(admin.address("reports"));
    await view.app.getByText("There are no reports yet").waitFor();
    await inspect(view, "reports-empty");
    assert.deepEqual(view.errors, []);
  });

  it("lists a report that an alert has led to, and opens it with its mail", async () => {
    await node.alert("1", "Nightly S3");
    const sent = await eventually("the mail", () => mail.mails[0]);
    const view = await browser.open(admin.address("reports"));
    await rows(view).first().getByText("Partial", { exact: true }).waitFor();
    assert.match(await rows(view).first().innerText(), /Sent/);
    await rows(view).first().getByRole("link").click();
    await view.app.getByRole("heading", { name: "Report 1", level: 1 }).waitFor();
    assert.match(await view.app.locator(".delivery").innerText(), /Taken for\s+admin@example\.org/);
    // The frame shows what was mailed, and nothing in it runs.
    const frame = view.app.locator("iframe.mail");
    assert.equal(await frame.getAttribute("sandbox"), "allow-same-origin");
    const inside = frame.contentFrame();
    const headline = await inside.getByRole("heading", { level: 1 }).innerText();
    assert.match(sent.text.replace(/=\n/g, ""), new RegExp(headline.split(" ").slice(0, 2).join(" ")));
    await inside.getByText("nextcloud1").first().waitFor();
    await eventually("the frame's height", () =>
      frame.evaluate((element) => element.clientHeight >= element.contentDocument.body.scrollHeight),
    );
    await inspect(view, "report");
    assert.deepEqual(view.errors, []);
  });

  it("sends a report again", async () => {
    const view = await browser.open(admin.address("reports", { report: "1" }));
    const before = mail.mails.length;
    await view.app.getByRole("button", { name: "Send again" }).click();
    await view.app.getByText("It will be sent again").waitFor();
    await eventually("the second mail", () => mail.mails.length > before);
    assert.deepEqual(admin.ran("resend-report").at(-1).data, { id: 1 });
    await inspect(view, "report-sent-again");
  });

  it("leads back to the list, also by the browser's button and the menu", async () => {
    const view = await browser.open(admin.address("reports"));
    const list = view.app.getByRole("heading", { name: "Reports", level: 1 });
    const open = async () => {
      await rows(view).first().getByRole("link").click();
      await view.app.getByRole("heading", { name: "Report 1", level: 1 }).waitFor();
    };
    await open();
    assert.match(view.page.url(), /report=1/);
    await view.app.getByRole("button", { name: "All reports" }).click();
    await list.waitFor();
    await open();
    await view.page.goBack();
    await list.waitFor();
    await open();
    await view.app.getByRole("link", { name: "Reports" }).click();
    await list.waitFor();
  });

  it("has pages of twenty, newest first", async () => {
    await remember(node, { copies });
    const view = await browser.open(admin.address("reports"));
    await view.app.getByText("1–20 of 45").waitFor();
    assert.equal(await rows(view).count(), 20);
    await inspect(view, "reports");
    await view.app.getByRole("button", { name: "Older" }).click();
    await view.app.getByText("21–40 of 45").waitFor();
    await view.app.getByRole("button", { name: "Older" }).click();
    await view.app.getByText("41–45 of 45").waitFor();
    assert.ok(await view.app.getByRole("button", { name: "Older" }).isDisabled());
    await view.app.getByRole("button", { name: "Newer" }).click();
    await view.app.getByText("21–40 of 45").waitFor();
    // A report opened from the middle leads back to the middle.
    await rows(view).first().getByRole("link").click();
    await view.app.getByRole("button", { name: "All reports" }).click();
    await view.app.getByText("21–40 of 45").waitFor();
  });

  it("filters by plan, outcome and application, and remembers it in the address", async () => {
    const view = await browser.open(admin.address("reports"));
    await view.app.getByText("1–20 of 45").waitFor();
    await view.app.getByLabel("Outcome").selectOption({ label: "Success" });
    await view.app.getByText("1–15 of 15").waitFor();
    assert.match(view.page.url(), /outcome=SUCCESS/);
    await view.app.getByLabel("Plan").selectOption({ label: "Nightly S3" });
    await view.app.getByText("No report matches").waitFor();
    await inspect(view, "reports-no-match");
    await view.app.getByRole("button", { name: "Clear filters" }).click();
    await view.app.getByText("1–20 of 45").waitFor();
    await view.app.getByLabel("Application").selectOption("samba1");
    await eventually("the answer", () => admin.ran("list-reports").at(-1).data.application === "samba1");

    const again = await browser.open(admin.address("reports", { outcome: "PARTIAL", plan: "1" }));
    await again.app.getByText("1–20 of 30").waitFor();
    assert.equal(await again.app.getByLabel("Outcome").inputValue(), "PARTIAL");
  });

  it("says that a report is gone", async () => {
    const view = await browser.open(admin.address("reports", { report: "4711" }));
    await view.app.getByText("There is no such report, or not any more").waitFor();
    await inspect(view, "report-gone");
  });

  it("shows that it loads", async () => {
    let release;
    admin.fault = () => ({ hold: new Promise((done) => (release = done)) });
    const view = await browser.open(admin.address("reports"));
    await view.app.locator(".bx--skeleton__text").first().waitFor();
    await inspect(view, "reports-loading");
    release();
  });

  it("says what failed and tries again", async () => {
    admin.fault = (action) => (action === "list-reports" ? { aborted: "Traceback" } : undefined);
    const view = await browser.open(admin.address("reports"));
    await view.app.getByText("The reports could not be listed").waitFor();
    await inspect(view, "reports-error");
    admin.fault = () => undefined;
    await view.app.getByRole("button", { name: "Try again" }).click();
    await view.app.getByText("1–20 of 45").waitFor();
  });
});
