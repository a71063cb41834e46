//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "./support/browser.mjs";
import { exampleOf } from "./support/examples.mjs";
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
      subject: well ? "[Sample cluster] Backup: all 3 applications backed up (Hourly)" : "[Sample cluster] Backup: mail1 failed (Nightly S3, 1 of 3)",
    };
  }).reverse();

  const rows = (view) => view.app.locator("tbody tr");

  /** A node that has reported an alert: the email that was sent. */
  const withReport = async () => {
    await node.useMailServer(mail.port);
    await node.configure({ ...CONFIGURATION, wait_seconds: 0 });
    await node.alert("1", "Nightly S3");
    const sent = await eventually("the mail", () => mail.mails[0]);
    await eventually("the delivery", async () => (await node.act("list-reports", {})).reports[0].delivery.state === "sent");
    return sent;
  };

  /** A node with a report for each of 45 days. */
  const withReports = async () => {
    await withReport();
    await remember(node, { copies });
  };

  it("explains an empty list", async () => {
    const view = await browser.open(admin.address("reports"));
    await view.app.getByText("No reports yet").waitFor();
    await inspect(view, "reports-empty");
    assert.deepEqual(view.errors, []);
  });

  it("lists a report that an alert has led to, and opens it with its mail", async () => {
    const sent = await withReport();
    const view = await browser.open(admin.address("reports"));
    await rows(view).first().getByText("Partial", { exact: true }).waitFor();
    assert.match(await rows(view).first().innerText(), /Sent/);
    await rows(view).first().getByRole("link").click();
    await view.app.getByRole("heading", { name: "Report 1", level: 1 }).waitFor();
    assert.match(await view.app.locator(".delivery").innerText(), /Accepted for\s+admin@example\.org/);
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

  it("shows why each email was sent or not, and reports that can't be read", async () => {
    const output = exampleOf("list-reports");
    admin.fault = (action) => (action === "list-reports" ? { output } : undefined);
    const view = await browser.open(admin.address("reports"));
    await rows(view).first().waitFor();
    const texts = await rows(view).allInnerTexts();
    assert.equal(texts.length, output.reports.length);
    assert.match(texts[0], /Sent: new problem/);
    assert.match(texts[1], /Not sent: all backups succeeded/);
    assert.match(texts[2], /Not sent: all backups succeeded/);
    assert.match(texts[3], /This report can't be read\s+plans: expected value/);
    assert.equal(await rows(view).nth(3).getByRole("link").count(), 0);
    await inspect(view, "reports-decisions");
    assert.deepEqual(view.errors, []);
  });

  it("shows a report's decision, also one that only a newer service knows", async () => {
    const output = { ...exampleOf("get-report"), decision: { send: true, reason: "escalated" } };
    admin.fault = (action) => (action === "get-report" ? { output } : undefined);
    const view = await browser.open(admin.address("reports", { report: "12" }));
    await view.app.getByText("Sent: escalated").waitFor();
    output.decision.reason = "new";
    const known = await browser.open(admin.address("reports", { report: "12" }));
    await known.app.getByText("Sent: new problem").waitFor();
    await known.app.getByText("The problem had not been reported before.").waitFor();
    await inspect(known, "report-decision");
    output.decision = null;
    const old = await browser.open(admin.address("reports", { report: "12" }));
    assert.match(await old.app.locator(".delivery").innerText(), /^Status\s+Sent\n/);
    assert.deepEqual(view.errors, []);
  });

  it("shows what became of it for each audience and on each channel, and leads to restoring", async () => {
    const output = exampleOf("get-report");
    const sent = { ...output.delivery, audience: "all/en/failure", channel: "mail" };
    const hook = { ...sent, channel: "webhook", state: "queued", sent_at: null, accepted: [], last_error: "HTTP 503 Service Unavailable" };
    output.deliveries = [sent, { ...sent, audience: "1/it/failure", accepted: ["ufficio@example.org"] }, hook];
    admin.fault = (action) => (action === "get-report" ? { output } : undefined);
    const view = await browser.open(admin.address("reports", { report: "12" }));
    const rows = view.app.locator("table.stacking tbody tr");
    await rows.first().waitFor();
    const texts = (await rows.allInnerTexts()).map((text) => text.replace(/\s+/g, " "));
    assert.equal(texts.length, 3);
    assert.match(texts[0], /admin@example\.org .*Email/);
    assert.match(texts[1], /ufficio@example\.org .*Email/);
    assert.match(texts[2], /Webhook Queued.* HTTP 503 Service Unavailable/);
    await inspect(view, "report-deliveries");
    await view.app.getByRole("link", { name: "Restore", exact: false }).click();
    await eventually("the page", () => view.page.url().endsWith("#/backup?view=restore"));
  });

  it("sends a report again", async () => {
    await withReport();
    const view = await browser.open(admin.address("reports", { report: "1" }));
    const before = mail.mails.length;
    await view.app.getByRole("button", { name: "Send again" }).click();
    await view.app.getByText("Report queued for sending").waitFor();
    await eventually("the second mail", () => mail.mails.length > before);
    assert.deepEqual(admin.ran("resend-report").at(-1).data, { id: 1 });
    await inspect(view, "report-sent-again");
  });

  it("leads back to the list, also by the browser's button and the menu", async () => {
    await withReport();
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
    await withReports();
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
    await withReports();
    const view = await browser.open(admin.address("reports"));
    await view.app.getByText("1–20 of 45").waitFor();
    await view.app.getByLabel("Outcome").selectOption({ label: "Success" });
    await view.app.getByText("1–15 of 15").waitFor();
    assert.match(view.page.url(), /outcome=SUCCESS/);
    await view.app.getByLabel("Plan").selectOption({ label: "Nightly S3" });
    await view.app.getByText("No matching reports").waitFor();
    await inspect(view, "reports-no-match");
    await view.app.getByRole("button", { name: "Clear filters" }).click();
    await view.app.getByText("1–20 of 45").waitFor();
    await view.app.getByLabel("Application").selectOption("samba1");
    await eventually("the answer", () => admin.ran("list-reports").at(-1).data.application === "samba1");

    const again = await browser.open(admin.address("reports", { outcome: "PARTIAL", plan: "1" }));
    await again.app.getByText("1–20 of 30").waitFor();
    assert.equal(await again.app.getByLabel("Outcome").inputValue(), "PARTIAL");
  });

  it("reports that a report is gone", async () => {
    const view = await browser.open(admin.address("reports", { report: "4711" }));
    await view.app.getByText("This report does not exist, or has been deleted").waitFor();
    await inspect(view, "report-gone");
  });

  it("shows that it is loading", async () => {
    let release;
    admin.fault = () => ({ hold: new Promise((done) => (release = done)) });
    const view = await browser.open(admin.address("reports"));
    await view.app.locator(".bx--skeleton__text").first().waitFor();
    await inspect(view, "reports-loading");
    release();
  });

  it("shows what failed and tries again", async () => {
    await withReports();
    admin.fault = (action) => (action === "list-reports" ? { aborted: "Traceback" } : undefined);
    const view = await browser.open(admin.address("reports"));
    await view.app.getByText("Cannot retrieve reports").waitFor();
    await inspect(view, "reports-error");
    admin.fault = () => undefined;
    await view.app.getByRole("button", { name: "Try again" }).click();
    await view.app.getByText("1–20 of 45").waitFor();
  });
});
