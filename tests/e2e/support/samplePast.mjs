//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { runsOf } from "./past.mjs";

const GIB = 1024 ** 3;
const HOUR = 3_600_000;

/** Thirty outcomes, newest first: all well but for those that are named by their age. */
const outcomes = (others) => Array.from({ length: 30 }, (_, age) => others[age] ?? "SUCCESS");

/** Three plans with a past: one with a problem for two days, one on a NAS that has failed, one that is well. */
export const PAST = [
  ...runsOf({
    plan: "1",
    name: "Nightly S3",
    destination: "Backblaze",
    schedule: "*-*-* 02:00:00",
    next: 9 * HOUR,
    outcomes: outcomes({ 0: "PARTIAL", 1: "PARTIAL", 9: "FAILURE", 17: "MISSING" }),
    modules: [
      { module: "nextcloud1", label: "Company cloud", size: 84 * GIB, growth: 0.9 * GIB },
      { module: "mail1", label: "Office mail", size: 31 * GIB, growth: 0.2 * GIB },
      { module: "samba1", node: "2", size: 12 * GIB, growth: -0.05 * GIB },
    ],
  }),
  ...runsOf({
    plan: "2",
    name: "Weekly to the NAS",
    destination: "NAS in the cellar",
    schedule: "Sun *-*-* 04:00:00",
    next: 80 * HOUR,
    every: 7 * 24 * HOUR,
    outcomes: ["REPO_FAILURE", "SUCCESS", "UNKNOWN", "SUCCESS", "PENDING", "SUCCESS"],
    modules: [{ module: "mail1", label: "Office mail", size: 30 * GIB, growth: GIB }],
  }),
  ...runsOf({
    plan: "3",
    name: "Hourly",
    destination: "Backblaze",
    schedule: "*-*-* *:10:00",
    next: HOUR / 2,
    last: 2.2 * HOUR,
    every: HOUR,
    outcomes: outcomes({}),
    modules: [
      { module: "traefik1", size: 0.01 * GIB, growth: 0 },
      { module: "mail1", label: "Office mail", size: 31 * GIB, growth: 0.01 * GIB },
    ],
  }),
];
