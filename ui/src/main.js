//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import Vue from "vue";
import axios from "axios";
import CarbonComponentsVue from "@carbon/vue";
import ns8Lib from "@nethserver/ns8-ui-lib";
import App from "@/App.vue";
import { loadTexts } from "@/i18n.js";
import { router } from "@/router.js";
import "@/styles/main.scss";

// As cluster-admin's own: what has not answered by then will not.
axios.defaults.timeout = 10000;

Vue.config.productionTip = false;
// CommonJS that says to be an ES module: what is imported here is its exports, the plugin being `default`.
Vue.use(CarbonComponentsVue.default);
// Where ns8-ui-lib's mixins look for it.
Vue.prototype.axios = axios;
Vue.use(ns8Lib);

loadTexts().then((i18n) => {
  new Vue({ router, i18n, render: (h) => h(App) }).$mount("#ns8-app");
});
