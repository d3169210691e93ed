//! Many users, with everything that can be set.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tower_cassandra::StreamOptions;
use utoipa::{IntoParams, ToSchema};

use super::load::per_second;
use super::user_streams::{Sample, hundred, limited, thousand};
use crate::described::ParamErrors;
use crate::errors::ApiError;
use crate::extract::{Check, Db, Params, Problems};
use crate::state::AppState;
use crate::store::UserRow;

/// Everything that can be set.
#[derive(Deserialize, IntoParams, Serialize, ToSchema)]
#[into_params(parameter_in = Query)]
pub(crate) struct AdvancedParams {
    #[serde(default = "thousand", skip_serializing)]
    #[param(minimum = 0, maximum = 100_000, default = 1_000)]
    limit: u32,
    /// Rows per page.
    #[serde(default = "hundred")]
    #[param(minimum = 10, maximum = 5_000, default = 100)]
    fetch_size: u32,
    #[param(minimum = 1, maximum = 1_000)]
    max_pages: Option<u64>,
    /// Of the whole query.
    #[param(minimum = 1, maximum = 300)]
    timeout_seconds: Option<f64>,
}

impl Check for AdvancedParams {
    fn check(&self, problems: &mut Problems) {
        problems.range("limit", self.limit, 0, 100_000);
        problems.range("fetch_size", self.fetch_size, 10, 5_000);
        if let Some(pages) = self.max_pages {
            problems.range("max_pages", pages, 1, 1_000);
        }
        if let Some(seconds) = self.timeout_seconds {
            problems.range("timeout_seconds", seconds, 1.0, 300.0);
        }
    }
}

/// How it went.
#[derive(Serialize, ToSchema)]
pub(crate) struct AdvancedMetadata {
    total_returned: usize,
    pages_fetched: u64,
    rows_processed: u64,
    duration_seconds: f64,
    rows_per_second: f64,
    config: AdvancedParams,
}

/// Users with how it went.
#[derive(Serialize, ToSchema)]
pub(crate) struct Advanced {
    users: Vec<Sample>,
    metadata: AdvancedMetadata,
}

/// Users with how it went. It answers when it has them all, so that a limit of time that passes is a 504: only a few such requests at a time.
#[utoipa::path(
    get, path = "/users/stream/advanced", params(AdvancedParams),
    responses((status = 200, body = Advanced, description = "as asked"), ParamErrors)
)]
pub(crate) async fn advanced(
    State(state): State<AppState>,
    db: Db,
    Params(params): Params<AdvancedParams>,
) -> Result<Json<Advanced>, ApiError> {
    let _place = state.heavy_place()?;
    let began = Instant::now();
    let mut options = StreamOptions::new().page_size(params.fetch_size).prefetch(1);
    if let Some(pages) = params.max_pages {
        options = options.max_pages(pages);
    }
    if let Some(seconds) = params.timeout_seconds {
        options = options.deadline(Duration::from_secs_f64(seconds));
    }
    let users = limited(&db.statements.users, params.limit)?;
    let mut rows = db.session.stream_with::<UserRow>(users, options);
    let mut users = Vec::new();
    while users.len() < params.limit as usize
        && let Some(row) = rows.next().await.transpose()?
    {
        users.extend(row.user().map(Sample::from));
    }
    let (handle, took) = (rows.handle(), began.elapsed().as_secs_f64());
    Ok(Json(Advanced {
        metadata: AdvancedMetadata {
            total_returned: users.len(),
            pages_fetched: handle.pages(),
            rows_processed: handle.rows(),
            duration_seconds: took,
            rows_per_second: per_second(handle.rows() as f64, took),
            config: params,
        },
        users,
    }))
}
