//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { CONFIGURATION, harness } from "./support/harness.mjs";
import { inspect } from "./support/browser.mjs";
import { remember } from "./support/past.mjs";
import { PAST } from "./support/samplePast.mjs";
import { eventually } from "./support/wait.mjs";

describe("the status page", () => {
  const { admin, browser, mail, node } = harness();

  /** A node that is set up, and whose plans have run. */
  const withPast = async () => {
    await node.useMailServer(mail.port);
    await node.configure(CONFIGURATION);
    await remember(node, { runs: PAST });
  };

  it("shows what to do before anything is set up", async () => {
    const view = await browser.open(admin.address("status"));
    await view.app.getByText("No recipients configured").waitFor();
    await view.app.getByText("No backup plans").waitFor();
    await inspect(view, "status-not-configured");
    await view.app.getByRole("button", { name: "Go to Settings" }).click();
    await view.app.getByRole("heading", { name: "Settings", level: 1 }).waitFor();
  });

  it("reports a missing mail server, and leads to where to set it up", async () => {
    await node.configure(CONFIGURATION);
    const view = await browser.open(admin.address("status"));
    await view.app.getByRole("button", { name: "Go to Email notifications" }).click();
    await view.page.getByRole("heading", { name: "/settings/smarthost" }).waitFor();
  });

  it("says that another instance sends the reports", async () => {
    await node.useMailServer(mail.port);
    await node.redis("HSET", "cluster/module_node", "backup-monitor2", "2");
    await node.redis("SET", "module/backup-monitor2/duty", "active");
    // Restarts the service, which looks for others at once.
    await node.configure(CONFIGURATION);
    const view = await browser.open(admin.address("status"));
    await view.app.getByText("reports are sent by backup-monitor2 on node 2").waitFor();
    await view.app.getByText("Other instances – standing by").waitFor();
    await inspect(view, "status-standby");
    assert.equal(await view.app.getByText("Journal – OK").isVisible(), false);
  });

  it("shows the outcomes of the last runs of each plan", async () => {
    await withPast();
    const view = await browser.open(admin.address("status"));
    const plan = view.app.getByRole("listitem").filter({ hasText: "Nightly S3" });
    await plan.getByText("Partial", { exact: true }).waitFor();
    assert.match(await plan.innerText(), /2 backed up, 1 failed/);
    assert.match(await plan.innerText(), /Destination: Backblaze/);
    const strip = plan.getByRole("img");
    assert.equal(
      await strip.getAttribute("aria-label"),
      "Last 30 runs: 1 Failure, 1 Did not run, 2 Partial, 26 Success. Most recent: Partial",
    );
    // The newest is at the right end, and a mark differs in more than its colour.
    const marks = await strip.locator("use").evaluateAll((uses) => uses.map((use) => use.getAttribute("href")));
    assert.equal(marks.length, 30);
    assert.deepEqual(marks.slice(-2), ["#mark-PARTIAL", "#mark-PARTIAL"]);
    assert.equal(marks[29 - 9], "#mark-FAILURE");
    const titles = await view.app.locator(".plan h3").allInnerTexts();
    assert.deepEqual(titles, ["Weekly to the NAS", "Nightly S3", "Hourly"]);
    await inspect(view, "status");
    assert.deepEqual(view.errors, []);
  });

  it("opens a plan by keyboard: its applications with their sizes over time, and its runs in words", async () => {
    await withPast();
    const view = await browser.open(admin.address("status"));
    const fold = view.app.getByRole("button", { name: "Nightly S3" });
    await fold.focus();
    await view.page.keyboard.press("Enter");
    assert.equal(await fold.getAttribute("aria-expanded"), "true");
    const applications = view.app.getByRole("table", { name: "Applications of Nightly S3" });
    const first = applications.getByRole("row").nth(1);
    assert.match(await first.innerText(), /Company cloud\s+nextcloud1, Node 1\s+Failed/);
    const chart = applications.getByRole("row").filter({ hasText: "Office mail" }).getByRole("img");
    assert.match(await chart.getAttribute("aria-label"), /^Grew from 25\.\d GiB to 31 GiB over 28 backups/);
    await view.app.getByText("Details of the last 30 runs").click();
    const runs = view.app.getByRole("table", { name: "Runs of Nightly S3, newest first" });
    assert.equal(await runs.getByRole("row").count(), 31);
    assert.match(await runs.getByRole("row").nth(10).innerText(), /Failure\s+3 failed/);
    await view.app.getByText("Legend").click();
    await view.app.getByText("The storage failed, not the applications.").waitFor();
    await inspect(view, "status-plan-open");
  });

  it("is searched, and cut down to problems", async () => {
    await withPast();
    const view = await browser.open(admin.address("status"));
    const search = view.app.getByLabel("Search plans and applications");
    await search.fill("traefik");
    await view.app.getByText("One plan", { exact: true }).waitFor({ state: "attached" });
    assert.deepEqual(await view.app.locator(".plan h3").allInnerTexts(), ["Hourly"]);
    await view.app.getByText("Only plans with problems").click();
    await view.app.getByText("No matching plans or applications.").waitFor();
    await search.fill("");
    assert.equal(await view.app.locator(".plan").count(), 2);
  });

  it("lists a plan that has never run, with its next run", async () => {
    await withPast();
    await node.redis("HSET", "cluster/backup/9", "name", "Yearly", "schedule", "*-01-01 03:00:00", "instances", "samba1", "enabled", "1");
    await node.redis("PUBLISH", "node/1/event/backup-status-changed", "{}");
    await eventually("the plan", async () => (await node.act("get-monitor-status", {})).plans.some(({ id }) => id === "9"));
    const view = await browser.open(admin.address("status"));
    const plan = view.app.getByRole("listitem").filter({ hasText: "Yearly" });
    await plan.waitFor();
    // The service reads schedules in the cluster's zone, which need not be the browser's.
    assert.match(await plan.innerText(), /Has not run yet\.[\s\S]*Next run (31 Dec|1 Jan) \d{4}, \d\d:\d\d CET/);
  });

  it("shows the queue", async () => {
    await withPast();
    const { job } = await node.alert("1", "Nightly S3");
    const view = await browser.open(admin.address("status"));
    await view.app.getByText("Waiting for the backup to finish.").waitFor();
    assert.match(await view.app.locator(".item").innerText(), /Nightly S3[\s\S]*Next check in \d+ seconds/);
    assert.ok(job > 0);
    await inspect(view, "status-waiting");
  });

  it("has the cards that every module has, and leads to the logs", async () => {
    const view = await browser.open(admin.address("status"));
    await view.app.getByRole("heading", { name: "Rome (Node 1)" }).waitFor();
    await view.app.getByRole("heading", { name: "backup-monitor", exact: true }).waitFor();
    await view.app.getByText("active", { exact: true }).waitFor();
    await view.app.getByRole("button", { name: "Go to System logs" }).click();
    await view.page.getByRole("heading", { name: "/system-logs" }).waitFor();
    assert.match(view.page.url(), /selectedAppId=backup-monitor1/);
  });

  it("shows that it is loading", async () => {
    let release;
    admin.fault = () => ({ hold: new Promise((done) => (release = done)) });
    const view = await browser.open(admin.address("status"));
    await view.app.locator(".bx--skeleton__text").first().waitFor();
    await inspect(view, "status-loading");
    admin.fault = () => undefined;
    release();
  });

  it("shows what failed and tries again", async () => {
    await withPast();
    admin.fault = (action) => (action === "get-monitor-status" ? { aborted: "Traceback" } : undefined);
    const view = await browser.open(admin.address("status"));
    await view.app.getByText("Cannot retrieve monitor status").waitFor();
    await inspect(view, "status-error");
    admin.fault = (action) => (action === "get-monitor-status" ? { http: 403 } : undefined);
    await view.app.getByRole("button", { name: "Try again" }).click();
    await view.app.getByText("Permission denied").waitFor();
    admin.fault = () => undefined;
    await view.app.getByRole("button", { name: "Try again" }).click();
    await view.app.getByRole("button", { name: "Nightly S3" }).waitFor();
    assert.equal(await view.app.getByText("Cannot retrieve monitor status").count(), 0);
  });

  it("shows which of the monitor's parts fail, why, and what to do", async () => {
    await withPast();
    mail.close();
    const view = await browser.open(admin.address("status"));
    await view.app.getByText("What to do:").first().waitFor();
    const check = view.app.getByRole("listitem").filter({ hasText: "Backup gateway – failed" });
    assert.match(await check.innerText(), /What to do: .*rclone-gateway/);
    await inspect(view, "status-unwell");
  });

  it("has the health in one line when all is well, plans before it, and counts the gaps", async () => {
    await withPast();
    const output = await node.act("get-monitor-status", {});
    output.status.checks = output.status.checks.map(({ name }) => ({ name, state: "ok", reason: null }));
    output.gaps = ["no-plan", "no-plan", "own-node-only"];
    const never = { ...output.plans[0], id: "9", name: "Never ran", runs: [], next: new Date(Date.now() + 3_600_000).toISOString() };
    never.applications = never.applications.map((application) => ({ ...application, state: null, last_run: null }));
    output.plans.push(never);
    admin.fault = (action) => (action === "get-monitor-status" ? { output } : undefined);
    const view = await browser.open(admin.address("status"));
    await view.app.getByText("No problems found").waitFor();
    assert.equal(await view.app.getByText("Journal – OK").isVisible(), false);
    const titles = await view.app.locator("h2").allInnerTexts();
    assert.ok(titles.indexOf("Backup plans") < titles.indexOf("Monitor health"), titles.join());
    const plan = view.app.getByRole("listitem").filter({ hasText: "Never ran" });
    assert.match(await plan.innerText(), /Has not run yet\.[\s\S]*Next run .*CES?T/);
    await inspect(view, "status-well");
    await view.app.getByText("2 gaps in the protection").waitFor();
    await view.app.getByRole("button", { name: "Show gaps" }).click();
    await view.app.getByRole("heading", { name: "Protection", level: 1 }).waitFor();
  });

  it("leads from a plan to cluster-admin's backup page, from a failed application to its page and its log", async () => {
    await withPast();
    const view = await browser.open(admin.address("status"));
    await view.app.getByRole("button", { name: "Nightly S3" }).click();
    const table = view.app.getByRole("table", { name: "Applications of Nightly S3" });
    assert.match(await table.getByRole("link", { name: "Company cloud", exact: true }).getAttribute("href"), /#\/apps\/nextcloud1$/);
    assert.match(await view.app.getByRole("link", { name: "Manage plans in Backup" }).getAttribute("href"), /#\/backup$/);
    await table.getByRole("link", { name: /^Show log/ }).click();
    await view.page.getByRole("heading", { name: "/system-logs" }).waitFor();
    assert.match(view.page.url(), /selectedAppId=nextcloud1&startDate=\d{4}-\d\d-\d\d&startTime=/);
  });

  it("shows a service that is down as what it is", async () => {
    await withPast();
    admin.fault = (action) =>
      action === "get-monitor-status"
        ? { output: { reachable: false, error: "127.0.0.1: connection refused <b>x</b>", status: null, plans_as_of: null, plans: [] } }
        : undefined;
    const view = await browser.open(admin.address("status"));
    const check = view.app.getByRole("listitem").filter({ hasText: "Service – failed" });
    await check.waitFor();
    assert.match(await check.innerText(), /connection refused <b>x<\/b>/);
    await view.app.getByText("Unknown: the service is not responding.").waitFor();
    await inspect(view, "status-service-down");
    admin.fault = () => undefined;
    await view.app.getByRole("button", { name: "Refresh" }).click();
    await view.app.getByRole("button", { name: "Nightly S3" }).waitFor();
  });

  it("shows why plans are missing", async () => {
    const output = { ...(await node.act("get-monitor-status", {})), error: "Redis is not responding", plans: [] };
    admin.fault = (action) => (action === "get-monitor-status" ? { output } : undefined);
    const view = await browser.open(admin.address("status"));
    await view.app.getByText("Cannot retrieve backup plans").waitFor();
    assert.equal(await view.app.getByText("No backup plans").count(), 0);
    await inspect(view, "status-no-plans");
  });

  it("keeps its content while it is refreshing", async () => {
    await withPast();
    const view = await browser.open(admin.address("status"));
    await view.app.getByRole("button", { name: "Nightly S3" }).click();
    const before = admin.ran("get-monitor-status").length;
    await view.app.getByRole("button", { name: "Refresh" }).click();
    await eventually("the answer", () => admin.ran("get-monitor-status").length > before);
    assert.equal(await view.app.getByRole("button", { name: "Nightly S3" }).getAttribute("aria-expanded"), "true");
  });
});
