//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** Email addresses and URLs as they are typed. The module has the last word on both. */

/** Addresses apart: people separate them with whatever their mail program does. */
export function splitAddresses(text) {
  return text.split(/[\s,;]+/).filter(Boolean);
}

/** Whether it looks like an address. */
export function isAddress(text) {
  return /^[^\s@<>(),;:\\"[\]]+@[^\s@.<>(),;:\\"[\]]+(\.[^\s@.<>(),;:\\"[\]]+)*$/.test(text) && text.length <= 254;
}

/** Whether it looks like an http:// or https:// URL without credentials. */
export function isUrl(text) {
  try {
    const { protocol, username, password } = new URL(text);
    return /^https?:\/\//i.test(text) && /^https?:$/.test(protocol) && !username && !password && /^[!-~]+$/.test(text);
  } catch {
    return false;
  }
}
