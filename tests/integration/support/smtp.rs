// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A real mail server: aiosmtpd, driven by `smtpd.py`. It tells each step of each conversation, and can be told to
//! refuse, to defer, or to hang at any of them.

use std::{
    io::{BufRead, BufReader, Write},
    process::{ChildStdin, Command, Stdio},
    sync::{Arc, Mutex},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use serde_json::{Value, json};
use tempfile::TempDir;

use super::{eventually, process::Process, project_file, service::Settings};

/// How the server wants to be spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Security {
    None,
    StartTls,
    Tls,
}

/// The account that a server with login knows.
pub const USER: &str = "backup-monitor@example.org";
pub const PASSWORD: &str = "correct horse";

pub struct SmtpServer {
    _process: Process,
    control: Mutex<ChildStdin>,
    events: Arc<Mutex<Vec<Value>>>,
    dir: TempDir,
    security: Security,
    login: bool,
    pub port: u16,
}

/// A mail as the server has taken it.
#[derive(Debug, Clone)]
pub struct Mail {
    pub to: Vec<String>,
    pub message_id: String,
    pub subject: String,
    /// The decoded text part.
    pub text: String,
    /// The decoded HTML part.
    pub html: String,
    pub headers: Value,
}

impl SmtpServer {
    pub async fn plain() -> Self {
        Self::start(Security::None, false).await
    }

    pub async fn start(security: Security, login: bool) -> Self {
        let dir = tempfile::tempdir().unwrap();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(vec!["localhost".into()]).unwrap();
        std::fs::write(dir.path().join("cert.pem"), cert.pem()).unwrap();
        std::fs::write(dir.path().join("key.pem"), signing_key.serialize_pem()).unwrap();
        Self::start_in(dir, security, login).await
    }

    /// A server whose certificate and key are in this folder, as `cert.pem` and `key.pem`.
    pub async fn start_in(dir: TempDir, security: Security, login: bool) -> Self {
        let options = json!({
            "security": match security {
                Security::None => "none",
                Security::StartTls => "starttls",
                Security::Tls => "tls",
            },
            "login": login.then(|| json!({"user": USER, "password": PASSWORD})),
            "certificate": dir.path().join("cert.pem"),
            "key": dir.path().join("key.pem"),
        });
        // Debian's own Python, as aiosmtpd comes from Debian.
        let mut child = Command::new("/usr/bin/python3")
            .arg(project_file("tests/integration/support/smtpd.py"))
            .arg(options.to_string())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let stdout = BufReader::new(child.stdout.take().unwrap());
        let control = Mutex::new(child.stdin.take().unwrap());
        let events = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&events);
        std::thread::spawn(move || {
            for line in stdout.lines().map_while(Result::ok) {
                seen.lock().unwrap().push(serde_json::from_str(&line).unwrap());
            }
        });
        let process = Process::of(child);
        let port = eventually("the mail server", || {
            let first: Option<Value> = events.lock().unwrap().first().cloned();
            async { first?["port"].as_u64() }
        })
        .await;
        Self { _process: process, control, events, dir, security, login, port: port.try_into().unwrap() }
    }

    /// Configures the service to use this server.
    pub fn configure(&self, settings: &mut Settings) {
        settings
            .set("SMTP_ENABLED", "1")
            .set("SMTP_HOST", "localhost")
            .set("SMTP_PORT", self.port)
            .set("MAIL_FROM", "Backup monitor <backup-monitor@example.org>")
            .set("MAIL_TO", "admin@example.org")
            .set(
                "SMTP_ENCRYPTION",
                match self.security {
                    Security::None => "none",
                    Security::StartTls => "starttls",
                    Security::Tls => "tls",
                },
            )
            .set("SMTP_TLSVERIFY", "");
        if self.login {
            settings.set("SMTP_USERNAME", USER).set("SMTP_PASSWORD", PASSWORD);
        }
    }

    /// The folder with its certificate and key.
    pub fn dir(&self) -> &std::path::Path {
        self.dir.path()
    }

    /// The file of the server's certificate, for who wants to trust it.
    pub fn certificate(&self) -> String {
        self.dir.path().join("cert.pem").display().to_string()
    }

    fn tell(&self, command: &Value) {
        let mut control = self.control.lock().unwrap();
        writeln!(control, "{command}").unwrap();
        control.flush().unwrap();
    }

    /// From now on the server hangs at this step (`connect`, `ehlo`, `mail`, `rcpt`, `data`), before it answers.
    pub fn hang_at(&self, step: &str) {
        self.tell(&json!({"hang": step}));
    }

    /// The server goes on, with those that it has let hang too.
    pub fn go_on(&self) {
        self.tell(&json!({"hang": null}));
    }

    /// From now on the server gives this answer at a step; for `rcpt`, only to `address` when one is given.
    pub fn answer(&self, step: &str, address: Option<&str>, reply: &str) {
        self.tell(&json!({"answer": reply, "step": step, "address": address}));
    }

    /// From now on the server takes each mail and hangs up instead of saying so.
    pub fn lose_answers(&self) {
        self.tell(&json!({"lose": true}));
    }

    /// The name in the last EHLO.
    pub fn greeted_as(&self) -> String {
        let events = self.events.lock().unwrap();
        let last = events.iter().rev().find(|event| event["step"] == "ehlo").unwrap();
        last["hostname"].as_str().unwrap().to_owned()
    }

    /// The server answers as it should again.
    pub fn answer_well(&self) {
        self.tell(&json!({"answer": null}));
    }

    /// How often a step was reached.
    pub fn count(&self, step: &str) -> usize {
        self.events.lock().unwrap().iter().filter(|event| event["step"] == step).count()
    }

    /// Waits until a step has been reached more than `before` times.
    pub async fn reached(&self, step: &str, before: usize) {
        let what = format!("the mail server reaching {step}");
        eventually(&what, || std::future::ready((self.count(step) > before).then_some(()))).await;
    }

    /// The mails that the server has taken, in their order.
    pub fn mails(&self) -> Vec<Mail> {
        let events = self.events.lock().unwrap();
        let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
        events
            .iter()
            .filter(|event| event["step"] == "taken")
            .map(|event| Mail {
                to: event["to"].as_array().unwrap().iter().map(text).collect(),
                message_id: text(&event["headers"]["Message-ID"]),
                subject: text(&event["headers"]["Subject"]),
                text: text(&event["text"]),
                html: text(&event["html"]),
                headers: event["headers"].clone(),
            })
            .collect()
    }

    /// Waits for so many mails.
    pub async fn received(&self, count: usize) -> Vec<Mail> {
        eventually(&format!("mail number {count}"), || {
            let mails = self.mails();
            std::future::ready((mails.len() >= count).then_some(mails))
        })
        .await
    }
}
