//! Queries that take long, fail, or run into limits.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tokio::net::TcpListener;
use tokio::time::{Instant, timeout};
use tower_cassandra::{ClusterBuilder, Error, StreamOptions};
use utoipa::{IntoParams, ToSchema};

use crate::described::{Errors, ParamErrors};
use crate::errors::{ApiError, ErrorBody};
use crate::extract::{Check, Db, Params, Problems};
use crate::state::AppState;
use crate::store::Item;

/// What was done.
#[derive(Serialize, ToSchema)]
pub(crate) struct Slow {
    message: &'static str,
    rows: u64,
    seconds: f64,
}

/// Reads the large table in pages of ten rows, again and again, until the time is over. A deadline of the request ends it before.
async fn read_slowly(db: &Db, time: Duration, message: &'static str) -> Result<Json<Slow>, ApiError> {
    let began = Instant::now();
    let mut rows = 0;
    while began.elapsed() < time {
        let all = db.statements.all_items.bind(())?;
        let options = StreamOptions::new().page_size(10);
        let mut items = db.session.stream_with::<Item>(all, options);
        while items.next().await.transpose()?.is_some() && began.elapsed() < time {
            rows += 1;
        }
    }
    Ok(Json(Slow {
        message,
        rows,
        seconds: began.elapsed().as_secs_f64(),
    }))
}

/// A slow query, of about two seconds; `X-Request-Timeout` bounds it.
#[utoipa::path(
    get, path = "/slow_query",
    responses((status = 200, body = Slow, description = "as asked"), Errors)
)]
pub(crate) async fn slow_query(State(state): State<AppState>, db: Db) -> Result<Json<Slow>, ApiError> {
    read_slowly(&db, state.settings.slow_query, "Slow query completed").await
}

/// One of twice that time.
#[utoipa::path(
    get, path = "/long_running_query",
    responses((status = 200, body = Slow, description = "as asked"), Errors)
)]
pub(crate) async fn long_running_query(
    State(state): State<AppState>,
    db: Db,
) -> Result<Json<Slow>, ApiError> {
    read_slowly(&db, state.settings.slow_query * 2, "Long query completed").await
}

/// A query that the database refuses, to see what is told of that: nothing.
#[utoipa::path(
    get, path = "/test/query_error",
    responses((status = 500, body = ErrorBody, description = "it failed"), Errors)
)]
pub(crate) async fn failing_query(State(state): State<AppState>, db: Db) -> Result<(), ApiError> {
    let text = format!("SELECT secret FROM {}.no_such_table", state.settings.keyspace);
    db.session.execute(text).await?;
    Ok(())
}

/// What is limited.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Operation {
    Connect,
    Prepare,
    Execute,
}

/// What, and how long.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Limited {
    #[serde(default = "connect")]
    #[param(inline)]
    operation: Operation,
    /// Seconds.
    #[serde(default = "five")]
    #[param(minimum = 0.1, maximum = 30, default = 5)]
    timeout: f64,
}

const fn connect() -> Operation {
    Operation::Connect
}

const fn five() -> f64 {
    5.0
}

impl Check for Limited {
    fn check(&self, problems: &mut Problems) {
        problems.range("timeout", self.timeout, 0.1, 30.0);
    }
}

/// How it went.
#[derive(Serialize, ToSchema)]
pub(crate) struct LimitReport {
    operation: Operation,
    timeout_seconds: f64,
    /// Whether it was the limit that ended it.
    timed_out: bool,
    seconds: f64,
    message: String,
}

/// Connects to something that never answers.
async fn connect_to_silence(limit: Duration) -> Result<(), Error> {
    let silent = TcpListener::bind("127.0.0.1:0").await.ok();
    let address = silent.as_ref().and_then(|silent| silent.local_addr().ok());
    let point = address.map(|address| address.to_string()).unwrap_or_default();
    let connect = ClusterBuilder::new()
        .contact_points([point])
        .connect_timeout(limit)
        .no_metrics();
    connect.connect().await.map(drop)
}

/// Does something under a limit of time: connects to what is silent, prepares a statement, or reads for longer than the limit.
#[utoipa::path(
    post, path = "/test/timeout", params(Limited),
    responses(
        (status = 200, body = LimitReport, description = "as asked"),
        (status = 500, body = ErrorBody, description = "it failed"),
        ParamErrors,
    )
)]
pub(crate) async fn time_limit(
    State(state): State<AppState>,
    db: Db,
    Params(limited): Params<Limited>,
) -> Result<Json<LimitReport>, ApiError> {
    let _place = state.heavy_place()?;
    let began = Instant::now();
    let limit = Duration::from_secs_f64(limited.timeout);
    let outcome = match limited.operation {
        Operation::Connect => connect_to_silence(limit).await,
        Operation::Prepare => {
            match timeout(limit, db.session.prepare("SELECT now() FROM system.local")).await {
                Ok(result) => result.map(drop),
                Err(_) => return Ok(report(limited, began, true)),
            }
        }
        Operation::Execute => {
            let all = db.statements.all_items.bind(())?.page_size(1_000).deadline(limit);
            db.session.execute(all).await.map(drop)
        }
    };
    match outcome {
        Ok(()) => Ok(report(limited, began, false)),
        Err(error) if error.is_timeout() => Ok(report(limited, began, true)),
        Err(error) => Err(error.into()),
    }
}

fn report(limited: Limited, began: Instant, timed_out: bool) -> Json<LimitReport> {
    let how = if timed_out {
        "timed out after"
    } else {
        "completed within"
    };
    Json(LimitReport {
        operation: limited.operation,
        timeout_seconds: limited.timeout,
        timed_out,
        seconds: began.elapsed().as_secs_f64(),
        message: format!("{how} {} s", limited.timeout),
    })
}
