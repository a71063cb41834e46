//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "./support/browser.mjs";
import { harness } from "./support/harness.mjs";
import { remember, runsOf } from "./support/past.mjs";

const GIB = 1024 ** 3;
/** How long the browser may be busy with one thing, in milliseconds. Far above what a machine that is idle needs. */
const QUICK = 1500;

/** Fifty plans: the first has 59 applications, each other one 9. */
const modules = (plan) =>
  Array.from({ length: plan === 1 ? 59 : 9 }, (_, index) => ({
    module: `app${plan}x${index}`,
    label: index % 2 ? `Application ${index} of plan ${plan}` : null,
    size: (index + 1) * GIB,
    growth: 0.01 * GIB,
  }));
const runs = Array.from({ length: 50 }, (_, index) => index + 1).flatMap((plan) =>
  runsOf({
    plan: String(plan),
    name: `Plan number ${plan}`,
    destination: "Backblaze",
    schedule: "daily",
    outcomes: Array.from({ length: 30 }, (_, age) => ((age + plan) % 7 === 0 ? "PARTIAL" : "SUCCESS")),
    modules: modules(plan),
  }),
);

describe("a cluster with 50 plans and 500 applications", () => {
  const { admin, browser, node } = harness();

  /** How long the browser is busy from an event until what it leads to is on the screen. */
  const timed = (view, act, argument) =>
    view.app.evaluate(
      async ([source, given]) => {
        const began = performance.now();
        new Function("given", source)(given);
        await new Promise((done) => requestAnimationFrame(() => setTimeout(done)));
        return performance.now() - began;
      },
      [act, argument],
    );

  it("stays quick", async (test) => {
    await remember(node, { runs });
    const view = await browser.open(admin.address("status"));
    await view.app.locator(".plan").first().waitFor();
    assert.equal(await view.app.locator(".plan").count(), 20);
    const took = {};
    took.drawing = await timed(view, `[...document.querySelectorAll("button")].find((b) => b.textContent.includes("Show more")).click()`);
    took.more = await timed(view, `[...document.querySelectorAll("button")].find((b) => b.textContent.includes("Show more")).click()`);
    assert.equal(await view.app.locator(".plan").count(), 50);
    took.opening = await timed(
      view,
      `[...document.querySelectorAll(".fold")].find((b) => b.textContent.trim() === "Plan number 1").click()`,
    );
    const plan = view.app.getByRole("table", { name: "Applications of Plan number 1", exact: true });
    assert.equal(await plan.getByRole("row").count(), 26);
    took.searching = await timed(
      view,
      `const input = document.getElementById("plan-search"); input.value = given; input.dispatchEvent(new Event("input"))`,
      "app17x3",
    );
    assert.deepEqual(await view.app.locator(".plan h3").allInnerTexts(), ["Plan number 17"]);
    test.diagnostic(JSON.stringify(took, (_, value) => (typeof value === "number" ? Math.round(value) : value)));
    for (const [what, milliseconds] of Object.entries(took)) {
      assert.ok(milliseconds < QUICK, `${what} took ${milliseconds} ms`);
    }
    await view.app.getByLabel("Search plans and applications").fill("");
    await inspect(view, "status-large");
  });
});
