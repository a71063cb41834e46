import { fileURLToPath } from "node:url";
import vue from "@vitejs/plugin-vue2";
import { defineConfig } from "vite";

const path = (name) => fileURLToPath(new URL(name, import.meta.url));

export default defineConfig({
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
