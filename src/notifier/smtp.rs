//! One conversation with the mail server, as NS8's smarthost settings want it.
//!
//! lettre speaks the protocol. The order of commands is ours, as its own `send` gives up on everybody when one recipient is
//! refused.

use std::{error::Error as _, fmt, time::Duration};

use lettre::{
    Address,
    transport::smtp::{
        Error,
        authentication::{Credentials, Mechanism},
        client::{AsyncSmtpConnection, TlsParameters},
        commands::{Data, Mail, Rcpt},
        extension::{ClientId, Extension, MailBodyParameter, MailParameter},
    },
};
use secrecy::ExposeSecret;

use crate::config::{Encryption, SmtpSettings};

/// How long connecting and each TLS handshake may take.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(30);
/// How long a whole conversation may take. Servers are slow at the end of DATA, where some scan the mail.
const CONVERSATION_TIMEOUT: Duration = Duration::from_secs(180);
/// How long we wait for a goodbye after the mail was taken.
const QUIT_TIMEOUT: Duration = Duration::from_secs(2);

/// What became of the mail for one recipient.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RecipientResult {
    /// The server has taken it over.
    Accepted,
    /// Not now (4xx).
    Deferred(String),
    /// Never (5xx).
    Refused(String),
}

/// Why no recipient could even be asked about, in the server's words where it said any.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{what}: {reason}")]
pub struct Failure {
    /// What was attempted.
    pub what: String,
    /// What came of it.
    pub reason: String,
}

impl Failure {
    fn new(what: impl fmt::Display, error: &Error) -> Self {
        Self { what: what.to_string(), reason: reason(error) }
    }
}

/// A mail server.
#[derive(Debug, Clone)]
pub struct MailServer {
    settings: SmtpSettings,
}

impl MailServer {
    /// The server of these settings; nothing is asked yet.
    pub fn new(settings: SmtpSettings) -> Self {
        Self { settings }
    }

    /// Connects, secures the connection, and logs in, as configured; then leaves.
    ///
    /// # Errors
    /// [`Failure`]
    pub async fn check(&self) -> Result<(), Failure> {
        self.within_time(async {
            let connection = self.connect().await?;
            leave(connection).await;
            Ok(())
        })
        .await
    }

    /// Gives a mail to the server for these recipients, and says what became of it for each, in their order.
    ///
    /// # Errors
    /// [`Failure`] when nobody has it: the server can't be reached, does not let us in, or does not take the mail.
    pub async fn send(
        &self,
        from: &Address,
        recipients: &[Address],
        message: &[u8],
    ) -> Result<Vec<RecipientResult>, Failure> {
        self.within_time(async {
            let mut connection = self.connect().await?;
            let results = transaction(&mut connection, from, recipients, message).await;
            match results {
                Ok(results) => {
                    leave(connection).await;
                    Ok(results)
                }
                Err(failure) => {
                    connection.abort().await;
                    Err(failure)
                }
            }
        })
        .await
    }

    async fn within_time<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        tokio::time::timeout(CONVERSATION_TIMEOUT, work).await.unwrap_or_else(|_| {
            Err(Failure {
                what: self.name(),
                reason: format!(
                    "the conversation took longer than {} seconds",
                    CONVERSATION_TIMEOUT.as_secs()
                ),
            })
        })
    }

    /// The server as logs and errors call it.
    fn name(&self) -> String {
        format!("mail server {}:{}", self.host(), self.settings.port)
    }

    fn host(&self) -> &str {
        self.settings.host.as_deref().unwrap_or_default()
    }

    async fn connect(&self) -> Result<AsyncSmtpConnection, Failure> {
        let SmtpSettings { encryption, .. } = self.settings;
        let what = |step: &str| format!("{step} {} with {encryption}", self.name());
        let hello = ClientId::default();
        let tls = match encryption {
            Encryption::None => None,
            Encryption::StartTls | Encryption::Tls => Some(self.tls()?),
        };
        let implicit = tls.clone().filter(|_| encryption == Encryption::Tls);
        let connect = AsyncSmtpConnection::connect_tokio1(
            (self.host(), self.settings.port),
            Some(CONNECT_TIMEOUT),
            &hello,
            implicit,
            None,
        );
        let mut connection = tokio::time::timeout(CONNECT_TIMEOUT, connect)
            .await
            .map_err(|_| Failure {
                what: what("connecting to"),
                reason: format!("no answer within {} seconds", CONNECT_TIMEOUT.as_secs()),
            })?
            .map_err(|error| Failure::new(what("connecting to"), &error))?;
        if encryption == Encryption::StartTls
            && let Some(tls) = tls
        {
            connection
                .starttls(tls, &hello)
                .await
                .map_err(|error| Failure::new(what("securing the connection to"), &error))?;
        }
        if let Some(username) = &self.settings.username {
            let password = self.settings.password.expose_secret().to_owned();
            let credentials = Credentials::new(username.clone(), password);
            connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await.map_err(|error| {
                let failure = Failure::new(format!("logging in to {} as {username}", self.name()), &error);
                Failure { reason: without_credentials(&failure.reason), ..failure }
            })?;
        }
        Ok(connection)
    }

    fn tls(&self) -> Result<TlsParameters, Failure> {
        let verify = self.settings.tls_verify;
        TlsParameters::builder(self.host().to_owned())
            .dangerous_accept_invalid_certs(!verify)
            .dangerous_accept_invalid_hostnames(!verify)
            .build_rustls()
            .map_err(|error| Failure::new(format!("preparing TLS for {}", self.name()), &error))
    }
}

/// Gives the mail over in one transaction: those recipients that the server takes get it together.
async fn transaction(
    connection: &mut AsyncSmtpConnection,
    from: &Address,
    recipients: &[Address],
    message: &[u8],
) -> Result<Vec<RecipientResult>, Failure> {
    let addresses = || recipients.iter().chain([from]);
    let mut parameters = Vec::new();
    if !addresses().all(|address| AsRef::<str>::as_ref(address).is_ascii()) {
        if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
            let reason = "the server does not support addresses with such letters (SMTPUTF8)".into();
            return Err(Failure { what: "sending to an address with letters beyond ASCII".into(), reason });
        }
        parameters.push(MailParameter::SmtpUtfEight);
    }
    if !message.is_ascii() {
        parameters.push(MailParameter::Body(MailBodyParameter::EightBitMime));
    }
    connection
        .command(Mail::new(Some(from.clone()), parameters))
        .await
        .map_err(|error| Failure::new(format!("sending as {from}"), &error))?;

    let mut results = Vec::with_capacity(recipients.len());
    for recipient in recipients {
        results.push(match connection.command(Rcpt::new(recipient.clone(), Vec::new())).await {
            Ok(_) => RecipientResult::Accepted,
            Err(error) if error.is_permanent() => RecipientResult::Refused(reason(&error)),
            Err(error) if error.is_transient() => RecipientResult::Deferred(reason(&error)),
            Err(error) => return Err(Failure::new(format!("sending to {recipient}"), &error)),
        });
    }
    if results.contains(&RecipientResult::Accepted) {
        connection.command(Data).await.map_err(|error| Failure::new("sending the mail", &error))?;
        connection.message(message).await.map_err(|error| Failure::new("sending the mail", &error))?;
    }
    Ok(results)
}

/// Says goodbye. The mail is delivered; what becomes of the connection does not matter.
async fn leave(mut connection: AsyncSmtpConnection) {
    let _ = tokio::time::timeout(QUIT_TIMEOUT, connection.quit()).await;
}

/// Some servers repeat the command that they refuse, and AUTH holds the password: what may be Base64 is left out.
fn without_credentials(words: &str) -> String {
    const SHORTEST: usize = 16;
    let is_base64 = |c: char| c.is_ascii_alphanumeric() || "+/=".contains(c);
    let mut kept = String::with_capacity(words.len());
    for part in words.split_inclusive(|c: char| !is_base64(c)) {
        let body = part.trim_end_matches(|c: char| !is_base64(c));
        if body.len() < SHORTEST {
            kept.push_str(part);
        } else {
            kept.push('…');
            kept.push_str(&part[body.len()..]);
        }
    }
    kept
}

/// The reason within lettre's error: the server's words, or what failed underneath.
fn reason(error: &Error) -> String {
    let mut texts = vec![error.to_string()];
    let mut source = error.source();
    while let Some(inner) = source {
        let text = inner.to_string();
        if !texts.iter().any(|known| known.contains(&text)) {
            texts.push(text);
        }
        source = inner.source();
    }
    crate::text::one_line(&texts.join(": "), 500)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_repeated_auth_command_does_not_bring_the_password_into_a_log() {
        let words = "535 5.7.8 AUTH PLAIN AHVzZXIAY29ycmVjdCBob3JzZQ== refused: authentication failed";
        assert_eq!(without_credentials(words), "535 5.7.8 AUTH PLAIN … refused: authentication failed");
    }
}
