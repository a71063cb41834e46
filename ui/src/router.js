//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import Vue from "vue";
import VueRouter from "vue-router";
import Status from "@/views/Status.vue";

Vue.use(VueRouter);

export const router = new VueRouter({
  routes: [
    // cluster-admin opens the pages without a route of ours.
    { path: "/", alias: "/status", component: Status },
    { path: "/protection", component: () => import("@/views/Protection.vue") },
    { path: "/reports", component: () => import("@/views/Reports.vue") },
    { path: "/settings", component: () => import("@/views/Settings.vue") },
    { path: "/about", component: () => import("@/views/About.vue") },
  ],
});
