use axum::extract::FromRequestParts;
use axum::http::request::Parts;
use serde::de::DeserializeOwned;

use super::{Check, checked, misfit};
use crate::errors::ApiError;
use crate::state::AppState;

/// The parameters of the query, with values that make sense (422).
pub(crate) struct Params<T>(pub(crate) T);

impl<T: DeserializeOwned + Check> FromRequestParts<AppState> for Params<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _state: &AppState) -> Result<Self, ApiError> {
        let query = parts.uri.query().unwrap_or_default();
        let pairs = serde_urlencoded::Deserializer::new(form_urlencoded::parse(query.as_bytes()));
        let value = serde_path_to_error::deserialize(pairs)
            .map_err(|error| misfit("query", &error.path().to_string(), &error.inner().to_string()))?;
        checked(value).map(Params)
    }
}
