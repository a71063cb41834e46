// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The watchers: the ways in besides the webhook. NS8's own Alertmanager can't be taught a webhook for good, its alert says
//! nothing of a backup that never ran, and nobody reports success.
//!
//! - [`alerts`] fetches alerts from Alertmanager's API.
//! - [`cluster`] looks at the cluster whenever an application reports (told by [`events`]) and once a minute, and keeps what
//!   it has seen in the journal. What it makes of a look is pure: [`runs`] gathers the results of one run of a plan,
//!   [`schedule`] notices a plan that did not run.
//!
//! All of them end in the journal, from where everything goes the same way.

pub mod alerts;
pub mod cluster;
pub mod coverage;
pub mod events;
pub mod runs;
pub mod schedule;
pub mod troubles;
