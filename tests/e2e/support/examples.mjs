//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { readFileSync } from "node:fs";

const ACTIONS = new URL("../../../imageroot/actions/", import.meta.url);

/** The example of what an action returns, from its schema. */
export const exampleOf = (action) => JSON.parse(readFileSync(new URL(`${action}/validate-output.json`, ACTIONS), "utf8")).examples[0];
