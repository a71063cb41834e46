//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import { describe, it } from "node:test";
import { inspect } from "./support/browser.mjs";
import { harness } from "./support/harness.mjs";
import { eventually } from "./support/wait.mjs";

/** What the pages are built with where nothing else is given. */
const VERSION =
  process.env.BACKUP_MONITOR_VERSION || /^version = "(.+)"$/m.exec(readFileSync(new URL("../../Cargo.toml", import.meta.url), "utf8"))[1];

describe("the about page", () => {
  const { admin, browser } = harness();

  it("shows the version and where to get help", async () => {
    const view = await browser.open(admin.address("about"));
    await view.app.getByText(`${VERSION} (1.0.0)`, { exact: true }).waitFor();
    await view.app.getByText("backup-monitor1", { exact: true }).last().waitFor();
    const image = view.app.getByRole("presentation").or(view.app.locator("img.logo")).first();
    await eventually("the logo", () => image.evaluate((img) => img.complete && img.naturalWidth > 0));
    assert.equal(await view.app.getByRole("link", { name: /^https/ }).count(), 3);
    await inspect(view, "about");
    assert.deepEqual(view.errors, []);
  });

  it("reports that the installed version can't be retrieved, and tries again", async () => {
    admin.fault = (action) => (action === "list-installed-modules" ? { aborted: "Traceback" } : undefined);
    const view = await browser.open(admin.address("about"));
    await view.app.getByText("Cannot retrieve installed version").waitFor();
    await inspect(view, "about-error");
    admin.fault = () => undefined;
    await view.app.getByRole("button", { name: "Try again" }).click();
    await view.app.getByText(`${VERSION} (1.0.0)`, { exact: true }).waitFor();
  });

  it("shows the product's version while the installed one is loading", async () => {
    let release;
    admin.fault = () => ({ hold: new Promise((done) => (release = done)) });
    const view = await browser.open(admin.address("about"));
    await view.app.getByText(VERSION, { exact: true }).waitFor();
    await inspect(view, "about-loading");
    release();
  });
});
