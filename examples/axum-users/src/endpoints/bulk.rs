//! Many users at once.

use axum::Json;
use axum::extract::State;
use axum::http::StatusCode;
use futures_util::stream::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use tower_cassandra::StreamOptions;
use utoipa::ToSchema;
use uuid::Uuid;

use super::users::{NewUser, check_fields};
use crate::described::{BodyErrors, Errors};
use crate::errors::ApiError;
use crate::extract::{Body, Check, Db, Problems, whole};
use crate::state::AppState;
use crate::store::User;

/// Users of one request, and of load tests by name.
const MOST: usize = 1_000;
/// Statements at a time.
const TOGETHER: usize = 32;
/// What the names of users begin with that load tests make.
pub(crate) const LOAD_TEST: &str = "LoadTest";

/// A user to be, of whose age little is known.
#[derive(Deserialize, ToSchema)]
pub(crate) struct BulkUser {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$"
    )]
    name: String,
    #[schema(min_length = 3, max_length = 320, pattern = r"^[!-?A-~]+@[!-?A-~]+$")]
    email: String,
    /// 25 where it is not given.
    #[serde(default = "usual_age", deserialize_with = "whole")]
    #[schema(minimum = 0, maximum = 150, default = 25)]
    age: i32,
}

const fn usual_age() -> i32 {
    25
}

/// Users to be.
#[derive(Deserialize, ToSchema)]
pub(crate) struct Users {
    #[schema(max_items = 1000)]
    users: Vec<BulkUser>,
}

impl Check for Users {
    fn check(&self, problems: &mut Problems) {
        if self.users.len() > MOST {
            problems.note("users", format!("must be at most {MOST}"));
        }
        for (index, user) in self.users.iter().enumerate() {
            let at = format!("users[{index}].");
            check_fields(problems, &at, Some(&user.name), Some(&user.email), Some(user.age));
        }
    }
}

/// What was created.
#[derive(Serialize, ToSchema)]
pub(crate) struct Created {
    created: Vec<User>,
}

/// Creates users, some at a time. It is no batch of the database: each has a partition of its own. After an error some may be there; which ones nobody
/// knows, so the request may be made again and then makes others.
#[utoipa::path(operation_id = "create_users", 
    post, path = "/users/batch", request_body = Users,
    responses((status = 201, body = Created, description = "created"), BodyErrors)
)]
pub(crate) async fn create(
    db: Db,
    Body(users): Body<Users>,
) -> Result<(StatusCode, Json<Created>), ApiError> {
    let mut created = Vec::with_capacity(users.users.len());
    let mut inserts = Vec::with_capacity(users.users.len());
    for BulkUser { name, email, age } in users.users {
        let (user, insert) = NewUser { name, email, age }.make(&db.statements)?;
        created.push(user);
        inserts.push(insert);
    }
    let mut many = db.session.execute_many(inserts).concurrency(TOGETHER);
    while let Some(item) = many.next().await {
        item.result?;
    }
    Ok((StatusCode::CREATED, Json(Created { created })))
}

/// How many were deleted.
#[derive(Serialize, ToSchema)]
pub(crate) struct Deleted {
    deleted: u64,
}

/// Deletes the users that load tests have made: those whose names begin with `LoadTest`. It reads the whole table, page by page.
#[utoipa::path(operation_id = "clean_up_users", 
    delete, path = "/users/cleanup",
    responses((status = 200, body = Deleted, description = "as asked"), Errors)
)]
pub(crate) async fn clean_up(State(state): State<AppState>, db: Db) -> Result<Json<Deleted>, ApiError> {
    let _place = state.heavy_place()?;
    let all = db.statements.user_names.bind(())?;
    let users = db
        .session
        .stream_with::<(Uuid, Option<String>)>(all, StreamOptions::new().prefetch(1));
    let deleted = users
        .try_filter_map(async |(id, name)| {
            let is_ours = name.is_some_and(|name| name.starts_with(LOAD_TEST));
            Ok(is_ours.then_some(id))
        })
        .map(async |id| {
            let delete = db.statements.delete_user.bind((id?,))?.idempotent(true);
            db.session.execute(delete).await.map(|_| 1)
        })
        .buffer_unordered(TOGETHER)
        .try_fold(0, async |sum, one| Ok(sum + one))
        .await?;
    Ok(Json(Deleted { deleted }))
}
