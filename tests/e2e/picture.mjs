//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/**
 * Takes docs/status.png, the status page in README, and the Software Center's screenshots (1024 x 768):
 * node tests/e2e/picture.mjs, after tests/run.sh ui e2e.
 * The service and its past are real; only the checks of what a test has not got (gateway, Alertmanager, API) are set well.
 */
import { fileURLToPath } from "node:url";
import { Browser } from "./support/browser.mjs";
import { ClusterAdmin } from "./support/clusterAdmin.mjs";
import { exampleOf } from "./support/examples.mjs";
import { CONFIGURATION } from "./support/harness.mjs";
import { MailServer } from "./support/mailServer.mjs";
import { Node } from "./support/node.mjs";
import { remember } from "./support/past.mjs";
import { PAST } from "./support/samplePast.mjs";
import { eventually } from "./support/wait.mjs";

const file = (path) => fileURLToPath(new URL(`../../${path}`, import.meta.url));

const [node, mail, browser] = await Promise.all([new Node().start({ sample: true }), new MailServer().start(), new Browser().start()]);
const admin = await new ClusterAdmin(node).start();
try {
  await node.useMailServer(mail.port);
  await node.configure({ ...CONFIGURATION, wait_seconds: 0 });
  await node.alert("1", "Nightly S3");
  await eventually("the report", () => mail.mails[0]);
  await remember(node, { runs: PAST });
  const output = await node.act("get-monitor-status", {});
  output.status.checks = output.status.checks.map(({ name }) => ({ name, state: "ok", reason: null }));
  output.gaps = [];
  // Repositories can't be read here: what is said of them is the actions' examples.
  const outputs = { "get-monitor-status": output, "list-gaps": exampleOf("list-gaps"), "list-restore-points": exampleOf("list-restore-points") };
  admin.fault = (action) => (action in outputs ? { output: outputs[action] } : undefined);
  const { page, app } = await browser.open(admin.address("status"));
  await app.getByRole("button", { name: "Nightly S3" }).click();
  await app.getByRole("heading", { name: "Rome (Node 1)" }).waitFor();
  await page.mouse.move(1270, 5);
  const bottom = await app.locator(".plan").last().evaluate((element) => element.getBoundingClientRect().bottom);
  await page.setViewportSize({ width: 1280, height: Math.ceil(bottom) + 120 });
  await page.locator("#app-frame").screenshot({ path: file("docs/status.png") });

  // What each page shows once it has all that it asked for.
  const content = { status: ".plan", protection: ".gap", reports: "tbody tr", settings: "#main-content textarea, #main-content input" };
  for (const [index, [name, selector]] of Object.entries(content).entries()) {
    const { page, app } = await browser.open(admin.address(name));
    await app.locator(selector).first().waitFor();
    await page.setViewportSize({ width: 1024, height: 768 });
    await page.mouse.move(1000, 5);
    await app.waitForFunction(() => document.getAnimations().length === 0);
    await page.screenshot({ path: file(`softwarecenter/backup-monitor/screenshots/${index + 1}-${name}.png`) });
  }
} finally {
  await browser.close();
  admin.close();
  mail.close();
  await node.close();
}
