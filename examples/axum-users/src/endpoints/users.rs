//! One user at a time, and the first of all.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::response::Response;
use futures_util::stream::TryStreamExt;
use serde::{Deserialize, Serialize};
use tower_cassandra::scylla::value::MaybeUnset;
use tower_cassandra::{Statement, StreamOptions};
use utoipa::{IntoParams, ToSchema};
use uuid::Uuid;

use crate::described::{BodyErrors, Errors, ParamErrors};
use crate::errors::{ApiError, ErrorBody};
use crate::extract::{Body, Check, Db, Id, Params, Problems, maybe_whole, present, whole};
use crate::store::{Statements, Time, User, UserRow};
use crate::web::{Shape, answer_with_rows};

/// A user to be.
#[derive(Clone, Debug, Deserialize, Serialize, ToSchema)]
pub(crate) struct NewUser {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$",
        example = "Alice"
    )]
    pub(crate) name: String,
    #[schema(
        min_length = 3,
        max_length = 320,
        pattern = r"^[!-?A-~]+@[!-?A-~]+$",
        example = "alice@example.org"
    )]
    pub(crate) email: String,
    #[schema(minimum = 0, maximum = 150, example = 30)]
    #[serde(deserialize_with = "whole")]
    pub(crate) age: i32,
}

/// Two parts of visible ASCII around one `@`: whether it is an address is known only to who receives mail there.
fn is_email(text: &str) -> bool {
    let mut parts = text.split('@');
    let mut part = || parts.next().is_some_and(|part| !part.is_empty());
    let (local, domain) = (part(), part());
    local && domain && parts.next().is_none() && text.bytes().all(|byte| byte.is_ascii_graphic())
}

/// What has to hold of the fields of a user, wherever they come from.
pub(crate) fn check_fields(
    problems: &mut Problems,
    at: &str,
    name: Option<&str>,
    email: Option<&str>,
    age: Option<i32>,
) {
    if let Some(name) = name {
        problems.text(format!("{at}name"), name, 200);
    }
    if let Some(email) = email
        && (email.len() > 320 || !is_email(email))
    {
        problems.note(
            format!("{at}email"),
            "must be an address with `@`, of at most 320 characters",
        );
    }
    if let Some(age) = age {
        problems.range(&format!("{at}age"), age, 0, 150);
    }
}

impl Check for NewUser {
    fn check(&self, problems: &mut Problems) {
        check_fields(problems, "", Some(&self.name), Some(&self.email), Some(self.age));
    }
}

impl NewUser {
    /// The user, and the statement that makes it. It may be sent twice: the id is ours.
    pub(crate) fn make(self, statements: &Statements) -> Result<(User, Statement), ApiError> {
        let now = Time::now();
        let user = User {
            id: Uuid::new_v4(),
            name: self.name,
            email: self.email,
            age: self.age,
            created_at: now,
            updated_at: now,
        };
        let values = (user.id, &user.name, &user.email, user.age, now.0, now.0);
        let insert = statements.insert_user.bind(values)?.idempotent(true);
        Ok((user, insert))
    }
}

/// Creates a user.
#[utoipa::path(operation_id = "create_user", 
    post, path = "/users", request_body = NewUser,
    responses((status = 201, body = User, description = "created"), BodyErrors)
)]
pub(crate) async fn create(db: Db, Body(user): Body<NewUser>) -> Result<(StatusCode, Json<User>), ApiError> {
    let (user, insert) = user.make(&db.statements)?;
    db.session.execute(insert).await?;
    Ok((StatusCode::CREATED, Json(user)))
}

/// How many, and how long at most.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct ListParams {
    /// So many users at most.
    #[serde(default = "ten")]
    #[param(minimum = 1, maximum = 10_000, default = 10)]
    limit: i32,
    /// Seconds that the query may take.
    #[serde(default)]
    #[param(minimum = 1, maximum = 60)]
    timeout: Option<f64>,
}

const fn ten() -> i32 {
    10
}

impl Check for ListParams {
    fn check(&self, problems: &mut Problems) {
        problems.range("limit", self.limit, 1, 10_000);
        if let Some(timeout) = self.timeout {
            problems.range("timeout", timeout, 1.0, 60.0);
        }
    }
}

/// Rows per page where many are asked for.
const PAGE: u32 = 500;

/// Some users, in no order, written while they are read.
#[utoipa::path(operation_id = "list_users", 
    get, path = "/users", params(ListParams),
    responses((status = 200, body = Vec<User>, description = "as asked"), ParamErrors)
)]
pub(crate) async fn list(db: Db, Params(params): Params<ListParams>) -> Result<Response, ApiError> {
    let mut users = db.statements.users.bind((params.limit,))?;
    if let Some(seconds) = params.timeout {
        users = users.deadline(Duration::from_secs_f64(seconds));
    }
    let options = StreamOptions::new().page_size(PAGE).prefetch(1);
    let rows = db.session.stream_with::<UserRow>(users, options);
    let handle = rows.handle();
    let users = rows.try_filter_map(|row| std::future::ready(Ok(row.user())));
    answer_with_rows(users, handle, PAGE, Shape::Array).await
}

async fn find(db: &Db, id: Uuid) -> Result<User, ApiError> {
    let response = db.session.execute(db.statements.user.bind((id,))?).await?;
    let user = response.maybe_first_row::<UserRow>()?.and_then(UserRow::user);
    user.ok_or(ApiError::NotFound("User not found"))
}

/// A user.
#[utoipa::path(operation_id = "get_user", 
    get, path = "/users/{id}", params(("id" = Uuid, Path)),
    responses(
        (status = 200, body = User, description = "as asked"),
        (status = 404, body = ErrorBody, description = "there is none"),
        Errors,
    )
)]
pub(crate) async fn get(Id(id): Id, db: Db) -> Result<Json<User>, ApiError> {
    find(&db, id).await.map(Json)
}

/// What is to be changed of a user.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(min_properties = 1)]
pub(crate) struct Change {
    #[schema(
        min_length = 1,
        max_length = 200,
        pattern = r"^[^\x00-\x1f\x7f-\x9f]*[^\x00-\x1f\x7f-\x9f\s][^\x00-\x1f\x7f-\x9f]*$",
        nullable = false
    )]
    #[serde(default, deserialize_with = "present")]
    name: Option<String>,
    #[schema(
        min_length = 3,
        max_length = 320,
        pattern = r"^[!-?A-~]+@[!-?A-~]+$",
        nullable = false
    )]
    #[serde(default, deserialize_with = "present")]
    email: Option<String>,
    #[schema(minimum = 0, maximum = 150, nullable = false)]
    #[serde(default, deserialize_with = "maybe_whole")]
    age: Option<i32>,
}

impl Check for Change {
    fn check(&self, problems: &mut Problems) {
        check_fields(
            problems,
            "",
            self.name.as_deref(),
            self.email.as_deref(),
            self.age,
        );
    }
}

async fn change(db: &Db, id: Uuid, change: Change) -> Result<Json<User>, ApiError> {
    if change.name.is_none() && change.email.is_none() && change.age.is_none() {
        return Err(ApiError::Bad("No fields to update"));
    }
    let mut user = find(db, id).await?;
    user.updated_at = Time::now();
    let values = (
        MaybeUnset::from_option(change.name.as_ref()),
        MaybeUnset::from_option(change.email.as_ref()),
        MaybeUnset::from_option(change.age),
        user.updated_at.0,
        id,
    );
    let update = db.statements.update_user.bind(values)?.idempotent(true);
    db.session.execute(update).await?;
    user.name = change.name.unwrap_or(user.name);
    user.email = change.email.unwrap_or(user.email);
    user.age = change.age.unwrap_or(user.age);
    Ok(Json(user))
}

/// Changes the fields that are given.
#[utoipa::path(operation_id = "put_user", 
    put, path = "/users/{id}", params(("id" = Uuid, Path)), request_body = Change,
    responses(
        (status = 200, body = User, description = "as asked"),
        (status = 404, body = ErrorBody, description = "there is none"),
        BodyErrors,
    )
)]
pub(crate) async fn put(Id(id): Id, db: Db, Body(body): Body<Change>) -> Result<Json<User>, ApiError> {
    change(&db, id, body).await
}

/// The same as PUT.
#[utoipa::path(operation_id = "patch_user", 
    patch, path = "/users/{id}", params(("id" = Uuid, Path)), request_body = Change,
    responses(
        (status = 200, body = User, description = "as asked"),
        (status = 404, body = ErrorBody, description = "there is none"),
        BodyErrors,
    )
)]
pub(crate) async fn patch(Id(id): Id, db: Db, Body(body): Body<Change>) -> Result<Json<User>, ApiError> {
    change(&db, id, body).await
}

/// Deletes a user. One that is not there is deleted already.
#[utoipa::path(operation_id = "delete_user", 
    delete, path = "/users/{id}", params(("id" = Uuid, Path)),
    responses((status = 204, description = "done"), Errors)
)]
pub(crate) async fn delete(Id(id): Id, db: Db) -> Result<StatusCode, ApiError> {
    let delete = db.statements.delete_user.bind((id,))?.idempotent(true);
    db.session.execute(delete).await?;
    Ok(StatusCode::NO_CONTENT)
}
