//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue2";
import { defineConfig } from "vite";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

/** The product's version: what build-images.sh says, else that of Cargo.toml. */
const version =
  process.env.BACKUP_MONITOR_VERSION || /^version = "(.+)"$/m.exec(readFileSync(path("../Cargo.toml"), "utf8"))[1];

export default defineConfig({
  define: { __VERSION__: JSON.stringify(version) },
  // cluster-admin serves the pages under apps/<instance>/: every address has to be relative.
  base: "./",
  plugins: [vue()],
  resolve: {
    // ns8-ui-lib imports Carbon's components without it.
    extensions: [".mjs", ".js", ".json", ".vue"],
    alias: {
      "@": path("src"),
      // Modules that ns8-ui-lib imports and these pages have no use for in full.
      crypto: path("src/stand-ins/crypto.js"),
      // An icon that has been renamed since.
      "@carbon/icons-vue/es/app-switcher/20": "@carbon/icons-vue/es/switcher/20",
      "lottie-web-vue": path("src/stand-ins/lottie.js"),
    },
  },
  build: {
    // Libraries change more rarely than we do, and @carbon/vue comes as one piece.
    chunkSizeWarningLimit: 1000,
    rollupOptions: {
      output: {
        manualChunks: (id) => (id.includes("node_modules") ? "vendor" : undefined),
      },
    },
  },
  test: {
    include: ["tests/unit/**/*.test.js"],
    // The tests tell times, which a machine's zone must not change.
    env: { TZ: "Europe/Rome" },
  },
});
