//! The session of a request as an argument of a handler.

use std::future::{Future, ready};

use ::http::request::Parts;
use axum_core::extract::{FromRef, FromRequestParts};

use super::{BadHeader, RequestSession};
use crate::session::Session;

/// Wherever the state of the router has a [`Session`]: it is the state, or a part of it by `FromRef`.
impl<S> FromRequestParts<S> for RequestSession
where
    S: Sync,
    Session: FromRef<S>,
{
    type Rejection = BadHeader;

    fn from_request_parts(
        parts: &mut Parts,
        state: &S,
    ) -> impl Future<Output = Result<Self, BadHeader>> + Send {
        let session = Session::from_ref(state);
        ready(Self::from_headers(session, &parts.headers, &parts.extensions))
    }
}
