//! Load that a person can ask for: many queries at the same time, and the same one by one.

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tower_cassandra::{Error, Statement};
use utoipa::{IntoParams, ToSchema};

use super::bulk::LOAD_TEST;
use super::monitoring::RateLimit;
use super::users::NewUser;
use crate::described::ParamErrors;
use crate::errors::ApiError;
use crate::extract::{Check, Db, Params, Problems};
use crate::state::AppState;
use crate::store::Time;

/// So many at a time: what the session admits by default, so that nothing waits in its queue.
const TOGETHER: usize = 64;

/// A number even where nothing took any time.
pub(super) fn per_second(count: f64, seconds: f64) -> f64 {
    count / seconds.max(1e-9)
}

/// How many.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Requests {
    #[serde(default = "hundred")]
    #[param(minimum = 1, maximum = 1_000, default = 100)]
    requests: usize,
}

const fn hundred() -> usize {
    100
}

impl Check for Requests {
    fn check(&self, problems: &mut Problems) {
        problems.range("requests", self.requests, 1, 1_000);
    }
}

/// How it went.
#[derive(Serialize, ToSchema)]
pub(crate) struct Performance {
    requests: usize,
    /// Seconds.
    total_time: f64,
    requests_per_second: f64,
    /// Seconds.
    avg_time_per_request: f64,
    successful_requests: usize,
    /// `async` or `sync`.
    mode: &'static str,
}

impl Performance {
    fn new(requests: usize, began: Instant, successful_requests: usize, mode: &'static str) -> Self {
        let total_time = began.elapsed().as_secs_f64();
        Self {
            requests,
            total_time,
            requests_per_second: per_second(requests as f64, total_time),
            avg_time_per_request: total_time / requests as f64,
            successful_requests,
            mode,
        }
    }
}

/// Queries at the same time.
#[utoipa::path(
    get, path = "/performance/async", params(Requests),
    responses((status = 200, body = Performance, description = "as asked"), ParamErrors)
)]
pub(crate) async fn concurrent(
    State(state): State<AppState>,
    db: Db,
    Params(Requests { requests }): Params<Requests>,
) -> Result<Json<Performance>, ApiError> {
    let _place = state.heavy_place()?;
    let one = db.statements.users.bind((1,))?;
    let began = Instant::now();
    let queries = std::iter::repeat_n(one, requests);
    let mut many = db.session.execute_many(queries).concurrency(TOGETHER);
    let mut done = 0;
    while let Some(item) = many.next().await {
        item.result?;
        done += 1;
    }
    Ok(Json(Performance::new(requests, began, done, "async")))
}

/// The same queries one by one.
#[utoipa::path(
    get, path = "/performance/sync", params(Requests),
    responses((status = 200, body = Performance, description = "as asked"), ParamErrors)
)]
pub(crate) async fn one_by_one(
    State(state): State<AppState>,
    db: Db,
    Params(Requests { requests }): Params<Requests>,
) -> Result<Json<Performance>, ApiError> {
    let _place = state.heavy_place()?;
    let one = db.statements.users.bind((1,))?;
    let began = Instant::now();
    for _ in 0..requests {
        db.session.execute(one.clone()).await?;
    }
    Ok(Json(Performance::new(requests, began, requests, "sync")))
}

/// What a crowd does.
#[derive(Clone, Copy, Deserialize, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Kind {
    Read,
    Write,
}

/// How many do what.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Crowd {
    #[serde(default = "fifty")]
    #[param(minimum = 1, maximum = 500, default = 50)]
    concurrent_requests: usize,
    #[serde(default = "read")]
    #[param(inline)]
    query_type: Kind,
}

const fn fifty() -> usize {
    50
}

const fn read() -> Kind {
    Kind::Read
}

impl Check for Crowd {
    fn check(&self, problems: &mut Problems) {
        problems.range("concurrent_requests", self.concurrent_requests, 1, 500);
    }
}

/// How it went.
#[derive(Serialize, ToSchema)]
pub(crate) struct CrowdSummary {
    concurrent_requests: usize,
    query_type: Kind,
    successful: usize,
    failed: usize,
    duration_seconds: f64,
    requests_per_second: f64,
}

/// How it went, and what the limits did.
#[derive(Serialize, ToSchema)]
pub(crate) struct CrowdReport {
    test_summary: CrowdSummary,
    rate_limit_metrics: RateLimit,
    timestamp: Time,
}

/// Reads, or writes of users that `DELETE /users/cleanup` removes, all at the same time: more than the session admits wait or are refused.
#[utoipa::path(
    post, path = "/test/concurrent_load", params(Crowd),
    responses((status = 200, body = CrowdReport, description = "as asked"), ParamErrors)
)]
pub(crate) async fn crowd(
    State(state): State<AppState>,
    db: Db,
    Params(crowd): Params<Crowd>,
) -> Result<Json<CrowdReport>, ApiError> {
    let _place = state.heavy_place()?;
    let count = crowd.concurrent_requests;
    let one = |index: usize| -> Result<Statement, ApiError> {
        match crowd.query_type {
            Kind::Read => Ok(db.statements.users.bind((1,))?),
            Kind::Write => {
                let user = NewUser {
                    name: format!("{LOAD_TEST}{index}"),
                    email: format!("load{index}@example.org"),
                    age: 25,
                };
                Ok(user.make(&db.statements)?.1)
            }
        }
    };
    let statements = (0..count).map(one).collect::<Result<Vec<_>, _>>()?;
    let began = Instant::now();
    let mut many = db
        .session
        .execute_many(statements.into_iter().map(Ok::<_, Error>))
        .concurrency(count)
        .keep_going();
    let mut successful = 0;
    while let Some(item) = many.next().await {
        successful += usize::from(item.result.is_ok());
    }
    let took = began.elapsed().as_secs_f64();
    Ok(Json(CrowdReport {
        test_summary: CrowdSummary {
            concurrent_requests: count,
            query_type: crowd.query_type,
            successful,
            failed: count - successful,
            duration_seconds: took,
            requests_per_second: per_second(count as f64, took),
        },
        rate_limit_metrics: RateLimit::of(&state),
        timestamp: Time::now(),
    }))
}
