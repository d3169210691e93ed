//! Figures for machines and for people.

use std::sync::atomic::Ordering::Relaxed;

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::http::header::{ACCEPT, CONTENT_TYPE};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use serde_json::{Value, json};
use tower_cassandra::monitor::{State as Balance, Status};
use tower_cassandra::observe::Statistics;
use tower_cassandra::prometheus::CONTENT_TYPE as PROMETHEUS;
use utoipa::ToSchema;

use crate::described::Unready;
use crate::errors::ApiError;
use crate::state::AppState;
use crate::store::Time;

fn statistics(statistics: &Statistics) -> Value {
    let all = &statistics.query_performance;
    let top = statistics.top_queries.iter().map(|query| {
        json!({
            "query_hash": query.query_hash,
            "count": query.count,
            "errors": query.errors,
            "avg_duration_ms": query.avg_duration.as_secs_f64() * 1e3,
            "max_duration_ms": query.max_duration.as_secs_f64() * 1e3,
        })
    });
    let hosts = statistics.connection_health.iter().map(|(host, health)| {
        let health = json!({
            "healthy": health.healthy,
            "error_count": health.error_count,
            "total_queries": health.total_queries,
        });
        (host.clone(), health)
    });
    json!({
        "query_performance": {
            "total_queries": all.total_queries,
            "total_errors": all.total_errors,
            "total_cancelled": all.total_cancelled,
            "recent_queries_5min": all.recent_queries_5min,
            "avg_duration_ms": all.avg_duration_ms,
            "min_duration_ms": all.min_duration_ms,
            "max_duration_ms": all.max_duration_ms,
            "success_rate": all.success_rate,
            "queries_per_second": all.queries_per_second,
            "p50_duration_ms": all.p50_duration_ms,
            "p95_duration_ms": all.p95_duration_ms,
            "p99_duration_ms": all.p99_duration_ms,
        },
        "error_summary": statistics.error_summary,
        "top_queries": top.collect::<Vec<_>>(),
        "connection_health": hosts.collect::<serde_json::Map<_, _>>(),
    })
}

fn pools(state: &AppState) -> usize {
    let health = state.session().health();
    health.nodes.iter().filter(|node| node.connected).count()
}

/// All figures as text for Prometheus, or, with `Accept: application/json`, the main ones as JSON.
#[utoipa::path(
    get, path = "/metrics",
    responses(
        (status = 200, content((String = "text/plain"), (Object = "application/json")), description = "as asked"),
    )
)]
pub(crate) async fn metrics(State(state): State<AppState>, headers: HeaderMap) -> Response {
    let (hits, misses, entries) = state.cache.figures();
    let background = state.background.counts();
    let (written, failed) = (background.written.load(Relaxed), background.failed.load(Relaxed));
    let ratio = state.http.error_ratio();
    let accept = headers.get(ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.starts_with("application/json")) {
        let mut figures = statistics(&state.memory.statistics());
        figures["total_requests"] = state.http.requests().into();
        figures["error_rate"] = ratio.into();
        figures["avg_request_duration_ms"] = (state.http.mean_duration().as_secs_f64() * 1e3).into();
        figures["cassandra_connections"] = json!({ "total": pools(&state) });
        figures["cache"] = json!({ "hits": hits, "misses": misses, "entries": entries });
        figures["background_writes"] =
            json!({ "waiting": state.background.waiting(), "written": written, "failed": failed });
        return Json(figures).into_response();
    }
    for (name, count) in [
        ("app_cache_hits_total", hits),
        ("app_cache_misses_total", misses),
        ("app_background_written_total", written),
        ("app_background_failed_total", failed),
    ] {
        state.http.count(name, count);
    }
    for (name, value) in [
        ("http_error_ratio", ratio),
        ("app_connection_pools", pools(&state) as f64),
        ("app_cache_entries", entries as f64),
        ("app_background_waiting", state.background.waiting() as f64),
        ("app_web_sockets", state.open_sockets() as f64),
        ("app_tenant_sessions", state.open_tenants() as f64),
    ] {
        state.http.set(name, value);
    }
    ([(CONTENT_TYPE, PROMETHEUS)], state.exporter.render()).into_response()
}

/// What the collector in memory has seen of the queries: totals, percentiles, errors by kind, the most frequent statements, nodes.
#[utoipa::path(
    get, path = "/metrics/queries",
    responses((status = 200, body = Object, description = "as asked"))
)]
pub(crate) async fn queries(State(state): State<AppState>) -> Json<Value> {
    Json(statistics(&state.memory.statistics()))
}

/// A node.
#[derive(Serialize, ToSchema)]
pub(crate) struct Host {
    address: String,
    datacenter: Option<String>,
    rack: Option<String>,
    #[schema(example = "up")]
    status: &'static str,
    state: &'static str,
    latency_ms: Option<f64>,
    last_check: Option<Time>,
    /// Why it gets no requests, in fixed words.
    #[schema(example = "no connection")]
    error: Option<&'static str>,
    in_flight: u32,
}

/// The nodes.
#[derive(Serialize, ToSchema)]
pub(crate) struct Hosts {
    cluster_name: Option<String>,
    protocol_version: u8,
    hosts: Vec<Host>,
}

/// What anybody may read. What the driver and the nodes said of it may name more than that; it is in the log and on the status page, which is for operators.
const fn trouble(status: Status, balance: Balance) -> Option<&'static str> {
    match (status, balance) {
        (Status::Down, _) => Some("no connection"),
        (Status::Unknown, _) => Some("no answer to the last probe"),
        (_, Balance::Healthy) => None,
        _ => Some("left out for a while"),
    }
}

/// The nodes, as known now.
#[utoipa::path(
    get, path = "/monitoring/hosts",
    responses((status = 200, body = Hosts, description = "as asked"), Unready)
)]
pub(crate) async fn hosts(State(state): State<AppState>) -> Result<Json<Hosts>, ApiError> {
    let health = state.session().monitor()?.health();
    let hosts = health.hosts.into_iter().map(|host| Host {
        address: host.address,
        datacenter: host.datacenter,
        rack: host.rack,
        status: host.status.label(),
        state: host.state.label(),
        latency_ms: host.latency.map(|latency| latency.as_secs_f64() * 1e3),
        last_check: host.checked_at.map(Time::of),
        error: trouble(host.status, host.state),
        in_flight: host.in_flight,
    });
    Ok(Json(Hosts {
        cluster_name: health.cluster_name,
        protocol_version: health.protocol_version,
        hosts: hosts.collect(),
    }))
}

/// How the session is connected.
#[derive(Serialize, ToSchema)]
pub(crate) struct Summary {
    total_hosts: usize,
    up_hosts: usize,
    down_hosts: usize,
    protocol_version: u8,
    max_requests_per_connection: u32,
    note: &'static str,
}

/// How the session is connected.
#[utoipa::path(
    get, path = "/monitoring/summary",
    responses((status = 200, body = Summary, description = "as asked"), Unready)
)]
pub(crate) async fn summary(State(state): State<AppState>) -> Result<Json<Summary>, ApiError> {
    let summary = state.session().monitor()?.connection_summary();
    Ok(Json(Summary {
        total_hosts: summary.total_hosts,
        up_hosts: summary.up_hosts,
        down_hosts: summary.down_hosts,
        protocol_version: summary.protocol_version,
        max_requests_per_connection: summary.max_requests_per_connection,
        note: summary.note,
    }))
}

/// The limit of concurrency.
#[derive(Default, Serialize, ToSchema)]
pub(crate) struct RateLimit {
    rate_limiting_enabled: bool,
    /// Calls at a time.
    limit: usize,
    /// Calls under way.
    running: usize,
    /// Calls that wait.
    queued: usize,
    /// Calls that were admitted so far.
    admitted: u64,
    /// Calls that were refused so far.
    rejected: u64,
}

impl RateLimit {
    pub(crate) fn of(state: &AppState) -> Self {
        let Some(limit) = state.session().limits().concurrency else {
            return Self::default();
        };
        Self {
            rate_limiting_enabled: true,
            limit: limit.limit(),
            running: limit.active(),
            queued: limit.queued(),
            admitted: limit.admitted(),
            rejected: limit.rejected().total(),
        }
    }
}

/// What the limit of concurrency does.
#[utoipa::path(
    get, path = "/rate_limit/status",
    responses((status = 200, body = RateLimit, description = "as asked"))
)]
pub(crate) async fn rate_limit(State(state): State<AppState>) -> Json<RateLimit> {
    Json(RateLimit::of(&state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_a_node_in_trouble_only_fixed_words_are_told() {
        for (status, balance, told) in [
            (Status::Up, Balance::Healthy, None),
            (Status::Up, Balance::Ejected, Some("left out for a while")),
            (Status::Down, Balance::Healthy, Some("no connection")),
            (
                Status::Unknown,
                Balance::Stalled,
                Some("no answer to the last probe"),
            ),
        ] {
            assert_eq!(trouble(status, balance), told);
        }
    }
}
