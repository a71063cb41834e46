// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Alertmanager: what its webhook posts and its API answers, and what is kept of it.

pub mod client;
mod json;
mod keep;
mod list;
mod names;
mod scan;
mod webhook;
mod wire;

pub use self::{
    list::List,
    names::AlertNames,
    scan::Malformed,
    webhook::{Intake, NotAWebhook, Webhook, parse_webhook},
};

#[cfg(test)]
mod tests;
