//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { PYTHON } from "./node.mjs";
import { eventually } from "./wait.mjs";

const SCRIPT = fileURLToPath(new URL("past.py", import.meta.url));
const DAY = 86_400_000;
const GIB = 1024 ** 3;

/** Writes a past into a running service's journal (see past.py), and the plans that have it into the cluster. */
export async function remember(node, past) {
  const child = spawn(PYTHON, [SCRIPT, node.journal], { stdio: ["pipe", "inherit", "inherit"] });
  child.stdin.end(JSON.stringify(past));
  const [code] = await once(child, "exit");
  if (code !== 0) {
    throw new Error(`past.py: ${code}`);
  }
  await plan(node, past.runs ?? []);
}

/** Gives the cluster the plans of these runs, as the newest run of each has it, and waits until the service has read them. */
async function plan(node, runs) {
  const newest = new Map();
  for (const run of runs) {
    if (!newest.has(run.plan)) {
      newest.set(run.plan, run);
    }
  }
  for (const [id, { name, schedule, destination, applications }] of newest) {
    // A destination has one name.
    const repository = `destination-${destination.name.replace(/\W/g, "")}`;
    await node.redis("HSET", `cluster/backup_repository/${repository}`, "name", destination.name, "provider", "aws");
    const instances = applications.map(({ module }) => module).join(" ");
    const fields = { name, schedule, repository, instances, enabled: "1", retention: "7" };
    await node.redis("HSET", `cluster/backup/${id}`, ...Object.entries(fields).flat());
    await node.redis("HSET", "cluster/module_node", ...applications.flatMap((application) => [application.module, application.node]));
    const labels = applications.filter(({ label }) => label).flatMap(({ module, label }) => [`module/${module}/ui_name`, label]);
    if (labels.length) {
      await node.redis("MSET", ...labels);
    }
  }
  await node.redis("PUBLISH", "node/1/event/backup-status-changed", "{}");
  await eventually("the plans", async () => {
    const { plans } = await (await fetch(`${node.ready.url}/api/plans`)).json();
    return [...newest.keys()].every((id) => plans.some((plan) => plan.id === id && plan.applications.length));
  });
}

/**
 * The runs of a plan, the newest as long ago as `last` says.
 * @param outcomes one for each run, newest first
 * @param modules `[{module, label, node, size, growth}]`, size in bytes now, growth per run
 */
export function runsOf({ plan, name, destination, schedule, next, outcomes, modules, last = DAY / 2, every = DAY }) {
  const now = Date.now();
  return outcomes.map((outcome, age) => {
    const began = now - last - age * every;
    const ended = began + 7_200_000;
    return {
      plan,
      name,
      destination: { id: "14030a59-a4e6-57cc-b8ea-cd5f97fe44c8", name: destination, url: "s3:s3.example.org/bucket" },
      schedule,
      next: next ? new Date(now + next).toISOString() : null,
      followed: true,
      began_at: new Date(began).toISOString(),
      ended_at: new Date(ended).toISOString(),
      outcome,
      applications: modules.map((module, index) => {
        const state = stateIn(outcome, index);
        const size = Math.max(GIB / 100, module.size - age * module.growth);
        const ran = state === "ok" || state === "failed";
        return {
          module: module.module,
          label: module.label ?? null,
          node: module.node ?? "1",
          state,
          ended_at: ran ? new Date(began + (index + 1) * 300_000).toISOString() : new Date(began - every).toISOString(),
          size: state === "ok" ? Math.round(size) : null,
          files: state === "ok" ? Math.round(size / 180_000) : null,
          duration_seconds: ran ? 60 + Math.round(size / 20_000_000) : null,
        };
      }),
    };
  });
}

/** What becomes of the applications of a run with this outcome. */
function stateIn(outcome, index) {
  switch (outcome) {
    case "SUCCESS":
      return "ok";
    case "PARTIAL":
      return index === 0 ? "failed" : "ok";
    case "MISSING":
      return "missing";
    case "PENDING":
      return index === 0 ? "ok" : "pending";
    default:
      return "failed";
  }
}
