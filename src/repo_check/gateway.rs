// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The node's rclone gateway: does a destination respond?
//!
//! Anybody on the node may make the health request, for which no credentials are needed: the gateway passes it to the destination's
//! backend, which answers 404 for a file that can't exist (ns8-core, `haproxy.cfg` and `rclonegwctl`).

use std::time::Duration;

use reqwest::{Client, StatusCode, Url, header::ACCEPT};

use super::{Detail, Health};
use crate::{http, ids::DestinationId, text};

/// Asks for the protocol of restic's REST server; without it the gateway would speak WebDAV.
const REST_PROTOCOL: &str = "application/vnd.x.restic.rest.v2";

/// The gateway of this node.
#[derive(Clone)]
pub(super) struct Gateway {
    pub client: Client,
    pub url: Url,
    pub timeout: Duration,
}

impl Gateway {
    /// Checks that a destination answers within `limit`.
    pub async fn probe(&self, destination: &DestinationId, limit: Duration) -> (Health, Option<Detail>) {
        match self.request(destination.as_str(), limit).await {
            Ok(StatusCode::NOT_FOUND) => (Health::Ok, None),
            Ok(status) => {
                let health = if status.is_server_error() { Health::Unreachable } else { Health::Error };
                (health, Some(Detail::GatewayStatus { status: status.as_u16() }))
            }
            // That the gateway itself is away says nothing about the destination: that could not be probed.
            Err(detail @ Detail::GatewaySilent { .. }) => (Health::Unknown, Some(detail)),
            Err(detail) => (Health::Unreachable, Some(detail)),
        }
    }

    /// Checks that the gateway itself answers; the destination does not matter.
    pub async fn ping(&self) -> Result<(), Detail> {
        self.request("00000000-0000-0000-0000-000000000000", self.timeout).await.map(drop)
    }

    async fn request(&self, destination: &str, limit: Duration) -> Result<StatusCode, Detail> {
        let segment = text::path_segment(destination).unwrap_or_default();
        let url = format!("{}/{segment}/_probe_rest_404", self.url.as_str().trim_end_matches('/'));
        // Its status is the answer; a body is not read.
        let answer = self.client.get(url).header(ACCEPT, REST_PROTOCOL).timeout(limit).send().await;
        match answer {
            Ok(answer) => Ok(answer.status()),
            Err(error) if error.is_connect() => Err(Detail::GatewaySilent { reason: http::reason(&error) }),
            Err(error) if error.is_timeout() => Err(Detail::NoAnswer { seconds: limit.as_secs().max(1) }),
            Err(error) => Err(Detail::GatewaySilent { reason: http::reason(&error) }),
        }
    }
}
