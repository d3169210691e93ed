//! For the description: what requests may be answered where something is wrong.

use utoipa::IntoResponses;

use crate::errors::ErrorBody;

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
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
pub(crate) enum ParamErrors {
    /// A header, the path or a cursor makes no sense.
    #[response(status = 400)]
    Bad(ErrorBody),
    /// A parameter makes no sense.
    #[response(status = 422)]
    Invalid(ErrorBody),
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

/// The same with a body.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
pub(crate) enum BodyErrors {
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

/// What is answered before the database was there.
#[derive(IntoResponses)]
#[allow(dead_code, reason = "only its description is used")]
pub(crate) enum Unready {
    /// The database is not there.
    #[response(status = 503)]
    Unavailable(ErrorBody),
}
