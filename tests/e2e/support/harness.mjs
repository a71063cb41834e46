//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { after, afterEach, before } from "node:test";
import { Browser } from "./browser.mjs";
import { ClusterAdmin } from "./clusterAdmin.mjs";
import { MailServer } from "./mailServer.mjs";
import { Node } from "./node.mjs";

/** Everything a file of tests needs: a node with the module, a mail server, cluster-admin, and a browser. */
export function harness(options = {}) {
  const parts = { node: new Node(), mail: new MailServer(), browser: new Browser() };
  parts.admin = new ClusterAdmin(parts.node);
  before(async () => {
    await Promise.all([parts.node.start(options), parts.mail.start(), parts.admin.start(), parts.browser.start(options)]);
  });
  afterEach(async () => {
    parts.admin.fault = () => undefined;
    await parts.browser.closePages();
  });
  after(async () => {
    await parts.browser.close();
    parts.admin.close();
    parts.mail.close();
    await parts.node.close();
  });
  return parts;
}

/** What configure-module takes; a test changes what it is about. */
export const CONFIGURATION = {
  mail_to: ["admin@example.org"],
  mail_from: "backup@example.org",
  mail_language: "en",
  notify_on: "failure",
  wait_seconds: 30,
  settle_seconds: 1800,
  repeat_seconds: 86400,
  missing_grace_seconds: 7200,
  repo_check: false,
};
