//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** What ns8-ui-lib takes from Node's crypto, which a browser does not have: random bytes for its UUIDs. */
export default {
  randomBytes: (count) => window.crypto.getRandomValues(new Uint8Array(count)),
};
