// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Carries the bytes of a [`Dialogue`] over a connection, within the limits of time.

use std::{io, net::SocketAddr, time::Duration};

use async_trait::async_trait;
use lettre::{Address, AsyncTransport, address};
use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::TcpStream,
    time::{sleep, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use super::{
    auth::Credentials,
    connect,
    dialogue::{Action, Dialogue, EXPECTS_TLS, Ended, Loss, Task},
    envelope::{Envelope, Path},
    hello,
    limits::{Limits, Phase},
    outcome::{Failure, RecipientResult},
    rounds::Rounds,
    settings::{Encryption, SmtpSettings},
    tls,
};

/// How much of a mail is written at once, in bytes; each piece has its own time limit.
const BLOCK: usize = 16 * 1024;

/// How long a check may take: somebody waits for it.
const CHECK: Duration = Duration::from_secs(60);

/// A mail server.
#[derive(Debug, Clone)]
pub struct MailServer {
    settings: SmtpSettings,
    sender_domain: Option<String>,
    limits: Limits,
}

impl MailServer {
    /// The server of these settings, greeted as a host of the sender's domain where this host has no full name; nothing
    /// is asked yet.
    pub fn new(settings: SmtpSettings, sender: &Address) -> Self {
        let sender_domain = super::envelope::ascii_domain(sender.domain()).ok();
        Self { settings, sender_domain, limits: Limits::default() }
    }

    /// The same server with other time limits.
    #[must_use]
    pub fn within(self, limits: Limits) -> Self {
        Self { limits, ..self }
    }

    /// Connects, secures the connection, and logs in, as configured; then leaves.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn check(&self) -> Result<(), Failure> {
        let task = self.task(None);
        let sender = Path { address: String::new(), needs_utf8: false };
        let mut rounds = Rounds::new(&Envelope::new(sender, vec![], &[]));
        let too_long = |_| Failure::new(format!("checking {}", self.name()), "no answer within a minute");
        timeout(CHECK, self.converse(&task, &mut rounds)).await.map_err(too_long)?
    }

    /// Gives a mail to the server for these recipients, and says what became of it for each, in their order.
    ///
    /// # Errors
    /// [`Failure`] when nobody has it, and no recipient is to blame: the server can't be reached, does not let us in, or does not take the mail.
    pub async fn send_to(
        &self,
        from: &Address,
        recipients: &[Address],
        message: &[u8],
    ) -> Result<Vec<RecipientResult>, Failure> {
        let sender = Path::of(from).map_err(|reason| Failure::new(format!("sending as {from}"), reason))?;
        let paths: Vec<_> = recipients.iter().map(Path::of).collect();
        let possible = paths.iter().filter_map(|path| path.as_ref().ok()).cloned().collect();
        let envelope = Envelope::new(sender, possible, message);
        let mut rounds = Rounds::new(&envelope);
        let task = self.task(Some(envelope));
        let mut failure = None;
        while failure.is_none() && rounds.connect() {
            failure = self.converse(&task, &mut rounds).await.err();
        }
        let mut fates = rounds.result(failure)?.into_iter();
        let fate = |path: Result<Path, String>| match path {
            Ok(_) => fates.next().unwrap_or_else(|| RecipientResult::Deferred("not tried".into())),
            Err(reason) => RecipientResult::Refused(reason),
        };
        Ok(paths.into_iter().map(fate).collect())
    }

    fn task(&self, envelope: Option<Envelope>) -> Task {
        let credentials = self
            .settings
            .username
            .clone()
            .map(|user| Credentials { user, password: self.settings.password.clone() });
        Task { server: self.name(), encryption: self.settings.encryption, credentials, envelope }
    }

    /// The server as logs and errors call it.
    fn name(&self) -> String {
        format!("mail server {}:{}", self.host(), self.settings.port)
    }

    fn host(&self) -> &str {
        self.settings.host.as_deref().unwrap_or_default()
    }

    /// One conversation. Where an address answers and its server does not greet, the next address is tried.
    async fn converse(&self, task: &Task, rounds: &mut Rounds) -> Result<(), Failure> {
        let encryption = self.settings.encryption;
        let connecting =
            |reason| Failure::new(format!("connecting to {} with {encryption}", self.name()), reason);
        let tls = match encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Tls => Some(
                tls::connector(self.settings.tls_verify)
                    .map_err(|reason| Failure::new(format!("preparing TLS for {}", self.name()), reason))?,
            ),
        };
        let mut addresses =
            connect::addresses(self.host(), self.settings.port, &self.limits).await.map_err(connecting)?;
        let mut reasons = Vec::new();
        loop {
            let stream = match connect::connect(&mut addresses, &self.limits).await {
                Ok(stream) => stream,
                Err(reason) => {
                    reasons.push(reason);
                    return Err(connecting(reasons.join("; ")));
                }
            };
            let ended = self.converse_over(stream, tls.as_ref(), task, rounds).await?;
            if ended.injected {
                let server = self.name();
                tracing::warn!(server, "plain text came behind STARTTLS, and was thrown away");
            }
            match ended.failure {
                Some(failure) if !ended.greeted && !addresses.is_empty() => reasons.push(failure.reason),
                Some(failure) => {
                    reasons.push(failure.reason);
                    return Err(Failure { what: failure.what, reason: reasons.join("; ") });
                }
                None => return Ok(()),
            }
        }
    }

    async fn converse_over(
        &self,
        stream: TcpStream,
        tls: Option<&TlsConnector>,
        task: &Task,
        rounds: &mut Rounds,
    ) -> Result<Ended, Failure> {
        let (local, peer) = match (stream.local_addr(), stream.peer_addr()) {
            (Ok(local), Ok(peer)) => (local, peer),
            (Err(error), _) | (_, Err(error)) => {
                return Ok(Ended { greeted: false, injected: false, failure: Some(self.broken(&error)) });
            }
        };
        let host = hello::host_name();
        let names = hello::names(host.as_deref(), self.sender_domain.as_deref(), local.ip());
        let mut dialogue = Dialogue::new(task, rounds, names);
        match (self.settings.encryption, tls) {
            (Encryption::Tls, Some(tls)) => match self.secure(stream, tls).await {
                Ok(mut stream) => {
                    self.carry(&mut dialogue, &mut stream, None).await;
                }
                Err(reason) => dialogue.not_secured(&reason),
            },
            (_, tls) => {
                let mut stream = stream;
                let upgrade = self.carry(&mut dialogue, &mut stream, Some(peer)).await;
                if let (true, Some(tls)) = (upgrade, tls) {
                    match self.secure(stream, tls).await {
                        Ok(mut stream) => {
                            dialogue.secured();
                            self.carry(&mut dialogue, &mut stream, None).await;
                        }
                        Err(reason) => dialogue.not_secured(&reason),
                    }
                }
            }
        }
        Ok(dialogue.finish())
    }

    fn broken(&self, error: &io::Error) -> Failure {
        Failure::new(format!("connecting to {}", self.name()), error)
    }

    async fn secure(&self, stream: TcpStream, tls: &TlsConnector) -> Result<TlsStream<TcpStream>, String> {
        let name = tls::server_name(self.host())?;
        match timeout(self.limits.handshake, tls.connect(name, stream)).await {
            Ok(result) => result.map_err(|error| tls::reason(&error)),
            Err(_) => {
                Err(format!("the TLS handshake took longer than {} seconds", self.limits.handshake.as_secs()))
            }
        }
    }

    /// Carries bytes until the conversation is over, or wants TLS: then true. `plain` is the server's address where it is
    /// spoken to in plain text.
    async fn carry<S>(&self, dialogue: &mut Dialogue<'_>, stream: &mut S, plain: Option<SocketAddr>) -> bool
    where
        S: AsyncRead + AsyncWrite + Unpin,
    {
        let mut buffer = vec![0; 4096];
        loop {
            match dialogue.next_action() {
                Action::Write(bytes, phase) => {
                    if let Err(loss) = self.write(stream, &bytes, phase).await {
                        // The server may have said why.
                        if let Ok(Ok(length)) = timeout(self.limits.quit, stream.read(&mut buffer)).await {
                            dialogue.feed(&buffer[..length]);
                        }
                        dialogue.lose(loss);
                    }
                }
                Action::Read(phase) => {
                    let limit = self.limits.of(phase);
                    let silent = async {
                        match plain.filter(|_| phase == Phase::Greeting) {
                            Some(address) => self.expects_tls(address).await,
                            None => std::future::pending().await,
                        }
                    };
                    tokio::select! {
                        // What has come counts, however late it is.
                        biased;
                        read = stream.read(&mut buffer) => match read {
                            Ok(0) => dialogue.lose(Loss::Closed),
                            Ok(length) => dialogue.feed(&buffer[..length]),
                            Err(error) => dialogue.lose(loss(&error)),
                        },
                        () = silent => dialogue.not_greeted(EXPECTS_TLS),
                        () = sleep(limit) => dialogue.lose(Loss::TimedOut),
                    }
                }
                Action::StartTls => return true,
                Action::Close => {
                    let _ = timeout(self.limits.quit, stream.shutdown()).await;
                    return false;
                }
            }
        }
    }

    async fn write<S>(&self, stream: &mut S, bytes: &[u8], phase: Phase) -> Result<(), Loss>
    where
        S: AsyncWrite + Unpin,
    {
        for block in bytes.chunks(BLOCK) {
            let write = async {
                stream.write_all(block).await?;
                stream.flush().await
            };
            match timeout(self.limits.of(phase), write).await {
                Ok(Ok(())) => {}
                Ok(Err(error)) => return Err(loss(&error)),
                Err(_) => return Err(Loss::TimedOut),
            }
        }
        Ok(())
    }

    /// Comes back only if the server at this address, which says nothing, answers to TLS. It is asked over another
    /// connection, once it has had time to greet.
    async fn expects_tls(&self, address: SocketAddr) {
        sleep(self.limits.silence).await;
        let answers = async {
            let tls = tls::connector(false).ok()?;
            let stream = TcpStream::connect(address).await.ok()?;
            self.secure(stream, &tls).await.ok()
        };
        if answers.await.is_none() {
            std::future::pending::<()>().await;
        }
    }
}

/// A mail server is one of lettre's transports. A mail that is accepted for some is no error.
#[async_trait]
impl AsyncTransport for MailServer {
    type Ok = Vec<RecipientResult>;
    type Error = Failure;

    async fn send_raw(&self, envelope: &address::Envelope, email: &[u8]) -> Result<Self::Ok, Failure> {
        let no_sender = || Failure::new("sending the mail", "it has no sender");
        self.send_to(envelope.from().ok_or_else(no_sender)?, envelope.to(), email).await
    }
}

fn loss(error: &io::Error) -> Loss {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    match error.kind() {
        // TLS that ends without a goodbye is closed, too.
        UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe => Loss::Closed,
        _ => Loss::Broken(error.to_string()),
    }
}
