//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { pathToFileURL } from "node:url";
import { dirname } from "node:path";
import { readFileSync } from "node:fs";
import { UI, fileOf, sass } from "./packages.mjs";

let compiled;

/**
 * cluster-admin's style sheet, which our pages bring nothing of: Carbon with NS8's colours, and the few rules of the
 * core that applications rely on. CORE_CSS names a real one, to compare with.
 */
export function coreStyle() {
  compiled ??= process.env.CORE_CSS ? readFileSync(process.env.CORE_CSS, "utf8") : compile();
  return compiled;
}

function compile() {
  const styles = dirname(fileOf("carbon-components/package.json"));
  const { css } = sass.compile(new URL("../admin/core.scss", import.meta.url).pathname, {
    loadPaths: [new URL("node_modules/", UI).pathname, styles],
    quietDeps: true,
    silenceDeprecations: ["import", "global-builtin", "color-functions", "if-function", "slash-div"],
    logger: sass.Logger.silent,
    url: pathToFileURL(styles),
  });
  return css;
}
