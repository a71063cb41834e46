//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/*
 * A stand-in for cluster-admin around an application's pages. It keeps what applications rely on: `window.core`, a Vue
 * instance with the routes, texts and `apiUrl`; the frame below #/apps/<instance>; and the events of tasks, in the
 * order and with the arguments that the core emits them with.
 */
/* global Vue, VueRouter */

const API = `${location.origin}/cluster-admin/api`;
const TOKEN = "token-of-the-logged-in-user";
localStorage.setItem("loginInfo", JSON.stringify({ username: "admin", token: TOKEN }));
window.CONFIG = { PRODUCT_NAME: "NethServer 8" };

const TEXTS = {
  "system_logs.card_title": "Logs",
  "system_logs.card_description": "Show {name} logs",
  "system_logs.card_button_label": "Go to System logs",
  "software_center.instance": "Instance",
  "software_center.categories": "Categories",
  "software_center.documentation": "Documentation",
  "software_center.bugs": "Bugs",
  "software_center.source_code": "Source code",
  "software_center.source_package": "Application image",
  "software_center.authors": "Authors",
  "software_center.app_categories.system_administration": "System administration",
  "software_center.app_categories.monitoring": "Monitoring",
  "common.version": "Version",
};

Vue.prototype.$t = Vue.prototype.$tc = (key, values) =>
  (TEXTS[key] ?? key).replace(/\{(\w+)\}/g, (_, name) => values?.[name]);
Vue.use(VueRouter);

const Application = {
  render(h) {
    return h("iframe", { attrs: { id: "app-frame", src: `apps/${this.$route.params.appId}/index.html` } });
  },
};
const Elsewhere = {
  render(h) {
    return h("h1", this.$route.path);
  },
};

const start = () => new Vue({
  router: new VueRouter({
    routes: [
      { path: "/apps/:appId", component: Application },
      { path: "*", component: Elsewhere },
    ],
  }),
  data: { apiUrl: API, notifications: [] },
  created() {
    this.$i18n = { locale: navigator.language.substring(0, 2) };
    this.$on("createErrorNotification", (error, message) => this.notifications.push(message));
  },
  render: (h) => h("div", [h("header", "cluster-admin"), h("div", { attrs: { id: "rail" } }), h("router-view")]),
}).$mount("#core");

async function ask(path) {
  const response = await fetch(`${API}/${path}`, { headers: { authorization: `Bearer ${TOKEN}` } });
  return (await response.json()).data;
}

/** As the core's mixins/notification.js: context and result are fetched, then the task's end is announced. */
async function onProgress(path, { status }) {
  const { context } = await ask(`${path}/context`);
  const result = await ask(`${path}/status`);
  const event = (end) => `${context.action}-${end}-${context.extra.eventId}`;
  if (status === "validation-failed") {
    window.core.$root.$emit(event("validation-failed"), result.output, context);
  } else if (status === "aborted") {
    window.core.$root.$emit(event("aborted"), result, context);
  } else {
    window.core.$root.$emit(event("validation-ok"), context);
    window.core.$root.$emit(event("completed"), context, result);
  }
}

const events = new EventSource("events");
// The application comes after the events: the end of a task that it starts at once must not be missed.
events.addEventListener("open", () => (window.core = start()), { once: true });
events.onmessage = ({ data }) => {
  const { name, payload } = JSON.parse(data);
  onProgress(/^progress\/(.+)$/.exec(name)[1], payload);
};
