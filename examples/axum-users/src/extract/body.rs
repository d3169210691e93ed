use std::ops::Not;

use axum::extract::{FromRequest, Request};
use axum::http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http_body_util::{BodyExt, LengthLimitError, Limited};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use tokio::time::timeout;

use super::{Check, checked, misfit};
use crate::errors::ApiError;
use crate::state::AppState;

/// A JSON body: of bounded size (413), come within bounded time (408), of the right type (415, 400), with values that make sense (422).
pub(crate) struct Body<T>(pub(crate) T);

fn is_json(request: &Request) -> bool {
    let kind = request.headers().get(CONTENT_TYPE);
    let kind = kind.and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    let kind = kind.split(';').next().unwrap_or_default().trim();
    kind.eq_ignore_ascii_case("application/json")
}

impl<T: DeserializeOwned + Check> FromRequest<AppState> for Body<T> {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &AppState) -> Result<Self, ApiError> {
        if is_json(&request).not() {
            return Err(ApiError::NotJson);
        }
        let said = request.headers().get(CONTENT_LENGTH);
        let said = said.and_then(|length| length.to_str().ok()?.parse::<u64>().ok());
        if said.is_some_and(|said| said > state.settings.max_body as u64) {
            // Before a byte of it is read.
            return Err(ApiError::TooLarge);
        }
        let body = Limited::new(request.into_body(), state.settings.max_body).collect();
        let body = timeout(state.settings.body_timeout, body).await;
        let body = body.map_err(|_| ApiError::BodyTooSlow)?.map_err(|error| {
            if error.is::<LengthLimitError>() {
                ApiError::TooLarge
            } else {
                ApiError::Bad("the body broke off")
            }
        })?;
        parse(&body.to_bytes())
    }
}

fn parse<T: DeserializeOwned + Check>(body: &[u8]) -> Result<Body<T>, ApiError> {
    let mut decoder = serde_json::Deserializer::from_slice(body);
    let value = serde_path_to_error::deserialize(&mut decoder).map_err(|error| {
        let path = error.path().to_string();
        let error = error.into_inner();
        match error.classify() {
            Category::Data => misfit("body", &path, &error.to_string()),
            Category::Syntax | Category::Eof | Category::Io => ApiError::Bad("the body is no JSON"),
        }
    })?;
    decoder
        .end()
        .map_err(|_| ApiError::Bad("the body is more than one JSON value"))?;
    checked(value).map(Body)
}
