//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import Vue from "vue";

/** What every page knows: cluster-admin around us, and which instance of the module this is. */
export const session = Vue.observable({
  /** cluster-admin's Vue instance: its routes, its texts, and the events of tasks. */
  core: null,
  instanceName: "",
  /** The label that people gave the instance; empty until it is known, or when it has none. */
  instanceLabel: "",
});

/** Makes the session a page's own, under the names that ns8-ui-lib's mixins expect. */
export const inSession = {
  computed: {
    core: () => session.core,
    instanceName: () => session.instanceName,
    instanceLabel: () => session.instanceLabel,
  },
};
