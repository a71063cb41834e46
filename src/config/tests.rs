// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

use std::{path::PathBuf, time::Duration};

use jiff::tz::TimeZone;
use proptest::prelude::*;
use secrecy::ExposeSecret;

use super::*;
use crate::{language::Language, smtp::Encryption};

fn read(vars: &[(&str, &str)]) -> Result<Settings, Problems> {
    Settings::from_vars(vars.iter().copied())
}

/// What is wrong with these variables, whether it stops the service or not.
fn problems(vars: &[(&str, &str)]) -> String {
    match read(vars) {
        Err(problems) => problems.to_string(),
        Ok(settings) => settings.faults.iter().map(ToString::to_string).collect::<Vec<_>>().join("\n"),
    }
}

#[test]
fn an_empty_environment_has_the_documented_defaults() {
    let settings = read(&[]).unwrap();
    assert_eq!(settings.receiver.host, "127.0.0.1");
    assert_eq!(settings.receiver.port, 9099);
    assert!(settings.receiver.token.is_none());
    for name in ["NsBackupFailed", "NsBackupMissing", "BackupFailed", "backup_failed", "backup_missing"] {
        assert!(settings.receiver.alert_names.contains(name), "{name}");
    }
    assert_eq!(settings.correlator.wait, Duration::from_secs(30));
    assert_eq!(settings.correlator.settle, Duration::from_secs(1800));
    assert_eq!(settings.redis_url.expose_secret(), "redis://127.0.0.1:6379");
    assert_eq!(settings.repo_check.gateway.as_str(), "http://127.0.0.1:4694/");
    assert!(settings.repo_check.api.is_none());
    assert_eq!(settings.repo_check.timeout, Duration::from_secs(60));
    assert!(!settings.smtp.enabled);
    assert_eq!(settings.smtp.port, 587);
    assert_eq!(settings.smtp.encryption, Encryption::StartTls);
    assert!(settings.smtp.tls_verify);
    assert_eq!(settings.mail.from.email.user(), "backup-monitor");
    assert!(settings.mail.audiences.is_empty());
    assert_eq!(settings.mail.language, Language::English);
    assert_eq!(
        settings.notify,
        NotifySettings {
            on: NotifyOn::Failure,
            repeat: Duration::from_secs(72_000),
            after_failures: 1,
            muted: Mutes::default(),
        }
    );
    assert_eq!(settings.coverage.grace, Duration::from_secs(86_400));
    assert_eq!(settings.state_dir, PathBuf::from("state"));
    assert_eq!(settings.zone, TimeZone::UTC);
    assert_eq!(settings.log, LogSettings { filter: "info".into(), format: LogFormat::Text });
}

#[test]
fn an_empty_value_means_unset() {
    let settings =
        read(&[("RECEIVER_PORT", ""), ("RECEIVER_TOKEN", " "), ("SMTP_PORT", ""), ("TZ", "")]).unwrap();
    assert_eq!(settings.receiver.port, 9099);
    assert!(settings.receiver.token.is_none());
    assert_eq!(settings.smtp.port, 587);
}

#[test]
fn ns8_writes_no_as_an_empty_text() {
    let settings = read(&[("SMTP_ENABLED", ""), ("SMTP_TLSVERIFY", "")]).unwrap();
    assert!(!settings.smtp.enabled);
    assert!(!settings.smtp.tls_verify);
    let settings = read(&[("SMTP_ENABLED", "1"), ("SMTP_TLSVERIFY", "1")]).unwrap();
    assert!(settings.smtp.enabled);
    assert!(settings.smtp.tls_verify);
}

#[test]
fn every_wrong_value_is_listed_with_what_would_be_right() {
    let wrong = [
        ("RECEIVER_PORT", "http"),
        ("RECEIVER_ALERT_NAMES", " , "),
        ("CORRELATOR_WAIT_SECONDS", "-1"),
        ("CORRELATOR_SETTLE_SECONDS", "30 min"),
        ("REDIS_URL", "localhost"),
        ("REPO_CHECK_GATEWAY_URL", "ftp://x"),
        ("REPO_CHECK_API_URL", "cluster-leader:9311"),
        ("REPO_CHECK_TIMEOUT_SECONDS", "0"),
        ("REPO_CHECK_TOTAL_SECONDS", "3601"),
        ("SMTP_ENABLED", "maybe"),
        ("SMTP_PORT", "70000"),
        ("SMTP_ENCRYPTION", "ssl"),
        ("SMTP_TLSVERIFY", "2"),
        ("MAIL_FROM", "nobody"),
        ("MAIL_TO", "a@example.org, b@"),
        ("MAIL_LANGUAGE", "de"),
        ("NOTIFY_ON", "success"),
        ("NOTIFY_REPEAT_SECONDS", "1d"),
        ("NOTIFY_AFTER_FAILURES", "0"),
        ("COVERAGE_GRACE_SECONDS", "2678401"),
        ("NOTIFY_MUTED", "mail1"),
        ("ALERTMANAGER_URL", "localhost:9093"),
        ("ALERTMANAGER_POLL_SECONDS", "0"),
        ("WATCH_RUNS", "often"),
        ("WATCH_MISSING_GRACE_SECONDS", "-1"),
        ("TZ", "Mars/Olympus"),
        ("RUST_LOG", "a=b=c"),
        ("LOG_FORMAT", "xml"),
    ];
    let message = problems(&wrong);
    for (variable, _) in wrong {
        assert!(message.contains(&format!("\n  {variable}: ")), "{variable} is not in {message}");
    }
    // The API's URL also asks for its user and password.
    let count = wrong.len() + 2;
    assert!(message.starts_with(&format!("{count} environment variables are wrong:")), "{message}");
    assert!(message.contains("SMTP_ENCRYPTION: \"ssl\" is none of none, starttls, tls"), "{message}");
    assert!(
        message.contains("CORRELATOR_WAIT_SECONDS: \"-1\" is not a whole number from 0 to 3600"),
        "{message}"
    );
    assert!(message.contains("\"b@\""), "{message}");
}

#[test]
fn one_wrong_value_reads_as_one() {
    assert_eq!(
        problems(&[("LOG_FORMAT", "xml")]),
        "1 environment variable is wrong:\n  LOG_FORMAT: \"xml\" is none of text, json"
    );
}

#[test]
fn an_error_never_shows_a_secret() {
    let secret = "s3cr3t";
    let message = problems(&[
        ("REDIS_URL", "http://default:s3cr3t@127.0.0.1:6379"),
        ("SMTP_PASSWORD", secret),
        ("RECEIVER_TOKEN", secret),
        ("REPO_CHECK_API_URL", "http://cluster-leader:9311"),
        ("REPO_CHECK_API_PASSWORD", secret),
    ]);
    assert!(message.contains("REDIS_URL"), "{message}");
    assert!(!message.contains(secret), "{message}");

    let settings = read(&[
        ("REDIS_URL", "redis://default:s3cr3t@127.0.0.1:6379"),
        ("SMTP_PASSWORD", secret),
        ("RECEIVER_TOKEN", secret),
        ("REPO_CHECK_API_URL", "http://cluster-leader:9311"),
        ("REPO_CHECK_API_USER", "module/backup-monitor1"),
        ("REPO_CHECK_API_PASSWORD", secret),
    ])
    .unwrap();
    assert!(!format!("{settings:?}").contains(secret));
}

const URLS: [&str; 4] = ["REDIS_URL", "REPO_CHECK_GATEWAY_URL", "REPO_CHECK_API_URL", "ALERTMANAGER_URL"];

#[test]
fn a_wrong_url_is_reported_without_its_password() {
    let wrong_everywhere = [
        "ftp://admin:s3cr3t@host",
        "http://admin:s3cr3t",
        "http//admin:s3cr3t@host",
        "admin:s3cr3t@host:9093",
        "http://host:s3cr3t",
        "http://s3cr3t:s3cr3t@[host",
        "http://admin:pass word@s3cr3t@host:port",
        "redis://admin:s3cr3t@host:port",
        "rediss://:s3cr3t@host/#s3cr3t",
        "s3cr3t",
    ];
    let wrong_for_redis = [
        "http:/admin:s3cr3t@host",
        "redis://admin:s3cr3t@/0/s3cr3t",
        "redis://host?protocol=s3cr3t",
        "redis://:s3cr3t@host/db",
    ];
    let everywhere = wrong_everywhere.iter().flat_map(|url| URLS.map(|variable| (variable, *url)));
    for (variable, url) in everywhere.chain(wrong_for_redis.map(|url| ("REDIS_URL", url))) {
        let text = problems(&[
            ("REPO_CHECK_API_USER", "module/backup-monitor1"),
            ("REPO_CHECK_API_PASSWORD", "s3cr3t"),
            (variable, url),
        ]);
        let start = format!("1 environment variable is wrong:\n  {variable}: is not a");
        assert!(text.starts_with(&start), "{url}: {text}");
        assert!(!text.contains("s3cr3t"), "{url}: {text}");
    }
}

#[test]
fn hosts_are_names_in_any_letters_and_addresses() {
    for host in ["mail.bücher.example", "localhost.", "mail", "192.0.2.1", "2001:db8::1"] {
        let settings = Settings::from_vars([("SMTP_HOST", host)]).unwrap();
        assert_eq!(settings.smtp.host.as_deref(), Some(host));
    }
    assert_eq!(Settings::from_vars([("SMTP_HOST", "[::1]")]).unwrap().smtp.host.as_deref(), Some("::1"));
    for host in ["mail..example", ".", "a b", "1.2.3", "mail.example.."] {
        assert!(problems(&[("SMTP_HOST", host)]).contains("is not a host"), "{host}");
    }
}

#[test]
fn recipients_are_merged_whatever_their_domain_looks_like() {
    let to = "a@example.org, Ada <a@EXAMPLE.org>, A@example.org, b@bücher.example, b@xn--bcher-kva.example";
    let settings = Settings::from_vars([("MAIL_TO", to)]).unwrap();
    let addresses: Vec<_> =
        settings.mail.audiences[0].to.iter().map(|mailbox| mailbox.email.to_string()).collect();
    assert_eq!(addresses, ["a@example.org", "A@example.org", "b@bücher.example"]);
}

#[test]
fn a_url_given_as_a_host_is_reported_without_its_password() {
    for variable in ["SMTP_HOST", "RECEIVER_HOST"] {
        for url in ["smtp://admin:s3cr3t@mail.example.org", "admin:s3cr3t@mail.example.org"] {
            assert_eq!(
                problems(&[(variable, url)]).lines().last().map(str::trim),
                Some(&*format!(
                    "{variable}: \"…@mail.example.org\" is not a host; expected a name such as mail.example.org, \
                     or an address such as 127.0.0.1"
                ))
            );
        }
    }
}

proptest! {
    /// However a URL is mangled, what is said of it never holds the password.
    #[test]
    fn no_mangled_url_is_echoed(
        variable in prop::sample::select(&URLS[..]),
        before in "[a-z:/@?#\\[\\]. ]{0,12}",
        after in "[a-z0-9:/@?#\\[\\]. ]{0,12}",
    ) {
        let url = format!("{before}S3CR3T{after}");
        if let Err(problems) = read(&[(variable, &*url)]) {
            prop_assert!(!problems.to_string().to_uppercase().contains("S3CR3T"), "{}", problems);
        }
    }
}

#[test]
fn names_are_taken_in_upper_case_only() {
    let settings = read(&[("receiver_port", "1"), ("Tz", "Mars/Olympus"), ("tz", "Europe/Rome")]).unwrap();
    assert_eq!(settings.receiver.port, 9099);
    assert_eq!(settings.zone, TimeZone::UTC);
}

#[test]
fn a_watcher_whose_switch_is_empty_is_off() {
    assert!(!read(&[("WATCH_RUNS", "")]).unwrap().watch.runs);
    assert!(read(&[("WATCH_RUNS", " on ")]).unwrap().watch.runs);
}

#[test]
fn the_api_needs_a_user_and_a_password() {
    let message = problems(&[("REPO_CHECK_API_URL", "http://cluster-leader:9311")]);
    assert!(
        message.contains("REPO_CHECK_API_USER") && message.contains("REPO_CHECK_API_PASSWORD"),
        "{message}"
    );
}

#[test]
fn recipients_are_a_comma_separated_list_that_may_have_names() {
    let settings = read(&[("MAIL_TO", "a@example.org, \"Rossi, Ada\" <ada@example.org>,")]).unwrap();
    let to: Vec<_> = settings.mail.audiences[0].to.iter().map(|mailbox| mailbox.email.to_string()).collect();
    assert_eq!(to, ["a@example.org", "ada@example.org"]);
    assert_eq!(settings.mail.audiences[0].to[1].name.as_deref(), Some("Rossi, Ada"));
}

#[test]
fn zones_are_names_or_posix_rules() {
    for name in ["Europe/Rome", ":Europe/Rome", "UTC", "CET-1CEST,M3.5.0,M10.5.0/3"] {
        assert!(read(&[("TZ", name)]).is_ok(), "{name}");
    }
}

#[test]
fn a_value_that_is_not_utf8_is_a_problem_only_where_it_is_used() {
    use std::os::unix::ffi::OsStringExt;
    let bytes = || std::ffi::OsString::from_vec(vec![b'x', 0xff]);
    assert!(Settings::from_vars([("LS_COLORS", bytes())]).is_ok());
    let message = Settings::from_vars([("MAIL_TO", bytes())]).unwrap_err().to_string();
    assert!(message.contains("MAIL_TO: is not UTF-8 text"), "{message}");
}

#[test]
fn what_keeps_mail_from_being_sent_is_said() {
    let gaps = read(&[]).unwrap().mail_gaps().join("; ");
    assert!(gaps.contains("SMTP_ENABLED") && gaps.contains("MAIL_TO"), "{gaps}");
    let gaps = read(&[("SMTP_ENABLED", "1"), ("MAIL_TO", "a@example.org")]).unwrap().mail_gaps();
    assert_eq!(gaps, ["no mail server: SMTP_HOST is not set"]);
    let all = [("SMTP_ENABLED", "1"), ("SMTP_HOST", "mail"), ("MAIL_TO", "a@example.org")];
    assert!(read(&all).unwrap().mail_gaps().is_empty());
}

#[test]
fn what_is_discovered_on_the_cluster_never_stops_the_service() {
    let discovered = [
        ("SMTP_ENABLED", "maybe"),
        ("SMTP_HOST", "mail server"),
        ("SMTP_PORT", "0"),
        ("SMTP_ENCRYPTION", "ssl"),
        ("SMTP_TLSVERIFY", "2"),
        ("TZ", "Mars/Olympus"),
        ("LOKI_URL", "loki"),
        ("CLUSTER_ADMIN_URL", "cluster-admin"),
    ];
    let settings = read(&discovered).unwrap();
    let gaps = settings.mail_gaps().join("\n");
    for (variable, value) in &discovered[..5] {
        assert!(gaps.contains(&format!("{variable}: {value:?}")), "{variable} is not in {gaps}");
    }
    let zone = settings.zone_fault().unwrap();
    assert!(zone.contains("Mars/Olympus") && zone.contains("UTC") && !gaps.contains("TZ"), "{zone}");
    assert_eq!(settings.zone, TimeZone::UTC);
    assert!(settings.loki.is_none() && settings.loki_fault().unwrap().starts_with("LOKI_URL: "));
    assert!(settings.cluster_admin.is_none());
    assert!(settings.cluster_admin_fault().unwrap().starts_with("CLUSTER_ADMIN_URL: "));
    assert_eq!(read(&[("TZ", "Europe/Rome")]).unwrap().zone_fault(), None);
}

#[test]
fn loki_s_password_is_shown_nowhere() {
    let all = [("LOKI_URL", "http://10.5.4.1:20012"), ("LOKI_USERNAME", "loki"), ("LOKI_PASSWORD", "s3cr3t")];
    let settings = read(&all).unwrap();
    assert!(!format!("{settings:?}").contains("s3cr3t"));
    let loki = settings.loki.unwrap();
    assert_eq!((loki.url.as_str(), loki.username.as_deref()), ("http://10.5.4.1:20012/", Some("loki")));
    assert_eq!(loki.password.unwrap().expose_secret(), "s3cr3t");

    let in_url = read(&[("LOKI_URL", "http://loki:s3cr3t@10.5.4.1:20012")]).unwrap();
    let fault = in_url.loki_fault().unwrap();
    assert!(in_url.loki.is_none() && fault.contains("LOKI_USERNAME") && !fault.contains("s3cr3t"), "{fault}");
    // Without an address there is no Loki, and nothing wrong.
    let none = read(&all[1..]).unwrap();
    assert!(none.loki.is_none() && none.loki_fault().is_none());
}

#[test]
fn pages_are_joined_to_the_address_of_cluster_admin() {
    for url in ["https://leader.example.org/cluster-admin", "https://leader.example.org/cluster-admin/"] {
        let settings = read(&[("CLUSTER_ADMIN_URL", url)]).unwrap();
        assert_eq!(settings.cluster_admin.unwrap().as_str(), "https://leader.example.org/cluster-admin/");
    }
    for url in ["https://a:s3cr3t@leader/", "https://leader/?x", "https://leader/#/x", "javascript:alert(1)"]
    {
        let settings = read(&[("CLUSTER_ADMIN_URL", url)]).unwrap();
        let fault = settings.cluster_admin_fault().unwrap();
        assert!(settings.cluster_admin.is_none() && !fault.contains("s3cr3t"), "{url}: {fault}");
    }
}

#[test]
fn an_instance_is_known_by_its_module() {
    assert!(read(&[]).unwrap().instance.is_none(), "outside of NS8");
    let instance = read(&[("MODULE_ID", "backup-monitor1")]).unwrap().instance.unwrap();
    assert_eq!((instance.module.as_str(), instance.takeover), ("backup-monitor1", Duration::from_secs(600)));
    assert!(instance.origin.is_none() && instance.leader_redis.is_none());
    let origin = ("MODULE_ORIGIN", "backup-monitor7");
    let of = |vars: &[(&str, &str)]| read(vars).unwrap().instance.unwrap().origin;
    assert_eq!(of(&[("MODULE_ID", "backup-monitor1"), origin]), None, "another cluster may have that id too");
    let found = of(&[("MODULE_ID", "backup-monitor1"), origin, ("MODULE_ORIGIN_UUID", "3792c7db")]).unwrap();
    assert_eq!((found.module.as_str(), found.uuid.as_str()), ("backup-monitor7", "3792c7db"));
    let wrong = problems(&[("MODULE_ID", "a b"), ("TAKEOVER_SECONDS", "0")]);
    for variable in ["MODULE_ID", "TAKEOVER_SECONDS"] {
        assert!(wrong.contains(variable), "{wrong}");
    }
}

#[test]
fn an_instance_whose_leader_or_origin_makes_no_sense_runs_and_gives_no_sign() {
    let module = ("MODULE_ID", "backup-monitor1");
    let leader = ("LEADER_REDIS_URL", "redis://module:s3cr3t@10.5.4.1:6379");
    let well = read(&[module, leader]).unwrap();
    assert!(well.duty_fault().is_none() && well.instance.unwrap().leader_redis.is_some());
    for wrong in [("LEADER_REDIS_URL", "http://module:s3cr3t@leader"), ("MODULE_ORIGIN", "a b")] {
        let settings = read(&[module, leader, ("MODULE_ORIGIN_UUID", "3792c7db"), wrong]).unwrap();
        let fault = settings.duty_fault().unwrap();
        assert!(fault.contains(wrong.0) && !fault.contains("s3cr3t"), "{fault}");
        let instance = settings.instance.unwrap();
        assert!(instance.leader_redis.is_none() && instance.origin.is_none(), "{wrong:?}");
    }
}
