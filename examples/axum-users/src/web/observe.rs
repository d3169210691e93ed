//! What every request passes: figures and log lines, and the refusal of those that come when the application ends.

use std::sync::{Arc, LazyLock};
use std::time::Duration;

use axum::extract::{MatchedPath, Request, State};
use axum::http::header::CONNECTION;
use axum::http::{HeaderValue, StatusCode};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use metrics::Gauge;
use tokio::time::Instant;
use tracing::{debug, warn};

use crate::errors::ApiError;
use crate::state::AppState;

/// A request that is being answered; also one whose client goes away.
struct InFlight<'a>(&'a Gauge);

impl Drop for InFlight<'_> {
    fn drop(&mut self) {
        self.0.decrement(1.0);
    }
}

static NO_ROUTE: LazyLock<Arc<str>> = LazyLock::new(|| Arc::from("none"));

/// Counts and times requests, and tells of those that failed.
pub(crate) async fn count(State(state): State<AppState>, request: Request, next: Next) -> Response {
    let began = Instant::now();
    let method = request.method().clone();
    let path = request.extensions().get::<MatchedPath>();
    let route = path.map_or_else(|| Arc::clone(&NO_ROUTE), |path| Arc::from(path.as_str()));
    state.http.in_flight.increment(1.0);
    let in_flight = InFlight(&state.http.in_flight);
    let response = next.run(request).await;
    drop(in_flight);
    let (status, took) = (response.status(), began.elapsed());
    state.http.record(&method, &route, status, took);
    if status.is_server_error() {
        warn!(%method, route = &*route, status = status.as_u16(), ?took, "request failed");
    } else {
        debug!(%method, route = &*route, status = status.as_u16(), ?took, "request answered");
    }
    response
}

/// Refuses requests that come when the application ends, and has their connections closed. Those under way go on.
pub(crate) async fn refuse_late(State(state): State<AppState>, request: Request, next: Next) -> Response {
    if !state.shutdown.has_begun() {
        return next.run(request).await;
    }
    // How it is going is asked until the end.
    let path = request.uri().path();
    let mut response = if matches!(path, "/healthz" | "/readyz" | "/metrics") {
        next.run(request).await
    } else {
        ApiError::Busy("shutting down", Duration::from_secs(1)).into_response()
    };
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        let close = HeaderValue::from_static("close");
        response.headers_mut().insert(CONNECTION, close);
    }
    response
}
