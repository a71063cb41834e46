//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { after, afterEach, before, beforeEach } from "node:test";
import { Browser } from "./browser.mjs";
import { ClusterAdmin } from "./clusterAdmin.mjs";
import { MailServer } from "./mailServer.mjs";
import { Node } from "./node.mjs";

/**
 * What a group of tests needs: a browser, and for each test a node with the module, a mail server and cluster-admin of its
 * own, so that a test passes alone and in any order.
 */
export function harness(options = {}) {
  const parts = { node: new Node(), mail: new MailServer(), browser: new Browser() };
  parts.admin = new ClusterAdmin(parts.node);
  before(() => parts.browser.start(options));
  beforeEach(() => Promise.all([parts.node.start(options), parts.mail.start(), parts.admin.start()]));
  afterEach(async () => {
    await parts.browser.closePages();
    parts.admin.close();
    parts.mail.close();
    await parts.node.close();
  });
  after(() => parts.browser.close());
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
  repeat_seconds: 72000,
  after_failures: 1,
  muted: [],
  missing_grace_seconds: 7200,
  repo_check: false,
};
