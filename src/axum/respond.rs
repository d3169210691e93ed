//! Errors as responses.

use std::time::Duration;

use ::http::header::{CONTENT_TYPE, HeaderValue, RETRY_AFTER};
use ::http::{Response, StatusCode};
use axum_core::body::Body;
use axum_core::response::IntoResponse;

use super::{BadHeader, http_status, retry_after};
use crate::error::Error;
use crate::http::ErrorClass;

/// A response with this JSON.
pub(super) fn json(status: StatusCode, body: impl Into<Body>) -> Response<Body> {
    let mut response = Response::new(body.into());
    *response.status_mut() = status;
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(CONTENT_TYPE, json);
    response
}

/// Says when to come back: whole seconds, rounded up, so that nobody comes too early.
pub(super) fn come_back(response: &mut Response<Body>, after: Duration) {
    let seconds = after.as_secs() + u64::from(after.subsec_nanos() > 0);
    response
        .headers_mut()
        .insert(RETRY_AFTER, HeaderValue::from(seconds.max(1)));
}

/// See [the module](crate::axum). The error goes to `tracing` once.
impl IntoResponse for Error {
    fn into_response(self) -> Response<Body> {
        let class = ErrorClass::tell(&self);
        let mut response = json(http_status(&self), format!(r#"{{"error":"{}"}}"#, class.words()));
        if let Some(after) = retry_after(&self) {
            come_back(&mut response, after);
        }
        response
    }
}

/// 400 with a JSON body that names the header and what would be right.
impl IntoResponse for BadHeader {
    fn into_response(self) -> Response<Body> {
        json(StatusCode::BAD_REQUEST, self.to_json())
    }
}
