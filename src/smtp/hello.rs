// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The name by which we greet a server.

use std::net::IpAddr;

/// What this host calls itself, which may be a short name.
pub fn host_name() -> Option<String> {
    hostname::get().ok()?.into_string().ok()
}

/// The names to greet with, the best one first: the host's full name, as `smtplib` has it; the sender's domain; the
/// address of our end of the connection as a literal (RFC 5321, section 4.1.3), which is always true. Never a short name,
/// which many servers refuse.
pub fn names(host: Option<&str>, sender_domain: Option<&str>, local: IpAddr) -> Vec<String> {
    let literal = match local.to_canonical() {
        IpAddr::V4(address) => format!("[{address}]"),
        IpAddr::V6(address) => format!("[IPv6:{address}]"),
    };
    let mut names = Vec::new();
    for name in [host, sender_domain].into_iter().flatten() {
        let name = name.trim_end_matches('.').to_ascii_lowercase();
        if is_full(&name) && !names.contains(&name) {
            names.push(name);
        }
    }
    names.push(literal);
    names
}

/// Whether it is a full name of the DNS, of more than this machine.
fn is_full(name: &str) -> bool {
    let is_label = |label: &str| {
        !label.is_empty() && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    // An address is no name; a literal stands for it.
    let is_number =
        name.rsplit('.').next().is_some_and(|last| last.bytes().all(|byte| byte.is_ascii_digit()));
    name.len() <= 253
        && name.contains('.')
        && name.split('.').all(is_label)
        && !is_number
        && !matches!(name.rsplit('.').next(), Some("localhost" | "localdomain"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(host: &str, domain: &str) -> Vec<String> {
        names(Some(host), Some(domain), "127.0.0.1".parse().unwrap())
    }

    #[test]
    fn full_names_come_first_and_a_literal_last() {
        assert_eq!(
            of("node1.example.net", "Example.org"),
            ["node1.example.net", "example.org", "[127.0.0.1]"]
        );
        assert_eq!(names(None, None, "::1".parse().unwrap()), ["[IPv6:::1]"]);
        assert_eq!(names(None, None, "::ffff:192.0.2.1".parse().unwrap()), ["[192.0.2.1]"]);
    }

    #[test]
    fn a_short_or_local_name_is_not_given() {
        for name in ["node1", "localhost", "localhost.localdomain", "192.0.2.1", "a..b", "bücher.example", ""]
        {
            assert_eq!(of(name, "example.org"), ["example.org", "[127.0.0.1]"], "{name}");
        }
    }
}
