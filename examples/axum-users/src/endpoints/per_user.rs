//! Data of users with a keyspace of their own.

use std::time::Duration;

use axum::Json;
use axum::extract::State;
use serde::{Deserialize, Serialize};
use tokio::time::{Instant, timeout_at};
use utoipa::{IntoParams, ToSchema};

use crate::described::ParamErrors;
use crate::errors::{ApiError, ErrorBody};
use crate::extract::{Check, Db, Params, Problems};
use crate::settings::is_tenant;
use crate::state::AppState;

/// How long a request without a limit of its own waits for a session to be opened.
const OPENING: Duration = Duration::from_secs(10);

/// Whose.
#[derive(Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
pub(crate) struct Whose {
    #[param(pattern = "^[a-z][a-z0-9_]{0,11}$", example = "alice")]
    user: String,
}

impl Check for Whose {
    fn check(&self, problems: &mut Problems) {
        if !is_tenant(&self.user) {
            problems.note(
                "user",
                "must be 1 to 12 lower-case letters, digits and `_`, the first a letter",
            );
        }
    }
}

/// A note.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserNote {
    id: i32,
    note: String,
}

/// The notes of a user.
#[derive(Serialize, ToSchema)]
pub(crate) struct UserData {
    user: String,
    keyspace: String,
    data: Vec<UserNote>,
}

/// What is in a user's own keyspace, read by a session of the user's own.
#[utoipa::path(
    get, path = "/user-data", params(Whose),
    responses(
        (status = 200, body = UserData, description = "as asked"),
        (status = 404, body = ErrorBody, description = "there is none"),
        ParamErrors,
    )
)]
pub(crate) async fn user_data(
    State(state): State<AppState>,
    db: Db,
    Params(Whose { user }): Params<Whose>,
) -> Result<Json<UserData>, ApiError> {
    // Opening a session is bounded by the deadline of the request as well, and always: who waits for it has one of the bounded connections.
    let until = db.session.deadline().unwrap_or_else(|| Instant::now() + OPENING);
    let opened = timeout_at(until, state.tenants.of(&user)).await;
    let tenant = opened.map_err(|_| ApiError::Late)??;
    // Deadline, consistency and count are those of the request, whatever session runs it.
    let apply = |statement| db.session.apply(statement);
    let mut found = tenant.session.execute(apply(tenant.notes.bind(())?)).await?;
    if found.is_empty() {
        let first = tenant.insert.bind((1, format!("the first note of {user}")))?;
        tenant.session.execute(apply(first.idempotent(true))).await?;
        found = tenant.session.execute(apply(tenant.notes.bind(())?)).await?;
    }
    let data = found.rows::<(i32, String)>()?;
    Ok(Json(UserData {
        user,
        keyspace: tenant.keyspace.to_string(),
        data: data.into_iter().map(|(id, note)| UserNote { id, note }).collect(),
    }))
}
