//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { expect, it } from "vitest";
import { applicationPage, logPage } from "../../src/logic/adminPages.js";

it("an id cannot lead elsewhere", () => expect(applicationPage("../x?y#z")).toBe("/apps/..%2Fx%3Fy%23z"));

it("the log is shown from just before a backup to just after, in the browser's zone", () =>
  expect(logPage("mail1", "2026-11-22T23:10:00Z", 630)).toBe(
    "/system-logs?context=module&selectedAppId=mail1&startDate=2026-11-22&startTime=23%3A58" +
      "&endDate=2026-11-23&endTime=00%3A11&autoStartSearch=true&maxLines=500",
  ));

it("the log of what has no time is the whole one", () => expect(logPage("mail1", null, null)).toBe("/system-logs?context=module&selectedAppId=mail1"));
