//! The large table: read whole, page by page with a cursor, as lines.

use axum::Json;
use axum::extract::State;
use axum::http::HeaderMap;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use tower_cassandra::{ErrorKind, PageState, StreamOptions};
use utoipa::{IntoParams, ToSchema};

use crate::described::ParamErrors;
use crate::errors::ApiError;
use crate::extract::{Check, Db, Params, Problems};
use crate::state::AppState;
use crate::store::Item;
use crate::web::{Shape, answer_with_rows};

/// Rows per page of answers that are written while they are read.
const PAGE: u32 = 500;

/// How many.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Many {
    #[serde(default = "thousand")]
    #[param(minimum = 1, maximum = 100_000, default = 1_000)]
    limit: i32,
}

const fn thousand() -> i32 {
    1_000
}

impl Check for Many {
    fn check(&self, problems: &mut Problems) {
        problems.range("limit", self.limit, 1, 100_000);
    }
}

/// Items and their number.
#[derive(Serialize, ToSchema)]
#[allow(
    dead_code,
    reason = "only its description is used: it is written while the rows come"
)]
pub(crate) struct Dataset {
    items: Vec<Item>,
    count: u64,
}

fn count(rows: u64, _pages: u64, _page_size: u32) -> String {
    format!("\"count\":{rows}")
}

async fn answer(db: &Db, limit: i32, shape: Shape) -> Result<Response, ApiError> {
    let items = db.statements.items.bind((limit,))?;
    let options = StreamOptions::new().page_size(PAGE).prefetch(1);
    let rows = db.session.stream_with::<Item>(items, options);
    let handle = rows.handle();
    answer_with_rows(rows, handle, PAGE, shape).await
}

/// Many items as one JSON document, written while they are read. With `Accept: application/x-ndjson` a line each.
#[utoipa::path(
    get, path = "/large-dataset", params(Many),
    responses(
        (status = 200, content((Dataset = "application/json"), (String = "application/x-ndjson")), description = "as asked"),
        ParamErrors,
    )
)]
pub(crate) async fn large_dataset(
    db: Db,
    Params(many): Params<Many>,
    headers: HeaderMap,
) -> Result<Response, ApiError> {
    let shape = Shape::asked(&headers, Shape::Object("items", count));
    answer(&db, many.limit, shape).await
}

/// Many items, a line of JSON each, written while they are read. The query stops when the client goes away.
#[utoipa::path(
    get, path = "/stream-data", params(Many),
    responses(
        (status = 200, body = String, content_type = "application/x-ndjson", description = "as asked"),
        ParamErrors,
    )
)]
pub(crate) async fn stream_data(db: Db, Params(many): Params<Many>) -> Result<Response, ApiError> {
    answer(&db, many.limit, Shape::Lines).await
}

/// Which page.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Which {
    #[serde(default = "twenty")]
    #[param(minimum = 1, maximum = 100, default = 20)]
    limit: u32,
    /// `next_cursor` of the page before, with the same limit; none for the first page.
    #[param(max_length = 2_048)]
    cursor: Option<String>,
}

const fn twenty() -> u32 {
    20
}

impl Check for Which {
    fn check(&self, problems: &mut Problems) {
        problems.range("limit", self.limit, 1, 100);
    }
}

/// A page.
#[derive(Serialize, ToSchema)]
pub(crate) struct Page {
    items: Vec<Item>,
    /// Gives the next page; none at the end.
    next_cursor: Option<String>,
}

/// One page of the items. The cursor is the place in the database's own result, signed: one that was not made here is refused.
#[utoipa::path(
    get, path = "/paginated-items", params(Which),
    responses((status = 200, body = Page, description = "as asked"), ParamErrors)
)]
pub(crate) async fn paginated(
    State(state): State<AppState>,
    db: Db,
    Params(which): Params<Which>,
) -> Result<Json<Page>, ApiError> {
    const PURPOSE: &str = "paginated-items";
    let from = match &which.cursor {
        None => PageState::start(),
        Some(cursor) => state.cursors.open(PURPOSE, which.limit, cursor)?,
    };
    let items = db.statements.all_items.bind(())?.page_size(which.limit);
    let page = db.session.execute_page(items, from).await.map_err(|error| {
        // Signed here, but for a statement or a table that has changed since.
        let is_stale = matches!(error.kind(), ErrorKind::Invalid | ErrorKind::Protocol);
        if which.cursor.is_some() && is_stale {
            ApiError::Bad("invalid cursor")
        } else {
            error.into()
        }
    })?;
    let next = page.next();
    Ok(Json(Page {
        items: page.rows()?,
        next_cursor: next.map(|next| state.cursors.sign(PURPOSE, which.limit, next)),
    }))
}
