//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { mkdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { chromium, fileOf } from "./packages.mjs";
import { PATIENCE } from "./wait.mjs";

/** Where the pictures are, to be looked at. */
const SHOTS = process.env.SCREENSHOTS ?? fileURLToPath(new URL("../../../target/screenshots/", import.meta.url));
const AXE = readFileSync(fileOf("axe-core/axe.min.js"), "utf8");
const WIDTHS = [1280, 390];

export class Browser {
  async start({ locale = "en-GB" } = {}) {
    mkdirSync(SHOTS, { recursive: true });
    this.browser = await chromium.launch({
      executablePath: "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    });
    this.context = await this.browser.newContext({ locale, timezoneId: "Europe/Rome", reducedMotion: "reduce" });
    this.context.setDefaultTimeout(PATIENCE);
    return this;
  }

  /** Opens one of our pages in cluster-admin. What goes wrong in the browser fails the test that looks at `errors`. */
  async open(address, width = WIDTHS[0]) {
    const page = await this.context.newPage();
    await page.setViewportSize({ width, height: 900 });
    const errors = [];
    page.on("pageerror", (error) => errors.push(String(error)));
    page.on("console", (message) => {
      if (message.type() === "error") {
        errors.push(message.text());
      }
    });
    await page.goto(address);
    const app = await (await page.waitForSelector("#app-frame")).contentFrame();
    await app.waitForSelector("#main-content h1");
    return { page, app, errors };
  }

  async closePages() {
    await Promise.all(this.context.pages().map((page) => page.close()));
  }

  close() {
    return this.browser.close();
  }
}

/** Checks the page's accessibility (WCAG 2.1 A and AA), and that it fits; takes its picture at each width. */
export async function inspect({ page, app }, name) {
  for (const width of WIDTHS) {
    await page.setViewportSize({ width, height: 900 });
    // The pointer must not hold the menu open.
    await page.mouse.move(width - 5, 5);
    await settle(app);
    const height = await app.evaluate(() => document.documentElement.scrollHeight);
    await page.setViewportSize({ width, height: Math.min(Math.max(900, height + 48), 6000) });
    await settle(app);
    await page.screenshot({ path: `${SHOTS}/${name}-${width}.png` });
    await page.setViewportSize({ width, height: 900 });
    await checkAccessibility(app, `${name} at ${width}`);
    const overflow = await app.evaluate(() => document.documentElement.scrollWidth - document.documentElement.clientWidth);
    assert.equal(overflow, 0, `${name} is wider than ${width} by ${overflow}`);
  }
  await page.setViewportSize({ width: WIDTHS[0], height: 900 });
}

async function checkAccessibility(app, name) {
  await app.evaluate(AXE);
  const violations = await app.evaluate(async () => {
    const tags = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"];
    // A mail in its frame is the mail's own matter, and runs no script that could look.
    const { violations } = await window.axe.run(document, { runOnly: tags, iframes: false });
    // Buttons have NS8's blue, and are to look like those of every other application.
    const branded = ({ html }) => /^<button[^>]* class="[^"]*bx--(btn|inline-notification)/.test(html);
    for (const violation of violations.filter(({ id }) => id === "color-contrast")) {
      violation.nodes = violation.nodes.filter((node) => !branded(node));
    }
    return violations.filter(({ nodes }) => nodes.length).map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 200)).join("\n   ")}`);
  });
  assert.deepEqual(violations, [], name);
}

/** Waits until fonts and layout stand still. */
async function settle(app) {
  await app.evaluate(async () => {
    await document.fonts.ready;
    // Animations that never end, such as those of skeletons, are not waited for.
    const ending = document.getAnimations().filter(({ effect }) => effect.getComputedTiming().endTime !== Infinity);
    await Promise.allSettled(ending.map(({ finished }) => finished));
    await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  });
}
