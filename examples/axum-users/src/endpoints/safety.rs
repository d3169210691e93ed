//! Errors, ends and cancellations leave open what lies further out. Each check says what it saw.

use axum::Json;
use axum::extract::State;
use futures_util::future::try_join_all;
use serde::Serialize;
use tower_cassandra::{ErrorKind, Session, StreamOptions};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::described::Errors;
use crate::errors::ApiError;
use crate::extract::Db;
use crate::state::AppState;
use crate::store::Item;

pub(super) async fn works(session: &Session) -> bool {
    session.execute("SELECT key FROM system.local").await.is_ok()
}

/// What a failed query left.
#[derive(Serialize, ToSchema)]
pub(crate) struct AfterError {
    test: &'static str,
    session_unchanged: bool,
    session_open: bool,
    /// The kind of the error.
    error_caught: Option<&'static str>,
    session_still_works: bool,
    rows_after_error: u64,
}

/// A query that fails leaves the session open.
#[utoipa::path(
    post, path = "/context_manager_safety/query_error",
    responses((status = 200, body = AfterError, description = "as asked"), Errors)
)]
pub(crate) async fn query_error(State(state): State<AppState>, db: Db) -> Result<Json<AfterError>, ApiError> {
    let session = db.session.session();
    let text = format!("SELECT secret FROM {}.no_such_table", state.settings.keyspace);
    let error = db.session.execute(text).await.err();
    let one = db.session.execute(db.statements.items.bind((1,))?).await;
    Ok(Json(AfterError {
        test: "query_error_session_safety",
        session_unchanged: !session.is_closed() && !state.session().is_closed(),
        session_open: !session.is_closed(),
        error_caught: caught(error.map(|error| error.kind())),
        session_still_works: works(session).await,
        rows_after_error: one.map_or(0, |rows| rows.len() as u64),
    }))
}

fn caught(kind: Option<ErrorKind>) -> Option<&'static str> {
    kind.map(ErrorKind::label)
}

/// A stream that fails leaves the session open, and other streams work.
#[utoipa::path(
    post, path = "/context_manager_safety/streaming_error",
    responses((status = 200, body = AfterError, description = "as asked"), Errors)
)]
pub(crate) async fn streaming_error(
    State(state): State<AppState>,
    db: Db,
) -> Result<Json<AfterError>, ApiError> {
    let session = db.session.session();
    let text = format!("SELECT secret FROM {}.no_such_table", state.settings.keyspace);
    let mut broken = db.session.stream::<(String,)>(text);
    let error = broken.next().await.and_then(Result::err);
    let mut rows = db.session.stream::<Item>(db.statements.items.bind((10,))?);
    let mut count = 0;
    while rows.next().await.transpose()?.is_some() {
        count += 1;
    }
    Ok(Json(AfterError {
        test: "streaming_error_session_safety",
        session_unchanged: !session.is_closed() && !state.session().is_closed(),
        session_open: !session.is_closed(),
        error_caught: caught(error.map(|error| error.kind())),
        session_still_works: works(session).await,
        rows_after_error: count,
    }))
}

/// Rows of a run of their own: 30, ten of each age.
async fn fill(db: &Db, run: Uuid, rows: i32) -> Result<(), ApiError> {
    let inserts = (0..rows).map(|n| {
        let values = (run, n, 20 + n % 3 * 10);
        let insert = db.statements.insert_safety.bind(values)?;
        Ok::<_, tower_cassandra::Error>(insert.idempotent(true))
    });
    let mut many = db.session.execute_many(inserts).concurrency(16);
    while let Some(item) = many.next().await {
        item.result?;
    }
    Ok(())
}

async fn clear(db: &Db, run: Uuid) -> Result<(), ApiError> {
    let delete = db.statements.delete_safety.bind((run,))?.idempotent(true);
    db.session.execute(delete).await?;
    Ok(())
}

/// One of the streams.
#[derive(Serialize, ToSchema)]
pub(crate) struct OneStream {
    age: i32,
    count: usize,
    pages: u64,
}

/// What streams beside each other read.
#[derive(Serialize, ToSchema)]
pub(crate) struct Concurrent {
    test: &'static str,
    streams_completed: usize,
    all_streams_independent: bool,
    results: Vec<OneStream>,
    session_still_open: bool,
}

/// Three filtered streams beside each other, of ten rows each in pages of five.
#[utoipa::path(
    post, path = "/context_manager_safety/concurrent_streams",
    responses((status = 200, body = Concurrent, description = "as asked"), Errors)
)]
pub(crate) async fn concurrent_streams(db: Db) -> Result<Json<Concurrent>, ApiError> {
    let run = Uuid::new_v4();
    fill(&db, run, 30).await?;
    let streams = [20, 30, 40].map(async |age| {
        let of_age = db.statements.safety_of_age.bind((run, age))?;
        let options = StreamOptions::new().page_size(5);
        let mut rows = db.session.stream_with::<(i32,)>(of_age, options);
        let mut count = 0;
        while rows.next().await.transpose()?.is_some() {
            count += 1;
        }
        let pages = rows.handle().pages();
        Ok::<_, ApiError>(OneStream { age, count, pages })
    });
    let results = try_join_all(streams).await?;
    clear(&db, run).await?;
    Ok(Json(Concurrent {
        test: "concurrent_streams",
        streams_completed: results.len(),
        all_streams_independent: results.iter().all(|stream| stream.count == 10),
        results,
        session_still_open: !db.session.session().is_closed(),
    }))
}

/// What a cancelled stream left.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cancelled {
    test: &'static str,
    rows_processed_before_cancel: u64,
    was_cancelled: bool,
    session_still_works: bool,
    total_rows: usize,
    new_stream_worked: bool,
    session_open: bool,
}

/// A stream that is cancelled half-way leaves nothing behind, and the next one works.
#[utoipa::path(
    post, path = "/context_manager_safety/cancellation",
    responses((status = 200, body = Cancelled, description = "as asked"), Errors)
)]
pub(crate) async fn cancellation(db: Db) -> Result<Json<Cancelled>, ApiError> {
    let run = Uuid::new_v4();
    fill(&db, run, 100).await?;
    let of_run = db.statements.safety.bind((run,))?;
    let options = || StreamOptions::new().page_size(5).prefetch(1);
    let mut rows = db.session.stream_with::<(i32,)>(of_run.clone(), options());
    let handle = rows.handle();
    while let Some(row) = rows.next().await {
        row?;
        if handle.rows() == 12 {
            handle.cancel();
        }
    }
    let mut again = db.session.stream_with::<(i32,)>(of_run, options());
    let mut total_rows = 0;
    while again.next().await.transpose()?.is_some() {
        total_rows += 1;
    }
    clear(&db, run).await?;
    let session = db.session.session();
    Ok(Json(Cancelled {
        test: "streaming_cancellation",
        rows_processed_before_cancel: handle.rows(),
        was_cancelled: handle.is_cancelled() && handle.rows() < 100,
        session_still_works: works(session).await,
        total_rows,
        new_stream_worked: total_rows == 100,
        session_open: !session.is_closed(),
    }))
}

/// What is open.
#[derive(Serialize, ToSchema)]
pub(crate) struct Status {
    session_open: bool,
    session_id: String,
    cluster_open: bool,
    cluster_id: String,
    keyspace: String,
}

/// What is open. The ids are those of this process: they change only when it is started anew.
#[utoipa::path(
    get, path = "/context_manager_safety/status",
    responses((status = 200, body = Status, description = "as asked"))
)]
pub(crate) async fn status(State(state): State<AppState>) -> Json<Status> {
    Json(Status {
        session_open: !state.session().is_closed(),
        session_id: format!("{}-session", state.id),
        cluster_open: !state.cluster.is_closed(),
        cluster_id: format!("{}-cluster", state.id),
        keyspace: state.settings.keyspace.clone(),
    })
}
