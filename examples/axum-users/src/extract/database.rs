use std::sync::Arc;
use std::time::Duration;

use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use axum::response::{IntoResponse, Response};
use tower_cassandra::axum::RequestSession;

use crate::errors::ApiError;
use crate::state::AppState;
use crate::store::Statements;

/// The database as a handler uses it: the session with what this request's headers ask for, and the prepared statements.
///
/// Until the tables and statements are there: 503.
pub(crate) struct Db {
    pub(crate) session: RequestSession,
    pub(crate) statements: Arc<Statements>,
}

impl FromRequestParts<AppState> for Db {
    type Rejection = Response;

    async fn from_request_parts(parts: &mut Parts, state: &AppState) -> Result<Self, Response> {
        let session = RequestSession::from_request_parts(parts, state).await;
        let session = session.map_err(IntoResponse::into_response)?;
        let statements = state.statements().ok_or_else(|| {
            let error = match state.session.check_ready() {
                Err(error) => ApiError::Database(error),
                Ok(()) => ApiError::Busy("not ready yet", Duration::from_secs(1)),
            };
            error.into_response()
        })?;
        Ok(Self { session, statements })
    }
}
