//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import js from "@eslint/js";
import vue from "eslint-plugin-vue";
import globals from "globals";

export default [
  { ignores: ["dist/"] },
  js.configs.recommended,
  ...vue.configs["flat/vue2-recommended"],
  {
    languageOptions: { globals: { ...globals.browser, ...globals.node, __VERSION__: "readonly" } },
    rules: {
      // Pages are named as their titles.
      "vue/multi-word-component-names": "off",
      // How templates are broken into lines is not worth a rule.
      "vue/max-attributes-per-line": "off",
      "vue/singleline-html-element-content-newline": "off",
      "vue/html-self-closing": "off",
      // The props of ns8-ui-lib and @carbon/vue are written as in every NS8 application.
      "vue/attribute-hyphenation": "off",
    },
  },
];
