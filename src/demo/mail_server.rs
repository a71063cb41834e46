// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A mail server that accepts one email and hands it to the demo.

use std::{io, net::SocketAddr};

use tokio::{
    io::{AsyncBufReadExt, AsyncWriteExt, BufReader},
    net::{TcpListener, TcpStream},
    sync::oneshot,
};

/// A server on a free loopback port, for one email.
pub(super) struct MailServer {
    pub address: SocketAddr,
    mail: oneshot::Receiver<Vec<u8>>,
}

impl MailServer {
    pub async fn start() -> io::Result<Self> {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await?;
        let address = listener.local_addr()?;
        let (give, mail) = oneshot::channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(Some(mail)) = converse(stream).await {
                    let _ = give.send(mail);
                    return;
                }
            }
        });
        Ok(Self { address, mail })
    }

    /// Waits for the email.
    pub async fn received(self) -> Vec<u8> {
        self.mail.await.unwrap_or_default()
    }
}

/// One SMTP session (RFC 5321); the email, if one was sent.
async fn converse(stream: TcpStream) -> io::Result<Option<Vec<u8>>> {
    let mut stream = BufReader::new(stream);
    let mut mail = None;
    stream.get_mut().write_all(b"220 demo.acme.example ESMTP\r\n").await?;
    let mut line = String::new();
    while stream.read_line(&mut line).await? > 0 {
        let verb = line.split_whitespace().next().unwrap_or_default().to_ascii_uppercase();
        line.clear();
        let reply: &[u8] = match verb.as_str() {
            "EHLO" => b"250-demo.acme.example\r\n250 8BITMIME\r\n",
            "DATA" => {
                stream.get_mut().write_all(b"354 end with a dot\r\n").await?;
                mail = Some(read_mail(&mut stream).await?);
                b"250 taken\r\n"
            }
            "QUIT" => {
                stream.get_mut().write_all(b"221 bye\r\n").await?;
                break;
            }
            _ => b"250 ok\r\n",
        };
        stream.get_mut().write_all(reply).await?;
    }
    Ok(mail)
}

/// Reads lines up to a single dot; a dot that the client has doubled is made one again.
async fn read_mail(stream: &mut BufReader<TcpStream>) -> io::Result<Vec<u8>> {
    let mut mail = Vec::new();
    loop {
        let mut line = Vec::new();
        if stream.read_until(b'\n', &mut line).await? == 0 || line == b".\r\n" {
            return Ok(mail);
        }
        mail.extend_from_slice(if line.starts_with(b".") { &line[1..] } else { &line });
    }
}
