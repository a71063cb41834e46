//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** What every field of a form has. Its help and its error are tied to the control, so that they are read out with it. */
export const field = {
  props: {
    /** The field's name, which also finds it in the page. */
    id: { type: String, required: true },
    label: { type: String, required: true },
    help: { type: String, default: "" },
    /** What is wrong with the value; empty when nothing is. */
    error: { type: String, default: "" },
    disabled: Boolean,
  },
  computed: {
    describedBy() {
      return [this.error && `${this.id}-error`, this.help && `${this.id}-help`].filter(Boolean).join(" ") || undefined;
    },
  },
};
