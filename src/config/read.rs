// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! From the environment's texts to typed [`Settings`], collecting every problem on the way.

use std::{
    borrow::Cow,
    collections::{BTreeMap, HashMap, HashSet},
    ffi::OsString,
    fmt,
    ops::RangeInclusive,
    time::Duration,
};

use jiff::tz::TimeZone;
use lettre::message::Mailbox;
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};
use tracing_subscriber::EnvFilter;

use super::{
    mutes::Mutes,
    recipients::{self, mailbox},
    settings::*,
    words::{one_of, truth, whole_number},
};
use crate::{
    alertmanager::AlertNames,
    audience::{self, AudiencePlans, NotifyOn, Recipient},
    ids::{ModuleId, PlanId},
    language::Language,
    smtp::{Encryption, SmtpSettings, envelope::ascii_domain, hello},
};

/// How the variables begin that name recipients of one plan.
const MAIL_TO_PLAN: &str = "MAIL_TO_PLAN_";
const DEFAULT_ALERT_NAMES: &str = "NsBackupFailed,NsBackupMissing,BackupFailed,backup_failed,backup_missing";
/// "never", as NS8 has no notion of it: a month, the longest that is accepted.
const MAX_REPEAT_SECONDS: u64 = 31 * 86_400;

/// What is not typed but discovered on the cluster: the smarthost, the node's zone, Loki, the address of cluster-admin, the leader's Redis,
/// and what this instance is a copy of. Whatever it is, it does not keep backups from being watched: the service runs, and says what is wrong.
const DISCOVERED: [&str; 13] = [
    "SMTP_ENABLED",
    "SMTP_HOST",
    "SMTP_PORT",
    "SMTP_ENCRYPTION",
    "SMTP_TLSVERIFY",
    "TZ",
    "LOKI_URL",
    "LOKI_USERNAME",
    "LOKI_PASSWORD",
    "CLUSTER_ADMIN_URL",
    "LEADER_REDIS_URL",
    "MODULE_ORIGIN",
    "MODULE_ORIGIN_UUID",
];

/// The longest grace: a week.
const MAX_GRACE_SECONDS: u64 = 7 * 86_400;

/// Everything that is wrong with an environment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problems(pub Vec<Problem>);

impl std::error::Error for Problems {}

impl fmt::Display for Problems {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let noun = if self.0.len() == 1 { "variable is" } else { "variables are" };
        write!(f, "{} environment {noun} wrong:", self.0.len())?;
        for problem in &self.0 {
            write!(f, "\n  {problem}")?;
        }
        Ok(())
    }
}

/// The environment's variables, and the problems found while reading them.
///
/// Each variable is looked up once, by its name: a new one needs no other entry.
struct Environment {
    /// The texts by name, in lower case as envy has them.
    texts: HashMap<String, String>,
    /// The variables whose values are not UTF-8: a problem only for one that is read.
    not_utf8: HashSet<String>,
    /// The variables `MAIL_TO_PLAN_<id>`, in the order of their names. The id is taken as it is written.
    mail_to_plan: Vec<(String, String)>,
    problems: Vec<Problem>,
}

impl Environment {
    fn new(vars: impl Iterator<Item = (OsString, OsString)>) -> Self {
        let mut not_utf8 = HashSet::new();
        let mut mail_to_plan = BTreeMap::new();
        let texts = vars.filter_map(|(name, value)| {
            let name = name.into_string().ok()?;
            if name.starts_with(MAIL_TO_PLAN) {
                // What is no UTF-8 is no address either, and is quoted so.
                mail_to_plan.insert(name, value.to_string_lossy().into_owned());
                return None;
            }
            // Names are in upper case. envy folds them, and would take `tz` for `TZ`.
            if name.contains(char::is_lowercase) {
                return None;
            }
            match value.into_string() {
                Ok(text) => Some((name, text)),
                Err(_) => {
                    not_utf8.insert(name);
                    None
                }
            }
        });
        let texts = envy::from_iter(texts).expect("a map takes any texts");
        Self { texts, not_utf8, mail_to_plan: mail_to_plan.into_iter().collect(), problems: Vec::new() }
    }

    fn problem(&mut self, variable: impl Into<Cow<'static, str>>, message: impl Into<String>) {
        self.problems.push(Problem { variable: variable.into(), message: message.into() });
    }

    /// The variable's text as it stands, even if it is empty. None when it is unset.
    fn verbatim(&mut self, variable: &'static str) -> Option<String> {
        if self.not_utf8.contains(variable) {
            self.problem(variable, "is not UTF-8 text");
        }
        self.texts.remove(&variable.to_ascii_lowercase())
    }

    /// The variable's text. None when it is unset or empty.
    fn text(&mut self, variable: &'static str) -> Option<String> {
        self.verbatim(variable).filter(|text| !text.trim().is_empty())
    }

    /// A secret. None when it is unset or empty.
    fn secret(&mut self, variable: &'static str) -> Option<SecretString> {
        self.text(variable).map(SecretString::from)
    }

    /// Parses a variable that has a default. `parse` gets its text without the space around it, and says what is wrong
    /// with it in words that follow the quoted text.
    fn value<T>(
        &mut self,
        variable: &'static str,
        default: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> T {
        let Some(text) = self.text(variable) else { return default };
        self.checked(
            variable,
            parse(text.trim()).map_err(|wrong| format!("{:?} {wrong}", without_user(&text))),
        )
        .unwrap_or(default)
    }

    /// An HTTP URL.
    fn http_url(&mut self, variable: &'static str) -> Option<Url> {
        let text = self.text(variable)?;
        self.checked(variable, http_url(&text))
    }

    /// A whole number of seconds.
    fn seconds(&mut self, variable: &'static str, default: u64, range: RangeInclusive<u64>) -> Duration {
        Duration::from_secs(self.value(variable, default, |text| whole_number(text, range)))
    }

    /// A truth value.
    fn truth(&mut self, variable: &'static str, default: bool) -> bool {
        self.value(variable, default, truth)
    }

    /// A truth value of NS8's smarthost, for which an empty text is a value: see [`SmtpSettings`].
    fn smarthost_truth(&mut self, variable: &'static str, default: bool) -> bool {
        match self.verbatim(variable) {
            Some(text) if text.trim().is_empty() => false,
            Some(text) => self
                .checked(variable, truth(text.trim()).map_err(|wrong| format!("{text:?} {wrong}")))
                .unwrap_or(default),
            None => default,
        }
    }

    /// Notes what is wrong with a value. A default may then stand in for it: with problems there are no settings.
    fn checked<T>(&mut self, variable: &'static str, value: Result<T, String>) -> Option<T> {
        value.map_err(|message| self.problem(variable, message)).ok()
    }
}

/// Drops what stands before an `@` if it may be a password: somebody may give a URL where a host is expected.
fn without_user(text: &str) -> Cow<'_, str> {
    match text.rsplit_once('@') {
        Some((user, host)) if user.contains(':') => format!("…@{host}").into(),
        _ => text.into(),
    }
}

/// A host's name or address; an IPv6 address may stand in brackets.
fn host(text: &str) -> Result<String, String> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    // A dot at the end says that it is a full name. Letters beyond ASCII are looked up as `xn--`.
    let ascii = ascii_domain(bare).unwrap_or_default();
    let is_name = ascii.strip_suffix('.').unwrap_or(&ascii).split('.').all(|label| {
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

/// What is wrong is said without quoting the text, as it may hold a password wherever a typing error has put it.
fn http_url(text: &str) -> Result<Url, String> {
    match Url::parse(text.trim()) {
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
    let host = hello::host_name().unwrap_or_default();
    // Not every machine has a name, and not every name makes a mail address.
    format!("backup-monitor@{host}")
        .parse()
        .unwrap_or_else(|_| "backup-monitor@localhost.localdomain".parse().expect("a valid address"))
}

/// Reads settings from variables.
pub(super) fn settings(vars: impl Iterator<Item = (OsString, OsString)>) -> Result<Settings, Problems> {
    let mut env = Environment::new(vars);
    let language = env.value("MAIL_LANGUAGE", Language::English, recipients::language);
    let on = env.value("NOTIFY_ON", NotifyOn::Failure, recipients::notify_on);
    let settings = Settings {
        faults: Vec::new(),
        receiver: ReceiverSettings {
            host: env.value("RECEIVER_HOST", "127.0.0.1".into(), host),
            port: env.value("RECEIVER_PORT", 9099, |text| whole_number(text, 0..=u16::MAX)),
            token: env.secret("RECEIVER_TOKEN"),
            metrics_token: env.secret("RECEIVER_METRICS_TOKEN"),
            alerts_without_token: env.truth("RECEIVER_ALERTS_WITHOUT_TOKEN", false),
            allowed_hosts: env.value("RECEIVER_ALLOWED_HOSTS", Vec::new(), |text| {
                let names = text.split(',').map(str::trim).filter(|name| !name.is_empty());
                names.map(|name| host(&name.to_ascii_lowercase())).collect()
            }),
            alert_names: alert_names(&mut env),
        },
        correlator: CorrelatorSettings {
            wait: env.seconds("CORRELATOR_WAIT_SECONDS", 30, 0..=3600),
            settle: env.seconds("CORRELATOR_SETTLE_SECONDS", 1800, 0..=86_400),
        },
        redis_url: redis_url(&mut env, "REDIS_URL").unwrap_or_else(|| "redis://127.0.0.1:6379".into()),
        repo_check: RepoCheckSettings {
            gateway: env
                .http_url("REPO_CHECK_GATEWAY_URL")
                .unwrap_or_else(|| Url::parse("http://127.0.0.1:4694").expect("a valid URL")),
            api: api(&mut env),
            timeout: env.seconds("REPO_CHECK_TIMEOUT_SECONDS", 60, 1..=600),
            total: env.seconds("REPO_CHECK_TOTAL_SECONDS", 300, 1..=3600),
        },
        loki: loki(&mut env),
        cluster_admin: cluster_admin(&mut env),
        smtp: SmtpSettings {
            enabled: env.smarthost_truth("SMTP_ENABLED", false),
            host: env.value("SMTP_HOST", None, |text| host(text).map(Some)),
            port: env.value("SMTP_PORT", 587, |text| whole_number(text, 1..=u16::MAX)),
            username: env.text("SMTP_USERNAME"),
            password: env.secret("SMTP_PASSWORD").unwrap_or_default(),
            encryption: env.value("SMTP_ENCRYPTION", Encryption::StartTls, |text| {
                let words = [
                    ("none", Encryption::None),
                    ("starttls", Encryption::StartTls),
                    ("tls", Encryption::Tls),
                ];
                one_of(text, &words)
            }),
            tls_verify: env.smarthost_truth("SMTP_TLSVERIFY", true),
        },
        mail: MailSettings {
            from: env.value("MAIL_FROM", default_from(), mailbox),
            audiences: audience::audiences(recipients(&mut env), language, on),
            reply_to: env.value("MAIL_REPLY_TO", None, |text| mailbox(text).map(Some)),
            language,
        },
        notify: NotifySettings {
            on,
            repeat: env.seconds("NOTIFY_REPEAT_SECONDS", 72_000, 0..=MAX_REPEAT_SECONDS),
            after_failures: env.value("NOTIFY_AFTER_FAILURES", 1, |text| whole_number(text, 1..=100)),
            muted: env.value("NOTIFY_MUTED", Mutes::default(), Mutes::parse),
        },
        webhook: webhook(&mut env),
        coverage: CoverageSettings {
            grace: env.seconds("COVERAGE_GRACE_SECONDS", 86_400, 0..=MAX_REPEAT_SECONDS),
        },
        watch: WatchSettings {
            alertmanager: env.http_url("ALERTMANAGER_URL"),
            poll: env.seconds("ALERTMANAGER_POLL_SECONDS", 60, 1..=3600),
            runs: env.truth("WATCH_RUNS", false),
            missing_grace: env.value("WATCH_MISSING_GRACE_SECONDS", None, |text| {
                whole_number(text, 0..=MAX_GRACE_SECONDS).map(|seconds| Some(Duration::from_secs(seconds)))
            }),
        },
        instance: instance(&mut env),
        state_dir: env.text("STATE_DIR").unwrap_or_else(|| "state".into()).into(),
        cluster_name: env.text("CLUSTER_NAME").map(|name| name.trim().to_owned()),
        zone: env.value("TZ", TimeZone::UTC, zone),
        log: LogSettings {
            filter: env.value("RUST_LOG", "info".into(), log_filter),
            format: env.value("LOG_FORMAT", LogFormat::Text, |text| {
                one_of(text, &[("text", LogFormat::Text), ("json", LogFormat::Json)])
            }),
        },
    };
    let is_discovered = |problem: &Problem| DISCOVERED.contains(&problem.variable.as_ref());
    if env.problems.iter().all(is_discovered) {
        Ok(Settings { faults: env.problems, ..settings })
    } else {
        Err(Problems(env.problems))
    }
}

fn alert_names(env: &mut Environment) -> AlertNames {
    let variable = "RECEIVER_ALERT_NAMES";
    let text = env.text(variable);
    let text = text.as_deref().unwrap_or(DEFAULT_ALERT_NAMES);
    let names: Vec<_> = text.split(',').map(str::trim).filter(|name| !name.is_empty()).collect();
    if names.is_empty() {
        env.problem(
            variable,
            "names no alert; expected names separated by commas, such as BackupFailed,NsBackupFailed",
        );
    }
    names.into_iter().collect()
}

fn redis_url(env: &mut Environment, variable: &'static str) -> Option<SecretString> {
    let url = env.secret(variable)?;
    // The error stays unseen: it may quote a part of the URL.
    if deadpool_redis::redis::Client::open(url.expose_secret()).is_err() {
        env.problem(variable, "is not a Redis URL; expected redis://[user:password@]host:port");
        return None;
    }
    Some(url)
}

/// Everybody that `MAIL_TO` and `MAIL_TO_PLAN_<id>` name.
fn recipients(env: &mut Environment) -> Vec<Recipient> {
    let mut recipients = env.value("MAIL_TO", Vec::new(), |text| recipients::list(text, &AudiencePlans::All));
    for (variable, text) in std::mem::take(&mut env.mail_to_plan) {
        let plan = variable.strip_prefix(MAIL_TO_PLAN).unwrap_or_default().parse::<PlanId>();
        match plan.map(|plan| AudiencePlans::These([plan].into())) {
            Ok(plans) if !text.trim().is_empty() => match recipients::list(text.trim(), &plans) {
                Ok(named) => recipients.extend(named),
                Err(wrong) => env.problem(variable, format!("{text:?} {wrong}")),
            },
            Ok(_) => {}
            Err(error) => env.problem(variable, format!("names no plan: {error}")),
        }
    }
    recipients
}

/// Where reports are posted. Nothing of it is quoted: whoever knows the address may post there.
fn webhook(env: &mut Environment) -> Option<WebhookSettings> {
    let (url_variable, token_variable) = ("NOTIFY_WEBHOOK_URL", "NOTIFY_WEBHOOK_TOKEN");
    let token = env.secret(token_variable);
    let is_clean =
        |token: &SecretString| token.expose_secret().trim().bytes().all(|byte| byte.is_ascii_graphic());
    if !token.as_ref().is_none_or(is_clean) {
        env.problem(token_variable, "holds a character that a bearer token can't have");
    }
    let url = env.http_url(url_variable)?;
    if !url.username().is_empty() || url.password().is_some() {
        env.problem(
            url_variable,
            "holds a user or a password; a bearer token may be given in NOTIFY_WEBHOOK_TOKEN",
        );
        return None;
    }
    let token = token.map(|token| SecretString::from(token.expose_secret().trim()));
    Some(WebhookSettings { url: SecretString::from(String::from(url)), token })
}

/// Which instance this is, by its module; without one there are no others.
fn instance(env: &mut Environment) -> Option<InstanceSettings> {
    let module_id =
        |text: &str| text.parse::<ModuleId>().map(Some).map_err(|_| "is not a module id".to_owned());
    let module = env.value("MODULE_ID", None, module_id);
    let origin = env.value("MODULE_ORIGIN", None, module_id);
    let uuid = env.text("MODULE_ORIGIN_UUID");
    let leader_redis = redis_url(env, "LEADER_REDIS_URL");
    let takeover = env.seconds("TAKEOVER_SECONDS", 600, 1..=86_400);
    // Who does not know what it is a copy of gives no sign of life: nobody may rely on it.
    let is_known = !env.problems.iter().any(|problem| problem.variable.starts_with("MODULE_ORIGIN"));
    let leader_redis = leader_redis.filter(|_| is_known);
    let origin = origin.zip(uuid).map(|(module, uuid)| Origin { module, uuid: uuid.trim().to_owned() });
    Some(InstanceSettings { module: module?, origin, leader_redis, takeover })
}

/// The API is configured by its URL; user and password then belong to it.
fn api(env: &mut Environment) -> Option<ApiSettings> {
    let (url_variable, user_variable, password_variable) =
        ("REPO_CHECK_API_URL", "REPO_CHECK_API_USER", "REPO_CHECK_API_PASSWORD");
    let (url, user, password) =
        (env.text(url_variable), env.text(user_variable), env.secret(password_variable));
    let url = env.checked(url_variable, http_url(&url?));
    if user.is_none() {
        env.problem(user_variable, format!("is not set; {url_variable} needs a user to log in with"));
    }
    if password.is_none() {
        env.problem(password_variable, format!("is not set; {url_variable} needs a password to log in with"));
    }
    Some(ApiSettings { url: url?, user: user?, password: password? })
}

/// Loki is configured by its URL; user and password belong to it.
fn loki(env: &mut Environment) -> Option<LokiSettings> {
    let (url, username, password) =
        (env.http_url("LOKI_URL"), env.text("LOKI_USERNAME"), env.secret("LOKI_PASSWORD"));
    let url = url?;
    // It is told in messages.
    if !url.username().is_empty() || url.password().is_some() {
        env.problem("LOKI_URL", "holds a user or a password; they belong to LOKI_USERNAME and LOKI_PASSWORD");
        return None;
    }
    Some(LokiSettings { url, username, password })
}

/// The address of cluster-admin, to which pages are joined.
fn cluster_admin(env: &mut Environment) -> Option<Url> {
    let mut url = env.http_url("CLUSTER_ADMIN_URL")?;
    // It stands in mails, where neither credentials nor anything that would follow a page belongs.
    let is_plain = url.username().is_empty() && url.password().is_none() && url.query().is_none();
    if !is_plain || url.fragment().is_some() {
        env.problem(
            "CLUSTER_ADMIN_URL",
            "holds a user, a query or a fragment; expected such as https://leader.example.org/cluster-admin/",
        );
        return None;
    }
    if !url.path().ends_with('/') {
        let path = format!("{}/", url.path());
        url.set_path(&path);
    }
    Some(url)
}

impl Settings {
    /// Reads the process' environment.
    ///
    /// # Errors
    /// All that is wrong with it, at once. A secret's value is never part of an error.
    pub fn from_env() -> Result<Self, Problems> {
        settings(std::env::vars_os())
    }

    /// Reads the given variables, as [`Settings::from_env`] does the process'.
    ///
    /// # Errors
    /// As [`Settings::from_env`].
    pub fn from_vars<K, V>(vars: impl IntoIterator<Item = (K, V)>) -> Result<Self, Problems>
    where
        K: Into<OsString>,
        V: Into<OsString>,
    {
        settings(vars.into_iter().map(|(name, value)| (name.into(), value.into())))
    }
}
