// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! Serving HTTP with limits: on connections, on the size of heads, on the time that a client may take, and on those who read at once.

use std::{
    convert::Infallible,
    io,
    net::IpAddr,
    pin::Pin,
    sync::{
        Arc,
        atomic::{AtomicU32, Ordering},
    },
    task::{Context, Poll},
    time::Duration,
};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::{body::Incoming, server::conn::http1, service::Service};
use hyper_util::{
    rt::{TokioIo, TokioTimer},
    server::graceful::GracefulShutdown,
    service::TowerToHyperService,
};
use tokio::{
    net::{TcpListener, TcpSocket, lookup_host},
    sync::{OwnedSemaphorePermit, Semaphore},
};
use tokio_util::sync::CancellationToken;
use warp::{
    Filter, Reply,
    http::{HeaderValue, Method, Request, Response, StatusCode, header},
};

use super::{
    answer::error,
    connections::{Admitted, Busy, Connections},
    stream::Stream,
};

/// How long a client may take for the head of a request, and how long a kept connection may be idle.
const HEADER_TIMEOUT: Duration = Duration::from_secs(10);
/// The largest head, in bytes. What is read of a body at once is no more, either.
const MAX_HEAD: usize = 16 * 1024;
/// How many headers a request may have.
const MAX_HEADERS: usize = 64;
/// How many requests are answered on one connection before it is closed.
const MAX_REQUESTS: u32 = 100;
/// How many requests other than `POST /alert` are answered at once. Their answers may be large, and ask the journal.
const MAX_READERS: usize = 8;
/// How long another one waits.
const READER_WAIT: Duration = Duration::from_secs(2);
/// How often room is looked for, and the pause in between.
const ROOM_TRIES: u32 = 100;
/// See [`ROOM_TRIES`].
const ROOM_PAUSE: Duration = Duration::from_millis(5);
/// How many connections the kernel holds until they are accepted, at most.
const BACKLOG: u32 = 4096;
/// How long requests in hand may take once the service is to stop.
const SHUTDOWN_TIMEOUT: Duration = Duration::from_secs(2);
/// The pause after the listener failed, for instance for lack of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// Listens on the first address of `host` that is available.
///
/// # Errors
/// Why the last one is not.
pub async fn listen(host: &str, port: u16) -> io::Result<TcpListener> {
    let mut last = io::ErrorKind::AddrNotAvailable.into();
    for address in lookup_host((host, port)).await? {
        let socket = if address.is_ipv4() { TcpSocket::new_v4()? } else { TcpSocket::new_v6()? };
        socket.set_reuseaddr(true)?;
        match socket.bind(address).and_then(|()| socket.listen(BACKLOG)) {
            Ok(listener) => return Ok(listener),
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// Serves `routes` on `listener` until `shutdown`; then accepts nothing more, and lets requests in hand finish.
pub async fn serve<F>(listener: TcpListener, routes: F, shutdown: CancellationToken)
where
    F: Filter<Error = Infallible> + Clone + Send + Sync + 'static,
    F::Extract: Reply,
    F::Future: Send,
{
    let service = TowerToHyperService::new(warp::service(routes));
    let readers = Arc::new(Semaphore::new(MAX_READERS));
    let connections = Arc::new(Connections::new());
    let graceful = GracefulShutdown::new();
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEADER_TIMEOUT)
        .max_buf_size(MAX_HEAD)
        .max_headers(MAX_HEADERS);
    loop {
        let accepted = tokio::select! {
            () = shutdown.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        let (stream, client) = match accepted {
            Ok(accepted) => accepted,
            Err(error) => {
                tracing::warn!(%error, "can't accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Some(admitted) = room(&connections, client.ip()).await else { continue };
        // Answers are small and complete: waiting to fill a packet would only delay them.
        let _ = stream.set_nodelay(true);
        let stream = Stream::new(stream, Arc::clone(&admitted.activity));
        let (close, admitted) = (admitted.close.clone(), Arc::new(admitted));
        let service = Limited {
            inner: service.clone(),
            readers: Arc::clone(&readers),
            connection: admitted,
            requests: AtomicU32::new(0),
        };
        let connection = graceful.watch(http.serve_connection(TokioIo::new(stream), service));
        tokio::spawn(async move {
            tokio::select! {
                ended = connection => if let Err(error) = ended {
                    tracing::debug!(%error, "a connection ended early");
                },
                () = close.cancelled() => {}
            }
        });
        // The new connection is looked at before the next one: in a flood, one that asks for something must not be taken for idle.
        tokio::task::yield_now().await;
    }
    drop(listener);
    if tokio::time::timeout(SHUTDOWN_TIMEOUT, graceful.shutdown()).await.is_err() {
        tracing::warn!("closing connections that are still open");
    }
}

/// Room for a connection, within a moment: those at work are soon done. Meanwhile the kernel holds the others.
async fn room(connections: &Arc<Connections>, client: IpAddr) -> Option<Admitted> {
    for _ in 0..ROOM_TRIES {
        if let Some(admitted) = connections.admit(client) {
            return Some(admitted);
        }
        tokio::time::sleep(ROOM_PAUSE).await;
    }
    tracing::warn!("a connection was refused: all others are at work");
    None
}

/// The routes as one connection sees them.
struct Limited<S> {
    inner: S,
    readers: Arc<Semaphore>,
    connection: Arc<Admitted>,
    requests: AtomicU32,
}

type Answer = Pin<Box<dyn Future<Output = Result<Response<Held>, Infallible>> + Send>>;
type WarpBody = <warp::reply::Response as IntoBody>::Body;

impl<S> Service<Request<Incoming>> for Limited<S>
where
    S: Service<Request<Incoming>, Response = warp::reply::Response, Error = Infallible>
        + Clone
        + Send
        + 'static,
    S::Future: Send,
{
    type Response = Response<Held>;
    type Error = Infallible;
    type Future = Answer;

    fn call(&self, request: Request<Incoming>) -> Self::Future {
        let connection = Arc::clone(&self.connection);
        let is_last = self.requests.fetch_add(1, Ordering::Relaxed) >= MAX_REQUESTS - 1;
        let (inner, readers) = (self.inner.clone(), Arc::clone(&self.readers));
        Box::pin(async move {
            // Whatever readers do, an alert finds its way.
            let needs_place = !(request.uri().path() == "/alert" && request.method() == Method::POST);
            // Whoever waits for a place is not at work: it may have to make room for another connection.
            let place = match needs_place {
                true => match tokio::time::timeout(READER_WAIT, readers.acquire_owned()).await {
                    Ok(Ok(place)) => Some(place),
                    _ => return Ok(hold(busy_with_readers(), None, connection.begin(), is_last)),
                },
                false => None,
            };
            let busy = connection.begin();
            let answer = inner.call(request).await?;
            Ok(hold(answer, place, busy, is_last))
        })
    }
}

fn busy_with_readers() -> warp::reply::Response {
    let mut answer = error(StatusCode::SERVICE_UNAVAILABLE, "too many requests at once; try again");
    answer.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    answer
}

fn hold(
    answer: warp::reply::Response,
    place: Option<OwnedSemaphorePermit>,
    busy: Busy,
    is_last: bool,
) -> Response<Held> {
    let mut answer = answer.map(|body| Held { body, _place: place, _busy: busy });
    if is_last {
        answer.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
    }
    answer
}

/// warp does not name its body.
trait IntoBody {
    type Body;
}

impl<B> IntoBody for Response<B> {
    type Body = B;
}

/// An answer's body. Until all of it is on its way, its connection is busy and its place among the readers taken.
struct Held {
    body: WarpBody,
    _place: Option<OwnedSemaphorePermit>,
    _busy: Busy,
}

impl Body for Held {
    type Data = Bytes;
    type Error = warp::Error;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, warp::Error>>> {
        Pin::new(&mut self.body).poll_frame(cx)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
