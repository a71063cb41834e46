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
    await view.app.getByLabel("Recipients", { exact: true }).waitFor();
    return view;
  };
  const advanced = (view) => view.app.getByRole("heading", { name: "Advanced" }).click();
  const save = (view) => view.app.getByRole("button", { name: "Save" }).click();

  const plansAre = async (plans) => {
    for (const [id, name] of Object.entries(plans)) {
      await node.redis("HSET", `cluster/backup/${id}`, "name", name, "schedule", "*-*-* 02:00:00", "instances", "mail1", "enabled", "1");
    }
  };

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
    await app.getByLabel("Recipients", { exact: true }).fill("one@example.org\ntwo@example.org");
    await app.getByLabel("Sender").fill("backup@example.org");
    await app.getByLabel("Email language").last().selectOption("it");
    await app.getByText("after every run, even if all backups succeeded").click();
    const duration = async (label, amount, unit) => {
      await app.getByLabel(label, { exact: true }).fill(amount);
      await app.getByLabel(`Unit: ${label}`).selectOption(unit);
    };
    await app.getByLabel("Summary").selectOption("every day");
    await app.getByLabel("Muted plans and applications").fill("mail1 2026-12-31");
    await duration("Report a backup as missed after", "3", "hours");
    await advanced(view);
    await duration("Repeat unchanged problems after", "2", "days");
    await app.getByLabel("Report after failures in a row").fill("3");
    await duration("Report unprotected applications after", "3", "days");
    await duration("Wait after an alert", "1", "minutes");
    await duration("Maximum wait for a running backup", "0.5", "hours");
    await app.getByText("Check the destinations after a failure").click();
    await duration("Time limit of the check", "2", "minutes");
    await app.getByLabel("Webhook URL").fill("https://ntfy.example.org/backups");
    await app.getByLabel("Webhook token").fill("tk_example");
    await app.getByLabel("Heartbeat URL").fill("https://hc-ping.com/7f3c");
    await app.getByLabel("Heartbeat failure URL").fill("https://hc-ping.com/7f3c/fail");
    await duration("Heartbeat interval", "5", "minutes");
    await app.getByLabel("Address of cluster-admin").fill("https://admin.example.org/cluster-admin/");
    await save(view);
    await app.getByText("The new settings are in effect.").waitFor();
    const { configured, smarthost, plans, cluster_admin_url_found, metrics_mail, ...saved } = await node.act("get-configuration", {});
    assert.deepEqual(saved, {
      mail_to: ["one@example.org", "two@example.org"],
      recipients: [],
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
      summary: "daily",
      coverage_grace_seconds: 259200,
      heartbeat_url: "https://hc-ping.com/7f3c",
      heartbeat_fail_url: "https://hc-ping.com/7f3c/fail",
      heartbeat_seconds: 300,
      webhook_url: "https://ntfy.example.org/backups",
      webhook_token_set: true,
      repo_check_total_seconds: 120,
      cluster_admin_url: "https://admin.example.org/cluster-admin/",
    });
    // What is saved is never shown.
    assert.equal(await app.getByLabel("Webhook token").inputValue(), "");
    await app.getByText("A token is saved.").waitFor();
    assert.ok(configured && smarthost.enabled);
    await inspect(view, "settings-saved");
    await app.getByText("Remove the saved token").click();
    await save(view);
    await app.getByText("Sent as a bearer token").waitFor();
    assert.equal((await node.act("get-configuration", {})).webhook_token_set, false);
    assert.deepEqual(view.errors, []);
  });

  it("adds recipients of single plans, and shows those of a plan that was deleted", async () => {
    await node.useMailServer(mail.port);
    await plansAre({ 1: "Nightly S3", 3: "Weekly NAS" });
    const recipients = [{ address: "ada@example.org", plans: ["1", "7"], language: "it", notify: null }];
    await node.act("configure-module", { ...CONFIGURATION, recipients });
    const view = await open();
    const { app } = view;
    const row = (number) => app.getByRole("group", { name: `Recipient ${number}` });
    assert.equal(await row(1).getByLabel("Email address").inputValue(), "ada@example.org");
    assert.equal(await row(1).getByLabel("Email language").inputValue(), "it");
    assert.ok(await row(1).getByLabel("Nightly S3 (plan 1)").isChecked());
    assert.ok(await row(1).getByLabel("Plan 7 (deleted)").isChecked());
    await app.getByText("A deleted plan makes no more reports").waitFor();
    await app.getByRole("button", { name: "Add recipient" }).click();
    const focused = () => app.evaluate(() => document.activeElement.id);
    assert.equal(await focused(), "recipients-1-address");
    await view.page.keyboard.type("bob@example.org");
    await row(2).getByText("Weekly NAS (plan 3)").click();
    await row(2).getByLabel("Send an email").selectOption("after every run");
    await inspect(view, "settings-recipients");
    await row(1).getByText("Plan 7 (deleted)").click();
    await save(view);
    await app.getByText("The new settings are in effect.").waitFor();
    assert.deepEqual((await node.act("get-configuration", {})).recipients, [
      { address: "ada@example.org", plans: ["1"], language: "it", notify: null },
      { address: "bob@example.org", plans: ["3"], language: null, notify: "always" },
    ]);
    await row(1).getByRole("button", { name: "Remove recipient" }).click();
    assert.equal(await focused(), "recipients");
    await row(1).getByText("all plans").click();
    await save(view);
    await app.getByText("The new settings are in effect.").waitFor();
    assert.deepEqual((await node.act("get-configuration", {})).recipients, [
      { address: "bob@example.org", plans: [], language: null, notify: "always" },
    ]);
    assert.deepEqual(view.errors, []);
  });

  it("shows what is wrong with a recipient where it is", async () => {
    await plansAre({ 1: "Nightly S3" });
    const view = await open();
    const { app } = view;
    const focused = () => app.evaluate(() => document.activeElement.id);
    await app.getByRole("button", { name: "Add recipient" }).click();
    await save(view);
    await app.getByText("Enter an email address.").waitFor();
    assert.equal(await focused(), "recipients-0-address");
    await app.getByLabel("Email address").fill("ada@example.org");
    await save(view);
    await app.getByText("Choose at least one plan.").waitFor();
    assert.equal(await focused(), "recipients-0-plans-1");
    await inspect(view, "settings-recipients-invalid");
    await app.getByText("Nightly S3 (plan 1)").click();
    // Narrower than the page's own check.
    await app.getByLabel("Email address").fill("'ada@example.org");
    await save(view);
    await app.getByText("“'ada@example.org” is not a valid email address.").waitFor();
    assert.equal(await focused(), "recipients-0-address");
    assert.equal(admin.ran("configure-module").at(-1).status, "validation-failed");
  });

  it("opens the advanced section where something in it is wrong", async () => {
    const view = await open();
    await advanced(view);
    await view.app.getByLabel("Heartbeat failure URL").fill("https://hc-ping.com/7f3c/fail");
    await view.app.getByLabel("Webhook URL").fill("ntfy.example.org/backups");
    await advanced(view);
    await save(view);
    await view.app.getByText("Enter a heartbeat URL, too.").waitFor();
    await view.app.getByText("Enter an address such as https://example.org/path").waitFor();
    assert.equal(await view.app.evaluate(() => document.activeElement.id), "webhook_url");
    await inspect(view, "settings-advanced-invalid");
  });

  it("starts with the recipients of NS8's metrics, and says how to get one email instead of two", async () => {
    await node.redis("HSET", "module/metrics1/settings", "mail_to", "noc@example.org,admin@example.org");
    await node.useMailServer(mail.port);
    const view = await open();
    const { app } = view;
    await app.getByText("The recipients below are those of NS8's alert notifications").waitFor();
    assert.equal(await app.getByLabel("Recipients", { exact: true }).inputValue(), "noc@example.org\nadmin@example.org");
    assert.equal(await app.getByText("NS8's metrics also email failed backups").count(), 0);
    await inspect(view, "settings-proposed");
    await save(view);
    await app.getByText("They go to noc@example.org, admin@example.org every 3 h").waitFor();
    await app.getByText("runagent -m metrics1 podman exec alertmanager amtool silence add").waitFor();
    await inspect(view, "settings-metrics-mail");
    assert.deepEqual((await node.act("get-configuration", {})).mail_to, ["noc@example.org", "admin@example.org"]);
    assert.deepEqual(view.errors, []);
  });

  it("shows what is saved, and saves it again as it is", async () => {
    await node.configure({ ...CONFIGURATION, mail_to: ["one@example.org", "two@example.org"], mail_language: "it" });
    const before = await node.act("get-configuration", {});
    const view = await open();
    assert.equal(await view.app.getByLabel("Recipients", { exact: true }).inputValue(), before.mail_to.join("\n"));
    assert.equal(await view.app.getByLabel("Sender").inputValue(), before.mail_from);
    assert.equal(await view.app.getByLabel("Email language").last().inputValue(), before.mail_language);
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
    await app.getByLabel("Recipients", { exact: true }).fill("admin@example.org, nobody");
    await advanced(view);
    await app.getByLabel("Wait after an alert", { exact: true }).fill("soon");
    await app.getByLabel("Maximum wait for a running backup", { exact: true }).fill("99999");
    await save(view);
    await app.getByText("“nobody” is not a valid email address.").waitFor();
    await app.getByText("Enter a number.").waitFor();
    await app.getByText("Enter a time from 0 to 1 d.").waitFor();
    const field = app.getByLabel("Recipients", { exact: true });
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
    await view.app.getByLabel("Recipients", { exact: true }).fill("one@example.org\n'two@example.org");
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

  it("shows the result of each channel of a test", async () => {
    await node.configure({ ...CONFIGURATION, webhook_url: "https://ntfy.example.org/backups" });
    const results = [
      { channel: "mail", recipient: "admin@example.org", accepted: true, error: null },
      { channel: "webhook", recipient: null, accepted: false, error: "rejected: HTTP 401" },
    ];
    admin.fault = (action) =>
      action === "send-test-mail" ? { output: { sent: false, error: "webhook: rejected: HTTP 401", results } } : undefined;
    const view = await open();
    await view.app.getByText("If empty, the saved recipients and the webhook get the test.").waitFor();
    await view.app.getByRole("button", { name: "Send test email" }).click();
    await view.app.getByText("The test was not accepted everywhere").waitFor();
    await view.app.getByText("admin@example.org: accepted").waitFor();
    await view.app.getByText("Webhook: rejected: HTTP 401", { exact: true }).waitFor();
    await inspect(view, "settings-test-channels");
  });

  it("is filled in by keyboard alone", async () => {
    const view = await open();
    await view.app.getByLabel("Recipients", { exact: true }).focus();
    const visited = [];
    for (let step = 0; step < 60 && !visited.includes("test-address"); step += 1) {
      const now = await view.app.evaluate(() => document.activeElement.id || document.activeElement.tagName);
      visited.push(now);
      if (now === "SUMMARY") {
        await view.page.keyboard.press("Enter");
      }
      await view.page.keyboard.press("Tab");
    }
    for (const id of [
      ...["mail_to", "recipients", "mail_from", "mail_language", "summary", "muted", "watch_missing", "missing_grace_seconds"],
      ...["repeat_seconds", "after_failures", "coverage_grace_seconds", "wait_seconds", "settle_seconds", "repo_check"],
      ...["repo_check_total_seconds", "webhook_url", "webhook_token", "heartbeat_url", "heartbeat_fail_url"],
      ...["heartbeat_seconds", "cluster_admin_url", "test-address"],
    ]) {
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
    await failing.app.getByLabel("Recipients", { exact: true }).waitFor();
  });
});
