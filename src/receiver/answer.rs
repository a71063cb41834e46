// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Answers in JSON.

use serde::Serialize;
use warp::{Reply, http::StatusCode, reply::Response};

/// An answer in JSON.
pub(super) fn json(status: StatusCode, body: &impl Serialize) -> Response {
    warp::reply::with_status(warp::reply::json(body), status).into_response()
}

/// An error in JSON: what is wrong, and what would be right.
#[expect(clippy::needless_pass_by_value, reason = "literals and errors are given as they are")]
pub(super) fn error(status: StatusCode, message: impl ToString) -> Response {
    json(status, &serde_json::json!({"error": message.to_string()}))
}
