//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "./support/browser.mjs";
import { harness } from "./support/harness.mjs";

describe("the about page", () => {
  const { admin, browser } = harness();

  it("tells the version and where to turn to", async () => {
    const view = await browser.open(admin.address("about"));
    await view.app.getByText("1.0.0", { exact: true }).waitFor();
    await view.app.getByText("backup-monitor1", { exact: true }).last().waitFor();
    const image = view.app.getByRole("presentation").or(view.app.locator("img.logo")).first();
    assert.ok(await image.evaluate((img) => img.complete && img.naturalWidth > 0), "the logo is there");
    assert.equal(await view.app.getByRole("link", { name: /^https/ }).count(), 3);
    await inspect(view, "about");
    assert.deepEqual(view.errors, []);
  });

  it("says that the version is not known, and tries again", async () => {
    admin.fault = (action) => (action === "list-installed-modules" ? { aborted: "Traceback" } : undefined);
    const view = await browser.open(admin.address("about"));
    await view.app.getByText("The installed version is not known").waitFor();
    await inspect(view, "about-error");
    admin.fault = () => undefined;
    await view.app.getByRole("button", { name: "Try again" }).click();
    await view.app.getByText("1.0.0", { exact: true }).waitFor();
  });

  it("waits for the version without hiding the rest", async () => {
    let release;
    admin.fault = () => ({ hold: new Promise((done) => (release = done)) });
    const view = await browser.open(admin.address("about"));
    await view.app.getByText("…", { exact: true }).waitFor();
    await inspect(view, "about-loading");
    release();
  });
});
