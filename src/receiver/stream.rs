// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! A connection's bytes, with a time limit for clients that do not take what is sent to them.

use std::{
    io,
    pin::Pin,
    sync::Arc,
    task::{Context, Poll, ready},
    time::Duration,
};

use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::TcpStream,
    time::{Instant, Sleep, sleep_until},
};

use super::connections::Activity;

/// How long a client may take nothing.
const GRACE: Duration = Duration::from_secs(10);
/// How much it must take from then on, in bytes a second: a client that takes a byte now and then holds its answer as well.
const RATE: u64 = 4096;

/// A connection.
pub(super) struct Stream<S = TcpStream> {
    inner: S,
    activity: Arc<Activity>,
    grace: Duration,
    /// Since when the client has not taken all that it was sent, and how many bytes it has taken since.
    waiting: Option<(Instant, u64)>,
    timer: Option<Pin<Box<Sleep>>>,
}

impl<S> Stream<S> {
    pub fn new(inner: S, activity: Arc<Activity>) -> Self {
        Self::with_grace(inner, activity, GRACE)
    }

    fn with_grace(inner: S, activity: Arc<Activity>, grace: Duration) -> Self {
        Self { inner, activity, grace, waiting: None, timer: None }
    }

    /// Notes how a write of `wanted` bytes went, and fails it once the client has taken too long.
    fn note(
        &mut self,
        cx: &mut Context<'_>,
        wanted: usize,
        written: Poll<io::Result<usize>>,
    ) -> Poll<io::Result<usize>> {
        match written {
            Poll::Ready(Ok(taken)) if taken < wanted => {
                let (since, before) = self.waiting.unwrap_or_else(|| (Instant::now(), 0));
                self.waiting = Some((since, before.saturating_add(taken as u64)));
                self.activity.stall(false);
            }
            Poll::Ready(_) => {
                self.waiting = None;
                self.timer = None;
                self.activity.stall(false);
            }
            Poll::Pending => {
                let (since, taken) = *self.waiting.get_or_insert_with(|| (Instant::now(), 0));
                let deadline = since + self.grace + Duration::from_secs(taken / RATE);
                self.activity.stall(true);
                let timer = self.timer.get_or_insert_with(|| Box::pin(sleep_until(deadline)));
                timer.as_mut().reset(deadline);
                ready!(timer.as_mut().poll(cx));
                return Poll::Ready(Err(io::ErrorKind::TimedOut.into()));
            }
        }
        written
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for Stream<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_read(cx, buffer)
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Stream<S> {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write(cx, bytes);
        self.note(cx, bytes.len(), written)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let written = Pin::new(&mut self.inner).poll_write_vectored(cx, slices);
        let wanted = slices.iter().map(|slice| slice.len()).sum();
        self.note(cx, wanted, written)
    }

    fn is_write_vectored(&self) -> bool {
        self.inner.is_write_vectored()
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.inner).poll_shutdown(cx)
    }
}

#[cfg(test)]
mod tests {
    use tokio::io::{AsyncReadExt, AsyncWriteExt, duplex};

    use super::*;

    const SHORT: Duration = Duration::from_millis(300);

    #[tokio::test]
    async fn a_client_that_takes_nothing_is_given_up() {
        let (ours, _theirs) = duplex(1024);
        let mut stream = Stream::with_grace(ours, Arc::default(), SHORT);
        let began = Instant::now();
        let error = stream.write_all(&[0; 5000]).await.unwrap_err();
        assert_eq!(error.kind(), io::ErrorKind::TimedOut);
        assert!(began.elapsed() >= SHORT, "{:?}", began.elapsed());
    }

    #[tokio::test]
    async fn a_slow_client_is_served_and_one_that_takes_a_byte_now_and_then_is_not() {
        for (bytes, is_served) in [(1024, true), (1, false)] {
            let (ours, mut theirs) = duplex(1024);
            let mut stream = Stream::with_grace(ours, Arc::default(), SHORT);
            let reader = tokio::spawn(async move {
                let mut buffer = vec![0; bytes];
                while theirs.read_exact(&mut buffer).await.is_ok() {
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            });
            assert_eq!(stream.write_all(&[0; 40_000]).await.is_ok(), is_served);
            reader.abort();
        }
    }
}
