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
import { PAST } from "./support/samplePast.mjs";

const PAGES = ["Status", "Reports", "Settings", "About"];

describe("the frame of the pages", () => {
  const { admin, browser } = harness();

  it("leads from page to page by keyboard, and says where one is", async () => {
    const view = await browser.open(admin.address("status"));
    for (const name of PAGES) {
      await view.app.getByRole("link", { name, exact: true }).focus();
      await view.page.keyboard.press("Enter");
      await view.app.getByRole("heading", { name, level: 1 }).waitFor();
      await view.app.locator(`a[aria-current="page"]`, { hasText: name }).waitFor();
      assert.match(view.page.url(), new RegExp(`page=${name.toLowerCase()}`));
      assert.equal(await view.page.title(), `${name} - Backup monitor`);
    }
    assert.deepEqual(view.errors, []);
  });

  it("opens its menu on a phone when it is reached by keyboard", async () => {
    const view = await browser.open(admin.address("status"), 390);
    const menu = view.app.locator("#app-side-nav");
    assert.ok((await menu.boundingBox()).width < 60);
    await view.app.getByRole("link", { name: "Reports" }).focus();
    await view.app.waitForFunction(() => document.getElementById("app-side-nav").clientWidth > 200);
  });

  it("shows the label of the instance", async () => {
    admin.fault = (action) => (action === "get-name" ? { output: { name: "Watcher of Rome" } } : undefined);
    const view = await browser.open(admin.address("about"));
    await view.app.locator(".instance-name", { hasText: "Watcher of Rome" }).waitFor();
  });

  it("reports missing permissions", async () => {
    admin.fault = () => ({ http: 403 });
    const view = await browser.open(admin.address("status"));
    await view.app.getByText("Permission denied").first().waitFor();
  });
});

describe("in Italian", () => {
  const { admin, browser, mail, node } = harness({ locale: "it-IT" });

  it("are all pages, also with data", async () => {
    await node.useMailServer(mail.port);
    await node.configure({ ...CONFIGURATION, mail_language: "it" });
    await remember(node, { runs: PAST });
    const examples = { "list-reports": exampleOf("list-reports"), "get-report": exampleOf("get-report") };
    admin.fault = (action) => (examples[action] ? { output: examples[action] } : undefined);
    const view = await browser.open(admin.address("status"));
    await view.app.getByRole("button", { name: "Nightly S3" }).click();
    await view.app.getByText("Legenda").click();
    await inspect(view, "italian-status-plan-open");
    const reports = await browser.open(admin.address("reports"));
    await reports.app.getByText("Inviata: nuovo problema").waitFor();
    await inspect(reports, "italian-reports-decisions");
    const report = await browser.open(admin.address("reports", { report: "12" }));
    await report.app.getByText("Inviata: nuovo problema").waitFor();
    await inspect(report, "italian-report");
    assert.deepEqual([...view.errors, ...reports.errors, ...report.errors], []);
  });

  it("are all pages of a new instance", async () => {
    for (const [page, title] of [
      ["status", "Stato"],
      ["reports", "Rapporti"],
      ["settings", "Impostazioni"],
      ["about", "Informazioni"],
    ]) {
      const view = await browser.open(admin.address(page));
      await view.app.getByRole("heading", { name: title, level: 1 }).waitFor();
      assert.equal(await view.app.evaluate(() => document.documentElement.lang), "it");
      await view.app.waitForFunction(() => !document.querySelector(".bx--skeleton__text"));
      await inspect(view, `italian-${page}`);
      assert.deepEqual(view.errors, []);
    }
  });
});

describe("in a language without translation", () => {
  const { admin, browser } = harness({ locale: "de-DE" });

  it("is English", async () => {
    const view = await browser.open(admin.address("status"));
    await view.app.getByRole("heading", { name: "Status", level: 1 }).waitFor();
    await view.app.getByText("No recipients configured").waitFor();
    assert.equal(await view.app.evaluate(() => document.documentElement.lang), "en");
  });
});
