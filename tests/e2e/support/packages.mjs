//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** The UI's packages: these tests live outside its folder, where Node would not look for them. */
import { createRequire } from "node:module";

export const UI = new URL("../../../ui/", import.meta.url);
const require = createRequire(new URL("package.json", UI));

export const { chromium } = require("playwright-core");
export const sass = require("sass");
/** Where a package's file is. */
export const fileOf = (name) => require.resolve(name);
