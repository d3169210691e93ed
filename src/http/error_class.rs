//! What a caller is told of an error: five cases in fixed words, so that nothing of the database can leak.

use std::error::Error as _;
use std::time::Duration;

use tower_cassandra_layers::trace::emit;

use crate::cql::Fingerprint;
use crate::error::{Error, ErrorKind};

/// How an error looks from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ErrorClass {
    /// A time limit passed.
    Late,
    /// Nobody could answer now.
    Away,
    /// A limit of ours refused it.
    Refused,
    /// The service is ending.
    Closing,
    /// The service made a mistake, or what it depends on did.
    Broken,
}

impl ErrorClass {
    // No wildcard: a new kind has to be thought about.
    pub(crate) const fn of(kind: ErrorKind) -> Self {
        match kind {
            ErrorKind::Timeout | ErrorKind::ReadTimeout | ErrorKind::WriteTimeout => Self::Late,
            ErrorKind::Connect
            | ErrorKind::Connection
            | ErrorKind::NoHost
            | ErrorKind::Unavailable
            | ErrorKind::Overloaded
            | ErrorKind::Bootstrapping
            | ErrorKind::ServerRateLimit => Self::Away,
            ErrorKind::Rejected => Self::Refused,
            ErrorKind::Closed => Self::Closing,
            ErrorKind::Config
            | ErrorKind::ProtocolVersion
            | ErrorKind::Unsupported
            | ErrorKind::Serialization
            | ErrorKind::ParametersNeedPrepare
            | ErrorKind::Authentication
            | ErrorKind::Unauthorized
            | ErrorKind::Syntax
            | ErrorKind::Invalid
            | ErrorKind::ServerConfig
            | ErrorKind::AlreadyExists
            | ErrorKind::FunctionFailure
            | ErrorKind::Prepare
            | ErrorKind::Truncate
            | ErrorKind::ReadFailure
            | ErrorKind::WriteFailure
            | ErrorKind::ServerError
            | ErrorKind::Protocol
            | ErrorKind::Other(_)
            | ErrorKind::Decode
            | ErrorKind::SchemaAgreement
            | ErrorKind::Internal => Self::Broken,
        }
    }

    /// All that a caller gets to read.
    pub(crate) const fn words(self) -> &'static str {
        match self {
            Self::Late => "the request took too long",
            Self::Away => "temporarily unavailable",
            Self::Refused => "too many requests at the moment",
            Self::Closing => "the service is shutting down",
            Self::Broken => "internal error",
        }
    }

    /// Does the same request make sense a while later?
    const fn passes(self) -> bool {
        matches!(self, Self::Away | Self::Refused | Self::Closing)
    }

    /// The class of an error, which is what its caller gets to know, and the error itself for the log, once.
    pub(crate) fn tell(error: &Error) -> Self {
        let class = Self::of(error.kind());
        let statement = error.statement_fingerprint();
        let statement = statement.as_ref().map(Fingerprint::text);
        // Errors of ours only: those of others may quote anything.
        let cause = error.source().and_then(|source| source.downcast_ref::<Error>());
        let cause = cause.map(tracing::field::display);
        // Where the service is wrong they are what tells it how; elsewhere the kind says all.
        let server = if class == Self::Broken {
            error.words_for_log()
        } else {
            None
        };
        macro_rules! log {
            ($level:ident) => {
                emit(|| {
                    tracing::$level!(
                        target: "tower_cassandra::http",
                        kind = error.label(),
                        applied = ?error.applied(),
                        statement,
                        attempts = ?error.attempts(),
                        cause,
                        server,
                        %error,
                        "a request failed",
                    );
                })
            };
        }
        match class {
            Self::Broken => log!(error),
            // As many as there are too many requests; the metrics count them.
            Self::Refused => log!(debug),
            Self::Late | Self::Away | Self::Closing => log!(warn),
        }
        class
    }
}

/// Writes the line of the log that an [`Error`] has when it becomes a response or a status, with all that is known of it: for one that becomes neither, because the answer has begun,
/// or in a web socket. Not for one that goes on to the caller, which is told of by itself.
///
/// Target `tower_cassandra::http`, level `ERROR`, `WARN` or `DEBUG`, as the pages of the modules say. It does not fail; a subscriber that panics is caught.
pub fn log(error: &Error) {
    ErrorClass::tell(error);
}

/// How long a caller should wait before it sends the same request again; none where that makes no sense.
///
/// It is what whoever refused the request knows ([`Error::retry_after`]), from 100 ms to an hour, else one second. The header `Retry-After` has it in whole seconds, rounded up.
/// So it is none where the statement was no read and may have been applied ([`Error::applied`]), whatever it is marked as: the mark says that the *statement* may be repeated, and
/// the caller would repeat the request, which may make another key or count once more. An application that knows better says so itself, by [`Error::retry_after`].
#[must_use]
pub fn retry_after(error: &Error) -> Option<Duration> {
    /// Short, as most of what makes a node unavailable is over soon; longer than it takes to answer those who come back at once.
    const USUAL: Duration = Duration::from_secs(1);
    /// An estimate of next to nothing must not make callers come back at once, all together.
    const SHORTEST: Duration = Duration::from_millis(100);
    /// Nobody knows for so long ahead, and clients take some larger numbers for never.
    const LONGEST: Duration = Duration::from_secs(3_600);
    let makes_sense = ErrorClass::of(error.kind()).passes() && !error.may_have_changed();
    makes_sense.then(|| {
        let estimate = error.retry_after().unwrap_or(USUAL);
        estimate.clamp(SHORTEST, LONGEST)
    })
}

/// The status of the response for an error: 504 when a time limit passed, 503 when nobody can answer at the moment or the service refuses, 500 for anything
/// else. What 4xx there is to say is the application's.
#[cfg(feature = "axum")]
#[must_use]
pub fn http_status(error: &Error) -> ::http::StatusCode {
    use ::http::StatusCode;
    match ErrorClass::of(error.kind()) {
        ErrorClass::Late => StatusCode::GATEWAY_TIMEOUT,
        ErrorClass::Away | ErrorClass::Refused | ErrorClass::Closing => StatusCode::SERVICE_UNAVAILABLE,
        ErrorClass::Broken => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::trace::heard::Heard;

    #[test]
    fn an_error_that_becomes_no_answer_has_the_line_of_one_that_does() {
        let (heard, _guard) = Heard::with_spans();
        let error = Error::invalid("no such thing");
        log(&error);
        let by_hand = heard.take();
        let class = ErrorClass::tell(&error);
        assert_eq!(class, ErrorClass::Broken);
        assert_eq!(by_hand, heard.take());
        assert!(by_hand[0].starts_with("ERROR ") && by_hand[0].contains(r#"kind="invalid""#));
    }
}
