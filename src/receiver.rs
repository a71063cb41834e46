// Copyright (C) 2026 Nethesis S.r.l.
// SPDX-License-Identifier: GPL-3.0-or-later

//! The receiver: the HTTP surface of the service.
//!
//! [`routes`] is all of it as one filter, which tests can call without a socket; [`server`] serves it with its limits. A
//! handler answers everything about its path itself; here, only what no path or method fits is answered.

mod access;
mod alert;
mod answer;
mod api;
mod bodies;
mod connections;
mod context;
mod incidents;
mod page;
mod plans;
mod resend;
mod restore_points;
pub mod server;
mod stream;

use std::{convert::Infallible, sync::Arc};

use warp::{
    Filter, Rejection, Reply,
    filters::{BoxedFilter, path::FullPath},
    http::{HeaderMap, HeaderValue, Method, StatusCode, header},
    reply::Response,
};

pub use self::context::Receiver;
use self::{
    access::Denied,
    answer::{BEARER, error},
};

/// Every path of the service. What no path fits is answered with 404, another method than a path's own with 405.
pub fn routes(
    receiver: Arc<Receiver>,
) -> impl Filter<Extract = (impl Reply,), Error = Infallible> + Clone + Send + Sync + 'static {
    alert(Arc::clone(&receiver))
        .or(allowed(Arc::clone(&receiver)).and(others(receiver)))
        .unify()
        .recover(async |rejection: Rejection| Ok::<_, Infallible>(rejected(&rejection)))
        .unify()
}

/// Every path but that of alerts, which also takes care of a body that it refuses.
fn others(receiver: Arc<Receiver>) -> BoxedFilter<(Response,)> {
    reading(warp::path!("healthz"), &receiver, api::healthz)
        .or(reading(warp::path!("readyz"), &receiver, api::readyz))
        .unify()
        .or(metrics(Arc::clone(&receiver)))
        .unify()
        .or(reading(warp::path::end(), &receiver, page::page))
        .unify()
        .or(reading(warp::path!("api" / "status"), &receiver, api::status))
        .unify()
        .or(reading(warp::path!("api" / "plans"), &receiver, api::plans))
        .unify()
        .or(reading(warp::path!("api" / "incidents"), &receiver, api::incidents))
        .unify()
        .or(reading(warp::path!("api" / "gaps"), &receiver, api::gaps))
        .unify()
        .or(reading(warp::path!("api" / "restore-points"), &receiver, api::restore_points))
        .unify()
        .or(reports(Arc::clone(&receiver)))
        .unify()
        .or(report(Arc::clone(&receiver)))
        .unify()
        .or(send(receiver))
        .unify()
        .boxed()
}

/// A request that is not allowed.
#[derive(Debug)]
struct NotAllowed(Denied);

impl warp::reject::Reject for NotAllowed {}

/// Lets through what is allowed.
fn allowed(receiver: Arc<Receiver>) -> BoxedFilter<()> {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::any()
        .and(with(receiver))
        .and(warp::method())
        .and(warp::path::full())
        .and(query)
        .and(warp::header::headers_cloned())
        .and_then(
            async |receiver: Arc<Receiver>,
                   method: Method,
                   path: FullPath,
                   query: String,
                   headers: HeaderMap| {
                let allowed = receiver.access.check(&method, path.as_str(), &query, &headers);
                allowed.map_err(|denied| warp::reject::custom(NotAllowed(denied)))
            },
        )
        .untuple_one()
        .boxed()
}

fn rejected(rejection: &Rejection) -> Response {
    let Some(NotAllowed(denied)) = rejection.find() else {
        return error(StatusCode::NOT_FOUND, "no such path");
    };
    let mut answer = error(denied.status(), denied);
    if *denied == Denied::Token {
        answer.headers_mut().insert(header::WWW_AUTHENTICATE, BEARER);
    }
    answer
}

// Each route is boxed: a chain of them would hold the future of every handler in every other's, on the stack.

/// `POST /alert`
fn alert(receiver: Arc<Receiver>) -> BoxedFilter<(Response,)> {
    warp::path!("alert")
        .and(warp::method())
        .and(with(receiver))
        .and(warp::header::headers_cloned())
        .and(warp::body::stream())
        .then(async |method: Method, receiver: Arc<Receiver>, headers, body| match method {
            Method::POST => alert::receive(&receiver, &headers, body).await,
            _ => method_not_allowed("POST"),
        })
        .boxed()
}

/// `GET /metrics`
fn metrics(receiver: Arc<Receiver>) -> BoxedFilter<(Response,)> {
    let accept = warp::header::optional("accept");
    warp::path!("metrics")
        .and(warp::method())
        .and(with(receiver))
        .and(accept)
        .then(async |method: Method, receiver: Arc<Receiver>, accept| match is_reading(&method) {
            true => api::metrics(receiver, accept).await,
            false => method_not_allowed("GET, HEAD"),
        })
        .boxed()
}

/// `GET /api/reports`
fn reports(receiver: Arc<Receiver>) -> BoxedFilter<(Response,)> {
    let query = warp::query::raw().or(warp::any().map(String::new)).unify();
    warp::path!("api" / "reports")
        .and(warp::method())
        .and(with(receiver))
        .and(query)
        .then(async |method: Method, receiver: Arc<Receiver>, query: String| match is_reading(&method) {
            true => api::reports(&receiver, &query).await,
            false => method_not_allowed("GET, HEAD"),
        })
        .boxed()
}

/// `GET /api/reports/<id>`
fn report(receiver: Arc<Receiver>) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "reports" / String)
        .and(warp::method())
        .and(with(receiver))
        .then(async |id: String, method: Method, receiver: Arc<Receiver>| match is_reading(&method) {
            true => api::report(&receiver, &id).await,
            false => method_not_allowed("GET, HEAD"),
        })
        .boxed()
}

/// `POST /api/reports/<id>/send`
fn send(receiver: Arc<Receiver>) -> BoxedFilter<(Response,)> {
    warp::path!("api" / "reports" / String / "send")
        .and(warp::method())
        .and(with(receiver))
        .then(async |id: String, method: Method, receiver: Arc<Receiver>| match method {
            Method::POST => api::send(&receiver, &id).await,
            _ => method_not_allowed("POST"),
        })
        .boxed()
}

/// `GET` of a path without parameters.
fn reading<Path, Handler, Answer>(
    path: Path,
    receiver: &Arc<Receiver>,
    handler: Handler,
) -> BoxedFilter<(Response,)>
where
    Path: Filter<Extract = (), Error = Rejection> + Clone + Send + Sync + 'static,
    Handler: Fn(Arc<Receiver>) -> Answer + Copy + Send + Sync + 'static,
    Answer: Future<Output = Response> + Send + 'static,
{
    path.and(warp::method())
        .and(with(Arc::clone(receiver)))
        .then(move |method: Method, receiver: Arc<Receiver>| async move {
            match is_reading(&method) {
                true => handler(receiver).await,
                false => method_not_allowed("GET, HEAD"),
            }
        })
        .boxed()
}

fn with(receiver: Arc<Receiver>) -> impl Filter<Extract = (Arc<Receiver>,), Error = Infallible> + Clone {
    warp::any().map(move || Arc::clone(&receiver))
}

/// HEAD is GET without the body, which hyper leaves out.
fn is_reading(method: &Method) -> bool {
    matches!(*method, Method::GET | Method::HEAD)
}

fn method_not_allowed(allowed: &'static str) -> Response {
    let mut answer = error(StatusCode::METHOD_NOT_ALLOWED, format!("allowed here: {allowed}"));
    answer.headers_mut().insert(header::ALLOW, HeaderValue::from_static(allowed));
    answer
}

#[cfg(test)]
mod tests;
