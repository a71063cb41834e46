//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { once } from "node:events";
import { readFile } from "node:fs/promises";
import { createServer } from "node:http";
import { extname } from "node:path";
import { coreStyle } from "./coreStyle.mjs";
import { UI, fileOf } from "./packages.mjs";

const INSTANCE = "backup-monitor1";
const TOKEN = "token-of-the-logged-in-user";
const ADMIN = new URL("../admin/", import.meta.url);
const TYPES = { ".html": "text/html", ".js": "text/javascript", ".css": "text/css", ".json": "application/json", ".png": "image/png", ".svg": "image/svg+xml" };

/**
 * A stand-in for cluster-admin's server: its pages with ours in their frame, and the API's tasks. What cluster-admin's
 * websocket says comes as server-sent events. The module's actions are run for real; the core's own are answered here.
 */
export class ClusterAdmin {
  constructor(node) {
    this.node = node;
  }

  async start() {
    this.tasks = new Map();
    this.listeners = new Set();
    /** What each finished task was, for tests to look at. */
    this.history = [];
    /** What a test wants to go wrong: `(action) => undefined | {http} | {aborted} | {output} | {hold: Promise}` */
    this.fault = () => undefined;
    // It takes seconds, which no page should have to wait for.
    coreStyle();
    this.server = createServer((request, response) => {
      this.serve(request, response).catch((error) => response.writeHead(500).end(String(error)));
    }).listen(0, "127.0.0.1");
    await once(this.server, "listening");
    this.origin = `http://127.0.0.1:${this.server.address().port}`;
    return this;
  }

  close() {
    this.server.closeAllConnections();
    this.server.close();
  }

  /** The address of one of our pages within cluster-admin. */
  address(page, query = {}) {
    return `${this.origin}/cluster-admin/#/apps/${INSTANCE}?${new URLSearchParams({ page, ...query })}`;
  }

  async serve(request, response) {
    const { pathname } = new URL(request.url, this.origin);
    const api = /^\/cluster-admin\/api\/(.*)$/.exec(pathname);
    if (pathname === "/cluster-admin/events") {
      response.writeHead(200, { "content-type": "text/event-stream" });
      response.write("\n");
      this.listeners.add(response);
      response.on("close", () => this.listeners.delete(response));
    } else if (api) {
      await this.serveApi(request, response, api[1]);
    } else if (pathname === "/cluster-admin/css/core.css") {
      response.writeHead(200, { "content-type": "text/css" }).end(coreStyle());
    } else {
      await this.serveFile(response, pathname);
    }
  }

  async serveFile(response, pathname) {
    const own = `/cluster-admin/apps/${INSTANCE}/`;
    const libraries = { "/cluster-admin/vue.js": "vue/dist/vue.min.js", "/cluster-admin/vue-router.js": "vue-router/dist/vue-router.min.js" };
    let file;
    if (pathname.startsWith(own)) {
      file = new URL(`dist/${pathname.slice(own.length)}`, UI);
    } else if (libraries[pathname]) {
      file = fileOf(libraries[pathname]);
    } else {
      file = new URL(pathname.replace(/^\/cluster-admin\/$/, "index.html").replace("/cluster-admin/", ""), ADMIN);
    }
    try {
      const body = await readFile(file);
      response.writeHead(200, { "content-type": TYPES[extname(String(file))] ?? "application/octet-stream" }).end(body);
    } catch {
      response.writeHead(404).end();
    }
  }

  async serveApi(request, response, path) {
    const answer = (code, data) =>
      response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify({ code, data, message: "" }));
    if (request.headers.authorization !== `Bearer ${TOKEN}`) {
      return answer(401);
    }
    const task = /^((?:cluster|module\/[\w-]+)\/task\/([\w-]+))\/(context|status)$/.exec(path);
    if (task) {
      const { context, result } = this.tasks.get(task[2]);
      return answer(200, task[3] === "context" ? { context } : result);
    }
    const agent = /^(cluster|module\/[\w-]+)\/tasks$/.exec(path)?.[1];
    if (!agent || request.method !== "POST") {
      return answer(404);
    }
    let body = "";
    for await (const chunk of request) {
      body += chunk;
    }
    const context = { parent: "", ...JSON.parse(body), id: crypto.randomUUID(), queue: `${agent}/tasks`, user: "admin" };
    const fault = this.fault(context.action);
    if (fault?.http) {
      return answer(fault.http);
    }
    this.tasks.set(context.id, { context, result: null });
    answer(201, context);
    this.run(agent, context, fault);
  }

  async run(agent, context, fault) {
    await fault?.hold;
    const result = await this.resultOf(agent, context, fault);
    this.tasks.get(context.id).result = { context, output: result.output, error: result.stderr ?? "", exit_code: result.exit_code ?? 0 };
    this.history.push({ agent, action: context.action, data: context.data, status: result.status });
    const name = `progress/${agent}/task/${context.id}`;
    const message = { type: "task", name, payload: { status: result.status, progress: 100 } };
    this.listeners.forEach((listener) => listener.write(`data: ${JSON.stringify(message)}\n\n`));
  }

  async resultOf(agent, { action, data }, fault) {
    if (fault?.aborted) {
      return { status: "aborted", output: "", stderr: fault.aborted, exit_code: 1 };
    }
    if (fault && "output" in fault) {
      return { status: "completed", output: fault.output };
    }
    const core = CORE_ACTIONS[`${agent.split("/")[0]} ${action}`];
    return core ? { status: "completed", output: await core(this.node) } : this.node.runAction(action, data);
  }

  /** The tasks of an action, oldest first. */
  ran(action) {
    return this.history.filter((task) => task.action === action);
  }
}

/** What the core answers, in the core's own shapes. */
const CORE_ACTIONS = {
  "module get-name": () => ({ name: "" }),
  "module get-status": async (node) => {
    const active = await node.serviceAnswers();
    const services = [{ name: "backup-monitor", active, failed: !active, enabled: true }];
    return { instance: INSTANCE, node: "1", node_ui_name: "Rome", services, images: [], volumes: [] };
  },
  "cluster list-installed-modules": () => ({
    "ghcr.io/nethserver/backup-monitor": [{ id: INSTANCE, ui_name: "", node: "1", version: "1.0.0" }],
  }),
};
