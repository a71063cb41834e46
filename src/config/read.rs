//! From the environment's texts to typed [`Settings`], collecting every problem on the way.

use std::{ffi::OsString, fmt, str::FromStr, time::Duration};

use jiff::tz::TimeZone;
use lettre::message::{Mailbox, Mailboxes};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use tracing_subscriber::EnvFilter;

use super::*;

const DEFAULT_ALERT_NAMES: &str = "NsBackupFailed,NsBackupMissing,BackupFailed,backup_failed,backup_missing";
/// "never", as NS8 has no notion of it: a month, the longest that is accepted.
const MAX_REPEAT_SECONDS: u64 = 31 * 86_400;

/// The longest grace: a week.
const MAX_GRACE_SECONDS: u64 = 7 * 86_400;

/// One wrong variable.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The variable.
    pub variable: &'static str,
    /// What is wrong with it, and what would be right.
    pub message: String,
}

/// Everything that is wrong with an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "variable is" } else { "variables are" };
        write!(f, "{} environment {noun} wrong:", self.0.len())?;
        for Problem { variable, message } in &self.0 {
            write!(f, "\n  {variable}: {message}")?;
        }
        Ok(())
    }
}

/// Declares the variables that are read: the struct that envy fills in, and the list of their names.
macro_rules! variables {
    ($($name:ident $field:ident: $type:ty,)*) => {
        /// The environment as texts. An absent field is an unset or empty variable.
        #[derive(Deserialize)]
        struct Raw {
            $($field: Option<$type>,)*
        }

        const VARIABLES: &[&str] = &[$(stringify!($name)),*];
    };
}

variables! {
    RECEIVER_HOST receiver_host: String,
    RECEIVER_PORT receiver_port: String,
    RECEIVER_TOKEN receiver_token: SecretString,
    RECEIVER_ALERT_NAMES receiver_alert_names: String,
    CORRELATOR_WAIT_SECONDS correlator_wait_seconds: String,
    CORRELATOR_SETTLE_SECONDS correlator_settle_seconds: String,
    REDIS_URL redis_url: SecretString,
    REPO_CHECK_GATEWAY_URL repo_check_gateway_url: String,
    REPO_CHECK_API_URL repo_check_api_url: String,
    REPO_CHECK_API_USER repo_check_api_user: String,
    REPO_CHECK_API_PASSWORD repo_check_api_password: SecretString,
    REPO_CHECK_TIMEOUT_SECONDS repo_check_timeout_seconds: String,
    SMTP_ENABLED smtp_enabled: String,
    SMTP_HOST smtp_host: String,
    SMTP_PORT smtp_port: String,
    SMTP_USERNAME smtp_username: String,
    SMTP_PASSWORD smtp_password: SecretString,
    SMTP_ENCRYPTION smtp_encryption: String,
    SMTP_TLSVERIFY smtp_tlsverify: String,
    MAIL_FROM mail_from: String,
    MAIL_TO mail_to: String,
    MAIL_LANGUAGE mail_language: String,
    NOTIFY_ON notify_on: String,
    NOTIFY_REPEAT_SECONDS notify_repeat_seconds: String,
    ALERTMANAGER_URL alertmanager_url: String,
    ALERTMANAGER_POLL_SECONDS alertmanager_poll_seconds: String,
    WATCH_RUNS watch_runs: String,
    WATCH_MISSING_GRACE_SECONDS watch_missing_grace_seconds: String,
    STATE_DIR state_dir: String,
    CLUSTER_NAME cluster_name: String,
    TZ tz: String,
    RUST_LOG rust_log: String,
    LOG_FORMAT log_format: String,
}

/// The two truth values of NS8's smarthost, for which an empty text is a value: see [`SmtpSettings`].
const EMPTY_IS_NO: [&str; 2] = ["SMTP_ENABLED", "SMTP_TLSVERIFY"];

/// Collects problems while fields are read.
#[derive(Default)]
struct Reader {
    problems: Vec<Problem>,
}

impl Reader {
    fn problem(&mut self, variable: &'static str, message: impl Into<String>) {
        self.problems.push(Problem { variable, message: message.into() });
    }

    /// Parses a variable that has a default.
    fn value<T>(
        &mut self,
        variable: &'static str,
        text: Option<String>,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let Some(text) = text else { return default };
        match parse(text.trim()) {
            Ok(value) => value,
            Err(expected) => {
                self.problem(variable, format!("{:?} {expected}", without_user(&text)));
                // Never used: a reader with problems gives no settings.
                default
            }
        }
    }

    fn seconds(
        &mut self,
        variable: &'static str,
        text: Option<String>,
        default: u64,
        range: std::ops::RangeInclusive<u64>,
    ) -> Duration {
        let parse = |text: &str| whole_number(text, range);
        Duration::from_secs(self.value(variable, text, default, parse))
    }
}

fn whole_number<T>(text: &str, range: std::ops::RangeInclusive<T>) -> Result<T, String>
where
    T: FromStr + PartialOrd + fmt::Display,
{
    match text.parse() {
        Ok(number) if range.contains(&number) => Ok(number),
        _ => Err(format!("is not a whole number from {} to {}", range.start(), range.end())),
    }
}

fn truth(text: &str) -> Result<bool, String> {
    match text.to_ascii_lowercase().as_str() {
        "1" | "true" | "yes" | "on" => Ok(true),
        "" | "0" | "false" | "no" | "off" => Ok(false),
        _ => Err("is not a truth value; expected 1, true, yes or on, or 0, false, no or off".into()),
    }
}

/// Parses one of a few words.
fn one_of<T: Copy>(text: &str, words: &[(&str, T)]) -> Result<T, String> {
    let word = text.to_ascii_lowercase();
    words.iter().find(|(name, _)| *name == word).map(|(_, value)| *value).ok_or_else(|| {
        let names: Vec<_> = words.iter().map(|(name, _)| *name).collect();
        format!("is none of {}", names.join(", "))
    })
}

/// A URL may hold a user and a password before its host.
fn without_user(text: &str) -> String {
    match (text.find("//"), text.rfind('@')) {
        (Some(start), Some(end)) if start + 2 < end => format!("{}…{}", &text[..start + 2], &text[end..]),
        _ => text.to_owned(),
    }
}

/// A host's name or address; an IPv6 address may stand in brackets.
fn host(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    let is_name = bare.split('.').all(|label| {
        let is_part_of_name = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
        !label.is_empty() && label.bytes().all(is_part_of_name)
    });
    // Digits and dots alone are no name, but an address that is wrong.
    let looks_like_address = bare.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    if bare.parse::<std::net::IpAddr>().is_ok() || (is_name && !looks_like_address) {
        return Ok(bare.to_owned());
    }
    Err("is not a host; expected a name such as mail.example.org, or an address such as 127.0.0.1".into())
}

fn http_url(text: &str) -> Result<Url, String> {
    match Url::parse(text) {
        Ok(url) if matches!(url.scheme(), "http" | "https") && url.has_host() => Ok(url),
        Ok(_) => Err("is not an http:// or https:// URL".into()),
        Err(error) => Err(format!("is not a URL ({error}); expected such as http://127.0.0.1:4694")),
    }
}

fn zone(text: &str) -> Result<TimeZone, String> {
    let name = text.strip_prefix(':').unwrap_or(text);
    TimeZone::get(name)
        .or_else(|_| TimeZone::posix(name))
        .map_err(|_| "is not a time zone; expected a name such as Europe/Rome, or a POSIX rule".into())
}

fn mailbox(text: &str) -> Result<Mailbox, String> {
    text.parse().map_err(|error| {
        format!(
            "is not a mail address ({error}); expected such as admin@example.org or Admin <admin@example.org>"
        )
    })
}

/// Parses a comma-separated list of addresses. A comma after the last one is no error.
fn mailboxes(text: &str) -> Result<Vec<Mailbox>, String> {
    let list = text.trim_end_matches(|c: char| c == ',' || c.is_whitespace());
    if let Ok(mailboxes) = list.parse::<Mailboxes>() {
        return Ok(mailboxes.into());
    }
    // Name the one that is wrong. A quoted name may hold a comma, which the parser above has already allowed for.
    match list.split(',').map(str::trim).find_map(|part| mailbox(part).err().map(|error| (part, error))) {
        Some((part, error)) => Err(format!("has an address that can't be read: {part:?} {error}")),
        None => Err("is not a list of mail addresses separated by commas".into()),
    }
}

/// Checks a log filter. EnvFilter has no other way than to parse it; the subscriber parses it again.
fn log_filter(text: &str) -> Result<String, String> {
    match EnvFilter::builder().parse(text) {
        Ok(_) => Ok(text.to_owned()),
        Err(error) => Err(format!(
            "is not a log filter ({error}); expected such as info or warn,ns8_backup_monitor=debug"
        )),
    }
}

fn default_from() -> Mailbox {
    let host = lettre::transport::smtp::extension::ClientId::default().to_string();
    // A machine without a usable name calls itself by its address, which makes no mail address.
    format!("backup-monitor@{host}")
        .parse()
        .unwrap_or_else(|_| "backup-monitor@localhost.localdomain".parse().expect("a valid address"))
}

/// Reads settings from variables.
pub(super) fn settings(vars: impl Iterator<Item = (OsString, OsString)>) -> Result<Settings, Problems> {
    let mut reader = Reader::default();
    let known = vars.filter_map(|(name, value)| {
        let variable = *VARIABLES.iter().find(|known| name == **known)?;
        match value.into_string() {
            Ok(text) if text.trim().is_empty() && !EMPTY_IS_NO.contains(&variable) => None,
            Ok(text) => Some((variable.to_owned(), text)),
            Err(_) => {
                reader.problem(variable, "is not UTF-8 text");
                None
            }
        }
    });
    let known: Vec<_> = known.collect();
    let raw: Raw = envy::from_iter(known).expect("optional texts can be filled from any texts");

    let receiver = ReceiverSettings {
        host: reader.value("RECEIVER_HOST", raw.receiver_host, "127.0.0.1".into(), host),
        port: reader.value("RECEIVER_PORT", raw.receiver_port, 9099, |text| whole_number(text, 0..=u16::MAX)),
        token: raw.receiver_token,
        alert_names: {
            let text = raw.receiver_alert_names.as_deref().unwrap_or(DEFAULT_ALERT_NAMES);
            let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
            if names.is_empty() {
                reader.problem(
                    "RECEIVER_ALERT_NAMES",
                    "names no alert; expected names separated by commas, such as BackupFailed,NsBackupFailed",
                );
            }
            names.into_iter().collect()
        },
    };
    let correlator = CorrelatorSettings {
        wait: reader.seconds("CORRELATOR_WAIT_SECONDS", raw.correlator_wait_seconds, 30, 0..=3600),
        settle: reader.seconds("CORRELATOR_SETTLE_SECONDS", raw.correlator_settle_seconds, 1800, 0..=86_400),
    };
    let redis_url = raw.redis_url.unwrap_or_else(|| "redis://127.0.0.1:6379".into());
    if let Err(error) = deadpool_redis::redis::Client::open(redis_url.expose_secret()) {
        // The error's own text does not quote the URL, which may hold a password.
        let reason = error.detail().unwrap_or("it can't be read").to_owned();
        reader.problem(
            "REDIS_URL",
            format!("is not a Redis URL ({reason}); expected redis://[user:password@]host:port"),
        );
    }
    let repo_check = RepoCheckSettings {
        gateway: reader.value(
            "REPO_CHECK_GATEWAY_URL",
            raw.repo_check_gateway_url,
            Url::parse("http://127.0.0.1:4694").expect("a valid URL"),
            http_url,
        ),
        api: api(&mut reader, raw.repo_check_api_url, raw.repo_check_api_user, raw.repo_check_api_password),
        timeout: reader.seconds("REPO_CHECK_TIMEOUT_SECONDS", raw.repo_check_timeout_seconds, 60, 1..=600),
    };
    let encryptions =
        [("none", Encryption::None), ("starttls", Encryption::StartTls), ("tls", Encryption::Tls)];
    let smtp = SmtpSettings {
        enabled: reader.value("SMTP_ENABLED", raw.smtp_enabled, false, truth),
        host: reader.value("SMTP_HOST", raw.smtp_host, None, |text| host(text).map(Some)),
        port: reader.value("SMTP_PORT", raw.smtp_port, 587, |text| whole_number(text, 1..=u16::MAX)),
        username: raw.smtp_username,
        password: raw.smtp_password.unwrap_or_default(),
        encryption: reader.value("SMTP_ENCRYPTION", raw.smtp_encryption, Encryption::StartTls, |text| {
            one_of(text, &encryptions)
        }),
        tls_verify: reader.value("SMTP_TLSVERIFY", raw.smtp_tlsverify, true, truth),
    };
    let mail = MailSettings {
        from: reader.value("MAIL_FROM", raw.mail_from, default_from(), mailbox),
        to: reader.value("MAIL_TO", raw.mail_to, Vec::new(), mailboxes),
        language: reader.value("MAIL_LANGUAGE", raw.mail_language, Language::English, |text| {
            let codes: Vec<_> = Language::ALL.iter().map(|language| (language.code(), *language)).collect();
            one_of(text, &codes)
        }),
    };
    let notify = NotifySettings {
        on: reader.value("NOTIFY_ON", raw.notify_on, NotifyOn::Failure, |text| {
            one_of(text, &[("failure", NotifyOn::Failure), ("always", NotifyOn::Always)])
        }),
        repeat: reader.seconds(
            "NOTIFY_REPEAT_SECONDS",
            raw.notify_repeat_seconds,
            86_400,
            0..=MAX_REPEAT_SECONDS,
        ),
    };
    let watch = WatchSettings {
        alertmanager: reader
            .value("ALERTMANAGER_URL", raw.alertmanager_url, None, |text| http_url(text).map(Some)),
        poll: reader.seconds("ALERTMANAGER_POLL_SECONDS", raw.alertmanager_poll_seconds, 60, 1..=3600),
        runs: reader.value("WATCH_RUNS", raw.watch_runs, false, truth),
        missing_grace: reader.value(
            "WATCH_MISSING_GRACE_SECONDS",
            raw.watch_missing_grace_seconds,
            None,
            |text| {
                whole_number(text, 0..=MAX_GRACE_SECONDS).map(|seconds| Some(Duration::from_secs(seconds)))
            },
        ),
    };
    let settings = Settings {
        receiver,
        correlator,
        redis_url,
        repo_check,
        smtp,
        mail,
        notify,
        watch,
        state_dir: raw.state_dir.unwrap_or_else(|| "state".into()).into(),
        cluster_name: raw.cluster_name.map(|name| name.trim().to_owned()),
        zone: reader.value("TZ", raw.tz, TimeZone::UTC, zone),
        log: LogSettings {
            filter: reader.value("RUST_LOG", raw.rust_log, "info".into(), log_filter),
            format: reader.value("LOG_FORMAT", raw.log_format, LogFormat::Text, |text| {
                one_of(text, &[("text", LogFormat::Text), ("json", LogFormat::Json)])
            }),
        },
    };
    if reader.problems.is_empty() { Ok(settings) } else { Err(Problems(reader.problems)) }
}

/// The API is configured by its URL; user and password then belong to it.
fn api(
    reader: &mut Reader,
    url: Option<String>,
    user: Option<String>,
    password: Option<SecretString>,
) -> Option<ApiSettings> {
    url.as_ref()?;
    let url = reader.value("REPO_CHECK_API_URL", url, None, |text| http_url(text).map(Some));
    if user.is_none() {
        reader.problem("REPO_CHECK_API_USER", "is not set; REPO_CHECK_API_URL needs a user to log in with");
    }
    if password.is_none() {
        reader.problem(
            "REPO_CHECK_API_PASSWORD",
            "is not set; REPO_CHECK_API_URL needs a password to log in with",
        );
    }
    Some(ApiSettings { url: url?, user: user?, password: password? })
}
