//
// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later
//
/** ns8-ui-lib brings animations, which these pages don't show: no reason to load the player. */
export default {};
