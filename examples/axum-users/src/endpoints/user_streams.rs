//! Many users: as rows, as pages.

use axum::Json;
use axum::http::HeaderMap;
use axum::response::Response;
use futures_util::stream::TryStreamExt;
use serde::{Deserialize, Serialize};
use tower_cassandra::{Prepared, Statement, StreamOptions};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::described::ParamErrors;
use crate::errors::ApiError;
use crate::extract::{Check, Db, Params, Problems};
use crate::store::{User, UserRow};
use crate::web::{Shape, answer_with_rows};

/// How many, and how many at a time.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct StreamParams {
    #[serde(default = "thousand")]
    #[param(minimum = 0, maximum = 10_000, default = 1_000)]
    limit: u32,
    /// Rows per page.
    #[serde(default = "hundred")]
    #[param(minimum = 10, maximum = 1_000, default = 100)]
    fetch_size: u32,
}

pub(super) const fn thousand() -> u32 {
    1_000
}

pub(super) const fn hundred() -> u32 {
    100
}

impl Check for StreamParams {
    fn check(&self, problems: &mut Problems) {
        problems.range("limit", self.limit, 0, 10_000);
        problems.range("fetch_size", self.fetch_size, 10, 1_000);
    }
}

/// The server wants at least 1; a limit of 0 is for the stream to keep.
pub(super) fn limited(users: &Prepared, limit: u32) -> Result<Statement, ApiError> {
    let limit = i32::try_from(limit.max(1)).unwrap_or(i32::MAX);
    Ok(users.bind((limit,))?)
}

/// How the answer came to be.
#[derive(Serialize, ToSchema)]
pub(crate) struct StreamMetadata {
    total_returned: u64,
    pages_fetched: u64,
    fetch_size: u32,
    streaming_enabled: bool,
}

/// Users with how they were read.
#[derive(Serialize, ToSchema)]
#[allow(
    dead_code,
    reason = "only its description is used: it is written while the rows come"
)]
pub(crate) struct StreamedUsers {
    users: Vec<User>,
    metadata: StreamMetadata,
}

fn metadata(total_returned: u64, pages_fetched: u64, fetch_size: u32) -> String {
    let metadata = StreamMetadata {
        total_returned,
        pages_fetched,
        fetch_size,
        streaming_enabled: true,
    };
    let metadata = serde_json::to_string(&metadata).unwrap_or_default();
    format!("\"metadata\":{metadata}")
}

/// Users, written while they are read. With `Accept: application/x-ndjson` a line each.
#[utoipa::path(
    get, path = "/users/stream", params(StreamParams),
    responses(
        (status = 200, content((StreamedUsers = "application/json"), (String = "application/x-ndjson")), description = "as asked"),
        ParamErrors,
    )
)]
pub(crate) async fn rows(
    db: Db,
    Params(params): Params<StreamParams>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let users = limited(&db.statements.users, params.limit)?;
    let options = StreamOptions::new().page_size(params.fetch_size).prefetch(1);
    let rows = db.session.stream_with::<UserRow>(users, options);
    let handle = rows.handle();
    let rows = rows.try_filter_map(|row| std::future::ready(Ok(row.user())));
    let rows = futures_util::StreamExt::take(rows, params.limit as usize);
    let shape = Shape::asked(&headers, Shape::Object("users", metadata));
    answer_with_rows(rows, handle, params.fetch_size, shape).await
}

/// How many, how many at a time, and how often.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct PageParams {
    #[serde(default = "thousand")]
    #[param(minimum = 0, maximum = 10_000, default = 1_000)]
    limit: u32,
    /// Rows per page.
    #[serde(default = "hundred")]
    #[param(minimum = 10, maximum = 1_000, default = 100)]
    fetch_size: u32,
    #[serde(default = "ten")]
    #[param(minimum = 0, maximum = 100, default = 10)]
    max_pages: u32,
}

const fn ten() -> u32 {
    10
}

impl Check for PageParams {
    fn check(&self, problems: &mut Problems) {
        problems.range("limit", self.limit, 0, 10_000);
        problems.range("fetch_size", self.fetch_size, 10, 1_000);
        problems.range("max_pages", self.max_pages, 0, 100);
    }
}

/// One user of a page.
#[derive(Serialize, ToSchema)]
pub(crate) struct Sample {
    id: Uuid,
    name: String,
    email: String,
}

impl From<User> for Sample {
    fn from(user: User) -> Self {
        Self {
            id: user.id,
            name: user.name,
            email: user.email,
        }
    }
}

/// One page.
#[derive(Serialize, ToSchema)]
pub(crate) struct PageInfo {
    page_number: u64,
    rows_in_page: usize,
    sample_user: Option<Sample>,
}

/// How pages were read.
#[derive(Serialize, ToSchema)]
pub(crate) struct PagesMetadata {
    fetch_size: u32,
    max_pages_limit: u32,
    streaming_mode: &'static str,
}

/// What was found on each page.
#[derive(Serialize, ToSchema)]
pub(crate) struct Pages {
    total_rows_processed: usize,
    pages_info: Vec<PageInfo>,
    metadata: PagesMetadata,
}

/// Reads users page by page and tells of each page. It holds one page at a time.
#[utoipa::path(
    get, path = "/users/stream/pages", params(PageParams),
    responses((status = 200, body = Pages, description = "as asked"), ParamErrors)
)]
pub(crate) async fn pages(db: Db, Params(params): Params<PageParams>) -> Result<Json<Pages>, ApiError> {
    let mut answer = Pages {
        total_rows_processed: 0,
        pages_info: Vec::new(),
        metadata: PagesMetadata {
            fetch_size: params.fetch_size,
            max_pages_limit: params.max_pages,
            streaming_mode: "page_by_page",
        },
    };
    if params.limit == 0 || params.max_pages == 0 {
        return Ok(Json(answer));
    }
    let users = limited(&db.statements.users, params.limit)?;
    let options = StreamOptions::new()
        .page_size(params.fetch_size)
        .max_pages(u64::from(params.max_pages));
    let mut pages = db.session.pages_with(users, options);
    while let Some(page) = pages.next().await.transpose()? {
        answer.total_rows_processed += page.len();
        let first = page.rows::<UserRow>()?.into_iter().next();
        answer.pages_info.push(PageInfo {
            page_number: page.number(),
            rows_in_page: page.len(),
            sample_user: first.and_then(UserRow::user).map(Sample::from),
        });
    }
    Ok(Json(answer))
}
