//! For the description: what requests may be answered where something is wrong.

use std::collections::BTreeMap;

use utoipa::IntoResponses;
use utoipa::openapi::{RefOr, Response};

use crate::errors::ErrorBody;

/// By status.
type Responses = BTreeMap<String, RefOr<Response>>;

/// What every request to the database may be answered.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
pub(crate) enum Errors {
    /// A header or the path makes no sense.
    #[response(status = 400)]
    Bad(ErrorBody),
    /// The database is not there, or has too much to do; `Retry-After` says when to come back.
    #[response(status = 503)]
    Unavailable(ErrorBody),
    /// It took too long.
    #[response(status = 504)]
    TimedOut(ErrorBody),
    /// It failed.
    #[response(status = 500)]
    Failed(ErrorBody),
}

/// The same with parameters.
pub(crate) enum ParamErrors {}

/// What parameters add, or say in other words.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
enum OfParams {
    /// A header, the path or a cursor makes no sense.
    #[response(status = 400)]
    Bad(ErrorBody),
    /// A parameter makes no sense.
    #[response(status = 422)]
    Invalid(ErrorBody),
}

impl IntoResponses for ParamErrors {
    fn responses() -> Responses {
        errors_and::<OfParams>()
    }
}

/// The same with a body.
pub(crate) enum BodyErrors {}

/// What a body adds, or says in other words.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
enum OfBody {
    /// A header or the path makes no sense, or the body is no JSON.
    #[response(status = 400)]
    Bad(ErrorBody),
    /// The body did not come in time.
    #[response(status = 408)]
    TooSlow(ErrorBody),
    /// The body is too large.
    #[response(status = 413)]
    TooLarge(ErrorBody),
    /// The body is said to be something else than JSON.
    #[response(status = 415)]
    NotJson(ErrorBody),
    /// A field of the body makes no sense.
    #[response(status = 422)]
    Invalid(ErrorBody),
}

impl IntoResponses for BodyErrors {
    fn responses() -> Responses {
        errors_and::<OfBody>()
    }
}

fn errors_and<More: IntoResponses>() -> Responses {
    let mut all = Errors::responses();
    all.extend(More::responses());
    all
}

/// What is answered before the database was there.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
pub(crate) enum Unready {
    /// The database is not there.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}
