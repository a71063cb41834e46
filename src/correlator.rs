// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The correlator: what really happened, read from the cluster's Redis.
//!
//! [`read`] asks Redis and brings back [`facts`]; [`classify`](classify()) turns facts into a [`correlation`]. The first
//! talks to the world, the second is a function of values.

#![cfg_attr(not(test), deny(clippy::arithmetic_side_effects))]

mod classify;
pub mod correlation;
pub mod facts;
pub mod read;
pub mod status;

pub use classify::{NODE_SILENCE_LIMIT, RECENT, classify};
