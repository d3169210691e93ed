//! Values that are cached, and writes that are done later.

use std::sync::Arc;

use axum::Json;
use axum::extract::rejection::PathRejection;
use axum::extract::{Path, State};
use axum::http::StatusCode;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;
use uuid::Uuid;

use crate::cache::Found;
use crate::described::{BodyErrors, ParamErrors};
use crate::errors::{ApiError, ErrorBody};
use crate::extract::{Body, Check, Db, Problems};
use crate::state::AppState;
use crate::store::Time;

const LONGEST_KEY: usize = 128;
const LONGEST_VALUE: usize = 10_000;

/// A key as it stands in the path.
fn key(path: Result<Path<String>, PathRejection>) -> Result<String, ApiError> {
    let Path(key) = path.map_err(|_| ApiError::Bad("Invalid key"))?;
    let mut problems = Problems::default();
    problems.text("key", &key, LONGEST_KEY);
    problems.end().map(|()| key)
}

/// A value and where it came from.
#[derive(Serialize, ToSchema)]
pub(crate) struct Cached {
    key: String,
    value: String,
    /// `hit` or `miss`.
    cache: &'static str,
}

impl Cached {
    fn new(key: String, value: &str, cache: &'static str) -> Self {
        let value = value.to_owned();
        Self { key, value, cache }
    }
}

/// A value, from the cache if it was read within the last 60 s.
#[utoipa::path(operation_id = "get_cached", get, path = "/cached-data/{key}", params(
    ("key" = String, Path, min_length = 1, max_length = 128, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$"),
), responses((status = 200, body = Cached, description = "as asked"), (status = 404, body = ErrorBody, description = "there is none"), ParamErrors))]
pub(crate) async fn get(
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    db: Db,
) -> Result<Json<Cached>, ApiError> {
    let key = key(path)?;
    let epoch = match state.cache.get(&key) {
        Found::Hit(value) => {
            return Ok(Json(Cached::new(key, &value, "hit")));
        }
        Found::Miss(epoch) => epoch,
    };
    let found = db.session.execute(db.statements.cached.bind((&key,))?).await?;
    let value = found.maybe_first_row::<(Option<String>,)>()?;
    let value = value.and_then(|(value,)| value);
    let value: Arc<str> = value.ok_or(ApiError::NotFound("no such key"))?.into();
    state.cache.put(key.clone(), Arc::clone(&value), epoch);
    Ok(Json(Cached::new(key, &value, "miss")))
}

/// A value to be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct NewValue {
    #[schema(max_length = 10_000)]
    value: String,
}

impl Check for NewValue {
    fn check(&self, problems: &mut Problems) {
        if self.value.chars().count() > LONGEST_VALUE {
            problems.note("value", format!("must have at most {LONGEST_VALUE} characters"));
        }
    }
}

/// Drops a cached value on every way out, also when the client goes away: the write may have been applied.
struct DropEntry<'a>(&'a AppState, &'a str);

impl Drop for DropEntry<'_> {
    fn drop(&mut self) {
        self.0.cache.drop_entry(self.1);
    }
}

/// Writes a value and drops the cached one.
#[utoipa::path(operation_id = "set_cached", post, path = "/cached-data/{key}", params(
    ("key" = String, Path, min_length = 1, max_length = 128, pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$"),
), request_body = NewValue, responses((status = 204, description = "done"), BodyErrors))]
pub(crate) async fn post(
    State(state): State<AppState>,
    path: Result<Path<String>, PathRejection>,
    db: Db,
    Body(body): Body<NewValue>,
) -> Result<StatusCode, ApiError> {
    let key = key(path)?;
    let write = db
        .statements
        .insert_cached
        .bind((&key, body.value, Time::now().0))?;
    let _drop = DropEntry(&state, &key);
    db.session.execute(write.idempotent(true)).await?;
    Ok(StatusCode::NO_CONTENT)
}

/// Something to note.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Note {
    #[schema(
        min_length = 1,
        max_length = 1_000,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$"
    )]
    note: String,
}

impl Check for Note {
    fn check(&self, problems: &mut Problems) {
        problems.text("note", &self.note, 1_000);
    }
}

/// What will be there.
#[derive(Serialize, ToSchema)]
pub(crate) struct Accepted {
    id: Uuid,
    status: &'static str,
}

/// Takes a note that is written after the answer. While the queue is full: 503.
#[utoipa::path(
    post, path = "/background-write", request_body = Note,
    responses((status = 202, body = Accepted, description = "accepted"), BodyErrors)
)]
pub(crate) async fn background_write(
    State(state): State<AppState>,
    db: Db,
    Body(body): Body<Note>,
) -> Result<(StatusCode, Json<Accepted>), ApiError> {
    let id = Uuid::new_v4();
    let write = db
        .statements
        .insert_background
        .bind((id, body.note, Time::now().0))?;
    // Not with the deadline of this request, which is over before the write begins.
    state.background.put(write.idempotent(true))?;
    let status = "accepted";
    Ok((StatusCode::ACCEPTED, Json(Accepted { id, status })))
}
