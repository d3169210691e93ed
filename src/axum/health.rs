//! Is the process alive, and can it answer?

use std::convert::Infallible;
use std::fmt;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use std::time::Duration;

use ::http::header::{ALLOW, CACHE_CONTROL, HeaderValue};
use ::http::{Method, Request, Response, StatusCode};
use axum_core::body::Body;
use tower_service::Service;

use super::Shutdown;
use super::respond::{come_back, json};
use crate::error::ErrorKind;
use crate::session::Session;

/// The answer of [`Liveness`] and [`Readiness`]: it is there at once.
pub type HealthFuture = Ready<Result<Response<Body>, Infallible>>;

/// Answers 200 as long as the process answers at all, whatever the database does: a process that waits for its database must not be restarted for that.
///
/// For `Router::route_service`. GET and HEAD; other methods are 405.
#[derive(Clone, Copy, Debug, Default)]
pub struct Liveness;

/// Answers 200 when a node nearby would answer ([`Session::check_ready`]), else 503 with `Retry-After: 1` and why, in general words. It asks nobody and takes
/// microseconds.
///
/// A session made by [`Session::from_service`], which knows no nodes, is ready until it is closed. For `Router::route_service`. GET and HEAD; other methods
/// are 405.
#[derive(Clone)]
pub struct Readiness {
    session: Session,
    shutdown: Option<Shutdown>,
}

impl fmt::Debug for Readiness {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Readiness")
            .field("problem", &self.problem())
            .field("shutdown", &self.shutdown)
            .finish_non_exhaustive()
    }
}

impl Readiness {
    /// The readiness of this session.
    #[must_use]
    pub const fn new(session: Session) -> Self {
        Self {
            session,
            shutdown: None,
        }
    }

    /// Answers 503 from the moment this shutdown has begun, so that load balancers look elsewhere while it still
    /// [accepts](Shutdown::linger).
    #[must_use]
    pub fn with_shutdown(mut self, shutdown: &Shutdown) -> Self {
        self.shutdown = Some(shutdown.clone());
        self
    }

    /// Why it is not ready, in words that say nothing of the cluster.
    fn problem(&self) -> Option<&'static str> {
        if self.shutdown.as_ref().is_some_and(Shutdown::has_begun) {
            return Some("shutting down");
        }
        Some(match self.session.unready()?.kind() {
            ErrorKind::Closed => "shutting down",
            ErrorKind::Connect => "not connected to the database yet",
            _ => "the database does not answer",
        })
    }
}

fn answer<B>(
    request: &Request<B>,
    problem: impl FnOnce() -> Option<&'static str>,
    well: &str,
) -> HealthFuture {
    let mut response = if request.method() != Method::GET && request.method() != Method::HEAD {
        let body = r#"{"error":"method not allowed"}"#;
        let mut response = json(StatusCode::METHOD_NOT_ALLOWED, body);
        response
            .headers_mut()
            .insert(ALLOW, HeaderValue::from_static("GET, HEAD"));
        response
    } else {
        match problem() {
            None => json(StatusCode::OK, format!(r#"{{"status":"{well}"}}"#)),
            Some(why) => {
                let body = format!(r#"{{"status":"unavailable","reason":"{why}"}}"#);
                let mut response = json(StatusCode::SERVICE_UNAVAILABLE, body);
                come_back(&mut response, Duration::from_secs(1));
                response
            }
        }
    };
    // The next one who asks wants to know how it is then.
    response
        .headers_mut()
        .insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    ready(Ok(response))
}

impl<B> Service<Request<B>> for Liveness {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = HealthFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> HealthFuture {
        answer(&request, || None, "alive")
    }
}

impl<B> Service<Request<B>> for Readiness {
    type Response = Response<Body>;
    type Error = Infallible;
    type Future = HealthFuture;

    fn poll_ready(&mut self, _cx: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<B>) -> HealthFuture {
        answer(&request, || self.problem(), "ready")
    }
}
