// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A mail server that is as it should be but for one reply.

use std::{
    io,
    sync::{Arc, Mutex},
};

use rcgen::{CertifiedKey, generate_simple_self_signed};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, AsyncWrite, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    task::JoinHandle,
};
use tokio_rustls::{
    TlsAcceptor,
    rustls::{ServerConfig, pki_types::PrivatePkcs8KeyDer},
};

use super::smtp::Security;

/// The reply that is odd.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum At {
    Greeting,
    /// The first EHLO, where TLS is made by STARTTLS, else the only one.
    Ehlo,
    StartTls,
    /// EHLO after STARTTLS.
    EhloInTls,
    Auth,
    /// The reply to the answer to a challenge.
    AuthAnswer,
    Mail,
    /// The reply to this recipient.
    Rcpt(&'static str),
    Data,
    Dot,
    Quit,
}

/// How it is odd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Odd {
    Says(Vec<u8>),
    /// One byte after the other.
    SaysSlowly(Vec<u8>),
    SaysAndCloses(Vec<u8>),
    Closes,
    /// It says nothing, and waits.
    IsSilent,
}

/// What the server does.
#[derive(Debug, Clone)]
pub struct Script {
    pub security: Security,
    /// The keywords of EHLO, without STARTTLS.
    pub keywords: Vec<&'static str>,
    pub odd: Option<(At, Odd)>,
}

/// Counts what it has taken, which is what it has answered with a 2xx.
pub struct ScriptedServer {
    pub port: u16,
    taken: Arc<Mutex<Vec<String>>>,
    task: JoinHandle<()>,
}

/// Makes what servers with TLS have.
pub fn acceptor(CertifiedKey { cert, signing_key }: &CertifiedKey<rcgen::KeyPair>) -> TlsAcceptor {
    let key = PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into();
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .unwrap();
    TlsAcceptor::from(Arc::new(config))
}

/// A certificate for `localhost`.
pub fn certificate() -> CertifiedKey<rcgen::KeyPair> {
    generate_simple_self_signed(vec!["localhost".into()]).unwrap()
}

impl ScriptedServer {
    pub async fn start(script: Script, tls: TlsAcceptor) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let taken = Arc::new(Mutex::new(Vec::new()));
        let seen = Arc::clone(&taken);
        let task = tokio::spawn(async move {
            // A connection ends with the server.
            let mut connections = tokio::task::JoinSet::new();
            while let Ok((stream, _)) = listener.accept().await {
                let connection = Connection { script: script.clone(), taken: Arc::clone(&seen), to: vec![] };
                connections.spawn(connection.serve(stream, tls.clone()));
            }
        });
        Self { port, taken, task }
    }

    /// To whom it has promised to deliver, in order.
    pub fn taken(&self) -> Vec<String> {
        self.taken.lock().unwrap().clone()
    }
}

impl Drop for ScriptedServer {
    fn drop(&mut self) {
        self.task.abort();
    }
}

struct Connection {
    script: Script,
    taken: Arc<Mutex<Vec<String>>>,
    to: Vec<String>,
}

/// Whether the connection is to go on.
type GoesOn = bool;

impl Connection {
    async fn serve(mut self, stream: TcpStream, tls: TlsAcceptor) -> io::Result<()> {
        stream.set_nodelay(true)?;
        if self.script.security == Security::Tls {
            let mut stream = BufReader::new(tls.accept(stream).await?);
            self.speak(&mut stream, true).await?;
        } else {
            let mut stream = BufReader::new(stream);
            if self.speak(&mut stream, false).await? {
                let mut stream = BufReader::new(tls.accept(stream.into_inner()).await?);
                self.listen(&mut stream, true).await?;
            }
        }
        Ok(())
    }

    async fn speak<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        is_secure: bool,
    ) -> io::Result<bool> {
        if self.reply(stream, At::Greeting, "220 mx.example.org ESMTP").await? {
            return self.listen(stream, is_secure).await;
        }
        Ok(false)
    }

    /// Listens to commands. True: TLS is to be made.
    async fn listen<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        is_secure: bool,
    ) -> io::Result<bool> {
        loop {
            let Some(line) = read_line(stream).await? else { return Ok(false) };
            let verb = line.split_ascii_whitespace().next().unwrap_or_default().to_ascii_uppercase();
            let goes_on = match verb.as_str() {
                "EHLO" => {
                    let at = match (self.script.security, is_secure) {
                        (Security::StartTls, true) => At::EhloInTls,
                        _ => At::Ehlo,
                    };
                    let keywords = self.keywords(is_secure);
                    self.reply(stream, at, &keywords).await?
                }
                "HELO" => self.reply(stream, At::Ehlo, "250 mx.example.org").await?,
                "STARTTLS" if !is_secure => {
                    if self.reply(stream, At::StartTls, "220 go on").await? {
                        return Ok(true);
                    }
                    false
                }
                "AUTH" => self.log_in(stream, &line).await?,
                "MAIL" => {
                    self.to.clear();
                    self.reply(stream, At::Mail, "250 OK").await?
                }
                "RCPT" => self.recipient(stream, &line).await?,
                "DATA" => match self.reply(stream, At::Data, "354 go on").await? {
                    true if self.is_well(At::Data, b'3') => self.mail(stream).await?,
                    goes_on => goes_on,
                },
                "RSET" => {
                    self.to.clear();
                    self.say(stream, b"250 OK\r\n").await?
                }
                "QUIT" => {
                    self.reply(stream, At::Quit, "221 bye").await?;
                    false
                }
                _ => self.say(stream, b"500 what?\r\n").await?,
            };
            if !goes_on {
                stream.shutdown().await?;
                return Ok(false);
            }
        }
    }

    fn keywords(&self, is_secure: bool) -> String {
        let mut lines = vec!["mx.example.org"];
        lines.extend(&self.script.keywords);
        if self.script.security == Security::StartTls && !is_secure {
            lines.push("STARTTLS");
        }
        let last = lines.len() - 1;
        let line =
            |(place, line): (usize, &&str)| format!("250{}{line}", if place == last { ' ' } else { '-' });
        lines.iter().enumerate().map(line).collect::<Vec<_>>().join("\r\n")
    }

    async fn log_in<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        line: &str,
    ) -> io::Result<GoesOn> {
        let challenge = match line.to_ascii_uppercase() {
            line if line.contains("CRAM-MD5") => "334 PGFAbXg+",
            line if line.contains("LOGIN") => "334 UGFzc3dvcmQ6",
            _ => return self.reply(stream, At::Auth, "235 welcome").await,
        };
        if !self.reply(stream, At::Auth, challenge).await? {
            return Ok(false);
        }
        if !self.is_well(At::Auth, b'3') {
            return Ok(true);
        }
        let Some(_) = read_line(stream).await? else { return Ok(false) };
        self.reply(stream, At::AuthAnswer, "235 welcome").await
    }

    async fn recipient<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        line: &str,
    ) -> io::Result<GoesOn> {
        let address = line.split(['<', '>']).nth(1).unwrap_or_default().to_owned();
        let at = match &self.script.odd {
            Some((At::Rcpt(odd), _)) if *odd == address => At::Rcpt(odd),
            _ => At::Rcpt(""),
        };
        if self.is_well(at, b'2') {
            self.to.push(address);
        }
        self.reply(stream, at, "250 OK").await
    }

    async fn mail<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
    ) -> io::Result<GoesOn> {
        loop {
            match read_line(stream).await? {
                None => return Ok(false),
                Some(line) if line == "." => break,
                Some(_) => {}
            }
        }
        if self.is_well(At::Dot, b'2') {
            self.taken.lock().unwrap().append(&mut self.to);
        }
        self.reply(stream, At::Dot, "250 taken").await
    }

    /// Whether the first reply here is all there, and its code begins with this digit.
    fn is_well(&self, at: At, digit: u8) -> bool {
        match &self.script.odd {
            Some((place, odd)) if *place == at => match odd {
                Odd::Says(bytes) | Odd::SaysSlowly(bytes) | Odd::SaysAndCloses(bytes) => {
                    let mut lines = bytes.split_inclusive(|byte| *byte == b'\n');
                    let last = lines.find(|line| line.get(3) != Some(&b'-')).unwrap_or_default();
                    last.len() >= 3 && last[..3].iter().all(u8::is_ascii_digit) && last[0] == digit
                }
                Odd::Closes | Odd::IsSilent => false,
            },
            _ => true,
        }
    }

    async fn reply<S: AsyncRead + AsyncWrite + Unpin>(
        &mut self,
        stream: &mut BufReader<S>,
        at: At,
        text: &str,
    ) -> io::Result<GoesOn> {
        let odd = self.script.odd.as_ref().filter(|(place, _)| *place == at).map(|(_, odd)| odd.clone());
        match odd {
            None => self.say(stream, format!("{text}\r\n").as_bytes()).await,
            Some(Odd::Says(bytes)) => self.say(stream, &bytes).await,
            Some(Odd::SaysSlowly(bytes)) => {
                for byte in bytes {
                    self.say(stream, &[byte]).await?;
                    tokio::task::yield_now().await;
                }
                Ok(true)
            }
            Some(Odd::SaysAndCloses(bytes)) => {
                self.say(stream, &bytes).await?;
                Ok(false)
            }
            Some(Odd::Closes) => Ok(false),
            Some(Odd::IsSilent) => {
                // Until the client has enough of it.
                while read_line(stream).await?.is_some() {}
                Ok(false)
            }
        }
    }

    async fn say<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: &mut BufReader<S>,
        bytes: &[u8],
    ) -> io::Result<GoesOn> {
        stream.write_all(bytes).await?;
        stream.flush().await?;
        Ok(true)
    }
}

async fn read_line<S: AsyncRead + AsyncWrite + Unpin>(
    stream: &mut BufReader<S>,
) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    let length = stream.read_until(b'\n', &mut line).await?;
    Ok((length > 0).then(|| String::from_utf8_lossy(&line).trim_end().to_owned()))
}
