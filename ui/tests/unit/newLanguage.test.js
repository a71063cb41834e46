//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { cpSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, expect, it } from "vitest";
import { build } from "vite";

const UI = new URL("../../", import.meta.url).pathname;
const copy = mkdtempSync(join(tmpdir(), "pages-"));

afterAll(() => rmSync(copy, { recursive: true, force: true }));

it("a translator's file is all that a language needs", { timeout: 120_000 }, async () => {
  for (const name of ["index.html", "vite.config.js", "package.json", "src", "public"]) {
    cpSync(join(UI, name), join(copy, "ui", name), { recursive: true });
  }
  cpSync(join(UI, "../Cargo.toml"), join(copy, "Cargo.toml"));
  symlinkSync(join(UI, "node_modules"), join(copy, "ui/node_modules"));
  mkdirSync(join(copy, "ui/public/i18n/pt_BR"));
  writeFileSync(join(copy, "ui/public/i18n/pt_BR/translation.json"), JSON.stringify({ status: { title: "Situação dos backups" } }));
  await build({ root: join(copy, "ui"), configFile: join(copy, "ui/vite.config.js"), logLevel: "error" });
  const assets = join(copy, "ui/dist/assets");
  const scripts = readdirSync(assets).filter((name) => name.endsWith(".js")).map((name) => readFileSync(join(assets, name), "utf8"));
  expect(scripts.some((script) => script.includes("Situação dos backups"))).toBe(true);
  expect(scripts.some((script) => script.includes("i18n/pt_BR/translation.json"))).toBe(true);
});
