//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { spawn } from "node:child_process";
import { once } from "node:events";
import { existsSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { createInterface } from "node:readline";
import { join } from "node:path";
import { eventually } from "./wait.mjs";

const ROOT = fileURLToPath(new URL("../../../", import.meta.url));

/** The service's binary, as cargo built it. */
function serviceBinary() {
  const target = process.env.CARGO_TARGET_DIR ?? join(ROOT, "target");
  const binary = process.env.MONITOR_BINARY ?? join(target, "debug/ns8-backup-monitor");
  if (!existsSync(binary)) {
    throw new Error(`${binary} does not exist: run cargo build`);
  }
  return binary;
}

/** Python with the packages that the runner needs: tests/run.sh makes it. */
export const PYTHON = process.env.PYTHON ?? join(ROOT, "target/venv/bin/python");

/** A node with Redis, the installed module and its service: tests/module/runner.py, one request a line. */
export class Node {
  pending = [];

  /** @param options.sample fills Redis with the runner's sample cluster */
  async start({ sample = false } = {}) {
    const arguments_ = [join(ROOT, "tests/module/runner.py"), "--service", serviceBinary(), "--python", PYTHON];
    if (sample) {
      arguments_.push("--sample");
    }
    // The core's actions are answered by the stand-in for cluster-admin.
    const env = { ...process.env, NS8_CORE: "" };
    this.process = spawn(PYTHON, arguments_, { env, stdio: ["pipe", "pipe", "inherit"] });
    this.process.on("exit", () => this.pending.splice(0).forEach(({ reject }) => reject(new Error("the runner ended"))));
    const lines = createInterface({ input: this.process.stdout });
    this.ready = await new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      lines.on("line", (line) => this.pending.shift().resolve(JSON.parse(line)));
    });
    this.journal = join(this.ready.module_dir, "../../../volumes/backup-monitor-state/journal.sqlite");
    await this.serviceStarts();
    return this;
  }

  ask(request) {
    return new Promise((resolve, reject) => {
      this.pending.push({ resolve, reject });
      this.process.stdin.write(`${JSON.stringify(request)}\n`);
    });
  }

  runAction(action, data) {
    return this.ask({ action, data });
  }

  /** Runs an action that has to succeed. */
  async act(action, data) {
    const result = await this.runAction(action, data);
    if (result.status !== "completed") {
      throw new Error(`${action}: ${JSON.stringify(result)}`);
    }
    return result.output;
  }

  async redis(...command) {
    const answer = await this.ask({ redis: command.map(String) });
    if (answer.error) {
      throw new Error(`${command[0]}: ${answer.error}`);
    }
    return answer.reply;
  }

  /** The cluster's mail server becomes this one. */
  async useMailServer(port) {
    const settings = { enabled: "1", host: "127.0.0.1", port, username: "", password: "", encrypt_smtp: "none", tls_verify: "" };
    await this.redis("HSET", "cluster/smarthost", ...Object.entries(settings).flat());
    await this.ask({ event: "smarthost-changed", data: {} });
    await this.serviceStarts();
  }

  /** Changes the settings, which restarts the service. */
  async configure(settings) {
    await this.act("configure-module", settings);
    await this.serviceStarts();
  }

  /** NS8's alert about a plan, as Alertmanager posts it. */
  async alert(plan, name) {
    const alert = {
      status: "firing",
      labels: { alertname: "BackupFailed", id: plan, name, node: "1", severity: "critical", service: "backup" },
      annotations: {},
      startsAt: new Date().toISOString(),
      fingerprint: `fingerprint-${plan}-${Date.now()}`,
    };
    const response = await fetch(`${this.ready.url}/alert`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ version: "4", status: "firing", alerts: [alert] }),
    });
    return response.json();
  }

  serviceStarts() {
    return eventually("the service", () => this.serviceAnswers());
  }

  async serviceAnswers() {
    try {
      return (await fetch(`${this.ready.url}/healthz`)).ok;
    } catch {
      return false;
    }
  }

  async close() {
    if (this.process.exitCode === null) {
      this.process.stdin.end();
      await once(this.process, "exit");
    }
  }
}
