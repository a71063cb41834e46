// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Connections to Redis that take in no more than a budget of bytes: whatever a key holds, and however it grew since its size was asked
//! for.

use std::{
    io,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    task::{Context, Poll},
};

use deadpool::managed::{self, Metrics, RecycleError, RecycleResult};
use deadpool_redis::redis::{
    AsyncConnectionConfig, Client, ConnectionAddr, ErrorKind, RedisError, RedisResult,
    aio::MultiplexedConnection,
};
use tokio::{
    io::{AsyncRead, AsyncWrite, ReadBuf},
    net::{TcpStream, UnixStream},
    task::AbortHandle,
};

/// How many MiB one reading may take. A cluster of 10 000 applications needs less than half of it.
pub(super) const MAX_MEBIBYTES: usize = 8;

/// Makes connections. They are not used again: readings are rare, and a new connection is cheap and never half dead.
pub(super) struct Connector {
    pub client: Client,
    pub config: AsyncConnectionConfig,
}

/// A connection, and the task that serves it, which ends with it.
pub(super) struct Connection {
    pub redis: MultiplexedConnection,
    driver: AbortHandle,
    is_exceeded: Arc<AtomicBool>,
}

impl Connection {
    /// True when it broke for the budget.
    pub fn is_exceeded(&self) -> bool {
        self.is_exceeded.load(Ordering::Relaxed)
    }
}

impl Drop for Connection {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

impl managed::Manager for Connector {
    type Type = Connection;
    type Error = RedisError;

    async fn create(&self) -> RedisResult<Connection> {
        match self.client.get_connection_info().addr() {
            ConnectionAddr::Tcp(host, port) => {
                let stream = TcpStream::connect((host.as_str(), *port)).await?;
                stream.set_nodelay(true)?;
                self.over(stream).await
            }
            ConnectionAddr::Unix(path) => self.over(UnixStream::connect(path).await?).await,
            _ => {
                Err((ErrorKind::InvalidClientConfig, "only redis:// and redis+unix:// are supported").into())
            }
        }
    }

    async fn recycle(&self, _: &mut Connection, _: &Metrics) -> RecycleResult<RedisError> {
        Err(RecycleError::message("connections are not reused"))
    }
}

impl Connector {
    async fn over(
        &self,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> RedisResult<Connection> {
        let is_exceeded = Arc::new(AtomicBool::new(false));
        let left = MAX_MEBIBYTES.saturating_mul(1024 * 1024);
        let stream = Budgeted { stream, left, is_exceeded: Arc::clone(&is_exceeded) };
        let settings = self.client.get_connection_info().redis_settings();
        let (redis, driver) =
            MultiplexedConnection::new_with_config(settings, stream, self.config.clone()).await?;
        Ok(Connection { redis, driver: tokio::spawn(driver).abort_handle(), is_exceeded })
    }
}

/// A stream of which so many bytes more may be read.
struct Budgeted<S> {
    stream: S,
    left: usize,
    /// Set when more was there. The client reports nothing but a broken connection then.
    is_exceeded: Arc<AtomicBool>,
}

impl<S: AsyncRead + Unpin> AsyncRead for Budgeted<S> {
    fn poll_read(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        let before = buffer.filled().len();
        std::task::ready!(Pin::new(&mut self.stream).poll_read(context, buffer))?;
        let read = buffer.filled().len().saturating_sub(before);
        let Some(left) = self.left.checked_sub(read) else {
            self.is_exceeded.store(true, Ordering::Relaxed);
            return Poll::Ready(Err(io::Error::other("the budget is exceeded")));
        };
        self.left = left;
        Poll::Ready(Ok(()))
    }
}

impl<S: AsyncWrite + Unpin> AsyncWrite for Budgeted<S> {
    fn poll_write(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
        bytes: &[u8],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.stream).poll_write(context, bytes)
    }

    fn poll_flush(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_flush(context)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.stream).poll_shutdown(context)
    }
}
