//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import Vue from "vue";
import { TIMEOUT, runTask } from "../../src/tasks/runTask.js";

const TASK = { action: "get-report", data: { id: 1 }, extra: { eventId: "e1" } };

describe("a task", () => {
  let events;

  beforeEach(() => {
    vi.useFakeTimers();
    events = new Vue();
  });
  afterEach(() => vi.useRealTimers());

  const run = (create = () => Promise.resolve()) => runTask(events, create, TASK);
  const listeners = () => Object.values(events._events).flat().filter(Boolean).length;

  it("ends with its output", async () => {
    const { result } = run();
    events.$emit("get-report-completed-e1", {}, { output: { id: 1 } });
    expect(await result).toEqual({ id: 1 });
    expect(listeners()).toBe(0);
  });

  it("may be over before its creation is answered", async () => {
    const { result } = run(() => {
      events.$emit("get-report-completed-e1", {}, { output: "early" });
      return new Promise(() => {});
    });
    expect(await result).toBe("early");
  });

  it("is not another's", async () => {
    const { result } = run();
    events.$emit("get-report-completed-e2", {}, { output: "other" });
    events.$emit("get-report-completed-e1", {}, { output: "own" });
    expect(await result).toBe("own");
  });

  it.each([
    ["aborted", "aborted", { error: "boom" }],
    ["validation-failed", "validation-failed", [{ field: "id" }]],
  ])("can be %s", async (event, kind, detail) => {
    const { result } = run();
    events.$emit(`get-report-${event}-e1`, detail, {});
    await expect(result).rejects.toMatchObject({ kind, detail, action: "get-report" });
    expect(listeners()).toBe(0);
  });

  it("fails where it can't be created", async () => {
    const reason = new Error("403");
    const { result } = run(() => Promise.reject(reason));
    await expect(result).rejects.toMatchObject({ kind: "request", detail: reason });
    expect(listeners()).toBe(0);
  });

  it("is not waited for endlessly", async () => {
    const { result } = run();
    vi.advanceTimersByTime(TIMEOUT);
    await expect(result).rejects.toMatchObject({ kind: "timeout" });
  });

  it("is forgotten with the page that asked", () => {
    const { cancel } = run();
    cancel();
    expect(listeners()).toBe(0);
    expect(vi.getTimerCount()).toBe(0);
  });
});
