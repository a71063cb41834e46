//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import assert from "node:assert/strict";
import { describe, it } from "node:test";
import { inspect } from "./support/browser.mjs";
import { CONFIGURATION, harness } from "./support/harness.mjs";

describe("the settings page", () => {
  const { admin, browser, mail, node } = harness();
  const open = async () => {
    const view = await browser.open(admin.address("settings"));
    await view.app.getByLabel("Recipients").waitFor();
    return view;
  };
  const save = (view) => view.app.getByRole("button", { name: "Save" }).click();

  it("shows what is to be set up first", async () => {
    const view = await open();
    await view.app.getByText("Add recipients for the reports").waitFor();
    await view.app.getByText("No mail server configured").waitFor();
    await inspect(view, "settings-not-configured");
    assert.deepEqual(view.errors, []);
    await view.app.getByRole("button", { name: "Go to Email notifications" }).click();
    await view.page.getByRole("heading", { name: "/settings/smarthost" }).waitFor();
  });

  it("saves every parameter", async () => {
    await node.useMailServer(mail.port);
    const view = await open();
    const { app } = view;
    await app.getByLabel("Recipients").fill("one@example.org\ntwo@example.org");
    await app.getByLabel("Sender").fill("backup@example.org");
    await app.getByLabel("Email language").selectOption("it");
    await app.getByText("after every run, even if all backups succeeded").click();
    const duration = async (label, amount, unit) => {
      await app.getByLabel(label, { exact: true }).fill(amount);
      await app.getByLabel(`Unit: ${label}`).selectOption(unit);
    };
    await duration("Repeat unchanged problems after", "2", "days");
    await app.getByLabel("Report after failures in a row").fill("3");
    await app.getByLabel("Muted plans and applications").fill("mail1 2026-12-31");
    await duration("Report a backup as missed after", "3", "hours");
    await duration("Wait after an alert", "1", "minutes");
    await duration("Maximum wait for a running backup", "0.5", "hours");
    await app.getByText("Check the destinations after a failure").click();
    await save(view);
    await app.getByText("The new settings are in effect.").waitFor();
    const { configured, smarthost, ...saved } = await node.act("get-configuration", {});
    assert.deepEqual(saved, {
      mail_to: ["one@example.org", "two@example.org"],
      mail_from: "backup@example.org",
      mail_language: "it",
      notify_on: "always",
      repeat_seconds: 172800,
      after_failures: 3,
      muted: [{ id: "mail1", until: "2026-12-31" }],
      missing_grace_seconds: 10800,
      wait_seconds: 60,
      settle_seconds: 1800,
      repo_check: false,
    });
    assert.ok(configured && smarthost.enabled);
    await inspect(view, "settings-saved");
    assert.deepEqual(view.errors, []);
  });

  it("shows what is saved, and saves it again as it is", async () => {
    await node.configure({ ...CONFIGURATION, mail_to: ["one@example.org", "two@example.org"], mail_language: "it" });
    const before = await node.act("get-configuration", {});
    const view = await open();
    assert.equal(await view.app.getByLabel("Recipients").inputValue(), before.mail_to.join("\n"));
    assert.equal(await view.app.getByLabel("Sender").inputValue(), before.mail_from);
    assert.equal(await view.app.getByLabel("Email language").inputValue(), before.mail_language);
    await save(view);
    await view.app.getByText("The new settings are in effect.").waitFor();
    assert.deepEqual(await node.act("get-configuration", {}), before);
  });

  it("can switch off the detection of missed backups", async () => {
    const view = await open();
    await view.app.getByText("Detect missed backups").click();
    assert.equal(await view.app.getByLabel("Report a backup as missed after").count(), 0);
    await save(view);
    await view.app.getByText("Settings saved", { exact: true }).waitFor();
    assert.equal((await node.act("get-configuration", {})).missing_grace_seconds, null);
  });

  it("shows errors at the field before anything is sent", async () => {
    const before = admin.ran("configure-module").length;
    const view = await open();
    const { app } = view;
    await app.getByLabel("Recipients").fill("admin@example.org, nobody");
    await app.getByLabel("Wait after an alert", { exact: true }).fill("soon");
    await app.getByLabel("Maximum wait for a running backup", { exact: true }).fill("99999");
    await save(view);
    await app.getByText("“nobody” is not a valid email address.").waitFor();
    await app.getByText("Enter a number.").waitFor();
    await app.getByText("Enter a time from 0 to 1 d.").waitFor();
    const field = app.getByLabel("Recipients");
    assert.equal(await field.getAttribute("aria-invalid"), "true");
    assert.match(await field.getAttribute("aria-describedby"), /mail_to-error/);
    assert.ok(await field.evaluate((element) => element === document.activeElement), "the first wrong field has the focus");
    assert.equal(admin.ran("configure-module").length, before);
    await inspect(view, "settings-invalid");
    await field.fill("admin@example.org");
    assert.equal(await app.getByText("is not a valid email address").count(), 0);
  });

  it("shows at the field what the module rejects", async () => {
    const view = await open();
    // Narrower than the page's own check: a leading quote would end up in an environment file.
    await view.app.getByLabel("Recipients").fill("one@example.org\n'two@example.org");
    await save(view);
    await view.app.getByText("“'two@example.org” is not a valid email address.").waitFor();
    assert.equal(admin.ran("configure-module").at(-1).status, "validation-failed");
    const focused = () => view.app.evaluate(() => document.activeElement.id);
    assert.equal(await focused(), "mail_to");
  });

  it("reports that it could not save", async () => {
    admin.fault = (action) => (action === "configure-module" ? { aborted: "Traceback" } : undefined);
    const view = await open();
    await save(view);
    await view.app.getByText("Cannot save settings").waitFor();
    await inspect(view, "settings-save-error");
  });

  it("sends a test email and shows the result", async () => {
    await node.useMailServer(mail.port);
    await node.configure(CONFIGURATION);
    const view = await open();
    const send = () => view.app.getByRole("button", { name: "Send test email" }).click();
    await send();
    await view.app.getByText("Test email accepted by the mail server").waitFor();
    assert.deepEqual(mail.mails.at(-1).to, ["admin@example.org"]);
    await view.app.getByLabel("Send to").fill("other@example.org");
    await send();
    await view.app.getByText("Test email accepted by the mail server").waitFor();
    assert.deepEqual(mail.mails.at(-1).to, ["other@example.org"]);
    await inspect(view, "settings-test-mail");
    await view.app.getByLabel("Send to").fill("someone@nowhere.example");
    await send();
    await view.app.getByText("Cannot send the test email").waitFor();
    await view.app.getByText("no such mailbox").waitFor();
    await inspect(view, "settings-test-mail-failed");
    await view.app.getByLabel("Send to").fill("someone");
    await send();
    await view.app.getByText("“someone” is not a valid email address.").waitFor();
  });

  it("is filled in by keyboard alone", async () => {
    const view = await open();
    await view.app.getByLabel("Recipients").focus();
    const visited = [];
    for (let step = 0; step < 40 && !visited.includes("test-address"); step += 1) {
      visited.push(await view.app.evaluate(() => document.activeElement.id || document.activeElement.tagName));
      await view.page.keyboard.press("Tab");
    }
    for (const id of ["mail_to", "mail_from", "mail_language", "repeat_seconds", "after_failures", "watch_missing", "missing_grace_seconds", "wait_seconds", "settle_seconds", "repo_check", "test-address"]) {
      assert.ok(visited.includes(id), `${id} in ${visited}`);
    }
  });

  it("shows that it is loading, and what failed", async () => {
    let release;
    admin.fault = () => ({ hold: new Promise((done) => (release = done)) });
    const view = await browser.open(admin.address("settings"));
    await view.app.locator(".bx--skeleton__text").first().waitFor();
    await inspect(view, "settings-loading");
    release();
    admin.fault = (action) => (action === "get-configuration" ? { aborted: "Traceback" } : undefined);
    const failing = await browser.open(admin.address("settings"));
    await failing.app.getByText("Cannot retrieve settings").waitFor();
    await inspect(failing, "settings-error");
    admin.fault = () => undefined;
    await failing.app.getByRole("button", { name: "Try again" }).click();
    await failing.app.getByLabel("Recipients").waitFor();
  });
});
