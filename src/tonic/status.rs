//! Errors as statuses.

use std::sync::Arc;

use tonic::metadata::MetadataValue;
use tonic::{Code, Status};

use super::{BadHeader, retry_after};
use crate::error::Error;
use crate::http::ErrorClass;

/// What clients read before they repeat a call by their retry policy: milliseconds, or a negative number for "do not".
const PUSHBACK: &str = "grpc-retry-pushback-ms";

const fn code(class: ErrorClass) -> Code {
    match class {
        ErrorClass::Late => Code::DeadlineExceeded,
        ErrorClass::Away | ErrorClass::Closing => Code::Unavailable,
        ErrorClass::Refused => Code::ResourceExhausted,
        ErrorClass::Broken => Code::Internal,
    }
}

fn pushback(error: &Error) -> Option<i64> {
    if error.may_have_changed() {
        return Some(-1);
    }
    let millis = retry_after(error)?.as_millis();
    Some(i64::try_from(millis).unwrap_or(i64::MAX))
}

/// See [the module](crate::tonic). The error goes to `tracing` once.
impl From<Error> for Status {
    fn from(error: Error) -> Self {
        let class = ErrorClass::tell(&error);
        let mut status = Self::new(code(class), class.words());
        if let Some(millis) = pushback(&error) {
            status
                .metadata_mut()
                .insert(PUSHBACK, MetadataValue::from(millis));
        }
        status.set_source(Arc::new(error));
        status
    }
}

/// `INVALID_ARGUMENT`, with the header's name and what would be right.
impl From<BadHeader> for Status {
    fn from(bad: BadHeader) -> Self {
        Self::invalid_argument(bad.to_string())
    }
}
