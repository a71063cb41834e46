// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Certificates as mail servers have them: with checking on and off, what Python's `ssl` takes is taken, and nothing else.

use std::{path::Path, process::Command};

use serde_json::json;
use tempfile::TempDir;

use crate::support::{
    oracle::Oracle,
    service::Settings,
    smtp::{Security, SmtpServer},
};

fn openssl(dir: &Path, arguments: &str) {
    let arguments: Vec<_> = arguments.split_whitespace().collect();
    let output = Command::new("openssl").current_dir(dir).args(&arguments).output().unwrap();
    assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

const SELF_SIGNED: &str = "req -x509 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost";
const REQUEST: &str = "req -new -nodes -newkey rsa:2048 -keyout key.pem -out request.pem -subj /CN=localhost";
const CA: &str =
    "req -x509 -nodes -newkey rsa:2048 -keyout ca-key.pem -out trust.pem -subj /CN=Private -days 2";
const SIGN: &str =
    "x509 -req -in request.pem -out cert.pem -CA trust.pem -CAkey ca-key.pem -CAcreateserial -days 2";

/// The servers' certificates, and how they are made. `trust.pem`, where there is one, is what is trusted; else the
/// certificate itself.
fn certificates() -> Vec<(&'static str, Vec<String>)> {
    let san = "-addext subjectAltName=DNS:localhost";
    vec![
        ("as openssl makes it", vec![format!("{SELF_SIGNED} -newkey rsa:2048 {san} -days 2")]),
        ("RSA of 1024 bits", vec![format!("{SELF_SIGNED} -newkey rsa:1024 {san} -days 2")]),
        (
            "another name",
            vec![
                "req -x509 -nodes -keyout key.pem -out cert.pem -subj /CN=mx -newkey rsa:2048 -days 2 \
                               -addext subjectAltName=DNS:mx.example.org"
                    .into(),
            ],
        ),
        (
            "expired",
            vec![
                REQUEST.into(),
                format!(
                    "{} -extfile san.cnf",
                    "x509 -req -in request.pem -signkey key.pem -days -1 -out cert.pem"
                ),
            ],
        ),
        (
            "X.509 v1",
            vec![REQUEST.into(), "x509 -req -in request.pem -signkey key.pem -out cert.pem -days 2".into()],
        ),
        ("of a private CA", vec![CA.into(), REQUEST.into(), format!("{SIGN} -extfile san.cnf")]),
        (
            "of a private CA, with a common name alone",
            vec![CA.into(), REQUEST.into(), format!("{SIGN} -extfile leaf.cnf")],
        ),
        (
            "of a CA that is not trusted",
            vec![CA.into(), REQUEST.into(), format!("{SIGN} -extfile san.cnf"), CA.into()],
        ),
        (
            "a CA's, as the server's own",
            vec![format!(
                "{SELF_SIGNED} -newkey rsa:2048 {san} -addext keyUsage=keyCertSign,digitalSignature -days 2"
            )],
        ),
        (
            "of an elliptic curve",
            vec![format!("{SELF_SIGNED} -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 {san} -days 2")],
        ),
    ]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn certificates_are_taken_and_refused_as_python_does() {
    let mut oracle = Oracle::start();
    let mut wrong = Vec::new();
    let mut refused = 0;
    for (name, commands) in certificates() {
        let dir = TempDir::new().unwrap();
        std::fs::write(dir.path().join("san.cnf"), "subjectAltName=DNS:localhost\n").unwrap();
        std::fs::write(dir.path().join("leaf.cnf"), "basicConstraints=CA:FALSE\n").unwrap();
        for command in &commands {
            openssl(dir.path(), command);
        }
        let smtp = SmtpServer::start_in(dir, Security::StartTls, false).await;
        let own = smtp.dir().join("trust.pem");
        let trust = if own.exists() { own.display().to_string() } else { smtp.certificate() };
        for verify in [false, true] {
            let mut settings = Settings::new();
            smtp.configure(&mut settings);
            settings.set("SMTP_TLSVERIFY", if verify { "1" } else { "" }).set("SSL_CERT_FILE", &trust);
            let request = json!({
                "port": smtp.port, "security": "starttls", "from": "me@example.org", "to": ["admin@example.org"], "timeout": 20,
                "trust": verify.then_some(&trust),
            });
            let (accepted, error) = oracle.send(&request);
            let output = settings.run(&["send-test"]).await;
            let is_sent = output.status.success();
            refused += usize::from(!is_sent);
            // rustls reads certificates of version 3 alone. Where they are checked, an older one stays refused.
            let is_too_old = name == "X.509 v1" && verify;
            if !verify && !is_sent
                || (is_sent == accepted.is_empty() && !is_too_old)
                || (is_sent && is_too_old)
            {
                let told = String::from_utf8_lossy(&output.stderr);
                wrong.push(format!(
                    "{name}, verify {verify}: sent {is_sent} {told}; smtplib {accepted:?} {error:?}"
                ));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(refused >= 4, "hardly anything is refused: {refused}");
}

#[tokio::test]
async fn encryption_that_does_not_fit_is_said_in_plain_words() {
    for (server, encryption, words) in [
        (Security::None, "tls", "does not speak TLS here"),
        (Security::StartTls, "tls", "does not speak TLS here"),
        (Security::Tls, "none", "expects TLS from the first byte"),
        (Security::Tls, "starttls", "expects TLS from the first byte"),
        (Security::None, "starttls", "does not offer STARTTLS"),
    ] {
        let smtp = SmtpServer::start(server, false).await;
        let mut settings = Settings::new();
        smtp.configure(&mut settings);
        settings.set("SMTP_ENCRYPTION", encryption);
        let output = settings.run(&["send-test"]).await;
        let told = String::from_utf8_lossy(&output.stderr);
        assert!(!output.status.success() && told.contains(words), "{server:?} {encryption}: {told}");
    }
}
