//! What goes wrong, as HTTP users expect it.

use std::time::Duration;

use axum::Json;
use axum::http::StatusCode;
use axum::http::header::RETRY_AFTER;
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use tower_cassandra::Error;
use utoipa::ToSchema;

/// Why a request was not done. The body is an [`ErrorBody`].
#[derive(Debug)]
pub(crate) enum ApiError {
    /// The database said so: 504, 503 with `Retry-After`, or 500. The facade decides and logs.
    Database(Error),
    /// 400, in these words.
    Bad(&'static str),
    /// 422, with the fields.
    Invalid(Vec<Problem>),
    /// 404.
    NotFound(&'static str),
    /// 413: the body.
    TooLarge,
    /// 415: the body is no JSON.
    NotJson,
    /// 408: the body did not come in time.
    BodyTooSlow,
    /// 504: a time limit that the database knows nothing of.
    Late,
    /// 503, to be tried again after that time.
    Busy(&'static str, Duration),
}

/// What is wrong with one field of a request.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct Problem {
    /// Its name, with the way to it.
    pub(crate) field: String,
    /// What is wrong with it.
    pub(crate) message: String,
}

/// The body of every answer that is an error.
#[derive(Debug, Serialize, ToSchema)]
pub(crate) struct ErrorBody {
    /// A few words.
    #[schema(example = "not found")]
    error: &'static str,
    /// What is wrong with which field, where that is the reason.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    fields: Vec<Problem>,
}

impl ErrorBody {
    pub(crate) const fn new(error: &'static str) -> Self {
        let fields = Vec::new();
        Self { error, fields }
    }
}

impl Problem {
    pub(crate) fn new(field: impl Into<String>, message: impl Into<String>) -> Self {
        Self {
            field: field.into(),
            message: message.into(),
        }
    }
}

impl ApiError {
    /// 422 for one field.
    pub(crate) fn field(field: &str, message: impl Into<String>) -> Self {
        Self::Invalid(vec![Problem::new(field, message)])
    }

    fn parts(self) -> Result<(StatusCode, ErrorBody, Option<Duration>), Error> {
        let (status, error) = match self {
            Self::Database(error) => return Err(error),
            Self::Invalid(fields) => {
                let body = ErrorBody {
                    error: "invalid request",
                    fields,
                };
                return Ok((StatusCode::UNPROCESSABLE_ENTITY, body, None));
            }
            Self::Busy(error, after) => {
                let body = ErrorBody::new(error);
                return Ok((StatusCode::SERVICE_UNAVAILABLE, body, Some(after)));
            }
            Self::Bad(error) => (StatusCode::BAD_REQUEST, error),
            Self::NotFound(error) => (StatusCode::NOT_FOUND, error),
            Self::TooLarge => (StatusCode::PAYLOAD_TOO_LARGE, "body too large"),
            Self::NotJson => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "expected `Content-Type: application/json`",
            ),
            Self::BodyTooSlow => (StatusCode::REQUEST_TIMEOUT, "body too slow"),
            Self::Late => (StatusCode::GATEWAY_TIMEOUT, "the request took too long"),
        };
        Ok((status, ErrorBody::new(error), None))
    }
}

impl From<Error> for ApiError {
    fn from(error: Error) -> Self {
        Self::Database(error)
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        match self.parts() {
            Err(error) => error.into_response(),
            Ok((status, body, None)) => (status, Json(body)).into_response(),
            Ok((status, body, Some(after))) => {
                let seconds = after.as_secs_f64().ceil().max(1.0);
                (status, [(RETRY_AFTER, seconds.to_string())], Json(body)).into_response()
            }
        }
    }
}

/// For paths that do not exist.
pub(crate) async fn no_such_path() -> ApiError {
    ApiError::NotFound("no such path")
}

/// For paths that exist and methods that do not. The router adds `Allow`.
pub(crate) async fn no_such_method() -> Response {
    let body = Json(ErrorBody::new("method not allowed"));
    (StatusCode::METHOD_NOT_ALLOWED, body).into_response()
}
