//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** The list of reports, a page at a time. */

export const PAGE_SIZE = 20;

/** What list-reports is asked. `cursors` holds the last report's id of each page before this one. */
export function reportsRequest({ plan, outcome, application }, cursors) {
  const request = { limit: PAGE_SIZE };
  if (cursors.length) {
    request.before = cursors[cursors.length - 1];
  }
  for (const [name, value] of Object.entries({ plan, outcome, application })) {
    if (value) {
      request[name] = String(value);
    }
  }
  return request;
}

/** Which of how many reports the page shows. */
export function pageRange(cursors, reports, total) {
  const from = cursors.length * PAGE_SIZE;
  return { from: reports.length ? from + 1 : 0, to: from + reports.length, total };
}

export function hasOlder(cursors, reports, total) {
  return pageRange(cursors, reports, total).to < total;
}

/** What the filters offer: every plan and application by name. A value that is chosen but gone stays on offer. */
export function filterOptions(plans, { plan, application }) {
  const planNames = new Map(plans.map(({ id, name }) => [String(id), name || String(id)]));
  const applicationNames = new Map(
    plans.flatMap(({ applications }) => applications).map(({ id, label }) => [id, label ? `${label} (${id})` : id]),
  );
  return { plans: options(planNames, plan), applications: options(applicationNames, application) };
}

function options(names, chosen) {
  if (chosen && !names.has(String(chosen))) {
    names.set(String(chosen), String(chosen));
  }
  return [...names]
    .map(([value, text]) => ({ value, text }))
    .sort((a, b) => a.text.localeCompare(b.text, undefined, { numeric: true }));
}
