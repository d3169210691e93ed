//! What it is, how it is, and its end.

use axum::Json;
use axum::extract::{Request, State};
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use std::time::Duration;
use tower::ServiceExt;
use tower_cassandra::axum::Readiness;
use utoipa::ToSchema;

use crate::described::Unready;
use crate::errors::ApiError;
use crate::state::AppState;
use crate::store::Time;

/// What this is.
#[derive(Serialize, ToSchema)]
pub(crate) struct Home {
    message: &'static str,
    features: [&'static str; 9],
}

/// What this is.
#[utoipa::path(get, path = "/", responses((status = 200, body = Home, description = "as asked")))]
pub(crate) async fn home() -> Json<Home> {
    Json(Home {
        message: "axum-users is running",
        features: [
            "limits of time per request",
            "retries that respect idempotence",
            "bounded concurrency",
            "streaming with flat memory",
            "signed cursors",
            "metrics for Prometheus",
            "health of the nodes",
            "a session per user",
            "graceful shutdown",
        ],
    })
}

/// How the database is, as the last probes and real requests tell: nobody is asked.
#[derive(Serialize, ToSchema)]
pub(crate) struct Health {
    #[schema(example = "healthy")]
    status: &'static str,
    /// Only where it is true: an answer that is an error says nothing of what is behind the application.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    cassandra_connected: bool,
    healthy_hosts: usize,
    unhealthy_hosts: usize,
    /// Pools of connections that are open.
    total_connections: usize,
    /// Of the last probes; none while there are none.
    avg_latency_ms: Option<f64>,
    timestamp: Time,
}

/// How the database is: 503 when no node would answer.
#[utoipa::path(
    get, path = "/health",
    responses(
        (status = 200, body = Health, description = "as asked"),
        (status = 503, body = Health, description = "not ready"),
    )
)]
pub(crate) async fn health(State(state): State<AppState>) -> Response {
    let health = state.session().health();
    let is_ready = state.session().check_ready().is_ok();
    let latencies = health.nodes.iter().filter_map(|node| node.probe_latency);
    let (count, sum) = latencies.fold((0_u32, Duration::ZERO), |(n, sum), one| (n + 1, sum + one));
    let body = Json(Health {
        status: if is_ready { "healthy" } else { "unhealthy" },
        cassandra_connected: is_ready,
        healthy_hosts: health.healthy,
        unhealthy_hosts: health.unhealthy,
        total_connections: health.nodes.iter().filter(|node| node.connected).count(),
        avg_latency_ms: (count > 0).then(|| sum.as_secs_f64() * 1e3 / f64::from(count)),
        timestamp: Time::now(),
    });
    if is_ready {
        body.into_response()
    } else {
        let retry = [(axum::http::header::RETRY_AFTER, "1")];
        (StatusCode::SERVICE_UNAVAILABLE, retry, body).into_response()
    }
}

/// May requests be sent here? 503 until the tables are there, while no node would answer, and when the application ends. `/healthz` says whether the
/// process is alive.
#[utoipa::path(
    get, path = "/readyz",
    responses((status = 200, description = "yes"), (status = 503, description = "no"))
)]
pub(crate) async fn ready(State(state): State<AppState>, request: Request) -> Response {
    let readiness = Readiness::new(state.session().clone()).with_shutdown(state.shutdown());
    let Ok(response) = readiness.oneshot(request).await;
    if response.status() == StatusCode::OK && !state.is_set_up() {
        return ApiError::Busy("not ready yet", Duration::from_secs(1)).into_response();
    }
    response
}

/// What comes now.
#[derive(Serialize, ToSchema)]
pub(crate) struct Ending {
    message: &'static str,
}

/// Ends the application: requests under way are answered, new ones refused. Whoever may call this may end it; do not show it to strangers.
#[utoipa::path(
    post, path = "/shutdown",
    responses((status = 200, body = Ending, description = "as asked"), Unready)
)]
pub(crate) async fn shutdown(State(state): State<AppState>) -> Json<Ending> {
    state.shutdown().begin();
    Json(Ending {
        message: "Shutdown initiated",
    })
}
