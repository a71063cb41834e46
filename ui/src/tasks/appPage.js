//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
import { PageTitleService, QueryParamService } from "@nethserver/ns8-ui-lib";
import { inSession } from "@/session.js";

/**
 * A page: its address in cluster-admin is `?page=<name>` and what else its `q` holds, in both directions.
 * A page overrides `onAddress` to act on what the address says once it is known.
 */
export const appPage = {
  mixins: [QueryParamService, PageTitleService, inSession],
  pageTitle() {
    return `${this.$t(`${this.q.page}.title`)} - ${this.$t("about.name")}`;
  },
  beforeRouteEnter(to, from, next) {
    next((page) => {
      page.watchQueryData(page);
      page.urlCheckInterval = page.initUrlBindingForApp(page, page.q.page);
      page.onAddress();
    });
  },
  beforeRouteLeave(to, from, next) {
    clearInterval(this.urlCheckInterval);
    next();
  },
  methods: {
    onAddress() {},
    /** As in the mixin, but what the address does not name is unset: the menu leads to a page's beginning. */
    queryParamsToDataForApp(page) {
      const given = this.getQueryParamsForApp();
      for (const name of Object.keys(page.q)) {
        page.q[name] = given[name] ?? (name === "page" ? page.q.page : "");
      }
    },
  },
};
