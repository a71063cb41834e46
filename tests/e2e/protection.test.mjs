//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "./support/browser.mjs";
import { exampleOf } from "./support/examples.mjs";
import { harness } from "./support/harness.mjs";

const DAY = 86_400_000;
const ago = (days) => new Date(Date.now() - days * DAY).toISOString();

/** What the service says of a cluster with gaps, in its own shapes. */
const GAPS = exampleOf("list-gaps");
const POINTS = exampleOf("list-restore-points");
const point = { ...POINTS.restore_points[0], newest_snapshot: ago(0.4), proved_at: ago(0.2), count: 7, gaps: [], recovery_point: { seconds: 86400, words: "" } };
const FULL = {
  ...POINTS,
  restore_points: [
    { ...POINTS.restore_points[0], newest_snapshot: ago(3.6), proved_at: ago(0.1) },
    { ...point, application: "samba1", application_label: null, plan: "3", plan_name: null, newest_snapshot: null, count: 0, size: null, health: "NOT_FOUND", recovery_point: { seconds: null, words: "" } },
    POINTS.restore_points[1],
    { ...point, application: "nextcloud1", application_label: "Company cloud" },
  ],
};

describe("the protection page", () => {
  const { admin, browser } = harness();
  const say = (outputs) => (admin.fault = (action) => (action in outputs ? { output: outputs[action] } : undefined));

  it("shows gaps first, with the step that closes each, then what can be restored", async () => {
    say({ "list-gaps": GAPS, "list-restore-points": FULL });
    const view = await browser.open(admin.address("protection"));
    await view.app.getByRole("heading", { name: "In no backup plan" }).waitFor();
    await view.app.getByText("Add what is worth keeping to a plan.").waitFor();
    const titles = await view.app.locator(".gap h3 > span:first-of-type").allInnerTexts();
    assert.deepEqual(titles, ["In no backup plan", "Plan not running", "Too few snapshots"]);
    const table = view.app.getByRole("table", { name: "Restore points" });
    const rows = await table.getByRole("row").allInnerTexts();
    assert.match(rows[1], /Office mail[\s\S]*Newest snapshot too old[\s\S]*up to 86 hours of data/);
    assert.match(rows[2], /No snapshot[\s\S]*all data[\s\S]*No repository/);
    assert.match(rows[3], /Not read yet[\s\S]*not known yet/);
    assert.match(rows[4], /CES?T[\s\S]*up to 24 hours of data/);
    await view.app.getByText("The cluster's own configuration is backed up.").waitFor();
    await inspect(view, "protection");
    assert.deepEqual(view.errors, []);
  });

  it("is searched, and cut down to gaps", async () => {
    say({ "list-gaps": GAPS, "list-restore-points": FULL });
    const view = await browser.open(admin.address("protection"));
    const rows = view.app.getByRole("table", { name: "Restore points" }).getByRole("row");
    await view.app.getByLabel("Search plans and applications").fill("cloud");
    await view.app.getByText("One restore point", { exact: true }).waitFor({ state: "attached" });
    assert.match((await rows.allInnerTexts())[1], /Company cloud/);
    await view.app.getByText("Only those with gaps").click();
    await view.app.getByText("No matching plans or applications.").waitFor();
    await view.app.getByLabel("Search plans and applications").fill("");
    await view.app.getByRole("link", { name: "Office mail" }).last().waitFor();
    assert.equal(await rows.count(), 2);
  });

  it("leads to applications, the backup page and to restore", async () => {
    say({ "list-gaps": GAPS, "list-restore-points": FULL });
    const view = await browser.open(admin.address("protection"));
    const link = view.app.getByRole("link", { name: "Restore applications" });
    // A real address, for another tab.
    assert.match(await link.getAttribute("href"), /#\/backup\?view=restore$/);
    assert.match(await view.app.getByRole("link", { name: "Company wiki" }).getAttribute("href"), /#\/apps\/dokuwiki1$/);
    await link.focus();
    await view.page.keyboard.press("Enter");
    await view.page.getByRole("heading", { name: "/backup" }).waitFor();
    assert.match(view.page.url(), /view=restore/);
  });

  it("says so when all is well", async () => {
    say({ "list-gaps": { gaps: [] }, "list-restore-points": { ...FULL, restore_points: [point] } });
    const view = await browser.open(admin.address("protection"));
    await view.app.getByText("No gaps: everything that holds data is backed up").waitFor();
    await inspect(view, "protection-well");
  });

  it("says what there will be before a plan has applications", async () => {
    say({ "list-gaps": { gaps: [] }, "list-restore-points": { restore_points: [], cluster_backup: { state: "unknown", at: null } } });
    const view = await browser.open(admin.address("protection"));
    await view.app.getByText("No restore points", { exact: true }).waitFor();
    await inspect(view, "protection-empty");
  });

  it("shows a kind of gap that only a newer service knows in that one's words", async () => {
    say({ "list-gaps": { gaps: [{ kind: "of-tomorrow", what: "Something <b>new</b>", since: ago(1) }] }, "list-restore-points": FULL });
    const view = await browser.open(admin.address("protection"));
    await view.app.getByText("Something <b>new</b>").waitFor();
  });

  it("shows what failed of each part, and tries that again", async () => {
    admin.fault = (action) => (action === "list-gaps" ? { aborted: "Traceback" } : action === "list-restore-points" ? { output: FULL } : undefined);
    const view = await browser.open(admin.address("protection"));
    await view.app.getByText("Cannot retrieve gaps").waitFor();
    await view.app.getByRole("table", { name: "Restore points" }).waitFor();
    await inspect(view, "protection-error");
    say({ "list-gaps": GAPS, "list-restore-points": FULL });
    await view.app.getByRole("button", { name: "Try again" }).click();
    await view.app.getByRole("heading", { name: "In no backup plan" }).waitFor();
    assert.equal(await view.app.getByText("Cannot retrieve gaps").count(), 0);
  });
});

describe("the protection page in Italian", () => {
  const { admin, browser } = harness({ locale: "it-IT" });
  it("has the same in Italian", async () => {
    admin.fault = (action) => ({ "list-gaps": { output: GAPS }, "list-restore-points": { output: FULL } })[action];
    const view = await browser.open(admin.address("protection"));
    await view.app.getByRole("heading", { name: "In nessun piano di backup" }).waitFor();
    await view.app.getByText("dati di al massimo 86 ore").waitFor();
    await inspect(view, "protection-it");
  });
});
