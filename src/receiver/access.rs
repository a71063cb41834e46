// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Who may ask what. Pure: of a request, only its head is looked at.
//!
//! Two kinds of callers are kept out: whoever lacks the token, and web pages in an administrator's browser, which reach addresses
//! that their authors can't. A page can't set the token, and what a browser posts carries its origin; a page that has its own name
//! point here (DNS rebinding) is told by that name.

use std::net::IpAddr;

use secrecy::{ExposeSecret, SecretString};
use subtle::ConstantTimeEq;
use warp::http::{HeaderMap, Method, StatusCode, header, uri::Authority};

use crate::config::ReceiverSettings;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    /// Whether this process is alive.
    Alive,
    /// To take an alert.
    Alert,
    /// To change something else.
    Change,
    /// To read the metrics.
    Metrics,
    /// To read something else.
    Read,
}

impl Purpose {
    fn of(method: &Method, path: &str) -> Self {
        match (method, path) {
            (&Method::GET | &Method::HEAD, "/healthz") => Self::Alive,
            (&Method::GET | &Method::HEAD, "/metrics") => Self::Metrics,
            (&Method::GET | &Method::HEAD, _) => Self::Read,
            (_, "/alert") => Self::Alert,
            _ => Self::Change,
        }
    }
}

/// Why a request is not allowed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(super) enum Denied {
    /// Asked by a web page.
    #[error("browser requests are not allowed")]
    Browser,
    /// For another host.
    #[error("this host is not served here; RECEIVER_ALLOWED_HOSTS adds names")]
    Host,
    /// Without the token.
    #[error("expected Authorization: Bearer with RECEIVER_TOKEN")]
    Token,
}

impl Denied {
    pub fn status(self) -> StatusCode {
        match self {
            Self::Browser | Self::Host => StatusCode::FORBIDDEN,
            Self::Token => StatusCode::UNAUTHORIZED,
        }
    }
}

/// The rules.
#[derive(Debug)]
pub(super) struct Access {
    token: Option<SecretString>,
    metrics_token: Option<SecretString>,
    alerts_without_token: bool,
    /// Others than this machine can reach the service.
    beyond_loopback: bool,
    hosts: Vec<String>,
}

impl Access {
    pub fn new(settings: &ReceiverSettings, beyond_loopback: bool) -> Self {
        let mut hosts = settings.allowed_hosts.clone();
        hosts.push(settings.host.to_ascii_lowercase());
        Self {
            token: settings.token.clone(),
            metrics_token: settings.metrics_token.clone(),
            alerts_without_token: settings.alerts_without_token,
            beyond_loopback,
            hosts,
        }
    }

    /// Whether a request is allowed.
    pub fn check(&self, method: &Method, path: &str, query: &str, headers: &HeaderMap) -> Result<(), Denied> {
        let purpose = Purpose::of(method, path);
        if purpose == Purpose::Alive {
            return Ok(());
        }
        let changes = matches!(purpose, Purpose::Alert | Purpose::Change);
        if changes && is_from_a_page(headers) {
            return Err(Denied::Browser);
        }
        // Whoever has the token is no page.
        if self.token.is_some() && self.bears_token(headers) {
            return Ok(());
        }
        if !self.is_served(headers) {
            return Err(Denied::Host);
        }
        let is_free = self.token.is_none()
            || match purpose {
                Purpose::Alert => self.alerts_without_token,
                Purpose::Change => false,
                Purpose::Metrics => !self.beyond_loopback || self.has_metrics_token(query),
                Purpose::Read | Purpose::Alive => !self.beyond_loopback,
            };
        if is_free { Ok(()) } else { Err(Denied::Token) }
    }

    fn bears_token(&self, headers: &HeaderMap) -> bool {
        let value = headers.get(header::AUTHORIZATION).map_or(&b""[..], |value| value.as_bytes());
        let Some((scheme, given)) = value.split_at_checked("Bearer ".len()) else { return false };
        // The scheme's case does not matter (RFC 9110, 11.1).
        scheme.eq_ignore_ascii_case(b"Bearer ") && is_secret(self.token.as_ref(), given)
    }

    /// Prometheus' targets from a file can carry a parameter, and no header.
    fn has_metrics_token(&self, query: &str) -> bool {
        let mut parameters = form_urlencoded::parse(query.as_bytes());
        parameters
            .any(|(name, value)| name == "token" && is_secret(self.metrics_token.as_ref(), value.as_bytes()))
    }

    /// True for addresses and for names that no page can have: single labels, as in `localhost` or `cluster-leader`, and those that
    /// are configured. A client of HTTP/1.0 may name none; a browser always does.
    fn is_served(&self, headers: &HeaderMap) -> bool {
        let mut hosts = headers.get_all(header::HOST).iter();
        let (host, more) = (hosts.next(), hosts.next());
        let Some(host) = host.filter(|_| more.is_none()) else { return more.is_none() };
        let Some(authority) = host.to_str().ok().and_then(|host| host.parse::<Authority>().ok()) else {
            return false;
        };
        let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
        let name = host.strip_suffix('.').unwrap_or(&host);
        host.parse::<IpAddr>().is_ok()
            || !name.contains('.')
            || name.ends_with(".localhost")
            || self.hosts.iter().any(|served| served == name)
    }
}

/// Compares without telling by the time that takes how much of it was right.
fn is_secret(secret: Option<&SecretString>, given: &[u8]) -> bool {
    secret.is_some_and(|secret| given.ct_eq(secret.expose_secret().as_bytes()).into())
}

/// True when a browser asks for some page, of whatever site. Ours has no script and no form that would.
fn is_from_a_page(headers: &HeaderMap) -> bool {
    headers.contains_key(header::ORIGIN) || headers.get("sec-fetch-site").is_some_and(|site| site != "none")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Settings;

    fn access(vars: &[(&str, &str)], beyond_loopback: bool) -> Access {
        Access::new(&Settings::from_vars(vars.iter().copied()).unwrap().receiver, beyond_loopback)
    }

    fn ask(
        access: &Access,
        method: &Method,
        target: &str,
        headers: &[(&'static str, &'static str)],
    ) -> Result<(), Denied> {
        let headers = headers.iter().map(|(name, value)| {
            (header::HeaderName::from_static(name), header::HeaderValue::from_static(value))
        });
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        access.check(method, path, query, &headers.collect())
    }

    #[test]
    fn addresses_and_known_names_are_served_and_a_pages_own_name_is_not() {
        let access = access(&[("RECEIVER_ALLOWED_HOSTS", "Monitor.example.org")], false);
        for host in [
            "127.0.0.1:9099",
            "localhost",
            "10.5.4.1:20001",
            "[::1]:9099",
            "cluster-leader:80",
            "monitor.example.org:443",
        ] {
            assert_eq!(ask(&access, &Method::POST, "/alert", &[("host", host)]), Ok(()), "{host}");
        }
        for host in
            ["evil.example", "127.0.0.1.evil.example:9099", "monitor.example.org.evil.example", "a@b.c", ""]
        {
            let denied = Err(Denied::Host);
            assert_eq!(ask(&access, &Method::GET, "/api/reports", &[("host", host)]), denied, "{host}");
            assert_eq!(ask(&access, &Method::POST, "/alert", &[("host", host)]), denied, "{host}");
            assert_eq!(ask(&access, &Method::GET, "/healthz", &[("host", host)]), Ok(()), "{host}");
        }
        assert_eq!(
            ask(&access, &Method::GET, "/", &[("host", "x"), ("host", "evil.example")]),
            Err(Denied::Host)
        );
    }

    #[test]
    fn a_page_can_not_post() {
        let access = access(&[], false);
        for headers in
            [[("origin", "http://127.0.0.1:9099")], [("origin", "null")], [("sec-fetch-site", "same-origin")]]
        {
            for path in ["/alert", "/api/reports/1/send"] {
                assert_eq!(ask(&access, &Method::POST, path, &headers), Err(Denied::Browser), "{path}");
            }
        }
        // Who follows a link to the page comes from another site, too.
        assert_eq!(ask(&access, &Method::GET, "/", &[("sec-fetch-site", "cross-site")]), Ok(()));
    }

    const TOKENS: &[(&str, &str)] = &[("RECEIVER_TOKEN", "s3same"), ("RECEIVER_METRICS_TOKEN", "figures")];

    #[test]
    fn reading_needs_the_token_where_others_reach_the_service() {
        for (beyond_loopback, expected) in [(false, Ok(())), (true, Err(Denied::Token))] {
            let access = access(TOKENS, beyond_loopback);
            for path in [
                "/",
                "/readyz",
                "/metrics",
                "/metrics?token=wrong",
                "/metrics?token=s3same",
                "/api/status?token=figures",
            ] {
                assert_eq!(ask(&access, &Method::GET, path, &[]), expected, "{path}");
                let authorized = [("authorization", "bearer s3same")];
                assert_eq!(ask(&access, &Method::GET, path, &authorized), Ok(()), "{path}");
            }
            assert_eq!(ask(&access, &Method::GET, "/metrics?x=1&token=figures", &[]), Ok(()));
            assert_eq!(ask(&access, &Method::GET, "/healthz", &[]), Ok(()));
            assert_eq!(ask(&access, &Method::POST, "/api/reports/1/send", &[]), Err(Denied::Token));
        }
        // Without the token of metrics, no parameter opens them.
        let access = access(&TOKENS[..1], true);
        assert_eq!(ask(&access, &Method::GET, "/metrics?token=", &[]), Err(Denied::Token));
    }

    #[test]
    fn alerts_can_be_let_in_without_the_token() {
        let open = [TOKENS, &[("RECEIVER_ALERTS_WITHOUT_TOKEN", "true")]].concat();
        for (vars, expected) in [(TOKENS, Err(Denied::Token)), (&open, Ok(()))] {
            let access = access(vars, true);
            assert_eq!(ask(&access, &Method::POST, "/alert", &[]), expected);
            assert_eq!(ask(&access, &Method::POST, "/api/reports/1/send", &[]), Err(Denied::Token));
            assert_eq!(ask(&access, &Method::POST, "/alert", &[("authorization", "Bearer s3same")]), Ok(()));
        }
    }
}
