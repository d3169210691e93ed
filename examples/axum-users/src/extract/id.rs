use axum::extract::{FromRequestParts, Path};
use axum::http::request::Parts;
use uuid::Uuid;

use crate::errors::ApiError;

/// The id in the path (400 if it is none).
pub(crate) struct Id(pub(crate) Uuid);

impl<S: Send + Sync> FromRequestParts<S> for Id {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        let text = Path::<String>::from_request_parts(parts, state).await;
        let id = text.ok().and_then(|Path(text)| {
            // With hyphens: the crate reads other forms as well.
            (text.len() == 36).then(|| Uuid::try_parse(&text).ok()).flatten()
        });
        id.map(Id).ok_or(ApiError::Bad("Invalid UUID"))
    }
}
