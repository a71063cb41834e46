//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { TaskService, UtilService } from "@nethserver/ns8-ui-lib";
import { inSession } from "@/session.js";
import { runTask } from "./runTask.js";

/** Lets a component run actions. What it still waits for is forgotten when it goes. */
export const taskRunner = {
  mixins: [TaskService, UtilService, inSession],
  created() {
    this.cancelTasks = new Set();
  },
  beforeDestroy() {
    this.cancelTasks.forEach((cancel) => cancel());
  },
  methods: {
    /** Runs an action of this instance. Unless it is `shown`, cluster-admin only shows its failure. */
    runModuleAction(action, data, options) {
      return this.runAction((task) => this.createModuleTaskForApp(this.instanceName, task), action, data, options);
    },
    runClusterAction(action, data, options) {
      return this.runAction((task) => this.createClusterTaskForApp(task), action, data, options);
    },
    async runAction(create, action, data, { shown = false } = {}) {
      const extra = {
        title: this.$t(`action.${action}`),
        description: this.$t("common.processing"),
        isNotificationHidden: !shown,
        eventId: this.getUuid(),
      };
      const { result, cancel } = runTask(this.core.$root, create, { action, data, extra });
      this.cancelTasks.add(cancel);
      try {
        return await result;
      } finally {
        this.cancelTasks.delete(cancel);
      }
    },
    /** Why a task failed, in words for an administrator. */
    explainFailure(error) {
      console.error(error);
      if (error.kind === "request") {
        return this.getErrorMessage(error.detail);
      }
      return this.$t(error.kind === "timeout" ? "error.timeout" : "error.generic_error");
    },
  },
};
